"""A run: step keys, notes, budgets, time and chance, and what happens at its edges."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import (
    NOT_DONE,
    Agent,
    Answer,
    current_run,
    gather,
    open_log,
    pattern,
    run,
    set_person,
    tool,
)
from agentkit.errors import (
    BudgetSpent,
    LogError,
    LogFull,
    Overloaded,
    RunTaken,
    SetupError,
    TeamChanged,
    UnknownRun,
    Unsettled,
)
from agentkit.events import Effect, Noted, RunEnded, RunStarted, StepEnded, StepStarted
from agentkit.lease import LEASE_S
from agentkit.log import Batch
from agentkit.logs.memory import MemoryLog
from agentkit.logs.sqlite import SqliteLog
from agentkit.person import Question
from agentkit.scope import in_run, note
from agentkit.step import Outcome
from tests.fakes import EchoModel, FakeClock, ScriptedModel, call, kinds
from tests.teams import Spec, World, begun, build, check_history, settled, shuffled, teams


def keys(events: list[Any]) -> set[str]:
    return {e.key for e in events if isinstance(e, StepStarted)}


@settings(max_examples=15, deadline=None)
@given(teams(racing=False), st.integers(0, 1000))
def test_step_keys_depend_neither_on_timing_nor_on_the_run(spec: Spec, seed: int) -> None:
    async def check() -> None:
        log, hurried = MemoryLog(), World(hook=await shuffled(seed))
        one = await build(spec, World())("go", log=log)
        other = await build(spec, hurried)("go", log=log)
        assert one.run_id != other.run_id
        assert keys(log.read(one.run_id)) == keys(log.read(other.run_id))
        assert one.text == other.text

    asyncio.run(check())


@settings(max_examples=15, deadline=None)
@given(teams(racing=False), st.data())
def test_after_an_edit_only_it_and_what_lies_downstream_is_paid(spec: Spec, data: Any) -> None:
    async def check() -> None:
        log, world = MemoryLog(), World()
        before = await build(spec, world)("go", log=log)
        events = log.read(before.run_id)
        agents = sorted({e.actor for e in events if e.kind == "scope.opened" and e.model})
        edited = data.draw(st.sampled_from(agents))
        fresh = World(edits={edited: "You are somebody else."})
        alone = MemoryLog()
        expected = await build(spec, fresh)("go", log=alone)
        wanted = keys(alone.read(expected.run_id))
        fresh.done.clear()
        again = await build(spec, fresh).rerun(before.run_id, log=log)
        assert again.text == expected.text
        paid = begun(log.read(again.run_id))
        assert {step.key for step in paid} == wanted - settled(events).keys()
        assert sum(fresh.done.values()) == len(paid)
        check_history(log.read(again.run_id))

    asyncio.run(check())


@pytest.mark.parametrize(
    ("option", "value"),
    [("name", 5), ("actor", 5), ("model", 3), ("deps", 4), ("sample", "x"), ("arguments", 3)],
)
async def test_an_option_of_another_kind_is_refused_before_anything(
    option: str, value: Any
) -> None:
    with pytest.raises(SetupError, match=f"{option}={value!r} of a run cannot be"):
        async with run(log=MemoryLog(), **{option: value}):
            pass


@pytest.mark.parametrize(
    ("kind", "name", "effect", "wrong"),
    [
        ("tool", "pay", "twice", "no effect of step called 'twice'"),
        ("tool", "pay", ["once"], "no effect of step called"),
        ("toll", "pay", "once", "no kind of step called 'toll'"),
        ("tool", 5, "once", "A step is called 5"),
    ],
)
async def test_a_step_that_cannot_be_recorded_so_is_refused_before_it_is_performed(
    kind: Any, name: Any, effect: Any, wrong: str
) -> None:
    log, performed = MemoryLog(), []

    async def perform(key: str) -> Outcome:
        performed.append(key)
        return Outcome(result=1)

    with pytest.raises(SetupError, match=wrong):
        async with run(log=log) as r:
            await r.step(kind, name, {}, perform, effect=effect)
    assert not performed
    assert {*kinds(log.read(r.id))} == {"run.started", "run.ended"}


@pytest.mark.parametrize("id", [7, "a\0b", "half\ud800", "x" * 501, "state:board"])
async def test_an_id_that_no_log_can_hold_is_refused(id: Any) -> None:
    with pytest.raises(SetupError, match="A run cannot"):
        async with run(log=MemoryLog(), id=id):
            pass


async def test_half_a_character_in_a_name_holds_up_no_run(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    async with run("half \ud800", log=log, actor="\udfff") as first:
        pass
    async with run("whole", log=log):
        pass
    assert [one.name for one in log.runs()] == ["whole", "half \ufffd"]
    assert log.read(first.id)[0].actor == "\ufffd"
    log.close()


async def test_an_edit_upstream_is_paid_downstream_and_nowhere_else() -> None:
    log, model = MemoryLog(), EchoModel()

    def team(told: str) -> Any:
        first, second = Agent("first", told, model=model), Agent("second", "two", model=model)
        aside = Agent("aside", "three", model=model)

        @pattern
        async def pair(task: str) -> Answer:
            answer, _ = await gather(first(task), aside(task))
            return await second(f"{answer.text} {told}")

        return pair

    before = await team("a")("go", log=log)
    again = await team("b").rerun(before.run_id, log=log)
    scopes = {e.scope: e.actor for e in log.read(again.run_id) if e.kind == "scope.opened"}
    paid = [scopes[step.scope] for step in begun(log.read(again.run_id))]
    assert sorted(paid) == ["first", "second"]
    assert again.usage.calls == 2


async def test_an_answer_in_a_block_is_durable_before_it_is_acted_on(own_folder: Any) -> None:
    log = open_log("sqlite:///block.db")
    clerk = Agent("clerk", model=EchoModel())
    async with run(log=log) as r:
        await clerk("go")
        other = SqliteLog(own_folder / "block.db")
        assert "step.ended" in kinds(other.read(r.id))
        other.close()
    log.close()


async def test_nothing_is_performed_before_its_start_is_stored() -> None:
    class Full(MemoryLog):
        async def write(self, batch: Batch) -> Batch:
            raise LogFull("The disk is full.")

    model = EchoModel()
    with pytest.raises(LogFull):
        await Agent("clerk", model=model)("go", log=Full())
    assert model.keys == []


async def test_a_run_that_ended_takes_no_more_asks_and_no_more_events() -> None:
    log, model = MemoryLog(), EchoModel()
    clerk, waiting = Agent("clerk", model=model), asyncio.Event()

    async def late() -> Answer:
        await waiting.wait()
        return await clerk("too late")

    async with run(log=log) as r:
        task = asyncio.ensure_future(late())
        await clerk("in time")
    count = len(log.read(r.id))
    waiting.set()
    with pytest.raises(SetupError, match="has ended"):
        await task
    assert len(model.keys) == 1
    assert len(log.read(r.id)) == count
    assert log.runs()[0].status == "ok"


async def test_a_failing_block_leaves_no_run_behind_in_the_context() -> None:
    log = MemoryLog()
    with pytest.raises(ZeroDivisionError):
        async with run(log=log):
            assert in_run()
            raise ZeroDivisionError("mine")
    assert not in_run()
    with pytest.raises(SetupError, match="no run"):
        current_run()
    note("nothing")
    end = log.read(log.runs()[0].id)[-1]
    assert isinstance(end, RunEnded)
    assert (end.status, end.error and end.error.type) == ("failed", "ZeroDivisionError")


async def test_runs_nest_and_the_outer_one_comes_back() -> None:
    log, clerk = MemoryLog(), Agent("clerk", model=EchoModel())
    async with run("outer", log=log) as outer:
        async with run("inner", log=log) as inner:
            answer = await clerk("go")
            assert answer.run_id == inner.id
        assert current_run() is outer
        assert (await clerk("go")).run_id == outer.id
    assert len(keys(log.read(inner.id))) == len(keys(log.read(outer.id))) == 1


async def test_two_runs_at_once_do_not_mix() -> None:
    log, clerk = MemoryLog(), Agent("clerk", model=EchoModel(delay_s=0.001))

    async def work(name: str) -> str:
        async with run(name, log=log) as r:
            for n in range(3):
                assert (await clerk(f"{name} {n}")).run_id == r.id
            return r.id

    ids = await asyncio.gather(*[work(str(n)) for n in range(20)])
    for id in ids:
        events = log.read(id)
        check_history(events)
        assert len(begun(events)) == 3


async def test_equal_asks_in_one_scope_are_told_apart() -> None:
    log, model = MemoryLog(), EchoModel()
    clerk = Agent("clerk", model=model)
    async with run(log=log) as r:
        await gather(clerk("same"), clerk("same"), clerk("same"))
    assert len(set(model.keys)) == len(keys(log.read(r.id))) == 3


async def test_options_inside_a_run_are_refused() -> None:
    clerk = Agent("clerk", model=EchoModel())
    async with run(log=MemoryLog()):
        with pytest.raises(SetupError, match="seed"):
            await clerk("go", seed=1)


async def test_options_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(SetupError, match="resume and replay"):
        async with run(log=MemoryLog(), resume="a", replay="b"):
            pass


async def test_an_unknown_run_is_an_error_in_every_way_to_repeat() -> None:
    clerk, log = Agent("clerk", model=EchoModel()), MemoryLog()
    for how in ("resume", "rerun", "replay", "fork"):
        with pytest.raises(UnknownRun, match="nowhere"):
            await getattr(clerk, how)("nowhere", log=log)
        with pytest.raises(UnknownRun):
            async with run(log=log, **{how: "nowhere"}):
                pass


async def test_a_run_is_repeated_by_who_was_asked() -> None:
    log = MemoryLog()
    clerk, other = Agent("clerk", model=EchoModel()), Agent("other", model=EchoModel())
    answer = await clerk("go", log=log)
    with pytest.raises(SetupError, match="clerk was asked"):
        await other.resume(answer.run_id, log=log)
    async with run(log=log) as r:
        await clerk("go")
    with pytest.raises(SetupError, match="block of code"):
        await clerk.resume(r.id, log=log)


async def test_a_block_resumes_where_it_stopped() -> None:
    log, model = MemoryLog(), EchoModel()
    clerk = Agent("clerk", model=model)

    async def block(fail: bool, **options: Any) -> str:
        async with run(log=log, **options) as r:
            first = await clerk("one")
            if fail:
                raise ZeroDivisionError
            return (await clerk(f"two {first.text}")).text + r.id

    with pytest.raises(ZeroDivisionError):
        await block(True)
    id = log.runs()[0].id
    text = await block(False, resume=id)
    assert text.endswith(id)
    assert len(model.keys) == len(set(model.keys)) == 2
    assert await block(False, replay=id) == text
    assert len(model.keys) == 2


async def test_a_budget_stops_before_the_call_and_a_higher_one_goes_on() -> None:
    log = MemoryLog()
    model = ScriptedModel(*[[call("look")]] * 3, "done")

    @tool(effect="pure")
    def look() -> str:
        """Look."""
        return "seen"

    clerk = Agent("clerk", model=model, tools=[look])
    with pytest.raises(BudgetSpent, match=r"0\.002000 of 0\.002000 USD") as caught:
        await clerk("go", log=log, budget_usd=0.002)
    id = caught.value.run_id
    assert len(model.requests) == 2
    with pytest.raises(BudgetSpent):
        await clerk.resume(id, log=log)
    with pytest.raises(BudgetSpent):
        await clerk.resume(id, log=log, budget_usd=0.003)
    assert len(model.requests) == 3
    with pytest.raises(BudgetSpent, match=r"of 0\.003000"):
        await clerk.resume(id, log=log)
    answer = await clerk.resume(id, log=log, budget_usd=1)
    assert (answer.text, answer.usage.calls, len(model.requests)) == ("done", 4, 4)
    assert answer.cost_usd == pytest.approx(0.004)
    assert "budget" in [e.topic for e in log.read(id) if isinstance(e, Noted)]


async def test_a_budget_of_tokens() -> None:
    clerk, log = Agent("clerk", model=EchoModel()), MemoryLog()
    async with run(log=log, budget_tokens=13):
        await clerk("one")
        await clerk("two")
        with pytest.raises(BudgetSpent, match="12 of 13 tokens, and the next call may cost 6"):
            await clerk("three")


async def test_time_and_chance_are_recorded() -> None:
    clock = FakeClock()
    log = MemoryLog(clock=clock)

    async def block(**options: Any) -> list[float]:
        async with run(log=log, **options) as r:
            return [await r.now(), await r.random(), await r.random(), await r.now()]

    drawn = await block(id="r")
    assert drawn[1] != drawn[2]
    clock.now += 100
    assert await block(replay="r") == drawn
    assert await block(rerun="r") == drawn
    assert await block(resume="r") == drawn
    assert (await block())[0] == clock.now


async def test_chance_follows_the_seed() -> None:
    async def draw(seed: int | None) -> list[float]:
        async with run(log=MemoryLog(), seed=seed) as r:
            return [await r.random(), await r.random()]

    assert await draw(1) == await draw(1)
    assert await draw(1) != await draw(2)
    assert await draw(None) != await draw(None)


async def test_a_seed_reaches_the_model_and_stays_on_resume() -> None:
    model, log = ScriptedModel("a", ZeroDivisionError("bug"), "b"), MemoryLog()
    clerk = Agent("clerk", model=model)
    await clerk("go", log=log, seed=7)
    assert model.requests[0].options.seed == 7
    with pytest.raises(ZeroDivisionError):
        await clerk("go", log=log, seed=8)
    await clerk.resume(log.find("last"), log=log)
    assert model.requests[2].options.seed == 8


async def test_a_person_is_asked_once_ever() -> None:
    asked: list[str] = []

    async def person(question: Question) -> str:
        asked.append(question.text)
        return "blue"

    before = set_person(person)
    try:
        log = MemoryLog()

        async def block(**options: Any) -> str:
            async with run(log=log, **options) as r:
                return await r.ask_person(Question(text="Which colour?"))

        assert await block(id="r") == "blue"
        assert (
            await block(resume="r") == await block(replay="r") == await block(rerun="r") == "blue"
        )
        assert asked == ["Which colour?"]
    finally:
        set_person(before)


async def test_results_are_json_from_the_first_time_on() -> None:
    log = MemoryLog()

    async def perform(_key: str) -> Outcome:
        return Outcome(result={"t": (1, 2), "x": float("nan"), 3: "\ud800"})

    async def block(**options: Any) -> Any:
        async with run(log=log, **options) as r:
            return (await r.step("memory", "m", {}, perform)).result

    first = await block(id="r")
    assert first == {"t": [1, 2], "x": "NaN", "3": "\ufffd"}
    assert await block(replay="r") == first


async def test_a_once_step_that_reported_a_failure_is_in_no_doubt() -> None:
    log, tries = MemoryLog(), 0

    async def perform(_key: str) -> Outcome:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Overloaded("503")
        return Outcome(result="done")

    async def block(**options: Any) -> Any:
        async with run(log=log, **options) as r:
            return (await r.step("remote", "them", {}, perform, effect="once")).result

    with pytest.raises(Overloaded):
        await block(id="r")
    assert await block(resume="r") == "done"
    assert [step.attempt for step in begun(log.read("r"))] == [1, 2]


async def test_an_edited_agent_cannot_resume_but_can_rerun() -> None:
    log, model = MemoryLog(), ScriptedModel([call("look")], ZeroDivisionError("bug"), "x", "y")

    @tool(effect="pure")
    def look() -> str:
        """Look."""
        return "seen"

    with pytest.raises(ZeroDivisionError):
        await Agent("clerk", "one", model=model, tools=[look])("go", log=log)
    id = log.find("last")
    with pytest.raises(TeamChanged, match="use rerun"):
        await Agent("clerk", "two", model=model, tools=[look]).resume(id, log=log)
    assert len(model.requests) == 2
    await Agent("clerk", "two", model=model, tools=[look]).rerun(id, log=log)
    assert len(model.requests) == 3


async def test_a_reused_step_tells_what_was_asked() -> None:
    log, model = MemoryLog(), ScriptedModel([call("look", '{"port": "Amber"}')], "x")

    @tool(effect="pure")
    def look(port: str) -> str:
        """Look."""
        return "seen"

    clerk = Agent("clerk", model=model, tools=[look])
    first = await clerk("go", log=log)
    again = await clerk.rerun((await clerk.rerun(first.run_id, log=log)).run_id, log=log)
    [reused] = [e for e in log.read(again.run_id) if isinstance(e, StepEnded) and e.step == "tool"]
    assert reused.reused is not None and reused.reused.run == first.run_id
    assert reused.request == {"port": "Amber"}


async def test_a_replaced_writer_stops_and_writes_nothing_more() -> None:
    clock = FakeClock()
    log, model = MemoryLog(clock=clock), EchoModel()
    clerk = Agent("clerk", model=model)
    with pytest.raises(RunTaken):
        async with run(log=log, id="r"):
            await clerk("one")
            clock.now += LEASE_S + 1
            async with run(log=log, resume="r"):
                await clerk("one")
                await clerk("two")
            await clerk("three")
    assert len(model.keys) == 2
    check_history(log.read("r"))
    assert [e.kind for e in log.read("r") if e.kind.startswith("run.")] == [
        "run.started", "run.started", "run.ended",
    ]  # fmt: skip


async def test_a_run_that_goes_on_cannot_be_resumed_beside() -> None:
    log, clerk = MemoryLog(), Agent("clerk", model=EchoModel())
    async with run(log=log, id="r"):
        await clerk("one")
        with pytest.raises(RunTaken, match="one writer"):
            async with run(log=log, resume="r"):
                pass


async def test_a_log_closed_under_a_run_is_an_error_of_ours(own_folder: Any) -> None:
    log, clerk = open_log("sqlite:///closed.db"), Agent("clerk", model=EchoModel())
    with pytest.raises(LogError, match="closed"):
        async with run(log=log):
            await clerk("one")
            log.close()
            await clerk("two")
    assert not in_run()


async def doubtful(log: MemoryLog) -> Any:
    """An agent that was stopped while it paid twice at once, and how often each was done."""
    entered = asyncio.Event()
    done: list[int] = []

    @tool(effect="once")
    async def pay(eur: int) -> str:
        """Pay."""
        done.append(eur)
        entered.set()
        if len(done) <= 2:
            await asyncio.Event().wait()
        return f"paid {eur}"

    calls = [call("pay", '{"eur": 1}', "a"), call("pay", '{"eur": 2}', "b")]
    model = ScriptedModel(calls, "done")
    clerk = Agent("clerk", model=model, tools=[pay])
    task = asyncio.ensure_future(clerk("go", log=log, id="r"))
    await entered.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(done) == [1, 2]
    return clerk, done


async def test_one_word_does_not_settle_two_steps_in_doubt() -> None:
    log = MemoryLog()
    clerk, done = await doubtful(log)
    with pytest.raises(Unsettled) as first:
        await clerk.resume("r", log=log)
    assert first.value.key in str(first.value)
    with pytest.raises(Unsettled):
        await clerk.resume("r", log=log, settle={"pay": "paid"})
    assert len(done) == 2
    settle: dict[str, Any] = {first.value.key: "paid, says the bank"}
    with pytest.raises(Unsettled) as second:
        await clerk.resume("r", log=log, settle=settle)
    settle[second.value.key] = NOT_DONE
    answer = await clerk.resume("r", log=log, settle=settle)
    assert answer.text == "done"
    assert len(done) == 3
    assert [n.message.content for n in answer.thread if n.message.role == "tool"] == [
        "paid, says the bank", f"paid {done[2]}",
    ]  # fmt: skip


async def test_a_step_in_doubt_is_not_guessed_by_a_rerun_either() -> None:
    log = MemoryLog()
    clerk, done = await doubtful(log)
    with pytest.raises(Unsettled, match="rerun with settle"):
        await clerk.rerun("r", log=log)
    assert len(done) == 2


async def test_generators_abandoned_half_way_stop_their_ask() -> None:
    log, model = MemoryLog(), EchoModel(delay_s=30)
    stream = Agent("clerk", model=model).stream("go", log=log)
    async for item in stream:
        if item.kind == "step.started":
            break
    await stream.aclose()
    gc.collect()
    assert len(asyncio.all_tasks()) == 1
    assert log.runs()[0].status == "cancelled"


async def test_a_run_has_a_name_a_task_and_an_end() -> None:
    log, clerk = MemoryLog(), Agent("clerk", model=EchoModel())
    answer = await clerk({"n": 1}, log=log, name="lesson 3", seed=4)
    start, *_, end = log.read(answer.run_id)
    assert isinstance(start, RunStarted)
    assert (start.name, start.actor, start.task, start.seed) == ("lesson 3", "clerk", {"n": 1}, 4)
    assert isinstance(end, RunEnded)
    assert end.status == "ok"


async def test_a_run_cannot_be_called_as_a_stream_is() -> None:
    log = MemoryLog()
    with pytest.raises(SetupError, match="streams of shared state"):
        async with run(log=log, id="state:port"):
            pass
    assert log.runs() == log.runs(streams=True) == []


@pytest.mark.parametrize("effect", ["pure", "idempotent"])
async def test_a_memorys_read_waits_for_its_end_alone_to_be_stored(effect: Effect) -> None:
    log, before = MemoryLog(), list[str]()

    async def perform(_key: str) -> Outcome:
        before[:] = [event.kind for event in log._order]
        return Outcome(result=[1])

    async with run(log=log) as r:
        await r.flush()
        found = await r.step("memory", "notes.recall", {"query": "x"}, perform, effect=effect)
        assert found.result == [1]
        # What a write does is never there without a record that it was begun.
        assert before == ["run.started", *(["step.started"] if effect != "pure" else [])]
        stored = [event.kind for event in log._order]
        assert stored == ["run.started", "step.started", "step.ended"]


async def test_a_function_that_a_run_decorates_is_a_run_each_time_it_is_called() -> None:
    log = MemoryLog()

    @run("deliver", log=log)
    async def deliver(again: int) -> int:
        if again:
            await asyncio.gather(deliver(again - 1), deliver(again - 1))
        return again

    await asyncio.gather(deliver(1), deliver(0))
    assert [(one.name, one.status) for one in log.runs()] == [("deliver", "ok")] * 4
