"""Badges in README and lessons that lead to where they can be run: a site, Binder, Colab."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

WORDS = "run it in your browser"

BADGE = re.compile(rf"\n\n\[(?:!\[{WORDS}\]\([^)]*\)|{WORDS})\]\([^)]*\)")

FIRST = "00-start-here"
BEGIN, END = "<!-- elsewhere -->", "<!-- /elsewhere -->"
ELSEWHERE = re.compile(rf"\n\n{BEGIN}.*?{END}", re.S)
REPOSITORY = re.compile(r"[\w-]+/[\w.-]+(@\w[\w./-]*)?")


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
    return rewritten(
        root, lambda text, name: badged(text, site, page(name) if name else "index.html")
    )


def put_elsewhere(root: Path, repository: str) -> list[Path]:
    """Put links to Binder and Colab into README and all lessons; the files changed.

    Args:
        root: of the copy.
        repository: where on GitHub it is, as OWNER/NAME or OWNER/NAME@BRANCH; "" takes them away.

    Raises:
        ValueError: that is no name of a repository.
    """
    if repository and not REPOSITORY.fullmatch(repository):
        raise ValueError(f"{repository!r} is no repository. Expected: OWNER/NAME[@BRANCH]")
    return rewritten(root, lambda text, name: elsewhere(text, repository, name))


def elsewhere(text: str, repository: str, name: str) -> str:
    """The text with links to where it can be run on a machine of others, below its first line.

    Binder makes the image of `binder/`. Colab has a kernel of its own, so that the kit must be
    installed there first; two lines for its first cell say how.
    """
    heading, *rest = ELSEWHERE.sub("", text).split("\n", 1)
    if not repository:
        return "\n".join([heading, *rest])
    where, _, branch = repository.partition("@")
    branch = branch or "main"
    file = f"notebooks/{name or FIRST}.ipynb"
    at, path = quote(branch, safe=""), quote(file, safe="")
    binder = f"https://mybinder.org/v2/gh/{where}/{at}?labpath={path}"
    colab = f"https://colab.research.google.com/github/{where}/blob/{branch}/{file}"
    clone = f"git clone -q --depth 1 -b {branch} https://github.com/{where} kit"
    lines = [
        BEGIN, f"[run it on Binder]({binder}), or [on Colab]({colab}) after a first cell of", "",
        f"    !{clone} && pip install -q ./kit anywidget", "    %cd kit/notebooks", END,
    ]  # fmt: skip
    return "\n".join([f"{heading}\n\n" + "\n".join(lines), *rest])


def rewritten(root: Path, change: Callable[[str, str], str]) -> list[Path]:
    """README and all lessons with another text; the files changed.

    Args:
        root: of the repository.
        change: of a text and the lesson's name, "" for README.
    """
    changed = []
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    if (made := change(text, "")) != text:
        readme.write_text(made, encoding="utf-8")
        changed.append(readme)
    for file in sorted((root / "notebooks").glob("*.ipynb")):
        notebook = json.loads(file.read_text(encoding="utf-8"))
        first = notebook["cells"][0]
        text = "".join(first["source"])
        made = change(text, file.stem)
        if made == text:
            continue
        first["source"] = made.splitlines(keepends=True)
        words = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
        file.write_text(words, encoding="utf-8")
        changed.append(file)
    return changed
