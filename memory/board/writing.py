"""What a write becomes: its event, with all that its consistency asks for, or a refusal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agentkit.messages import JSON
from memory.board.core import BoardCore
from memory.board.patching import patch
from memory.board.policies import clock_of
from memory.board.state import WRITTEN, BoardState
from memory.board.versions import GIVEN, PATCH, Version, told, unsaid
from memory.errors import Conflict
from memory.snapshots import size

NOTHING_READ = (None,)
"""What a writer knows of a key who never read it."""


@dataclass(frozen=True)
class Draft:
    """A write before it is one."""

    replica: str
    """Which takes it."""
    key: str
    value: JSON
    by: str
    """Path of the writer."""
    based_on: tuple[int, ...]
    """Numbers of the versions that the writer had read."""
    known: tuple[JSON] | None = None
    """Of a CRDT, the value that the writer had read; None for a blind write, which replaces
    whatever is there."""
    after: frozenset[int] = frozenset()
    """Numbers of the writes that it must come after on every replica."""
    later_than: float = -math.inf
    """Clock time of the newest of these: the write is ordered after it, whatever the clock says."""


def decision(board: BoardCore, draft: Draft) -> Callable[[BoardState], tuple[str, JSON]]:
    """Make the function that turns a write into its event, or refuses it, given the state."""

    def decide(state: BoardState) -> tuple[str, JSON]:
        held = state.held[draft.replica].get(draft.key, ())
        now = board.journal.now
        version = _version(board, state, draft, now)
        if board.consistency == "cas" and draft.based_on != tuple(one.n for one in held):
            raise conflict_of(board, state, version)
        if board.consistency == "vector":
            count = state.counts.get(draft.key, {}).get(draft.replica, 0) + 1
            clock = clock_of(
                versions(board, state, draft.key, draft.based_on), draft.replica, count
            )
            version = version.model_copy(update={"clock": clock})
        if board.consistency == "crdt" and state.merges:
            return WRITTEN, told(_changed(state, draft, version, held, board), now, ["value"])
        if board.consistency == "crdt":
            value = _merged(board, state, draft, version, held)
            over = _unseen(state, draft, value, held)
            rest = told(version.model_copy(update={"over": over}), now, ["value", "replica"])
            return WRITTEN, {**rest, **_difference(state, draft, value, held)}
        return WRITTEN, told(version, now, left_out(state, version))

    return decide


def left_out(state: BoardState, version: Version) -> list[str]:
    """What goes without saying of a write on one replica."""
    if len(state.replicas) > 1:
        return []
    said = {"replica": version.replica, "clock": version.clock}
    return [
        name
        for name, one in unsaid(state.consistency, version.replica).items()
        if said[name] == one
    ]


def _version(board: BoardCore, state: BoardState, draft: Draft, decided: float) -> Version:
    now = decided + board.network.links[draft.replica].skew_s
    # A hybrid clock (Kulkarni et al. 2014): time, but never before what the writer has seen.
    if now <= draft.later_than:
        now = math.nextafter(draft.later_than, math.inf)
    return Version(
        n=0,
        key=draft.key,
        value=draft.value,
        by=draft.by,
        at=now,
        replica=draft.replica,
        based_on=draft.based_on,
        # The clock of a CRDT's write says that, and more.
        after=()
        if board.consistency == "crdt"
        else tuple(sorted(n for n in draft.after if state.travelling(n))),
    )


def _merged(
    board: BoardCore, state: BoardState, draft: Draft, version: Version, held: Sequence[Version]
) -> JSON:
    """Return what a key of a CRDT has by a write: of what stands there, what it did not touch.

    Raises:
        Conflict: that cannot be said.
    """
    from memory.board.merging import Concurrent, merged

    now, value = state.value(draft.replica, draft.key), draft.value
    if draft.known is None and draft.based_on not in ((), tuple(one.n for one in held)):
        # What the writer says to have read, and this session did not, is not there any more.
        raise conflict_of(board, state, version)
    if draft.known is not None:
        # What stands there was never read: it cannot be told what of it is meant to stay.
        if draft.known == NOTHING_READ and isinstance(now, str) and now != value:
            raise conflict_of(board, state, version)
        try:
            return merged(draft.known[0], now, value)
        except Concurrent:
            raise conflict_of(board, state, version) from None
    return value


def _unseen(
    state: BoardState, draft: Draft, value: JSON, held: Sequence[Version]
) -> tuple[int, ...]:
    """The writes that a blind one replaces by another value without having seen them."""
    if draft.known is not None or state.value(draft.replica, draft.key) == value:
        return ()
    return tuple(one.n for one in held if one.n not in draft.based_on)


def _difference(
    state: BoardState, draft: Draft, value: JSON, held: Sequence[Version]
) -> dict[str, JSON]:
    """The value of a key as its event has it: what changes it, where that is shorter."""
    if held:
        changes: JSON = patch(state.value(draft.replica, draft.key), value)
        if size(changes) < size(value):
            return {PATCH: changes}
    return {GIVEN: value}


def _changed(
    state: BoardState, draft: Draft, version: Version, held: Sequence[Version], board: BoardCore
) -> Version:
    """Change the document of a replica, and say how in the version.

    The event that is made of it changes the document again, which comes to nothing: so no
    copy of it is needed. An event that is not stored takes the whole state back.
    """
    from memory.board.crdt import ChangedPlaces, change

    clock = {**state.taken[draft.replica]}
    clock[draft.replica] = clock.get(draft.replica, 0) + 1
    value = _merged(board, state, draft, version, held)
    over, places = _unseen(state, draft, value, held), ChangedPlaces()
    told = {
        "update": change(state.docs[draft.replica], draft.key, value, places),
        "clock": clock,
        "sets": tuple(places.sets),
        "edits": tuple(places.edits),
        "over": over,
    }
    return version.model_copy(update=told)


def versions(board: BoardCore, state: BoardState, key: str, ns: tuple[int, ...]) -> list[Version]:
    """Find versions by number: mostly some replica still holds them, else the log has them."""
    held = {one.n: one for keys in state.held.values() for one in keys.get(key, ())}
    if all(n in held for n in ns):
        return [held[n] for n in ns]
    return [one for one in board.history(key) if one.n in ns]


def conflict_of(board: BoardCore, state: BoardState, version: Version) -> Conflict:
    """Make the error for a write that is not based on the newest version."""
    held = state.held[version.replica].get(version.key, ())
    now = held[-1] if held else None
    value = state.value(version.replica, version.key)
    told = f"{value!r}, version {now.n}, by {now.by}" if now else "nothing"
    based = f"version {version.based_on[-1]}" if version.based_on else "nothing read before"
    return Conflict(
        f"{version.key} on {board.name} is {told}; the write was based on {based}.",
        expected="a write based on the newest version",
        todo="read it again, and write what follows from that",
        key=version.key,
        newest=now.n if now else None,
    )
