"""Patterns: functions over actors that can be asked as they are written."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from pydantic import BaseModel

from agentkit import Agent, Answer, Pattern, gather, open_log, pattern
from agentkit.errors import SetupError, TeamChanged
from agentkit.events import RunStarted, ScopeOpened
from agentkit.logs.memory import MemoryLog
from agentkit.testing import ScriptedModel


def test_the_old_place_of_patterns_says_the_new_one() -> None:
    from agentkit import actor

    with pytest.warns(DeprecationWarning, match=r"use agentkit\.pattern\.Pattern"):
        assert actor.Pattern is Pattern
    with pytest.warns(DeprecationWarning, match=r"use agentkit\.pattern\.pattern"):
        assert actor.pattern is pattern


class Limits(BaseModel):
    rounds: int = 1


def counting() -> tuple[Agent, ScriptedModel]:
    model = ScriptedModel(lambda request: request.thread[-1].message.content.upper())
    return Agent("clerk", model=model), model


async def test_a_pattern_is_asked_with_the_parameters_of_its_function() -> None:
    clerk, _ = counting()

    @pattern
    async def team(task: str, rounds: int = 1, *, limits: Limits | None = None) -> str:
        """Ask again and again."""
        assert limits is None or isinstance(limits, Limits)
        said = [await clerk(f"{task} {n}") for n in range(limits.rounds if limits else rounds)]
        return " ".join(one.text for one in said)

    assert (await team("a")).text == "A 0"
    assert (await team("a", 2)).text == (await team("a", rounds=2)).text == "A 0 A 1"
    assert (await team("a", limits=Limits(rounds=3), budget_usd=1)).text == "A 0 A 1 A 2"
    assert str(inspect.signature(team)) == (
        "(task: 'str', rounds: 'int' = 1, *, limits: 'Limits | None' = None) -> 'str'"
    )
    assert inspect.getdoc(team) == "Ask again and again."


async def test_its_arguments_are_a_part_of_what_is_asked_and_a_resume_gets_them_again() -> None:
    clerk, model = counting()
    held = []

    @pattern
    async def team(task: str, limits: Limits) -> str:
        held.append(limits)
        said = [await clerk(f"{task} {n}") for n in range(limits.rounds)]
        if len(held) == 1:
            raise KeyError("away")
        return " ".join(one.text for one in said)

    log = open_log()
    with pytest.raises(KeyError):
        await team("a", limits=Limits(rounds=2), log=log)
    run_id = log.runs()[0].id
    events = log.read(run_id)
    kept = [e.arguments for e in events if isinstance(e, RunStarted | ScopeOpened)]
    assert kept == [{"limits": {"rounds": 2}}] * 2 + [None] * 2
    assert (await team.resume(run_id, log=log)).text == "A 0 A 1"
    assert held == [Limits(rounds=2)] * 2 and len(model.requests) == 2
    assert (await team.replay(run_id, log=log)).text == "A 0 A 1"
    more = await team.rerun(run_id, log=log, limits=Limits(rounds=3))
    assert more.text == "A 0 A 1 A 2", "a rerun may be given others"
    for again in (team.resume, team.replay):
        with pytest.raises(SetupError, match="recorded"):
            await again(run_id, log=log, limits=Limits(rounds=3))


async def test_two_asks_that_differ_in_an_argument_are_two_steps_of_their_run() -> None:
    clerk, _ = counting()

    @pattern
    async def inner(task: str, word: str) -> Answer:
        return await clerk(f"{task} {word}")

    @pattern
    async def outer(task: str) -> str:
        found = await gather(*[inner(task, word) for word in ("x", "y")])
        return " ".join(one.text for one in found)

    log = open_log()
    answer = await outer("a", log=log)
    assert answer.text == "A X A Y"
    opened = [e for e in log.read(answer.run_id) if isinstance(e, ScopeOpened)]
    assert len({e.scope for e in opened}) == len(opened) == 5
    assert (await outer.replay(answer.run_id, log=log)).text == "A X A Y"


async def test_a_block_that_asks_with_another_argument_when_it_is_resumed_is_another_team() -> None:
    word = ["x"]

    @pattern
    async def inner(task: str, *, word: str) -> str:
        return word

    @pattern
    async def outer(task: str) -> str:
        said = await inner(task, word=word[0])
        if word == ["x"]:
            raise KeyError("away")
        return said.text

    log = open_log()
    with pytest.raises(KeyError):
        await outer("a", log=log)
    word[:] = ["y"]
    with pytest.raises(TeamChanged):
        await outer.resume(log.runs()[0].id, log=log)


@pytest.mark.parametrize(
    ("args", "named", "told"),
    [
        ((), {}, "rounds is missing"),
        ((2, 3), {}, "more than it takes"),
        ((2,), {"rounds": 2}, "more than it takes"),
        (("two",), {}, "valid integer"),
        ((object(),), {}, "cannot be asked with this rounds"),
        ((2,), {"round": 2}, "cannot be asked with round"),
    ],
)
async def test_a_pattern_that_is_asked_otherwise_says_how_it_is_written(
    args: tuple[Any, ...], named: dict[str, Any], told: str
) -> None:
    @pattern
    async def team(task: str, rounds: int) -> str:
        return task * rounds

    with pytest.raises(SetupError, match=told) as caught:
        await team("a", *args, **named)
    assert "rounds" in str(caught.value)
    assert open_log().runs() == []


async def test_a_function_that_no_ask_can_call_is_refused_where_it_is_written() -> None:
    async def taskless() -> str:
        return ""

    async def reserved(task: str, budget_usd: float) -> str:
        return ""

    async def hidden(task: str, rounds: int, /) -> str:
        return ""

    for fn, told in [(taskless, "no task"), (reserved, "budget_usd"), (hidden, "rounds")]:
        with pytest.raises(SetupError, match=told):
            pattern(fn)  # type: ignore[call-overload]


async def test_output_may_be_given_by_its_place_where_the_function_takes_it() -> None:
    clerk = Agent("clerk", model=ScriptedModel("7"))

    @pattern
    async def team(task: str, output: Any = None, times: int = 1) -> Answer:
        answer = await clerk(task, output=output)
        return answer.model_copy(update={"data": answer.data * times})

    assert (await team("a", int, 2)).data == 14


async def test_a_copy_has_its_arguments_and_an_ask_of_it_gives_options() -> None:
    @pattern
    async def team(task: str, rounds: int, loud: bool = False) -> str:
        return f"{task} {rounds} {loud}"

    log = MemoryLog()
    three = team.with_(3)
    assert three is not team and three.name == "team" and team.arguments == {}
    answer = await three("q", log=log, deadline_s=60)
    assert answer.text == "q 3 False"
    assert (await three.with_(rounds=3, loud=True)("q", log=log)).text == "q 3 True"
    assert (await team("q", rounds=4, log=log, concurrency=2)).text == "q 4 False"
    (start,) = [e for e in log.read(answer.run_id) if isinstance(e, RunStarted)]
    assert (start.arguments, start.deadline_s) == ({"rounds": 3}, 60)
    assert (await team.rerun(answer.run_id, log=log)).text == "q 3 False"
    for wrong in ({"rouns": 3}, {"rounds": "many"}, {"loud": True}):
        with pytest.raises(SetupError):
            team.with_(**wrong)  # type: ignore[arg-type, call-arg]
    with pytest.raises(SetupError, match="more than it takes"):
        team.with_(3, rounds=3)  # type: ignore[misc]
