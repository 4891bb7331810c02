"""Opening a run: a new one, or one that goes on from what a log has recorded."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncContextDecorator
from dataclasses import dataclass
from typing import Any

from agentkit.bounds import REAL, Bounds, Deadline, bind, bounds_of
from agentkit.budget import checked
from agentkit.causes import causing
from agentkit.committing import LOCK_S
from agentkit.deprecated import moved
from agentkit.doubts import Doubts
from agentkit.errors import LogLocked, LogUnreachable, RunTaken
from agentkit.events import Event, Ref, RunStarted, Usage, uuid7
from agentkit.guarding import Guard, guard_of, policy_for
from agentkit.lease import HANDED, LEASE_S, Lease
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import JSON, mended
from agentkit.nested import begun_inside, charge_inner, charge_outer, in_its_place, words_around
from agentkit.origins import begun_with, ended_well, held_back, others_of
from agentkit.parts import as_content
from agentkit.past import Finished, Fresh, Past, Replayed
from agentkit.person import Person
from agentkit.place import cell, started
from agentkit.record import Recorded, recorded
from agentkit.requiring import Require, listed, monitor_of, said_again
from agentkit.resumed import Resumed
from agentkit.run import Run
from agentkit.scope import here as around
from agentkit.scope import within
from agentkit.sources import Source, as_kept, checked_id, checked_words, fitting, source_of
from agentkit.step import PAID
from agentkit.values import built

BUDGETS = ("budget_usd", "budget_tokens", "budget_calls")
"""What a run may spend."""


KEYS = 2
"""How the steps of a new run are told apart; see `RunStarted.keys`."""

BEATS = 3
"""How often a lease is renewed while it would hold: one or two beats may come late."""


def run(
    name: str = "",
    *,
    log: Log | None = None,
    budget_usd: float | None = None,
    budget_tokens: int | None = None,
    budget_calls: int | None = None,
    deadline_s: float | None = None,
    concurrency: int | None = None,
    seed: int | None = None,
    resume: str | None = None,
    rerun: str | None = None,
    replay: str | None = None,
    fork: str | None = None,
    at: int | None = None,
    edit: dict[Any, Any] | None = None,
    settle: dict[str, JSON] | None = None,
    extend: bool = False,
    id: str | None = None,
    actor: str | None = None,
    task: JSON = None,
    output: JSON = None,
    sample: int = 0,
    arguments: JSON = None,
    model: str | None = None,
    deps: str = "",
    person: Person | None = None,
    require: Require | None = None,
) -> Performing:
    """Open a run; every ask inside belongs to it.

    Args:
        name: shown in lists.
        log: where its events go; the default log without one.
        budget_usd: a model is called only if the most that it may cost fits, with what is
            spent and what other calls have reserved; see `agentkit.budget`.
        budget_tokens: the same for tokens, in and out. A run opened inside another one is
            bound by both.
        budget_calls: the same for model calls that are paid.
        deadline_s: seconds after which what goes on in it is cut off, and DeadlinePassed raised.
            They are those of one attempt: a resume has them anew, or others that it is given.
        concurrency: how many model calls may be under way in it at once; the others wait.
        seed: given to the endpoints and to `random`.
        resume: go on with this run; what it recorded is not performed again. One that has
            finished performs and writes nothing more; asks give what they gave. Where a
            budget held it back, it goes on when another one is given.
        rerun: a new run that reuses the steps of this one whose key is unchanged.
        replay: perform and write nothing; every step must be recorded in this run.
        fork: a new run that shares the steps of this one up to event `at`.
        at: seq of the last event shared; by default the last one, so that only what is
            downstream of an edit is performed.
        edit: for a fork: {seq of a step.ended: its new text or result}.
        settle: {tool name or step key: result, or NOT_DONE}, what a person says of steps in
            doubt; by name only where one step of that name is in doubt. Each word is about
            the attempt that was asked about, and about no later one.
        extend: let the block of a run that is resumed ask more than it did, or others, also where
            it has finished, as a study that gets further questions does.
        person: who answers its questions here, in place of whom `set_person` named for the
            process; `wait_for_answer` where nobody does, and `stop_for_answer`.
        require: rules of `agentkit.evaluate` that must hold in this run and those opened in it; a
            step that would break one is not performed. A resume is given them again.
        id: the run's id; a new UUIDv7 by default.
        actor, task, output, sample, arguments, model, deps: what is asked, kept so that the ask
            can be repeated.

    Raises:
        UnknownRun, RunTaken: the run named cannot be read, or resumed now.
        LogCorrupt: it, or a run that it goes back to, is not as it was recorded.
        Unsettled: `once` steps may have happened; all are named before anything is performed.
        SetupError: options that exclude each other, or a budget that is none.
        DeadlinePassed: it took longer than deadline_s; it can be resumed.
        RuleBroken: a rule that it must keep is broken, or a step was held back that would break it.
    """

    async def opened() -> tuple[Run, RunStarted, bool]:
        limits = {"seed": seed, "budget_usd": budget_usd, "budget_tokens": budget_tokens}
        limits |= {"budget_calls": budget_calls, "deadline_s": deadline_s}
        limits |= {"concurrency": concurrency}
        own = {"actor": mended(actor) or None, "sample": sample, "model": model, "deps": deps}
        own |= {"output": output, "arguments": arguments or None}
        check_limits(limits, id, at=at, edit=edit, settle=settle, seed=seed, name=name, **own)
        source = fitting(source_of(resume, rerun, replay, fork), at, edit, settle)
        known = await looked_up(log or open_log(), source, id, limits, extend, require, name)
        start = beginning(known, name, at, own | as_asked(task) | as_kept(edit), limits)
        current = opened_run(known, start, settle or {}, person, require)
        return current, start, not edit

    return Performing(opened)


def check_limits(limits: dict[str, Any], id: str | None, **words: Any) -> None:
    """Refuse limits of a run that bind nothing or cannot be kept, and other words that cannot be.

    Raises:
        SetupError: one does.
    """
    checked_id(id)
    checked_words(**words)
    checked(*[limits[one] for one in BUDGETS])
    if limits["deadline_s"] is not None or limits["concurrency"] is not None:
        bounds_of(words.get("actor") or "a run", limits["deadline_s"], limits["concurrency"])


@dataclass
class Known:
    """What a log knows when a run is opened."""

    log: Log
    source: Source
    id: str
    """Of the run that is opened."""
    events: list[Event]
    """Of the run that it goes back to."""
    lease: Lease | None
    """To write the run; nothing is written in a replay, or of a run that has finished."""
    finished: bool
    more: bool
    """Whether a budget had held it back, and it may spend more now."""
    extend: bool = False
    """Whether its block may ask others than before."""


async def looked_up(
    log: Log,
    source: Source,
    id: str | None,
    limits: dict[str, Any],
    extend: bool,
    require: Require | None = None,
    name: str = "",
) -> Known:
    """Read what a run goes back to, and become its writer.

    Raises:
        UnknownRun, RunTaken, LogCorrupt: see `run`.
    """
    listed(require)
    source, id = await in_its_place(log, source, id, name)
    if not source.run:
        id = id or uuid7()
        return Known(log, source, id, [], log.begin(id), finished=False, more=False)
    await log.settled()
    log.trust(source.run)
    events = log.read(source.run)
    limited = any(limits[one] is not None for one in BUDGETS)
    more = source.resumed and limited and held_back(events)
    finished = source.resumed and ended_well(events) and not (more or extend)
    lease = None
    if source.resumed or source.how == "replay":
        id = source.run
    id = id or uuid7()
    if source.resumed and not finished:
        said_again(require, events, source.run)
        lease = await claimed(log, id, patient=source.inner)
        # Its last writer may have gone on until then.
        events += log.read(id, after=events[-1].seq if events else 0)
    elif source.how in ("rerun", "fork"):
        lease = log.begin(id)
    return Known(log, source, id, events, lease, finished, more, extend)


def as_asked(task: JSON) -> dict[str, Any]:
    """What is asked, as its record keeps it."""
    content = as_content(task)
    return {"task": task if content is None else str(content), "content": content}


def outer_guard() -> Guard | None:
    """What looks at the run in which this code works."""
    place = around.get()
    found: Guard | None = None if place is None or place[0].ended else place[0].guard
    return found


def beginning(
    known: Known, name: str, at: int | None, asked: dict[str, Any], limits: dict[str, Any]
) -> RunStarted:
    """The event that a run begins with, or goes on with.

    Args:
        known: what the log knows.
        name: of the run; by default that of the one it goes back to, or what is asked.
        at: the last event shared by a fork.
        asked: fields that say what is asked.
        limits: the seed, and what may be spent; a run that goes on keeps those that it had.
    """
    source, events = known.source, known.events
    first = next((e for e in events if isinstance(e, RunStarted)), None)
    last = next((e for e in reversed(events) if isinstance(e, RunStarted)), None)
    kept = last if source.how in ("resume", "replay") else None
    if kept is not None:
        limits = {name: getattr(kept, name) if v is None else v for name, v in limits.items()}
    elif last is not None and limits["seed"] is None:
        limits = {**limits, "seed": last.seed}
    again = first.name if first and first.task == asked["task"] else ""
    policy = policy_for(outer_guard(), events)
    actor, branches = asked["actor"], source.how in ("rerun", "fork")
    place, root = started()
    own = {
        "run": known.id,
        "seq": (events[-1].seq if source.resumed and events else 0) + 1,
        "at": known.log.clock(),
        "scope": "",
        "name": mended(name or again or (titled(actor, asked["task"]) if actor else "run")),
        "origin": Ref(run=source.run, seq=source.last_shared(at, events)) if branches else None,
        "how": "ask" if source.how == "replay" else source.how,
        "place": place,
        "root": root,
        "cell": cell(),
        # A run that goes on, for whomever, answers whoever began it.
        "cause": kept.cause if kept is not None else causing.get(),
        "policy": None if policy is None else policy.form(),
        # What was recorded under the keys of earlier versions is to be found again.
        "keys": KEYS if first is None else first.keys,
    }
    own |= {name: real(limits[name]) for name, real in REAL.items() if limits[name] is not None}
    return built(RunStarted, limits | asked | own)


def opened_run(
    known: Known,
    start: RunStarted,
    settle: dict[str, JSON],
    person: Person | None,
    require: Require | None = None,
) -> Run:
    """The run that is opened."""
    current = Run(known.log, known.lease, start, past_of(known, start, settle))
    current.person = person or current.person
    if known.source.inner:
        charge_outer(current, known.source.how)
    current.guard = guard_of(current, policy_for(outer_guard(), known.events), known.events)
    current.monitor = monitor_of(current, require, known.events)
    return current


def past_of(known: Known, start: RunStarted, settle: dict[str, JSON]) -> Past:
    """What a run that is opened knows of what was done before it."""
    log, source, events = known.log, known.source, known.events
    if not source.run:
        return Fresh()
    if known.finished:
        return Finished(start.run, recorded(events), tuple(events))
    if source.how == "replay":
        return Replayed(start.run, recorded(events))
    past: Past
    if source.resumed:
        first = next((e for e in events if isinstance(e, RunStarted)), None)
        before = begun_with(log, first, None)
        how = {"more": known.more, "free": known.extend}
        past = Resumed(start.run, recorded(events), before, **how)
    else:
        past = begun_with(log, start, events)
    others = functools.partial(others_of, log, source.run, start.run)
    doubts = Doubts(start.run, start.how, past.records, others, settle)
    doubts.inside = functools.partial(begun_inside, log, past.records)
    if source.inner and not settle:
        doubts.words, doubts.passed_on = words_around(), True
    past.doubts = doubts
    return past


class Performing(AsyncContextDecorator, AbstractAsyncContextManager[Run, None]):
    """From the record that a run begins to that of its end; a class, for `uncancelled`'s reason."""

    def __init__(self, opened: Callable[[], Awaitable[tuple[Run, RunStarted, bool]]]) -> None:
        """Make one.

        Args:
            opened: looks up and checks what it begins with: the run, its first event, and whether
                steps in doubt are asked about at once. What is edited may lead elsewhere; then a
                doubt is put where it is met.
        """
        self.opened = opened
        self.deadline: Deadline | None = None

    def _recreate_cm(self) -> Performing:
        return Performing(self.opened)  # each call of a function that is decorated is a run

    async def __aenter__(self) -> Run:
        current, start, judged = await self.opened()
        self.current, lease = current, current.lease
        self.inside = within(current, current.root)
        if lease is not None and start.deadline_s is not None:
            who = start.actor or "The block of code"
            self.deadline = Deadline(current, current.root, who, start.deadline_s)
        if start.how == "resume":
            charge(current, current.past.records[0])
        if lease:
            current.log.append(lease, start)
        if current.guard is not None:
            current.guard.begin(start)
        if current.monitor is not None:
            current.monitor.begin(start)
        self.stop = heartbeat(current.log, lease) if lease else None
        try:
            if judged:
                current.judge()
            if start.concurrency is not None:
                bind(current.root, Bounds(concurrency=start.concurrency))
            if self.deadline is not None:
                await self.deadline.__aenter__()
        except BaseException as error:
            await self.end(error)
            raise
        self.inside.__enter__()
        return current

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self.inside.__exit__()
        try:
            if self.deadline is not None:
                await self.deadline.__aexit__(kind, error, trace)
            if error is None and self.current.monitor is not None:
                await self.current.monitor.conclude()
        except BaseException as late:
            error = late
            raise
        finally:
            await self.end(error)

    async def end(self, failure: BaseException | None) -> None:
        """Record how it ended; what came well to its end is durable then."""
        if self.stop:
            self.stop()
        if self.current.guard is not None:
            self.current.guard.end()
        self.current.end(failure)
        lease = self.current.lease
        if lease and failure is not None:
            # Without an error of its own: it would hide the one that the run failed with.
            if not lease.together:  # else whoever handed it over waits for it
                self.current.log.catch_up()
        elif lease:
            await self.current.flush()


def charge(current: Run, own: Recorded) -> None:
    """Enter what earlier attempts at a run have paid."""
    for lost in own.cut:
        current.root.spend(lost.usage or Usage(), lost.cost_usd)
    if current.budget.limited:
        # All at once, or a resumed run could pay anew before it came by what it has paid. Beside
        # the sums, since each step is entered there when the run comes by it; see `retell`.
        for end in own.ended.values():
            if end.step in PAID and end.usage is not None and end.reused is None:
                current.beside.spend(end.usage, end.cost_usd)
        charge_inner(current, own)


def titled(actor: str, task: JSON) -> str:
    """A run's name in lists: who was asked what."""
    lines = ("" if task is None else str(task)).strip().splitlines() or [""]
    cut = lines[0] if len(lines[0]) <= 60 else lines[0][:59] + "…"
    return f"{actor}: {cut}".removesuffix(": ")


async def claimed(log: Log, run: str, *, patient: bool = False) -> Lease:
    """The lease of an earlier run; a locked log is tried for as long as an append is.

    Args:
        log: where it is.
        run: its id.
        patient: wait until the lease of its last writer is over. Who died in a run that was opened
            inside another one may have renewed it a little later than that one's.

    Raises:
        UnknownRun, RunTaken, LogLocked: it cannot be had.
    """
    if lease := (HANDED.get() or {}).pop(run, None):
        return lease
    end, late = time.monotonic() + LOCK_S, time.monotonic() + LEASE_S
    while True:
        try:
            return log.claim(run)
        except (LogLocked, LogUnreachable):
            if time.monotonic() > end:
                raise
        except RunTaken:
            if not patient or time.monotonic() > late:
                raise
        await asyncio.sleep(0.02)


def heartbeat(log: Log, lease: Lease) -> Callable[[], None]:
    """Renew the lease until the function returned is called."""
    if lease.together:
        return lambda: None
    loop = asyncio.get_running_loop()
    handle: asyncio.TimerHandle | None = None

    def beat() -> None:
        nonlocal handle
        log.append(lease)
        handle = loop.call_later(lease.seconds / BEATS, beat)

    handle = loop.call_later(lease.seconds / BEATS, beat)
    return lambda: handle.cancel() if handle else None


__getattr__ = moved(__name__, {"doubts_of": "agentkit.origins:doubts_of"})
