"""A fleet of this machine: worker processes under a supervisor, batches of runs, and restarts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkit import Log, open_log, pattern
from agentkit.errors import Interrupted, LogFull, LogGone, LogUnreachable, SetupError, Waiting
from agentkit.fleet import Batch, Fleet, Worker
from agentkit.fleet import fleet as fleet_module
from agentkit.fleet.launching import STARTED, address_url
from agentkit.fleet.place import FleetFiles, SupervisorState
from agentkit.fleet.sidecar import Sidecar
from agentkit.lease import HOST, owner_gone
from agentkit.logs.postgres.address import address_of
from tests.conftest import ROOT

TEAM = """
import os, time
from agentkit import pattern

@pattern
async def hello(task: str) -> str:
    return f"{os.getpid()} {task}"
"""


@pattern
async def hello(task: str) -> str:
    if task == "bad":
        raise ValueError("no such thing")
    return f"hi {task}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("AGENTKIT_LOG", raising=False)
    (tmp_path / "team_of_fleet.py").write_text(TEAM)
    yield tmp_path


async def until(what: Callable[[], bool], limit_s: float = 60.0) -> None:
    end = time.monotonic() + limit_s
    while not await asyncio.to_thread(what):
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


async def test_a_fleet_performs_a_batch_and_outlives_its_kernel_its_workers_and_its_supervisor(
    folder: Path, postgres_url: str
) -> None:
    log = open_log(postgres_url)
    target = "team_of_fleet.py:hello"
    fleet = await Fleet.up(target, workers=2, log=log, lease_s=2.0, drain_s=2.0)
    try:
        runs = await fleet.map(hello, [f"t{n}" for n in range(8)], name="first")
        said = [answer.text async for answer in runs]
        assert sorted(one.split()[1] for one in said) == [f"t{n}" for n in range(8)]
        state = fleet.state()
        assert state is not None and len(state.workers) == 2 and "of 8 runs" in repr(runs)
        assert {int(one.split()[0]) for one in said} <= {one.pid for one in state.workers}
        # Another kernel finds it, and the batch. A worker that dies is started anew.
        again = await Fleet.up(target, workers=2, log=postgres_url)
        assert [a.text for a in await (await again.attach()).all()] != []
        os.kill(state.workers[0].pid, signal.SIGKILL)
        more = await again.map(hello, ["after"])
        assert (await more.all())[0].text.endswith("after")

        def renewed() -> bool:
            now = fleet.state()
            return now is not None and [one.restarts for one in now.workers] == [1, 0]

        await until(renewed)
        # The supervisor is killed: its workers go on, and the next one replaces them.
        os.kill(state.pid, signal.SIGKILL)
        await until(lambda: fleet.state() is None)
        assert (await (await again.map(hello, ["alone"])).all())[0].text.endswith("alone")
        fleet = await Fleet.up(target, workers=1, log=log, lease_s=2.0, drain_s=2.0)
        await until(lambda: len(log.work.workers()) == 1)
        assert list(await fleet.batches())[-1] == "first"
    finally:
        await fleet.down()
    assert fleet.state() is None
    await until(lambda: log.work.workers() == [])
    assert log.verify() == []


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@db/agents",
        "postgres://me:secret@db/agents?schema=agentkit",
        "postgresql://db/agents?schema=course&sslmode=require",
        "postgresql:///agents?host=/var/run/a%20b&application_name=x",
    ],
)
def test_a_fleet_finds_itself_however_the_url_of_its_log_is_written(url: str) -> None:
    """Its files are found by the name of the log; a worker is told it with all secrets."""
    told = address_url(address_of(url))
    assert address_of(told).url == address_of(url).url
    assert address_of(told).schema == address_of(url).schema


@pytest.mark.parametrize("log_too", [True, False])
async def test_a_fleet_whose_folder_was_deleted_ends(folder: Path, log_too: bool) -> None:
    (folder / "kept").mkdir()
    log, target = str(folder / "kept" / "log.db"), "team_of_fleet.py:hello"
    fleet = await Fleet.up(target, workers=1, log=log, drain_s=2.0)
    assert fleet.place is not None
    place = fleet.place.lock.parent
    (answer,) = await (await fleet.map(hello, ["a"])).all()
    state, words = fleet.state(), ""
    assert state is not None
    supervisor = STARTED[fleet.place.state]
    # What it says stands in a file of that folder, which whoever has it open still reads.
    with fleet.place.output.open() as output:
        for gone in (place, folder / "kept") if log_too else (place,):
            shutil.rmtree(gone)
        await until(lambda: supervisor.poll() is not None)
        words = output.read()
    assert supervisor.returncode == 1 and f"{place} was deleted or replaced" in words
    assert owner_gone(f"{HOST}:{answer.text.split()[0]}:x")
    assert not place.exists()
    if log_too:
        with pytest.raises(LogGone, match="deleted or moved away"):
            await fleet.counts()
        with pytest.raises(LogGone, match="deleted or moved away"):
            await Batch(fleet.log, ["nobody"]).all()
    else:
        assert (await fleet.counts()).done == 1 and fleet.log.verify() == []


async def test_what_is_wrong_with_a_team_is_said_by_up(folder: Path) -> None:
    with pytest.raises(SetupError, match="has no nobody"):
        await Fleet.up("team_of_fleet.py:nobody", workers=1, log=str(folder / "a.db"))
    with pytest.raises(SetupError, match="workers for nobody"):
        await Fleet.up(log=str(folder / "a.db"))


@contextlib.asynccontextmanager
async def working(log: Log, *actors: Any, **options: Any) -> AsyncIterator[Fleet]:
    """A fleet whose worker is in this process."""
    worker = Worker(actors, log, look_s=0.02, backoff_s=0.01, drain_s=2.0, **options)
    serving = asyncio.create_task(worker.serve())
    while not log.work.workers():
        await asyncio.sleep(0.01)
    try:
        yield await Fleet.connect(log)
    finally:
        worker.stop()
        await serving


@pytest.fixture(params=["sqlite", "postgres"])
def log(request: pytest.FixtureRequest, folder: Path) -> Iterator[Log]:
    postgres = request.param == "postgres"
    url = request.getfixturevalue("postgres_url") if postgres else str(folder / "log.db")
    made = open_log(url)
    yield made
    made.close()


async def test_answers_come_as_runs_end_and_failures_stop_nobody(log: Log) -> None:
    async with working(log, hello, attempts=1) as fleet:
        runs = await fleet.map(hello, ["a", "bad", "c"], each_usd=1.0)
        assert len(runs) == 3
        assert sorted([one.text async for one in runs]) == ["hi a", "hi c"]
        (error,) = runs.failed.values()
        assert "no such thing" in str(error) and list(runs.failed) == [runs.ids[1]]
        assert repr(runs).startswith("2 of 3 runs have answered, 1 failed")
        with pytest.raises(ValueError, match="no such thing"):
            await runs.all()
        # A kernel that restarted knows the name of the batch at most, and gets all of it.
        same = await fleet.attach()
        assert same.ids == runs.ids
        with pytest.raises(SetupError, match="no batch 'other'"):
            await fleet.attach("other")
        for wrong in (runs.name, "a~b"):
            with pytest.raises(SetupError, match="batch"):
                await fleet.map(hello, ["x"], name=wrong)
        assert len(log.runs()) == 3
        with pytest.raises(SetupError, match="No worker of this fleet serves stranger"):
            await fleet.map(stranger, ["x"])
        with pytest.raises(SetupError, match="were not started here|cannot be 3 workers"):
            await fleet.scale(3)
        await fleet.down()  # it has none here
        assert len(await fleet.workers()) == 1 and (await fleet.counts()).dead == 1


async def test_a_batch_that_is_stored_in_part_says_what_there_is(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, room = log.write, 1

    async def written(batch: Any) -> Any:
        nonlocal room
        if any(lease.run.startswith("part~") for lease, _ in batch) and (room := room - 1) < 0:
            raise LogFull("The disk is full.", todo="free some space")
        made = stored(batch)
        return await made if asyncio.iscoroutine(made) else made

    async with working(log, hello) as fleet:
        monkeypatch.setattr(fleet_module, "TOGETHER", 2)
        with monkeypatch.context() as patch:
            patch.setattr(log, "write", written)
            with pytest.raises(LogFull, match=r"free some space; 2 of 5 runs .*attach\('part'\)"):
                await fleet.map(hello, list("abcde"), name="part")
        runs = await fleet.attach("part")
        assert [one.text for one in await runs.all()] == ["hi a", "hi b"]
        assert len(log.runs()) == 2


@pattern
async def stranger(task: str) -> str:
    return task


async def test_a_batch_is_stopped_and_goes_on(log: Log) -> None:
    gate = asyncio.Event()

    @pattern
    async def slow(task: str) -> str:
        await gate.wait()
        return f"slow {task}"

    async with working(log, slow, lease_s=1.0, slots=2) as fleet:
        runs = await fleet.map(slow, ["a", "b", "c"])
        assert await runs.stop() == 3
        assert [one async for one in runs] == []
        assert {type(one) for one in runs.failed.values()} == {Interrupted}
        gate.set()
        assert await runs.resume() == 3 and runs.failed == {}
        assert [one.text for one in await runs.all()] == ["slow a", "slow b", "slow c"]
        assert await runs.stop() == 0 and await runs.resume() == 0


async def test_runs_that_wait_for_a_person_are_waited_for_and_told(log: Log) -> None:
    @pattern
    async def asks(task: str) -> str:
        if not told:
            raise Waiting("a question")
        return "done"

    told: list[str] = []
    async with working(log, asks) as fleet:
        runs = await fleet.map(asks, ["a"])
        coming = asyncio.ensure_future(runs.all())
        while not runs.waiting:
            await asyncio.sleep(0.01)
        assert repr(runs).endswith("1 waits for a person")
        told.append("yes")
        assert [one.text for one in await asyncio.wait_for(coming, 20)] == ["done"]


async def test_a_log_that_is_away_for_moments_is_waited_for(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with working(log, hello) as fleet:
        runs, work, away = await fleet.map(hello, ["a"]), type(log.work), 3
        real = work.outcomes

        def outcomes(self: Any, ids: Any) -> Any:
            nonlocal away
            away -= 1
            if away >= 0:
                raise LogUnreachable("away")
            return real(self, ids)

        monkeypatch.setattr(work, "outcomes", outcomes)
        assert [one.text async for one in runs] == ["hi a"]
        away = 10**9
        monkeypatch.setattr("agentkit.fleet.batch.AWAY_S", 0.1)
        with pytest.raises(LogUnreachable):
            await Batch(log, runs.ids).all()
        monkeypatch.undo()


def test_a_supervisor_is_one_and_its_notes_are_read_with_care(folder: Path) -> None:
    place = FleetFiles("sqlite:///x", folder / "fleet")
    assert place.read() is None and not place.up()
    held = place.hold()
    assert held is not None and place.up() and place.taken(0.1) is None
    with pytest.raises(SetupError, match="runs here already"):
        Sidecar(["a.py:b"], "sqlite:///x", workers=1, under=folder / "fleet").serve()
    held.close()
    state = SupervisorState(pid=1, log="l", targets=("a.py:b",), wanted=2, since=1.0)
    place.write(state)
    assert place.read() == state and place.how_many(2) == 2
    place.want(5)
    assert place.how_many(2) == 5
    for wrong in ("", "[", "-1", "true", "99999", '"3"'):
        place.wanted.write_text(wrong)
        place.state.write_text(wrong)
        assert place.how_many(2) == 2 and place.read() is None


def test_a_supervisor_starts_what_dies_with_growing_pauses_and_gives_up_where_nobody_can_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentkit.fleet.sidecar.FIRST_S", 0.02)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    sidecar = Sidecar(["a.py:b"], "sqlite:///x", workers=2, drain_s=0.1, under=folder / "fleet")
    end = time.monotonic() + 20
    while sum(slot.restarts for slot in sidecar.slots) < 6:
        assert sidecar.round() is None and time.monotonic() < end
        time.sleep(0.01)
    assert min(slot.pause_s for slot in sidecar.slots) > 0.05
    sidecar.place.want(0)
    assert sidecar.round() is None and sidecar.slots == []
    script = folder / "wrong"
    script.write_text("#!/bin/sh\nexit 2\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    sidecar.place.want(1)
    while (status := sidecar.round()) is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert status == 2
    sidecar._end()
