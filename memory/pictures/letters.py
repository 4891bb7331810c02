"""The letters of a queue or stream as people see them: a line for each, a mark for each moment."""

from __future__ import annotations

from agentkit.messages import JSON
from agentkit.pictures.picture import Picture
from agentkit.pictures.svg import clean, cut, document, element, heading, paint, words
from agentkit.pictures.table import Rows, markdown_table
from agentkit.views.phrases import short
from agentkit.words import for_line
from memory.views.letters import Letters

LEFT, BODY, ROW, MOST = 18.0, 430.0, 22.0, 24
"""The margin; room for a letter's text at most; one letter to the next; so many are shown."""

TONES = {
    "sent": "task",
    "repeated": "say",
    "taken": "waiting",
    "put back": "idle",
    "done": "done",
    "failed": "failed",
    "dead": "failed",
    "waiting": "task",
}
"""Colours of moments and states."""


class LettersPicture(Picture[Letters]):
    """What became of each letter."""

    of = Letters

    def rows(self) -> Rows:
        """The newest letters as a table."""
        rows = [["letter", "state", "what happened"]]
        for one in list(self.view.tracks.values())[-20:]:
            story = ", ".join(f"{m.what} {m.who}".strip() for m in one.moments)
            rows.append([short(one.body or one.id, 60), one.state, story])
        return rows

    def __str__(self) -> str:
        lines = [f"{self.view.name}: {self.view.headline()}"]
        return "\n".join([*lines, *(f"  {a}: {b} ({c})" for a, b, c in self.rows()[1:])])

    def to_markdown(self) -> str:
        """How it stands, and the letters as a table."""
        view = self.view
        head = f"**{for_line(view.name)}**: {for_line(view.headline())}"
        return f"{head}\n\n{markdown_table(self.rows())}" if view.tracks else head

    def to_svg(self) -> str:
        return letters_svg(self.data())


def letters_svg(data: dict[str, JSON]) -> str:
    """The letters as SVG without script."""
    right = LEFT + 10 + len(data["name"]) * 8 + 620
    parts, wide = heading(data["name"], data["headline"], 28, right=right, pace=8, size=11.5)
    width, y = max(560.0, wide), 54.0
    shown = data["letters"][-MOST:]
    if len(shown) < len(data["letters"]):
        skipped = f"{len(data['letters']) - len(shown)} earlier ones"
        parts.append(words(skipped, LEFT, y, 11, **paint("mute")))
        y += ROW
    room = min(BODY, 46 + 7.0 * max((len(one["body"]) for one in shown), default=0))
    for one in shown:
        state = element("circle", cx=LEFT + 4, cy=y - 4, r=4.0, **paint(TONES[one["state"]]))
        parts += [state, words(cut(one["body"], room - 26, 11.5), LEFT + 14, y, 11.5)]
        x = LEFT + room
        for moment in one["moments"]:
            text = f"{moment['what']} {moment['who'].rpartition('/')[2]}".strip()
            wide = len(text) * 6.0 + 18
            about = element("title", clean(f"{moment['what']} {moment['who']} {moment['told']}"))
            tone = paint(TONES[moment["what"]])["fill"]
            parts.append(
                element("rect", about, x=x, y=y - 13, width=wide, height=17, rx=8.5, fill=tone,
                        fill_opacity=0.16, stroke=tone)
            )  # fmt: skip
            parts.append(words(text, x + wide / 2, y - 0.5, 10.5, text_anchor="middle"))
            x += wide + 6
        width = max(width, x + 12)
        y += ROW
    return document(width, y - 2, f"Letters of {data['name']}: {data['headline']}", *parts)
