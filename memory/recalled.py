"""What a recall found, and why; and what the log keeps of it."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from agentkit.context import Remembered
from agentkit.errors import SetupError, safe_repr
from agentkit.messages import JSON, Frozen, Thread, built
from memory.passages import before_task, passages
from memory.stores import Item, Near, Store, Where, shortened
from memory.stores.entry import worded
from memory.stores.fact import NOTHING

if TYPE_CHECKING:
    import numpy as np

SHOWN = 300
"""Characters of a text that the note of a recall keeps; the store has all of it."""


class Recalled(Frozen):
    """An item that was found, and why."""

    item: Item
    score: float
    """What it was ranked by."""
    parts: dict[str, float]
    """What the score is the sum of; of a vector memory `relevance`, the cosine, alone; of a hybrid
    search what the ranks by relevance and by words add; of a stream recency, importance and
    relevance, scaled and weighed."""

    raw: dict[str, float] = Field(default_factory=dict)
    """The parts before they were scaled and weighed, where they are."""

    @property
    def text(self) -> str:
        return self.item.text

    def row(self) -> dict[str, JSON]:
        """Return what the step of a recall records: what is not as it is by default.

        That is what `model_dump(exclude_defaults=True)` gives, in a fourth of its time.
        """
        item = self.item
        told: dict[str, JSON] = {"id": item.id, "text": item.text}
        if item.metadata:
            told["metadata"] = item.metadata
        if item.fact is not NOTHING and (fact := item.fact.said()):
            told["fact"] = fact
        row = {"item": told, "score": self.score, "parts": self.parts}
        return {**row, "raw": self.raw} if self.raw else row

    def __str__(self) -> str:
        return f"{self.score:.2f}  {self.item.text}"

    def __repr__(self) -> str:
        return f"Recalled({self.score:.2f}, {shortened(self.item.text)!r})"


def checked_query(memory: str, query: str, k: int) -> None:
    """Check what a recall was asked.

    Raises:
        SetupError: an empty query, one that is no Unicode, or k that is no number, or below 1.
    """
    if not isinstance(query, str) or not query.strip():
        raise SetupError(f"{memory} was asked to recall {safe_repr(query)}.", expected="a text")
    worded(query, memory)
    if isinstance(k, bool) or not isinstance(k, int):
        raise SetupError(f"k is {safe_repr(k)}.", expected="a whole number, 1 or more")
    if k < 1:
        raise SetupError(f"k is {k}.", expected="1 or more")


def with_recalled(thread: Thread, memory: str, hits: Sequence[Recalled]) -> Thread:
    """Put what was recalled before the task of a conversation; nothing without hits."""
    if not hits:
        return thread
    return before_task(thread, passages(memory, [hit.item for hit in hits]))


async def nearest(
    stores: Sequence[Store], vector: np.ndarray, k: int, where: Where | None
) -> list[Near]:
    """Find the k items nearest in several collections, each looked into once.

    Shapes: vector (dims,).
    """
    found = [await one.near(vector, k, where) for one in {id(one): one for one in stores}.values()]
    if len(found) == 1:
        return found[0]
    return heapq.nlargest(k, (near for some in found for near in some), key=lambda n: n.similarity)


def near_enough(found: Sequence[Near], least: float) -> list[Recalled]:
    """Return what is nearer than that, as a memory tells of it, with its cosine as score."""
    good = [one for one in found if one.similarity > least]
    told = [(one.item.told(), one.similarity) for one in good]
    return [
        built(Recalled, {"item": item, "score": score, "parts": {"relevance": score}, "raw": {}})
        for item, score in told
    ]


def noted(
    memory: str, query: str, hits: Sequence[Recalled], scope: Mapping[str, str] | None = None
) -> Remembered:
    """Return what the log keeps of a recall, for whoever asks why."""
    shown = tuple(
        {"id": h.item.id, "score": h.score, "parts": h.parts, "text": h.item.text[:SHOWN]}
        for h in hits
    )
    whose = {"scope": dict(scope)} if scope else {}
    return Remembered(memory=memory, query=query, hits=shown, untrusted=True, **whose)
