"""Which writes a read shows: visibility, as in Viotti and Vukolić 2016 (after Burckhardt 2014).

A register that keeps the last write shows a write, too, where it shows one that comes after it in
the order of arbitration; one that keeps siblings where a sibling is based on it; a CRDT shows it by
its part of the value.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from consistency.history import History, Op, tail
from consistency.writing import members


class Sight:
    """What the reads of a history show."""

    def __init__(self, history: History, consistency: str) -> None:
        self.history, self.consistency = history, consistency
        self.number = {fact.op: fact.n for fact in history.facts.values() if fact.op}
        """The number of each write that happened."""

    def values(self, op: Op) -> list[Any]:
        """Return the values that a read shows, or that a write makes: of siblings all."""
        if isinstance(op.value, dict) and set(op.value) == {"siblings"}:
            return list(op.value["siblings"])
        return [op.value]

    def read_from(self, op: Op) -> set[int]:
        """Return the writes that a read is told of itself, as operations; what it depends on."""
        if op.value is None:
            return set()
        if self.consistency == "crdt":
            return {one for value in self.values(op) for one in members(value, op.key)}
        return {one for value in self.values(op) if (one := tail(value)) is not None}

    def shows(self, read: Op, write: int) -> bool:
        """Say whether a read of its key shows a write that happened."""
        mine = self.number.get(write)
        if mine is None:
            return False
        told = self.read_from(read)
        if self.consistency == "crdt":
            return write in told
        numbers = [self.number[one] for one in told if one in self.number]
        if self.consistency == "vector":
            return mine in numbers or mine in self.history.ancestors(numbers)
        return any(self.rank(n) >= self.rank(mine) for n in numbers)

    def rank(self, n: int) -> tuple[Any, ...]:
        """Return a write's place in the order of arbitration."""
        if self.consistency == "cas":
            return (n,)
        fact = self.history.facts[n]
        return (fact.at, fact.replica, n)

    def happened(self, ops: Iterable[Op]) -> list[Op]:
        """Return the writes that happened, those included that nobody was told of."""
        return [op for op in ops if op.writes and op.id in self.number]
