"""Audits one repository in this process's machine: fetches it where it is an address, runs the program within limits, reads its JSON."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from perfaudit._report import Finding, Report
from perfaudit.fleet import commands, process
from perfaudit.fleet.outcome import Limits, Outcome, Status
from perfaudit.fleet.sources import Repository

# Of a reason, that much is kept.
REASON = 500
# A clone runs nothing that it brings along, asks nobody for a password, and speaks no protocol that is a command.
GIT = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never", "-c", "submodule.recurse=false"]
GIT_ENVIRONMENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "GIT_ASKPASS": "", "SSH_ASKPASS": ""}
# What the program and the libraries in it say when they are given no memory.
NO_MEMORY = ("memory allocation of", "failed to allocate", "out of memory")


def audit(repository: Repository, program: str, limits: Limits, strange: Sequence[str] = ()) -> Outcome:
    """One attempt. Whatever happens to the repository is an outcome and no error. No program is looked for in a folder of `strange`."""
    with tempfile.TemporaryDirectory(prefix="perfaudit-fleet-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        fetched: Optional[process.Ended] = None
        checkout = Path(repository.source)
        if repository.is_remote:
            checkout = folder / "checkout"
            fetched = fetch(repository, checkout, folder, limits, strange)
        if fetched is not None and fetched.code != 0:
            why = f"no answer within {limits.fetch_seconds:g} s" if fetched.code is None else fetched.said or f"git ended with {fetched.code}"
            return Outcome(Status.NOT_FETCHED, why[:REASON], exit_code=fetched.code, fetch_seconds=fetched.seconds)
        if not checkout.is_dir():
            return Outcome(Status.NOT_FETCHED, "no such folder")
        outcome = scan(checkout, program, folder, limits)
        outcome.commit = commit_of(checkout)
        outcome.fetch_seconds = 0.0 if fetched is None else fetched.seconds
        return outcome


def fetch(repository: Repository, checkout: Path, folder: Path, limits: Limits, strange: Sequence[str]) -> process.Ended:
    """Clones one revision, without its history."""
    path = commands.folders(os.environ.get("PATH", os.defpath), strange)
    program = commands.find("git", path, strange)
    if program is None:
        return process.Ended(1, "no git in an absolute folder of PATH outside of what is audited", 0.0, 0)
    # What git calls, such as ssh, is looked for in the same folders.
    env = {**os.environ, **GIT_ENVIRONMENT, "PATH": os.pathsep.join(path)}
    git = [program, *GIT]
    revision = repository.revision or "HEAD"
    steps: List[List[str]] = [
        [*git, "init", "--quiet", "--template=", str(checkout)],
        [*git, "-C", str(checkout), "fetch", "--quiet", "--depth=1", "--no-tags", "--", repository.source, revision],
        [*git, "-C", str(checkout), "checkout", "--quiet", "--detach", "FETCH_HEAD"],
    ]
    spent = 0.0
    ended = process.Ended(0, "", 0.0, 0)
    for step in steps:
        ended = process.run(step, folder, max(limits.fetch_seconds - spent, 0.1), env=env)
        spent += ended.seconds
        if ended.code != 0:
            break
    return process.Ended(ended.code, ended.said, spent, ended.peak_memory)


def scan(checkout: Path, program: str, folder: Path, limits: Limits) -> Outcome:
    """Runs the program on a checkout."""
    report = folder / "report.json"
    # One thread: as many repositories run at once as there are cores. Its root is the checkout, wherever that lies.
    words = [program, "scan", "--isolated", "--format=json", "--fail-on=never", "--threads=1", "--no-cache", f"--output={report}", "."]
    ended = process.run(words, folder, limits.seconds, limits.memory, current=checkout)
    outcome = Outcome(Status.OK, exit_code=ended.code, seconds=ended.seconds, peak_memory=ended.peak_memory)
    if not report.is_file():
        outcome.status, outcome.reason = failure(ended, limits)
        return outcome
    data = json.loads(report.read_bytes())
    read = Report.of(data, ended.code or 0)
    outcome.tool_version = read.tool_version
    languages = data["coverage"]["languages"].values()
    outcome.files = sum(count["files"] for count in languages)
    outcome.lines = sum(count["lines"] for count in languages)
    outcome.findings = [row(finding) for finding in read.findings]
    if outcome.files == 0:
        outcome.status, outcome.reason = Status.EMPTY, "no file that is read"
    if ended.code != 0:
        outcome.status, outcome.reason = (Status.INCOMPLETE, ended.said[:REASON]) if ended.code == 2 else failure(ended, limits)
    return outcome


def failure(ended: process.Ended, limits: Limits) -> "tuple[Status, str]":
    """Why there is no report."""
    if ended.code is None:
        return Status.TIMEOUT, f"not done within {limits.seconds:g} s"
    said = ended.said[:REASON]
    if ended.code < 0 and any(word in ended.said for word in NO_MEMORY):
        return Status.OUT_OF_MEMORY, f"wanted more than {limits.memory >> 20} MiB: {said}"
    # Nobody but the system ends it so: this process has a time-out of its own.
    if ended.code == -9:
        return Status.OUT_OF_MEMORY, "killed by the system, which does so where memory runs out"
    if ended.code < 0:
        return Status.CRASHED, f"signal {-ended.code}: {said}"
    if ended.code == 2:
        return Status.REFUSED, said
    return Status.CRASHED, f"ended with {ended.code} and no report: {said}"


def row(finding: Finding) -> Dict[str, Any]:
    """A finding as a row of the table."""
    return {
        "rule": finding.rule,
        "priority": finding.priority.value,
        "confidence": finding.confidence.value,
        "category": finding.category,
        "effort": finding.effort.value,
        "title": finding.title,
        "message": finding.message,
        "reason": finding.reason,
        "file": finding.location.file,
        "line": finding.location.start_line,
        "column": finding.location.start_column,
        "symbol": finding.location.symbol,
        "fingerprint": finding.fingerprint,
    }


def commit_of(checkout: Path) -> str:
    """The commit of a checkout, read from its files; empty where they do not say it. No git is run in what a stranger wrote."""
    try:
        # Neither a link nor a mount point of Windows: what is read lies in the checkout.
        git = checkout.resolve(strict=True) / ".git"
        if git.is_symlink() or git.resolve(strict=True) != git:
            return ""
        head = _text(git, "HEAD")
        if not head.startswith("ref: "):
            return head if _is_hash(head) else ""
        name = head[5:]
        if not name.startswith("refs/") or ".." in name:
            return ""
        if (git / name).is_file():
            found = _text(git, name)
            return found if _is_hash(found) else ""
        for line in _text(git, "packed-refs", 1 << 24).splitlines():
            found, _, of = line.partition(" ")
            if of == name and _is_hash(found):
                return found
    except (OSError, ValueError):
        pass
    return ""


def _text(git: Path, name: str, most: int = 1000) -> str:
    """A small regular file below a folder; a link, of the file or of a folder above it, may lead out of it."""
    file = git / name
    if file.resolve(strict=True) != file or not file.is_file():
        raise OSError("no regular file")
    with open(file, "rb") as opened:
        return opened.read(most).decode("utf-8", "replace").strip()


def _is_hash(text: str) -> bool:
    return len(text) in (40, 64) and all(letter in "0123456789abcdef" for letter in text)
