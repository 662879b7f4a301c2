"""Which repositories there are: from a list, or all checkouts of a folder."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List, Set, Tuple

# What is cloned; everything else is a folder.
ADDRESS = re.compile(r"^(?:https?|ssh|git|file)://|^[\w.-]+@[\w.-]+:")
COLUMNS = ("source", "name", "team", "revision")


class ListError(ValueError):
    """The list of repositories cannot be used: says why, with the line."""


@dataclass(frozen=True)
class Repository:
    """One to audit: a folder, or an address to clone from; `name` is its identity in all results."""

    name: str
    source: str
    team: str = ""
    revision: str = ""

    @property
    def key(self) -> Tuple[str, str, str]:
        """What its row is found by: another revision has another row."""
        return self.name, self.source, self.revision

    @property
    def is_remote(self) -> bool:
        """Whether it must be cloned."""
        return ADDRESS.match(self.source) is not None


def name_of(source: str) -> str:
    """The last two parts of an address or a path, without `.git`: `owner/name`."""
    parts = [part for part in re.split(r"[/\\:]+", source.removesuffix("/").removesuffix(".git")) if part not in ("", ".", "..")]
    return "/".join(parts[-2:]) or source


def read_list(file: Path) -> List[Repository]:
    """Reads a list: CSV with a header that has `source`, and may have `name`, `team` and `revision`; or an address or a path a line.

    A relative path is relative to the list.
    """
    with open(file, encoding="utf-8-sig", newline="") as opened:
        lines = [line for line in opened.read().splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        return []
    header = [column.strip().lower() for column in next(csv.reader(lines[:1]))]
    if "source" not in header:
        return unique(_repository({"source": line.strip()}, file) for line in lines)
    unknown = sorted(set(header) - set(COLUMNS))
    if unknown:
        raise ListError(f"{file}: unknown columns: {', '.join(unknown)}; known are {', '.join(COLUMNS)}")
    rows = csv.DictReader(lines[1:], fieldnames=header)
    return unique(_repository({key: (value or "").strip() for key, value in row.items() if key}, file) for row in rows)


def checkouts(folder: Path) -> List[Repository]:
    """All folders in a folder, each a checkout."""
    return [Repository(entry.name, str(entry.resolve())) for entry in sorted(folder.iterdir()) if entry.is_dir() and not entry.name.startswith(".")]


def unique(repositories: Iterable[Repository]) -> List[Repository]:
    """The repositories, if no two have one name: a result must be of one of them."""
    found: List[Repository] = []
    names: Set[str] = set()
    for repository in repositories:
        if repository.name in names:
            raise ListError(f"two repositories are called `{repository.name}`; give them names")
        names.add(repository.name)
        found.append(repository)
    return found


def _repository(row: Dict[str, str], file: Path) -> Repository:
    source = row.get("source", "")
    if not source:
        raise ListError(f"{file}: a line has no source")
    if not ADDRESS.match(source):
        source = str((file.parent / source).absolute())
    return Repository(row.get("name") or name_of(source), source, row.get("team", ""), row.get("revision", ""))
