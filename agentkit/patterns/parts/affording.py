"""Tasks done by value within a budget and a deadline: who does what next; see `afford`."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.budget import CallRefused
from agentkit.errors import BudgetSpent, DeadlinePassed, SetupError, safe_repr
from agentkit.messages import JSON, jsonable
from agentkit.notes import Note, Number
from agentkit.office import RunOffice
from agentkit.patterns.parts.team import FAILURES
from agentkit.run import current_run
from agentkit.scope import discard, note
from agentkit.step import Outcome
from agentkit.words import for_line

NO_BUDGET = "no budget left for it"
WORTHLESS = "it is worth nothing"
Value = Callable[[JSON], float]
"""What a task is worth, 0 or more, in any unit."""


class Skipped(Note):
    """Tasks were not done, or not by the best: there was no room in budget or time."""

    topic = "skipped"
    grave = True
    skipped: dict[str, str] = {}
    """Why, by the number of the task."""
    downgraded: tuple[str, ...] = ()
    """Numbers of tasks that a cheaper worker did."""
    budget_usd: Number | None = None


def worth(value: Value, task: JSON) -> float:
    """What a task is worth.

    Raises:
        SetupError: the function says what is no number.
    """
    found = value(task)
    if isinstance(found, int | float) and not math.isnan(found):
        return float(found)
    raise SetupError(
        f"The value of the task {for_line(str(task))[:80]!r} is {safe_repr(found)}.",
        expected="a number; the larger the more it is worth",
    )


@dataclass
class Assignee:
    """Who does tasks, how well, and what that costs."""

    actor: Actor
    quality: float
    costs: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    failed: int = 0

    @property
    def cost(self) -> float | None:
        """USD for a task, as far as it is known."""
        return sum(self.costs) / len(self.costs) if self.costs else None


class Shift:
    """One list of tasks being done."""

    def __init__(
        self,
        tasks: list[JSON],
        workers: list[Assignee],
        value: Value,
        budget_usd: float | None,
        deadline_s: float | None,
    ) -> None:
        self.tasks, self.values = tasks, [worth(value, one) for one in tasks]
        self.workers = sorted(workers, key=lambda one: one.quality)
        self.budget_usd, self.deadline_s = budget_usd, deadline_s
        self.waiting = sorted(range(len(tasks)), key=lambda n: (-self.values[n], n))
        self.done: dict[int, Answer] = {}
        self.skipped: dict[int, str] = {}
        self.downgraded: set[int] = set()
        self.spent_usd = 0.0
        self.held: dict[int, float] = {}
        """What tasks under way are expected to cost."""

    async def all(self, concurrency: int, name: str) -> Answer:
        """Do them, and say what was not."""
        self.since, began = asyncio.get_running_loop().time(), await current_run().now()
        under_way: dict[asyncio.Task[None], int] = {}
        while self.waiting or under_way:
            left_s = await self.left_s(began)
            while self.waiting and len(under_way) < concurrency:
                if under_way and self.unpriced and self.left_usd is not None:
                    break  # What a task costs is learnt before the next one is given away.
                n = self.waiting.pop(0)
                worker = await self.taker(n, left_s)
                if worker is None:
                    continue
                self.held[n] = worker.cost or 0.0
                under_way[asyncio.ensure_future(self.one(n, worker, left_s))] = n
            if not under_way:
                break
            try:
                done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            except BaseException:
                for one in under_way:
                    one.cancel()
                await asyncio.gather(*under_way, return_exceptions=True)
                raise
            for one in done:
                self.held.pop(under_way.pop(one), None)
                one.result()
        return self.answer(name)

    async def left_s(self, began: float) -> float | None:
        """Seconds until the deadline."""
        if self.deadline_s is None:
            return None

        async def perform(_key: str) -> Outcome:
            # Not by the clock on the wall, which may jump meanwhile.
            return Outcome(result=began + asyncio.get_running_loop().time() - self.since)

        now = (await current_run().step("clock", "now", None, perform)).result
        return self.deadline_s - (float(now) - began)

    @property
    def left_usd(self) -> float | None:
        """What may be spent, beside what is under way."""
        rest = RunOffice().left().usd
        return None if rest is None else rest - sum(self.held.values())

    async def taker(self, n: int, left_s: float | None) -> Assignee | None:
        """Who takes a task; None where it is skipped."""
        quickest = min((took for one in self.workers for took in one.times), default=0.0)
        if left_s is not None and left_s <= quickest:
            self.skipped[n] = "no time left"
            return None
        planned = self.plan(n)
        if planned is None:
            self.skipped[n] = NO_BUDGET if self.values[n] > 0 else WORTHLESS
            return None

        async def decide(_key: str) -> Outcome:
            return Outcome(result=planned)

        chosen = (await current_run().step("join", "afford", {"task": n}, decide)).result
        worker = self.workers[int(chosen)]
        if worker is not self.workers[-1]:
            self.downgraded.add(n)
        return worker

    def plan(self, n: int) -> int | None:
        """The number of the worker for a task, in the best plan for it and all that wait."""
        left, tasks = self.left_usd, [n, *self.waiting]
        costs = [one.cost for one in self.workers]
        if left is None:
            return len(self.workers) - 1
        if left <= 0:
            return None
        if self.unpriced:
            # A price is learnt by asking; the best first, for the task that is worth most.
            return self.unpriced[-1]
        places = [place for place, cost in enumerate(costs) if cost is not None]
        if not places:
            return len(self.workers) - 1
        qualities = [self.workers[place].quality for place in places]
        known = [cost for cost in costs if cost is not None]
        found = planned(tasks, self.values, qualities, known, left)[n]
        return None if found is None else places[found]

    @property
    def unpriced(self) -> list[int]:
        """Workers whose price is not known yet, and who have not failed."""
        return [
            place for place, one in enumerate(self.workers) if one.cost is None and not one.failed
        ]

    async def one(self, n: int, worker: Assignee, left_s: float | None) -> None:
        """Do a task; what fails is skipped, and said to be."""
        began = asyncio.get_running_loop().time()
        bounds: dict[str, Any] = {} if left_s is None else {"deadline_s": max(left_s, 0.001)}
        try:
            answer = await worker.actor(self.tasks[n], **bounds)
        except BudgetSpent:
            if worker.cost is None and len(self.workers) > 1 and not worker.failed:
                # Too dear for what is left: somebody cheaper may do it.
                worker.failed += 1
                self.waiting.insert(0, n)
                return discard(worker.actor.name)
            self.skipped[n] = NO_BUDGET
        except DeadlinePassed:
            self.skipped[n] = "not done in time"
        except FAILURES as error:
            self.skipped[n] = f"{type(error).__name__}: {error.what}"
        if n in self.skipped:
            worker.failed += 1
        else:
            self.done[n] = answer
            worker.times.append(asyncio.get_running_loop().time() - began)
            self.spent_usd += answer.cost_usd or 0.0
            worker.costs.append(answer.cost_usd or 0.0)
        discard(worker.actor.name)

    def answer(self, name: str) -> Answer:
        """What was done, and what not."""
        for n in self.waiting:
            self.skipped.setdefault(n, NO_BUDGET)
        skipped = {str(n): self.skipped[n] for n in sorted(self.skipped)}
        downgraded = [str(n) for n in sorted(self.downgraded & self.done.keys())]
        if NO_BUDGET in skipped.values():
            # So that the run goes on when it is resumed with more.
            note(CallRefused(spent=round(self.spent_usd, 6), refused=name))
        if skipped or downgraded:
            note(Skipped(skipped=skipped, downgraded=tuple(downgraded), budget_usd=self.budget_usd))
        done = {str(n): value_of(self.done[n]) for n in sorted(self.done)}
        text = f"{name}: {len(done)} of {len(self.tasks)} tasks done"
        if downgraded:
            text += f", {len(downgraded)} of them by a cheaper worker"
        return Answer(
            text=text,
            data={"done": done, "skipped": skipped, "downgraded": downgraded},
            missing=tuple(f"task {n} ({why})" for n, why in skipped.items()),
        )


def value_of(answer: Answer) -> JSON:
    """An answer as JSON."""
    return answer.text if answer.data is None else jsonable(answer.data)


def planned(
    tasks: Sequence[int],
    values: Sequence[float],
    qualities: Sequence[float],
    costs: Sequence[float],
    left: float,
) -> dict[int, int | None]:
    """Who takes each task, by its number; None where nobody does.

    Args:
        tasks: numbers of tasks.
        values: of all tasks, by number.
        qualities, costs: of the workers, from the worst to the best.
        left: USD.
    """
    found: dict[int, int | None] = dict.fromkeys(tasks)
    steps = ladder(qualities, costs)
    while True:
        best: tuple[float, int, int, float] | None = None
        for n in tasks:
            here = found[n]
            for before, after, gain, cost in steps:
                if before == here and cost <= left + 1e-12 and values[n] > 0:
                    worth = values[n] * gain / max(cost, 1e-12)
                    if best is None or worth > best[0] + 1e-15:
                        best = (worth, n, after, cost)
        if best is None:
            return found
        found[best[1]] = best[2]
        left -= best[3]


def ladder(
    qualities: Sequence[float], costs: Sequence[float]
) -> list[tuple[int | None, int, float, float]]:
    """Ways from nobody to a worker, and from one to a better: (from, to, quality, USD) more.

    A worker that costs more than another for less quality, or is worth less for its money than
    going past it, is no rung (the upper convex hull of quality over cost).
    """
    order = sorted(range(len(costs)), key=lambda n: (costs[n], -qualities[n]))
    hull: list[int | None] = [None]

    def at(n: int | None) -> tuple[float, float]:
        return (0.0, 0.0) if n is None else (costs[n], qualities[n])

    for n in order:
        if at(n)[1] <= at(hull[-1])[1]:
            continue
        while len(hull) > 1 and quality_per_usd(at(hull[-2]), at(hull[-1])) <= quality_per_usd(
            at(hull[-1]), at(n)
        ):
            hull.pop()
        hull.append(n)
    return [
        (before, after, at(after)[1] - at(before)[1], at(after)[0] - at(before)[0])
        for before, after in zip(hull, hull[1:], strict=False)
        if after is not None
    ]


def quality_per_usd(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Quality for money on the way from one to the other."""
    return (b[1] - a[1]) / max(b[0] - a[0], 1e-12)
