"""When the notebook's actors were defined: what was asked before was another one of that name."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from agentkit.actor import Actor


class Definitions:
    """What each actor's variable held when a cell began, and since when.

    Args:
        clock: gives seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock, self.began = clock, 0.0
        """When the cell that runs began; of what was there before the first, nothing is known."""
        self.known: dict[str, tuple[Actor, float]] = {}

    def cell_begins(self, actors: Mapping[str, Actor]) -> None:
        """Look at the actors that there are now: those not seen before are of the last cell."""
        self.known = {name: (actor, self.since(name, actor)) for name, actor in actors.items()}
        self.began = self.clock()

    def since(self, name: str, actor: Actor) -> float:
        """When a cell began that put this actor into its variable, in seconds since 1970."""
        known = self.known.get(name)
        return known[1] if known is not None and known[0] is actor else self.began
