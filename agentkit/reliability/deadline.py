"""deadline(model, 120): the most that one turn may take, with all its attempts and waits."""

from __future__ import annotations

import asyncio

from agentkit.errors import SetupError, TimedOut, safe_repr
from agentkit.model import Model, OnText, Reply, Request
from agentkit.reliability.wrapper import Wrapper


class TurnDeadline(Wrapper):
    """A Model that is given up after a time."""

    technique = "deadline"

    def __init__(self, model: Model, turn_s: float) -> None:
        super().__init__(model)
        self.turn_s = turn_s

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Ask within the time; see agentkit.model.Model."""
        clock = asyncio.timeout(self.turn_s)
        try:
            async with clock:
                return await self.model(request, on_text)
        except TimeoutError as error:
            if not clock.expired():
                raise
            wrong = TimedOut(
                f"{self.name} did not answer within the {self.turn_s:g} s of a turn, retries and"
                " waits included",
                expected="a reply in that time",
                todo="raise turn_s of connect(..., timeouts=Timeouts(turn_s=...))",
                status=None,
            )
            # Its attempts have all been tried: who is around must not start anew.
            wrong.retryable = False
            raise wrong from error

    def set_to(self) -> str:
        return f"{self.turn_s:g} s a turn"


def deadline(model: Model, turn_s: float) -> Model:
    """Make a model that is given up after a time, however many attempts that was.

    Raises:
        SetupError: the time is none, or the wrapper is out of order.
    """
    number = isinstance(turn_s, int | float) and not isinstance(turn_s, bool)
    if not number or not 0 < turn_s < float("inf"):
        raise SetupError(f"turn_s={safe_repr(turn_s)}", expected="seconds, more than 0")
    return TurnDeadline(model, float(turn_s))
