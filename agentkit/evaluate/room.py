"""In which order trials are performed, and whether a budget has room for one more.

Where a budget may end before all trials are made, those that it leaves out should not differ from
the others, above all not in what they cost: costly trials are often the wrong ones. So the order is
drawn before anything is known, no trial is begun that the budget is not likely to see to its end,
and whether another one is begun depends on nothing but those before it. What is made then is a
random sample of what was planned, up to where a stopping rule ended it; what was begun and cut all
the same is counted, see `statistics.bounded`.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Iterator
from typing import Any, NamedTuple

from agentkit.budget import Budget, Spent, dollars
from agentkit.errors import BudgetSpent
from agentkit.holds import over
from agentkit.messages import digest
from agentkit.run import Run

TYPICAL = 0.9
"""Of the trials so far, the share that cost no more than what is kept for one. Our choice: the
costliest one of all may be a single accident that is dearer than all the rest together."""


RAMP = 1
"""How many trials are under way, beside one, for each that is done. Our choice: it doubles them."""


def drawn(question: str, seed: int, place: int) -> tuple[int, str]:
    """Return what trials are sorted by: each question once, in an order by chance, then again.

    The same for every team that is measured on a question with a seed, so that contenders whose
    budgets end have many trials in common.

    Args:
        question: id of the sample.
        seed: of the trial.
        place: the how manieth trial of its question it is.
    """
    return place, digest(question, str(seed))


def budgets(study: Run) -> Iterator[Budget]:
    """Yield the budgets that a study draws from: its own and those around it."""
    one: Budget | None = study.budget
    while one is not None:
        if one.limited:
            yield one
        one = one.outer


class Need(NamedTuple):
    """What a trial may take."""

    usd: float
    tokens: float
    calls: float


class Room:
    """What the budgets of a study have left, against what its trials took so far."""

    def __init__(self, study: Run) -> None:
        """Make one for a study, which has performed no trial yet."""
        self.study = study
        self.budgets = tuple(budgets(study))
        self.under_way = 0
        self._taken: tuple[list[float], list[float], list[float]] = ([], [], [])
        self._judged = 0
        self._turn = asyncio.Condition()

    @property
    def bounded(self) -> bool:
        """Whether there is any budget."""
        return bool(self.budgets)

    def learn(self, done: dict[str, Any]) -> None:
        """Enter what a trial took."""
        for values, name in zip(self._taken, ("cost_usd", "tokens", "calls"), strict=True):
            if (value := done.get(name)) is not None:
                insort(values, value)

    def judged(self) -> None:
        """Count a trial whose scorers are done; what they took is the study's own."""
        self._judged += 1

    @property
    def need(self) -> Need:
        """What is kept for a trial: nine in ten took no more, and what judging one takes."""
        usd, tokens, calls = (typical(one) for one in self._taken)
        root, count = self.study.root, max(1, self._judged)
        own = root.usage.tokens_in + root.usage.tokens_out
        return Need(
            usd + (root.cost_usd or 0.0) / count,
            tokens + own / count,
            calls + root.usage.calls / count,
        )

    def full(self) -> Budget | None:
        """Return a budget that one more trial is not likely to fit into; None where all have room.

        Before anything is known a trial is performed alone, as a budget does with calls; then some
        more with each that is done, as those that are done first are the cheap ones.
        """
        if self.under_way > RAMP * len(self._taken[1]):
            return self.budgets[0]
        if not self._taken[1]:
            return None
        need, beside = self.need, self.under_way + 1
        for one in self.budgets:
            spent = one.spent()
            for limit, was, each in (
                (one.usd, spent.usd or 0.0, need.usd),
                (one.tokens, spent.tokens, need.tokens),
                (one.calls, spent.calls, need.calls),
            ):
                if limit is not None and was + each * beside > over(limit):
                    return one
        return None

    async def enter(self) -> None:
        """Begin a trial, once there is room; waits while those under way may leave some.

        Raises:
            BudgetSpent: there is none, and none is under way.
        """
        async with self._turn:
            while (full := self.full()) is not None:
                if not self.under_way:
                    raise self.spent(full)
                await self._turn.wait()
            self.under_way += 1

    async def leave(self) -> None:
        """End a trial."""
        async with self._turn:
            self.under_way -= 1
            self._turn.notify_all()

    def spent(self, full: Budget) -> BudgetSpent:
        """The error of a budget that has no room for another trial."""
        left: Spent = full.spent()
        need = self.need
        parts, needs = [], []
        if full.usd is not None:
            parts.append(f"{dollars(left.usd or 0.0)} of {dollars(full.usd)} USD")
            needs.append(f"{dollars(need.usd)} USD")
        if full.tokens is not None:
            parts.append(f"{left.tokens} of {full.tokens} tokens")
            needs.append(f"{round(need.tokens)} tokens")
        if full.calls is not None:
            parts.append(f"{left.calls} of {full.calls} calls")
            needs.append(f"{round(need.calls)} calls")
        return BudgetSpent(
            f"The budget of run {full.run} has no room for another trial: {' and '.join(parts)}"
            f" are spent, and nine in ten trials took up to {' and '.join(needs)}.",
            todo="call again with a higher budget; nothing done so far is paid again",
            run_id=full.run,
        )


def typical(ordered: list[float]) -> float:
    """Return the value that nine in ten do not pass; of few the largest."""
    return ordered[min(len(ordered) - 1, int(TYPICAL * len(ordered)))] if ordered else 0.0
