"""concurrency(model, 8): at most so many requests of an endpoint at once (a bulkhead).

What is slow or stuck at one endpoint takes no connections and memory from the others. The bound is
one for all who use the endpoint in this process, and they take turns (see gate).
Source: Nygard 2018, "Release It!", 2nd edition, section "Bulkheads".
"""

from __future__ import annotations

import asyncio

from agentkit.errors import SetupError, safe_repr
from agentkit.model import Model, OnText, Reply, Request
from agentkit.reliability.across import LANE
from agentkit.reliability.admission import TOLD_S, Queued, let_go, queued
from agentkit.reliability.gate import Gate
from agentkit.reliability.shared import shared
from agentkit.reliability.wrapper import Wrapper
from agentkit.scope import note


class Bulkhead(Gate):
    """So many places, each of which a call takes while it is under way."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.taken = most, 0

    def set(self, most: int) -> None:
        """State the bound anew; who waits goes on by it."""
        if most != self.most:
            self.most = most
            self.stir()

    def admit(self, need: float, now: float) -> bool:
        if self.taken >= self.most:
            return False
        self.taken += 1
        return True

    def give_back(self, need: float) -> None:
        self.taken -= 1

    def delay(self, need: float, now: float) -> float | None:
        return None

    def leave(self, now: float) -> None:
        """A call is done: its place is free for the next."""
        with self.lock:
            self.taken -= 1
            self.pump(now)


class Concurrency(Wrapper):
    """A Model of which at most so many calls are under way; see the module."""

    technique = "concurrency"
    queues = True

    def __init__(self, model: Model, most: int) -> None:
        super().__init__(model)
        self.places = shared("concurrency", model, lambda: Bulkhead(most))
        self.places.set(most)

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Ask when there is a place; see agentkit.model.Model."""
        # A call may end when its loop has stopped, as one that is thrown away under way.
        clock = asyncio.get_running_loop().time
        waited_s = await queued(self.places.enter(LANE.get() or request.actor))
        try:
            if waited_s >= TOLD_S:
                note(Queued(model=self.name, wait_s=round(waited_s, 3), cause="concurrency"))
            let_go()
            return await self.model(request, on_text)
        finally:
            self.places.leave(clock())

    def set_to(self) -> str:
        return f"{self.places.most} at once"

    def state(self) -> str:
        return f"{self.places.taken} under way, {self.places.waiting} waiting"


def concurrency(model: Model, most: int) -> Model:
    """Make a model of which at most so many calls are under way at once, in this process.

    Args:
        model: its endpoint is what the bound is about.
        most: calls at once, from 1.

    Raises:
        SetupError: the number is none, or the wrapper is out of order.
    """
    if type(most) is not int or most < 1:
        raise SetupError(
            f"concurrency={safe_repr(most)}", expected="a whole number of calls, from 1"
        )
    return Concurrency(model, most)
