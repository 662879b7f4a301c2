"""What will get slow in a codebase, with evidence: the program `perfaudit`, for programs in Python.

    >>> import perfaudit
    >>> report = perfaudit.scan("path/of/a/project")
    >>> [finding.rule for finding in report.findings if finding.priority is perfaudit.Priority.P0]

All is read and judged by the program that comes with this package; its JSON is all that crosses over.
"""

from perfaudit._report import Confidence, Effort, Finding, Fix, Location, Priority, Related, Report, Status
from perfaudit._run import PerfauditError, scan, version

__all__ = [
    "Confidence",
    "Effort",
    "Finding",
    "Fix",
    "Location",
    "PerfauditError",
    "Priority",
    "Related",
    "Report",
    "Status",
    "scan",
    "version",
]
