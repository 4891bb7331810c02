"""Runs that are opened inside other ones are gone on with when those are."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest

from agentkit import NOT_DONE, Agent, Answer, current_run, gather, open_log, pattern, run, tool
from agentkit.errors import BudgetSpent, ReplayMismatch, Unsettled
from agentkit.log import Log
from agentkit.logs.memory import MemoryLog
from tests.fakes import EchoModel, ScriptedModel, call


def team_of(model: Any, *, at: asyncio.Event | None = None, **limits: Any) -> Any:
    """A pattern that asks inside a run of its own, stalls where it is told to, and asks again."""
    agent = Agent("clerk", "x", model=model)

    async def team(task: str) -> str:
        async with run("inner", log=current_run().log, **limits):
            first = await agent(task)
        if at is not None:
            at.set()
            await asyncio.get_running_loop().create_future()
        return (await agent(first.text)).text

    return pattern(team)


async def stopped(ask: Any, under_way: asyncio.Event) -> None:
    task = asyncio.ensure_future(ask)
    async with asyncio.timeout(5):
        await under_way.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def inner(log: Log) -> Any:
    return next(one for one in log.runs() if one.name == "inner")


async def test_a_resume_goes_on_with_the_run_that_was_opened_inside() -> None:
    log, model, under_way = MemoryLog(), EchoModel(), asyncio.Event()
    await stopped(team_of(model, at=under_way)("go", log=log, id="run"), under_way)
    events = inner(log).events
    answer = await team_of(model).resume("run", log=log)
    assert answer.text == "echo: echo: go"
    assert len(model.keys) == 2
    assert len(log.runs()) == 2 and inner(log).events == events
    assert log.verify() == []


async def test_a_replay_performs_nothing_in_a_run_that_is_opened_inside() -> None:
    log, model = MemoryLog(), EchoModel()
    answer = await team_of(model)("go", log=log, id="run")
    counts = [one.events for one in log.runs()]
    assert (await team_of(model).replay("run", log=log)).text == answer.text
    assert len(model.keys) == 2 and [one.events for one in log.runs()] == counts


async def test_a_replay_opens_no_run_that_it_does_not_know() -> None:
    log, model = MemoryLog(), EchoModel()

    async def team(task: str) -> str:
        return task

    await pattern(team)("go", log=log, id="run")
    with pytest.raises(ReplayMismatch, match="opens a run that is not recorded: inner"):
        await team_of(model).replay("run", log=log)
    assert model.keys == [] and len(log.runs()) == 1


@pytest.mark.parametrize("how", ["rerun", "fork"])
async def test_a_rerun_and_a_fork_share_what_was_done_inside(how: str) -> None:
    log, model = MemoryLog(), EchoModel()
    answer = await team_of(model)("go", log=log, id="run")
    again = await getattr(team_of(model), how)("run", log=log)
    assert again.text == answer.text
    assert len(model.keys) == 2
    assert len(log.runs()) == 4 and inner(log).cost_usd == 0


async def test_the_budget_around_knows_what_was_paid_inside_before_a_resume() -> None:
    log, model, under_way = MemoryLog(), EchoModel(), asyncio.Event()
    ask = team_of(model, at=under_way)("go", log=log, id="run", budget_calls=1)
    await stopped(ask, under_way)
    with pytest.raises(BudgetSpent, match="1 of 1 calls"):
        await team_of(model).resume("run", log=log)
    assert len(model.keys) == 1


async def test_a_word_on_a_doubt_inside_is_given_to_the_run_around_and_counts_once() -> None:
    log, paid, under_way = MemoryLog(), [0], asyncio.Event()
    stalls = [True]

    @tool(effect="once")
    async def pay(eur: int) -> str:
        """Pay."""
        if stalls.pop() if stalls else False:
            under_way.set()
            await asyncio.get_running_loop().create_future()
        paid[0] += 1
        return "paid"

    model = ScriptedModel([call("pay", '{"eur": 1}')], "Paid.")
    agent = Agent("clerk", "x", model=model, tools=[pay])

    def team() -> Any:
        async def act(task: str) -> str:
            async with run("inner", log=current_run().log):
                return (await agent(task)).text

        return pattern(act, name="team")

    await stopped(team()("go", log=log, id="run"), under_way)
    with pytest.raises(Unsettled, match="pay"):
        await team().resume("run", log=log)
    assert paid == [0]
    assert (await team().resume("run", log=log, settle={"pay": NOT_DONE})).text == "Paid."
    assert paid == [1] and len(log.runs()) == 2


async def test_two_equal_runs_inside_are_told_apart_and_each_doubt_is_asked_about() -> None:
    log, under_way, stalled, paid = MemoryLog(), asyncio.Event(), [0], [0]

    @tool(effect="once")
    async def pay(eur: int) -> str:
        """Pay."""
        if stalled[0] < 2:
            stalled[0] += 1
            if stalled[0] == 2:
                under_way.set()
            await asyncio.get_running_loop().create_future()
        paid[0] += 1
        return "paid"

    model = ScriptedModel(*[[call("pay", '{"eur": 1}')]] * 2, "Paid.", "Paid.")
    agent = Agent("clerk", "x", model=model, tools=[pay])

    def team() -> Any:
        async def one(task: str) -> str:
            async with run("inner", log=current_run().log):
                return (await agent(task)).text

        async def act(task: str) -> str:
            return " ".join(await gather(one(task), one(task)))

        return pattern(act, name="team")

    await stopped(team()("go", log=log, id="run"), under_way)
    asked = 0
    words: dict[str, Any] = {}
    while True:
        try:
            answer = await team().resume("run", log=log, settle=words)
            break
        except Unsettled:
            asked, words = asked + 1, {"pay": NOT_DONE}
            assert asked < 6
    assert answer.text == "Paid. Paid." and paid == [2] and len(log.runs()) == 3
    assert asked >= 1


async def test_a_loser_of_a_recorded_join_opens_no_run_when_it_is_gone_on_with() -> None:
    log, model, under_way = MemoryLog(), EchoModel(), asyncio.Event()
    agent = Agent("clerk", "x", model=model)

    def team(stalls: bool) -> Any:
        async def slow(task: str) -> Any:
            await asyncio.sleep(0.05 if stalls else 0)
            async with run("inner", log=current_run().log):
                return await agent(task)

        async def act(task: str) -> str:
            found = await gather(agent(task), slow(task), join="first")
            if stalls:
                under_way.set()
                await asyncio.get_running_loop().create_future()
            return str(found[0].text)

        return pattern(act, name="team")

    await stopped(team(True)("go", log=log, id="run"), under_way)
    await team(False).resume("run", log=log)
    assert [one.id for one in log.runs()] == ["run"]


async def test_a_resume_does_not_submit_again_what_it_submitted(tmp_path: Path) -> None:
    log, under_way = open_log(f"sqlite:///{tmp_path}/log.db"), asyncio.Event()
    clerk = Agent("clerk", "x", model=EchoModel())

    def team(stalls: bool) -> Any:
        async def act(task: str) -> str:
            given = await clerk.submit(task, log=log)
            if stalls:
                under_way.set()
                await asyncio.get_running_loop().create_future()
            return given

        return pattern(act, name="team")

    await stopped(team(True)("go", log=log, id="run"), under_way)
    given = next(one.id for one in log.runs() if one.id != "run")
    assert (await team(False).resume("run", log=log)).text == given
    assert (await team(False).replay("run", log=log)).text == given
    assert len(log.runs()) == 2
    log.close()


async def test_a_budget_knows_what_all_runs_inside_have_paid_before_one_goes_on() -> None:
    log, model, under_way, stalled = MemoryLog(), EchoModel(), asyncio.Event(), [0]
    agent = Agent("clerk", "x", model=model)

    def team(stalls: bool) -> Any:
        async def one(name: str, wait_s: float) -> str:
            await asyncio.sleep(wait_s)
            async with run(name, log=current_run().log):
                first = await agent(name)
                if stalls:
                    stalled[0] += 1
                    if stalled[0] == 2:
                        under_way.set()
                    await asyncio.get_running_loop().create_future()
                return (await agent(first.text)).text

        async def act(task: str) -> str:
            return " ".join(await gather(one("a", 0), one("b", 0 if stalls else 0.05)))

        return pattern(act, name="team")

    await stopped(team(True)("go", log=log, id="run", budget_calls=2), under_way)
    assert len(model.keys) == 2
    with pytest.raises(BudgetSpent):
        await team(False).resume("run", log=log)
    assert len(model.keys) == 2


async def test_a_word_reaches_a_run_that_is_opened_inside_one_that_is_opened_inside() -> None:
    log, under_way, paid, stalls = MemoryLog(), asyncio.Event(), [0], [True]

    @tool(effect="once")
    async def pay(eur: int) -> str:
        """Pay."""
        if stalls.pop() if stalls else False:
            under_way.set()
            await asyncio.get_running_loop().create_future()
        paid[0] += 1
        return "paid"

    model = ScriptedModel([call("pay", '{"eur": 1}')], "Paid.")
    agent = Agent("clerk", "x", model=model, tools=[pay])

    async def act(task: str) -> str:
        async with run("inner", log=current_run().log):
            async with run("innermost", log=current_run().log):
                return (await agent(task)).text

    team = pattern(act, name="team")
    await stopped(team("go", log=log, id="run"), under_way)
    with pytest.raises(Unsettled):
        await team.resume("run", log=log)
    assert (await team.resume("run", log=log, settle={"pay": NOT_DONE})).text == "Paid."
    assert paid == [1] and len(log.runs()) == 3


def inside(answer: Answer) -> tuple[int, int, float | None]:
    """Calls of an ask, those of runs opened inside, and what the latter cost."""
    return answer.usage.calls, answer.inside.calls, answer.inside_usd


@pytest.mark.parametrize("how", ["resume", "replay"])
async def test_an_answer_tells_what_runs_opened_inside_cost(how: str) -> None:
    log, model = MemoryLog(), EchoModel()
    team = team_of(model)
    answer = await team("go", log=log, id="run")
    assert inside(answer) == (1, 1, 0.001)
    assert "1 call · " in answer.bill and "runs opened inside: 1 call · " in answer.bill
    again = await getattr(team, how)("run", log=log)
    assert inside(again) == inside(answer) and again.bill == answer.bill
    assert inside(await team.rerun("run", log=log)) == (0, 0, 0.0)
    assert sum(one.cost_usd or 0.0 for one in log.runs()) == pytest.approx(0.002)


async def test_an_answer_tells_what_was_paid_inside_before_a_crash() -> None:
    log, model, under_way = MemoryLog(), EchoModel(), asyncio.Event()
    await stopped(team_of(model, at=under_way)("go", log=log, id="run"), under_way)
    assert inside(await team_of(model).resume("run", log=log)) == (1, 1, 0.001)
    assert inside(await team_of(model).resume("run", log=log)) == (1, 1, 0.001)


async def test_runs_opened_inside_runs_inside_are_told_once() -> None:
    log, model = MemoryLog(), EchoModel()
    middle = team_of(model)

    @pattern
    async def team(task: str) -> str:
        async with run("outer one", log=log):
            said = await middle(task)
        assert inside(said) == (1, 1, 0.001)
        return (await middle(said.text)).text

    answer = await team("go", log=log, id="run")
    assert inside(answer) == (1, 3, pytest.approx(0.003))
    for way in (team.resume, team.replay):
        assert inside(await way("run", log=log)) == (1, 3, pytest.approx(0.003))
    assert "inside" not in (await Agent("a", model=model)("hi", log=log)).bill
