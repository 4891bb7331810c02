"""Snapshots of shared state: when one is due, what it holds, and the state that they come to.

One holds the whole state, or what changed since the one before it, as levels of a log-structured
merge tree do (O'Neil et al. 1996). Changes are enough where a state grows: then few events follow
the last snapshot, and all of them hold everything about once. They are packed, and take less room
than half of the events do.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic_core import to_json

from agentkit.errors import LogCorrupt
from agentkit.logs.packing import FIELD, packed, unpacked
from agentkit.messages import JSON, canonical

AFTER = "after"
"""The field of a snapshot of changes: seq of the snapshot before it."""

SPARSE, PART = 2, 1 / 2
"""The events since the last whole snapshot have so many times the size of the next one, packed, and
that part of the size of the state."""

PIECE = 1 / 8
"""The events since the last snapshot of any kind have that part of the size of all of them."""

T = TypeVar("T")


@dataclass(frozen=True)
class SnapshotForm(Generic[T]):
    """How a state is written down."""

    save: Callable[[T], JSON]
    """The JSON of a state; it is written at once, and may be the state itself."""
    load: Callable[[JSON], T]
    """The state of such a JSON, which it may keep."""
    part: Callable[[T, int], JSON] | None = None
    """The JSON of what changed after the event with a seq; None where all is to be saved."""
    join: Callable[[T, JSON], T] | None = None
    """The state of that event, changed so."""

    def after(self, state: T, snapshot: Any) -> T:
        """The state that a snapshot tells of, given the one at the snapshot before it."""
        if AFTER in snapshot and self.join is not None:
            return self.join(state, saved_in(snapshot))
        return self.load(saved_in(snapshot))


class Due(Generic[T]):
    """Says when a snapshot of a stream is due."""

    def __init__(self, form: SnapshotForm[T]) -> None:
        self.form = form
        self.reset()

    def reset(self) -> None:
        """Know of nothing."""
        self.last = 0
        """Seq of the last snapshot."""
        self.since = 0
        """Bytes of the events after it."""
        self.unspent = 0
        """Bytes of the events since the last whole one, without what those of changes cost."""
        self.due = 0
        """Of these, how many there are before the next whole one."""
        self.whole = 0
        """Bytes of the last whole one and of those after it."""
        self._later = 0

    def take(self, value: JSON) -> None:
        """An event was added."""
        n = size(value)
        self.since += n
        self.unspent += n

    def stands(self, seq: int, snapshot: Any) -> None:
        """There is a snapshot."""
        self.last, self.since, self._later = seq, 0, 0
        if AFTER in snapshot:
            self.whole += snapshot["size"]
            self.unspent = max(0, self.unspent - cost(snapshot))
        else:
            self.due, self.unspent = due_of(snapshot), 0
            self.whole = snapshot["size"] if FIELD in snapshot else size(snapshot["state"])

    def made(self, state: T, keys: dict[str, int], most: int) -> dict[str, JSON] | None:
        """Make one if it is due.

        Args:
            state: now.
            keys: of the newest steps; all would make each larger than the one before, for ever.
            most: how many of them it carries.
        """
        if self.since < max(PIECE * self.whole, self._later):
            return None
        return self._changes(state, keys, most) or self._whole(state, keys, most)

    def _changes(self, state: T, keys: dict[str, int], most: int) -> dict[str, JSON] | None:
        some = self.form.part(state, self.last) if self.last and self.form.part else None
        if some is None:
            return None
        text, whole = packed(some)
        new = {key: seq for key, seq in [*keys.items()][-most:] if seq > self.last}
        found: dict[str, JSON] = {FIELD: text, "size": whole, AFTER: self.last, "keys": new}
        if cost(found) <= self.unspent:
            return found
        # What does not pack is not packed again with each of the next events.
        self._later = 2 * self.since
        return None

    def _whole(self, state: T, keys: dict[str, int], most: int) -> dict[str, JSON] | None:
        if self.unspent < self.due:
            return None
        text, whole = packed(self.form.save(state))
        # A state that grew with its events is looked at again when it has grown by much.
        self.due = due(text, whole)
        if self.unspent < self.due:
            return None
        return {FIELD: text, "size": whole, "keys": dict([*keys.items()][-most:])}


def cost(snapshot: Any) -> int:
    """How many bytes of events one of changes needs."""
    return SPARSE * (len(snapshot[FIELD]) + size(snapshot["keys"]))


def due(text: str, whole: int) -> int:
    """How much the events must have before another snapshot, by this one: packed, and its size."""
    return max(SPARSE * len(text), int(PART * whole))


def due_of(snapshot: Any) -> int:
    """The same by a snapshot in the log; older ones are not packed."""
    if FIELD in snapshot:
        return due(snapshot[FIELD], snapshot["size"])
    return SPARSE * size(snapshot["state"])


def saved_in(snapshot: Any) -> JSON:
    """What a snapshot holds, as JSON of its own.

    Raises:
        LogCorrupt: it was altered.
    """
    if FIELD not in snapshot:
        return copy.deepcopy(snapshot["state"])
    try:
        return unpacked(snapshot[FIELD])
    except (ValueError, RecursionError) as error:
        raise LogCorrupt(
            f"A snapshot of a shared state cannot be read: {error}.",
            todo="check the file with `agentkit log verify`",
        ) from error


def size(value: JSON) -> int:
    """Count the bytes of a value as the log keeps it."""
    try:
        return len(to_json(value))
    except ValueError:
        return len(canonical(value))
