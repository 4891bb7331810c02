"""Waiting for the end of a run, wherever it is performed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from agentkit.answer import Answer
from agentkit.errors import AgentkitError, Interrupted, LogError, SetupError, Waiting
from agentkit.events import RunEnded, RunStarted
from agentkit.finished import recorded_answer
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import Content, canonical
from agentkit.offers import State
from agentkit.traces import revived
from agentkit.typed import Output

LOOK_S = 1.0
"""How often it is looked what became of a run that nothing is written into."""


async def attach(
    run_id: str, *, log: Log | None = None, output: Output = None, timeout_s: float | None = None
) -> Answer:
    """Wait until a run has ended, and return its answer from its record.

    It does not matter who performs it: this kernel, another one, or a worker. While workers try
    a failed run again, or a question of it is open, it has not ended.

    Args:
        run_id: as `submit` returned it.
        log: where it is recorded; the default log without one.
        output: the type of the answer's data; as they are recorded without one.
        timeout_s: how long to wait at most, in seconds.

    Raises:
        UnknownRun: no such run. TimeoutError: it had not ended by then, and goes on.
        Interrupted: it was stopped, or a person must say whether a step happened.
        AgentkitError: what it failed with.
    """
    log = log or open_log()
    async with asyncio.timeout(timeout_s):
        events = await ended(log, run_id)
    start, end = events[0], last_end(events)
    if end is None or end.status != "ok":
        raise failed(run_id, end, outcome(log, run_id))
    if not isinstance(start, RunStarted) or start.actor is None:
        raise SetupError(
            f"Run {run_id} is a block of code, and has no answer.",
            expected="a run that an actor was asked in",
        )
    kept = output if output is not None else start.output
    task = start.given if isinstance(start.given, str | Content) else canonical(start.given)
    return recorded_answer(events, "", start.actor, task, kept)


async def ended(log: Log, run_id: str) -> Sequence[Any]:
    """The events of a run once nobody goes on with it."""
    events: list[Any] = []
    tail = log.tail(run_id)
    coming: asyncio.Future[Any] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(tail))
            done, _ = await asyncio.wait({coming}, timeout=LOOK_S)
            if done:
                events.append(coming.result())
                coming = None
            looked = not done or isinstance(events[-1], RunEnded)
            # What was written meanwhile may be what the queue tells of.
            if looked and settled(log, run_id, events) and not newer(log, run_id, events):
                return events
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        await tail.aclose()  # type: ignore[attr-defined]


def newer(log: Log, run_id: str, events: Sequence[Any]) -> bool:
    """Whether a run has events after these."""
    return bool(log.read(run_id, events[-1].seq if events else 0))


def settled(log: Log, run_id: str, events: Sequence[Any]) -> bool:
    """Whether nobody goes on with a run, as far as its events and its queue tell."""
    end = events[-1] if events else None
    if isinstance(end, RunEnded) and end.status == "ok":
        return True
    known = outcome(log, run_id)
    if known is not None:
        # Somebody may answer a question at any moment, and a worker goes on then.
        return known[0] != "open" and not known[1].startswith(Waiting.__name__)
    return isinstance(end, RunEnded)


def outcome(log: Log, run_id: str) -> tuple[State, str] | None:
    """What the queue of a log says of a run; None where it has none."""
    try:
        return log.work.state(run_id)
    except LogError:
        return None


def last_end(events: Sequence[Any]) -> RunEnded | None:
    """The newest end of a run."""
    return next((e for e in reversed(events) if isinstance(e, RunEnded)), None)


def failed(run_id: str, end: RunEnded | None, known: tuple[State, str] | None) -> BaseException:
    """The error of a run that did not end well."""
    error = revived(end.error) if end and end.error and end.status == "failed" else None
    if error is not None and (known is None or known[0] == "dead"):
        error.add_note(f"It is what run {run_id} ended with.")
        return error
    if known is not None and known[0] == "stopped":
        return Interrupted(
            f"Run {run_id} was {known[1]}.",
            todo="`agentkit fleet retry RUN` goes on, or %resume --fleet RUN",
            run_id=run_id,
        )
    if known is not None:
        waits = known[0] == "waiting"
        return Interrupted(
            f"Run {run_id} {'waits for a person' if waits else 'is a dead letter'}: {known[1]}",
            todo="resume it with settle={...}, where a step may have happened"
            if waits
            else "mend what it failed with, then `agentkit fleet retry RUN`",
            run_id=run_id,
        )
    if end is not None and end.error is not None:
        return Interrupted(f"Run {run_id} ended: {end.error.text}", run_id=run_id)
    return AgentkitError(f"Run {run_id} did not end well.", run_id=run_id)
