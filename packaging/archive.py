"""The archive of a platform: the program, completions, the manual page, licences. The same input gives the same bytes."""

import gzip
import io
import os
import pathlib
import subprocess
import tarfile
import time
import zipfile

import common

SHELLS = {"bash": "perfaudit.bash", "elvish": "perfaudit.elv", "fish": "perfaudit.fish", "powershell": "_perfaudit.ps1", "zsh": "_perfaudit"}


def printed(binary, *words):
    """What the program prints."""
    return subprocess.run([str(binary), *words], check=True, capture_output=True).stdout


def contents(target, binary, runs):
    """Names, bytes and modes. `runs` is a program of the same sources that runs on this machine."""
    yield common.program(target), pathlib.Path(binary).read_bytes(), 0o755
    for name in ("README.md", "CHANGELOG.md", "LICENSE"):
        yield name, (common.ROOT / name).read_bytes(), 0o644
    yield common.LICENCES.name, common.LICENCES.read_bytes(), 0o644
    for shell, name in SHELLS.items():
        yield f"completions/{name}", printed(runs, "completions", shell), 0o644
    yield "man/perfaudit.1", printed(runs, "man"), 0o644


def write(target, binary, runs, folder):
    """Writes the archive into a folder and gives its path."""
    file = pathlib.Path(folder) / common.archive_name(target)
    file.parent.mkdir(parents=True, exist_ok=True)
    top = file.name.removesuffix(".zip").removesuffix(".tar.gz")
    # The time of the commit, where the build says it; zip knows no year before 1980.
    moment = max(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), 315532800)
    members = [(f"{top}/{name}", data, mode) for name, data, mode in contents(target, binary, runs)]
    (zipped if file.suffix == ".zip" else tarred)(file, members, moment)
    return file


def tarred(file, members, moment):
    """A tar that is nobody's, with the time of the commit."""
    with open(file, "wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=moment) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for name, data, mode in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(data), mode, moment
            tar.addfile(info, io.BytesIO(data))


def zipped(file, members, moment):
    """As Windows takes it without a program of its own."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name, data, mode in members:
            info = zipfile.ZipInfo(name, time.gmtime(moment)[:6])
            info.external_attr, info.compress_type = mode << 16, zipfile.ZIP_DEFLATED
            out.writestr(info, data)
