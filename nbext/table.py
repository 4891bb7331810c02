"""A list that a magic shows: an HTML table, and lines of text where there is no HTML."""

from __future__ import annotations

from agentkit.messages import Frozen
from agentkit.pictures.svg import clean
from agentkit.pictures.table import broken, text_table
from agentkit.words import UNREAD, for_terminal
from nbext.show import publish

DOTS = {
    "ok": "#2e9e6b",
    "done": "#2e9e6b",
    "running": "#3b7dd8",
    "waiting": "#d39a2d",
    "failed": "#d64550",
    "cancelled": "#c98a1b",
    "stopped": "#c98a1b",
    "lost": "#c98a1b",
}
"""Colours of the dot before a status."""

WHOLE = 36
"""Characters of an id that is not broken into lines, as long as a UUID."""

CELL = "padding:4px 12px 4px 4px;text-align:left;vertical-align:top;border:0"
RULE = "border-bottom:1px solid var(--jp-border-color2,#e3e6ea)"
MUTE = "color:var(--jp-ui-font-color2,#5b6570)"


class Table(Frozen):
    """Rows of texts under a head."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str = "nothing here"
    """Said instead of a table without rows."""
    note: str = ""
    """Said below."""
    numbers: frozenset[str] = frozenset()
    """Columns set to the right."""

    def __repr__(self) -> str:
        if not self.rows:
            return self.empty
        right = [i for i, name in enumerate(self.head) if name in self.numbers]
        texts = text_table([list(line) for line in (self.head, *self.rows)], right)
        return for_terminal("\n".join([*texts, *([self.note] if self.note else [])]))

    __str__ = __repr__

    def _repr_html_(self) -> str:
        if not self.rows:
            return f'<span class="{UNREAD}" style="{MUTE}">{clean(self.empty)}</span>'
        parts = [
            f'<table class="{UNREAD}"',
            ' style="border-collapse:collapse;font-variant-numeric:tabular-nums">',
            "<tr>",
        ]
        parts += [
            self.cell("th", name, name, f"{RULE};font-weight:600;{MUTE}") for name in self.head
        ]
        for row in self.rows:
            pairs = zip(self.head, row, strict=True)
            parts += ["</tr><tr>", *(self.cell("td", name, text, RULE) for name, text in pairs)]
        look = f"{MUTE};font-size:12px;padding-top:4px{broken(self.note, '')}"
        below = f'<div class="{UNREAD}" style="{look}">{clean(self.note)}</div>'
        return "".join([*parts, "</tr></table>", below if self.note else ""])

    def cell(self, tag: str, column: str, text: str, look: str) -> str:
        """One cell; a status has a dot of its colour."""
        align = ";text-align:right;white-space:nowrap" if column in self.numbers else ""
        dot = ""
        if column == "status" and tag == "td":
            colour = DOTS.get(text.split()[0].rstrip(",:") if text else "", "#8a939c")
            dot = f'<span style="color:{colour}">●</span> '
        # An id is copied: as a whole, where it is not so long that it would leave no room.
        align += ";white-space:nowrap" if column == "id" and len(text) <= WHOLE else broken(text)
        mono = ";font-family:var(--jp-code-font-family,monospace)" if column == "run" else ""
        return f'<{tag} style="{CELL};{look}{align}{mono}">{dot}{clean(text)}</{tag}>'


class TableGroup(Frozen):
    """Several tables, one below the other."""

    parts: tuple[Table, ...]

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self.parts))

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return "<br>".join(one._repr_html_() for one in self.parts)


def show(said: Told) -> None:
    """Put a line into the running cell's output."""
    publish({"text/plain": repr(said), "text/html": said._repr_html_()})


class Told(Frozen):
    """One line that a magic says."""

    text: str

    def __repr__(self) -> str:
        return for_terminal(self.text)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        look = f"{MUTE}{broken(self.text, '')}"
        return f'<span class="{UNREAD}" style="{look}">{clean(self.text)}</span>'
