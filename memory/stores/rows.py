"""Items and their vectors in memory, searched by numpy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from agentkit.messages import built
from memory.stores import Item, Near, Where
from memory.stores.columns import Columns, Inexact
from memory.stores.filters import fits

if TYPE_CHECKING:
    import numpy as np


class Rows:
    """The items of a collection in the order of their entry; exact, a hundred thousand at most.

    What is dropped leaves a hole, so that a drop costs no copy of the rest; when half of the
    rows are holes, they are closed.

    Shapes: matrix (capacity, dims) float32, of which the first len(items) rows count.
    """

    def __init__(self, items: Sequence[Item], matrix: np.ndarray) -> None:
        import numpy as np

        self.items: list[Item | None] = list(items)
        """None where an item was dropped."""
        self.matrix = matrix
        self.lengths = np.linalg.norm(matrix, axis=1)
        self.place = {one.id: n for n, one in enumerate(items)}
        self.columns, self.holes = Columns(), set[int]()

    def __iter__(self) -> Iterator[Item]:
        return (one for one in self.items if one is not None)

    def named(self, ids: Iterable[str]) -> list[Item]:
        """Return the items of these ids that are there, in the order of their entry."""
        places = sorted({self.place[id] for id in ids if id in self.place})
        return [one for one in (self.items[n] for n in places) if one is not None]

    def put(self, items: Sequence[Item], rows: np.ndarray) -> None:
        """Insert or replace by id."""
        import numpy as np

        for one in items:
            if one.id not in self.place:
                self.place[one.id] = len(self.items)
                self.items.append(one)
        places = [self.place[one.id] for one in items]
        for place, one in zip(places, items, strict=True):
            self.items[place] = one
        if not len(self.matrix):
            self.matrix = np.zeros((0, rows.shape[1]), np.float32)
        missing = len(self.items) - len(self.matrix)
        if missing > 0:
            # Half as many again, so that a write does not copy everything each time.
            spare = max(missing, len(self.matrix) // 2)
            self.matrix = np.pad(self.matrix, ((0, spare), (0, 0)))
            self.lengths = np.pad(self.lengths, (0, spare))
        self.columns.put(places, items, len(self.items))
        self.matrix[places] = rows
        self.lengths[places] = np.linalg.norm(rows, axis=1)

    def drop(self, ids: Iterable[str]) -> None:
        """Remove items by id.

        Cost: in proportion to how many are dropped; now and then a copy of the rest.
        """
        for id in ids:
            if (place := self.place.pop(id, None)) is not None:
                self.items[place] = None
                self.holes.add(place)
        if 2 * len(self.place) < len(self.items):
            kept = [n for n, one in enumerate(self.items) if one is not None]
            self.items = [self.items[n] for n in kept]
            self.matrix, self.lengths = self.matrix[kept], self.lengths[kept]
            self.place = {one.id: n for n, one in enumerate(self)}
            self.columns, self.holes = Columns(), set()

    def fitting(self, where: Where) -> np.ndarray:
        """Return the places of the items that a filter in its strict form fits, in their order."""
        import numpy as np

        try:
            mask = self.columns.fitting(where, self.items)
        except Inexact:
            fit = fits(where)
            fitting = (self.place[one.id] for one in self if fit(one.metadata))
            return np.fromiter(fitting, dtype=int)
        mask[list(self.holes)] = False
        return np.flatnonzero(mask)

    def at(self, places: Iterable[int]) -> list[Item]:
        """Return the items at some places."""
        return [one for one in (self.items[n] for n in places) if one is not None]

    def near(self, vector: np.ndarray, k: int, where: Where | None) -> list[Near]:
        """Return the k items nearest by cosine; equal ones in the order of their entry.

        Args:
            vector: of any length but zero.
            k: 1 or more.
            where: in its strict form.
        """
        import numpy as np

        count = len(self.items)
        matrix, lengths = self.matrix[:count], self.lengths[:count]
        places = np.arange(count)
        if where is not None:
            places = self.fitting(where)
            matrix, lengths = matrix[places], lengths[places]
        if not len(places):
            return []
        # A text without a word has no direction; its cosine is 0, not a division by zero.
        lengths = np.where(lengths == 0, np.float32(1), lengths)
        scores = (matrix @ vector) / (lengths * np.linalg.norm(vector))
        if where is None and len(self.place) < count:
            # Scored with the others, because leaving holes out would copy the matrix.
            scores[list(self.holes)] = -np.inf
        if k < len(scores):
            # All as good as the k-th, so that ties are cut by entry and not by chance.
            least = np.partition(scores, -k)[-k]
            good = np.flatnonzero(scores >= least)
            places, scores = places[good], scores[good]
        best = np.argsort(-scores, kind="stable")[:k]
        found = [(self.items[places[n]], float(scores[n])) for n in best]
        return [
            built(Near, {"item": one, "similarity": score})
            for one, score in found
            if one is not None
        ]
