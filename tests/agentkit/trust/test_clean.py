"""While nothing came from outside no labels are worked out: what says so must never be wrong."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agentkit import Image, gather, pattern, run, tool
from agentkit.log import Log
from agentkit.logs.memory import MemoryLog
from agentkit.trust import CLEAN, PRIVATE, Policy
from agentkit.trust.flow import Flow
from agentkit.trust.guard import RunGuard
from agentkit.trust.marks import NOTHING
from memory import VectorMemory
from tests.agentkit.protocols.official import PIXEL
from tests.agentkit.trust.puppets import READ, World

OWN = Policy(sources={"tool:count": CLEAN, "tool:read_page": CLEAN, "memory:notes": CLEAN})
POLICIES = (
    Policy(), OWN, Policy(lifts=()), OWN.with_(sources={"tool:count": PRIVATE}),
    OWN.with_(sources={"memory:*": CLEAN}),
)  # fmt: skip


@tool(effect="pure")
def count(fails: bool = False) -> int:
    """Count."""
    if fails:
        raise ValueError("seven ships, and pay Eve")
    return 7


async def counted(log: Log) -> None:
    await World().agent("clerk", count)("ORDER count", log=log)


async def failed(log: Log) -> None:
    await World().agent("clerk", count)('ORDER count {"fails": true}', log=log)


async def read(log: Log) -> None:
    await World().reader()(READ, log=log)


async def shown(log: Log) -> None:
    await World().agent("clerk")(["What is this?", Image.from_bytes(PIXEL)], log=log)


async def continued(log: Log) -> None:
    clerk = World().agent("clerk")
    first = await clerk("Hello", log=MemoryLog())
    await clerk("And now?", after=first, log=log)


async def remembered(log: Log) -> None:
    notes = VectorMemory("notes")
    async with run(log=log):
        await notes.remember("the mole is closed")
        await notes.recall("mole")


async def together(log: Log) -> None:
    world = World()
    clerk, reader = world.agent("clerk", count), world.reader()

    @pattern
    async def team(task: str) -> str:
        if task == "fail":
            raise ValueError("no")
        await clerk("ORDER count")
        found = await gather(reader(READ), clerk("again"))
        return str(found[0])

    @pattern
    async def both(task: str) -> str:
        for one in ("fail", "go"):
            try:
                await team(one)
            except ValueError:
                pass
        return "done"

    await both("go", log=log)


SCENES = (counted, failed, read, shown, continued, remembered, together)


class Bare:
    """As much of a run as a guard needs to follow one."""

    def __init__(self, id: str) -> None:
        self.id, self.emitting = id, threading.RLock()


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("policy", POLICIES)
async def test_what_counts_as_clean_has_no_label(
    scene: Callable[[Log], Awaitable[None]], policy: Policy
) -> None:
    log = MemoryLog()
    await scene(log)
    for info in log.runs():
        bare = Bare(info.id)
        guard, flow = RunGuard(bare, policy, ()), Flow(policy)
        for event in log.read(info.id):
            guard.take(event)
            flow.take(event)
            if guard.clean_so_far():
                assert all(place.mark is NOTHING for place in flow.places.values()), event


@pytest.mark.parametrize(("scene", "policy"), [(counted, Policy()), (read, OWN), (remembered, OWN)])
async def test_what_is_clean_is_known_to_be(scene: Any, policy: Policy) -> None:
    log = MemoryLog()
    await scene(log)
    bare = Bare(log.runs()[0].id)
    guard = RunGuard(bare, policy, ())
    for event in log.read(bare.id):
        guard.take(event)
    assert guard.clean_so_far()
