"""Which of several concurrent writes of a CRDT are dropped: where two set one place, one stays.

Fields, elements and characters of both are kept; but a number, a truth value, or what an object is
replaced by is a register, and of two that were set without knowledge of each other the document
keeps one. That is a last-writer-wins register, so what it drops is counted as it is on a board of
that kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agentkit.messages import JSON
from memory.board.crdt import at_place, kind_of
from memory.board.policies import builds_on
from memory.board.versions import Version

Place = tuple[str, ...]


def concurrent(one: Version, other: Version) -> bool:
    """Say whether neither of two writes knew of the other."""
    return not builds_on(one, other) and not builds_on(other, one)


def dropped(
    now: JSON, new: Version, heard: Sequence[Version], lost: Iterable[int]
) -> list[tuple[Version, Version]]:
    """Find the writes that are not in a value though nobody replaced them knowingly.

    Args:
        now: the value of the key right after the new write arrived. Whoever knew of it arrives
            later (causal delivery), so that what it set is there, or was dropped.
        new: the write that arrived.
        heard: the writes of its key that arrived before and may be concurrent with one.
        lost: numbers of writes that are counted already.

    Returns:
        Each with the write that stays instead.
    """
    gone = set(lost)
    rivals = [one for one in heard if one.n not in gone and concurrent(one, new)]
    kind, found = kind_of(now), []
    for one in rivals:
        if superseded(one, heard):
            continue
        if kind_of(one.value) != kind_of(new.value):
            found.append((one, new) if kind_of(new.value) == kind else (new, one))
        elif loser := overwritten(now, new, one):
            found.append((loser, one if loser is new else new))
    return found


def superseded(one: Version, heard: Sequence[Version]) -> bool:
    """Say whether somebody who knew a write set all places anew that it had set."""
    places = [*one.sets, *one.edits]
    return bool(places) and all(
        any(
            other.n != one.n and builds_on(other, one)
            and (kind_of(other.value) != kind_of(one.value)
                 or any(within(place, outer) for outer in other.sets))
            for other in heard
        )
        for place in places
    )  # fmt: skip


def within(place: Place, outer: Place) -> bool:
    """Say whether a place is another one, or inside of it."""
    return place[: len(outer)] == outer


def overwritten(now: JSON, new: Version, old: Version) -> Version | None:
    """Say which of two concurrent writes of one kind lost something to the other, if one did."""
    for mine in new.sets:
        for theirs in [*old.sets, *old.edits]:
            if within(theirs, mine) or (theirs in old.sets and within(mine, theirs)):
                if loser := _beaten(now, new, old, mine, theirs):
                    return loser
    # An edit of a text or list is gone where what it is in was replaced.
    edited = (mine for mine in new.edits if any(within(mine, theirs) for theirs in old.sets))
    return new if next(edited, None) is not None else None


def _beaten(now: JSON, new: Version, old: Version, mine: Place, theirs: Place) -> Version | None:
    """Say who lost where one place is in the other."""
    there = [at_place(now, place) for place in (mine, theirs)]
    given = [at_place(new.value, mine), at_place(old.value, theirs)]
    stays = [one == other for one, other in zip(there, given, strict=True)]
    if not stays[0]:
        return new
    if not stays[1]:
        return old
    # Two who gave one number mean two changes of it: one to a count, each.
    number = bool(there[0]) and kind_of(there[0][0]) == "value"
    if number and mine == theirs and isinstance(there[0][0], int | float):
        return None if isinstance(there[0][0], bool) else min(new, old, key=lambda one: one.n)
    return None
