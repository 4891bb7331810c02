from __future__ import annotations

import json
from typing import Any

import pytest

from agentkit import Agent, Answer
from agentkit.errors import SetupError, TimedOut, UnknownActor
from agentkit.events import Noted, ScopeOpened
from agentkit.logs.memory import MemoryLog
from agentkit.patterns.router import router
from agentkit.sim.world import world
from tests.agentkit.patterns.teams import agent
from tests.fakes import ScriptedModel


def to(name: str) -> str:
    return json.dumps({"to": name, "reason": "it fits"})


async def played(team: Any, task: str = "the dues") -> tuple[Answer, list[Any]]:
    log = MemoryLog()
    answer = await team(task, log=log)
    return answer, log.read(answer.run_id)


def asked(events: list[Any]) -> list[str]:
    return [e.actor for e in events if isinstance(e, ScopeOpened)]


def notes(events: list[Any]) -> list[tuple[str, Any]]:
    return [(e.topic, e.data) for e in events if isinstance(e, Noted)]


async def test_only_the_one_named_gets_the_task_and_gets_it_unchanged() -> None:
    ada, bo = agent("ada", "pilot"), agent("bo", lambda t: f"<{t}>")
    chooser = Agent("triage", model=ScriptedModel(to("Bo")))
    answer, events = await played(router([ada, bo], by=chooser))
    assert answer.text == "<the dues>"
    assert asked(events) == ["router", "triage", "bo"]
    assert notes(events) == [("route", {"to": "bo", "reason": "it fits"})]


async def test_a_rule_chooses_without_a_call() -> None:
    team = router([agent("ada", "x"), agent("bo", "y")], by=lambda t: "bo" if "dues" in t else "")
    answer, events = await played(team)
    assert (answer.text, answer.usage.calls) == ("y", 1)
    with pytest.raises(UnknownActor):
        await team("tides")


async def test_a_rule_that_fails_is_a_typed_error() -> None:
    for rule in (lambda t: 1 / 0, lambda t: None):
        with pytest.raises(SetupError, match="rule that routes failed"):
            await router([agent("ada", "x")], by=rule)("tides")  # type: ignore[arg-type]


async def test_a_model_that_names_nobody_is_asked_again_and_then_the_other_takes_it() -> None:
    chooser = Agent("triage", model=ScriptedModel(*[to("eve")] * 3))
    team = router([agent("ada", "x")], by=chooser, otherwise=agent("desk", "we call you back"))
    answer, events = await played(team)
    assert answer.text == "we call you back"
    assert [topic for topic, _ in notes(events)] == ["unrouted"] * 3 + ["route"]
    assert asked(events).count("triage") == 3


async def test_nobody_named_and_nobody_else_is_a_typed_error() -> None:
    chooser = Agent("triage", model=ScriptedModel(to("eve")))
    with pytest.raises(UnknownActor, match="'eve'"):
        await router([agent("ada", "x")], by=chooser, attempts=1)("the dues")


async def test_a_chooser_that_fails_sends_it_to_the_other() -> None:
    chooser = Agent("triage", model=ScriptedModel(TimedOut("late")))
    ada, desk = agent("ada", "x"), agent("desk", "we call you back")
    answer, events = await played(router([ada], by=chooser, otherwise=desk))
    assert answer.text == "we call you back" and "TimedOut" in str(notes(events))


def test_options_are_checked_before_anything_is_paid() -> None:
    ada = agent("ada", "x")
    for team, options in (([], {}), ([ada, ada], {}), ([ada], {"attempts": 0})):
        with pytest.raises(SetupError):
            router(team, by=lambda _: "ada", **options)  # type: ignore[arg-type]


async def test_the_simulated_chooser_finds_who_knows() -> None:
    ask, port = "You answer questions about the port. Use your tools.", world()
    clerk = Agent("clerk", ask, tools=[port.tool("port")], description="knows ports and dues")
    purser = Agent("purser", ask, tools=[port.tool("ship")], description="knows ships, the master")
    team = router([clerk, purser], by=Agent("triage", "You find out who can help."))
    for question in port.questions_at(1):
        if question.text.startswith("Who is the master of"):
            answer, events = await played(team, question.text)
            assert str(question.answer) in answer.text
            assert asked(events)[-1] == "purser"
            break
    else:
        pytest.fail("the world has no such question")


async def test_a_model_that_is_bound_to_the_schema_can_name_nobody_else() -> None:
    model = ScriptedModel('{"to": "pilot", "reason": "ships"}', "done")
    chooser = Agent("chooser", model=model)
    team = [Agent(name, f"Works as {name}.", model=model) for name in ("clerk", "pilot")]
    await router(team, by=chooser)("Move the ship.")
    assert model.requests[0].output["properties"]["to"]["enum"] == ["clerk", "pilot"]
