"""An ask that names models by agent: a built team with other models, nobody missed silently."""

from __future__ import annotations

import pytest

from agentkit import Agent, open_log, pattern, run
from agentkit.errors import SetupError
from agentkit.events import Noted, ScopeOpened
from tests.fakes import ScriptedModel


def says(text, name="scripted"):
    return ScriptedModel(*[text] * 9, name=name)


def office():
    writer = Agent("writer", model=says("draft", "own"))
    critic = Agent("critic", model=says("OK", "own"))

    @pattern
    async def office(task):
        draft = await writer(task)
        return f"{draft.text}: {(await critic(draft)).text}"

    return office


def models(log, run_id):
    return {
        e.actor: e.model
        for e in log.read(run_id)
        if isinstance(e, ScopeOpened) and e.what == "agent"
    }


def unused(log, run_id):
    return [e.data for e in log.read(run_id) if isinstance(e, Noted) and e.topic == "model.unused"]


async def test_the_agents_named_have_other_models_and_the_others_their_own():
    log = open_log("memory:")
    answer = await office()("Write.", model={"critic": says("NO", "strict")}, log=log)
    assert answer.text == "draft: NO"
    assert models(log, answer.run_id) == {"writer": "own", "critic": "strict"}
    assert not unused(log, answer.run_id)


async def test_who_was_named_and_is_not_there_is_missing_in_the_answer():
    log = open_log("memory:")
    cast = {"critic": says("NO"), "editor": says("?")}
    answer = await office()("Write.", model=cast, log=log)
    assert unused(log, answer.run_id) == [{"agents": ["editor"]}]
    lacks = "an agent called editor, for whom the ask names a model (asked were critic, writer)"
    assert answer.missing == (lacks,)
    assert f"missing: {lacks}" in answer._repr_markdown_() and lacks in repr(answer)


async def test_what_is_missing_is_said_by_a_replay_and_a_resume_too():
    log = open_log("memory:")
    cast = {"critcc": says("NO"), "writer": says("draft", "own")}
    answer = await office()("Write.", model=cast, log=log)
    assert "critcc" in answer.fault
    assert (await office().replay(answer.run_id, log=log)).missing == answer.missing
    assert (await office().resume(answer.run_id, log=log)).missing == answer.missing
    assert unused(log, answer.run_id) == [{"agents": ["critcc"]}]


async def test_in_a_team_the_answer_of_the_whole_says_it_of_an_ask_inside():
    @pattern
    async def house(task):
        return (await office()(task, model={"critcc": says("NO")})).text

    answer = await house("Write.", log=open_log("memory:"))
    assert [one for one in answer.missing if "called critcc" in one]


async def test_who_is_there_and_was_not_asked_is_not_missing():
    log = open_log("memory:")
    helper = Agent("helper", model=says("?"))
    clerk = Agent("clerk", model=says("done"), tools=[helper.as_tool()])
    team = clerk >> Agent("editor", model=says("fine"))
    answer = await team("Write.", model={"helper": says("!")}, log=log)
    assert not answer.missing
    assert unused(log, answer.run_id) == [{"agents": ["helper"]}]


async def test_an_ask_inside_keeps_what_the_one_around_it_names():
    team = office()

    @pattern
    async def house(task):
        inner = await team(task, model={"writer": says("inner")})
        plain = await team(task, model=says("everybody"))
        return f"{inner.text} / {plain.text} / {(await team(task)).text}"

    answer = await house("Write.", model={"critic": says("NO")}, log=open_log("memory:"))
    assert answer.text == "inner: NO / everybody: everybody / draft: NO"


async def test_a_run_that_goes_on_connects_to_the_names_again():
    log = open_log("memory:")

    @pattern
    async def stops(task):
        await Agent("clerk", model=says("own"))(task)
        if stop:
            raise KeyError("stop")
        return await Agent("second", model=says("own"))(task)

    stop = True
    cast = {"clerk": "sim:careful", "second": "sim:hasty"}
    with pytest.raises(KeyError):
        await stops("What is 2 + 2?", model=cast, log=log)
    (info,) = log.runs()
    stop = False
    await stops.resume(info.id, log=log)
    assert models(log, info.id) == {"clerk": "sim:careful", "second": "sim:hasty"}
    again = await stops.replay(info.id, log=log)
    assert again.run_id == info.id


async def test_a_model_of_the_programs_own_must_be_given_again():
    log = open_log("memory:")
    answer = await office()("Write.", model={"critic": says("NO", "strict")}, log=log)
    assert (await office().replay(answer.run_id, log=log)).text == "draft: NO"
    with pytest.raises(SetupError, match="'strict'"):
        await office().rerun(answer.run_id, log=log, seed=7)


@pytest.mark.parametrize(
    "cast",
    [{}, {"critic": 3}, {"critic": None}, {3: "sim:careful"}, {"critic": {"a": "sim:careful"}}],
)
async def test_what_is_no_model_is_refused_before_anything_is_asked(cast):
    log = open_log("memory:")
    with pytest.raises(SetupError):
        await office()("Write.", model=cast, log=log)
    assert not [*log.runs()]


async def test_a_block_of_code_casts_its_asks_each():
    team = office()
    async with run("two", log=open_log("memory:")):
        first = await team("Write.", model={"writer": says("A")})
        second = await team("Write.", model={"writer": says("B")})
    assert (first.text, second.text) == ("A: OK", "B: OK")
