"""Snapshots of boards: what is loaded is what was saved, older ones included."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import run
from agentkit.logs.memory import MemoryLog
from memory import Board
from memory.board.saving import columns, load, one_by_one, save
from memory.board.state import BoardState
from memory.board.versions import Consistency, Version, all_made, encoded
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


def older(state: BoardState) -> Any:
    """A snapshot as it was written before versions stood in columns."""
    made: Any = save(state)
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
    return {name: one for name, one in vars(state).items() if name not in ("docs", "seq")}


@pytest.mark.parametrize("consistency", LEVELS)
async def test_a_state_is_loaded_as_it_was_saved(consistency: Consistency) -> None:
    state = (await busy(consistency)).state
    assert state.waiting or consistency == "cas"
    for form in (save(state), older(state)):
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


@given(st.lists(ROW, max_size=6), st.booleans())
def test_versions_made_at_once_are_those_that_are_made_one_by_one(
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
        told["based_on"] = [[1]] * len(rows)
    keys = [f"key{n}" for n in range(len(rows))]
    plain = all(type(row[0]) is int and row[3] != 3 for row in rows) and not more
    assert (all_made(told, keys) is not None) == plain
    if plain:
        made = all_made(told, keys)
        assert made == one_by_one(told, keys)
        assert all(one.clock is not other.clock for one, other in zip(made, made[1:], strict=False))
    assert all_made(told, keys[1:]) is None or not rows


def test_what_is_made_at_once_has_every_field_as_a_version_has_it() -> None:
    fields = {"n": 3, "key": "k", "value": [1], "at": 2.0, "replica": "main"}
    (one,) = all_made({name: [it] for name, it in fields.items() if name != "key"}, ["k"]) or [None]
    assert one is not None and vars(one) == vars(Version(**fields))  # type: ignore[arg-type]
