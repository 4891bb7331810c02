"""What a session may rely on, over all keys and replicas (Terry et al. 1994)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, run
from agentkit.logs.memory import MemoryLog
from agentkit.logs.sqlite import SqliteLog
from memory import Board, Conflict, Stale, StoreUnreachable
from memory.board.versions import Consistency
from tests.fakes import FakeClock, ScriptedModel

ANY: tuple[Consistency, ...] = ("cas", "lww", "vector", "crdt")
FREE: tuple[Consistency, ...] = ("lww", "vector", "crdt")
"""Those that take writes at any replica."""


def board(kind: Consistency, **options: Any) -> Board:
    return Board("port", kind, replicas=("a", "b", "c"), log=MemoryLog(**options))


@pytest.mark.parametrize("kind", ANY)
@pytest.mark.parametrize("guarantee", ["read_your_writes", "monotonic_reads"])
async def test_a_read_of_one_key_relies_on_what_was_seen_of_others(
    kind: Consistency, guarantee: str
) -> None:
    made = board(kind)
    made.network.set("b", delay_s=60)
    session = made.at("a", guarantees=[guarantee])
    await (session if guarantee == "read_your_writes" else made).write("x", {"n": 1})
    await session.read("x")
    with pytest.raises(Stale, match="b has not heard of version 2 of x"):
        await session.moved("b").read("y")
    made.delivery.stop()


@pytest.mark.parametrize("kind", ANY)
@pytest.mark.parametrize("guarantee", ["writes_follow_reads", "monotonic_writes", "causal"])
async def test_a_write_is_nowhere_without_what_its_session_read_or_wrote_before(
    kind: Consistency, guarantee: str
) -> None:
    made = board(kind)
    session = made.at("a", guarantees=guarantee)
    made.network.partition(("a", "b"), "c")
    first = await (made if guarantee == "writes_follow_reads" else session).write("x", {"n": 1})
    await session.read("x")
    second = await session.write("y", {"n": 2})
    assert kind == "crdt" or second.after == (first.n,)
    # The second arrives first.
    made.network.heal()
    waiting = made.state.waiting
    await made.delivery.deliver(waiting[second.n][0], "c")
    assert made.state.value("c", "y") is None and made.state.behind("c", "y") == 1
    await made.delivery.deliver(waiting[first.n][0], "c")
    assert made.state.value("c", "x") == {"n": 1} and made.state.value("c", "y") == {"n": 2}
    plain = await made.at("a").write("z", 1)
    assert plain.after == ()


@pytest.mark.parametrize("kind", FREE)
@pytest.mark.parametrize("guarantee", ["writes_follow_reads", "monotonic_writes"])
async def test_a_replica_that_lacks_what_a_write_follows_takes_it_when_it_has_it(
    kind: Consistency, guarantee: str
) -> None:
    made = board(kind)
    made.network.partition("a", ("b", "c"))
    session = made.at("a", guarantees=[guarantee])
    await (made if guarantee == "writes_follow_reads" else session).write("x", {"n": 1})
    await session.read("x")
    there = session.moved("b")
    with pytest.raises(Stale, match="b has not heard of version 2 of x"):
        await there.write("y", 1)
    there.otherwise = "redirect"
    with pytest.raises(StoreUnreachable, match="No replica in reach of b"):
        await there.write("y", 1)
    made.network.partition(("a", "b"), "c")
    made.network.set("b", delay_s=0.02)
    assert (await there.write("y", 1)).replica == "a"
    there.otherwise, there.wait_s = "error", 10.0
    assert (await there.write("z", 1)).replica == "b"


@pytest.mark.parametrize("guarantee", ["writes_follow_reads", "monotonic_writes"])
async def test_a_clock_that_is_ahead_does_not_undo_a_later_write_of_the_session(
    guarantee: str,
) -> None:
    made = board("lww", clock=FakeClock())
    made.network.set("a", skew_s=60)
    session = made.at("a", guarantees=[guarantee])
    await (made if guarantee == "writes_follow_reads" else session).write("x", "early")
    await session.read("x")
    await session.moved("b").write("x", "late")
    assert {name: made.state.value(name, "x") for name in made.names} == dict.fromkeys(
        "abc", "late"
    )
    await made.at("b").write("x", "blind", based_on=())
    assert made.state.value("b", "x") == "late"


async def test_what_a_merged_value_is_made_of_may_not_vanish() -> None:
    made = board("crdt")
    made.network.partition("a", "b", "c")
    await made.at("a").write("k", {"a": 1})
    await made.at("b").write("k", {"b": 1})
    made.network.partition(("a", "b"), "c")
    await made.reconcile()
    session = made.at("a", guarantees=["monotonic_reads"])
    seen = await session.read("k")
    assert seen.value == {"a": 1, "b": 1} and len(seen.versions) == 2 and not seen.conflict
    made.network.heal()
    made.network.set("c", delay_s=60)
    await made.delivery.deliver(made.state.waiting[seen.versions[1]][0], "c")
    with pytest.raises(Stale, match="c has not heard of version 2 of k"):
        await session.moved("c").read("k")
    made.delivery.stop()


async def test_an_update_waits_for_a_replica_that_lags() -> None:
    made = board("cas")
    made.network.set("b", delay_s=0.05)
    await made.write("n", 1)
    assert (await made.at("b").update("n", lambda n: (n or 0) + 1)).value == 2
    made.network.set("b", delay_s=60)
    await made.update("n", lambda n: n + 1)
    with pytest.raises(Stale, match="b has not heard of the newest version of n"):
        await made.at("b").update("n", lambda n: n + 1, wait_s=0.02)
    made.delivery.stop()


async def test_an_update_waits_for_what_its_session_relies_on() -> None:
    made = board("lww")
    made.network.set("b", delay_s=0.05)
    session = made.at("a", guarantees="causal")
    await session.write("n", 1)
    assert (await session.moved("b").update("n", lambda n: n + 1)).value == 2


async def test_whoever_waits_hears_that_a_partition_has_ended() -> None:
    made = board("lww")
    made.network.partition("a", "b", "c")
    session = made.at("a", guarantees=["read_your_writes"], wait_s=10)
    await session.write("n", 1)
    reading = asyncio.ensure_future(session.moved("b").read("n"))
    await asyncio.sleep(0.02)
    assert not reading.done()
    made.network.heal()
    assert (await reading).value == 1


async def test_what_an_agent_is_shown_is_a_read() -> None:
    made = board("lww")
    made.network.partition("a", "b", "c")
    session = made.at("a", guarantees="causal")
    await session.write("berth", "Heron")
    agent = Agent("clerk", model=ScriptedModel("done"), memory=session.moved("b"))
    with pytest.raises(Stale, match="version 2 of berth"):
        await agent("Look.", log=made.journal.log)


async def test_a_conflict_is_with_what_stands_there() -> None:
    made = board("cas")
    async with run(log=made.journal.log):
        await made.write("n", 1)
        await made.at("b").update("n", lambda n: n + 1)
        with pytest.raises(Conflict, match="n on port is 2, version"):
            await made.write("n", 5)


async def test_a_board_opened_twice_takes_in_what_the_other_one_wrote(tmp_path: Path) -> None:
    clock = FakeClock()
    logs = [SqliteLog(tmp_path / "log.db", clock=clock) for _ in range(2)]
    ours, theirs = (Board("port", "lww", replicas=("a", "b"), log=log) for log in logs)
    assert ours.keys() == theirs.keys() == []
    theirs.network.partition("a", "b")
    await theirs.write("x", 1)
    # The other one writes it: nothing can be delivered from here, and that is told.
    seen = await ours.at("b").read("x")
    assert (seen.value, seen.behind) == (None, 1)
    await theirs.at("b").write("x", 2, based_on=())
    clock.now += 60
    assert await ours.reconcile() == 2
    assert ours.keys() == ["x"] and ours.lost == theirs.lost and len(ours.lost) == 1
    await ours.clear()
    assert theirs.keys() == [] and (await theirs.read("x")).value is None
    for log in logs:
        log.close()
