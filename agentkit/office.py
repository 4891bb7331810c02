"""What a context does in its run: ask the person, read the budget, tell how far work is."""

from __future__ import annotations

import time

from agentkit.bounds import left_s
from agentkit.budget import Budget
from agentkit.given import Left
from agentkit.notes import Note, Number
from agentkit.person import Question
from agentkit.run import Run, current_run
from agentkit.scope import Scope, current_scope

EVERY_S = 0.25
"""How often the progress of one call is told; each time is an event."""


class Progressed(Note):
    """A tool says how far its work is."""

    topic = "progress"
    quiet = True
    share: Number
    """From 0 to 1."""
    text: str = ""
    step: str = ""
    """Key of the call."""


class RunOffice:
    """Of one call of a tool, or of one making of instructions."""

    def __init__(self, step: str = "") -> None:
        self.run: Run = current_run()
        self.scope: Scope = current_scope()
        self.step = step
        self._told_s = float("-inf")

    def left(self) -> Left:
        """The smallest rest of all budgets around."""
        rests = []
        budget: Budget | None = self.run.budget_of(self.scope)
        while budget is not None:
            if budget.limited:
                rests.append(rest(budget))
            budget = budget.outer
        usd = [one.usd for one in rests if one.usd is not None]
        tokens = [one.tokens for one in rests if one.tokens is not None]
        return Left(min(usd) if usd else None, min(tokens) if tokens else None)

    def left_s(self) -> float | None:
        """Until the nearest of the deadlines around."""
        return left_s(self.scope)

    async def ask(self, text: str, options: tuple[str, ...], default: str) -> str:
        """As a step of the run."""
        return await self.run.ask_person(Question(text=text, options=options, default=default))

    def progress(self, share: float, text: str) -> None:
        """As an event, unless another was told just before."""
        now = time.monotonic()
        if share < 1 and now - self._told_s < EVERY_S:
            return
        self._told_s = now
        told = Progressed(share=share, text=text, step=self.step)
        self.run.note(told, scope=self.scope.key)


def rest(budget: Budget) -> Left:
    """What of one budget is left."""
    usd, tokens, _ = budget.spent()
    return Left(
        None if budget.usd is None or usd is None else max(0.0, budget.usd - usd),
        None if budget.tokens is None else max(0, budget.tokens - tokens),
    )
