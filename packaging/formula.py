"""The formula for Homebrew, and the notes of a release."""

import re

import common

FORMULA = common.PACKAGING / "homebrew" / "perfaudit.rb.in"


def checksums(file):
    """Names and checksums of a file that `sha256sum` wrote."""
    lines = (line.split(maxsplit=1) for line in open(file, encoding="utf-8") if line.strip())
    return {name.strip().removeprefix("*"): digest for digest, name in lines}


def formula(sums, repository):
    """The formula of this version, with the checksums of its archives."""
    values = {"VERSION": common.version(), "REPOSITORY": repository}
    for platform in common.platforms():
        if platform["os"] != "win32":
            values[f"SHA256:{platform['target']}"] = sums[common.archive_name(platform["target"])]
    text = FORMULA.read_text("utf-8")
    filled = re.sub(r"@([A-Z0-9]+(?::[a-z0-9_-]+)?)@", lambda found: values[found.group(1)], text)
    return filled


def notes(text, version):
    """The part of the changelog about a version, with its headings."""
    found = re.search(rf"^## \[?{re.escape(version)}\]?.*?\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None or not found.group(1).strip():
        raise SystemExit(f"packaging: CHANGELOG.md has nothing about {version}; give *Unreleased* its number and day")
    return found.group(1).strip() + "\n"
