"""The memory map: what is stored, and each recall with what it found and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentkit.context import Remembered
from agentkit.events import Event, Noted, StepEnded
from agentkit.messages import JSON
from agentkit.views.book import YOU, News
from agentkit.views.fold import Fold
from agentkit.views.phrases import short
from memory.stores import Item
from memory.views.projection import Point

LAST = 30
"""Recalls that are kept."""

LONG = 240
"""Characters of an item's text that the map carries; the rest is asked for."""

READS = ("recall", "count", "items", "read", "get")
"""Verbs of steps after which the same is stored as before."""


@dataclass(slots=True)
class Recall:
    """One search, and what it found."""

    n: int
    query: str
    who: str
    key: tuple[str, str]
    """The run and the activation."""
    hits: list[dict[str, JSON]]
    noted: bool
    """Whether the hits come from a note, which knows more of their scores than the step."""


@dataclass(slots=True)
class MapShelf:
    """What is stored, and where it stands on the map."""

    items: list[Item] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    share: float = 1.0
    """How much of the vectors' spread the map shows."""
    count: int = 0
    """How many are stored; more than are shown, when there are many."""


class MemoryMap(Fold):
    """A memory's items as points, and what was recalled of them.

    Args:
        name: the memory's.
        said: what stores it, in a few words.
        scope: whose it is; searches of another scope are not in its picture.
    """

    def __init__(self, name: str, said: str = "", scope: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.name, self.said, self.scope = name, said, dict(scope or {})
        self.shelf = MapShelf()
        self.recalls: list[Recall] = []
        self.places: dict[str, Point | None] = {}
        """Where queries stand on the map; None for those that have no place."""
        self.n = 0
        self.stale = True
        """Whether something was stored or forgotten since the shelf was filled."""

    def take(self, event: Event, news: News) -> None:
        if isinstance(event, StepEnded) and event.step == "memory" and event.status == "ok":
            memory, _, verb = event.name.partition(".")
            if memory == self.name and news == "new":
                self.stepped(event, verb)
        match event:
            case Noted(note=Remembered() as note) if news != "again" and self.concerns(note):
                hits = [hit for hit in note.hits if isinstance(hit, dict)]
                self.enter(event, str(note.query), hits)

    def concerns(self, note: Remembered) -> bool:
        """Whether it was a search of this memory, in this scope."""
        return (note.memory, note.scope) == (self.name, self.scope)

    def stepped(self, event: StepEnded, verb: str) -> None:
        """Take a step of this memory into account: a search, or a change of what is stored."""
        self.stale |= verb not in READS
        if verb != "recall" or not isinstance(event.result, list):
            return
        begun = self.book.steps.get((event.run, event.key))
        asked = event.request if begun is None else begun.request
        query = asked.get("query") if isinstance(asked, dict) else asked
        if (asked.get("scope") or {} if isinstance(asked, dict) else {}) != self.scope:
            return
        rows = [row for row in event.result if isinstance(row, dict)]
        hits = [{**row.get("item", {}), **row} for row in rows]
        self.enter(event, str(query or ""), hits)

    def enter(self, event: Event, query: str, hits: list[dict[str, JSON]]) -> None:
        """Enter a search; the note of it tells again, and better, what its step told."""
        key = (event.run, event.scope)
        last = self.recalls[-1] if self.recalls else None
        if last is not None and (last.key, last.query) == (key, query) and not last.noted:
            last.hits, last.noted = hits, True
            return
        self.n += 1
        noted = isinstance(event, Noted)
        who = self.book.path(event) or YOU
        self.recalls.append(Recall(self.n, query, who, key, hits, noted))
        del self.recalls[:-LAST]

    @property
    def wanting(self) -> bool:
        """Whether it has to be filled again to show what is stored and was searched."""
        return self.stale or any(one.query not in self.places for one in self.recalls)

    def fill(self, shelf: MapShelf, places: dict[str, Point | None]) -> None:
        """Say what is stored, and where the queries stand on that map."""
        self.shelf, self.places = shelf, places
        self.changes.rev += 1

    def data(self, since: int = 0) -> dict[str, JSON]:
        """The map as JSON; it is small, so changes are not told apart."""
        pairs = zip(self.shelf.items, self.shelf.points, strict=True)
        return {
            "rev": self.rev,
            "name": self.name,
            "said": self.said,
            "count": self.shelf.count,
            "share": self.shelf.share,
            "items": [
                {
                    "id": i.id,
                    "text": short(i.text, LONG),
                    "more": len(i.text) > LONG,
                    "at": list(at),
                    "about": i.told().metadata,
                }
                for i, at in pairs
            ],
            "recalls": [self.recalled(one) for one in self.recalls],
            "live": self.live,
        }

    def full(self, name: str) -> str | None:
        """The whole text of an item that is shown."""
        return next((one.text for one in self.shelf.items if one.id == name), None)

    def recalled(self, one: Recall) -> dict[str, JSON]:
        """A recall as JSON, its hits with the parts of their scores."""
        place = self.places.get(one.query)
        return {
            "n": one.n,
            "query": one.query,
            "who": one.who,
            "at": list(place) if place is not None else None,
            "hits": [
                {
                    "id": str(hit.get("id", "")),
                    "score": hit.get("score"),
                    "parts": parts(hit.get("parts")),
                    "text": short(str(hit.get("text", "")), 400),
                }
                for hit in one.hits
            ],
        }

    def headline(self) -> str:
        """What is stored, in a line."""
        count = self.shelf.count
        shown = len(self.shelf.items)
        facts = [f"{count} {'item' if count == 1 else 'items'}"]
        if shown < count:
            facts.append(f"{shown} of them shown")
        return " · ".join([*facts, *([self.said] if self.said else [])])


def parts(given: JSON) -> dict[str, float]:
    """The parts of a score that are numbers; of a part with several forms, what it weighed."""
    found: dict[str, float] = {}
    for name, value in (given if isinstance(given, dict) else {}).items():
        if isinstance(value, dict):
            value = next((value[k] for k in ("weighted", "scaled", "raw") if k in value), None)
        if isinstance(value, int | float):
            found[str(name)] = float(value)
    return found
