"""Runs that were given to workers together: their answers as they come, in whatever process."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

from agentkit.amounts import count, money
from agentkit.answer import Answer
from agentkit.attaching import attach
from agentkit.errors import LogUnreachable
from agentkit.log import Log
from agentkit.offers import ENDED
from agentkit.typed import Output

LOOK_S, LONGEST_S = 0.05, 1.0
"""How often it is looked which have ended: less often while none has."""

AWAY_S = 60.0
"""How long a log may be out of reach before whoever waits is told so."""


class Batch:
    """Some runs of a log: `async for answer in batch`, or `await batch.all()`.

    Nothing is lost where the kernel ends: `fleet.attach()` has them again.
    """

    def __init__(
        self, log: Log, ids: Sequence[str], *, name: str = "", output: Output = None
    ) -> None:
        """Name the runs.

        Args:
            log: that has them.
            ids: of the runs, in the order of their tasks.
            name: of all of them.
            output: the type of their answers' data; as they are recorded without one.
        """
        self.log, self.ids, self.name, self.output = log, tuple(ids), name, output
        self.failed: dict[str, BaseException] = {}
        """What runs failed with, or were stopped by, by their ids; as far as it was seen."""
        self.answered: dict[str, float] = {}
        """What each run has cost that has answered, as far as it was seen."""
        self.waiting: tuple[str, ...] = ()
        """Runs that wait for a person."""

    def __len__(self) -> int:
        return len(self.ids)

    async def __aiter__(self) -> AsyncIterator[Answer[Any]]:
        """The answers, as runs end. One that failed is in `failed`, and the others go on.

        Raises:
            LogUnreachable: the log was away for a minute; nothing is lost, go on later.
        """
        open_, pause, away = dict.fromkeys(self.ids), LOOK_S, 0.0
        while open_:
            try:
                found = await asyncio.to_thread(self.log.work.outcomes, list(open_))
                away = 0.0
            except LogUnreachable:
                away += pause
                if away > AWAY_S:
                    raise
                found = {}
            self.waiting = tuple(one for one, state in found.items() if state == "waiting")
            ended = [one for one in open_ if found.get(one) in ENDED]
            for one in ended:
                del open_[one]
                answer = await self._answer(one)
                if answer is not None:
                    yield answer
            pause = LOOK_S if ended else min(1.5 * pause, LONGEST_S)
            if open_:
                await asyncio.sleep(pause)

    async def _answer(self, run: str) -> Answer[Any] | None:
        try:
            answer = await attach(run, log=self.log, output=self.output)
        except Exception as error:
            self.failed[run] = error
            return None
        self.failed.pop(run, None)
        self.answered[run] = answer.cost_usd or 0.0
        return answer

    async def all(self) -> list[Answer[Any]]:
        """The answers of all, in the order of the tasks.

        Raises:
            AgentkitError, Exception: what the first of those failed with that failed.
        """
        known = {answer.run_id: answer async for answer in self}
        for one in self.ids:
            if one in self.failed:
                raise self.failed[one]
        return [known[one] for one in self.ids]

    async def stop(self, reason: str = "stopped by whoever gave it to the fleet") -> int:
        """Stop all that are open, whichever worker has them; how many there were."""
        work = self.log.work
        return await asyncio.to_thread(lambda: sum(work.stop(one, reason) for one in self.ids))

    async def resume(self) -> int:
        """Offer those anew that failed or were stopped; how many there were.

        What they have recorded is not performed again.
        """

        def retried() -> int:
            states = self.log.work.outcomes(self.ids)
            ended = [one for one, how in states.items() if how in ("dead", "stopped")]
            return sum(self.log.work.retry(one) for one in ended)

        self.failed.clear()
        return await asyncio.to_thread(retried)

    def __repr__(self) -> str:
        found = self.log.work.outcomes(self.ids)
        states = list(found.values())
        parts = [how_far(states, len(self.ids))]
        if self.answered:
            parts.append(f"{money(sum(self.answered.values()))} seen")
        return ", ".join(parts)


def how_far(states: Collection[str], whole: int) -> str:
    """How far runs are, in words.

    Args:
        states: as they stand, of those that nobody goes on with by himself.
        whole: how many there are in all.
    """
    by = Counter(states)
    parts = [f"{count(by['ok'])} of {count(whole)} runs have answered"]
    parts += [f"{count(n)} failed" for n in [by["dead"]] if n]
    parts += [f"{count(n)} {'was' if n == 1 else 'were'} stopped" for n in [by["stopped"]] if n]
    parts += [f"{count(n)} wait{'s' if n == 1 else ''} for a person" for n in [by["waiting"]] if n]
    return ", ".join(parts)
