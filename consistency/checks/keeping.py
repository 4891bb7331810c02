"""Nothing is lost in silence, everything arrives, replicas agree, and a lag is told as it is."""

from __future__ import annotations

from collections import Counter

from consistency.checks.seeing import Sight
from consistency.history import History, Op


def eventual(history: History, consistency: str) -> list[str]:
    """Eventual consistency (Vogels 2009): when all is delivered, all replicas have the same values.

    And in every process: a read in one is not older than a write in another.
    """
    found = []
    values: dict[str, set[str]] = {}
    for (_process, _replica, key), value in history.final.items():
        values.setdefault(key, set()).add(repr(value))
    found += [f"eventual: {key} is {sorted(seen)} in the end" for key, seen in values.items()
              if len(seen) > 1]  # fmt: skip
    found += [f"eventual: {op.id} is behind in the end" for op in history.ops
              if op.final and op.behind]  # fmt: skip
    return found


def nothing_lost(history: History, consistency: str) -> list[str]:
    """Each write stands in the end, or somebody replaced it who had seen it, or it is counted."""
    sight = Sight(history, consistency)
    ends = {op.key: op for op in history.ops if op.final and op.f == "read"}
    found = []
    for op in history.ops:
        if op.ok and op.writes and op.id not in sight.number:
            found.append(
                f"lost: {op.id} was told to have happened, and the board has no such write"
            )
    for op in sight.happened(history.ops):
        if op.type == "fail":
            found.append(f"lost: {op.id} was told to have failed, and it happened")
        if op.key in ends and not _kept(op.id, sight, ends[op.key].id, history):
            found.append(f"lost: {op.id} is gone without a word")
    for n in sorted(history.lost):
        fact = history.facts[n]
        end = ends.get(fact.key)
        if consistency == "crdt" and end and fact.op in sight.read_from(end):
            found.append(f"lost: {fact.op} is counted as lost, and it is there")
    return found


def _kept(write: int, sight: Sight, end: int, history: History) -> bool:
    read = next(op for op in history.ops if op.id == end)
    mine = sight.number[write]
    if mine in history.lost:
        return True
    if sight.consistency == "crdt":
        return sight.shows(read, write) or _replaced(write, sight, history)
    standing = [sight.number[one] for one in sight.read_from(read) if one in sight.number]
    # Who replaced it had seen it: directly, or through a write that is counted itself.
    return mine in standing or mine in history.ancestors([*standing, *history.lost])


def _replaced(write: int, sight: Sight, history: History) -> bool:
    """Say whether somebody who knew a write of a CRDT's register wrote over it."""
    fact = history.facts[sight.number[write]]
    return fact.key[0] in "nr" and any(
        fact.n in history.ancestors([other.n])
        for other in history.facts.values()
        if other.key == fact.key
    )


def atomic(history: History, consistency: str) -> list[str]:
    """No update is lost where a write is refused that was not based on the newest version."""
    found = []
    for key in history.keys:
        made = Counter(repr(op.expect) for op in history.of_key(key) if op.ok and op.writes)
        found += [f"atomic: {count} writes of {key} follow from {value}"
                  for value, count in made.items() if count > 1]  # fmt: skip
    return found


def truthful(history: History, consistency: str) -> list[str]:
    """A read that is told to be behind nothing shows every write that had ended before it began."""
    sight = Sight(history, consistency)
    found = []
    for read in history.ops:
        if read.f != "read" or not read.ok:
            continue
        before = [op for op in history.of_key(read.key) if op.ok and op.writes]
        missed = [op.id for op in before if op.end < read.start and op.id in sight.number
                  and not _seen(sight, read, op.id, consistency)]  # fmt: skip
        if missed and not read.behind:
            found.append(f"truthful: {read.id} is behind {missed} and does not say so")
    return found


def _seen(sight: Sight, read: Op, write: int, consistency: str) -> bool:
    if consistency == "crdt" and (
        sight.number[write] in sight.history.lost or _replaced(write, sight, sight.history)
    ):
        return True
    return sight.shows(read, write)


def once(history: History, consistency: str) -> list[str]:
    """No write stands twice in a value."""
    found = []
    for op in history.ops:
        if op.ok and op.f in ("read", "value") and isinstance(op.value, list | str):
            values = op.value if isinstance(op.value, list) else list(members_in_order(op.value))
            if len(values) != len(set(map(repr, values))):
                found.append(f"once: {op.id} shows a write twice: {op.value!r}")
    return found


def members_in_order(text: str) -> list[int]:
    """Return the writes whose words a text has, repeated ones too."""
    return [int(one[1:]) for one in text.split(";") if one[1:].isdigit()]
