from __future__ import annotations

import asyncio
import itertools
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import Agent, gather, pattern, run, tool
from agentkit.errors import SetupError
from agentkit.events import RunStarted, StateChanged
from agentkit.logs.memory import MemoryLog
from memory import Board
from memory.board.board import Merge
from memory.board.versions import Consistency, Version
from memory.errors import Conflict, Stale, StoreUnreachable
from tests.fakes import FakeClock, ScriptedModel, call, cut_off

ALL: tuple[Consistency, ...] = ("lww", "cas", "vector", "crdt")


def board(
    kind: Consistency = "cas", replicas: Any = ("a", "b"), merge: Merge | None = None
) -> Board:
    return Board("port", kind, replicas=replicas, merge=merge, log=MemoryLog())


def topics(made: Board, run_id: str) -> list[str]:
    return [e.topic for e in made.journal.log.read(run_id) if e.kind == "noted"]


@pytest.mark.parametrize("kind", ALL)
async def test_a_write_names_who_when_and_on_what_it_was_based(kind: Consistency) -> None:
    made = board(kind)

    @pattern
    async def clerk(task: str) -> str:
        await made.write("berth", "Heron")
        await made.write("berth", "Avocet")
        return str((await made.at("b").read("berth")).value)

    answer = await clerk("go", log=made.journal.log)
    assert answer.text == "Avocet"
    first, second = made.history("berth")
    assert (first.by, second.by) == ("clerk", "clerk")
    assert second.based_on == (first.n,) and first.at <= second.at
    assert made.keys() == ["berth"] and made.lost == []


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("old", [False, True])
async def test_the_record_of_a_write_has_its_value_once_and_gives_it_back(
    kind: Consistency, old: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = board(kind)
    log, value = made.journal.log, {"ship": "a name that is to be found once, " * 3}
    with monkeypatch.context() as patched:
        if old:  # as an older version recorded it
            patched.setattr(Version, "model_dump", lambda one, **_: dict(one))
        with pytest.raises(ZeroDivisionError):
            async with run(log=log) as first:
                wrote = await made.write("berth", value, based_on=())
                raise ZeroDivisionError
    (ended,) = [e for e in log.read(first.id) if e.kind == "step.ended"]
    assert ("to be found once" in str(ended.result)) == old
    async with run(log=log, resume=first.id):
        assert await made.write("berth", value, based_on=()) == wrote
    assert wrote.value == value and len(made.history("berth")) == 1


@pytest.mark.parametrize("kind", ALL)
async def test_a_key_with_half_of_a_character_is_refused(kind: Consistency) -> None:
    made = board(kind)
    async with run(log=made.journal.log):
        for key in ("\ud800", "quay \udfff"):
            with pytest.raises(SetupError, match="half of a character"):
                await made.write(key, 1)
            with pytest.raises(SetupError, match="half of a character"):
                await made.read(key)
        await made.write("🐙", 1)
    assert made.keys() == ["🐙"]


async def test_compare_and_swap_refuses_what_is_based_on_an_old_version() -> None:
    made = board()
    async with run(log=made.journal.log) as r:
        one, two = made.at("a"), made.at("b")
        await one.write("berth", 1)
        await one.read("berth")
        await two.read("berth")
        await one.write("berth", 2)
        with pytest.raises(Conflict, match="berth on port is 2, version 4, by you") as caught:
            await two.write("berth", 3)
        assert "read it again" in str(caught.value)
        assert (await two.read("berth")).value == 2
        await two.write("berth", 3)
    assert [one.value for one in made.history()] == [1, 2, 3]
    assert topics(made, r.id) == ["conflict"]


async def test_the_last_write_wins_and_the_lost_one_is_counted() -> None:
    made = board("lww")
    async with run(log=made.journal.log) as r:
        one, two = made.at("a"), made.at("b")
        await one.read("stock")
        await two.read("stock")
        await one.write("stock", 10)
        await two.write("stock", 20)
    assert [(lost["value"], lost["key"]) for lost in made.lost] == [(10, "stock")]
    assert topics(made, r.id) == ["lost_update"]
    assert made.past(made.journal.seq) == {"a": {"stock": 20}, "b": {"stock": 20}}


async def test_a_chain_of_writes_that_arrives_in_another_order_loses_nothing() -> None:
    made = board("lww")
    made.network.partition("a", "b")
    async with run(log=made.journal.log):
        for n in range(4):
            await made.write("stock", n)
        made.network.heal()
        waiting = sorted(made.state.waiting, reverse=True)
        for n in waiting:
            await made.delivery.deliver(made.state.waiting[n][0], "b")
    assert made.lost == [] and made.state.value("b", "stock") == 3


async def test_a_clock_that_is_ahead_wins_over_a_later_write() -> None:
    clock = FakeClock()
    made = Board("port", "lww", replicas=("a", "b"), log=MemoryLog(clock=clock))
    made.network.set("a", skew_s=60)
    async with run(log=made.journal.log):
        await made.at("a").write("stock", "early")
        clock.now += 5
        late = made.at("b")
        await late.write("stock", "late", based_on=())
        assert (await late.read("stock")).value == "early"
    assert [lost["value"] for lost in made.lost] == ["late"]


async def test_concurrent_writes_are_siblings_until_somebody_resolves_them() -> None:
    made = board("vector")
    async with run(log=made.journal.log) as r:
        one, two = made.at("a"), made.at("b")
        await one.read("crew")
        await two.read("crew")
        await one.write("crew", ["Ada"])
        await two.write("crew", ["Bo"])
        seen = await one.read("crew")
        assert seen.conflict and [v.value for v in seen.siblings] == [["Ada"], ["Bo"]]
        await one.write("crew", ["Ada", "Bo"])
        seen = await two.read("crew")
        assert not seen.conflict and seen.value == ["Ada", "Bo"]
    assert "siblings" in topics(made, r.id)


async def test_a_merge_resolves_siblings_when_they_are_read() -> None:
    def union(values: list[Any]) -> list[Any]:
        return sorted(set(itertools.chain(*values)))

    made = board("vector", merge=union)
    async with run(log=made.journal.log) as r:
        one, two = made.at("a"), made.at("b")
        await one.write("crew", ["Ada"], based_on=())
        await two.write("crew", ["Bo"], based_on=())
        assert (await one.read("crew")).value == ["Ada", "Bo"]
    assert topics(made, r.id)[-1] == "merged"


async def test_a_crdt_keeps_both_edits() -> None:
    made = board("crdt")
    made.network.partition("a", "b")
    async with run(log=made.journal.log):
        one, two = made.at("a"), made.at("b")
        await one.write("berths", {"1": "Heron"})
        await two.write("berths", {"2": "Avocet"})
        made.network.heal()
        await made.reconcile()
        for session in (one, two):
            assert (await session.read("berths")).value == {"1": "Heron", "2": "Avocet"}


async def test_a_replica_that_is_cut_off_is_stale_and_says_so() -> None:
    made = board("lww")
    made.network.partition("a", "b")
    async with run(log=made.journal.log) as r:
        await made.write("stock", 1)
        await made.write("stock", 2)
        seen = await made.at("b").read("stock")
        assert (seen.value, seen.behind) == (None, 2)
        made.network.heal()
        seen = await made.at("b").read("stock")
        assert (seen.value, seen.behind) == (2, 0)
    assert topics(made, r.id) == ["stale_read"]


async def test_a_session_does_not_go_back_in_time() -> None:
    made = board("lww", ("a", "b", "c"))
    made.network.partition(["a", "c"], "b")
    both = ("read_your_writes", "monotonic_reads")
    async with run(log=made.journal.log) as r:
        session = made.at("a", guarantees=both)
        await session.write("stock", 1)
        assert (await session.moved("c").read("stock")).value == 1
        with pytest.raises(Stale, match="b has not heard of version 2 of stock"):
            await session.moved("b").read("stock")
        careless = made.at("a")
        await careless.read("stock")
        assert (await careless.moved("b").read("stock")).value is None
        made.network.partition("c")
        other = made.at("b", guarantees=both, otherwise="redirect")
        other.seen, other.own = session.seen, session.own
        made.network.set("b", delay_s=30)
        assert (await other.read("stock")).replica == "a"
    assert topics(made, r.id) == ["stale_read", "redirected"]
    made.delivery.stop()


@pytest.mark.parametrize("kind", ["lww", "vector", "crdt"])
async def test_a_session_relies_on_all_that_it_wrote_and_not_on_the_last(kind: Consistency) -> None:
    made = board(kind, ("a", "b", "c"))
    made.network.partition("a", "b", "c")
    session = made.at("a", guarantees=["read_your_writes"])
    async with run(log=made.journal.log):
        await session.write("k", {"one": 1})
        session = session.moved("b")
        await session.write("k", {"two": 2}, based_on=())
        made.network.partition(("b", "c"), "a")
        await made.reconcile()
        with pytest.raises(Stale, match="c has not heard of version 2 of k"):
            await session.moved("c").read("k")
        made.network.heal()
        await made.reconcile()
        assert (await session.moved("c").read("k")).behind == 0
        assert session.own["k"] == set()


async def test_a_session_relies_on_all_that_it_read_and_not_on_the_last() -> None:
    made = board("vector", ("a", "b", "c"))
    made.network.partition("a", "b", "c")
    async with run(log=made.journal.log):
        for name in ("a", "b"):
            await made.at(name).write("k", name)
        session = made.at("a", guarantees=["monotonic_reads"])
        await session.read("k")
        session.guarantees = ()
        session = session.moved("b")
        await session.read("k")
        session.guarantees = ("monotonic_reads",)
        made.network.partition(("b", "c"), "a")
        await made.reconcile()
        with pytest.raises(Stale, match="c has not heard of version 2 of k"):
            await session.moved("c").read("k")


async def test_a_read_waits_for_its_own_write_to_arrive() -> None:
    made = board("lww")
    made.network.set("b", delay_s=0.05)
    async with run(log=made.journal.log):
        session = made.at("a", guarantees=["read_your_writes"])
        await session.write("stock", 1)
        there = session.moved("b")
        there.wait_s = 10
        assert (await there.read("stock")).value == 1


async def test_a_message_that_is_lost_is_sent_again() -> None:
    made = Board("port", "lww", replicas=("a", "b"), seed=3, log=MemoryLog())
    made.network.set("b", drop=0.9)
    made.network.resend_s = 0.001
    async with run(log=made.journal.log):
        await made.write("stock", 1)
        for _ in range(2000):
            if not made.state.waiting:
                break
            await asyncio.sleep(0.002)
    assert made.state.value("b", "stock") == 1


async def test_the_primary_must_be_in_reach() -> None:
    made = board()
    made.network.partition("a", "b")
    async with run(log=made.journal.log):
        with pytest.raises(StoreUnreachable, match="b cannot reach a"):
            await made.at("b").write("stock", 1)
        await made.at("a").write("stock", 1)


@pytest.mark.parametrize("writers", [20, 1000])
async def test_no_update_is_lost_with_compare_and_swap(writers: int) -> None:
    made = board(replicas=("a",))

    @pattern
    async def adder(task: Any) -> str:
        await made.update("count", lambda value: (value or 0) + 1)
        return "done"

    async with run(log=made.journal.log):
        await gather(*[adder(n) for n in range(writers)])
        assert (await made.read("count")).value == writers
    assert len(made.history("count")) == writers


@pytest.mark.parametrize("writers", [12, 1000])
async def test_sessions_that_conflict_try_again_and_lose_nothing(writers: int) -> None:
    made = board(replicas=("a",))
    async with run(log=made.journal.log) as r:
        sessions = [made.at("a") for _ in range(writers)]
        await asyncio.gather(*[s.update("count", lambda v: (v or 0) + 1) for s in sessions])
        assert (await made.read("count")).value == writers
    assert "conflict" in topics(made, r.id)


@given(
    kind=st.sampled_from(["lww", "vector", "crdt"]),
    acts=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["read", "write", "blind", "cut", "heal"])),
        max_size=14,
    ),
    seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=40)
def test_replicas_agree_once_they_heard_of_everything(
    kind: Consistency, acts: list[tuple[int, str]], seed: int
) -> None:
    async def play() -> None:
        made = board(kind, ("a", "b", "c"))
        sessions = [made.at(name) for name in made.names]
        counter = itertools.count()
        written: dict[int, Any] = {}
        async with run(log=made.journal.log):
            for who, act in acts:
                match act:
                    case "cut":
                        made.network.partition(made.names[who])
                    case "heal":
                        made.network.heal()
                    case "read":
                        await sessions[who].read("k")
                    case _:
                        value = {f"w{next(counter)}": who}
                        based = () if act == "blind" else None
                        version = await sessions[who].write("k", value, based_on=based)
                        written[version.n] = value
            made.network.heal()
            order = list(made.state.waiting.values())
            random.Random(seed).shuffle(order)
            for version, others in order:
                for to in others:
                    await made.delivery.deliver(version, to)
        states = [made.state.value(name, "k") for name in made.names]
        assert states[0] == states[1] == states[2]
        held = [[one.n for one in made.state.held[name].get("k", ())] for name in made.names]
        assert kind == "crdt" or held[0] == held[1] == held[2]
        if kind == "vector":
            based = {n for one in made.history() for n in one.based_on}
            assert set(written) - made.state.ancestors(held[0]) == set(held[0]), (
                f"a write was neither kept nor superseded by one that knew it: {based}"
            )
        if kind == "lww" and written:
            [kept] = held[0]
            lost = set(made.state.lost)
            assert set(written) == lost | made.state.ancestors([kept, *lost]) | {kept}

    asyncio.run(play())


async def test_the_past_can_be_looked_at_and_the_state_rebuilt() -> None:
    made = board("lww")
    async with run(log=made.journal.log):
        for n in range(3):
            await made.write("stock", n)
    assert [made.past(seq)["a"].get("stock") for seq in (1, 2, 4, 6)] == [None, 0, 1, 2]
    before = {name: dict(made.state.held[name]) for name in made.names}
    made.journal.rebuild()
    assert {name: dict(made.state.held[name]) for name in made.names} == before


@pytest.mark.parametrize("kind", ALL)
async def test_a_snapshot_holds_the_whole_board(kind: Consistency) -> None:
    log = MemoryLog()
    made = Board("port", kind, replicas=("a", "b"), log=log)
    made.journal.every = 7
    async with run(log=log):
        for n in range(9):
            await made.write(f"k{n % 3}", {"n": n})
        made.network.partition("a", "b")
        await made.write("k0", {"n": 99})
    other = Board("port", kind, replicas=("a", "b"), log=log)
    other.journal.forget()
    assert {k: other.state.value("a", k) for k in other.keys()} == {
        "k0": {"n": 99}, "k1": {"n": 7}, "k2": {"n": 8},
    }  # fmt: skip
    assert len(other.state.waiting) == 1


async def test_agents_share_a_board_and_write_by_what_each_of_them_has_seen() -> None:
    made = board(replicas=("a",))
    log = made.journal.log
    await made.write("berth", "free")
    one = Agent(
        "one",
        model=ScriptedModel(
            [call("port_read", '{"key": "berth"}')],
            [call("port_write", '{"key": "berth", "value": "Heron"}')],
            "done",
        ),
        memory=made,
    )

    @tool
    async def hand() -> str:
        """Let the other one go first."""
        return (await one("Take the berth.")).text

    late = call("port_write", '{"key": "berth", "value": "Avocet"}')
    two = ScriptedModel([call("hand", "{}")], [late], "taken")
    answer = await Agent("two", model=two, memory=made, tools=[hand])("Take the berth.", log=log)
    told = two.requests[2].thread[-1].message
    assert told.error and "berth on port is 'Heron', version 3, by two" in told.content
    assert '<passage id="berth">\nfree' in two.requests[0].thread[0].message.content
    assert answer.text == "taken" and made.state.value("a", "berth") == "Heron"


async def test_of_a_large_board_an_agent_is_told_the_keys_only() -> None:
    made = board("lww", ("a",))
    for n in range(60):
        await made.write(f"k{n}", n)
    model = ScriptedModel("done")
    await Agent("one", model=model, memory=made)("Look.", log=made.journal.log)
    told = model.requests[0].thread[0].message.content
    assert 'has the keys: "k0", "k1", ' in told and "passage" not in told


async def test_a_lost_update_is_told_once_however_many_write_at_once() -> None:
    made = board("lww", ("a",))

    @pattern
    async def adder(task: str) -> str:
        seen = await made.read("count")
        await asyncio.sleep(0)
        await made.write("count", (seen.value or 0) + 1)
        return "done"

    async with run(log=made.journal.log) as r:
        await gather(*[adder(n) for n in range(6)])
    assert len(made.lost) == topics(made, r.id).count("lost_update") == 5


@pytest.mark.parametrize("stop", range(1, 26))
async def test_killed_at_any_step_and_resumed_it_writes_everything_once(stop: int) -> None:
    made = board("cas", ("a",))
    log = made.journal.log

    @pattern
    async def work(task: str) -> str:
        for _ in range(3):
            await made.update("count", lambda value: (value or 0) + 1)
        return str((await made.read("count")).value)

    await cut_off(work("go", log=log), log, stop)
    if log.runs()[0].status != "ok":
        assert (await work.resume(log.runs()[0].id, log=log)).text == "3"
    assert [one.value for one in made.history()] == [1, 2, 3]


async def test_changes_are_heard_as_they_happen() -> None:
    made = board(replicas=("a",))
    heard: list[Any] = []

    async def listen() -> None:
        async for version in made.changes("stock"):
            heard.append(version.value)
            if len(heard) == 2:
                return

    listening = asyncio.ensure_future(listen())
    await asyncio.sleep(0)
    async with run(log=made.journal.log):
        await made.write("stock", 1)
        await made.write("other", 0)
        await made.write("stock", 2)
    await asyncio.wait_for(listening, 10)
    assert heard == [1, 2]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda log: Board("port", "strong", log=log),  # type: ignore[arg-type]
        lambda log: Board("port", replicas=(), log=log),
        lambda log: Board("port", replicas=("a", "a"), log=log),
        lambda log: Board("port", "lww", merge=sum, log=log),  # type: ignore[arg-type]
        lambda log: Board("p", log=log),
        lambda log: Board("port", log=log).at("nowhere"),
        lambda log: Board("port", log=log).at("main", guarantees=["serializable"]),
        lambda log: Board("port", log=log).network.set(drop=2),
        lambda log: Board("port", log=log).network.partition("main", "main"),
    ],
)
def test_what_cannot_be_is_told_at_once(wrong: Any) -> None:
    with pytest.raises(SetupError):
        wrong(MemoryLog())


async def test_a_board_cannot_be_opened_as_another() -> None:
    log = MemoryLog()
    made = Board("port", "cas", log=log)
    async with run(log=log):
        await made.write("stock", 1)
        with pytest.raises(SetupError, match="cannot hold"):
            await made.write("stock", object())
        with pytest.raises(SetupError, match="the key ' '"):
            await made.write(" ", 1)
    with pytest.raises(SetupError, match="was begun as a board, 'cas' on main"):
        Board("port", "lww", log=log)


@pytest.mark.parametrize("kind", ALL)
async def test_a_cleared_board_is_empty_on_every_replica_and_its_history_stays(
    kind: Consistency,
) -> None:
    made = board(kind)
    made.network.set("b", delay_s=60)
    await made.write("quay", "Heron")
    await made.clear()
    assert made.keys() == [] and made.lost == []
    assert [(await made.at(name).read("quay")).value for name in made.names] == [None, None]
    assert [one.value for one in made.history("quay")] == ["Heron"]
    session = made.at("a", guarantees=["read_your_writes", "monotonic_reads"])
    version = await made.write("quay", "Avocet")
    await session.read("quay")
    await made.clear()
    assert (await session.read("quay")).value is None
    version = await session.write("quay", "Avocet")
    await made.reconcile()
    assert (await made.at("b").read("quay")).versions == (version.n,)
    assert made.journal.rebuild().value("b", "quay") == "Avocet"


@pytest.mark.parametrize("snapshot", [False, True])
async def test_writes_and_snapshots_of_earlier_versions_are_read(snapshot: bool) -> None:
    log = MemoryLog()
    old = {
        "key": "berth", "value": "Heron", "by": "you", "at": 5.0, "replica": "main",
        "based_on": [], "clock": {}, "after": [], "update": "", "sets": [], "edits": [], "over": [],
    }  # fmt: skip
    lease = log.begin_stream("port")
    common: dict[str, Any] = {"run": "state:port", "at": 9.0, "scope": ""}
    log.append(lease, RunStarted(seq=1, name="port", what="stream", **common))
    if snapshot:
        held = {"berth": [{"n": 2, **old}]}
        state = {
            "held": {"main": held}, "heard": {"main": {"berth": [2]}}, "written": {"berth": [2]},
            "parents": [[2, []]], "waiting": [], "lost": [], "counts": {"berth": {"main": 1}},
            "taken": {"main": {}}, "early": {"main": []}, "recent": {}, "docs": {},
        }  # fmt: skip
        changed = StateChanged(seq=2, name="written", value={"key": "k", "value": old}, **common)
        filled = [changed.model_copy(update={"seq": seq}) for seq in range(2, 500)]
        value = {"state": state, "keys": {"k": 2}}
        log.append(lease, *filled, StateChanged(seq=500, name="snapshot", value=value, **common))
    else:
        value = {"key": "k", "value": old}
        log.append(lease, StateChanged(seq=2, name="written", value=value, **common))
    await log.flush(lease)
    made = Board("port", "lww", log=log)
    made.journal.lease = lease
    (first,) = made.state.held["main"]["berth"]
    assert (first.value, first.by, first.at, first.n) == ("Heron", "you", 5.0, 2)
    async with run(log=log):
        seen = await made.read("berth")
        assert (seen.value, seen.behind) == ("Heron", 0)
        await made.write("berth", "Avocet")
    assert made.keys() == ["berth"] and made.history()[-1].based_on == (2,)
