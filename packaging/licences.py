"""The licences of all crates that are in the program, on any platform, with their texts.

`cargo metadata` says which crates these are: those that the program depends on to run. What only builds or tests it is not passed on.
"""

import json
import pathlib
import subprocess

import common

HEAD = """Licences of what perfaudit is made of
=====================================

perfaudit itself is under the MIT licence (LICENSE). The program also holds the crates below, each under its own licence; the texts follow,
each once, of several licences to choose from that of MIT. SQLite, which rusqlite brings along, is in the public domain. This file is written by `packaging/package.py licences`.

"""
NAMES = ("licen", "copying", "notice", "unlicense", "copyright")


def metadata():
    """What cargo knows, for the platforms of releases."""
    words = ["cargo", "metadata", "--locked", "--format-version", "1"]
    words += [f"--filter-platform={platform['target']}" for platform in common.platforms()]
    return json.loads(subprocess.run(words, cwd=common.ROOT, check=True, capture_output=True).stdout)


def shipped(data):
    """The crates that are in the program, in the order of their names."""
    packages = {package["id"]: package for package in data["packages"]}
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    root = data["resolve"]["root"]
    seen, left = {root}, [root]
    while left:
        for edge in nodes[left.pop()]["deps"]:
            is_run = any(kind["kind"] is None for kind in edge["dep_kinds"])
            is_macro = any("proc-macro" in target["kind"] for target in packages[edge["pkg"]]["targets"])
            if is_run and not is_macro and edge["pkg"] not in seen:
                seen.add(edge["pkg"])
                left.append(edge["pkg"])
    return sorted((packages[one] for one in seen - {root}), key=lambda package: (package["name"], package["version"]))


def texts(package):
    """The texts of a crate's licences, those of code that it has from others too."""
    folder = pathlib.Path(package["manifest_path"]).parent
    files = (file for file in folder.rglob("*") if file.is_file() and file.name.lower().startswith(NAMES))
    wanted = (file for file in sorted(files) if file.suffix.lower() not in (".rs", ".py", ".toml", ".json", ".html", ".hbs", ".spdx"))
    found = [(file, file.read_text("utf-8", "replace").replace("\r\n", "\n").strip()) for file in wanted]
    # Some packages have a link that became a file with the other one's name.
    found = [(file, text) for file, text in found if len(text.splitlines()) > 2]
    # Where the choice is ours, the MIT licence is taken, and its text is enough.
    chosen = [pair for pair in found if "mit" in pair[0].name.lower()] if is_ours_to_choose(package) else []
    beside = [pair for pair in found if pair[0].parent != folder]
    return [text for _, text in ([*chosen, *beside] if chosen else found)]


def is_ours_to_choose(package):
    """Whether a crate may be had under the MIT licence, among others."""
    return "MIT" in package["license"].replace("/", " OR ").replace("(", "").replace(")", "").split(" OR ")


def render():
    """The whole file."""
    crates = shipped(metadata())
    numbers, table, without = {}, [], []
    for package in crates:
        own = [numbers.setdefault(text, len(numbers) + 1) for text in texts(package)]
        if not own:
            if not is_ours_to_choose(package):
                raise SystemExit(f"packaging: {package['name']} has no text of its licence ({package['license']})")
            without.append(package)
        shown = ", ".join(str(number) for number in dict.fromkeys(own)) or "see below"
        table.append(f"{package['name']} {package['version']}\n    {package['license']}; text {shown}\n    {package.get('repository') or ''}".rstrip())
    parts = [HEAD, "\n".join(table), "\n"]
    if without:
        parts.append("\nPackages without a text. Their licence is the one of MIT, in the words of LICENSE but for the names, which are these:\n\n")
        for package in without:
            authors = ", ".join(package["authors"]) or f"the authors of {package['name']}"
            parts.append(f"{package['name']} {package['version']}: {package['license']}, {authors}\n")
    for text, number in numbers.items():
        parts.append(f"\n{'-' * 100}\nText {number}\n{'-' * 100}\n\n{text}\n")
    return "".join(parts)
