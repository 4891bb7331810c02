"""Causal consistency: whatever happened before an operation is visible to it.

Ahamad et al. 1995; in the terms of Viotti and Vukolić 2016 happens-before, which is the closure of
session order and visibility, is acyclic and contained in visibility. It is what all four guarantees
of a session come to, where every session has them (Brzeziński, Sobaniec and Wawrzyniak 2004).
"""

from __future__ import annotations

from consistency.checks.seeing import Sight
from consistency.history import History, Op


def causal(history: History, consistency: str) -> list[str]:
    """Find the reads that do not show what happened before them."""
    sight = Sight(history, consistency)
    by_id = {op.id: op for op in history.ops}
    past: dict[int, set[int]] = {}
    found: list[str] = []

    def before(op: Op, on_way: frozenset[int]) -> set[int]:
        """Return the writes that happened before an operation."""
        if op.id in past:
            return past[op.id]
        if op.id in on_way:
            found.append(f"causal: {op.id} happens before itself")
            return set()
        way = on_way | {op.id}
        known: set[int] = set()
        for one in previous.get(op.id, ()):
            known |= before(one, way) | ({one.id} if one.writes else set())
        # A write was told of what it changed; a write of a CRDT repeats what it knew.
        for write in sight.read_from(op) - {op.id} if op.f in ("read", "update") else ():
            if write in by_id:
                known |= before(by_id[write], way) | {write}
        past[op.id] = known
        return known

    previous: dict[int, list[Op]] = {}
    for ops in history.sessions():
        sure = [op for op in ops if op.ok or op.id in sight.number]
        for one, other in zip(sure, sure[1:], strict=False):
            previous[other.id] = [one]
    for op in history.ops:
        if op.f == "read" and op.ok and not op.final:
            found += [
                f"causal: {op.id} does not show {write}, which happened before it"
                for write in sorted(before(op, frozenset()))
                if by_id[write].key == op.key and not sight.shows(op, write)
            ]
    return found
