#!/usr/bin/env python3
"""Checks that each link within a built site leads to a page and an anchor that are there, and that each rule has the page that findings name.

    docs/links.py SITE

Links to other hosts are not asked: what they answer changes without us. Uses Python's standard library alone.
"""

import html.parser
import pathlib
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Page(html.parser.HTMLParser):
    """The links and anchors of a page."""

    def __init__(self, file):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(file.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        """Notes what a tag links to and is called."""
        named = dict(attrs)
        self.anchors.update(value for key in ("id", "name") if (value := named.get(key)))
        link = named.get("href") if tag in ("a", "link") else named.get("src")
        if link:
            self.links.append(link)


def broken(site):
    """Pages with a link that leads nowhere."""
    pages = {file.resolve(): Page(file) for file in sorted(site.rglob("*.html")) if file.name not in ("404.html", "toc.html")}
    for file, page in pages.items():
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else file
            if not target.exists():
                yield f"{file.relative_to(site)}: {link}: no such page"
            elif parts.fragment and target in pages and urllib.parse.unquote(parts.fragment) not in pages[target].anchors:
                yield f"{file.relative_to(site)}: {link}: no such anchor"


def main():
    """Prints what is broken."""
    site = pathlib.Path(sys.argv[1]).resolve()
    found = list(broken(site))
    found += [f"no page for the rule {file.stem}" for file in sorted((ROOT / "rules").glob("*.md")) if not (site / "rules" / f"{file.stem}.html").exists()]
    print("\n".join(found), end="\n" if found else "")
    print(f"{len(list(site.rglob('*.html')))} pages, {len(found)} broken links")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
