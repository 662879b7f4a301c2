"""The results of a run on disk: Parquet, one row a finding and one a repository, in parts that are there whole or not at all.

    DIR/run.json                      what is run: another program is another run
    DIR/parts/part=00001/findings.parquet
    DIR/parts/part=00001/repositories.parquet

A part is written beside the others and renamed, so that a run which is ended at any moment has lost what it had in memory and nothing else, and
the next one goes on with what has no row yet. Parts are never changed: of a repository that was tried again, the row in the last part holds.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any, Dict, List, Mapping, Set, Tuple

import pyarrow as pa
import pyarrow.parquet as pq

from perfaudit.fleet.outcome import Outcome, Status
from perfaudit.fleet.sources import Repository

# Repositories of a part, and seconds after which it is written though it has fewer.
BATCH = 200
SECONDS = 30.0

TEXT = pa.string()
FINDINGS = pa.schema(
    [
        *((name, TEXT) for name in ("repository", "team", "commit", "rule", "priority", "confidence", "category", "effort")),
        *((name, TEXT) for name in ("title", "message", "reason", "file")),
        ("line", pa.int32()),
        ("column", pa.int32()),
        ("symbol", TEXT),
        ("fingerprint", TEXT),
    ]
)
REPOSITORIES = pa.schema(
    [
        *((name, TEXT) for name in ("repository", "source", "team", "revision", "commit", "status", "reason")),
        ("attempts", pa.int32()),
        ("exit_code", pa.int32()),
        *((name, pa.float64()) for name in ("seconds", "fetch_seconds")),
        *((name, pa.int64()) for name in ("peak_memory", "files", "lines")),
        *((name, pa.int32()) for name in ("findings", "p0", "p1", "p2", "p3")),
        ("tool_version", TEXT),
        ("ended", pa.timestamp("ms", tz="UTC")),
    ]
)


# The columns that `done` reads.
KEY = ["repository", "source", "revision", "status"]


class OtherRun(ValueError):
    """The folder has the results of a run that is not this one."""


class Store:
    """The results of a run. `what` is what must be equal for a run to go on."""

    def __init__(self, folder: Path, what: Mapping[str, Any]) -> None:
        self.parts = folder / "parts"
        self.parts.mkdir(parents=True, exist_ok=True)
        self._claim(folder / "run.json", dict(what))
        for left in self.parts.glob(".*"):
            shutil.rmtree(left)
        self.number = max((int(part.name.partition("=")[2]) for part in self.parts.iterdir()), default=0)
        self.repositories: List[Dict[str, Any]] = []
        self.findings: List[Dict[str, Any]] = []
        self.written = time.monotonic()

    def _claim(self, file: Path, what: Dict[str, Any]) -> None:
        if not file.exists():
            _write(file, json.dumps(what, indent=2, sort_keys=True) + "\n")
            return
        known = json.loads(file.read_text("utf-8"))
        other = sorted(key for key in {*known, *what} if known.get(key) != what.get(key))
        if other:
            raise OtherRun(f"{file.parent} has the results of a run with another {', '.join(other)}; name another folder")

    def done(self, again: bool) -> Set[Tuple[str, str, str]]:
        """What has a row: name, source and revision. With `again`, what was not judged counts as not done: its next row is the one that holds."""
        found: Dict[Tuple[str, str, str], Status] = {}
        for part in sorted(self.parts.iterdir()):
            for row in pq.ParquetFile(part / "repositories.parquet").read(KEY).to_pylist():
                found[row["repository"], row["source"], row["revision"]] = Status(row["status"])
        return {key for key, status in found.items() if status.is_judged or not again}

    def add(self, repository: Repository, attempts: int, outcome: Outcome) -> None:
        """Notes how a repository ended; writes a part when it is time."""
        same = {"repository": repository.name, "team": repository.team, "commit": outcome.commit}
        self.findings.extend({**finding, **same} for finding in outcome.findings)
        priorities = [finding["priority"] for finding in outcome.findings]
        self.repositories.append(
            {
                **same,
                "source": repository.source,
                "revision": repository.revision,
                "status": outcome.status.value,
                "reason": outcome.reason,
                "attempts": attempts,
                "exit_code": outcome.exit_code,
                "seconds": outcome.seconds,
                "fetch_seconds": outcome.fetch_seconds,
                "peak_memory": outcome.peak_memory,
                "files": outcome.files,
                "lines": outcome.lines,
                "findings": len(priorities),
                **{f"p{rank}": priorities.count(f"P{rank}") for rank in range(4)},
                "tool_version": outcome.tool_version,
                "ended": int(time.time() * 1000),
            }
        )
        if len(self.repositories) >= BATCH or time.monotonic() - self.written > SECONDS:
            self.flush()

    def flush(self) -> None:
        """Writes what is in memory as a part."""
        self.written = time.monotonic()
        if not self.repositories:
            return
        self.number += 1
        new = self.parts / f".new-{self.number:05}"
        new.mkdir()
        for name, rows, schema in (("findings", self.findings, FINDINGS), ("repositories", self.repositories, REPOSITORIES)):
            pq.write_table(pa.Table.from_pylist(rows, schema), new / f"{name}.parquet", compression="zstd")
        os.rename(new, self.parts / f"part={self.number:05}")
        self.repositories, self.findings = [], []


def _write(file: Path, text: str) -> None:
    """A file that is there whole or not at all."""
    new = file.with_name(f".{file.name}")
    new.write_text(text, "utf-8")
    os.replace(new, file)
