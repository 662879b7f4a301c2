"""Where the program of this package is."""

import importlib.metadata
import os
from pathlib import Path

NAME = "perfaudit.exe" if os.name == "nt" else "perfaudit"


class BinaryNotFound(FileNotFoundError):
    """The program that belongs to this package is not there."""


def binary() -> Path:
    """The program that was installed with this package.

    The list of files that the installer wrote says where it lies, in an environment as for one user or in a folder of its own (`--target`).
    Neither PATH nor the current folder is looked into, nor another entry of `sys.path`: what is scanned must not say what runs.
    """
    home = Path(__file__).resolve().parent.parent
    for distribution in importlib.metadata.distributions(name="perfaudit", path=[str(home)]):
        for file in distribution.files or []:
            if file.name == NAME and file.parent.name.lower() in ("bin", "scripts"):
                found = Path(str(distribution.locate_file(file)))
                if found.is_file():
                    return found.resolve()
    # `pip install --target` writes its list before it moves the programs.
    beside = home / ("Scripts" if os.name == "nt" else "bin") / NAME
    if beside.is_file():
        return beside
    raise BinaryNotFound("the program is not where this package was installed; install `perfaudit` again")
