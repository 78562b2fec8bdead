"""Checks the relative links of Markdown files: the target exists, and so does the heading.

Usage: docs_links.py FILE_OR_DIRECTORY…   Exit status 1 with a line per dead link.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6}\s+(.*)$", re.MULTILINE)
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """The anchors that a page's headings have where such pages are shown."""
    names = set()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        plain = re.sub(r"[`*_]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        names.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return names


def dead_links(page: Path) -> list[str]:
    """Links of `page` that lead nowhere."""
    dead = []
    for target in _LINK.findall(_FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            dead.append(f"{page}: {target}: there is no such file")
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
            dead.append(f"{page}: {target}: the page has no such heading")
    return dead


def main(arguments: list[str]) -> int:
    """Check all pages; gives the exit status."""
    pages = []
    for argument in arguments:
        place = Path(argument)
        pages += sorted(place.rglob("*.md")) if place.is_dir() else [place]
    dead = [line for page in pages for line in dead_links(page)]
    sys.stdout.write("".join(f"{line}\n" for line in dead))
    sys.stdout.write(f"{len(pages)} pages, {len(dead)} dead links\n")
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
