"""Stores of items with vectors: one contract, behind it Chroma or numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from agentkit.messages import Frozen

if TYPE_CHECKING:
    import numpy as np

Scalar = str | int | float | bool

Where = dict[str, object]
"""A filter over metadata as Chroma writes it: {"port": "Amber"}, {"tonnes": {"$gt": 3}},
{"$and": [...]}, {"$or": [...]}; operators $eq $ne $gt $gte $lt $lte $in $nin."""


SHOWN = 100
"""Characters of a text that a repr shows; the text itself is whole."""


class Item(Frozen):
    """One thing remembered."""

    id: str
    text: str
    metadata: dict[str, Scalar] = {}

    def __repr__(self) -> str:
        about = f", {self.metadata}" if self.metadata else ""
        return f"Item({self.id!r}, {shortened(self.text)!r}{about})"


def shortened(text: str) -> str:
    """A text as a list of many shows it."""
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


class Near(Frozen):
    """An item and how near it is."""

    item: Item
    similarity: float
    """Cosine, -1 to 1."""


class Store(Protocol):
    """A collection of items by id. Every method raises StoreError when the store fails."""

    kind: str
    """What is behind it, such as "chroma" or "numpy"."""

    async def put(self, items: Sequence[Item], vectors: np.ndarray) -> None:
        """Insert or replace by id, all or none.

        Raises:
            BadVector: a wrong size, NaN or infinity. StoreFull, StoreTaken: as they say.
        """
        ...

    async def get(self, ids: Sequence[str] | None = None, where: Where | None = None) -> list[Item]:
        """Items by id and filter, oldest first; all of them without either."""
        ...

    async def near(self, vector: np.ndarray, k: int, where: Where | None = None) -> list[Near]:
        """The k items nearest by cosine, nearest first."""
        ...

    async def vectors(self, ids: Sequence[str]) -> np.ndarray:
        """The vectors of these items, in this order: float32, (ids, dims)."""
        ...

    async def drop(self, ids: Sequence[str]) -> int:
        """Remove items; returns how many there were."""
        ...

    async def count(self) -> int:
        """How many items there are."""
        ...

    async def close(self) -> None:
        """Give files and connections back."""
        ...
