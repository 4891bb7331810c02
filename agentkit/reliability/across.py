"""What the processes that use one endpoint have in common, where a worker says how they share it.

A process on its own has a rate of its own (see limit). A worker of a fleet sets `ACROSS`, and a
`Limit(fleet=True)` is then one for all workers of its log.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol


class Across(Protocol):
    """The rates of all."""

    async def enter(self, name: str, per_minute: float, burst_s: float, lane: str) -> float:
        """Wait until a call may be made; return the seconds that it waited.

        Args:
            name: of what is asked, the same in all processes.
            per_minute: for all together.
            burst_s: how much later than its time a call may be made, in seconds.
            lane: who asks; lanes take turns.
        """
        ...


ACROSS: ContextVar[Across | None] = ContextVar("agentkit_across", default=None)

LANE: ContextVar[str] = ContextVar("agentkit_lane", default="")
"""For whom a run is performed; empty where nobody said it, and each actor is on its own."""
