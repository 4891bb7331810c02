"""A record of the stream, as an item of a store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from agentkit.messages import Frozen
from memory.stores import Item, Scalar

Kind = Literal["observation", "reflection", "plan"]


class Record(Frozen):
    """One thing that was observed, thought or planned."""

    id: str
    text: str
    kind: Kind = "observation"
    created: float
    """Hours of the story."""
    accessed: float
    """Hours of the story at which it was last recalled; at first those of its creation."""
    importance: float
    """1, mundane, to 10, poignant."""
    because: tuple[str, ...] = ()
    """Ids of the records that a reflection was drawn from."""
    reflected: bool = False
    """Whether the stream reflected when this was its newest record."""

    def item(self) -> Item:
        """As a store keeps it."""
        facts: dict[str, Scalar] = {
            "kind": self.kind,
            "created": self.created,
            "accessed": self.accessed,
            "importance": self.importance,
            "because": " ".join(self.because),
            "reflected": self.reflected,
        }
        return Item(id=self.id, text=self.text, metadata=facts)


def record(item: Item) -> Record:
    """A record as a store kept it."""
    facts = dict(item.metadata)
    because = tuple(str(facts.pop("because", "")).split())
    return Record.model_validate({**facts, "id": item.id, "text": item.text, "because": because})


def pressure(items: Sequence[Item]) -> float:
    """The sum of the importance of what was observed since the stream last reflected."""
    total = 0.0
    for one in reversed(items):
        if one.metadata.get("reflected"):
            break
        if one.metadata.get("kind") == "observation":
            total += float(one.metadata.get("importance", 0.0))
    return total
