"""Where programs of the machine are looked for: in absolute folders, and never in what is audited or beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List, Optional, Sequence


def folders(path: str, strange: Sequence[str]) -> List[str]:
    """The folders of a `PATH` that may be looked into: absolute ones, resolved, outside of all `strange` ones.

    The root of a file system is none of these: outside of it is nothing, and containers start in it.
    """
    roots = _roots(strange)
    found: List[str] = []
    for entry in path.split(os.pathsep):
        if os.path.isabs(entry):
            folder = Path(entry).resolve()
            if os.pathsep not in str(folder) and not _is_below(folder, roots) and str(folder) not in found:
                found.append(str(folder))
    return found


def find(name: str, path: Sequence[str], strange: Sequence[str]) -> Optional[str]:
    """A program in these folders; one that a link takes into a strange folder is passed over."""
    roots = _roots(strange)
    for folder in path:
        file = Path(folder) / (f"{name}.exe" if os.name == "nt" else name)
        if file.is_file() and os.access(file, os.X_OK) and not _is_below(file.resolve(), roots):
            return str(file)
    return None


def _roots(strange: Sequence[str]) -> List[Path]:
    return [root for root in (Path(folder).resolve() for folder in strange) if root != root.parent]


def _is_below(path: Path, roots: Sequence[Path]) -> bool:
    return any(path == root or root in path.parents for root in roots)
