"""A shared state is what it was begun as, in every process that opens it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import run
from agentkit.errors import AgentkitError, SetupError
from agentkit.events import RunStarted, StateChanged
from agentkit.log import Log
from agentkit.logs.memory import MemoryLog
from agentkit.logs.sqlite import SqliteLog
from memory import Board, State
from memory.declared import overwrites
from memory.errors import BegunOtherwise
from memory.journal import JOURNALS

KINDS = st.sampled_from(["cas", "lww", "vector", "crdt"])
REPLICAS = st.sampled_from([("main",), ("a",), ("a", "b"), ("b", "a"), ("a", "b", "c")])


def added(total: int, event: Any) -> int:
    return total + int(event)


async def begun(log: Log, kind: str, replicas: tuple[str, ...], writes: int = 1) -> None:
    """A board that was written, as a process leaves it that ends."""
    board = Board("port", kind, replicas=replicas, log=log)  # type: ignore[arg-type]
    board.journal.every = 5
    async with run(log=log):
        for n in range(writes):
            await board.at(replicas[0]).write(f"key{n}", n)
    del JOURNALS[id(log), "port"]


@given(kind=KINDS, replicas=REPLICAS, other=KINDS, others=REPLICAS, writes=st.sampled_from([1, 12]))
@settings(deadline=None, max_examples=15)
async def test_who_opens_a_board_otherwise_is_told_and_nothing_is_lost(
    kind: str, replicas: tuple[str, ...], other: str, others: tuple[str, ...], writes: int
) -> None:
    log = MemoryLog()
    await begun(log, kind, replicas, writes)
    if (kind, replicas) == (other, others):
        Board("port", other, replicas=others, log=log)  # type: ignore[arg-type]
    else:
        with pytest.raises(BegunOtherwise, match="port was begun as a board") as caught:
            Board("port", other, replicas=others, log=log)  # type: ignore[arg-type]
        assert isinstance(caught.value, SetupError) and repr(kind) in str(caught.value)
    JOURNALS.clear()
    again = Board("port", kind, replicas=replicas, log=log)  # type: ignore[arg-type]
    assert again.keys() == sorted(f"key{n}" for n in range(writes))


async def test_another_process_is_told_though_it_opened_the_board_first(tmp_path: Path) -> None:
    mine = SqliteLog(tmp_path / "one.db")
    early, tally = Board("port", "lww", log=mine), State("tally", 0, added, log=mine)
    assert tally.value == 0
    log = SqliteLog(tmp_path / "one.db")
    await begun(log, "cas", ("main",))
    async with run(log=log):
        await Board("tally", log=log).write("k", 1)
    log.close()
    async with run(log=mine):
        for act in (early.read("key0"), early.write("key0", 2), tally.record(1)):
            with pytest.raises(BegunOtherwise):
                await act
    with pytest.raises(BegunOtherwise, match="tally was begun as a board"):
        assert tally.value
    mine.close()
    again = SqliteLog(tmp_path / "one.db")
    async with run(log=again):
        assert (await Board("port", log=again).read("key0")).value == 0
    again.close()


async def test_a_board_and_a_state_do_not_take_each_other_for_their_own() -> None:
    log = MemoryLog()
    tally = State("port", 0, added, log=log)
    async with run(log=log):
        await tally.record(3)
    with pytest.raises(BegunOtherwise, match="was begun as a state with a fold of its own"):
        Board("port", log=log)
    JOURNALS.clear()
    with pytest.raises(BegunOtherwise, match="give it another name"):
        Board("port", log=log)
    assert State("port", 0, added, log=log).value == 3


OLD = json.loads((Path(__file__).parent / "board" / "old_crdt.json").read_text())


def older(events: list[Any]) -> Log:
    """A log as it was before streams said what they are."""
    log = MemoryLog()
    lease, of = log.begin_stream("port"), {"run": "state:port", "scope": "", "at": 1.0}
    log.append(lease, RunStarted(**of, seq=1, name="port", what="stream"))
    for n, (name, value) in enumerate(events):
        log.append(lease, StateChanged(**of, seq=n + 2, name=name, value={"value": value}))
    log.commit()
    return log


PLAIN = {"key": "k", "value": 1}


@pytest.mark.parametrize(
    ("event", "kind", "replicas", "fits"),
    [
        (PLAIN, "cas", ("main",), True),
        (PLAIN, "lww", ("main",), True),
        (PLAIN, "lww", ("a", "b"), False),
        (PLAIN, "crdt", ("main",), False),
        (PLAIN, "vector", ("main",), False),
        ({**PLAIN, "replica": "a"}, "cas", ("a", "b"), True),
        ({**PLAIN, "replica": "a"}, "cas", ("main",), False),
        ({**PLAIN, "clock": {"main": 1}}, "vector", ("main",), True),
        ({**PLAIN, "clock": {"main": 1}}, "cas", ("main",), False),
        ({"key": "k", "given": 1}, "crdt", ("main",), True),
        ({"key": "k", "given": 1}, "lww", ("main",), False),
    ],
)
def test_an_older_board_is_known_by_its_first_write(
    event: Any, kind: str, replicas: tuple[str, ...], fits: bool
) -> None:
    log = older([("written", event)])
    if fits:
        assert Board("port", kind, replicas=replicas, log=log).keys() == ["k"]  # type: ignore[arg-type]
        return
    with pytest.raises(BegunOtherwise):
        Board("port", kind, replicas=replicas, log=log)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("second", "fits"),
    [
        ({"key": "k", "value": 2, "based_on": [2]}, True),
        ({"key": "other", "value": 2}, True),
        ({"key": "k", "value": 2}, False),
        ({"key": "k", "value": 2, "based_on": [1]}, False),
    ],
)
def test_an_older_board_on_which_a_write_was_overwritten_unseen_is_none_of_cas(
    second: Any, fits: bool
) -> None:
    log = older([("written", PLAIN), ("written", second)])
    if fits:
        assert Board("port", "cas", log=log).keys()
    else:
        with pytest.raises(BegunOtherwise, match="'lww'"):
            Board("port", "cas", log=log)
    assert Board("port", "lww", log=older([("written", PLAIN), ("written", second)])).keys()


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_no_board_of_cas_is_taken_for_one_of_lww(seed: int) -> None:
    """Whatever writers of a real one do: as if it did not say what it is."""
    history, rng = MemoryLog(), random.Random(seed)

    async def written() -> None:
        board = Board("port", "cas", replicas=("a", "b"), log=history)
        async with run(log=history):
            for n in range(12):
                session, key = board.at(rng.choice("ab")), rng.choice("xyz")
                with contextlib.suppress(AgentkitError):
                    if rng.random() < 0.5:
                        await session.update(key, lambda _, n=n: n)
                    else:
                        await session.write(key, n, based_on=rng.choice([None, ()]))
            if rng.random() < 0.3:
                await board.reconcile()

    asyncio.run(written())
    assert not overwrites(history.read("state:port"))


def test_an_older_state_is_no_board() -> None:
    log = older([("recorded", 4)])
    with pytest.raises(BegunOtherwise):
        Board("port", log=log)
    assert State("port", 0, added, log=log).value == 4
    with pytest.raises(BegunOtherwise, match="as a board"):
        assert State("port", 0, added, log=older([("written", PLAIN)])).value
