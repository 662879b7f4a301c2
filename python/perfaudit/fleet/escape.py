"""Makes the words of strangers harmless: as the program's own `src/escape.rs` does, whose cases are those of the tests here."""

from __future__ import annotations

import json
import re
from typing import Any, Callable

# Controls, marks of direction, and what takes no room.
HOSTILE = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    # Halves of characters, which no file can hold.
    "\ud800-\udfff"
)
# The first letter of what a CI service takes for a command wherever it stands in a line: `##[add-mask]`, `##vso[…]`.
MARK = r"#(?=#[A-Za-z0-9._-]*\[)|s(?=ection_(?:start|end):)|t(?=ravis_fold:)"
ODD = re.compile(f"[{HOSTILE}]|{MARK}")
# In JSON: an escape stays whole, and one that would read as a mark is spelled otherwise.
JSON_ODD = re.compile(rf"(?P<tab>\\t(?=ravis_fold:))|(?P<escape>\\(?:u[0-9a-f]{{4}}|.))|(?P<odd>\x7f|{MARK})")
# What a code host makes a link, a mention or a formula of: `@org/team`, `#12`, `www.x`, `$a$`, a commit.
LIVE = re.compile(r"[@$]|://|www\.|mailto:|xmpp:|(?:[#!%&]|gh-)[0-9]|~(?:[^\W_]|\")", re.IGNORECASE)
COMMIT = re.compile(r"(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}", re.IGNORECASE)
OPENING, CLOSING = "([{\"'", ")]}\"',;:.?"


def line(text: str) -> str:
    """One line for a terminal: line breaks and tabs become spaces, what could steer it or a CI service is spelled out."""
    return ODD.sub(lambda found: " " if found[0] in "\n\r\t" else _visible(found[0]), text)


def json_text(data: Any) -> str:
    """Data as JSON of several lines; what could steer a terminal or a CI service is spelled out, which means the same."""

    def harmless(found: "re.Match[str]") -> str:
        if found["tab"]:
            return "\\u0009"
        return found["escape"] or f"\\u{ord(found['odd']):04x}"

    return JSON_ODD.sub(harmless, json.dumps(data, indent=2, default=str))


def markdown(text: str) -> str:
    """A sentence in Markdown; what stands between backticks becomes code, all else plain words."""
    text = line(text)
    # Four blanks at the start of a line would open a block of code; one keeps words apart.
    rest = text.lstrip()
    text = f" {rest}" if len(rest) < len(text) else text
    pieces = text.split("`")
    # An odd backtick at the end opens nothing.
    last_code = len(pieces) - 2 if len(pieces) % 2 == 0 else len(pieces)
    out, plain = "", ""
    for index, piece in enumerate(pieces):
        if index % 2 == 1 and index < last_code and piece.strip():
            out += _words(plain, _plain, code_cell) + code(piece)
            plain = ""
            continue
        plain += f"`{piece}" if index % 2 == 1 and index >= last_code else piece
    out += _words(plain, _plain, code_cell)
    # A marker at the start of a line would open a list or a heading.
    return re.sub(r"\A(\s*)(?:([0-9]+)(?=[.)])|(?=[-+=]))", lambda found: f"{found[1]}{found[2] or ''}\\", out)


def code(text: str) -> str:
    """A code span in Markdown."""
    text = line(text)
    if not text.strip():
        return "` `"
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def code_cell(text: str) -> str:
    """A code span in a table's cell, where a pipe ends the cell even in code."""
    return code(text.replace("|", "\u2223"))


def _visible(letter: str) -> str:
    return f"\\u{{{ord(letter):x}}}"


def _is_live(word: str) -> bool:
    return LIVE.search(word) is not None or COMMIT.fullmatch(word) is not None


def _words(text: str, plain: Callable[[str], str], dead: Callable[[str], str]) -> str:
    """Plain words for a code host: neither a backslash nor an entity keeps it from bringing a word to life, but code it leaves alone."""
    out, done = "", 0
    for found in re.finditer(r"\S+", text):
        word = found[0].lstrip(OPENING)
        start = found.end() - len(word)
        word = word.rstrip(CLOSING)
        if _is_live(word):
            out += plain(text[done:start]) + dead(word)
            done = start + len(word)
    return out + plain(text[done:])


def _plain(text: str) -> str:
    """Plain words in Markdown."""
    # `snake_case` needs no escape; `_emphasis_` does.
    text = re.sub(r"[\\*\[\]|#~`!]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
