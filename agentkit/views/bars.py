"""The parts of a timeline: lanes, their bars and their marks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from agentkit.amounts import seconds
from agentkit.messages import JSON
from agentkit.views.book import BEHIND
from agentkit.views.entries import Order
from agentkit.views.notes import grave

ROWS = 6
"""Bars that may stand above each other in a lane."""


@dataclass(slots=True)
class Bar:
    """A step, or a wait inside one. Times are Unix seconds; `end` is None while it lasts."""

    id: int
    lane: str
    row: int
    kind: str
    """model, tool, retry, person, remote, memory"""
    label: str
    start: float
    end: float | None = None
    status: str = ""
    reused: bool = False
    detail: str = ""
    inside: bool = False
    """A wait that is part of another bar, and drawn over it."""
    run: str = ""
    key: str = ""
    """Of the step; empty for a wait."""
    began: int = 0
    """Seq of its first event."""
    ended: int = 0
    """Seq of its last one; 0 while it lasts."""
    result: JSON = None

    def data(self) -> list[JSON]:
        """The bar as a JSON array, in the order of BAR_FIELDS: there may be many."""
        return [getattr(self, name) for name in BAR_FIELDS]


BAR_FIELDS = (
    "id", "lane", "row", "kind", "label", "start", "end", "status", "reused", "detail",
    "inside",
)  # fmt: skip
"""What stands where in a bar's JSON array."""


class LaneNote(NamedTuple):
    """A note on a lane."""

    at: float
    topic: str
    run: str
    seq: int
    data: JSON


@dataclass(slots=True)
class Lane:
    """An actor's row of bars."""

    id: str
    label: str
    depth: int
    ends: list[float | None] = field(default_factory=list)
    """End of the last bar of each row; None while it lasts."""
    spans: list[list[float | None]] = field(default_factory=list)
    """[start, end] of each activation."""
    notes: list[LaneNote] = field(default_factory=list)
    order: Order = (BEHIND,)
    """Of what it first appears in; see Book."""

    def row(self, start: float) -> int:
        """The first row that is free at that time."""
        for i, end in enumerate(self.ends):
            if end is not None and end <= start:
                return i
        if len(self.ends) < ROWS:
            self.ends.append(None)
        return len(self.ends) - 1

    def data(self) -> dict[str, JSON]:
        """The lane as JSON."""
        return {
            "id": self.id,
            "label": self.label,
            "depth": self.depth,
            "rows": max(1, len(self.ends)),
            "spans": [list(span) for span in self.spans],
            "notes": [[mark.at, mark.topic, grave(mark.topic)] for mark in self.notes],
        }


class Covered:
    """The time in which at least one of several overlapping things was under way."""

    def __init__(self) -> None:
        self.total = 0.0
        self.count = 0
        self.since = 0.0

    def begin(self, at: float) -> None:
        """One more is under way."""
        if self.count == 0:
            self.since = at
        self.count += 1

    def end(self, at: float) -> None:
        """One less is under way."""
        self.count -= 1
        if self.count == 0:
            self.total += max(0.0, at - self.since)

    def until(self, now: float) -> float:
        """The time so far."""
        return self.total + (max(0.0, now - self.since) if self.count else 0.0)


def tip(r: dict[str, JSON]) -> str:
    """A bar in one line."""
    if r["n"] > 1:
        return f"{r['n']} {r['kind']} steps"
    lasted = "under way" if r["end"] is None else seconds(r["end"] - r["start"])
    facts = [
        r["kind"],
        r["label"],
        lasted,
        r["status"],
        "reused, 0 paid" if r["reused"] else "",
        r["detail"],
    ]
    return " · ".join(f for f in facts if f)


def rectangle(bar: Bar) -> dict[str, JSON]:
    """A bar alone, as `tip` takes it."""
    return {**dict(zip(BAR_FIELDS, bar.data(), strict=True)), "n": 1}
