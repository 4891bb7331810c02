"""A state at a past event, and what differs between two of them: as text, Markdown and HTML."""

from __future__ import annotations

import json
from collections.abc import Iterable

from agentkit.amounts import seconds
from agentkit.messages import JSON, Frozen
from agentkit.pictures.svg import clean
from agentkit.pictures.table import broken, markdown_table
from agentkit.words import UNREAD, for_line, for_terminal

LONGEST = 300
"""Characters of a value that are shown."""

GREY = "color:var(--jp-ui-font-color2,#5b6570)"
CELL = "padding:3px 14px 3px 0;text-align:left;vertical-align:top;border:0"
CODE = "font-family:var(--jp-code-font-family,monospace)"
COLOURS = {"+": "#2e9e6b", "-": "#d64550", "~": "#c98a1b", " ": "transparent"}


class StateAt(Frozen):
    """The state after an event."""

    name: str
    """What ran, or the name of the shared state."""
    seq: int
    after_s: float
    """Seconds since the first event."""
    event: str
    """What the event was."""
    values: dict[str, dict[str, JSON]] = {}
    """By place and key: "the run", the name of a shared state, "board on replica"."""
    changes: tuple[int, ...] = ()
    """The events up to this one that changed something."""
    unread: dict[str, int] = {}
    """Shared state that was used, and at which event, but that nobody opened here."""

    def diff(self, earlier: StateAt) -> Difference:
        """Compare this state with an earlier one."""
        return Difference(before=earlier, after=self)

    def rows(self) -> list[tuple[str, str, str]]:
        """Place, key and value as text."""
        return [
            (place, key, shown(value))
            for place, keys in self.values.items()
            for key, value in keys.items()
        ]

    @property
    def title(self) -> str:
        """The position in a line."""
        return f"{self.name}@{self.seq} · {self.event} · after {seconds(self.after_s)}"

    @property
    def notes(self) -> list[str]:
        """Remarks: when it last changed, and which shared state nobody opened here."""
        found = []
        if self.changes:
            found.append(f"changed at event {', '.join(map(str, self.changes[-12:]))}")
        found += [
            f"{name} was at event {seq}; open it here to see what it held"
            for name, seq in self.unread.items()
        ]
        return found

    def __repr__(self) -> str:
        rows = self.rows()
        lines = [f"  {place} · {key} = {value}" for place, key, value in rows]
        lines = lines or ["  no state yet"]
        return for_terminal("\n".join([self.title, *lines, *self.notes]))

    def _repr_markdown_(self) -> str:
        rows = [["where", "key", "value"], *map(list, self.rows())]
        table = markdown_table(rows, numbers=False) if self.rows() else "*no state yet*"
        return "\n\n".join([f"**{for_line(self.title)}**", table, *map(for_line, self.notes)])

    def _repr_html_(self) -> str:
        rows = [(" ", place, key, value) for place, key, value in self.rows()]
        head = ("", "where", "key", "value")
        return page(self.title, head, rows, self.notes, "no state yet")


class Difference(Frozen):
    """Two states compared."""

    before: StateAt
    after: StateAt

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Mark (+ new, - gone, ~ changed), place, key, value before and after; nothing equal."""
        old, new = flat(self.before), flat(self.after)
        found = []
        for place in dict.fromkeys([*old, *new]):
            if place not in new:
                found.append(("-", *place, shown(old[place]), ""))
            elif place not in old:
                found.append(("+", *place, "", shown(new[place])))
            elif old[place] != new[place]:
                found.append(("~", *place, shown(old[place]), shown(new[place])))
        return found

    @property
    def title(self) -> str:
        """The positions in a line."""
        one, two = self.before, self.after
        name = two.name if two.name != one.name else ""
        return f"{one.name}@{one.seq} → {name}@{two.seq}"

    def __repr__(self) -> str:
        lines = [
            f"{mark} {place} · {key} = {' → '.join(filter(None, [old, new]))}"
            for mark, place, key, old, new in self.rows()
        ]
        return for_terminal("\n".join([self.title, *(lines or ["  nothing changed"])]))

    def _repr_markdown_(self) -> str:
        rows = ["| " + " | ".join(map(for_line, row)) + " |" for row in self.rows()]
        head = ["| | where | key | before | after |", "|---|---|---|---|---|"]
        table = [*head, *rows] if rows else ["*nothing changed*"]
        return f"**{for_line(self.title)}**\n\n" + "\n".join(table)

    def _repr_html_(self) -> str:
        head = ("", "where", "key", "before", "after")
        return page(self.title, head, self.rows(), [], "nothing changed")


def flat(state: StateAt) -> dict[tuple[str, str], JSON]:
    """Values by place and key."""
    return {
        (place, key): value for place, keys in state.values.items() for key, value in keys.items()
    }


def shown(value: JSON) -> str:
    """A value as JSON, cut when it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text)} characters)"


def page(
    title: str,
    head: Iterable[str],
    rows: Iterable[tuple[str, ...]],
    notes: Iterable[str],
    empty: str,
) -> str:
    """A table in HTML; the first column of a row is a mark."""
    lines = [
        "<tr>" + "".join(f'<th style="{CELL};{GREY};font-weight:600">{name}</th>' for name in head)
    ]
    for mark, place, key, *values in rows:
        dot = f'<td style="{CELL};color:{COLOURS[mark]};font-weight:700">{mark}</td>'
        names = (
            f'<td style="{CELL};{GREY}{broken(place)}">{clean(place)}</td>'
            f'<td style="{CELL}{broken(key)}">{clean(key)}</td>'
        )
        cells = [
            f'<td style="{CELL};{CODE}{broken(value)}">{clean(value)}</td>' for value in values
        ]
        lines.append(f"<tr>{dot}{names}{''.join(cells)}</tr>")
    table = f'<table style="border-collapse:collapse">{"".join(lines)}</table>'
    body = table if len(lines) > 1 else f'<div style="{GREY}">{empty}</div>'
    below = "".join(f'<div style="{GREY};font-size:12px">{clean(one)}</div>' for one in notes)
    look = "font-weight:600;padding-bottom:2px;overflow-wrap:anywhere"
    head = f'<div style="{look}">{clean(title)}</div>'
    return f'<div class="{UNREAD}">{head}{body}{below}</div>'
