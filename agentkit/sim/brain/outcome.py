"""What is known after looking for an answer."""

from __future__ import annotations

from dataclasses import dataclass

from agentkit.sim.brain.asking import Goal
from agentkit.sim.brain.thought import Json, WishedCall
from agentkit.sim.brain.values import NotTold


@dataclass(frozen=True)
class Solution:
    """What is known after looking: words and data, calls to make first, or what is missing."""

    text: str = ""
    data: Json = None
    unit: str = ""
    calls: tuple[WishedCall, ...] = ()
    missing: NotTold | None = None
    goals: tuple[Goal, ...] = ()

    @property
    def known(self) -> bool:
        """Return whether there is an answer."""
        return not self.calls and self.missing is None and bool(self.text)
