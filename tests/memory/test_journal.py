from __future__ import annotations

import asyncio
import base64
import contextlib
import cProfile
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import open_log, pattern, run
from agentkit.errors import LogCorrupt, LogFull, LogGone, SetupError, StoreError
from agentkit.events import StateChanged, StepEnded
from agentkit.lease import LEASE_S
from agentkit.logs.memory import MemoryLog
from agentkit.logs.packing import FIELD, packed, unpacked
from agentkit.logs.sqlite import SqliteLog
from memory import Board, State
from memory.errors import StoreTaken
from memory.journal import SNAPSHOT, Journal
from memory.snapshots import size
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
from memory.journal import SNAPSHOT, Journal
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
    snapshots = [len(e.value[FIELD]) for e in events if e.name == SNAPSHOT]
    assert 2 < len(snapshots) < 20
    assert 2 * sum(snapshots) <= sum(size(e.value) for e in events if e.name != SNAPSHOT)
    again = growing()
    assert again.state == made.state and again.keys["k199"] == made.seq
    for seq in range(1, made.seq + 1):
        assert again.at(seq) == [
            e.value["value"] for e in events if e.seq <= seq and e.name != SNAPSHOT
        ]


async def test_a_state_of_ever_new_keys_is_stored_each_time_it_grew_by_half(tmp_path: Path) -> None:
    """So that half of its events are folded to open it, and it takes little room beside them."""
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
    assert saves < 30
    found = [e.name for e in log.read(made.id) if isinstance(e, StateChanged)]
    assert 1 <= found[100:].count(SNAPSHOT) <= 6
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


async def test_a_snapshot_of_an_older_log_opens_and_an_altered_one_is_told() -> None:
    log = MemoryLog()

    def opened() -> Journal[list[int]]:
        return Journal("list", list, lambda seen, e: [*seen, e.value["value"]], log=log, every=5)

    made = opened()
    for n in range(50):
        await made.append(f"k{n}", lambda _state, n=n: ("added", n))  # type: ignore[misc]
    rows = log._runs[made.id].events
    at = max(n for n, e in enumerate(rows) if getattr(e, "name", "") == SNAPSHOT)
    event = rows[at]
    assert isinstance(event, StateChanged)
    state = unpacked(event.value[FIELD])
    old = {"state": state, "keys": event.value["keys"]}
    rows[at] = event.model_copy(update={"value": old})
    assert opened().state == list(range(50)) and old["state"] == state
    for wrong in ("", "%", event.value[FIELD][:-8], base64.b64encode(b"x").decode()):
        rows[at] = event.model_copy(update={"value": {**event.value, FIELD: wrong}})
        with pytest.raises(LogCorrupt, match="snapshot"):
            opened()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text() | st.just("\ud800"),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_what_is_packed_is_unpacked_the_same(value: Any) -> None:
    text, whole = packed(value)
    assert unpacked(text) == value and whole > 0


async def test_an_event_is_folded_once_and_a_fold_that_fails_half_way_leaves_nothing() -> None:
    log, calls = MemoryLog(), 0

    def moving(held: dict[str, int], event: dict[str, int]) -> dict[str, int]:
        nonlocal calls
        calls += 1
        for name, n in event.items():
            if n < 0:
                raise ValueError("negative")
            held[name] = held.get(name, 0) + n
        return held

    stock = State("stock", {}, moving, log=log)
    assert await stock.record({"a": 1}) == {"a": 1}
    assert await stock.append({"a": 2, "b": 1}) == 3
    assert calls == 2
    for write in (stock.record, stock.append):
        with pytest.raises(StoreError, match="negative"):
            await write({"a": 5, "b": -1})
        assert stock.value == {"a": 3, "b": 1} and len(stock.history()) == 2
    # What is returned is nobody's but the caller's.
    found = await stock.record({"b": 1})
    found["b"] = 100
    assert stock.value == {"a": 3, "b": 2} == stock.rebuild()


async def test_a_fold_that_makes_no_json_is_told_and_can_be_mended() -> None:
    log = MemoryLog()
    odd = State("odd", {}, lambda held, n: {"last": n, "by": object()}, log=log)
    with pytest.raises(StoreError, match="failed"):
        await odd.record(1)
    assert odd.history() == []
    for n in range(498):
        await odd.append(n)
    with pytest.raises(StoreError, match="The state of odd has no JSON form"):
        await odd.append(498)
    mended = State("odd", {}, lambda held, n: {"last": n}, log=log)
    assert mended.rebuild() == {"last": 497} and await mended.record(499) == {"last": 499}


async def test_to_append_costs_the_same_however_large_the_state_is() -> None:
    """Counted in calls of functions, which other work on the machine does not change."""

    def folded(held: dict[str, str], event: dict[str, str]) -> dict[str, str]:
        held.update(event)
        return held

    async def calls(many: int) -> int:
        log = MemoryLog()
        big = State("big", {f"key{n}": "x" * 20 for n in range(many)}, folded, log=log)
        await big.append({"key1": "y"})
        profile = cProfile.Profile(builtins=False)
        with profile:
            for n in range(50):
                await big.append({"key1": str(n)})
        return sum(row.callcount for row in profile.getstats())

    # On a busy machine more turns of the loop are among them.
    assert await calls(20_000) < 2 * await calls(20)


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


async def test_what_is_erased_is_not_left_in_a_packed_snapshot(tmp_path: Path) -> None:
    secret = "Zoë lives at 12 Dock Road"
    log = SqliteLog(tmp_path / "log.db")

    def opened(log: SqliteLog) -> Journal[dict[str, str]]:
        return Journal("notes", dict, lambda kept, e: kept | e.value["value"], log=log, every=5)

    made = opened(log)
    for n in range(40):
        text = secret if n == 3 else f"the ship {n} is at the quay"
        await made.append("", lambda _state, n=n, text=text: ("set", {f"k{n}": text}))  # type: ignore[misc]
    snapshots = [e for e in log.read(made.id) if getattr(e, "name", "") == SNAPSHOT]
    assert snapshots and all(secret in unpacked(e.value[FIELD])["k3"] for e in snapshots)  # type: ignore[union-attr]
    head = log.head()
    assert log.erase(["nobody ever said this here"]).events == 0
    assert log.erase([secret]).events == len(snapshots) + 1
    assert log.verify() == [] and log.verify(head) == []
    for e in log.read(made.id):
        if getattr(e, "name", "") == SNAPSHOT:
            assert "Dock Road" not in str(unpacked(e.value[FIELD]))  # type: ignore[union-attr]
    assert opened(log).state["k3"] == "[erased]" and opened(log).state["k39"].endswith("quay")
    log.close()


async def test_a_stream_is_opened_without_a_list_of_all_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = SqliteLog(tmp_path / "log.db")
    await journal(log).append("", adds(1))

    def listed(_log: object, **_: object) -> Any:
        raise AssertionError("all streams were listed")

    monkeypatch.setattr(SqliteLog, "runs", listed)
    again = journal(log)
    assert again.state == again.at(2) == 1
    log.close()


async def test_a_stream_is_claimed_once_others_let_go_of_the_file(tmp_path: Path) -> None:
    """A claim waited 20 ms for the lock of a file, and a commit ten seconds."""
    clock = FakeClock()
    log = SqliteLog(tmp_path / "log.db", clock=clock)
    await journal(log).append("", adds(1))
    made = journal(log)
    clock.now += LEASE_S + 1
    other = sqlite3.connect(log.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    asyncio.get_running_loop().call_later(0.1, other.execute, "ROLLBACK")
    await made.append("", adds(2))
    assert made.state == 3
    other.close()
    log.close()


@pytest.mark.parametrize("inside", [True, False])
async def test_a_log_that_was_closed_and_opened_again_is_written_at_once(
    tmp_path: Path, inside: bool
) -> None:
    for n in range(3):
        log = SqliteLog(tmp_path / "log.db")
        tally = State("tally", 0, lambda state, event: state + event, log=log)
        async with run(log=log):
            assert await tally.record(1) == n + 1
        assert log.verify() == []
        log.close() if inside else await asyncio.to_thread(log.close)


async def test_a_log_whose_file_is_gone_can_be_closed(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    tally = State("tally", 0, lambda state, event: state + event, log=log)
    async with run(log=log):
        await tally.record(1)
    for one in tmp_path.glob("log.db*"):
        one.unlink()
    log.close()
