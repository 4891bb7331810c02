"""What a recall found, and why; and what the log keeps of it."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.messages import JSON, Frozen
from memory.stores import Item, shortened

SHOWN = 300
"""Characters of a text that the note of a recall keeps; the store has all of it."""


class Recalled(Frozen):
    """An item that was found, and why."""

    item: Item
    score: float
    """What it was ranked by."""
    parts: dict[str, float]
    """What the score is the sum of; of a vector memory `relevance`, the cosine,
    alone; of a stream recency, importance and relevance, scaled and weighed."""

    raw: dict[str, float] = {}
    """The parts before they were scaled and weighed, where they are."""

    @property
    def text(self) -> str:
        return self.item.text

    def __str__(self) -> str:
        return f"{self.score:.2f}  {self.item.text}"

    def __repr__(self) -> str:
        return f"Recalled({self.score:.2f}, {shortened(self.item.text)!r})"


def noted(memory: str, query: str, hits: Sequence[Recalled]) -> JSON:
    """Return what the log keeps of a recall, for whoever asks why."""
    shown = [
        {"id": h.item.id, "score": h.score, "parts": h.parts, "text": h.item.text[:SHOWN]}
        for h in hits
    ]
    return {"memory": memory, "query": query, "hits": shown, "untrusted": True}
