"""Trials that wait, until none does or a budget ends; see `room` for which ones it leaves out."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from agentkit.errors import BudgetSpent, full_text
from agentkit.evaluate.ledger import StudyLedger, TrialsStopped
from agentkit.evaluate.room import Room, drawn
from agentkit.messages import Frozen

BREATH = 64
"""Trials after which others on the event loop have a turn."""


class Unfinished(Frozen):
    """A trial that was begun, and that a budget around it ended."""

    contender: str = ""
    """Of a comparison."""
    question: str
    seed: int
    run_id: str = ""
    calls: int = 0
    cost_usd: float | None = 0.0
    """What was paid for it; None when the price of some call is unknown."""


Asked = TypeVar("Asked")


class WaitingTrial(NamedTuple, Generic[Asked]):
    """A trial that waits."""

    what: Asked
    """What is asked, and perhaps who."""
    question: str
    """Its id."""
    seed: int
    key: str
    """Of the trial; see `StudyLedger.key`."""


@dataclass
class TrialQueue(Generic[Asked]):
    """Trials of a study that wait."""

    ledger: StudyLedger
    waiting: list[WaitingTrial[Asked]] = field(default_factory=list)
    """The last one is next."""
    total: int = 0
    stopped: str = ""
    """Why no further trial was begun."""
    cut: list[Unfinished] = field(default_factory=list)
    """Trials that were begun, and that the budget ended."""

    def __post_init__(self) -> None:
        self.room = Room(self.ledger.study)

    async def perform(self, job: WaitingTrial[Asked], spent: dict[str, Any]) -> None:
        """Perform one trial, and put into `spent` what it took.

        Raises:
            BudgetSpent: that of the study, or of a run around it.
        """
        raise NotImplementedError

    def named(self, job: WaitingTrial[Asked]) -> str:
        """Who is asked, where there are several."""
        return ""

    def order(self, jobs: Sequence[WaitingTrial[Asked]], seeds: Sequence[int]) -> None:
        """Put trials in their order, those that are recorded first; somebody has paid these.

        The others go as they are given, or in an order that is drawn where a budget may end.
        """
        known, found = self.ledger.done, list(jobs)
        place = {seed: n for n, seed in enumerate(seeds)}
        self.total = len(found)
        if self.room.bounded:
            found.sort(key=lambda job: drawn(job.question, job.seed, place[job.seed]))
        self.waiting = sorted(found[::-1], key=lambda job: job.key in known)
        for job in self.waiting:
            if self.room.bounded and job.key in known:
                self.room.learn(known[job.key])

    async def all(self, concurrency: int) -> None:
        """Perform all that wait, as far as the budget is enough."""
        await together([self.go_on() for _ in range(min(concurrency, self.total))])
        if self.stopped:
            begun = tuple(one.model_dump(mode="json") for one in self.cut)
            self.ledger.study.note(TrialsStopped(reason=self.stopped, begun=begun), scope="")

    async def go_on(self) -> None:
        """Perform one trial after another until none waits.

        Where the budget ends, no other one is begun; those that are under way go on to their ends,
        or until it refuses them, too.
        """
        done = 0
        while self.waiting:
            try:
                if self.room.bounded and self.waiting[-1].key not in self.ledger.done:
                    await self.bounded()
                else:
                    await self.counted(self.waiting.pop())
            except BudgetSpent as error:
                self.stopped = self.stopped or full_text(error)
                self.waiting.clear()
            done += 1
            if not done % BREATH:
                await asyncio.sleep(0)  # recorded ones wait for nothing, and there may be many

    async def bounded(self) -> None:
        """Perform the next trial, once the budget has room for it.

        Raises:
            BudgetSpent: it has none, or it ended in the trial.
        """
        await self.room.enter()
        try:
            if self.waiting:  # others may have made or dropped the last ones meanwhile
                self.room.learn(await self.counted(self.waiting.pop()))
        finally:
            await self.room.leave()

    async def counted(self, job: WaitingTrial[Asked]) -> dict[str, Any]:
        """Perform a trial, which counts as begun where the budget ends in it; return what it took.

        Raises:
            BudgetSpent: it did.
        """
        spent: dict[str, Any] = {}
        try:
            await self.perform(job, spent)
        except BudgetSpent:
            took = {name: spent[name] for name in ("run_id", "calls", "cost_usd") if name in spent}
            self.cut.append(
                Unfinished(**took, contender=self.named(job), question=job.question, seed=job.seed)
            )
            raise
        self.room.judged()
        return spent


async def together(workers: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Wait for all workers of a study; where one fails, or this is cancelled, the others end."""
    tasks = [asyncio.ensure_future(one) for one in workers]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
