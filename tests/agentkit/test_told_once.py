"""A resumed run writes every event once: what was told is not told again, nor left out."""

from __future__ import annotations

from collections import Counter
from typing import Any

from agentkit import Agent, current_run, pattern
from agentkit.events import Noted, StateChanged
from agentkit.lease import LEASE_S
from agentkit.logs.memory import MemoryLog
from agentkit.scope import current_scope, note
from tests.fakes import EchoModel, FakeClock


def told(events: list[Any]) -> Counter[str]:
    return Counter(str(e.data if isinstance(e, Noted) else e.value)
                   for e in events if isinstance(e, Noted | StateChanged))  # fmt: skip


async def test_equal_notes_and_changes_are_all_there_wherever_a_run_was_killed() -> None:
    clerk = Agent("clerk", model=EchoModel())

    @pattern
    async def team(task: str) -> str:
        for value in (1, 2, 1):
            note("tick", "tock")
            current_run().emit(StateChanged, current_scope().key, name="x", value=value)
            await clerk(f"{task} {value}")
        return "done"

    log = MemoryLog()
    events = log.read((await team("go", log=log)).run_id)
    assert told(events) == {"tock": 3, "1": 2, "2": 1}
    clock = FakeClock(events[-1].at)
    for count in range(1, len(events)):
        part = MemoryLog(clock=clock)
        part.append(part.begin(events[0].run), *events[:count])
        part.commit()
        clock.now += 2 * LEASE_S
        await team.resume(events[0].run, log=part)
        assert told(part.read(events[0].run)) == told(events), f"killed after {count}"
