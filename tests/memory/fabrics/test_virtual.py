"""The virtual clock: hours in no time, the same each time, and its limits said."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from agentkit import open_log, pattern, run
from agentkit.errors import SetupError, TimedOut
from memory import Faults, fabric
from memory.errors import QueueFull, Stuck
from memory.fabrics.virtual import now, simulated

T = TypeVar("T")


async def alone(work: Callable[[], Awaitable[T]]) -> T:
    """It, on a virtual clock, in a run with a log in memory."""

    async def main() -> T:
        async with run("virtual", log=open_log("memory:")):
            return await work()

    return await simulated(main)


async def test_what_nobody_acknowledged_comes_again_after_an_hour_that_takes_no_time() -> None:
    async def shift() -> tuple[float, str, int]:
        jobs = fabric("local").queue("jobs", ack_wait_s=3600)
        await jobs.put("unload")
        assert await jobs.take() is not None
        assert await jobs.take(1800) is None and now() == 1800
        again = await jobs.take(7200)
        assert again is not None
        return now(), str(again.body), again.delivery

    began = time.monotonic()
    assert await alone(shift) == (3600.0, "unload", 2)
    assert time.monotonic() - began < 2


async def test_topics_delays_full_queues_and_workers_go_by_it() -> None:
    async def day() -> list[float]:
        late = fabric("local", faults=Faults(delay=1.0, delay_s=600.0))
        found = []
        async with late.subscribe("bell") as heard:
            await late.publish("bell", 1)
            assert await heard.take(60) is None
            assert await heard.take(3600) is not None
            found.append(now())
        full = fabric("local").queue("full", limit=1, wait_s=120)
        await full.put("a")
        with pytest.raises(QueueFull):
            await full.put("b")
        found.append(now())
        with pytest.raises(TimedOut):
            await fabric("local").actor("nobody", timeout_s=900)("hello")
        return [*found, now()]

    bell, full, nobody = await alone(day)
    assert bell == pytest.approx(600) and 700 < full <= 721 and 890 < nobody - full < 910
    assert await alone(day) == [bell, full, nobody]


async def test_a_run_around_it_is_not_seen_and_runs_in_it_go_on() -> None:
    @pattern
    async def sleeper(task: str) -> str:
        await asyncio.sleep(5000)
        return f"{task} at {now():.0f}"

    async def main() -> str:
        return (await sleeper("up", log=open_log("memory:"))).text

    async with run("around", log=open_log("memory:")):
        assert await simulated(main) == "up at 5000"


async def test_who_waits_for_ever_and_who_never_ends_are_named() -> None:
    async def for_ever() -> None:
        await asyncio.Event().wait()

    async def on_and_on() -> None:
        while True:
            await asyncio.sleep(60)

    async def late() -> None:
        raise TimeoutError("its own")

    # The limit is a time, so that even who waits without one is ended by it.
    with pytest.raises(SetupError, match="within 86400 virtual"):
        await simulated(for_ever)
    with pytest.raises(SetupError, match="within 3600 virtual"):
        await simulated(on_and_on, limit_s=3600)
    with pytest.raises(TimeoutError, match="its own"):
        await simulated(late)
    with pytest.raises(SetupError, match="above 0"):
        await simulated(late, limit_s=0)
    assert issubclass(Stuck, Exception)


async def test_a_process_with_many_open_files_has_it_too() -> None:
    """select() knows none beyond 1,023; a kernel with many logs has more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    many = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:

        async def an_hour() -> float:
            await asyncio.sleep(3600)
            return now()

        assert await simulated(an_hour) == 3600
    finally:
        for one in many:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
