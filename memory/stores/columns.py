"""Metadata in columns, so that a filter looks at all items at once."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from memory.stores import Item, Where
from memory.stores.filters import JOINS, NEGATED, kind

if TYPE_CHECKING:
    import numpy as np

KINDS = {None: 0, "boolean": 1, "number": 2, "text": 3}

EXACT = 2**53
"""From here on whole numbers are not told apart as doubles."""

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "$eq": operator.eq,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


class Inexact(Exception):
    """A number does not fit a column; the items are looked at one by one then."""


class Column:
    """One field of the metadata of all items: of each the kind of its value, and a number for it.

    Shapes: kinds, numbers (items,).
    """

    def __init__(self, name: str) -> None:
        import numpy as np

        self.name = name
        self.kinds, self.numbers = np.zeros(0, np.int8), np.zeros(0)
        self.texts: dict[str, int] = {}
        """The number that stands for a text."""

    def put(self, places: Sequence[int], items: Sequence[Item | None], count: int) -> None:
        """Take in the items at some places, of so many.

        Raises:
            Inexact: a whole number is too large.
        """
        import numpy as np

        if (missing := count - len(self.kinds)) > 0:
            spare = max(missing, len(self.kinds) // 2)
            self.kinds = np.pad(self.kinds, (0, spare))
            self.numbers = np.pad(self.numbers, (0, spare))
        values = [None if one is None else one.metadata.get(self.name) for one in items]
        self.kinds[places] = [KINDS[kind(one)] for one in values]
        self.numbers[places] = [0.0 if one is None else self.number(one) for one in values]

    def number(self, value: Any, *, known: bool = False) -> float:
        """The number that stands for a value; NaN for a text that nothing has.

        Raises:
            Inexact: a whole number is too large.
        """
        if isinstance(value, str):
            return (
                self.texts.get(value, float("nan"))
                if known
                else self.texts.setdefault(value, len(self.texts))
            )
        if isinstance(value, int) and abs(value) >= EXACT:
            raise Inexact
        return float(value)

    def fits(self, verb: str, value: Any, count: int) -> np.ndarray:
        """Which of the first so many items compare so.

        Raises:
            Inexact: a whole number is too large.
        """
        import numpy as np

        kinds, numbers = self.kinds[:count], self.numbers[:count]
        if verb in NEGATED:
            others: np.ndarray = ~self.fits(NEGATED[verb], value, count)
            return others
        if verb == "$in":
            wanted = [self.number(one, known=True) for one in value]
            found: np.ndarray = (kinds == KINDS[kind(value[0])]) & np.isin(numbers, wanted)
            return found
        compare = COMPARE[verb](numbers, self.number(value, known=True))
        found = (kinds == KINDS[kind(value)]) & compare
        return found


class Columns:
    """The columns that filters have asked for, made when they first do."""

    def __init__(self) -> None:
        self.made: dict[str, Column] = {}

    def put(self, places: Sequence[int], items: Sequence[Item], count: int) -> None:
        """Take in new items; see Column.put."""
        for column in list(self.made.values()):
            try:
                column.put(places, items, count)
            except Inexact:
                del self.made[column.name]

    def fitting(self, where: Where, items: Sequence[Item | None]) -> np.ndarray:
        """Which items a filter in its strict form fits; what is said of holes means nothing.

        Cost: that of reading a field of all items, the first time that it is asked for.

        Raises:
            Inexact: a whole number is too large.
        """
        ((name, given),) = where.items()
        if name in JOINS:
            parts: Any = given
            found, *others = (self.fitting(one, items) for one in parts)
            for one in others:
                found = found & one if name == "$and" else found | one
            return found
        ((verb, value),) = given.items()  # type: ignore[attr-defined]
        column = self.made.get(name)
        if column is None:
            column = Column(name)
            column.put(range(len(items)), items, len(items))
            self.made[name] = column
        return column.fits(verb, value, len(items))
