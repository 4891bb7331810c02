"""A place in a column of the message graph, which the steps of its layout hand on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Spot:
    """A place in a column: a node, or a point that a long link runs through."""

    id: str
    width: float
    height: float
    column: int
    y: float = 0.0
    before: list[Spot] = field(default_factory=list)
    after: list[Spot] = field(default_factory=list)
