"""Following a run: what this process appends and what others do, in order, each event once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkit import open_log
from agentkit.errors import LogError, UnknownRun
from agentkit.events import Delta, Noted, RunStarted
from agentkit.lease import LEASE_S
from agentkit.log import Log
from agentkit.logs.memory import MemoryLog
from agentkit.logs.postgres.address import address_of
from agentkit.logs.postgres.storage import PostgresLog
from agentkit.logs.sqlite import SqliteLog
from tests.fakes import FakeClock
from tests.warm import AGENTKIT


def started(run: str) -> RunStarted:
    return RunStarted(run=run, seq=1, at=1.0, scope="", name="test")


def noted(run: str, seq: int, data: Any = None) -> Noted:
    return Noted(run=run, seq=seq, at=2.0, scope="", topic="t", data=data)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    made: Log = MemoryLog() if request.param == "memory" else SqliteLog(tmp_path / "a.db")
    if request.param == "postgres":
        made = open_log(request.getfixturevalue("postgres_url"))
    yield made
    made.close()


async def seqs(tail: AsyncIterator[Any], count: int) -> list[int]:
    """The seqs of the next events."""
    return [(await asyncio.wait_for(anext(tail), 20)).seq for _ in range(count)]


async def test_what_is_there_and_what_comes_is_told_in_order(log: Log) -> None:
    lease = log.begin("r")
    log.append(lease, started("r"), noted("r", 2))
    tail, rest = log.tail("r"), log.tail("r", after=2)
    assert await seqs(tail, 2) == [1, 2]
    coming = asyncio.ensure_future(seqs(rest, 2))
    await asyncio.sleep(0)
    log.append(lease, noted("r", 3))
    log.publish(Delta(run="r", scope="", key="k", actor="a", text="hel"))
    await log.flush(lease)
    other = log.begin("q")
    log.append(other, started("q"))
    log.append(lease, noted("r", 4))
    await log.flush(lease)
    assert await coming == [3, 4]
    assert await seqs(tail, 2) == [3, 4]


async def test_who_is_slow_to_ask_misses_nothing(log: Log) -> None:
    lease = log.begin("r")
    log.append(lease, started("r"))
    tail = log.tail("r")
    assert await seqs(tail, 1) == [1]
    for seq in range(2, 30):
        log.append(lease, noted("r", seq))
        if seq % 3 == 0:
            await log.flush(lease)
    assert await seqs(tail, 28) == list(range(2, 30))


async def test_a_stream_is_followed_as_a_run_is(log: Log) -> None:
    lease = log.begin_stream("port")
    log.append(lease, started(lease.run).model_copy(update={"what": "stream"}))
    assert await seqs(log.tail(lease.run), 1) == [1]


async def test_a_run_that_is_not_there_is_an_error(log: Log) -> None:
    with pytest.raises(UnknownRun):
        await seqs(log.tail("nowhere"), 1)


async def test_nobody_who_follows_leaves_nothing_behind(log: Log) -> None:
    lease = log.begin("r")
    log.append(lease, started("r"))
    before = len(asyncio.all_tasks())
    tails = [log.tail("r") for _ in range(3)]
    for tail in tails:
        await seqs(tail, 1)
    assert len(asyncio.all_tasks()) == before + 1  # one look for all
    for tail in tails:
        await tail.aclose()  # type: ignore[attr-defined]
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before
    assert log._subscribers == []
    assert log._watches == {}


async def test_a_tail_that_is_cancelled_leaves_the_others_going(log: Log) -> None:
    lease = log.begin("r")
    log.append(lease, started("r"))
    one, other = log.tail("r"), log.tail("r")
    await seqs(one, 1)
    await seqs(other, 1)
    waiting = asyncio.ensure_future(anext(one))
    await asyncio.sleep(0)
    waiting.cancel()
    log.append(lease, noted("r", 2))
    assert await seqs(other, 1) == [2]


async def test_what_another_connection_appends_is_seen(tmp_path: Path) -> None:
    log, other = SqliteLog(tmp_path / "a.db"), SqliteLog(tmp_path / "a.db")
    lease = other.begin("r")
    other.append(lease, started("r"))
    await other.flush(lease)
    tail = log.tail("r")
    assert await seqs(tail, 1) == [1]
    for seq in range(2, 6):
        other.append(lease, noted("r", seq))
        await other.flush(lease)
        assert await seqs(tail, 1) == [seq]
    other.close()
    log.close()


async def test_what_another_process_appends_to_a_database_is_told_by_the_server(
    postgres_url: str,
) -> None:
    log, other = (PostgresLog(address_of(postgres_url)) for _ in range(2))
    lease = other.begin("r")
    other.append(lease, started("r"))
    await other.flush(lease)
    tail = log.tail("r")
    assert await seqs(tail, 1) == [1]
    news = log.news()
    assert await anext(news) is None  # it listens
    for seq in range(2, 6):
        other.append(lease, noted("r", seq))
        await other.flush(lease)
        assert await seqs(tail, 1) == [seq]
    assert await anext(news) == ["r"]
    await tail.aclose()  # type: ignore[attr-defined]
    await news.aclose()  # type: ignore[attr-defined]
    other.close()
    log.close()


async def test_a_run_that_another_writer_takes_over_is_followed_on(tmp_path: Path) -> None:
    clock = FakeClock()
    log = SqliteLog(tmp_path / "a.db", clock=clock)
    other = SqliteLog(tmp_path / "a.db", clock=clock)
    lease = log.begin("r")
    log.append(lease, started("r"))
    tail = log.tail("r")
    assert await seqs(tail, 1) == [1]
    clock.now += LEASE_S + 1
    theirs = other.claim("r")
    other.append(theirs, noted("r", 2, "theirs"))
    await other.flush(theirs)
    assert (await asyncio.wait_for(anext(tail), 20)).data == "theirs"
    clock.now += LEASE_S + 1
    ours = log.claim("r")
    log.append(ours, noted("r", 3, "ours"))
    await log.flush(ours)
    assert (await asyncio.wait_for(anext(tail), 20)).data == "ours"
    other.close()
    log.close()


async def test_a_look_costs_nothing_but_one_pragma_while_nobody_writes(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "a.db")
    log.append(log.begin("r"), started("r"))
    tail = log.tail("r")
    assert await seqs(tail, 1) == [1]
    asked: list[str] = []
    log._db.set_trace_callback(asked.append)
    waiting = asyncio.ensure_future(anext(tail))
    await asyncio.sleep(0.2)
    waiting.cancel()
    assert asked
    assert set(asked) == {"PRAGMA data_version"}
    log.close()


async def test_a_log_that_can_be_read_no_more_says_so_to_all_who_follow(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "a.db")
    log.append(log.begin("r"), started("r"))
    tails = [log.tail("r") for _ in range(2)]
    for tail in tails:
        await seqs(tail, 1)
    waiting = [asyncio.ensure_future(anext(tail)) for tail in tails]
    await asyncio.sleep(0)
    log.close()
    for one in waiting:
        with pytest.raises(LogError):
            await asyncio.wait_for(one, 20)


WRITER = """
import asyncio, sys
from pathlib import Path
from agentkit.events import Noted, RunStarted
from agentkit.logs.sqlite import SqliteLog

async def write(path, name, runs, events):
    log = SqliteLog(Path(path))
    async def one(run):
        lease = log.begin(run)
        log.append(lease, RunStarted(run=run, seq=1, at=1.0, scope="", name=name))
        await log.flush(lease)
        for seq in range(2, events + 1):
            log.append(lease, Noted(run=run, seq=seq, at=2.0, scope="", topic="t", data=name * 50))
            await log.flush(lease)
            await asyncio.sleep(0.001)
            print(run, seq, flush=True)
    await asyncio.gather(*(one(f"{name}-{n}") for n in range(runs)))
    log.close()

asyncio.run(write(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
"""


async def test_all_that_several_processes_append_is_seen_once_and_in_order(tmp_path: Path) -> None:
    """Three write, one of them is killed; a fourth writes and follows them all."""
    path = tmp_path / "a.db"
    log = SqliteLog(Path(path))
    mine = log.begin("mine")
    log.append(mine, started("mine"))
    await log.flush(mine)
    processes = {
        name: AGENTKIT.begin("-c", WRITER, str(path), name, "3", "60", cwd=tmp_path, env=os.environ)
        for name in ("a", "b", "killed")
    }
    seen: dict[str, list[int]] = {}

    async def follow(run: str, last: int) -> None:
        while not log.has(run):
            await asyncio.sleep(0.005)
        async for event in log.tail(run):
            seen.setdefault(run, []).append(event.seq)
            if event.seq == last:
                return

    followed = {f"{name}-{n}": 60 for name in ("a", "b") for n in range(3)} | {"mine": 40}
    tasks = [asyncio.ensure_future(follow(*one)) for one in followed.items()]
    killed = [asyncio.ensure_future(follow(f"killed-{n}", 60)) for n in range(3)]
    for seq in range(2, 41):
        log.append(mine, noted("mine", seq))
        await log.flush(mine)
        await asyncio.sleep(0.002)
    victim = processes["killed"]
    assert victim.stdout
    await asyncio.to_thread(lambda: [victim.stdout.readline() for _ in range(20)])  # type: ignore[union-attr]
    victim.send_signal(signal.SIGKILL)
    await asyncio.wait_for(asyncio.gather(*tasks), 60)
    for one in processes.values():
        await asyncio.to_thread(one.communicate)
    await asyncio.sleep(0.1)
    for one in killed:
        one.cancel()
    assert {run: seen[run] for run in followed} == {
        run: list(range(1, last + 1)) for run, last in followed.items()
    }
    for n in range(3):
        run = f"killed-{n}"
        if log.has(run):
            assert seen[run] == [e.seq for e in log.read(run)]
    assert log.verify() == []
    log.close()
