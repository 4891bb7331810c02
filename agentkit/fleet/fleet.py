"""Fleet: workers of this machine in a process beside the kernel, or those that work at a log."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from agentkit.actor import Actor
from agentkit.budget import checked
from agentkit.errors import AgentkitError, SetupError
from agentkit.events import uuid7
from agentkit.extras import needs_process
from agentkit.fleet import launching
from agentkit.fleet.batch import Batch
from agentkit.fleet.finding import log_of, names_ray
from agentkit.fleet.launching import opened_log, worker_targets
from agentkit.fleet.place import MOST, FleetFiles, SupervisorState, tail_of
from agentkit.fleet.worker import ATTEMPTS, SLOTS
from agentkit.lease import LEASE_S
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.offers import Books, Counts, Present, checked_share
from agentkit.typed import Output

START_S = 60.0
"""How long workers may take to be there."""

END_S = 60.0
"""How long a supervisor may take to end its workers."""

TOGETHER = 200
"""Runs that are submitted with one commit."""

MARK = "~"
"""Between the name of a batch and the number of a run in it, in the run's id."""


class Fleet:
    """Workers, and the log that they work at.

    Example:
        fleet = await Fleet.up("port.py:clerk", workers=4)
        runs = await fleet.map(clerk, questions)
        async for answer in runs:
            print(answer.text)
    """

    def __init__(self, log: Log, place: FleetFiles | None = None) -> None:
        self.log, self.place = log, place

    @classmethod
    async def up(
        cls,
        *targets: str | Actor,
        workers: int = 2,
        most: int | None = None,
        ray: str | None = None,
        log: Log | str | None = None,
        slots: int = SLOTS,
        lease_s: float = LEASE_S,
        attempts: int = ATTEMPTS,
        drain_s: float = 30.0,
        ship_code: bool = False,
    ) -> Fleet:
        """Have workers on this machine or on a Ray; those that are there already are joined.

        They are processes of their own under a supervisor and outlive the kernel: `down` ends them.

        Args:
            targets: FILE.py:NAME or MODULE:NAME of the actors that they serve; or actors of a
                notebook, whose code is pickled for workers of the same minor version of Python.
            workers: how many processes, at least.
            most: how many there may be while so many runs are open; without it their number stays.
            ray: who places them and starts them anew: "local" for a Ray of this machine, or the
                address of a cluster: "10.0.0.7:6379", "ray://head:10001".
            log: where the runs are, or its URL. Without one $AGENTKIT_LOG; without that a Postgres
                server of one's own, in `.agentkit/postgres`.
            slots: runs that each has at once.
            lease_s: how long after the death of a worker others take over, in seconds, at most.
            attempts: after how many a run is a dead letter.
            drain_s: how long runs may go on when a worker is told to stop.
            ship_code: whether pickled code may go to a cluster, where it is run.

        Raises:
            SetupError: the workers cannot be started, with what they say; or another fleet is up.
            LogError: the log cannot be used.
        """
        if not targets or not 0 <= workers <= (most or MOST) <= MOST:
            names = ", ".join(one if isinstance(one, str) else one.name for one in targets)
            raise SetupError(
                f"A fleet cannot have {workers} workers for {names or 'nobody'}.",
                expected="actors, as FILE.py:NAME, and a number of workers",
            )
        needs_process(
            "A fleet's worker", "ask the actor itself: gather(*[actor(one) for one in tasks])"
        )
        opened, url, extra = opened_log(log)
        place = FleetFiles(opened.url)
        wanted = worker_targets(targets, place.state.parent, ray or "", ship_code)
        if place.up():
            await join_fleet(place, wanted, workers, ray or "")
        else:
            options: dict[str, float | str | None] = {
                "slots": slots, "lease": lease_s, "attempts": attempts, "drain": drain_s,
                "most": most, "ray": ray,
            }  # fmt: skip
            launching.start(place, wanted, workers, options, {"AGENTKIT_LOG": url, **extra})
        fleet = cls(opened, place)
        await fleet._there(workers, 2 * START_S if ray else START_S)
        return fleet

    @classmethod
    async def connect(cls, log: Log | str) -> Fleet:
        """Use the workers that work at a log, wherever they were started.

        Args:
            log: the log, or its URL; or the address of a Ray, as "ray://head:10001" or
                "10.0.0.7:6379", on which `up` has placed workers: these say which log is theirs.

        Raises:
            SetupError: no Ray is there or none of this version, or no fleet is on it, or several.
            LogError: the log cannot be used from here.
        """
        if isinstance(log, str) and names_ray(log):
            log = await asyncio.to_thread(log_of, log)
        found = open_log(log) if isinstance(log, str) else log
        await asyncio.to_thread(found.work.workers)
        place = FleetFiles(found.url)
        return cls(found, place if place.up() else None)

    async def _there(self, workers: int, limit_s: float = START_S) -> None:
        """Wait until the workers are there.

        Raises:
            SetupError: they are not, with what they say.
        """
        assert self.place is not None
        until = time.monotonic() + limit_s
        while True:
            state, up = self.place.read(), self.place.up()
            started = launching.STARTED.get(self.place.state)
            if state is not None and started is not None and started.poll() is None:
                # What a supervisor has left behind that was killed is read by the next one.
                state = state if up and state.pid == started.pid else None
            here = await asyncio.to_thread(self.log.work.workers)
            if state is not None and are_there(state, here, workers):
                return
            if (state is not None and not up) or time.monotonic() > until or self._ended():
                raise SetupError(
                    f"The workers did not start. They say:\n{tail_of(self.place.output)}",
                    todo=f"all of it is in {self.place.output}",
                )
            await asyncio.sleep(0.05)

    def _ended(self) -> bool:
        """Whether the supervisor that this process has started is gone, and no other has come."""
        if self.place is None or self.place.up():
            return False
        started = launching.STARTED.get(self.place.state)
        return started is not None and started.poll() is not None

    async def workers(self) -> list[Present]:
        """The workers that are there, on all machines."""
        return await asyncio.to_thread(self.log.work.workers)

    async def counts(self) -> Counts:
        """The queue in numbers."""
        return await asyncio.to_thread(self.log.work.counts)

    def state(self) -> SupervisorState | None:
        """What the supervisor on this machine says; None where there is none."""
        return self.place.read() if self.place is not None and self.place.up() else None

    async def scale(self, workers: int) -> None:
        """Have another number of workers on this machine; those too many end when their runs have.

        Raises:
            SetupError: they were not started here, or that is no number of them.
        """
        if self.state() is None or self.place is None or not 0 <= workers <= MOST:
            raise SetupError(
                f"There cannot be {workers} workers of this fleet on this machine.",
                expected=f"0 to {MOST}, of a fleet that was started here: Fleet.up",
            )
        self.place.want(workers)
        await self._there(workers)

    async def map(
        self,
        team: Actor,
        tasks: Iterable[Any],
        *,
        name: str = "",
        share: str | None = None,
        output: Output = None,
        budget_usd: float | None = None,
        each_usd: float | None = None,
        **options: Any,
    ) -> Batch:
        """Give each task to the workers as a run of its own, and return at once.

        Args:
            team: who is asked; workers must serve an actor of this name.
            tasks: what is asked.
            name: of the batch; a new one without.
            share: shares get their runs performed in fair turns; the batch is one without a name.
            output: the type of the answers' data.
            budget_usd: what all runs of the share may cost together, whichever workers perform
                them; see `allow`. Runs that it does not suffice for fail with `BudgetSpent`.
            each_usd: what each run may cost.
            options: of each run, as `submit` takes them: `deadline_s`, `priority`.

        Returns:
            The runs; they are stored when this returns.

        Raises:
            SetupError: no worker serves the team, a batch of that name is there, or what cannot be
                asked so. LogError: not all were stored; the error says how many were.
        """
        name = name or uuid7()
        await self._may_map(team.name, name)
        share = name if share is None else share
        if budget_usd is not None:
            await self.allow(share, usd=budget_usd)
        given, ids = list(tasks), list[str]()
        for n in range(0, len(given), TOGETHER):
            found = await asyncio.gather(
                *(
                    team.submit(
                        task,
                        log=self.log,
                        id=f"{name}{MARK}{nth:06d}",
                        share=share,
                        budget_usd=each_usd,
                        output=output,
                        **options,
                    )
                    for nth, task in enumerate(given[n : n + TOGETHER], n)
                ),
                return_exceptions=True,
            )
            ids += [one for one in found if isinstance(one, str)]
            for one in found:
                if isinstance(one, BaseException):
                    raise in_part(one, name, len(ids), len(given))
        return Batch(self.log, ids, name=name, output=output)

    async def allow(self, share: str, *, usd: float) -> int:
        """Let the runs of a share cost so much in all, from now on, whoever performs them.

        What is given out to workers counts as spent: the bill passes the budget only by what calls
        in flight cost above their bounds (`max_tokens`). A worker that is killed takes its part of
        the budget along, at most a fiftieth or eight calls. Runs that are under way already are
        bound when they are claimed anew.

        Args:
            share: a user or batch, as `map` and `submit` name it.
            usd: what its runs may cost in all, with what they have cost since the first `allow`.

        Returns:
            How many runs that had failed with `BudgetSpent` are offered anew.

        Raises:
            SetupError: the log is a file, or that is no budget.
        """
        checked(usd, None)
        share = checked_share(share)
        if not share:
            raise SetupError("A budget is that of a share, and this one has no name.")
        return await asyncio.to_thread(lambda: self.log.work.quotas.allow(share, usd))

    async def books(self) -> list[Books]:
        """The budgets of all shares: allowed, given out, spent.

        Raises:
            SetupError: the log is a file.
        """
        return await asyncio.to_thread(lambda: self.log.work.quotas.books())

    async def _may_map(self, actor: str, name: str) -> None:
        """Refuse a batch that nobody would perform, or of a name that is taken.

        Raises:
            SetupError: it is one.
        """
        here = await self.workers()
        served = sorted({one for worker in here for one in worker.actors})
        if here and actor not in served:
            raise SetupError(
                f"No worker of this fleet serves {actor}.",
                expected=f"one of: {', '.join(served)}",
                todo=f"start one for it: Fleet.up('FILE.py:{actor}'), or name an actor that is"
                " served. Code does not travel through the log",
            )
        if MARK in name:
            raise SetupError(f"A batch cannot be called {name!r}: it has a {MARK!r}.")
        if await asyncio.to_thread(self.log.has, f"{name}{MARK}{0:06d}"):
            raise SetupError(
                f"There is a batch {name!r} already.",
                expected="a new name, or none",
                todo=f"take it again: await fleet.attach({name!r})",
            )

    async def attach(self, name: str = "", *, output: Output = None) -> Batch:
        """The runs of a batch again, as after a restart of the kernel; of the newest by default.

        Raises:
            SetupError: there is none of that name.
        """
        batches = await self.batches()
        name = name or next(iter(batches), "")
        if name not in batches:
            raise SetupError(
                f"The log {self.log.url} has no batch {name!r}.",
                expected=f"one of: {', '.join(list(batches)[:5]) or 'none yet'}",
            )
        return Batch(self.log, batches[name], name=name, output=output)

    async def batches(self) -> Mapping[str, Sequence[str]]:
        """The ids of the runs of each batch in the log, the newest batch first."""
        found: dict[str, list[str]] = {}
        for info in await asyncio.to_thread(self.log.runs):
            name, mark, number = info.id.rpartition(MARK)
            if mark and number.isdigit():
                found.setdefault(name, []).append(info.id)
        return {name: sorted(ids) for name, ids in found.items()}

    async def down(self) -> None:
        """End the workers that run on this machine; what they cannot finish waits for others.

        Raises:
            TimeoutError: they have not ended after a minute.
        """
        state = self.state()
        if state is None or self.place is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.pid, signal.SIGTERM)
        async with asyncio.timeout(END_S):
            while self.place.up():
                await asyncio.sleep(0.05)
        started = launching.STARTED.get(self.place.state)
        if started is not None and started.pid == state.pid:
            await asyncio.to_thread(started.wait, END_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.down()

    def __repr__(self) -> str:
        counts, here = self.log.work.counts(), self.log.work.workers()
        slots = sum(one.slots for one in here)
        return (
            f"Fleet at {self.log.url}: {len(here)} workers with {slots} slots; {counts.open} runs"
            f" open, {counts.running} under way, {counts.waiting} wait for a person, {counts.dead}"
            f" dead letters, {counts.stopped} stopped, {counts.done} done"
        )


def in_part(error: BaseException, name: str, stored: int, whole: int) -> BaseException:
    """The error of a batch of which some runs are stored, and performed."""
    if stored and isinstance(error, AgentkitError):
        there = f"{stored} of {whole} runs are in the log: await fleet.attach({name!r})"
        error.todo = f"{error.todo}; {there}" if error.todo else there
    return error


async def join_fleet(place: FleetFiles, targets: Sequence[str], workers: int, ray: str) -> None:
    """Have the supervisor that is up have so many workers.

    Raises:
        SetupError: it has others.
    """
    known = place.read()
    if known is not None and (known.targets, known.ray) != (tuple(targets), ray):
        where = f" on the Ray {known.ray}" if known.ray else ""
        raise SetupError(
            f"A fleet for {', '.join(known.targets)}{where} is up at {known.log}.",
            todo="end it first: await fleet.down(); or name another log",
        )
    place.want(workers)


def are_there(state: SupervisorState, here: Sequence[Present], workers: int) -> bool:
    """Whether the log knows all workers that a supervisor has started, and they are so many."""
    names, pids = {one.name for one in here}, {one.name.split(":")[-2] for one in here}
    known = [
        one.name in names if one.name or state.ray else str(one.pid) in pids
        for one in state.workers
    ]
    return all(known) and (len(known) == workers or (len(known) > workers and state.most > 0))
