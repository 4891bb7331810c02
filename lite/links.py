"""Links between lessons and how-to pages, which stand at other places on the site."""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import dirname, join, normpath, relpath

LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")


def place(path: str) -> str:
    """Where a file of the repository stands among the files of the site: lessons at the top."""
    return path.removeprefix("notebooks/")


def moved(text: str, page: str, root: Path) -> str:
    """Lead the links of a page to where the site has their targets.

    A link to what is not on the site becomes its words alone.

    Args:
        text: Markdown.
        page: its path in the repository, as `docs/how-to/mcp.md`.
        root: of the repository.
    """

    def lead(found: re.Match[str]) -> str:
        image, words, link, part = found.groups(default="")
        target = normpath(join(dirname(page), link))
        there = target.startswith(("notebooks/", "docs/")) and (root / target).is_file()
        if not there:
            return words
        way = relpath(place(target), dirname(place(page)) or ".")
        return f"{image}[{words}]({way}{part})"

    return LINK.sub(lead, text)


def guides(root: Path, target: Path) -> None:
    """Copy the pages of `docs` beside the lessons."""
    for file in sorted((root / "docs").rglob("*")):
        if file.suffix not in (".md", ".png"):
            continue
        path = file.relative_to(root).as_posix()
        made = target / place(path)
        made.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".png":
            made.write_bytes(file.read_bytes())
        else:
            made.write_text(moved(file.read_text(encoding="utf-8"), path, root), encoding="utf-8")
