"""What all parts of packaging ask: the version, the platforms, the files that go with every copy of the program."""

import hashlib
import json
import pathlib
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGING = ROOT / "packaging"
LICENCES = PACKAGING / "THIRD-PARTY-LICENSES.txt"


def version():
    """The one place of the version is Cargo.toml."""
    return tomllib.loads((ROOT / "Cargo.toml").read_text("utf-8"))["package"]["version"]


def platforms():
    """What releases are built for."""
    return json.loads((PACKAGING / "platforms.json").read_text("utf-8"))


def platform(target):
    """The platform of a target, or an error."""
    for found in platforms():
        if found["target"] == target:
            return found
    raise SystemExit(f"packaging: {target} is none of packaging/platforms.json")


def program(target):
    """How the program is called on a platform."""
    return "perfaudit.exe" if "windows" in target else "perfaudit"


def archive_name(target):
    """The file of a release for a platform."""
    return f"perfaudit-{version()}-{target}.{'zip' if 'windows' in target else 'tar.gz'}"


def sha256(file):
    """The checksum of a file."""
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
