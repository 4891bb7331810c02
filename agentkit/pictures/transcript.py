"""The transcript as people read it: long texts are folded, and words of models stay words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agentkit.inline import MOST, data_uris
from agentkit.pictures.picture import Picture
from agentkit.pictures.svg import FONT, TONES, clean
from agentkit.pictures.table import table_svg
from agentkit.views.branching import branches, hint
from agentkit.views.phrases import short
from agentkit.views.transcript import Transcript, TranscriptLine
from agentkit.words import UNREAD, fenced, for_line

SMALL = "display:block;max-width:min(100%,480px);max-height:320px;margin:4px 0"
"""How an image looks among the entries."""

LONG = 600
"""Characters of a text before it is folded away."""


class TranscriptPicture(Picture[Transcript]):
    """Who said what to whom, entry by entry."""

    of = Transcript

    def hints(self) -> list[str]:
        """How the numbers of the events are used, when there are any."""
        lines = self.view.lines
        return [hint(lines[-1].run)] if lines else []

    def __str__(self) -> str:
        found = []
        for line in self.view.told():
            pad = "  " * line.depth
            body = line.text.replace("\n", f"\n{pad}    ")
            title = " ".join(line.title.splitlines())  # no word of it may begin a line
            head = f"{pad}{title}{status_mark(line)}  #{line.seq}"
            found.append(head + (f"\n{pad}    {body}" if body else ""))
        return "\n".join([*found, *self.hints()]) or "(nothing said yet)"

    def to_markdown(self) -> str:
        """The transcript as Markdown; long texts are folded."""
        shown = [*map(markdown, self.view.told()), *map(for_line, self.hints())]
        return "\n\n".join(shown) or "*Nothing said yet.*"

    def to_html(self) -> str:
        """The transcript as HTML; long texts are folded."""
        body = "".join(self.entries()) or "<p>Nothing said yet.</p>"
        look = f"font-family:{FONT};font-size:13px;line-height:1.5;overflow-wrap:anywhere"
        return f'<div class="{UNREAD}" style="{look}">{body}</div>'

    def entries(self) -> Iterator[str]:
        """The entries in HTML, with the images that there is room for."""
        room = MOST
        for line in self.view.told():
            images = data_uris(line.content, room)
            room -= sum(len(uri) for _, uri in images) * 3 // 4
            yield html(line, images)

    def to_svg(self) -> str:
        """The transcript as a picture, for readers that show neither HTML nor Markdown."""
        rows = [[line.title, short(line.text, 60)] for line in self.view.told()]
        return table_svg([["who", "what"], *rows], "Transcript", [])


def status_mark(line: TranscriptLine) -> str:
    """How an entry shows that nothing was performed for it."""
    return " (reused, not paid)" if line.reused else ""


def markdown(line: TranscriptLine) -> str:
    """An entry in Markdown; what models wrote stands in code blocks, so it cannot pose as ours."""
    bold = "*" if line.kind == "note" else "**"
    head = f"{bold}{for_line(line.title)}{bold}{status_mark(line)} #{line.seq}"
    if not line.text:
        return head
    if len(line.text) <= LONG:
        return f"{head}\n\n{fenced(line.text)}"
    brief = f"{for_line(short(line.text, 120))} ({len(line.text)} characters)"
    return f"{head}\n\n<details><summary>{brief}</summary>\n\n{fenced(line.text)}\n\n</details>"


def number(line: TranscriptLine) -> str:
    """An entry's event number in HTML; it opens the lines that go on from there."""
    look = "float:right;margin-left:12px;font-size:11px;color:var(--jp-content-font-color2,#5b6570)"
    ways = [
        f'<div title="{clean(one.help)}">{one.name}: <code>{clean(one.line)}</code></div>'
        for one in branches(line.run, line.seq, line.edit)
    ]
    return (
        f'<details style="{look}"><summary style="cursor:pointer">#{line.seq}</summary>'
        f"{''.join(ways)}</details>"
    )


def html(line: TranscriptLine, images: Sequence[tuple[str, str]] = ()) -> str:
    """An entry in HTML.

    Args:
        line: the entry.
        images: of what was said, in words and as data: URIs; see `agentkit.inline`.
    """
    tone = TONES.get(line.kind, "#9aa3ad")
    box = (
        f"margin:0 0 10px {line.depth * 18}px;padding:2px 0 2px 10px;"
        f"border-left:3px solid {tone};color:var(--jp-content-font-color1,inherit)"
    )
    head = f"{clean(line.title)}<i>{status_mark(line)}</i>"
    title = f'{number(line)}<div style="font-weight:600">{head}</div>'
    pre = "white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext;margin:2px 0"
    if not line.text:
        body = ""
    elif len(line.text) <= LONG:
        body = f'<div style="{pre}">{clean(line.text)}</div>'
    else:
        brief = f"{clean(short(line.text, 120))} ({len(line.text)} characters)"
        whole = f'<div style="{pre}">{clean(line.text)}</div>'
        body = f"<details><summary>{brief}</summary>{whole}</details>"
    shown = "".join(
        f'<img alt="{clean(words)}" src="{clean(uri)}" style="{SMALL}">' for words, uri in images
    )
    return f'<div style="{box}">{title}{body}{shown}</div>'
