"""The board view: what each replica holds of each key, who wrote it, and what went wrong."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

from agentkit.events import Event, Noted, StepEnded
from agentkit.messages import JSON
from agentkit.views.book import YOU, News
from agentkit.views.fold import Fold
from agentkit.views.phrases import short
from memory.board.notes import (
    BoardNote,
    LostUpdate,
    Merged,
    Redirected,
    SiblingsKept,
    StaleRead,
    WriteRefused,
)

NAMES = {
    WriteRefused.topic: ("conflict", "conflicts"),
    LostUpdate.topic: ("lost update", "lost updates"),
    StaleRead.topic: ("stale read", "stale reads"),
    SiblingsKept.topic: ("pair of siblings", "pairs of siblings"),
    Merged.topic: ("merge", "merges"),
    Redirected.topic: ("redirected read", "redirected reads"),
}
"""What can go wrong: one of it, several."""

LAST = 60
"""Troubles that are kept."""


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A value of a key, as a replica holds it."""

    value: JSON
    version: str
    """Its number, clock or time, as people read it."""
    who: str = ""
    at: float | None = None
    """Unix time in seconds of the write."""
    based_on: str = ""
    """The version that its writer knew."""


@dataclass(slots=True)
class ShownReplica:
    """What one replica holds."""

    name: str
    keys: dict[str, list[ShownVersion]] = field(default_factory=dict)
    """Versions by key; several are siblings."""
    behind: int = 0
    """Writes that it has not seen."""
    state: str = ""
    """What is wrong with its network: cut off, delayed."""


@dataclass(slots=True)
class Trouble:
    """A conflict, a lost update or a stale read."""

    n: int
    topic: str
    who: str
    told: str


class Replicas(Fold):
    """A board on its replicas.

    Args:
        name: the board's.
        said: its consistency, in a few words.
    """

    def __init__(self, name: str, said: str = "") -> None:
        super().__init__()
        self.name, self.said = name, said
        self.replicas: list[ShownReplica] = []
        self.lost = 0
        """Updates that were lost, as the board itself counts; also those of no run."""
        self.troubles: list[Trouble] = []
        self.counts: Counter[str] = Counter()
        self.stale = True
        """Whether something was done to the board since it was looked at."""
        self.n = 0

    @property
    def wanting(self) -> bool:
        """Whether it has to be filled again to show what the replicas hold."""
        return self.stale

    def take(self, event: Event, news: News) -> None:
        if isinstance(event, StepEnded) and event.step == "memory":
            self.stale |= event.name.partition(".")[0] == self.name
        match event:
            case Noted(note=BoardNote() as note) if news != "again" and note.board == self.name:
                self.n += 1
                self.counts[note.topic] += 1
                who = self.book.path(event) or YOU
                self.troubles.append(Trouble(self.n, note.topic, who, told(note)))
                del self.troubles[:-LAST]

    def fill(self, replicas: list[ShownReplica], lost: int = 0) -> None:
        """Say what the replicas hold, and how many updates were lost."""
        self.replicas, self.lost = replicas, lost
        self.changes.rev += 1

    def data(self, since: int = 0) -> dict[str, JSON]:
        """The board as JSON; it is small, so changes are not told apart."""
        keys = sorted({key for one in self.replicas for key in one.keys})
        return {
            "rev": self.rev,
            "name": self.name,
            "said": self.said,
            "replicas": [
                {"name": one.name, "behind": one.behind, "state": one.state}
                for one in self.replicas
            ],
            "keys": [self.row(key) for key in keys],
            "counts": {topic: self.counts[topic] for topic in NAMES if self.counts[topic]},
            "troubles": [
                {"n": one.n, "topic": one.topic, "who": one.who, "told": one.told}
                for one in self.troubles
            ],
            "headline": self.headline(),
            "live": self.live,
        }

    def row(self, key: str) -> dict[str, JSON]:
        """A key as JSON: a cell for each replica; equal versions have one tone."""
        tones: dict[str, int] = {}
        cells = []
        for replica in self.replicas:
            versions = []
            for one in replica.keys.get(key, []):
                tone = tones.setdefault(one.version, len(tones))
                versions.append(
                    {
                        "value": plain(one.value),
                        "version": one.version,
                        "who": one.who,
                        "at": one.at,
                        "based_on": one.based_on,
                        "tone": tone,
                    }
                )
            cells.append(versions)
        return {"key": key, "cells": cells}

    def headline(self) -> str:
        """How it stands, in a line."""
        count = len({key for one in self.replicas for key in one.keys})
        facts = [f"{count} {'key' if count == 1 else 'keys'}"]
        if len(self.replicas) > 1:
            behind = [one.name for one in self.replicas if one.behind]
            facts.append(f"{len(self.replicas)} replicas")
            facts.append(f"{', '.join(behind)} behind" if behind else "all up to date")
        counts = {"lost_update": self.lost, **self.counts}
        counts["lost_update"] = max(counts["lost_update"], self.lost)
        facts += [f"{n} {NAMES[topic][n != 1]}" for topic, n in counts.items() if n]
        return " · ".join([*facts, *([self.said] if self.said else [])])


def plain(value: JSON) -> str:
    """A value as people read it: text as it is, all else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def told(note: BoardNote) -> str:
    """What went wrong, in words."""
    about = f"{note.key}: " if note.key else ""
    match note:
        case WriteRefused():
            why = note.told or "another write came before"
            return f"{about}a write was refused: {short(why, 160)}"
        case LostUpdate():
            who, winner = note.by or "somebody", note.winner_by
            by = "a later write" if winner is None else winner
            by = f"another {winner}" if winner == who else by
            return f"{about}{who} wrote {brief(note.value)}, and {by} overwrote it unseen"
        case StaleRead():
            return f"{about}an old value was read: {brief(note.value)}, {note.behind} behind"
        case SiblingsKept():
            values = " | ".join(brief(one.get("value"), 40) for one in note.versions)
            return f"{about}writes that did not know of each other are kept: {values}"
        case Merged():
            return f"{about}siblings were merged: {' | '.join(brief(v, 40) for v in note.values)}"
        case Redirected():
            places = f" from {note.before}" if note.before else ""
            return f"{about}a read was sent{places} to {note.replica or 'another replica'}"
    return f"{about}{note.topic}"


def brief(value: JSON, length: int = 60) -> str:
    """A value in a sentence."""
    return short(plain(value), length)
