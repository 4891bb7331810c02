"""Whoever is cancelled ends, in whatever moment, and whatever a client of a broker makes of it."""

from __future__ import annotations

import asyncio
import contextlib
from uuid import uuid4

import pytest

from agentkit import pattern
from agentkit.logs.memory import MemoryLog
from memory.errors import StoreUnreachable
from memory.fabrics import fabric
from memory.fabrics.broker import Broker
from memory.fabrics.natserrors import cancellable
from tests.memory.fabrics.conftest import Opened


@pattern
async def slow(task: object) -> str:
    await asyncio.sleep(0.01)
    return "done"


@pytest.mark.parametrize("made", [None, OSError("connection closed")])
async def test_a_cancellation_that_a_client_swallows_is_one_all_the_same(
    made: Exception | None,
) -> None:
    async def client() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        if made:
            raise made

    async def ours() -> None:
        with cancellable():
            await client()

    task = asyncio.create_task(ours())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()


async def test_a_timeout_inside_is_no_cancellation() -> None:
    with cancellable(), pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await asyncio.sleep(60)


async def test_workers_and_asks_end_in_whatever_moment_they_are_cancelled(opened: Opened) -> None:
    f, log = opened(), MemoryLog()
    queue = f.queue("jobs", ack_wait_s=0.01)
    await f.serve(queue, slow, idle_s=0.0, log=log)
    for nth in range(25):
        tasks = [
            asyncio.create_task(f.serve(queue, slow, log=log)),
            asyncio.create_task(f.actor(queue)(f"task {nth}", log=log)),
            asyncio.create_task(queue.take(60)),
        ]
        await asyncio.sleep(nth / 1000)
        for task in tasks:
            task.cancel()
        done, pending = await asyncio.wait(tasks, timeout=5)
        assert not pending
        assert all(task.cancelled() or not task.exception() for task in done)


async def test_what_waits_on_a_fabric_that_is_closed_is_told(broker: Broker) -> None:
    f = fabric(broker.url, namespace=f"test-{uuid4().hex[:8]}")
    waiting = [
        asyncio.create_task(f.actor("jobs")("go", log=MemoryLog())),
        asyncio.create_task(f.queue("other").take(60)),
    ]
    await asyncio.sleep(0.3)
    await f.close()
    done, pending = await asyncio.wait(waiting, timeout=5)
    assert not pending
    for task in done:
        with pytest.raises(StoreUnreachable, match="closed while an answer"):
            await task
