"""A team that goes another way than it did: noticed on resume and replay, before it is paid for."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from agentkit import Agent, Answer, Question, current_run, gather, pattern, run, set_person, tool
from agentkit.errors import AgentkitError, BudgetSpent, EndpointError, ReplayMismatch, TeamChanged
from agentkit.logs.memory import MemoryLog
from agentkit.step import Outcome
from tests.agentkit.patterns.test_resume_all import cut
from tests.fakes import EchoModel, ScriptedModel, call, cut_off, kinds
from tests.teams import prefix_of


class Clock:
    """Says another time whenever it is looked at."""

    def __init__(self) -> None:
        self.ticks = itertools.count()

    def __call__(self) -> str:
        return f"it is {next(self.ticks)}"


async def stopped(ask: Any) -> None:
    with pytest.raises((ZeroDivisionError, AgentkitError)):
        await ask


def office(model: Any, clock: Clock, breaks: list[bool]) -> Any:
    clerk, checker = Agent("clerk", model=model), Agent("checker", model=model)

    @pattern
    async def team(task: str) -> str:
        draft = await clerk(f"{task}, {clock()}")
        if breaks.pop():
            raise ZeroDivisionError
        return (await checker(draft.text)).text

    return team


async def test_a_finished_run_gives_its_answer_whatever_its_code_does_with_time() -> None:
    log, model, clock = MemoryLog(), EchoModel(), Clock()
    team = office(model, clock, [False])
    answer = await team("go", log=log, id="r")
    events = log.read("r")
    again = await team.resume("r", log=log)
    assert again == answer
    assert (len(model.keys), log.read("r")) == (2, events)


async def test_a_question_with_the_time_in_it_is_noticed_before_it_is_paid() -> None:
    log, model, clock = MemoryLog(), EchoModel(), Clock()
    team = office(model, clock, [False, True])
    await stopped(team("go", log=log, id="r"))
    assert len(model.keys) == 1
    with pytest.raises(TeamChanged, match="before it asks clerk again"):
        await team.resume("r", log=log)
    assert len(model.keys) == 1
    assert (await team.rerun("r", log=log)).text.startswith("echo: echo: go, it is")


async def test_several_new_questions_at_once_are_noticed_before_any_is_paid() -> None:
    log, model, clock = MemoryLog(), EchoModel(), Clock()
    clerk, fails = Agent("clerk", model=model), [True]

    @pattern
    async def team(task: str) -> str:
        found = await gather(*[clerk(f"{task}, {clock()}") for _ in range(3)])
        if fails.pop():
            raise ZeroDivisionError
        return str(len(found))

    await stopped(team("go", log=log, id="r"))
    fails.append(False)
    with pytest.raises(TeamChanged, match="goes another way"):
        await team.resume("r", log=log)
    assert len(model.keys) == 3


async def test_another_actor_and_no_actor_are_noticed_too() -> None:
    log, model = MemoryLog(), EchoModel()
    ada, bo = Agent("ada", model=model), Agent("bo", model=model)
    way = ["ada"]

    @pattern
    async def team(task: str) -> str:
        if way[0] == "none":
            return "nobody was asked"
        await (ada if way[0] == "ada" else bo)(task)
        raise ZeroDivisionError

    await stopped(team("go", log=log, id="r"))
    for way[0], does in (("bo", "asks bo"), ("none", "answers")):
        with pytest.raises(TeamChanged, match=does):
            await team.resume("r", log=log)
    assert len(model.keys) == 1


async def test_an_ask_that_failed_may_be_followed_by_another_one() -> None:
    log, model = MemoryLog(), ScriptedModel(EndpointError("down"), "plan b", "up", "the end")
    ada, bo = Agent("ada", model=model), Agent("bo", model=model)
    breaks = [False, True]

    @pattern
    async def team(task: str) -> str:
        try:
            found = await ada(task)
        except EndpointError:
            found = await bo(task)
        if breaks.pop():
            raise ZeroDivisionError
        return (await bo(found.text)).text

    await stopped(team("go", log=log, id="r"))
    assert (await team.resume("r", log=log)).text == "the end"
    assert model.requests[-1].thread[-1].message.content == "up"


async def test_branches_that_come_in_another_order_are_waited_for() -> None:
    log, model = MemoryLog(), EchoModel()
    ada, bo = Agent("ada", model=model), Agent("bo", model=model)
    fails = [True]

    @pattern
    async def team(task: str) -> str:
        async def first() -> Answer:
            one = await ada(task)
            await asyncio.sleep(0.08)
            if fails[0]:
                raise ZeroDivisionError
            return await ada(one.text)

        async def second() -> Answer:
            await asyncio.sleep(0.04)
            return await bo(task)

        return " ".join(one.text for one in await gather(first(), second()))

    await stopped(team("go", log=log, id="r"))
    fails[0] = False
    assert (await team.resume("r", log=log)).text == "echo: echo: go echo: go"
    assert len(model.keys) == 3


async def test_a_block_that_was_edited_is_noticed() -> None:
    log, clerk = MemoryLog(), Agent("clerk", model=EchoModel())
    with pytest.raises(ZeroDivisionError):
        async with run(log=log, id="r"):
            await clerk("one")
            raise ZeroDivisionError
    with pytest.raises(TeamChanged, match="The block of code goes another way"):
        async with run(log=log, resume="r"):
            await clerk("two")


async def test_a_finished_block_performs_nothing_more() -> None:
    log, model = MemoryLog(), EchoModel()
    clerk = Agent("clerk", model=model)
    async with run(log=log, id="r"):
        first = await clerk("one")
    events = log.read("r")
    async with run(log=log, resume="r") as again:
        assert await clerk("one") == first
        with pytest.raises(TeamChanged, match="has finished"):
            await again.now()
    with pytest.raises(TeamChanged, match="has finished"):
        async with run(log=log, resume="r"):
            await clerk("one")
            await clerk("two")
    assert (len(model.keys), log.read("r")) == (1, events)
    async with run(log=log, resume="r", extend=True):
        assert await clerk("one") == first
        assert (await clerk("two")).text == "echo: two"
    assert len(model.keys) == 2


async def test_a_block_that_is_extended_may_ask_others_and_its_teams_may_not() -> None:
    log, model = MemoryLog(), EchoModel()
    clerk = Agent("clerk", model=model)
    second = "two"

    @pattern
    async def both(task: str) -> str:
        await clerk(f"{task} one")
        return (await clerk(f"{task} {second}")).text

    async with run(log=log, id="r"):
        await clerk("zero")
        await both("both")
    asked = len(model.keys)
    async with run(log=log, resume="r", extend=True):
        await clerk("another")
        assert (await clerk("zero")).text == "echo: zero"
    assert len(model.keys) == asked + 1
    second = "three"
    with pytest.raises(TeamChanged):
        async with run(log=log, resume="r", extend=True):
            await both("both")


async def test_a_finished_run_does_not_answer_another_question() -> None:
    log, model = MemoryLog(), EchoModel()
    clerk = Agent("clerk", model=model)
    earlier = await clerk("zero", log=log)
    first = await clerk("one", after=earlier, log=log, id="r")
    assert (await clerk.resume("r", log=log)).text == first.text
    with pytest.raises(TeamChanged, match="not asked"):
        await clerk("two", resume="r", log=log)
    assert len(model.keys) == 2


async def test_a_finished_run_is_told_in_the_type_asked_for_with_its_conversation() -> None:
    log = MemoryLog()
    clerk = Agent("clerk", "You count.", model=ScriptedModel('{"value": 7}'))
    answer = await clerk("how many?", output=int, log=log, id="r", sample=2)
    events = log.read("r")
    again = await clerk.resume("r", log=log)
    assert again == answer
    assert [n.message.role for n in again.thread] == ["system", "user", "assistant"]
    assert log.read("r") == events


async def test_a_sample_that_was_stopped_goes_on_as_that_sample() -> None:
    log, model = MemoryLog(), ScriptedModel(ZeroDivisionError("bug"), "x")
    clerk = Agent("clerk", model=model)
    await stopped(clerk("go", log=log, id="r", sample=3))
    await clerk.resume("r", log=log)
    assert model.requests[0].options.seed == model.requests[1].options.seed is not None


@pytest.mark.parametrize("deep", [True, False])
async def test_a_replay_compares_every_answer_with_the_recorded_one(deep: bool) -> None:
    log, model, words = MemoryLog(), EchoModel(), ["as it was"]
    clerk = Agent("clerk", model=model)

    @pattern
    async def inner(task: str) -> str:
        await clerk(task)
        return words[0] if deep else "the same"

    @pattern
    async def team(task: str) -> str:
        await inner(task)
        return "the same" if deep else words[0]

    await team("go", log=log, id="r")
    assert (await team.replay("r", log=log)).text
    words[0] = "otherwise"
    where = "team/inner" if deep else "team"
    with pytest.raises(ReplayMismatch, match=f"{where} answers otherwise"):
        await team.replay("r", log=log)
    assert "run.ended" in kinds(log.read("r"))


async def test_a_replay_of_what_never_answered_says_so() -> None:
    log, fails = MemoryLog(), [True]
    clerk = Agent("clerk", model=EchoModel())

    @pattern
    async def team(task: str) -> str:
        await clerk(task)
        if fails[0]:
            raise ZeroDivisionError
        return "well"

    await stopped(team("go", log=log, id="r"))
    fails[0] = False
    with pytest.raises(ReplayMismatch, match="has no answer of it"):
        await team.replay("r", log=log)


async def test_what_a_team_survived_is_not_tried_again_by_a_resume() -> None:
    log = MemoryLog()
    model = ScriptedModel(EndpointError("down"), "plan b")
    ada, bo = Agent("ada", model=model), Agent("bo", model=model)
    breaks = [False, True]

    @pattern
    async def careful(task: str) -> str:
        try:
            return (await ada(task)).text
        except EndpointError:
            return (await bo(task)).text

    @pattern
    async def team(task: str) -> str:
        found = await careful(task)
        if breaks.pop():
            raise ZeroDivisionError
        return found.text

    await stopped(team("go", log=log, id="r"))
    assert (await team.resume("r", log=log)).text == "plan b"
    assert len(model.requests) == 2


OWN = {
    "person": lambda what: current_run().ask_person(Question(text=what)),
    "remote": lambda what: current_run().step("remote", what, what, performing(what)),
    "clock": lambda what: current_run().now() if what == "a" else current_run().random(),
}
"""Steps that a pattern takes itself, by what they ask."""


def performing(what: str) -> Any:
    async def perform(_key: str) -> Outcome:
        PERFORMED.append(what)
        return Outcome(result=what)

    return perform


PERFORMED: list[str] = []
"""What was put to a person, or asked of another machine."""


@pytest.fixture
def eager() -> Any:
    """A person who always answers."""

    async def answer(question: Question) -> str:
        PERFORMED.append(question.text)
        return "yes"

    PERFORMED.clear()
    before = set_person(answer)
    yield
    set_person(before)


@pytest.mark.parametrize("kind", OWN)
async def test_a_block_that_takes_another_step_of_its_own_is_noticed(kind: str, eager: Any) -> None:
    log = MemoryLog()
    with pytest.raises(ZeroDivisionError):
        async with run(log=log, id="r"):
            await OWN[kind]("a")
            raise ZeroDivisionError
    done = list(PERFORMED)
    with pytest.raises(TeamChanged, match="before it takes its step"):
        async with run(log=log, resume="r"):
            await OWN[kind]("b")
    assert done == PERFORMED


@pytest.mark.parametrize("kind", OWN)
async def test_other_steps_of_its_own_are_noticed_before_they_are_performed(
    kind: str, eager: Any
) -> None:
    log, words, breaks = MemoryLog(), ["a"], [True]

    @pattern
    async def team(task: str) -> str:
        for one in list(words):
            await OWN[kind](one)
        if breaks[0]:
            raise ZeroDivisionError
        return "done"

    await stopped(team("go", log=log, id="r"))
    done, breaks[0] = list(PERFORMED), False
    words[:] = ["b"]
    with pytest.raises(TeamChanged, match="before it takes its step"):
        await team.resume("r", log=log)
    words[:] = []
    with pytest.raises(TeamChanged, match="it answers, before it takes its step"):
        await team.resume("r", log=log)
    assert done == PERFORMED
    words[:] = ["a", "b"]
    assert (await team.resume("r", log=log)).text == "done"


async def test_a_question_to_a_person_in_place_of_an_ask_is_noticed(eager: Any) -> None:
    log, breaks = MemoryLog(), [True, True]
    clerk = Agent("clerk", model=EchoModel())

    @pattern
    async def team(task: str) -> str:
        if breaks[0]:
            await clerk("a")
            raise ZeroDivisionError
        return await current_run().ask_person(Question(text="b"))

    await stopped(team("go", log=log, id="r"))
    breaks[0] = False
    with pytest.raises(TeamChanged, match="before it asks clerk again what it asked"):
        await team.resume("r", log=log)
    assert PERFORMED == []


async def test_own_steps_at_once_may_come_in_another_order(eager: Any) -> None:
    log, order, breaks = MemoryLog(), ["a", "b"], [True]

    @pattern
    async def team(task: str) -> str:
        async def branch(what: str) -> str:
            await OWN["person"](what)
            await asyncio.sleep(0.02 if what == order[-1] else 0)
            return await current_run().ask_person(Question(text=f"and {what}"))

        await gather(*[branch(one) for one in order])
        if breaks[0]:
            raise ZeroDivisionError
        return "done"

    await stopped(team("go", log=log, id="r"))
    events = log.read("r")
    cuts = [n for n, e in enumerate(events) if e.kind == "step.ended" and e.step == "person"]
    breaks[0] = False
    order.reverse()
    for place in cuts:
        killed, run_id = cut(events, place + 1)
        assert (await team.resume(run_id, log=killed)).text == "done"


async def test_after_a_step_of_its_own_that_failed_it_may_go_another_way(eager: Any) -> None:
    log, fails = MemoryLog(), [True]
    clerk = Agent("clerk", model=EchoModel())

    async def reach(_key: str) -> Outcome:
        if fails:
            raise EndpointError("gone")
        return Outcome(result="reached")

    @pattern
    async def team(task: str) -> str:
        try:
            found = (await current_run().step("remote", "far", "x", reach)).result
        except EndpointError:
            await clerk("in its place")
            await OWN["person"]("a")
            raise ZeroDivisionError from None
        return (await clerk(found)).text

    await stopped(team("go", log=log, id="r"))
    fails.clear()
    assert (await team.resume("r", log=log)).text == "echo: reached"


async def test_what_followed_a_failure_in_a_resumed_attempt_is_not_asked_again() -> None:
    log, model, plan = MemoryLog(), EchoModel(), ["fail", "fail", "ok"]

    class Planned(EchoModel):
        async def __call__(self, request: Any, on_text: Any = None) -> Any:
            if plan.pop(0) == "fail":
                raise EndpointError("It is down.")
            return await model(request, on_text)

    first, second = Agent("first", model=Planned()), Agent("second", model=Planned())

    @pattern
    async def team(task: str) -> str:
        try:
            return (await first(task)).text
        except EndpointError:
            return (await second(f"{task} after a failure")).text

    await cut_off(team("go", log=log, id="r"), log, 1, lambda e: e.kind == "step.started")
    events = log.read("r")
    part = await prefix_of(events, next(e.seq for e in events if e.kind == "step.started"))
    with pytest.raises(EndpointError):
        await team.resume("r", log=part)
    assert (await team.resume("r", log=part)).text == "echo: go"
    assert plan == []


async def test_doubts_are_told_in_one_order_whichever_call_was_cut_off_first() -> None:
    log, both = MemoryLog(), asyncio.Barrier(2)

    @tool(effect="once")
    async def pay(eur: int) -> str:
        """Pay."""
        await both.wait()
        await asyncio.sleep(0.02 if eur == 1 else 0)
        raise ConnectionResetError

    calls = [call("pay", f'{{"eur": {n}}}', id=f"c{n}") for n in (1, 2)]
    clerk = Agent("clerk", model=ScriptedModel(calls, "Paid."), tools=[pay])
    team = (clerk >> Agent("checker", model=EchoModel())).named("team")
    answer = await team("go", log=log, id="r")
    assert answer.doubts == ('pay({"eur":1})', 'pay({"eur":2})')
    assert (await team.replay("r", log=log)).text == answer.text


class Acting(EchoModel):
    """Stalls, fails or answers, as it is told."""

    def __init__(self, *plan: str) -> None:
        super().__init__()
        self.plan = list(plan)

    async def __call__(self, request: Any, on_text: Any = None) -> Any:
        does = self.plan.pop(0)
        if does == "stall":
            await asyncio.get_running_loop().create_future()
        if does == "fail":
            raise EndpointError("It is down.")
        return await super().__call__(request, on_text)


async def test_a_replay_meets_the_failure_that_was_caught_and_not_the_call_that_it_cut() -> None:
    log, other = MemoryLog(), Agent("other", model=EchoModel())
    slow, broken = Agent("slow", model=Acting("stall")), Agent("broken", model=Acting("fail"))

    @pattern
    async def team(task: str) -> str:
        try:
            await gather(slow(task), broken(task))
        except EndpointError as error:
            return (await other(str(error))).text
        return "both"

    answer = await team("go", log=log, id="r")
    assert answer.text == "echo: It is down."
    assert (await team.replay("r", log=log)).text == answer.text


async def test_a_replay_meets_what_came_of_the_last_attempt_at_an_ask() -> None:
    log, ends = MemoryLog(), [True]
    clerk = Agent("clerk", model=Acting("stall", "fail"))

    @pattern
    async def team(task: str) -> str:
        try:
            await clerk(task, deadline_s=0.05)
            said = "answered"
        except AgentkitError as error:
            said = type(error).__name__
        if ends.pop() if ends else False:
            raise ZeroDivisionError
        return said

    await stopped(team("go", log=log, id="r"))
    answer = await team.resume("r", log=log)
    assert answer.text == "EndpointError"
    assert (await team.replay("r", log=log)).text == answer.text


async def test_a_refusal_that_a_team_went_on_after_is_met_again_by_a_resume() -> None:
    log, model, ends = MemoryLog(), EchoModel(), [True]
    clerk = Agent("clerk", model=model)

    @pattern
    async def thrifty(task: str) -> str:
        first = await clerk(task)
        try:
            return (await clerk(first.text)).text
        except BudgetSpent:
            return "no more"

    @pattern
    async def team(task: str) -> str:
        # The second time it would fit: what is paid does not come again in the same order.
        said = (await thrifty(task, budget_calls=1 if ends else 9)).text
        if ends:
            ends.clear()
            raise ZeroDivisionError
        return said

    await stopped(team("go", log=log, id="r"))
    assert (await team.resume("r", log=log)).text == "no more"
    assert len(model.keys) == 1
