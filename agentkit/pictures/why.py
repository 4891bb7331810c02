"""Why an answer is what it is, as people see it: a chain with the numbers of its events."""

from __future__ import annotations

from collections.abc import Iterator

from agentkit.pictures.picture import Shown
from agentkit.pictures.svg import FONT, clean, css, cut, document, element, paint, words
from agentkit.views.phrases import short
from agentkit.views.why import Ground, Statement
from agentkit.words import UNREAD

MOST = 150
"""Lines that are shown: of an answer that rests on hundreds, the first are enough to begin with."""
DEEPEST = 12
"""Levels that are shown; below them is said how many more there are."""
WIDTH, LINE, INDENT = 900.0, 19.0, 20.0
TONES = {
    "said": "answer",
    "asked": "mute",
    "ground": "tool",
    "approved": "done",
    "checked": "note",
    "bad": "failed",
    "decided": "warning",
    "more": "mute",
}

Row = tuple[int, str, int, str]
"""Depth, kind (of TONES), number of the event, words."""


class WhyPicture(Shown):
    """Who produced, checked and approved a statement, and what it rests on."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement

    def rows(self) -> list[Row]:
        """The chain from the statement down to what it rests on."""
        rows = list(told(self.statement, 0, None))
        if (more := len(rows) - MOST) > 0:
            rows[MOST:] = [(0, "more", rows[MOST][2], f"{more} more lines: %transcript")]
        return rows

    def __str__(self) -> str:
        """A line for each, below what was made of it."""
        return "\n".join(f"{'  ' * depth}#{seq} {said}" for depth, _, seq, said in self.rows())

    def to_html(self) -> str:
        """A line for each that is broken where there is no room: a picture would be made small."""
        lines = []
        for depth, kind, seq, said in self.rows():
            bold = ";font-weight:600" if kind == "said" else ""
            look = f"margin:0 0 3px {depth * INDENT:g}px;padding:0 0 0 8px{bold}"
            edge = f"border-left:4px solid {css(TONES[kind])}"
            lines.append(f'<div style="{look};{edge}">{clean(f"#{seq} {said}")}</div>')
        look = f"font-family:{FONT};font-size:13px;line-height:1.4;overflow-wrap:anywhere"
        return f'<div class="{UNREAD}" style="{look}">{"".join(lines)}</div>'

    def to_svg(self) -> str:
        parts, y = [], 24.0
        for depth, kind, seq, said in self.rows():
            x = 18 + depth * INDENT
            box = {"x": x, "y": y - 10, "width": 4.0, "height": 13.0}
            parts.append(element("rect", **box, **paint(TONES[kind])))
            line = cut(f"#{seq} {said}", WIDTH - x - 28, 12)
            bold = 600 if kind == "said" else None
            parts.append(words(line, x + 11, y, 12, font_weight=bold))
            y += LINE
        title = f"Why {self.statement.actor} said it"
        return document(WIDTH, y - 4, title, *parts)


def told(one: Statement, depth: int, above: Statement | None) -> Iterator[Row]:
    """A statement, who checked it, what it rests on, and what others had said before it."""
    model = f" ({one.model})" if one.model else f" ({one.what})"
    if one.seq:
        what = f"{one.actor}{model} told {one.to}: {quoted(one.text)}"
    else:
        what = f"{one.actor}{model} gave no answer"
    carried = above is not None and bool(one.text) and one.text in above.text
    yield depth, "said", one.seq or one.asked, what + (" — it is in the answer" if carried else "")
    if one.asked:
        yield depth + 1, "asked", one.asked, f"it was asked: {quoted(one.task)}"
    for seq, topic, said in one.decided:
        yield depth + 1, kind_of(topic, said), seq, said
    for ground in one.grounds:
        yield depth + 1, "ground", ground.ended, grounded(ground)
    if depth >= DEEPEST and one.before:
        yield depth + 1, "more", one.seq, f"{len(one.before)} more below it"
        return
    for other in one.before:
        yield from told(other, depth + 1, one)


def kind_of(topic: str, said: str) -> str:
    """Of what kind a note is to its reader."""
    if topic == "approved":
        return "approved"
    if topic in ("quarantine", "refusal", "missing"):
        return "bad"
    if topic == "checked":
        return "bad" if "does not pass" in said else "checked"
    return "decided"


def grounded(ground: Ground) -> str:
    """A step in words."""
    came = "" if ground.status == "ok" else f" {ground.status}"
    where = f"#{ground.began}" if ground.began != ground.ended else ""
    since = f", begun {where}" if where else ""
    if ground.what == "person":
        return f"a person said: {quoted(ground.said)}{since}"
    if ground.what == "model":
        return f"model {ground.name}{came}{since}"
    return f"{ground.what} {ground.name}{came}: {quoted(ground.said)}{since}"


def quoted(text: str) -> str:
    """A text in one line, shortened."""
    return f"“{short(' '.join(text.split()))}”"
