"""A run that dies at any step and is resumed sends nothing twice and loses nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentkit import pattern
from agentkit.events import StepEnded, StepStarted
from agentkit.lease import LEASE_S
from agentkit.log import Log
from agentkit.logs.memory import MemoryLog
from memory.fabrics.core import Fabric
from tests.fakes import FakeClock
from tests.memory.fabrics.conftest import Opened

SHIPS = ["Amber", "Coral"]


def team_of(f: Fabric) -> Any:
    """Puts, takes, acks, appends and reads: the whole life of a letter."""

    @pattern
    async def team(task: str) -> dict[str, Any]:
        jobs, diary = f.queue("jobs", ack_wait_s=0.1, max_deliveries=9), f.stream("diary")
        for ship in SHIPS:
            await jobs.put(ship)
        weighed = []
        while len(weighed) < len(SHIPS):
            letter = await jobs.take(2)
            assert letter is not None
            await diary.append(f"weighed {letter.body}", id=f"weighed-{letter.id}")
            await letter.ack()
            weighed.append(letter.body)
        await diary.append("done")
        return {"weighed": sorted(weighed), "diary": len(await diary.read())}

    return team


async def killed(f: Fabric, nth: int, recorded: bool) -> tuple[Log, bool]:
    """Run the team until its nth step has ended; then the process dies.

    Whether or not the end of that step was recorded: the log as it was found after the death,
    and whether there were so many steps.
    """
    log, ended = MemoryLog(), 0
    asking = asyncio.ensure_future(team_of(f)("go", log=log, id="r1"))

    def told(items: list[Any]) -> None:
        nonlocal ended
        for item in items:
            ended += isinstance(item, StepEnded)
            if isinstance(item, StepEnded) and ended == nth:
                asking.cancel()

    log.subscribe(told, "r1")
    await asyncio.gather(asking, return_exceptions=True)
    events = log.read("r1")
    places = [n for n, event in enumerate(events) if isinstance(event, StepEnded)]
    if len(places) < nth:
        return log, False
    cut = places[nth - 1] + recorded
    after = MemoryLog(clock=FakeClock(events[-1].at))
    lease = after.begin("r1")
    after.append(lease, *events[:cut])
    after.commit()
    after.clock.now += 2 * LEASE_S  # type: ignore[attr-defined]
    return after, True


@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "performed only"])
async def test_killed_after_any_step_each_letter_is_there_once(
    opened: Opened, recorded: bool
) -> None:
    nth, more = 1, True
    while more:
        f = opened(fresh=True)
        log, more = await killed(f, nth, recorded)
        if not more:
            break
        before = {e.key for e in log.read("r1") if isinstance(e, StepEnded)}
        answer = await team_of(f).resume("r1", log=log)
        assert answer.data == {"weighed": SHIPS, "diary": 3}, f"killed after step {nth}"
        assert await f.queue("jobs", ack_wait_s=0.1, max_deliveries=9).size() == 0
        again = [e.key for e in log.read("r1") if isinstance(e, StepStarted)]
        assert len(again) == len(set(again) | before) + (not recorded), f"killed after {nth}"
        nth += 1
    assert nth > 8


async def test_a_replay_needs_no_fabric(opened: Opened) -> None:
    f, log = opened(), MemoryLog()
    whole = await team_of(f)("go", log=log)
    empty = opened(fresh=True)
    replayed = await team_of(empty).replay(whole.run_id, log=log)
    assert replayed.data == whole.data
    assert await empty.queue("jobs", ack_wait_s=0.1, max_deliveries=9).size() == 0
