"""Runs that are opened inside other ones: each is gone on with when the one around it is.

A run that is opened inside has a log of its own, so the one around it notes which it is, and
where. Resumed, it resumes that one; replayed, it replays it; a rerun reruns it and a fork forks it:
so what was done in it is not done again, and in a replay nothing is. Steps in doubt there are asked
about when it is opened again, and the words given to the run around it are given to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from agentkit.events import Usage, uuid7
from agentkit.log import Log
from agentkit.messages import JSON, digest
from agentkit.record import Recorded, RunOpened, recorded
from agentkit.run import Run
from agentkit.scope import asleep, here, told_apart
from agentkit.sources import How, Source
from agentkit.step import PAID


async def in_its_place(
    log: Log, source: Source, id: str | None, name: str
) -> tuple[Source, str | None]:
    """How a run is opened, and its id: inside another one as that one goes on itself.

    Args:
        log: where it is kept.
        source: what it was said to go back to.
        id: that it was said to have.
        name: of the run.

    Raises:
        ReplayMismatch, TeamChanged: the run around it performs nothing, and knows of none there.
    """
    place = here.get()
    if place is None or place[0].ended or source.run or id is not None:
        return source, id
    outer, scope = place
    what = told_apart(outer, scope, f"run {name}")
    key = digest(scope.key, what, scope.nth(what))
    if asleep.get():
        # Of a join that went on without it: it may neither perform nor write.
        ids = (one.opened[key] for one in outer.past.records if key in one.opened)
        if (found := next(ids, None)) is None:
            await asyncio.get_running_loop().create_future()
        return Source("replay", str(found)), None
    known = outer.past.opened(key, name)
    if known is not None and known.how != "replay" and not log.has(known.run):
        id = known.run if known.resumed else None
        known = None
    if known is not None and known.how in ("resume", "replay"):
        return replace(known, inner=True), None
    id = id or uuid7()
    outer.note(RunOpened(run=id, key=key, name=name))
    if outer.log is not log:
        await outer.flush()
    return source if known is None else replace(known, inner=True), id


def words_around() -> dict[str, JSON]:
    """What a person said of steps in doubt to the run around this one; also of others than its."""
    place = here.get()
    doubts = None if place is None else place[0].past.doubts
    return {} if doubts is None else doubts.words


def begun_inside(log: Log, records: Iterable[Recorded]) -> set[str]:
    """Names and keys of the steps that were begun in runs opened inside, and inside those."""
    found: set[str] = set()
    for run in {one for record in records for one in record.opened.values()}:
        if log.has(run):
            inner = recorded(log.read(run))
            found |= inner.begun | begun_inside(log, [inner])
    return found


def charge_outer(current: Run, how: How) -> None:
    """Enter what earlier attempts at a run paid in the budgets of those around it.

    Where it is replayed nothing is paid, and the asks around it say what it cost all the same.
    """
    if how not in ("resume", "replay"):
        return
    for usage, cost in paid_in(current.past.records[0]):
        if how == "resume":
            current.spend_around(usage, cost, again=True)
        else:
            current.tell_around(usage, cost)


def charge_inner(current: Run, own: Recorded) -> None:
    """Enter what the runs paid that were opened inside, before any of them is gone on with.

    Or one of them could pay anew before another one is opened again.
    """
    for run in own.opened.values():
        if run not in current.charged and current.log.has(run):
            current.charged.add(run)
            inner = recorded(current.log.read(run))
            for usage, cost in paid_in(inner):
                current.beside.spend(usage, cost)
            charge_inner(current, inner)


def paid_in(own: Recorded) -> list[tuple[Usage, float | None]]:
    """What a run has paid itself, by its record."""
    return [
        (end.usage, end.cost_usd)
        for end in (*own.ended.values(), *own.cut)
        if end.step in PAID and end.usage is not None and end.reused is None
    ]
