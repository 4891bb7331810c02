"""Commits: on the loop while they are quick, in a thread while they are slow; nothing is lost."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import warnings
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, gather
from agentkit.committing import CALM, LARGE, YIELD_S
from agentkit.errors import LogError, LogFull, LogLocked, LogUnstorable, RunTaken
from agentkit.events import Noted, RunEnded, RunStarted
from agentkit.lease import LEASE_S
from agentkit.logs.memory import MemoryLog
from agentkit.logs.sqlite import SqliteLog
from agentkit.storing import Batch
from agentkit.subscribing import running_loop
from tests.fakes import EchoModel, FakeClock


def started(run: str) -> RunStarted:
    return RunStarted(run=run, seq=1, at=1.0, scope="", name="test")


def noted(run: str, seq: int, data: Any = None) -> Noted:
    return Noted(run=run, seq=seq, at=2.0, scope="", topic="t", data=data)


class Disk(SqliteLog):
    """A log whose commits wait for a gate while `slow`; it says in which threads they are."""

    slow = False
    quick_s = 30.0

    def __init__(self, path: Path, **options: Any) -> None:
        super().__init__(path, **options)
        self.threads: list[int] = []
        self.entered, self.gate = threading.Event(), threading.Event()

    async def write(self, batch: Batch) -> Batch:
        self.threads.append(threading.get_ident())
        if self.slow and threading.current_thread() is not threading.main_thread():
            self.entered.set()
            self.gate.wait(20)
        elif self.slow:
            time.sleep(0.01)
        return await super().write(batch)


@pytest.fixture
def disk(tmp_path: Path) -> Any:
    log = Disk(tmp_path / "a.db")
    yield log
    log.gate.set()
    log.close()


async def begun(log: Any, run: str = "r") -> Any:
    lease = log.begin(run)
    log.append(lease, started(run))
    await log.flush(lease)
    return lease


async def gone_slow(disk: Disk) -> Any:
    """The lease of a run whose next commits are made in the thread, where they wait."""
    lease = await begun(disk)
    disk.slow, disk.quick_s = True, 0.005
    disk.append(lease, noted("r", 2))
    await disk.flush(lease)
    disk.append(lease, noted("r", 3))
    await asyncio.to_thread(disk.entered.wait, 20)
    return lease


async def test_a_slow_disk_does_not_stop_the_loop(disk: Disk) -> None:
    lease = await gone_slow(disk)
    flushing = asyncio.ensure_future(disk.flush(lease))
    for seq in range(4, 50):
        disk.append(lease, noted("r", seq))
        await asyncio.sleep(0)
    assert not flushing.done()
    disk.gate.set()
    await asyncio.wait_for(flushing, 20)
    await asyncio.wait_for(disk.flush(lease), 20)
    assert [e.seq for e in disk.read("r")] == list(range(1, 50))
    assert threading.get_ident() not in disk.threads[2:]
    assert disk.verify() == []


async def test_who_is_alone_waits_for_no_turn_of_the_loop(disk: Disk) -> None:
    lease, turns = await begun(disk), list[str]()
    for seq in range(2, 40):
        disk.append(lease, noted("r", seq))
        flushing = disk.flush(lease)
        try:
            flushing.send(None)
        except StopIteration:
            turns.append("none")
        else:
            turns.append("one")
            await asyncio.sleep(0)
            with pytest.raises(StopIteration):
                flushing.send(None)
    assert "none" in turns
    assert [e.seq for e in disk.read("r")] == list(range(1, 40))


async def test_what_a_subscriber_sets_is_not_set_in_the_task_that_waits(disk: Disk) -> None:
    said: ContextVar[str] = ContextVar("said", default="nothing")
    disk.subscribe(lambda _: said.set("something"))  # type: ignore[arg-type, return-value]
    lease = await begun(disk)
    for seq in range(2, 20):
        disk.append(lease, noted("r", seq))
        await disk.flush(lease)
    assert said.get() == "nothing"


async def test_what_others_append_in_the_same_turn_is_one_commit(disk: Disk) -> None:
    async def adding(run: str) -> None:
        lease = disk.begin(run)
        disk.append(lease, started(run))
        await disk.flush(lease)

    await asyncio.gather(*(adding(f"r{n}") for n in range(50)))
    assert len(disk.threads) == 1
    assert len(disk.runs()) == 50


async def test_steps_that_wait_for_nothing_leave_others_their_turn(disk: Disk) -> None:
    lease, seen, limit = await begun(disk), set[int](), time.monotonic() + 20

    async def other() -> None:
        while len(seen) < 4:
            seen.add(seq)
            await asyncio.sleep(YIELD_S / 10)

    seq, going = 2, asyncio.ensure_future(other())
    while not going.done():
        assert time.monotonic() < limit, "the other task has had no turn"
        disk.append(lease, noted("r", seq))
        await disk.flush(lease)
        seq += 1


async def test_a_disk_that_is_fast_again_is_written_on_the_loop_again(disk: Disk) -> None:
    lease = await gone_slow(disk)
    disk.slow, disk.quick_s = False, 30.0
    disk.gate.set()
    for seq in range(4, 10 + CALM):
        disk.append(lease, noted("r", seq))
        await asyncio.wait_for(disk.flush(lease), 20)
    assert disk.threads[-1] == threading.get_ident()
    assert disk.verify() == []


async def test_a_large_batch_is_written_in_the_thread(disk: Disk) -> None:
    lease = await begun(disk)
    disk.append(lease, *[noted("r", seq) for seq in range(2, LARGE + 3)])
    await asyncio.wait_for(disk.flush(lease), 20)
    assert disk.threads[-1] != threading.get_ident()
    assert len(disk.read("r")) == LARGE + 2


async def test_whoever_reads_waits_for_what_is_being_written(disk: Disk) -> None:
    await gone_slow(disk)
    asyncio.get_running_loop().run_in_executor(None, lambda: (time.sleep(0.05), disk.gate.set()))
    assert [e.seq for e in disk.read("r")] == [1, 2, 3]


async def test_settled_waits_without_holding_up_the_loop(disk: Disk) -> None:
    await gone_slow(disk)
    waiting = asyncio.ensure_future(disk.settled())
    await asyncio.sleep(0.02)
    assert not waiting.done()
    disk.gate.set()
    await asyncio.wait_for(waiting, 20)
    assert len(disk.read("r")) == 3


async def test_a_cancelled_flush_loses_nothing_of_a_slow_commit(disk: Disk) -> None:
    lease = await gone_slow(disk)
    waiting = asyncio.ensure_future(disk.flush(lease))
    await asyncio.sleep(0)
    waiting.cancel()
    disk.append(lease, noted("r", 4))
    disk.gate.set()
    await asyncio.wait_for(disk.flush(lease), 20)
    assert [e.seq for e in disk.read("r")] == [1, 2, 3, 4]


def test_a_loop_that_ends_during_a_slow_commit_loses_nothing(disk: Disk) -> None:
    lease = asyncio.run(gone_slow(disk))
    disk.gate.set()

    async def go_on() -> None:
        disk.append(lease, noted("r", 4))
        await asyncio.wait_for(disk.flush(lease), 20)

    asyncio.run(go_on())
    assert [e.seq for e in disk.read("r")] == [1, 2, 3, 4]


async def test_closing_waits_for_a_slow_commit(tmp_path: Path) -> None:
    log = Disk(tmp_path / "a.db")
    lease = await gone_slow(log)
    log.append(lease, noted("r", 4))
    threading.Timer(0.05, log.gate.set).start()
    log.close()
    again = SqliteLog(log.path)
    assert [e.seq for e in again.read("r")] == [1, 2, 3, 4]
    again.close()


async def test_a_slow_commit_that_fails_is_told_and_kept(disk: Disk) -> None:
    lease = await gone_slow(disk)
    pages = disk._db.execute("PRAGMA page_count").fetchone()[0]
    disk._db.execute(f"PRAGMA max_page_count={pages + 2}")
    disk.gate.set()
    await asyncio.wait_for(disk.flush(lease), 20)
    disk.append(lease, noted("r", 4, "x" * 100_000))
    with pytest.raises(LogFull):
        await asyncio.wait_for(disk.flush(lease), 20)
    disk._db.execute("PRAGMA max_page_count=1000000")
    await asyncio.wait_for(disk.flush(lease), 20)
    assert [e.seq for e in disk.read("r")] == [1, 2, 3, 4]


async def test_a_writer_that_is_replaced_during_a_slow_commit_is_fenced_off(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    disk = Disk(tmp_path / "a.db", clock=clock)
    lease = await gone_slow(disk)
    clock.now += LEASE_S + 1
    other = SqliteLog(disk.path, clock=clock)
    new = other.claim("r")
    other.append(new, noted("r", 3, "theirs"))
    await other.flush(new)
    disk.gate.set()
    with pytest.raises(RunTaken):
        await asyncio.wait_for(disk.flush(lease), 20)
    assert [e.data for e in disk.read("r") if e.kind == "noted"] == [None, "theirs"]
    assert disk.verify() == []
    other.close()
    disk.close()


async def test_agents_go_on_while_a_disk_is_slow(disk: Disk) -> None:
    await gone_slow(disk)
    model = EchoModel()
    team = [Agent(f"a{n}", model=model) for n in range(5)]
    asking = asyncio.ensure_future(gather(*(one("go", log=disk) for one in team)))
    await asyncio.sleep(0.05)
    assert model.keys == []  # nothing is performed before its start is durable
    disk.gate.set()
    disk.slow = False
    assert [a.text for a in await asyncio.wait_for(asking, 30)] == ["echo: go"] * 5
    assert disk.verify() == []


@pytest.mark.parametrize("place", ["before", "after", "told"])
async def test_an_interrupt_in_a_commit_loses_and_doubles_nothing(
    tmp_path: Path, place: str
) -> None:
    """KeyboardInterrupt strikes where it likes: before the commit, after it, in a subscriber."""
    strikes = [place]

    class Struck(SqliteLog):
        async def write(self, batch: Batch) -> Batch:
            if strikes == ["before"]:
                raise KeyboardInterrupt(strikes.pop())
            stored = await super().write(batch)
            if strikes == ["after"]:
                raise KeyboardInterrupt(strikes.pop())
            return stored

    def hear(items: list[Any]) -> None:
        if strikes == ["told"]:
            raise KeyboardInterrupt(strikes.pop())
        heard.extend(item.seq for item in items)

    log, heard = Struck(tmp_path / "a.db"), list[int]()
    log.subscribe(hear)
    lease = log.begin("r")
    log.append(lease, started("r"))
    with pytest.raises(KeyboardInterrupt):
        log.commit()
    log.append(lease, noted("r", 2))
    await log.flush(lease)
    log.append(lease, RunEnded(run="r", seq=3, at=3.0, scope="", status="ok"))
    await log.flush(lease)
    assert [e.seq for e in log.read("r")] == [1, 2, 3]
    assert heard == ([2, 3] if place == "told" else [1, 2, 3])
    assert log.verify() == []
    log.close()


def test_an_interrupt_does_not_leave_those_behind_who_wait(tmp_path: Path) -> None:
    """The loop is run on after it, as a kernel does."""
    strikes = [True]

    class Struck(SqliteLog):
        async def write(self, batch: Batch) -> Batch:
            if strikes:
                raise KeyboardInterrupt(strikes.pop())
            return await super().write(batch)

    log = Struck(tmp_path / "a.db")
    lease = log.begin("r")
    loop = asyncio.new_event_loop()

    async def work() -> None:
        log.append(lease, started("r"))
        await log.flush(lease)

    task = loop.create_task(work())
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(task)
    loop.run_until_complete(asyncio.wait_for(task, 20))
    loop.close()
    assert len(log.read("r")) == 1
    log.close()


async def test_a_write_that_waits_though_its_class_says_it_is_quick_is_an_error() -> None:
    class Waiting(MemoryLog):
        async def write(self, batch: Batch) -> Batch:
            await asyncio.sleep(0)
            return await super().write(batch)

    log = Waiting()
    lease = log.begin("r")
    log.append(lease, started("r"))
    with pytest.raises(LogError, match="waits for something"):
        await log.flush(lease)


async def test_writes_that_wait_for_nothing_are_made_in_the_thread_without_a_loop() -> None:
    made: list[tuple[int, Any]] = []

    class Plain(MemoryLog):
        quick_s, awaits, waits = 0.0, False, False

        async def write(self, batch: Batch) -> Batch:
            made.append((threading.get_ident(), running_loop()))
            if self.waits:
                await asyncio.sleep(0)
            return await super().write(batch)

    log = Plain()
    lease = await begun(log, "r")
    assert [loop for _, loop in made] == [None]
    assert made[0][0] != threading.get_ident()
    log.waits = True
    log.append(lease, noted("r", 2))
    with pytest.raises(LogError, match="waits for something"):
        await log.flush(lease)
    log.waits = False
    await log.flush(lease)
    assert len(log.read("r")) == 2
    log.close()


async def test_others_are_told_once_those_who_wait_here_go_on(tmp_path: Path) -> None:
    told, going_on = list[str](), threading.Event()

    class Telling(SqliteLog):
        quick_s = 0.0

        def announce(self, stored: Batch) -> None:
            assert going_on.wait(20)
            told.extend(lease.run for lease, _ in stored)

    log = Telling(tmp_path / "a.db")
    lease = log.begin("r")
    log.append(lease, started("r"))
    await log.flush(lease)
    assert told == []
    going_on.set()
    log.append(lease, noted("r", 2))
    await log.flush(lease)
    log.close()
    assert told == ["r", "r"]


async def test_a_write_that_waits_is_made_on_one_loop_of_the_logs_own(tmp_path: Path) -> None:
    loops = set[asyncio.AbstractEventLoop]()

    class Waiting(SqliteLog):
        quick_s = 0.0

        async def write(self, batch: Batch) -> Batch:
            loops.add(asyncio.get_running_loop())
            async with asyncio.timeout(20):  # needs a task
                await asyncio.sleep(0.001)
            return await super().write(batch)

        async def release(self) -> None:
            released.append(asyncio.get_running_loop())

    log, released = Waiting(tmp_path / "a.db"), list[Any]()

    async def work(run: str) -> None:
        lease = await begun(log, run)
        log.append(lease, noted(run, 2))
        await log.flush(lease)

    await asyncio.gather(*(work(f"r{n}") for n in range(20)))
    await asyncio.to_thread(lambda: asyncio.run(work("other")))
    log.append(log.begin("x"), started("x"))
    log.close()
    assert len(loops) == 1
    assert released == list(loops)
    again = SqliteLog(log.path)
    assert sorted(i.events for i in again.runs()) == [1, *[2] * 21]
    assert again.verify() == []
    again.close()


def test_a_log_that_is_dropped_leaves_no_thread(tmp_path: Path) -> None:
    before = threading.active_count()
    log = Disk(tmp_path / "a.db")
    asyncio.run(gone_slow(log))
    log.gate.set()
    log.close()
    del log
    gc.collect()
    assert threading.active_count() <= before


async def test_a_log_written_for_an_earlier_version_works_and_is_told_the_new_way() -> None:
    with pytest.warns(DeprecationWarning, match="async def Old.write") as told:

        class Old(MemoryLog):
            def write(self, batch: Batch) -> Any:  # type: ignore[override]
                threads.append(threading.get_ident())
                return super().write(batch)

            def has(self, run: str) -> bool:
                self.settle()
                return super().has(run)

    assert told[0].filename == __file__
    threads: list[int] = []
    log = Old()
    lease = await begun(log)
    log.append(lease, noted("r", 2))
    with pytest.warns(DeprecationWarning, match="Old.catch_up"):
        assert log.has("r")
    assert len(log.read("r")) == 2
    assert set(threads) == {threading.get_ident()}


def test_new_logs_are_told_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        class New(MemoryLog):
            async def write(self, batch: Batch) -> Batch:
                return await super().write(batch)


class Picky(MemoryLog):
    """Takes no event of topic "bad"; once, in the midst of it, it is locked for a moment."""

    def __init__(self) -> None:
        super().__init__()
        self.written = 0

    async def write(self, batch: Batch) -> Batch:
        self.written += 1
        if self.written == 4:
            raise LogLocked("for a moment")
        if any(getattr(e, "topic", "") == "bad" for _, events in batch for e in events):
            raise OverflowError("too much")
        return await super().write(batch)


async def test_a_lock_while_runs_are_stored_one_by_one_doubles_nothing() -> None:
    log = Picky()
    leases = [log.begin(run) for run in ("a", "b", "c")]
    for lease in leases:
        log.append(lease, started(lease.run))
    log.append(leases[1], noted("b", 2).model_copy(update={"topic": "bad"}))
    await log.flush(leases[0])
    await log.flush(leases[2])
    with pytest.raises(LogUnstorable, match=r"'b' cannot be recorded in memory:: OverflowError"):
        await log.flush(leases[1])
    # All at once, a, b, c which is locked; then what was stored is known, and b is not asked again.
    assert log.written == 5
    assert [len(log.read(run)) for run in ("a", "c")] == [1, 1]
    log.close()
