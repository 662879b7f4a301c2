"""A process with limits: time, address space, and no children that outlive it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import List, Mapping, Optional

# Of what a process says, that much is kept.
SAID = 4000
# Sets the limit and becomes the process: nothing of Python runs between fork and exec. Where the system has no such limit, the process runs without.
SHELL = 'ulimit -v "$1" 2>/dev/null; shift; exec "$@"'


@dataclass(frozen=True)
class Ended:
    """How a process ended: `code` is negative for a signal, and None where its time was over."""

    code: Optional[int]
    said: str
    seconds: float
    peak_memory: int


def run(
    words: List[str],
    folder: Path,
    seconds: float,
    memory: Optional[int] = None,
    env: Optional[Mapping[str, str]] = None,
    current: Optional[Path] = None,
) -> Ended:
    """Runs a process in a session of its own, with standard error kept and all else dropped; `folder` is for that and nobody's."""
    if memory is not None and os.name == "posix":
        words = ["/bin/sh", "-c", SHELL, "sh", str(memory // 1024), *words]
    said = folder / "said"
    start = time.monotonic()
    with open(said, "wb") as err:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=err,
            env=None if env is None else dict(env),
            cwd=current,
            start_new_session=True,
        )
        code, peak = _wait(process, start + seconds)
    with open(said, "rb") as kept:
        text = kept.read(SAID).decode("utf-8", "replace").strip()
    return Ended(code, text, time.monotonic() - start, peak)


def _wait(process: "subprocess.Popen[bytes]", end: float) -> "tuple[Optional[int], int]":
    """Waits until the process or its time is over, and leaves nothing of it."""
    pause = 0.002
    try:
        while time.monotonic() < end:
            code, peak = _poll(process)
            if code is not None:
                return code, peak
            time.sleep(pause)
            pause = min(pause * 1.5, 0.1)
        return None, 0
    finally:
        _end(process)


def _poll(process: "subprocess.Popen[bytes]") -> "tuple[Optional[int], int]":
    """The exit code and the most memory of a process, once it has ended."""
    if os.name != "posix":
        return process.poll(), 0
    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    if pid == 0:
        return None, 0
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends the whole session: what the process started must not go on."""
    if os.name == "posix":
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    elif process.poll() is None:
        process.kill()
    process.wait()
