"""Opening a run: a new one, or one that goes on from what a log has recorded."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from agentkit.errors import LogLocked, SetupError
from agentkit.events import Ref, RunStarted, uuid7
from agentkit.lease import LEASE_S, Lease
from agentkit.log import LOCK_S, Log
from agentkit.logs import open_log
from agentkit.messages import JSON
from agentkit.place import here
from agentkit.record import edited
from agentkit.run import Run, within


@contextlib.asynccontextmanager
async def run(
    name: str = "",
    *,
    log: Log | None = None,
    budget_usd: float | None = None,
    budget_tokens: int | None = None,
    seed: int | None = None,
    resume: str | None = None,
    rerun: str | None = None,
    replay: str | None = None,
    fork: str | None = None,
    at: int | None = None,
    edit: dict[Any, Any] | None = None,
    settle: dict[str, JSON] | None = None,
    id: str | None = None,
    actor: str | None = None,
    task: JSON = None,
    output: JSON = None,
) -> AsyncIterator[Run]:
    """Open a run; every ask inside belongs to it.

    Args:
        name: shown in lists.
        log: where its events go; the default log without one.
        budget_usd: no model is called any more once so much is spent.
        budget_tokens: the same for tokens, in and out.
        seed: given to the endpoints and to `random`.
        resume: go on with this run; what it recorded is not performed again.
        rerun: a new run that reuses the steps of this one whose key is unchanged.
        replay: perform and write nothing; every step must be recorded in this run.
        fork: a new run that shares the steps of this one up to event `at`.
        at: seq of the last event shared; by default the last one, so that only what is
            downstream of an edit is performed.
        edit: for a fork: {seq of a step.ended: its new text or result}.
        settle: {tool name or step key: result, or NOT_DONE}; by name only where one step
            of that name is in doubt.
        id: the run's id; a new UUIDv7 by default.
        actor, task, output: what is asked, kept so that the ask can be repeated.

    Raises:
        UnknownRun, RunTaken: the run named cannot be read, or resumed now.
        SetupError: options that exclude each other.
    """
    log = log or open_log()
    source = one_of(resume=resume, rerun=rerun, replay=replay, fork=fork)
    events = log.read(source) if source and not resume else []
    lease = None
    if not replay:
        id = resume or id or uuid7()
        lease = await claimed(log, id) if resume else log.begin(id)
        if resume:
            events = log.read(resume)
    first = next((e for e in events if isinstance(e, RunStarted)), None)
    last = next((e for e in reversed(events) if isinstance(e, RunStarted)), None)
    kept = last if resume or replay else None
    start = RunStarted(
        run=id or source or "",
        seq=(events[-1].seq if resume and events else 0) + 1,
        at=log.clock(),
        scope="",
        name=name
        or (first.name if first and first.task == task else "")
        or (titled(actor, task) if actor else "run"),
        actor=actor,
        task=task,
        output=output,
        origin=Ref(run=source, seq=at or events[-1].seq) if source and (rerun or fork) else None,
        how="resume" if resume else "rerun" if rerun else "fork" if fork else "ask",
        seed=seed if seed is not None else last.seed if last else None,
        budget_usd=budget_usd if budget_usd is not None else kept.budget_usd if kept else None,
        budget_tokens=budget_tokens
        if budget_tokens is not None
        else kept.budget_tokens
        if kept
        else None,
        place=here(),
    )
    current = Run(start.run, log, lease, start)
    current.settle = settle or {}
    current.resuming = bool(resume)
    if fork:
        events = edited(events, at, edit or {})
    for event in events:
        current.recorded.add(event)
    if rerun or fork:
        current.source, current.recorded.stored = source, set()
    if lease:
        log.append(lease, start)
    beat = heartbeat(log, lease) if lease else None
    failure: BaseException | None = None
    try:
        with within(current, current.root):
            yield current
    except BaseException as error:
        failure = error
        raise
    finally:
        if beat:
            beat()
        current.end(failure)
        if lease and failure is not None:
            log.settle()
        elif lease:
            await current.flush()


def titled(actor: str, task: JSON) -> str:
    """A run's name in lists: who was asked what."""
    lines = ("" if task is None else str(task)).strip().splitlines() or [""]
    cut = lines[0] if len(lines[0]) <= 60 else lines[0][:59] + "…"
    return f"{actor}: {cut}".removesuffix(": ")


def one_of(**sources: str | None) -> str | None:
    """The one run named, or None.

    Raises:
        SetupError: several.
    """
    given = {how: run for how, run in sources.items() if run}
    if len(given) > 1:
        raise SetupError(f"A run cannot {' and '.join(given)} at once.", expected="one of them")
    return next(iter(given.values()), None)


async def claimed(log: Log, run: str) -> Lease:
    """The lease of an earlier run; a locked log is tried for as long as an append is.

    Raises:
        UnknownRun, RunTaken, LogLocked: it cannot be had.
    """
    end = time.monotonic() + LOCK_S
    while True:
        try:
            return log.claim(run)
        except LogLocked:
            if time.monotonic() > end:
                raise
        await asyncio.sleep(0.02)


def heartbeat(log: Log, lease: Lease) -> Callable[[], None]:
    """Renew the lease until the function returned is called."""
    loop = asyncio.get_running_loop()
    handle: asyncio.TimerHandle | None = None

    def beat() -> None:
        nonlocal handle
        log.append(lease)
        handle = loop.call_later(LEASE_S / 3, beat)

    handle = loop.call_later(LEASE_S / 3, beat)
    return lambda: handle.cancel() if handle else None
