#!/usr/bin/env python3
"""Puts the site's chapters together from what there is: the README a section a chapter, the guides of this folder, a page a rule, and the papers.

    docs/assemble.py OUT

Nothing of it is written twice: a chapter is the text of its file, with its links led to where the site has what they name. Where it has it not (code,
data), the link leads to the repository that PERFAUDIT_REPOSITORY names, and without one it is left out. Uses Python's standard library alone.
"""

import os
import pathlib
import re
import shutil
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Chapters of their own, beside those of the README.
GUIDES = {"docs/install.md": "guides/install.md", "docs/ci.md": "guides/ci.md", "docs/python.md": "guides/python.md", "docs/fleet.md": "guides/fleet.md", "docs/own.md": "guides/own.md"}
PAPERS = {"CHANGELOG.md": "Changes", "SECURITY.md": "Security", "GLOSSARY.md": "Glossary", "CONTRIBUTING.md": "Contributing", "ARCHITECTURE.md": "Architecture"}
LINK = re.compile(r"(?<!!)\[([^\[\]]*(?:\[[^\]]*\])?[^\[\]]*)\]\(([^()\s]+)\)")
# A block ends at as many ticks as it begins with: one of four may hold others of three.
BLOCK = re.compile(r"^[ \t]*(`{3,})[^`\n]*\n.*?^[ \t]*\1[ \t]*$", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^(\s*)```([A-Za-z]+) (.+)$", re.MULTILINE)


def slug(heading):
    """The anchor of a heading, as code hosts and mdBook make it."""
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


def sections():
    """The README's sections: heading and text, the first without a heading of the second level."""
    parts = re.split(r"^## (.+)$", (ROOT / "README.md").read_text("utf-8"), flags=re.MULTILINE)
    yield "perfaudit", parts[0]
    for heading, text in zip(parts[1::2], parts[2::2]):
        yield heading, f"# {heading}\n{text}"


def front_matter(text):
    """A rule page's settings and its text."""
    _, settings, body = text.split("+++\n", 2)
    return tomllib.loads(settings), body


def rule_page(rule, text):
    """A rule's page for readers: its settings as a table, and what an example is above it."""
    settings, body = front_matter(text)
    rows = {
        "Rule": f"`{rule}`",
        "Category": settings["category"],
        "Priority": f"{settings['priority']} as a rule",
        "Confidence": settings["confidence"],
        "Work": settings["effort"],
        "Languages": ", ".join(settings["languages"]),
    }
    table = "".join(f"| {name} | {value} |\n" for name, value in rows.items())
    accepted = "".join(f"- {sentence}\n" for sentence in settings["acceptance"])
    end = f"\n## When it is mended\n\n{accepted}\n**What the usual mend can break.** {settings['risk']}\n\n**How to show it.** {settings['verify']}\n"
    return f"# {settings['title']}\n\n| | |\n|---|---|\n{table}\n{captioned(body.strip())}\n{end}", settings


def captioned(body):
    """Words after a block's language are for the tests of the page; readers get them above it."""

    def caption(found):
        indent, language, words = found.groups()
        words = words.split()
        said = ["**Reported:**" if "bad" in words else "**Not reported:**" if "good" in words else "Beside it:"]
        said += [f"`{word.removeprefix('file=')}`" for word in words if word.startswith("file=")]
        return f"{indent}{' '.join(said)}\n\n{indent}```{language}"

    return FENCE.sub(caption, body)


class Site:
    """The chapters, by the path of their file in the repository."""

    def __init__(self):
        self.texts, self.titles, self.of, self.anchors = {}, {}, {}, {}
        self.repository = os.environ.get("PERFAUDIT_REPOSITORY", "").rstrip("/")
        self.rules = {}

    def add(self, source, path, title, text):
        """A chapter; further ones of the same file share its source."""
        self.texts[path], self.titles[path] = (source, text), title
        self.of.setdefault(source, path)
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
            self.anchors.setdefault((source, slug(heading)), path)

    def collect(self):
        """All chapters."""
        for heading, text in sections():
            self.add("README.md", "index.md" if heading == "perfaudit" else f"manual/{slug(heading)}.md", heading, text)
        for source, path in GUIDES.items():
            text = (ROOT / source).read_text("utf-8")
            self.add(source, path, text.split("\n", 1)[0].removeprefix("# "), text)
        for file in sorted((ROOT / "rules").glob("*.md")):
            text, settings = rule_page(file.stem, file.read_text("utf-8"))
            self.add(f"rules/{file.name}", f"rules/{file.name}", settings["title"], text)
            self.rules.setdefault(settings["category"], []).append(f"rules/{file.name}")
        for source, title in PAPERS.items():
            self.add(source, f"papers/{source.lower()}", title, (ROOT / source).read_text("utf-8"))

    def target(self, source, path, link):
        """Where a link of a chapter leads on the site; None where it has nothing of that."""
        if re.match(r"[a-z]+:", link):
            return link
        name, _, anchor = link.partition("#")
        file = os.path.normpath(os.path.join(os.path.dirname(source), name)) if name else source
        chapter = self.anchors.get((file, anchor)) if anchor else self.of.get(file)
        if chapter is not None:
            there = os.path.relpath(chapter, os.path.dirname(path) or ".")
            return f"{there}#{anchor}" if anchor else there
        return f"{self.repository}/blob/HEAD/{file}" if self.repository and (ROOT / file).exists() else None

    def linked(self, path):
        """The text of a chapter with its links led there; those in blocks of code are code."""
        source, text = self.texts[path]

        def lead(found):
            target = self.target(source, path, found.group(2))
            return found.group(1) if target is None else f"[{found.group(1)}]({target})"

        out, end = [], 0
        for block in BLOCK.finditer(text):
            out += [LINK.sub(lead, text[end : block.start()]), block.group()]
            end = block.end()
        return "".join(out) + LINK.sub(lead, text[end:])

    def summary(self):
        """The table of contents."""
        manual = [path for path in self.texts if path.startswith("manual/")]
        lines = ["# Summary", "", "[perfaudit](index.md)", "", "# Guides", ""]
        lines += [f"- [{self.titles[path]}]({path})" for path in GUIDES.values()]
        lines += ["", "# Manual", ""] + [f"- [{self.titles[path]}]({path})" for path in manual if path != "manual/rules.md"]
        lines += ["", "# Rules", "", "- [All rules](manual/rules.md)"]
        for category, paths in sorted(self.rules.items()):
            lines += [f"  - [{category.capitalize()}]()", *(f"    - [{self.titles[path]}]({path})" for path in paths)]
        lines += ["", "# Papers", ""] + [f"- [{title}](papers/{source.lower()})" for source, title in PAPERS.items()]
        return "\n".join(lines) + "\n"

    def write(self, out):
        """Writes the sources of the book anew."""
        shutil.rmtree(out, ignore_errors=True)
        for path in self.texts:
            file = out / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.linked(path), "utf-8")
        (out / "SUMMARY.md").write_text(self.summary(), "utf-8")


def main():
    """Writes the chapters."""
    site = Site()
    site.collect()
    site.write(pathlib.Path(sys.argv[1]))
    print(f"{len(site.texts)} chapters")


if __name__ == "__main__":
    main()
