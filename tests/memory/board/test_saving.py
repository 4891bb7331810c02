"""Snapshots of boards: what is loaded is what was saved, older ones included."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import run
from agentkit.logs.memory import MemoryLog
from memory import Board, snapshots
from memory.board.holding import HeldVersions, from_columns
from memory.board.saving import columns, load, one_by_one, rows, save
from memory.board.state import BoardState, apply
from memory.board.versions import Consistency, Version, encoded
from memory.errors import Conflict

LEVELS: list[Consistency] = ["cas", "lww", "vector", "crdt"]


async def busy(consistency: Consistency) -> Board:
    """A board on three replicas with concurrent writes, some of which have not arrived."""
    board = Board("port", consistency, replicas=("a", "b", "c"), log=MemoryLog())
    values: list[Any] = [1, "free", None, {"x": [1, None]}, [], 2**70, "later"]
    async with run(log=board.journal.log):
        for n, value in enumerate(values):
            for where in ("a", "b"):
                if n == 3:
                    board.network.partition({"a"}, {"b", "c"})
                try:
                    await board.at(where).write(f"key{n % 3}", value, based_on=())
                except Conflict:
                    assert consistency in ("cas", "crdt")
                except Exception as error:
                    assert type(error).__name__ == "StoreUnreachable"
    return board


def said(state: BoardState) -> Any:
    """A snapshot as it was written before it left out what most keys have alike."""
    return save(state) | {
        "versions": columns(rows(state)),
        "written": {key: list(ns) for key, ns in state.written.items()},
        "counts": {key: dict(counts) for key, counts in state.counts.items()},
    }


def older(state: BoardState) -> Any:
    """A snapshot as it was written before versions stood in columns."""
    made = said(state)
    del made["versions"]
    return made | {
        "held": {r: {k: [encoded(v) for v in kept] for k, kept in keys.items()}
                 for r, keys in state.held.items()},
        "parents": [[n, list(ns)] for n, ns in state.parents.items()],
        "waiting": [[encoded(one), list(others)] for one, others in state.waiting.values()],
        "early": {r: [encoded(v) for v in kept] for r, kept in state.early.items()},
        "recent": {k: [encoded(v) for v in kept] for k, kept in state.recent.items()},
    }  # fmt: skip


def fields(state: BoardState) -> dict[str, Any]:
    """All of a state that can be compared."""
    return {name: one for name, one in vars(state).items() if name not in ("docs", "seq", "odd")}


@pytest.mark.parametrize("consistency", LEVELS)
async def test_a_state_is_loaded_as_it_was_saved(consistency: Consistency) -> None:
    state = (await busy(consistency)).state
    assert state.waiting or consistency == "cas"
    for form in (save(state), said(state), older(state)):
        again = load(consistency, state.replicas, json.loads(json.dumps(form)))
        assert fields(again) == fields(state)
        assert all(
            again.value(replica, key) == state.value(replica, key)
            for replica, keys in state.held.items()
            for key in keys
        )


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers())))
def test_rows_are_the_same_as_columns(rows: list[dict[str, Any]]) -> None:
    made = columns(rows)
    assert all(len(one) == len(rows) for one in made.values())
    for n, row in enumerate(rows):
        assert {name: one[n] for name, one in made.items() if one[n] is not None} == row


WHO = st.none() | st.sampled_from(["you", "clerk", 3])
ROW = st.tuples(st.integers() | st.just("x"), st.none() | st.text(), st.floats(0, 9), WHO)


@given(st.lists(ROW, min_size=1, max_size=6), st.booleans())
def test_versions_made_when_asked_for_are_those_that_are_made_one_by_one(
    rows: list[tuple[Any, Any, float, Any]], more: bool
) -> None:
    told: dict[str, list[Any]] = {
        "n": [row[0] for row in rows],
        "value": [row[1] for row in rows],
        "at": [row[2] for row in rows],
        "replica": ["main"] * len(rows),
        "by": [row[3] for row in rows],
    }
    if more:
        told["after"] = [[1]] * len(rows)
    keys = [f"key{n}" for n in range(len(rows))]
    usual = all(type(row[0]) is int and row[3] != 3 for row in rows) and not more
    plain = from_columns(told, "lww", "main")
    assert (plain is not None) == usual
    if plain is not None:
        held = HeldVersions("main", "lww")
        held.fill(keys, plain)
        made = [one for kept in held.values() for one in kept]
        assert made == one_by_one(told, keys, "main")
        assert all(one.clock is not other.clock for one, other in zip(made, made[1:], strict=False))
        assert from_columns(told, "lww", "other") is None


def test_what_is_made_when_asked_for_has_every_field_as_a_version_has_it() -> None:
    held = HeldVersions("main", "vector")
    held.keep("k", (3, 2.0, [1], None, None, None))
    (one,) = held["k"]
    same = Version(n=3, key="k", value=[1], at=2.0, replica="main", clock={"main": 1})
    assert vars(one) == vars(same)


@pytest.mark.parametrize("consistency", LEVELS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
async def test_a_board_on_one_replica_is_the_same_however_it_is_read(
    consistency: Consistency, data: st.DataObject
) -> None:
    """From its events, from a snapshot of any moment, and from one as older boards have it."""
    log = MemoryLog()
    board = Board("port", consistency, log=log)
    two = [board.at("main"), board.at("main")]
    write = st.tuples(st.integers(0, 1), st.sampled_from("abc"), st.integers(0, 3), st.booleans())
    values: list[Any] = ["free", {"x": [1]}, None, 2.5]
    forms = list[tuple[int, Any]]()
    async with run(log=log):
        for n, (who, key, value, blind) in enumerate(data.draw(st.lists(write, max_size=12))):
            with contextlib.suppress(Conflict):
                await two[who].write(key, values[value], based_on=() if blind else None)
            if n % 3 == 0:
                await two[who].read(key)
            if n == 7:
                await board.clear()
            for form in (save(board.state), said(board.state), older(board.state)):
                forms.append((board.journal.seq, json.loads(json.dumps(form))))
    events = board.journal.events()
    whole = slow(consistency, events)
    for seq, form in [(0, None), *forms]:
        state = (
            BoardState(consistency, ("main",))
            if form is None
            else load(consistency, ("main",), form)
        )
        for event in events:
            if event.seq > seq:
                state = apply(state, event)
        assert fields(state) == fields(whole) == fields(board.state)


@pytest.mark.parametrize("consistency", LEVELS)
@settings(max_examples=25, deadline=None)
@given(
    writes=st.lists(
        st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 9), st.sampled_from([0, 0, 0, 1, 2])),
        min_size=8,
        max_size=40,
    ),
    every=st.integers(2, 4),
)
async def test_snapshots_of_what_changed_come_to_the_same_board(
    consistency: Consistency, writes: list[tuple[str, int, int]], every: int
) -> None:
    log = MemoryLog()
    board = Board("port", consistency, log=log)
    board.journal.every = every
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "SPARSE", 0)
        patch.setattr(snapshots, "PIECE", 0.01)
        async with run(log=log):
            for n, (key, value, odd) in enumerate(writes):
                with contextlib.suppress(Conflict):
                    await board.write(f"{key}{n // 9}", value, based_on=() if odd == 1 else None)
                if odd == 2 and n % 8 == 0:
                    await board.clear()
    journal, events = board.journal, board.journal.events()
    for seq in range(0, journal.seq + 1):
        whole = slow(consistency, [event for event in events if event.seq <= seq])
        assert fields(journal.at(seq)) == fields(whole)
    held = fields(board.state)
    journal.read_again()
    assert fields(journal.state) == held
    assert fields(journal.rebuild()) == held


def some_of(log: MemoryLog) -> list[bool]:
    """Of each snapshot in a log, whether it is of what changed."""
    found = log.read("state:port")
    return [snapshots.AFTER in one.value for one in found if getattr(one, "name", "") == "snapshot"]


async def test_a_board_that_grows_has_snapshots_of_what_changed() -> None:
    log = MemoryLog()
    board = Board("port", "vector", log=log)
    board.journal.every = 20
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("memory.journal.KEYS", 5)
        async with run(log=log):
            for n in range(300):
                await board.write(f"key{n}", f"{n} is a text of the port, with as many words")
            made = some_of(log)
            assert made.count(False) == 1 and made.count(True) > 5
            read = list[int]()
            inner = log.read
            patch.setattr(log, "read", lambda *a: read.append(len(f := inner(*a))) or f)
            before, keys = fields(board.state), dict(board.journal.keys)
            board.journal.read_again()
            assert fields(board.state) == before
            # All of it came from snapshots, and few events after the last one.
            assert sum(read) < 100
            assert {*board.journal.keys} <= {*keys}
            # Most of these writes are of keys that are there: they are saved with all.
            for n in range(300):
                await board.write(f"key{n % 30}", n)
            assert some_of(log).count(False) > 1


def slow(consistency: Consistency, events: list[Any]) -> BoardState:
    """The same fold without the short way of what most writes are."""
    state = BoardState(consistency, ("main",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BoardState, "takes_plain", lambda _state, _event: False)
        for event in events:
            state = apply(state, event)
    return state
