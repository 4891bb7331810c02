"""What the processes that use one endpoint have in common, where a worker says how they share it.

A process on its own has a rate of its own (see limit). A worker of a fleet sets `ACROSS`, and a
`Limit(fleet=True)` is then one for all workers of its log.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple, Protocol


class Rates(NamedTuple):
    """What an endpoint allows to all of them together; None is no bound."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    burst_s: float = 1.0
    """How much later than its time a call may be made, in seconds."""


class Across(Protocol):
    """The rates of all."""

    async def enter(self, name: str, rates: Rates, lane: str, tokens: float = 0.0) -> float:
        """Wait until a call may be made; return the seconds that it waited.

        Args:
            name: of what is asked, the same in all processes.
            rates: for all together.
            lane: who asks; lanes take turns.
            tokens: that the call may take.
        """
        ...

    def settle(self, name: str, tokens: float, took: float) -> None:
        """Say how many tokens a call took that was let in for so many."""
        ...


ACROSS: ContextVar[Across | None] = ContextVar("agentkit_across", default=None)

LANE: ContextVar[str] = ContextVar("agentkit_lane", default="")
"""For whom a run is performed; empty where nobody said it, and each actor is on its own."""
