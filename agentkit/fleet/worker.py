"""A worker: claims open runs of a log and goes on with them, as many at once as it has slots.

Correctness is the log's: whoever holds the epoch may write, whatever a worker believes. The worker
sees to it that runs move: it claims, renews the leases of all its runs together, lets go of them by
its own clock before they end where the log cannot be reached, and gives back what it cannot finish.
Each of its loops is started again when it fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from agentkit.actor import Actor
from agentkit.errors import (
    AgentkitError,
    BudgetSpent,
    LogError,
    LogGone,
    LogLocked,
    LogUnreachable,
    RunTaken,
    SetupError,
    Unsettled,
    Waiting,
    full_text,
)
from agentkit.fleet.common import Common
from agentkit.fleet.counting import Metrics
from agentkit.fleet.health import QueueNumbers
from agentkit.fleet.notes import DeadLettered
from agentkit.fleet.suspects import CUT_OFF, STOPPED, left_out, without
from agentkit.lease import HANDED, LEASE_S, Lease, owner_name
from agentkit.log import LOGGER, Log
from agentkit.offers import Claimed, Present
from agentkit.opening import run
from agentkit.person import stop_for_answer
from agentkit.questions import pending

SLOTS, ATTEMPTS = 40, 5
"""Runs that a worker has at once, and attempts until a dead letter, where nothing is said."""

MARGIN = 0.15
"""The part of a lease before its end in which a worker begins nothing and lets go of its runs."""

FINAL = (SetupError, BudgetSpent)
"""Errors that no other attempt mends: a dead letter at once."""

AWAY = (LogUnreachable, LogLocked)
"""Errors of a log that may answer again by itself."""

REOPEN_S = 2.0
"""How often it is looked whether a person has answered."""

SETTLE_S = 1.0
"""How often it is said what was spent of shared budgets."""


@dataclass
class Doing:
    """A run that is under way here."""

    claimed: Claimed
    task: asyncio.Task[None]
    blocked: bool = False
    """Whether its lease ended because the event loop stood still; it may be its own fault."""
    leaving: bool = False
    """Whether it is given back: if that hangs, its lease ends, and others go on with it."""

    @property
    def lease(self) -> Lease:
        return self.claimed.lease


class Worker:
    """See the module: `await Worker([team], log).serve()`."""

    def __init__(
        self,
        actors: Sequence[Actor],
        log: Log,
        *,
        slots: int = SLOTS,
        lease_s: float = LEASE_S,
        attempts: int = ATTEMPTS,
        look_s: float = 0.5,
        backoff_s: float = 1.0,
        drain_s: float = 30.0,
    ) -> None:
        """Make one.

        Args:
            actors: whose runs it performs, by their names.
            log: that has the runs.
            slots: how many runs it has at once.
            lease_s: how long after its death others take over, in seconds; at most that of the
                log's own writers.
            attempts: after how many a run is a dead letter.
            look_s: how often it looks for open runs where it has found none.
            backoff_s: how long a run waits after its first failed attempt; twice as long each time.
            drain_s: how long runs may go on after it was told to stop.

        Raises:
            SetupError: two actors of one name, or a number that cannot be.
        """
        self.actors = {actor.name: actor for actor in actors}
        if len(self.actors) != len(actors) or not actors:
            raise SetupError("A worker needs actors of different names.")
        if slots < 1 or attempts < 1 or not 1.0 <= lease_s <= LEASE_S:
            raise SetupError(
                f"A worker cannot have {slots} slots, {attempts} attempts and leases of"
                f" {lease_s:g} s.",
                expected=f"at least one of each, and leases of 1 to {LEASE_S:g} s",
            )
        self.log, self.slots, self.lease_s, self.attempts = log, slots, lease_s, attempts
        self.look_s, self.backoff_s, self.drain_s = look_s, backoff_s, drain_s
        self.metrics = Metrics()
        self.name, self.since = owner_name(), time.time()
        self.doing: dict[str, Doing] = {}
        self.stopping = asyncio.Event()
        self.common = Common(log, self.name)
        self.gone: LogGone | None = None
        """Why there is nothing to work at any more."""
        self._free = asyncio.Event()
        self.queue = QueueNumbers(log)
        self._rng = random.Random()

    async def serve(self, *, until_idle: bool = False) -> None:
        """Work until `stop` is called.

        Args:
            until_idle: or until there is nothing left that is open, or under way elsewhere.

        Raises:
            LogGone: the log's file was deleted: nothing is recorded any more, and nothing found.
        """
        loops = [
            asyncio.create_task(self._supervised(loop))
            for loop in (
                self._present,
                self._beat,
                self._guard,
                self._claim,
                self._reopen,
                self._settle,
            )
        ]
        try:
            while not self.stopping.is_set():
                await self._pause(self.look_s)
                if until_idle and not self.doing and await self._idle():
                    break
        finally:
            self.stopping.set()
            # Before the loops end: what still goes on needs its leases renewed.
            await self._drain()
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            with contextlib.suppress(LogError):
                await self.common.close()
                await asyncio.to_thread(self.log.work.present, self.shown, gone=True)
        if self.gone is not None:
            raise self.gone

    @property
    def shown(self) -> Present:
        """This worker, as others see it."""
        return Present(
            name=self.name,
            since=self.since,
            slots=self.slots,
            running=len(self.doing),
            actors=tuple(self.actors),
        )

    def stop(self) -> None:
        """Claim nothing more, and end when what is under way has ended, or `drain_s` passed."""
        self.stopping.set()

    async def _idle(self) -> bool:
        counts = await self.queue.counts(0.0)
        return counts is not None and counts.open == counts.running == 0

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            pass

    async def _supervised(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Go round a loop for ever; what it raises is told, and it goes on after a while."""
        pause = 0.1
        while True:
            try:
                await loop()
                pause = 0.1
            except LogError as error:
                LOGGER.warning("A worker goes on trying: %s", error.what)
                self.metrics.count("restarts")
                # Others' leases run out meanwhile: it is asked often whether the log is back.
                pause = min(2 * pause, self.lease_s / 8)
                await asyncio.sleep(pause)
            except Exception:
                LOGGER.exception("A loop of the worker failed, and is started again.")
                self.metrics.count("restarts")
                pause = min(2 * pause, 2.0)
                await asyncio.sleep(pause)

    async def _claim(self) -> None:
        """Claim as many open runs as there is room for, and begin with them."""
        room = self.slots - len(self.doing)
        if self.stopping.is_set() or room <= 0:
            self._free.clear()
            try:
                async with asyncio.timeout(self.look_s):
                    await self._free.wait()
            except TimeoutError:
                pass
            return
        # Leases are counted from before the claim, which may take its time: never too long.
        asked = time.monotonic()
        names = list(self.actors)
        found = await asyncio.to_thread(self.log.work.claim, names, room, seconds=self.lease_s)
        self.metrics.claim_s = time.monotonic() - asked
        apart = left_out(found, [one.claimed for one in self.doing.values()], self.attempts)
        for one in apart:
            wait_s = self.look_s * self._rng.uniform(0.5, 1.0)
            await self._give_back(one, counts=False, wait_s=wait_s, reason=one.reason)
        for one in without(found, apart):
            one.lease.until, one.lease.together = asked + self.lease_s, True
            self.metrics.count("claimed")
            self.metrics.count("taken_over", one.attempt > 1)
            task = asyncio.create_task(self._perform(one))
            self.doing[one.lease.run] = Doing(one, task)
            task.add_done_callback(functools.partial(self._done, one))
        if len(found) < room:
            # Spread, or workers that were started together would all ask the log at one moment.
            await self._pause(self.look_s * self._rng.uniform(0.5, 1.0))

    async def _reopen(self) -> None:
        """Offer runs anew that waited for a person, once the person has answered."""
        await asyncio.sleep(REOPEN_S * self._rng.uniform(0.5, 1.0))
        for one in await asyncio.to_thread(lambda: self.log.work.stuck()):
            asked = one.state == "waiting" and one.reason.startswith(Waiting.__name__)
            if asked and not await pending(self.log, one.id):
                await asyncio.to_thread(self.log.work.retry, one.id)

    async def _present(self) -> None:
        """Say that this worker is there, and free what dead ones of this machine held."""
        try:
            await asyncio.to_thread(self.log.work.look)
        except LogGone as error:
            self.gone = error
            self.stopping.set()
        else:
            await asyncio.to_thread(self.log.work.present, self.shown)
        await asyncio.sleep(self.lease_s / 4)

    async def _settle(self) -> None:
        """Tell what was spent of shared budgets, and give back what lies idle."""
        await asyncio.sleep(SETTLE_S * self._rng.uniform(0.75, 1.0))
        await self.common.settled()

    async def _beat(self) -> None:
        """Renew the leases of all runs here; the log writes them in one statement."""
        for one in list(self.doing.values()):
            # What is given back and hangs is left to its lease; not while this worker ends, for
            # then it is given back at once.
            going = not (one.leaving or one.task.cancelling()) or self.stopping.is_set()
            if one.lease.lost is None and going:
                self.log.append(one.lease)
        # Two renewals in a row may fail before `_guard` lets go.
        await asyncio.sleep(self.lease_s / 4)

    async def _guard(self) -> None:
        """Let go, by this process's clock, of runs whose leases end before they are renewed."""
        before = time.monotonic()
        await asyncio.sleep(self.lease_s / 20)
        blocked = time.monotonic() - before > self.lease_s / 4
        now = time.monotonic() + MARGIN * self.lease_s
        for one in list(self.doing.values()):
            fenced = one.lease.lost is not None
            if (fenced or one.lease.until < now) and not one.task.cancelling():
                self.metrics.count("fenced" if fenced else "let_go")
                one.blocked = blocked
                one.task.cancel()

    async def _perform(self, claimed: Claimed) -> None:
        """Go on with a run, and see what becomes of it."""
        lease = claimed.lease
        # `resume` takes this lease; to claim the run again would fence this very worker.
        HANDED.set({lease.run: lease})
        self.common.around(claimed)
        try:
            if claimed.attempt > self.attempts:
                await self._bury(claimed)
            else:
                team = self.actors[claimed.actor]
                await team.resume(lease.run, log=self.log, person=stop_for_answer)
                self.metrics.count("finished")
        except asyncio.CancelledError:
            # Only this worker cancels the task, and nobody waits for it: it is not raised again.
            if lease.lost is None:
                stopped, one = self.stopping.is_set(), self.doing.get(lease.run)
                why = STOPPED if stopped else CUT_OFF
                counts = not stopped and one is not None and one.blocked
                await self._give_back(claimed, counts=counts, reason=why)
        except Exception as error:
            await self._failed(claimed, error)

    def _done(self, claimed: Claimed, task: asyncio.Task[None]) -> None:
        """Hold a run no longer: also one that was let go of before anything of it was done."""
        one = self.doing.get(claimed.lease.run)
        if one is not None and one.claimed is claimed:
            del self.doing[claimed.lease.run]
        self._free.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            LOGGER.error("Run %s was not given back.", claimed.lease.run, exc_info=error)

    async def _failed(self, claimed: Claimed, error: Exception) -> None:
        """Give a run back after a failed attempt, or give it up."""
        lease = claimed.lease
        if isinstance(error, RunTaken) or lease.lost is not None:
            self.metrics.count("fenced")
            return
        self.metrics.count("failed")
        reason = full_text(error)
        if isinstance(error, Unsettled | Waiting):
            await self._give_back(claimed, state="waiting", reason=reason)
        elif isinstance(error, FINAL) or claimed.attempt >= self.attempts:
            self.metrics.count("dead")
            await self._give_back(claimed, state="dead", reason=reason)
        else:
            # A log that was away has been waited for once the run is given back.
            pause_s = 0.0 if isinstance(error, AWAY) else self.backoff_s
            wait_s = pause_s * 2 ** (claimed.attempt - 1) * self._rng.uniform(0.5, 1.0)
            await self._give_back(claimed, wait_s=wait_s, reason=reason)

    async def _bury(self, claimed: Claimed) -> None:
        """Make a dead letter of a run in which worker after worker died."""
        why = claimed.reason or "its worker ended, or was cut off, in each of them"
        self.metrics.count("dead")
        reason = f"given up after {self.attempts} attempts: {why}"
        try:
            # The run ends by this error: who waits for it (`attach`) is told by its end alone.
            async with run(resume=claimed.lease.run, log=self.log) as now:
                now.note(DeadLettered(attempts=self.attempts, reason=why))
                raise AgentkitError(f"Run {claimed.lease.run} was {reason}", run_id=now.id)
        except Unsettled as error:
            await self._give_back(claimed, state="waiting", reason=full_text(error))
            return
        except RunTaken:
            raise
        except AgentkitError:
            await self._give_back(claimed, state="dead", reason=reason)

    async def _give_back(self, claimed: Claimed, **how: object) -> None:
        """Give a run back, once what it recorded is stored; wait for a log that is away."""
        lease = claimed.lease
        if (one := self.doing.get(lease.run)) is not None:
            one.leaving = True
        while True:
            try:
                await self.log.flush(lease)
                await asyncio.to_thread(self.log.work.give_back, lease, **how)  # type: ignore[arg-type]
                return
            except LogError as error:
                if not isinstance(error, AWAY) or self.stopping.is_set():
                    # Its lease ends by itself, and the attempt counts.
                    LOGGER.warning("Run %s was not given back: %s", lease.run, error.what)
                    return
            await asyncio.sleep(self.lease_s / 8)

    async def _drain(self) -> None:
        """Wait for what is under way, and cut off what takes too long."""
        tasks = [one.task for one in self.doing.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=0 if self.gone else self.drain_s)
        for one in list(self.doing.values()):
            one.task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def metrics_page(self) -> tuple[int, str]:
        """For Prometheus."""
        return 200, self.metrics.text(len(self.doing), self.slots, await self.queue.counts())

    async def health_page(self) -> tuple[int, str]:
        """200 while it works: the log answers, and its runs are renewed in time."""
        counts = await self.queue.counts()
        late = sum(one.lease.stale for one in self.doing.values())
        if counts is None or late:
            return 503, f"log {'up' if counts else 'down'}, {late} leases late\n"
        return 200, f"ok, {len(self.doing)} of {self.slots} slots, {counts.open} open\n"
