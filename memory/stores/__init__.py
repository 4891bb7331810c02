"""Stores of items with vectors: one contract, kept by Chroma and by numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from pydantic import Field

from agentkit.messages import Frozen, built
from memory.stores.fact import NOTHING, Fact, parted

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
    metadata: dict[str, Scalar] = Field(default_factory=dict)
    fact: Fact = Field(default_factory=lambda: NOTHING)
    """Who stored it, when, and how long it holds, where the memory keeps that."""

    def told(self) -> Item:
        """As a memory tells of it: what is known of it apart from its metadata."""
        given, fact = parted(self.metadata)
        if fact is NOTHING:
            return self
        return built(Item, {"id": self.id, "text": self.text, "metadata": given, "fact": fact})

    def kept(self) -> Item:
        """As a store keeps it: what is known of it within its metadata."""
        metadata = {**self.metadata, **self.fact.metadata()}
        return self.model_copy(update={"metadata": metadata, "fact": NOTHING})

    def __repr__(self) -> str:
        about = f", {self.metadata}" if self.metadata else ""
        return f"Item({self.id!r}, {shortened(self.text)!r}{about})"


def shortened(text: str) -> str:
    """Cut a text to what a list of many shows of it."""
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


class Near(Frozen):
    """An item and how near it is."""

    item: Item
    similarity: float
    """Cosine, -1 to 1."""


class Store(Protocol):
    """A collection of items by id. Every method raises StoreError when the store fails."""

    kind: str
    """What stores them, such as "chroma" or "numpy"."""

    async def put(self, items: Sequence[Item], vectors: np.ndarray) -> None:
        """Insert or replace by id, all or none.

        Args:
            items: with ids of the caller's; an equal one is replaced and keeps its place in order.
            vectors: one for each item.

        Raises:
            BadVector: a wrong size, NaN or infinity. StoreFull, StoreTaken: as they say.
        Shapes: vectors (items, dims), float32.
        """
        ...

    async def get(self, ids: Sequence[str] | None = None, where: Where | None = None) -> list[Item]:
        """Return items by id and filter, oldest first; all of them without either.

        Args:
            ids: those wanted; one that is not there is left out.
            where: a filter over metadata, such as {"kind": "rule"} or {"n": {"$gt": 3}}.
        """
        ...

    async def near(self, vector: np.ndarray, k: int, where: Where | None = None) -> list[Near]:
        """Return the k items nearest by cosine, nearest first.

        Args:
            vector: what is compared with; one of zeros is near nothing.
            k: how many at most; none below 1.
            where: a filter over metadata; see `get`.

        Raises:
            BadVector: a wrong size, NaN or infinity.
        Shapes: vector (dims,).
        """
        ...

    async def vectors(self, ids: Sequence[str]) -> np.ndarray:
        """Return the vectors of these items, in this order.

        Raises:
            StoreError: an id that is not there.
        Shapes: float32, (ids, dims).
        """
        ...

    async def drop(self, ids: Sequence[str]) -> int:
        """Remove items by id; return how many there were."""
        ...

    async def erase(self, ids: Sequence[str]) -> tuple[int, tuple[str, ...]]:
        """Remove items so that no byte of them is left, nor of what was dropped or replaced before.

        Returns:
            How many there were, and where something may be left, in words.
        Cost: that of the whole collection or file.
        """
        ...

    async def changes(self, since: object = None) -> tuple[object, Sequence[str] | None]:
        """Tell what was put or dropped since a mark, by whomever.

        Returns:
            A mark for the next time, and ids; None instead of them where anything may have changed,
            as it may without a mark.
        """
        ...

    async def count(self) -> int:
        """Count the items."""
        ...

    async def close(self) -> None:
        """Close files and connections."""
        ...
