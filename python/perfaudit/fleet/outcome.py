"""What became of one repository, and how: plain data that goes from the worker to the store."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional


class Status(str, enum.Enum):
    """How an audit ended."""

    # The program judged it; findings are there or not.
    OK = "ok"
    # It judged it, and no file of it is one that it reads.
    EMPTY = "empty"
    # It judged it, but a part of the program failed: the findings are not all.
    INCOMPLETE = "incomplete"
    # Nothing to audit is there: no such folder, a revision that is not.
    NOT_FETCHED = "not-fetched"
    # The program refused it: a broken configuration.
    REFUSED = "refused"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out-of-memory"
    # The program ended by a signal or without a report.
    CRASHED = "crashed"
    # The worker that had it is gone.
    LOST = "lost"

    @property
    def is_judged(self) -> bool:
        """Whether the findings are what the program says of the whole repository."""
        return self in (Status.OK, Status.EMPTY)

    @property
    def may_pass(self) -> bool:
        """Whether the next attempt can end in another way."""
        return self in (Status.NOT_FETCHED, Status.TIMEOUT, Status.OUT_OF_MEMORY, Status.CRASHED, Status.LOST)


@dataclass(frozen=True)
class Limits:
    """What one repository may take."""

    seconds: float = 600.0
    fetch_seconds: float = 300.0
    # Bytes of address space of the program.
    memory: int = 4 << 30


@dataclass
class Outcome:
    """How one attempt ended. `findings` are rows for the table of findings."""

    status: Status
    reason: str = ""
    commit: str = ""
    exit_code: Optional[int] = None
    seconds: float = 0.0
    fetch_seconds: float = 0.0
    peak_memory: int = 0
    files: int = 0
    lines: int = 0
    tool_version: str = ""
    findings: List[Dict[str, Any]] = field(default_factory=list)
