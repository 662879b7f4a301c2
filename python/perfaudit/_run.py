"""Runs the program and reads what it says."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Iterable, List, Optional, Union

from perfaudit._binary import binary
from perfaudit._report import Confidence, Priority, Report

# Exit codes with which a report was written: nothing, or something, is at or over the threshold.
WRITTEN = (0, 1)


class PerfauditError(RuntimeError):
    """The program or its input failed: `code` is its exit code, the message what it said."""

    def __init__(self, message: str, code: Optional[int]) -> None:
        super().__init__(message)
        self.code = code


def scan(
    path: Union[str, "os.PathLike[str]"] = ".",
    *,
    config: Union[str, "os.PathLike[str]", None] = None,
    baseline: Union[str, "os.PathLike[str]", None] = None,
    since: Optional[str] = None,
    rules: Iterable[str] = (),
    skip: Iterable[str] = (),
    min_priority: Optional[Priority] = None,
    min_confidence: Optional[Confidence] = None,
    fail_on: Optional[Priority] = None,
    threads: Optional[int] = None,
    cache: bool = True,
    timeout: Optional[float] = None,
) -> Report:
    """Scans a file or a folder, as `perfaudit scan` does, and gives the report.

    The settings of the project count; the arguments are the options of the same names, and `fail_on` decides `Report.fails`.
    Raises `PerfauditError` where the program fails (a path that is not there, a broken configuration), where a part of it fails, so that the
    report lacks what it finds, and after `timeout` seconds.
    """
    words = ["scan", "--format=json"]
    named = {
        "config": config,
        "baseline": baseline,
        "since": since,
        "min-priority": min_priority and min_priority.value.lower(),
        "min-confidence": min_confidence and min_confidence.value,
        "fail-on": fail_on and fail_on.value.lower(),
        "threads": threads,
    }
    words += [f"--{name}={os.fspath(value) if isinstance(value, os.PathLike) else value}" for name, value in named.items() if value is not None]
    words += [f"--rule={rule}" for rule in rules]
    words += [f"--skip={rule}" for rule in skip]
    if not cache:
        words.append("--no-cache")
    done = _run([*words, "--", os.fspath(path)], timeout)
    if done.returncode not in WRITTEN:
        raise PerfauditError(_said(done), done.returncode)
    return Report.of(json.loads(done.stdout), done.returncode)


def version() -> str:
    """The version of the program."""
    done = _run(["--version"], None)
    return done.stdout.decode("utf-8", "replace").split()[-1]


def _run(words: List[str], timeout: Optional[float]) -> "subprocess.CompletedProcess[bytes]":
    """Runs the program; none of its input is a shell's."""
    try:
        return subprocess.run([str(binary()), *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise PerfauditError(f"no report after {timeout:g} seconds", None) from error


def _said(done: "subprocess.CompletedProcess[bytes]") -> str:
    """What the program said about its failure, without its own name."""
    text = done.stderr.decode("utf-8", "replace").strip()
    return text.removeprefix("perfaudit: ") or f"ended with {done.returncode}"
