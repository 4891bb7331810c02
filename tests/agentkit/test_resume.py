"""Stopped at any point, resumed: the same answer, and nothing recorded is performed again."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agentkit import NOT_DONE, Actor, Answer, Log
from agentkit.errors import LogFull, ReplayMismatch, Unsettled
from agentkit.log import Batch
from agentkit.logs.memory import MemoryLog
from tests.fakes import cut_off
from tests.teams import (
    Spec,
    World,
    begun,
    build,
    check_history,
    prefix_of,
    races,
    settled,
    teams,
)

FEW = settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
POINTS = 12
"""Points of a run tried per example, drawn when there are more."""


async def asked(spec: Spec, world: World, log: Log) -> Answer:
    return await build(spec, world)("go", log=log, id="run")


def points(count: int, chance: random.Random) -> list[int]:
    every = range(1, count + 1)
    return list(every) if count <= POINTS else sorted(chance.sample(every, POINTS))


async def finish(
    spec: Spec, world: World, log: Log, truth: dict[str, Any], happened: bool
) -> Answer:
    """Resume, with a person's word on every `once` step in doubt."""
    verdicts: dict[str, Any] = {}
    while True:
        try:
            return await build(spec, world).resume("run", log=log, settle=verdicts)
        except Unsettled as error:
            assert error.key not in verdicts
            known = happened and error.key in truth
            verdicts[error.key] = truth[error.key] if known else NOT_DONE


@FEW
@given(teams(), st.randoms(use_true_random=False), st.booleans())
def test_killed_after_any_event_it_resumes_to_the_same_answer(
    spec: Spec, chance: random.Random, happened: bool
) -> None:
    async def check() -> None:
        log = MemoryLog()
        answer = await asked(spec, World(), log)
        events = log.read("run")
        check_history(events)
        truth = settled(events)
        for count in points(len(events), chance):
            part, world = await prefix_of(events, count), World()
            again = await finish(spec, world, part, truth, happened)
            assert again.text == answer.text, f"killed after event {count}"
            if not races(spec):
                assert again.usage == answer.usage
                assert again.cost_usd == pytest.approx(answer.cost_usd)
            history = part.read("run")
            check_history(history)
            performed = begun(history[count:])
            assert sum(world.done.values()) <= len(performed) - joins(performed)

    asyncio.run(check())


def joins(steps: list[Any]) -> int:
    return sum(step.name == "join" for step in steps)


class Broken(Exception):
    """A bug in somebody's model or tool."""


async def disturbed(spec: Spec, at: int, raising: bool) -> tuple[Log, World]:
    """Run until the effect number `at`, which raises or is cancelled from outside."""
    log, world, count = MemoryLog(), World(), 0

    async def hook(_what: str) -> None:
        nonlocal count
        count += 1
        if count == at:
            if raising and _what == "model":
                raise Broken("a bug")
            task.cancel()
            await asyncio.sleep(0)

    world.hook = hook
    task = asyncio.ensure_future(asked(spec, world, log))
    with contextlib.suppress(Broken, asyncio.CancelledError):
        await task
    return log, world


@FEW
@given(teams(racing=False), st.randoms(use_true_random=False), st.booleans())
def test_stopped_in_any_effect_it_resumes_to_the_same_answer(
    spec: Spec, chance: random.Random, raising: bool
) -> None:
    async def check() -> None:
        log, world = MemoryLog(), World()
        answer = await asked(spec, world, log)
        effects = sum(world.done.values())
        truth = settled(log.read("run"))
        for at in points(effects, chance):
            part, world = await disturbed(spec, at, raising)
            assert part.runs()[0].status in ("cancelled", "failed")
            assert len(asyncio.all_tasks()) == 1, "something still runs"
            world.hook = World().hook
            again = await finish(spec, world, part, truth, False)
            assert again.text == answer.text, f"stopped in effect {at}"
            assert part.runs()[0].status == "ok"
            check_history(part.read("run"))
            assert world.done["pay"] <= sum(s.name == "pay" for s in begun(log.read("run")))

    asyncio.run(check())


@FEW
@given(teams(), st.randoms(use_true_random=False))
def test_cancelled_at_any_event_it_resumes_to_the_same_answer(
    spec: Spec, chance: random.Random
) -> None:
    async def check() -> None:
        log = MemoryLog()
        answer = await asked(spec, World(), log)
        events = log.read("run")
        truth = settled(events)
        for at in points(len(events) - 1, chance):
            part, world = MemoryLog(), World()
            await cut_off(asked(spec, world, part), part, at)
            assert len(asyncio.all_tasks()) == 1, "something still runs"
            again = await finish(spec, world, part, truth, False)
            assert again.text == answer.text, f"cancelled at event {at}"
            check_history(part.read("run"))

    asyncio.run(check())


class Filling(MemoryLog):
    """Has room for so many writes, until somebody frees space."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    async def write(self, batch: Batch) -> Batch:
        self.room -= 1
        if self.room < 0:
            raise LogFull("The disk is full.", todo="free some space")
        return await super().write(batch)


@FEW
@given(teams(racing=False), st.randoms(use_true_random=False))
def test_a_disk_that_fills_up_at_any_write_loses_and_doubles_nothing(
    spec: Spec, chance: random.Random
) -> None:
    async def check() -> None:
        whole, calm = Filling(10**9), World()
        answer = await asked(spec, calm, whole)
        truth = settled(whole.read("run"))
        for room in points(10**9 - whole.room - 2, chance):
            log, world = Filling(room), World()
            with pytest.raises(LogFull):
                await asked(spec, world, log)
            assert len(asyncio.all_tasks()) == 1
            log.room = 10**9
            again = await finish(spec, world, log, truth, True)
            assert again.text == answer.text, f"full at write {room + 1}"
            check_history(log.read("run"))
            assert world.done == calm.done

    asyncio.run(check())


@FEW
@given(teams())
def test_a_replay_performs_and_writes_nothing(spec: Spec) -> None:
    async def check() -> None:
        log, world = MemoryLog(), World()
        answer = await asked(spec, world, log)
        events, done = log.read("run"), world.done.copy()
        again = await build(spec, world).replay("run", log=log)
        assert again.text == answer.text
        assert world.done == done
        assert log.read("run") == events
        assert len(log.runs()) == 1

    asyncio.run(check())


@FEW
@given(teams(racing=False), st.randoms(use_true_random=False))
def test_a_replay_of_what_is_not_all_there_says_so(spec: Spec, chance: random.Random) -> None:
    async def check() -> None:
        log = MemoryLog()
        await asked(spec, World(), log)
        events = log.read("run")
        last = max(e.seq for e in events if e.kind == "step.ended")
        for count in points(last - 1, chance):
            part, world = await prefix_of(events, count), World()
            with pytest.raises(ReplayMismatch, match="use rerun"):
                await build(spec, world).replay("run", log=part)
            assert not world.done
            assert part.read("run") == events[:count]

    asyncio.run(check())


@FEW
@given(teams(racing=False))
def test_resuming_a_finished_run_or_running_it_again_pays_nothing(spec: Spec) -> None:
    async def check() -> None:
        log, world = MemoryLog(), World()
        answer = await asked(spec, world, log)
        done = world.done.copy()
        actor: Actor = build(spec, world)
        resumed = await actor.resume("run", log=log)
        rerun = await actor.rerun("run", log=log)
        fork = await actor.fork("run", log=log)
        assert resumed.text == rerun.text == fork.text == answer.text
        assert world.done == done
        assert rerun.usage.calls == fork.usage.calls == 0
        assert [info.cost_usd for info in log.runs()][:2] == [0, 0]
        for info in log.runs():
            check_history(log.read(info.id))

    asyncio.run(check())
