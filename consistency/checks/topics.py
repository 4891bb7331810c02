"""Whether a history of topics is one that they promise: at most once, no loss without a word."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from memory.fabrics.channels import matches


@dataclass
class Published:
    """A letter of a topic, and when it was published."""

    id: str
    publisher: int
    subject: str
    start: int
    end: float = math.inf
    """Places in the order of all that was begun and ended."""


@dataclass
class Listener:
    """Who listened to what, from when until when, and what came."""

    pattern: str
    dedup: bool = True
    pending: int = 1000
    start: int = 0
    """When it began to subscribe; then when it had."""
    begun: float = math.inf
    end: float = math.inf
    """When it began to close, after it took all that came."""
    heard: list[tuple[str, str]] = field(default_factory=list)
    """Ids and subjects, in their order."""
    missed: int = 0
    """How many it was told to have been too slow for."""

    def __str__(self) -> str:
        heard = " ".join(id for id, _ in self.heard)
        about = f"from {self.start}/{self.begun} to {self.end}, missed {self.missed}"
        return f"{self.pattern:<12} {about}: {heard}"


@dataclass
class Topics:
    """A history of topics, and what went wrong on purpose."""

    published: list[Published] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    """By subject: letters that publishers were told to be lost on their way."""
    ordered: bool = True
    """Whether nothing delays letters or lets them overtake each other."""
    told: bool = True
    """Whether each loss is told: a broker that is killed tells nobody."""
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        sent = [f"{one.start:>4}/{one.end:<4} {one.subject} {one.id}" for one in self.published]
        return "\n".join([*sent, *map(str, self.listeners), f"dropped {dict(self.dropped)}"])


def judged(history: Topics) -> list[str]:
    """Everything in a history that was not to be."""
    found = list(history.wrong)
    for one in history.listeners:
        found += [*once(history, one), *wanted(history, one), *in_order(history, one)]
        if history.told:
            found += accounted(history, one)
    return found


def once(history: Topics, listener: Listener) -> Iterator[str]:
    """What is heard was published, and with `dedup` is heard once."""
    published = {one.id: one for one in history.published}
    times = Counter(id for id, _ in listener.heard)
    for id, subject in listener.heard:
        if id not in published or published[id].subject != subject:
            yield f"invented: {id} on {subject}"
    if listener.dedup:
        yield from (f"twice: {id} came {n} times" for id, n in times.items() if n > 1)


def wanted(history: Topics, listener: Listener) -> Iterator[str]:
    """Nothing comes that was not asked for, or was published before that."""
    published = {one.id: one for one in history.published}
    for id, subject in listener.heard:
        if not matches(listener.pattern, subject):
            yield f"subject: {listener.pattern} heard {id} on {subject}"
        if id in published and published[id].end < listener.start:
            yield f"early: {id} was over before {listener.pattern} listened"


def in_order(history: Topics, listener: Listener) -> Iterator[str]:
    """What one publisher sends to one subject, one after another, comes in that order."""
    if not history.ordered:
        return
    published = {one.id: one for one in history.published}
    last: dict[tuple[int, str], int] = defaultdict(int)
    for id, _ in dict.fromkeys(listener.heard):
        if (one := published.get(id)) is None:
            continue
        if one.start < last[one.publisher, one.subject]:
            yield f"order: {id} came after a later one"
        last[one.publisher, one.subject] = one.start


def accounted(history: Topics, listener: Listener) -> Iterator[str]:
    """Whatever was published while it listened was heard, or somebody was told that it was not."""
    due = {
        one.id
        for one in history.published
        if matches(listener.pattern, one.subject)
        and listener.begun < one.start
        and one.end < listener.end
    }
    lost = due - {id for id, _ in listener.heard}
    dropped = sum(n for on, n in history.dropped.items() if matches(listener.pattern, on))
    if len(lost) > listener.missed + dropped:
        yield (
            f"silent: {listener.pattern} never heard {sorted(lost)}, and {listener.missed} +"
            f" {dropped} were told as lost"
        )
