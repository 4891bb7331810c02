from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agentkit import open_log, pattern, run
from agentkit.errors import LogFull, LogGone, SetupError, StoreError
from agentkit.events import StateChanged, StepEnded
from agentkit.lease import LEASE_S
from agentkit.logs.memory import MemoryLog
from agentkit.logs.sqlite import SqliteLog
from memory import Board, State
from memory.errors import StoreTaken
from memory.journal import SNAPSHOT, Journal, size
from tests.fakes import FakeClock


def journal(log: Any, every: int = 500) -> Journal[int]:
    return Journal("tally", lambda: 0, lambda total, e: total + e.value["value"], log=log,
                   every=every)  # fmt: skip


def adds(n: int) -> Any:
    return lambda _state: ("added", n)


async def test_the_state_is_the_fold_of_the_events() -> None:
    log = MemoryLog()
    made = journal(log)
    for n in range(1, 5):
        await made.append(f"k{n}", adds(n))
    assert made.state == 10
    assert [made.at(seq) for seq in range(6)] == [0, 0, 1, 3, 6, 10]
    assert journal(log).state == 10
    assert made.project(lambda: [], lambda state, e: [*state, e.value["value"]]) == [1, 2, 3, 4]
    with pytest.raises(SetupError, match="no event 6"):
        made.at(6)


async def test_the_same_key_writes_once_also_after_a_restart(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    made = journal(log)
    first = await made.append("k", adds(1))
    again = await made.append("k", adds(1))
    assert (first.seq, again.seq, made.state) == (2, 2, 1)
    log.close()
    log = SqliteLog(tmp_path / "log.db")
    other = journal(log)
    other.lease = None
    assert other.keys == {"k": 2} and other.state == 1
    log.close()


async def test_snapshots_bound_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    log = MemoryLog()
    made = journal(log, every=10)
    for n in range(100):
        await made.append(f"k{n}", adds(1))
    read: list[int] = []
    inner = log.read

    def counting(run: str, after: int = 0, upto: int | None = None) -> list[Any]:
        found = inner(run, after, upto)
        read.append(len(found))
        return found

    monkeypatch.setattr(log, "read", counting)
    again = journal(log, every=10)
    assert again.state == 100 and sum(read) <= 10
    assert again.at(55) == made.project(lambda: 0, lambda s, e: s + (e.seq <= 55))
    assert read[1] <= 10
    assert again.rebuild() == 100


async def test_streams_are_no_runs(tmp_path: Path) -> None:
    for log in (MemoryLog(), SqliteLog(tmp_path / "log.db")):
        await journal(log).append("k", adds(1))
        assert log.runs() == []
        assert [info.id for info in log.runs(streams=True)] == ["state:tally"]
        if isinstance(log, SqliteLog):
            assert log.verify() == []
        log.close()


OTHER = """
import asyncio, sys, time
from agentkit.logs.sqlite import SqliteLog
from pathlib import Path
from memory.journal import SNAPSHOT, Journal, size
async def main():
    made = Journal("tally", lambda: 0, lambda t, e: t + e.value["value"],
                   log=SqliteLog(Path(sys.argv[1])))
    await made.append("other", lambda _: ("added", 100))
    print("wrote", flush=True)
    sys.stdin.read()
asyncio.run(main())
"""


async def test_a_second_process_is_told_and_takes_over_from_a_dead_one(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert other.stdout is not None
        assert await asyncio.to_thread(other.stdout.readline) == b"wrote\n"
        log = SqliteLog(path)
        made = journal(log)
        with pytest.raises(StoreTaken, match="tally is being written by"):
            await made.append("mine", adds(1))
    finally:
        other.kill()
        other.communicate(timeout=10)
    await made.append("mine", adds(1))
    assert made.state == 101
    log.close()


async def test_a_writer_that_was_replaced_decides_anew_on_what_is_there() -> None:
    clock = FakeClock()
    log = MemoryLog(clock=clock)
    one, two = journal(log), journal(log)
    await one.append("a", adds(1))
    clock.now += LEASE_S + 1
    await two.append("b", adds(10))
    clock.now += LEASE_S + 1
    seen: list[int] = []

    def decide(state: int) -> tuple[str, int]:
        seen.append(state)
        return "added", 100

    await asyncio.gather(one.append("c", decide), one.append("d", decide))
    assert one.state == 211 and seen[-2:] == [11, 111]
    assert [e.value["key"] for e in one.events()] == ["a", "b", "c", "d"]


async def test_a_full_disk_keeps_the_event_for_the_next_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = MemoryLog()
    made = journal(log)
    await made.append("a", adds(1))
    inner, full = log.write, True

    def write(batch: Any) -> Any:
        if full:
            raise LogFull("The disk is full.")
        return inner(batch)

    monkeypatch.setattr(log, "write", write)
    with pytest.raises(LogFull):
        await made.append("b", adds(10))
    full = False
    await made.append("b", adds(10))
    assert journal(log).state == 11


async def test_a_user_state_is_recorded_replayed_and_looked_at_in_the_past() -> None:
    log = MemoryLog()
    tally = State("tally", {"in": 0}, lambda s, e: {**s, e["way"]: s.get(e["way"], 0) + 1}, log=log)

    @pattern
    async def gate(task: str) -> str:
        for way in task.split():
            await tally.record({"way": way})
        return str(tally.value)

    answer = await gate("in in out", log=log)
    assert tally.value == {"in": 2, "out": 1}
    assert tally.at(3) == {"in": 2} and len(tally.history()) == 3
    await gate.replay(answer.run_id, log=log)
    assert len(tally.history()) == 3
    assert tally.project(0, lambda n, _: n + 1) == 3
    assert tally.rebuild() == tally.value
    tally.value["in"] = 99
    assert tally.value["in"] == 2


async def test_an_event_that_the_fold_refuses_is_not_recorded() -> None:
    log = MemoryLog()
    tally = State("tally", 0, lambda total, n: total + n, log=log)
    async with run(log=log):
        with pytest.raises(StoreError, match="TypeError"):
            await tally.record("three")
        with pytest.raises(SetupError, match="cannot record"):
            await tally.record(object())
        assert await tally.record(3) == 3
    assert tally.history() == [(2, 3)]


async def test_ten_thousand_events_are_opened_by_reading_few() -> None:
    log = open_log("memory:")
    made = Journal("many", lambda: 0, lambda t, e: t + 1, log=log)
    await asyncio.gather(*[made.append(f"k{n}", adds(1)) for n in range(10_000)])
    again = Journal("many", lambda: 0, lambda t, e: t + 1, log=log)
    assert again.state == 10_000
    assert len(log.read("state:many", again.last() // 500 * 500 - 1)) <= 500


async def test_a_reset_goes_back_to_the_initial_state_and_keeps_the_events() -> None:
    log = MemoryLog()
    tally = State("tally", {"in": 0}, lambda s, n: {"in": s["in"] + n}, log=log)
    for n in (1, 2):
        await tally.record(n)
    assert await tally.reset() == tally.value == {"in": 0}
    await tally.record(5)
    assert tally.value == tally.rebuild() == {"in": 5}
    assert [event for _, event in tally.history()] == [5]
    assert tally.project([], lambda seen, n: [*seen, n]) == [5]
    assert tally.at(3) == {"in": 3}


async def test_the_same_event_in_two_runs_is_recorded_twice() -> None:
    log = MemoryLog()
    tally = State("tally", 0, lambda total, n: total + n, log=log)
    await tally.record(1)
    await tally.record(1)

    @pattern
    async def counter(task: str) -> str:
        return str(await tally.record(1))

    texts = [(await counter("go", log=log)).text for _ in range(2)]
    assert texts == ["3", "4"] and tally.value == 4
    again = await counter.resume(log.find("last"), log=log)
    assert again.text == "4" and tally.value == 4


async def test_snapshots_take_no_more_room_than_the_events(tmp_path: Path) -> None:
    log = MemoryLog()

    def growing() -> Journal[list[str]]:
        return Journal("list", list, lambda seen, e: [*seen, e.value["value"]], log=log, every=5)

    made = growing()
    for n in range(200):
        await made.append(f"k{n}", lambda _state, n=n: ("added", f"ship {n}"))  # type: ignore[misc]
    events = [e for e in log.read(made.id) if isinstance(e, StateChanged)]
    snapshots = [size(e.value["state"]) for e in events if e.name == SNAPSHOT]
    assert len(snapshots) == 2
    assert 2 * sum(snapshots) <= sum(size(e.value) for e in events if e.name != SNAPSHOT)
    again = growing()
    assert again.state == made.state and again.keys["k199"] == made.seq
    for seq in range(1, made.seq + 1):
        assert again.at(seq) == [
            e.value["value"] for e in events if e.seq <= seq and e.name != SNAPSHOT
        ]


async def test_a_state_of_ever_new_keys_is_never_stored_twice(tmp_path: Path) -> None:
    """Its events have no more than its size: a snapshot of them would only take room."""
    log = SqliteLog(tmp_path / "log.db")

    def opened(log: SqliteLog) -> Journal[dict[str, int]]:
        return Journal("keys", dict, lambda kept, e: kept | e.value["value"], log=log, every=5)

    made, saves = opened(log), 0
    inner = made.save

    def save(state: Any) -> Any:
        nonlocal saves
        saves += 1
        return inner(state)

    made.save = save
    for n in range(300):
        await made.append("", lambda _state, n=n: ("set", {f"key number {n}": n}))  # type: ignore[misc]
    # To look whether one is due costs a look at the state: at ever larger sizes only.
    assert saves < 12
    found = [e.name for e in log.read(made.id) if isinstance(e, StateChanged)]
    assert SNAPSHOT not in found[50:]
    again = SqliteLog(tmp_path / "log.db")
    assert opened(again).state == made.state and len(made.state) == 300
    again.close()
    # Written over, the same state has snapshots, and little is read to open it.
    for n in range(1500):
        await made.append("", lambda _state, n=n: ("set", {f"key number {n % 300}": -n}))  # type: ignore[misc]
    found = [e.name for e in log.read(made.id) if isinstance(e, StateChanged)]
    assert SNAPSHOT in found[600:]
    assert opened(log).state == made.state
    log.close()


async def test_a_state_that_grows_is_not_kept_whole_with_each_step() -> None:
    log = MemoryLog()

    async def recorded(n: int) -> int:
        ships = State(f"ships{n}", [], lambda seen, ship: [*seen, ship], log=log)
        async with run(log=log) as r:
            for k in range(n):
                found = await ships.record(f"The ship {k} entered the harbour of Amber at dawn.")
                assert len(found) == k + 1 and found is not ships.value
        steps = [e for e in log.read(r.id) if isinstance(e, StepEnded)]
        return sum(len(e.model_dump_json()) for e in steps)

    assert await recorded(200) < 2.2 * await recorded(100)


async def test_a_resume_gets_the_state_that_the_run_saw_or_is_told(tmp_path: Path) -> None:
    log = MemoryLog()
    long = [f"{n}: {'a long name ' * 20}" for n in range(20)]
    ships = State("ships", [], lambda seen, ship: [*seen, ship], log=log)
    async with run(log=log) as r:
        seen = [await ships.record(ship) for ship in long]
    again = State("ships", [], lambda seen, ship: [*seen, ship], log=log)
    async with run(log=log, replay=r.id):
        assert [await again.record(ship) for ship in long] == seen
    other = State("ships", [], lambda seen, ship: [ship, *seen], log=log)
    other.rebuild()
    async with run(log=log, replay=r.id):
        with pytest.raises(SetupError, match="comes to another state than the run saw"):
            for ship in long:
                await other.record(ship)


async def test_what_another_process_writes_is_seen_by_the_next_read(tmp_path: Path) -> None:
    mine, theirs = SqliteLog(tmp_path / "log.db"), SqliteLog(tmp_path / "log.db")

    def opened(log: Any) -> tuple[Board, State]:
        board = Board("port", "cas", log=log)
        return board, State("tally", 0, lambda total, n: total + n, log=log)

    board, tally = opened(mine)
    async with run(log=mine):
        assert (await board.read("n")).value is None and tally.value == 0
        other, count = opened(theirs)
        async with run(log=theirs):
            for n in (1, 2):
                await other.write("n", n)
                await count.record(n)
                assert (await board.read("n")).value == n
        assert tally.value == 3
        assert opened(mine)[1].value == 3
    mine.close()
    theirs.close()


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_log_that_was_deleted_or_replaced_is_noticed(
    tmp_path: Path, replaced: bool
) -> None:
    def opened() -> tuple[SqliteLog, Board, State]:
        log = SqliteLog(tmp_path / "log.db")
        return log, Board("port", "lww", log=log), State("tally", 0, adding, log=log)

    log, board, tally = opened()
    await board.write("x", 1)
    await tally.record(5)
    for one in tmp_path.glob("log.db*"):
        one.unlink()
    if replaced:
        other, theirs, total = opened()
        await theirs.write("x", 99)
        await total.record(7)
        other.close()
    with pytest.raises(LogGone):
        await board.read("x")
    with pytest.raises(LogGone):
        await board.write("x", 2)
    with pytest.raises(LogGone, match="tally is kept"):
        _ = tally.value
    with pytest.raises(LogGone, match="port is kept"):
        board.keys()
    with contextlib.suppress(LogGone):
        log.close()


def adding(total: int, event: int) -> int:
    return total + event
