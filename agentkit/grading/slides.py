"""Slides of a lesson: one file that needs no network, from the cells that students get.

A slide is a text with what it leads to: its code and what the code gave. It ends after a
prediction that is asked for, so that a class has guessed before it sees. Jupyter's own
`slideshow` metadata of a cell, where there is any, decides instead (nbconvert.readthedocs.io,
"Revealing slides").
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from markdown_it import MarkdownIt

from agentkit.grading.cells import about, source
from agentkit.words.pages import for_html

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
HEADING = re.compile(r"(?m)^(?=#{1,2} )")
ASKS = re.compile(r"\*\*(?:Predict|Guess)")
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
OTHER = re.compile(r'<a href="(?!https?:|#)([^"]*)">(.*?)</a>', re.S)
LOCAL = re.compile(r'<a href="([\w.-]+)\.ipynb">')

BEGINS, LEFT_OUT = ("slide", "subslide"), ("skip", "notes")
"""What `slideshow.slide_type` of a cell may say; anything else: it goes on."""

SHOWN = ("image/svg+xml", "image/png", "text/html", "text/markdown", "text/plain")
"""What is shown of an output that comes in several forms, the first that it has."""


@dataclass
class Slide:
    """One slide: HTML, one piece below the other."""

    section: str
    headed: bool = False
    """Whether it begins with its section's heading."""
    pieces: list[str] = field(default_factory=list)
    code: bool = False
    shown: bool = False
    """Whether it has code, and what some code gave."""


def deck(book: dict[str, Any], name: str, decks: frozenset[str] = frozenset()) -> str:
    """The page of a notebook's slides.

    Args:
        book: the notebook, in the version for students.
        name: of its file, without the ending.
        decks: names of those that lie in the same folder; links between lessons lead there.
    """
    slides = list(cut(book["cells"]))
    title = title_of(book, name)
    body = "".join(
        f"<section><header>{for_html(title if one.headed else one.section)}</header>"
        f'<div class="fit">{led("".join(one.pieces), decks)}</div></section>'
        for one in slides
    )
    return page(title, f'<main>{body}</main><footer><i></i><span id="at"></span></footer>')


def title_of(book: dict[str, Any], name: str) -> str:
    """The first heading of a notebook, else its name."""
    texts = (source(cell) for cell in book["cells"] if cell.get("cell_type") == "markdown")
    found = next((re.search(r"(?m)^# (.+)$", text) for text in texts), None)
    return found[1].strip() if found else name


def page(title: str, body: str) -> str:
    """A page that loads nothing and runs no script but ours."""
    style, script = (
        files("agentkit.grading").joinpath(f"slides.{kind}").read_text("utf-8")
        for kind in ("css", "js")
    )
    mark = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:;'
        f" style-src 'unsafe-inline'; script-src 'sha256-{mark}'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{for_html(title)}</title><style>{style}</style>{body}"
        f"<script>{script}</script></html>"
    )


def cut(cells: list[dict[str, Any]]) -> Iterator[Slide]:
    """The slides of cells."""
    now, ended = Slide(""), False
    for cell in cells:
        kind = about(cell, "slideshow").get("slide_type", "")
        if kind in LEFT_OUT or not source(cell).strip():
            continue
        for text, heading in parts(cell):
            code = cell.get("cell_type") == "code"
            begins = kind in BEGINS or (not kind and (heading or ended or full(now, code)))
            if begins and now.pieces:
                yield now
                now = Slide(now.section)
            if heading:
                now.section, now.headed = heading, not now.pieces
            add(now, cell, text, code)
            ended = not code and bool(ASKS.search(text))
    if now.pieces:
        yield now


def parts(cell: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts of a cell, apart at its headings, and each one's heading."""
    text = source(cell)
    if cell.get("cell_type") != "markdown" or "```" in text:
        yield text, ""
        return
    for part in filter(str.strip, HEADING.split(text)):
        found = re.match(r"#{1,2} (.+)", part)
        yield part, re.sub(r"[*`]", "", found[1]).strip() if found else ""


def full(slide: Slide, code: bool) -> bool:
    """Whether the next cell begins a slide: a text after code, and code after a picture."""
    return slide.shown if code else slide.code


def add(slide: Slide, cell: dict[str, Any], text: str, code: bool) -> None:
    """Put a cell on a slide, with what it gave."""
    if not code:
        slide.pieces.append(MARKDOWN.render(attached(text, cell)))
        return
    slide.code = True
    slide.pieces.append(f"<pre class=code>{for_html(text)}</pre>")
    for output in cell.get("outputs", []):
        if given := shown(output):
            slide.shown = slide.shown or "<pre" not in given[:4]
            slide.pieces.append(f'<div class="out">{given}</div>')


def attached(text: str, cell: dict[str, Any]) -> str:
    """A text whose attached pictures stand in it."""
    for name, forms in (cell.get("attachments") or {}).items():
        for kind, data in forms.items():
            text = text.replace(f"attachment:{name}", f"data:{kind};base64,{cell_text(data)}")
    return text


def shown(output: dict[str, Any]) -> str:
    """An output as HTML; "" where there is nothing to see."""
    if output.get("output_type") == "stream":
        return plain(cell_text(output.get("text", "")))
    if output.get("output_type") == "error":
        return plain(f"{output.get('ename', '')}: {output.get('evalue', '')}")
    data = output.get("data", {})
    kind = next((one for one in SHOWN if cell_text(data.get(one, "")).strip()), "")
    text = cell_text(data.get(kind, ""))
    if kind == "image/svg+xml":
        # As a picture: what it names does not meet what the next one names.
        kind, text = "image/png", "svg+xml;base64," + base64.b64encode(text.encode()).decode()
        return f'<img alt="" src="data:image/{text}">'
    if kind == "image/png":
        return f'<img alt="" src="data:image/png;base64,{text.strip()}">'
    if kind == "text/markdown":
        return str(MARKDOWN.render(text))
    return text if kind == "text/html" else plain(text)


def plain(text: str) -> str:
    """A text as it was printed."""
    return f"<pre>{for_html(ANSI.sub('', text).rstrip())}</pre>" if text.strip() else ""


def cell_text(text: Any) -> str:
    """A text of a notebook, which may be kept in lines."""
    return "".join(map(str, text)) if isinstance(text, list) else str(text)


def led(text: str, decks: frozenset[str]) -> str:
    """HTML whose links lead somewhere: to slides beside it, to the network, or nowhere at all."""
    text = LOCAL.sub(
        lambda at: f'<a href="#" data-deck="{at[1]}">' if at[1] in decks else at[0], text
    )
    text = OTHER.sub(r"\2", text)
    return re.sub(r'<a href="#" data-deck="([^"]*)">', r'<a href="\1.html">', text)


def contents(decks: dict[str, str]) -> str:
    """A page that leads to decks: titles by their names."""
    lines = "".join(
        f'<li><a href="{for_html(name)}.html">{for_html(title)}</a></li>'
        for name, title in decks.items()
    )
    keys = "Space and arrows go on and back, F fills the screen; printed, each slide is a page."
    return page("Slides", f"<main class=list><h1>Slides</h1><ul>{lines}</ul><p>{keys}</p></main>")
