"""The paging view: how full the window is, what is in it, and what was paged out and in."""

from __future__ import annotations

from dataclasses import dataclass, field

from agentkit.events import Event, Noted
from agentkit.messages import JSON
from agentkit.views.book import News
from agentkit.views.fold import Fold
from agentkit.views.phrases import short
from memory.paged.notes import Compacted, Evicted, Moved, PagedIn, Pressure, WindowNote

LEAST = 0.02
"""Share of the window below which what is not a message is not shown."""

LAST = 200
"""Moments that are kept."""


@dataclass(slots=True)
class WindowMoment:
    """The window after something happened to it."""

    n: int
    topic: str
    who: str
    used: int
    window: int
    entries: list[dict[str, JSON]]
    """What is in the window, oldest first: id, part, text, tokens."""
    told: str = ""
    """What happened, in words."""
    moved: list[dict[str, JSON]] = field(default_factory=list)
    """What was paged out or in: id, text."""
    summary: str = ""


class Paging(Fold):
    """The window of one paged memory over time.

    Args:
        name: the memory's.
        said: what stores it, in a few words.
        pressure: the share of the window at which the agent is warned; None when it is not.
    """

    def __init__(self, name: str, said: str = "", pressure: float | None = 0.7) -> None:
        super().__init__()
        self.name, self.said, self.pressure = name, said, pressure
        self.moments: list[WindowMoment] = []
        self.outside: dict[str, str] = {}
        """Text by id of what was paged out and is not back."""
        self.n = 0

    def take(self, event: Event, news: News) -> None:
        if news == "again":
            return
        match event:
            case Noted(note=WindowNote() as note) if note.memory == self.name:
                self.moments.append(self.moment(note, self.book.path(event)))
                del self.moments[:-LAST]

    def moment(self, note: WindowNote, who: str) -> WindowMoment:
        """What a note says of the window."""
        self.n += 1
        moved = list(note.moved) if isinstance(note, Moved) else []
        for one in moved:
            name = str(one.get("id", ""))
            if isinstance(note, PagedIn):
                self.outside.pop(name, None)
            else:
                self.outside[name] = str(one.get("text", ""))
        used, window = note.gauge.used, note.gauge.window
        entries = rest(list(note.entries), used, window)
        told = happened(note, len(moved))
        summary = note.summary if isinstance(note, Moved) else ""
        return WindowMoment(self.n, note.topic, who, used, window, entries, told, moved, summary)

    def data(self, since: int = 0) -> dict[str, JSON]:
        """The view as JSON; it is small, so changes are not told apart."""
        return {
            "rev": self.rev,
            "name": self.name,
            "said": self.said,
            "pressure": self.pressure,
            "moments": [
                {
                    "n": one.n,
                    "topic": one.topic,
                    "who": one.who,
                    "used": one.used,
                    "window": one.window,
                    "told": one.told,
                    "summary": short(one.summary, 1000),
                    "entries": [entry(e) for e in one.entries],
                    "moved": [entry(e) for e in one.moved],
                }
                for one in self.moments
            ],
            "outside": [{"id": i, "text": short(text)} for i, text in self.outside.items()],
            "live": self.live,
        }

    def headline(self) -> str:
        """How full it is, in a line."""
        if not self.moments:
            return "nothing has happened in the window yet"
        last = self.moments[-1]
        facts = [f"{last.used} of {last.window} tokens"]
        if self.outside:
            facts.append(f"{len(self.outside)} paged out")
        return " · ".join([*facts, *([self.said] if self.said else [])])


def rest(entries: list[dict[str, JSON]], used: int, window: int) -> list[dict[str, JSON]]:
    """The entries, and after the system text what the endpoint counted beyond them."""
    more = used - sum(entry(one)["tokens"] for one in entries)
    if more <= LEAST * window or not entries:
        return entries
    text = "the tools' descriptions, and what else the endpoint counts"
    return [*entries[:1], {"id": "", "part": "tools", "text": text, "tokens": more}, *entries[1:]]


def entry(given: dict[str, JSON]) -> dict[str, JSON]:
    """A message in the window, or one that was moved, with what is missing filled in."""
    tokens = given.get("tokens")
    part, _, block = str(given.get("part") or given.get("role") or "message").partition(": ")
    text = str(given.get("text", ""))
    return {
        "id": str(given.get("id", "")),
        "part": part,
        "text": short(f"{block}: {text}" if block else text, 200),
        "tokens": tokens if isinstance(tokens, int) else 0,
    }


def happened(note: WindowNote, count: int) -> str:
    """What a note tells, in words."""
    some = f"{count} {'message' if count == 1 else 'messages'}"
    match note:
        case Pressure():
            return "memory pressure: the agent was warned"
        case Evicted():
            return f"{some} paged out, summary renewed"
        case PagedIn():
            return f"{some} found outside and brought back"
        case Compacted():
            return f"{some} folded into the summary"
    return "the window was filled"
