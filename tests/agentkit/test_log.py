"""Leases: who writes, how long silence is borne, and what a heartbeat does."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from agentkit import Agent, run
from agentkit import run as run_function
from agentkit.errors import BadReply, LogLocked, RunTaken
from agentkit.lease import HOST, LEASE_S, Lease, owner_gone, owner_name
from agentkit.logs.memory import MemoryLog
from tests.fakes import FakeClock, ScriptedModel


def test_an_owner_names_host_process_and_writer() -> None:
    one, other = owner_name(), owner_name()
    assert one != other
    assert one.startswith(f"{HOST}:{os.getpid()}:")
    assert not owner_gone(one)


def test_only_a_dead_process_of_this_host_is_gone() -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait(20)
    assert owner_gone(f"{HOST}:{dead.pid}:x")
    assert not owner_gone(f"elsewhere:{dead.pid}:x")
    assert not owner_gone(f"{HOST}:1:x")
    for odd in ("", ":", "::", f"{HOST}:pid:x", "x", f"{HOST}::", "a:b:c:d"):
        assert not owner_gone(odd)


async def test_a_waiting_run_keeps_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """The heartbeat renews it while a step takes longer than a lease lasts."""
    monkeypatch.setattr(sys.modules[run_function.__module__], "BEATS", LEASE_S / 0.001)
    clock = FakeClock()
    log, beats = MemoryLog(clock=clock), asyncio.Event()
    write = log.write

    def counted(batch: list[tuple[Lease, list[object]]]) -> list[tuple[Lease, list[object]]]:
        if not any(events for _, events in batch):
            beats.set()
        return write(batch)

    monkeypatch.setattr(log, "write", counted)
    async with run(log=log, id="r"):
        await asyncio.sleep(0)
        clock.now += LEASE_S - 1
        await asyncio.wait_for(beats.wait(), 5)
        clock.now += LEASE_S - 1
        with pytest.raises(RunTaken):
            log.claim("r")
    assert log.claim("r").epoch == 2


async def test_the_heart_stops_with_the_run() -> None:
    log = MemoryLog()
    async with run(log=log):
        pass
    loop = asyncio.get_running_loop()
    scheduled = [h for h in loop._scheduled if not h.cancelled()]  # type: ignore[attr-defined]
    assert scheduled == []


async def stopped() -> tuple[MemoryLog, Agent]:
    """A log with an unfinished run "r", and who was asked in it."""
    log, clerk = MemoryLog(), Agent("clerk", model=ScriptedModel(BadReply("broken"), "done"))
    with pytest.raises(BadReply):
        await clerk("go", log=log, id="r")
    return log, clerk


async def test_a_resume_waits_for_a_lock_of_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    log, clerk = await stopped()
    claim, tries = log.claim, 0

    def locked_at_first(run: str) -> Lease:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise LogLocked("locked")
        return claim(run)

    monkeypatch.setattr(log, "claim", locked_at_first)
    assert (await clerk.resume("r", log=log)).text == "done"
    assert tries == 3


async def test_cancelling_a_resume_that_waits_leaves_the_run_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, clerk = await stopped()
    claim, tried = log.claim, asyncio.Event()

    def locked(run: str) -> Lease:
        tried.set()
        raise LogLocked("locked")

    monkeypatch.setattr(log, "claim", locked)
    task = asyncio.ensure_future(clerk.resume("r", log=log))
    await asyncio.wait_for(tried.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert claim("r").epoch == 2
