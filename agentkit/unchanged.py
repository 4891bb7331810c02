"""Whether what something was worked out from is still the same, told without looking into it.

Of every value that can change it is kept what stood in it then. Later the same objects must
stand there; of objects that are not looked into only the class counts, so they are not held.
"""

from __future__ import annotations

import enum
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from operator import is_
from typing import Any, NamedTuple

TABLES = (list, dict, set, OrderedDict, defaultdict, Counter)
"""Whose items tell all of them, because no user's method says what they are."""

Parts = Callable[[Any], Sequence[Any]]
"""What stands in a value now."""


class Opaque(NamedTuple):
    """Stands for an object that is not looked into."""

    kind: type


class Snapshot:
    """What was looked at, with what stood in it."""

    def __init__(self, opaque: Callable[[type], bool]) -> None:
        """Make one; `opaque` tells of which classes the objects are not looked into."""
        self.sure = True
        """Whether all of it can be compared."""
        self._opaque = opaque
        self._kinds = dict[type, Opaque | None]()
        self._kept: dict[tuple[Parts, int], tuple[Any, list[Any]]] = {}
        self._made: dict[tuple[Parts, int], tuple[Any, Sequence[Any]]] = {}

    def take(self, parts: Parts, value: Any) -> None:
        """Keep what stands in a value."""
        if (parts, id(value)) not in self._kept:
            then = [self._kind_of(one) or one for one in parts(value)]
            self._kept[parts, id(value)] = value, then

    def take_made(self, parts: Parts, value: Any) -> None:
        """Keep what a value tells of itself, in tables that it makes anew each time."""
        if (parts, id(value)) not in self._made:
            self._made[parts, id(value)] = value, parts(value)

    def _kind_of(self, value: Any) -> Opaque | None:
        """What stands for an object that is not looked into; None for one that is."""
        kind = type(value)
        if kind not in self._kinds:
            self._kinds[kind] = Opaque(kind) if self._opaque(kind) else None
        # A proxy is what it says it is, and may say otherwise later.
        return self._kinds[kind] if value.__class__ is kind else None

    def take_table(self, value: Any) -> None:
        """Keep the items of a list, dict or set, where they can change."""
        kind = type(value)
        if kind in TABLES:
            self.take(items, value)
        elif not any(
            isinstance(value, one) and kind.__iter__ is one.__iter__ for one in (tuple, frozenset)
        ):
            self.sure = False

    def take_constant(self, value: Any) -> None:
        """Keep the tables and enumerations within a constant."""
        if isinstance(value, enum.Enum):
            self.take(member_says, value)
            self.take_constant(value.value)
        elif isinstance(value, tuple | list | set | frozenset | dict):
            self.take_table(value)
            for one in items(value):
                self.take_constant(one)

    def same(self) -> bool:
        """Whether the same stands in all of it."""
        if not self.sure:
            return False
        for (parts, _), (one, then) in self._kept.items():
            if not alike(then, parts(one)):
                return False
        return all(alike_anew(then, parts(one)) for (parts, _), (one, then) in self._made.items())


def items(table: Any) -> Sequence[Any]:
    """What stands in a table."""
    if isinstance(table, dict):
        return *table, *table.values()
    return table if isinstance(table, list | tuple) else tuple(table)


def member_says(one: enum.Enum) -> Sequence[Any]:
    """What a member of an enumeration says."""
    return one.name, one.value


def alike(then: Sequence[Any], now: Sequence[Any]) -> bool:
    """Whether the same objects stand in both."""
    return len(then) == len(now) and (all(map(is_, then, now)) or all(map(alike_one, then, now)))


def alike_one(then: Any, now: Any) -> bool:
    """Whether both are one object, or objects of one class that are not looked into."""
    return then is now or (type(then) is Opaque and then.kind is type(now))


def alike_anew(then: Sequence[Any], now: Sequence[Any]) -> bool:
    """The same of what is made anew each time, in tables of tables."""
    return len(then) == len(now) and all(map(alike_table, then, now))


def alike_table(then: Any, now: Any) -> bool:
    """Whether both are one object, or tables of the same objects."""
    if then is now:
        return True
    kind = type(then)
    return kind is type(now) and kind in (tuple, list, dict) and alike_anew(items(then), items(now))
