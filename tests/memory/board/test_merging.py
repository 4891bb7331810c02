"""What a writer changed is kept next to what others wrote since it read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import run
from agentkit.errors import SetupError
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


@pytest.mark.parametrize("large", [2**53 + 1, -(2**63), [1, {"a": 2**70}]])
async def test_a_number_that_a_document_cannot_hold_is_refused(large: Any) -> None:
    board = Board("port", "crdt", log=MemoryLog())
    with pytest.raises(SetupError, match="exactly"):
        await board.write("n", large)
    await board.write("n", 2**53)
    assert board.state.value("main", "n") == 2**53
