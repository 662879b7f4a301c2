"""The report as plain typed data, made from the program's JSON.

Fields that a newer program adds are kept in `Report.raw` and otherwise left alone; a newer version of the form is refused, since there a field
can have gone or mean something else.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Tuple

# The form of the JSON that is read here.
VERSION = 2


class Priority(str, enum.Enum):
    """How urgent a finding is; P0 sorts first."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class Confidence(str, enum.Enum):
    """How sure the evidence is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Effort(str, enum.Enum):
    """Work to mend it: S under 2 hours, M 2 to 8 hours, L 1 to 3 days."""

    S = "S"
    M = "M"
    L = "L"


class Status(str, enum.Enum):
    """Whether the baseline, or the revision that was compared with, has a finding."""

    NEW = "new"
    KNOWN = "known"


@dataclass(frozen=True)
class Location:
    """A place. Lines and columns count from 1, columns in characters; `end_column` is the one after the last character."""

    file: str
    start_line: int
    start_column: int
    end_line: int
    end_column: int
    symbol: str

    @staticmethod
    def of(data: Mapping[str, Any]) -> Location:
        """From its form in the JSON."""
        lines = (data["start_line"], data["start_column"], data["end_line"], data["end_column"])
        return Location(data["file"], *lines, data.get("symbol", ""))


@dataclass(frozen=True)
class Related:
    """One step of the evidence: `role` is `query`, `loop`, `call`, `callee`, `index`, `table`, `column`, `endpoint`, `evidence` or `place`."""

    location: Location
    message: str
    role: str


@dataclass(frozen=True)
class Fix:
    """How to mend a finding."""

    summary: str
    code: Optional[str]
    ddl: Optional[str]
    orm: Optional[str]
    risk: str

    @staticmethod
    def of(data: Mapping[str, Any]) -> Fix:
        """From its form in the JSON."""
        return Fix(data["summary"], data.get("code"), data.get("ddl"), data.get("orm"), data.get("risk", ""))


@dataclass(frozen=True)
class Finding:
    """One defect, with its evidence. `fingerprint` is its identity, also after lines move."""

    rule: str
    priority: Priority
    confidence: Confidence
    category: str
    title: str
    message: str
    location: Location
    related: Tuple[Related, ...]
    impact: str
    fix: Fix
    effort: Effort
    acceptance: Tuple[str, ...]
    verify: str
    fingerprint: str
    status: Status
    reason: str

    @staticmethod
    def of(data: Mapping[str, Any]) -> Finding:
        """From its form in the JSON."""
        return Finding(
            rule=data["rule"],
            priority=Priority(data["priority"]),
            confidence=Confidence(data["confidence"]),
            category=data["category"],
            title=data["title"],
            message=data["message"],
            location=Location.of(data["location"]),
            related=tuple(Related(Location.of(step), step["message"], step["role"]) for step in data["related"]),
            impact=data["impact"],
            fix=Fix.of(data["fix"]),
            effort=Effort(data["effort"]),
            acceptance=tuple(data["acceptance"]),
            verify=data.get("verify", ""),
            fingerprint=data["fingerprint"],
            status=Status(data["status"]),
            reason=data.get("reason", ""),
        )


@dataclass(frozen=True)
class Report:
    """What a scan says. `raw` is the whole JSON, with what has no field here: `summary`, `coverage`, `strengths` and more."""

    root: str
    tool_version: str
    findings: Tuple[Finding, ...]
    failures: Tuple[str, ...]
    exit_code: int
    raw: Mapping[str, Any]

    @property
    def fails(self) -> bool:
        """Whether something is at or over the threshold (`fail_on`)."""
        return self.exit_code == 1

    @staticmethod
    def of(data: Mapping[str, Any], exit_code: int) -> Report:
        """From the program's JSON and the code that it ended with."""
        if data.get("version") != VERSION:
            raise ValueError(f"the report has the form {data.get('version')}, and this package reads {VERSION}")
        findings = tuple(Finding.of(finding) for finding in data["findings"])
        return Report(data["root"], data["tool"]["version"], findings, tuple(data.get("failures", ())), exit_code, data)
