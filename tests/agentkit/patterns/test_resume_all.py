"""Killed after any event and resumed, a pattern answers as if undisturbed and pays nothing twice.

A kill is the worst kind: the log ends after some event, and the process is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import tests.agentkit.patterns.deciders  # noqa: F401 - registers its teams
from agentkit.answer import Answer
from agentkit.events import StepEnded, StepStarted, uuid7
from agentkit.lease import LEASE_S
from agentkit.log import Log
from agentkit.logs.memory import MemoryLog
from agentkit.messages import digest
from tests.agentkit.patterns.teams import PAID, TEAMS
from tests.fakes import FakeClock


async def undisturbed(name: str) -> tuple[Answer, list[Any], list[str]]:
    """The answer, the events, and the idempotency keys paid for."""
    log = MemoryLog()
    team, task = TEAMS[name]()
    PAID.clear()
    answer = await team(task, log=log, seed=7)
    return answer, log.read(answer.run_id), list(PAID)


def cut(events: list[Any], after: int) -> tuple[Log, str]:
    """A log whose run was killed after so many events, and the run's id."""
    clock = FakeClock(events[-1].at)
    log = MemoryLog(clock=clock)
    lease = log.begin(events[0].run)
    log.append(lease, *events[:after])
    log.commit()
    clock.now += 2 * LEASE_S
    return log, events[0].run


@pytest.mark.parametrize("name", sorted(TEAMS))
async def test_killed_after_any_step_it_resumes_to_the_same_answer(name: str) -> None:
    whole, events, _ = await undisturbed(name)
    places = [n + 1 for n, e in enumerate(events) if isinstance(e, StepStarted | StepEnded)]
    assert len(places) >= 2
    for place in places:
        log, run_id = cut(events, place)
        recorded = {
            digest(run_id, e.key)
            for e in events[:place]
            if isinstance(e, StepEnded) and e.status == "ok"
        }
        team, _ = TEAMS[name]()
        PAID.clear()
        answer = await team.resume(run_id, log=log)
        assert (answer.text, answer.data) == (whole.text, whole.data), f"killed after {place}"
        assert recorded.isdisjoint(PAID), f"killed after {place}: paid again"
        # Under a budget a call that was under way at the kill counts, as it may have been paid.
        counted = [
            e.usage
            for e in log.read(run_id, after=place)
            if isinstance(e, StepEnded) and e.status == "cancelled" and e.usage
        ]
        assert len(counted) <= 1 and (not counted or name == "afford"), f"killed after {place}"
        assert answer.usage == sum(counted, whole.usage), f"killed after {place}"


@pytest.mark.parametrize("name", sorted(TEAMS))
async def test_stopped_at_any_step_it_resumes_to_the_same_answer(name: str) -> None:
    whole, events, _ = await undisturbed(name)
    for nth in range(1, sum(isinstance(e, StepStarted) for e in events) + 1):
        log, run_id = MemoryLog(), uuid7()
        team, task = TEAMS[name]()
        asking = asyncio.ensure_future(team(task, log=log, seed=7, id=run_id))
        remove = log.subscribe(stop_at(nth, asking), run_id)
        await asyncio.gather(asking, return_exceptions=True)
        remove()
        assert asking.cancelled(), f"step {nth}"
        settled = {digest(run_id, e.key) for e in log.read(run_id)
                   if isinstance(e, StepEnded) and e.status == "ok"}  # fmt: skip
        again, _ = TEAMS[name]()
        PAID.clear()
        answer = await again.resume(run_id, log=log)
        assert (answer.text, answer.data) == (whole.text, whole.data), f"stopped at {nth}"
        assert settled.isdisjoint(PAID), f"stopped at {nth}: paid again"


def stop_at(nth: int, asking: asyncio.Future[Any]) -> Callable[[list[Any]], None]:
    """A subscriber that interrupts an ask when its nth step has started."""
    started = 0

    def told(items: list[Any]) -> None:
        nonlocal started
        for item in items:
            started += isinstance(item, StepStarted)
            if started == nth and isinstance(item, StepStarted):
                asking.cancel()

    return told


@pytest.mark.parametrize("name", sorted(TEAMS))
async def test_a_replay_gives_the_answer_and_performs_nothing(name: str) -> None:
    log = MemoryLog()
    team, task = TEAMS[name]()
    whole = await team(task, log=log, seed=7)
    again, _ = TEAMS[name]()
    PAID.clear()
    replayed = await again.replay(whole.run_id, log=log)
    assert (replayed.text, replayed.data, PAID) == (whole.text, whole.data, [])


@pytest.mark.parametrize("name", sorted(TEAMS))
async def test_a_rerun_pays_for_nothing_but_what_failed(name: str) -> None:
    log = MemoryLog()
    team, task = TEAMS[name]()
    whole = await team(task, log=log, seed=7)
    again, _ = TEAMS[name]()
    PAID.clear()
    rerun = await again.rerun(whole.run_id, log=log)
    failed = [e for e in log.read(whole.run_id) if isinstance(e, StepEnded) and e.status != "ok"]
    assert (rerun.text, rerun.data, len(PAID)) == (whole.text, whole.data, len(failed))


@pytest.mark.parametrize("name", sorted(TEAMS))
async def test_every_scope_that_opens_closes(name: str) -> None:
    _, events, paid = await undisturbed(name)
    opened = [e.scope for e in events if e.kind == "scope.opened"]
    assert sorted(opened) == sorted(e.scope for e in events if e.kind == "scope.closed")
    assert len(paid) == len(set(paid)) > 0
