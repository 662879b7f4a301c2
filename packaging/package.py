#!/usr/bin/env python3
"""Makes what a release is made of, from the tree and a built program. Uses the standard library of Python 3.11 alone.

    packaging/package.py version                                     the version, which is that of Cargo.toml
    packaging/package.py licences [--check]                          writes packaging/THIRD-PARTY-LICENSES.txt, or says whether it is current
    packaging/package.py archive TARGET BINARY OUT [--runs BINARY]   the archive of a platform; `--runs`: a program that runs here
    packaging/package.py npm OUT [TARGET=BINARY …]                   folders for `npm pack`: the main package, and those of these platforms
    packaging/package.py checksums OUT                               OUT/SHA256SUMS, of all other files in OUT
    packaging/package.py formula SUMS REPOSITORY                     the formula for Homebrew, for the archives of a release
    packaging/package.py notes                                       the notes of this version, from CHANGELOG.md
    packaging/package.py platforms                                   packaging/platforms.json on one line, for a workflow's matrix
    packaging/package.py targets                                     the same for `read`: a line each, the target and the platform of its image, if any
"""

import argparse
import json
import os
import pathlib
import sys

import archive
import common
import formula
import licences
import npm


def parser():
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = options.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in ("version", "notes", "platforms", "targets"):
        commands.add_parser(name)
    commands.add_parser("licences").add_argument("--check", action="store_true")
    archived = commands.add_parser("archive")
    archived.add_argument("target")
    archived.add_argument("binary", type=pathlib.Path)
    archived.add_argument("out", type=pathlib.Path)
    archived.add_argument("--runs", type=pathlib.Path)
    packages = commands.add_parser("npm")
    packages.add_argument("out", type=pathlib.Path)
    packages.add_argument("binaries", nargs="*", metavar="TARGET=BINARY")
    commands.add_parser("checksums").add_argument("out", type=pathlib.Path)
    formulas = commands.add_parser("formula")
    formulas.add_argument("sums", type=pathlib.Path)
    formulas.add_argument("repository")
    return options


def write_licences(check):
    """Brings the list of licences up to date, or says that it is not."""
    fresh = licences.render()
    if not check:
        common.LICENCES.write_text(fresh, "utf-8")
    elif common.LICENCES.read_text("utf-8") != fresh:
        raise SystemExit("packaging: the list of licences is old; run `packaging/package.py licences`")


def write_packages(out, binaries):
    """The npm packages; the repository is that of the workflow that makes them."""
    repository = os.environ.get("PERFAUDIT_REPOSITORY", "")
    print(npm.main_package(out, repository))
    for pair in binaries:
        target, _, binary = pair.partition("=")
        print(npm.platform_package(target, binary, out, repository))


def write_checksums(out):
    """In the form that `sha256sum --check` reads."""
    files = sorted(file for file in out.iterdir() if file.is_file() and file.name != "SHA256SUMS")
    lines = [f"{common.sha256(file)}  {file.name}\n" for file in files]
    (out / "SHA256SUMS").write_text("".join(lines), "utf-8", newline="\n")


def main():
    """Does what is asked for."""
    args = parser().parse_args()
    match args.command:
        case "version":
            print(common.version())
        case "licences":
            write_licences(args.check)
        case "archive":
            print(archive.write(args.target, args.binary, args.runs or args.binary, args.out))
        case "npm":
            write_packages(args.out, args.binaries)
        case "checksums":
            write_checksums(args.out)
        case "formula":
            sys.stdout.write(formula.formula(formula.checksums(args.sums), args.repository))
        case "notes":
            sys.stdout.write(formula.notes((common.ROOT / "CHANGELOG.md").read_text("utf-8"), common.version()))
        case "platforms":
            print(json.dumps(common.platforms(), separators=(",", ":")))
        case "targets":
            for platform in common.platforms():
                print(platform["target"], platform.get("image", ""))


if __name__ == "__main__":
    main()
