"""What a writer changed is kept next to what others wrote since it read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import run
from agentkit.logs.memory import MemoryLog
from memory import Board, Conflict
from memory.board.merging import Concurrent, merged

FIELDS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3))


@pytest.mark.parametrize(
    ("base", "now", "new", "found"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, {"a": 3}, {"a": 3, "b": 2}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}, {"b": 2}, {"b": 2, "c": 3}),
        ({"a": {"x": 1}}, {"a": {"x": 1, "y": 2}}, {"a": {"x": 5}}, {"a": {"x": 5, "y": 2}}),
        (None, {"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ("start;", "start; ana;", "start; ben;", "start; ana; ben;"),
        ("the quay", "the long quay", "the quay is free", "the long quay is free"),
        ("one two three", "one three", "one two three four", "one three four"),
        (None, "ana;", "ben;", "ana;ben;"),
        (["a", "b"], ["a", "x", "b"], ["b", "c"], ["x", "b", "c"]),
        ([{"n": 1}], [{"n": 1}, {"n": 2}], [{"n": 1}, {"n": 3}], [{"n": 1}, {"n": 2}, {"n": 3}]),
        (False, True, True, True),
    ],
)  # fmt: skip
def test_both_changes_are_kept(base: Any, now: Any, new: Any, found: Any) -> None:
    assert merged(base, now, new) == found


@pytest.mark.parametrize(
    ("base", "now", "new"),
    [(1, 2, 3), (1, 2, 2), ({"n": 1}, {"n": 2}, {"n": 2}), ({"a": 1}, {"a": 2}, {"a": 3}),
     ({"a": 1}, {}, {"a": 2}), ("x", ["x"], "y"),
     (None, True, False), ({"a": 1}, None, {"a": 2})],
)  # fmt: skip
def test_what_cannot_be_joined_is_told(base: Any, now: Any, new: Any) -> None:
    with pytest.raises(Concurrent):
        merged(base, now, new)


@given(FIELDS, FIELDS, FIELDS)
def test_a_field_that_one_writer_changed_is_as_it_wrote_it(
    base: dict[str, int], now: dict[str, int], new: dict[str, int]
) -> None:
    both = [f for f in "abcd" if now.get(f) != base.get(f) != new.get(f) and (f in now or f in new)]
    try:
        found = merged(base, now, new)
    except Concurrent:
        assert both
        return
    assert not both
    for field in "abcd":
        one = new if new.get(field) != base.get(field) else now
        assert found.get(field) == one.get(field)


TEXT = st.text("ab |", max_size=9)


@given(TEXT, TEXT, TEXT)
def test_a_text_that_only_one_writer_changed_is_as_it_wrote_it(
    base: str, now: str, new: str
) -> None:
    assert merged(base, base, new) == new
    assert merged(base, now, base) == now
    assert sorted(merged("", now, new)) == sorted(now + new)


async def test_writers_of_one_replica_at_once_lose_no_field_and_no_count() -> None:
    log = MemoryLog()
    board = Board("port", "crdt", log=log)
    sessions = [board.at("main") for _ in range(8)]

    def field(n: int) -> Any:
        return lambda plan: {**(plan or {}), f"s{n}": n}

    async with run(log=log):
        await asyncio.gather(
            *(one.update("plan", field(n)) for n, one in enumerate(sessions)),
            *(one.update("total", lambda total: (total or 0) + 1) for one in sessions),
        )
    assert board.state.value("main", "plan") == {f"s{n}": n for n in range(8)}
    assert board.state.value("main", "total") == 8


async def test_a_writer_goes_on_from_what_it_wrote_without_reading() -> None:
    board = Board("port", "crdt", log=MemoryLog())
    ana, ben = board.at("main"), board.at("main")
    for one in (ana, ben):
        await one.read("plan")
    await ana.write("plan", {"berth": 1})
    await ben.write("plan", {"pilot": "Karin"})
    await ana.write("plan", {"berth": 2})
    assert (await ben.read("plan")).value == {"berth": 2, "pilot": "Karin"}
    await ben.write("plan", {"pilot": "Karin"}, based_on=())
    assert (await ana.read("plan")).value == {"pilot": "Karin"}


async def test_a_number_that_somebody_else_changed_is_a_conflict() -> None:
    board = Board("port", "crdt", log=MemoryLog())
    ana, ben = board.at("main"), board.at("main")
    await ana.write("depth", 8)
    await ben.read("depth")
    await ana.write("depth", 9)
    with pytest.raises(Conflict, match="depth on port is 9"):
        await ben.write("depth", 7)


@pytest.mark.parametrize("large", [2**53 + 1, -(2**63), 2**64, [1, {"a": -(2**700)}], 1e300, 2.5])
async def test_a_number_of_any_size_is_read_as_it_was_written(large: Any) -> None:
    board = Board("port", "crdt", log=MemoryLog())
    for value in (large, {"n": large}, [large]):
        await board.write("n", value)
        read = (await board.read("n")).value
        assert read == value and repr(read) == repr(value)


async def test_who_has_not_read_a_text_or_a_number_replaces_none() -> None:
    board = Board("port", "crdt", log=MemoryLog())
    for key, old, new in (("title", "Old", "New"), ("depth", 8, 9), ("plan", {"a": 1}, {"a": 2})):
        await board.write(key, old)
        with pytest.raises(Conflict, match="nothing read before"):
            await board.at("main").write(key, new)
        assert (await board.read(key)).value == old
    await board.at("main").write("plan", {"b": 2})
    await board.at("main").write("title", "New", based_on=())
    assert (await board.read("plan")).value == {"a": 1, "b": 2}
    assert (await board.read("title")).value == "New"
    assert [one["value"] for one in board.lost] == ["Old"]


async def test_coroutines_of_one_session_write_by_what_each_of_them_has_read() -> None:
    board = Board("port", "crdt", log=MemoryLog())
    await board.write("plan", {})

    async def add(n: int) -> None:
        plan = (await board.read("plan")).value
        await asyncio.sleep(0)
        await board.write("plan", {**plan, f"s{n}": n})

    async with run(log=board.journal.log):
        await asyncio.gather(*(add(n) for n in range(8)))
        # What a task read that has ended is known to whoever waited for it.
        plan = (await asyncio.wait_for(board.read("plan"), 5)).value
        assert plan == {f"s{n}": n for n in range(8)}
        await board.write("plan", {**plan, "last": True})
    assert (await board.read("plan")).value == {**plan, "last": True}


async def test_no_coroutine_of_a_session_overwrites_what_another_one_wrote_unseen() -> None:
    board = Board("port", "cas", log=MemoryLog())
    await board.write("n", 0)

    async def add() -> bool:
        n = (await board.read("n")).value
        await asyncio.sleep(0)
        try:
            await board.write("n", n + 1)
        except Conflict:
            return False
        return True

    async with run(log=board.journal.log):
        done = await asyncio.gather(*(add() for _ in range(5)))
    assert (await board.read("n")).value == sum(done) == 1


async def cut(first: Any, *values: Any) -> Board:
    """Two replicas that had a value, and then wrote others while the network was cut."""
    board = Board("port", "crdt", replicas=("a", "b"), log=MemoryLog())
    if first is not None:
        await board.write("k", first)
        await board.reconcile()
    board.network.partition("a", "b")
    for name, value in zip("ab", values, strict=True):
        await board.at(name).update("k", lambda _, value=value: value)
    board.network.heal()
    await board.reconcile()
    assert board.state.value("a", "k") == board.state.value("b", "k")
    assert board.journal.rebuild().lost == board.state.lost
    return board


@pytest.mark.parametrize(
    ("first", "values"),
    [
        (1, (2, 3)),
        (1, (2, 2)),
        ({"n": 1}, ({"n": 2}, {"n": 3})),
        ({"n": 1, "m": 1}, ({"n": 2, "m": 1}, {"n": 2, "m": 1})),
        ({"n": 1}, ({}, {"n": 3})),
        ({"n": {"m": "x"}}, ({"n": {"m": "xy"}}, {"n": 1})),
        ({"n": {"m": 1}}, ({"n": {"m": 2}}, {})),
        ({}, ({"n": {"a": 1}}, {"n": {"b": 2}})),
        ("x", ("xy", 5)),
        ("x", (["y"], {"z": 1})),
        (None, ("x", {"z": 1})),
        (True, (False, None)),
    ],
)
async def test_of_concurrent_values_that_cannot_be_joined_one_is_counted(
    first: Any, values: tuple[Any, Any]
) -> None:
    board = await cut(first, *values)
    assert len(board.lost) == 1 and board.lost[0]["value"] in values
    winner = next(v for v in board.history("k") if v.n == board.lost[0]["winner"])
    assert winner.n != board.lost[0]["n"] and winner.value == board.state.value("a", "k")


@pytest.mark.parametrize(
    ("first", "values", "joined"),
    [
        ({"n": 1}, ({"n": 1, "a": 2}, {"n": 1, "b": 3}), {"n": 1, "a": 2, "b": 3}),
        ("one two", ("one two three", "zero one two"), "zero one two three"),
        (["x"], (["x", "y"], ["w", "x"]), ["w", "x", "y"]),
        (False, (True, True), True),
        ({"n": {"m": 1}}, ({"n": {"m": 1, "a": 1}}, {"n": {"m": 5}}), {"n": {"m": 5, "a": 1}}),
    ],
)
async def test_of_concurrent_values_that_merge_none_is_counted(
    first: Any, values: tuple[Any, Any], joined: Any
) -> None:
    board = await cut(first, *values)
    assert board.state.value("a", "k") == joined and board.lost == []


async def test_an_edit_of_a_long_text_says_what_changed_and_nothing_else() -> None:
    board = Board("port", "crdt", log=MemoryLog())
    text = "the quay of Amber is free, " * 4000
    await board.write("log", text)
    sizes = []
    for n in range(4):
        place = 20_000 * (n + 1)
        text = f"{text[:place]}ship {n} {text[place + 9 :]}"
        sizes.append(len((await board.write("log", text)).update))
    # A deletion is told once, not again with each edit that follows it.
    assert max(sizes) < 200 and (await board.read("log")).value == text
