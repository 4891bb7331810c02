"""Badges in README and lessons that lead to a site where it is hosted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

WORDS = "run it in your browser"

BADGE = re.compile(rf"\n\n\[(?:!\[{WORDS}\]\([^)]*\)|{WORDS})\]\([^)]*\)")


def badged(text: str, site: str, page: str, *, image: bool = True) -> str:
    """The text with a badge below its first line, in place of one that it had; "" takes it away.

    Args:
        text: Markdown that begins with a heading.
        site: address of the site, or "".
        page: where on it the badge leads.
        image: it is one, which the site is asked for wherever the text is shown; else words.
    """
    heading, *rest = BADGE.sub("", text).split("\n", 1)
    shown = f"![{WORDS}]({site}badge.svg)" if image else WORDS
    badge = f"\n\n[{shown}]({site}{page})" if site else ""
    return "\n".join([heading + badge, *rest])


def address(site: str) -> str:
    """The address of a site as its links begin with it; "" stays so.

    Raises:
        ValueError: that is no address of a site.
    """
    if not site:
        return ""
    parts = urlsplit(site)
    if parts.scheme not in ("http", "https") or not parts.netloc or set(site) & set(" ()<>\n"):
        raise ValueError(f"{site!r} is no address. Expected: https://HOST/FOLDER/")
    return site.rstrip("/") + "/"


def page(name: str) -> str:
    """Where on a site a lesson opens."""
    return f"notebooks/index.html?path={name}.ipynb"


def put(root: Path, site: str) -> list[Path]:
    """Put the badges of a site into README and all lessons of a repository; the files changed.

    Raises:
        ValueError: that is no address of a site.
    """
    site = address(site)
    changed = []
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    if (made := badged(text, site, "index.html")) != text:
        readme.write_text(made, encoding="utf-8")
        changed.append(readme)
    for file in sorted((root / "notebooks").glob("*.ipynb")):
        notebook = json.loads(file.read_text(encoding="utf-8"))
        first = notebook["cells"][0]
        text = "".join(first["source"])
        made = badged(text, site, page(file.stem))
        if made == text:
            continue
        first["source"] = made.splitlines(keepends=True)
        words = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
        file.write_text(words, encoding="utf-8")
        changed.append(file)
    return changed
