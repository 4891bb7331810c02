"""What a newcomer gives wrong is told in a typed error, before it is paid where that can be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agentkit import Agent, Context, Message, Reply, approve, open_log, pattern, refuse, tool
from agentkit.errors import NotPerformed, SetupError, UnknownQuestion
from agentkit.questions import answer
from agentkit.testing import FunctionModel, RecordedModel, ScriptedModel, call
from agentkit.testing.recorded import NotRecorded


class Db:
    """Has no JSON form."""


class Odd:
    """A model that gives what is no reply."""

    def __init__(self, gives: Any) -> None:
        self.name, self.gives = "odd", gives

    async def __call__(self, request: Any, on_text: Any = None) -> Any:
        return self.gives


async def plain(request: Any, on_text: Any = None) -> Reply:
    return Reply(message=Message(role="assistant", content="hello"))


@pytest.mark.parametrize("wrong", [plain, 3, object(), Reply, lambda r: "x"])
async def test_what_is_no_model_is_refused_where_it_is_given(wrong: Any) -> None:
    with pytest.raises(SetupError, match="The model of clerk is") as told:
        Agent("clerk", model=wrong)
    assert "FunctionModel" in str(told.value)
    log = open_log("memory:")
    with pytest.raises(SetupError, match="clerk was asked with the model"):
        await Agent("clerk", model=ScriptedModel("x"))("go", model=wrong, log=log)
    assert log.runs() == []


@pytest.mark.parametrize("gives", ["a text", None, {"text": "x"}])
async def test_a_model_that_gives_no_reply_is_named(gives: Any) -> None:
    with pytest.raises(SetupError, match="The model odd gave a"):
        await Agent("clerk", model=Odd(gives))("go", log=open_log("memory:"))


async def test_a_function_is_a_model_by_function_model() -> None:
    clerk = Agent("clerk", model=FunctionModel(lambda request: "hello"))
    assert (await clerk("go", log=open_log("memory:"))).text == "hello"


@pytest.mark.parametrize("how", [approve, refuse, lambda q, log: answer(q, "yes", log=log)])
async def test_an_answer_to_what_is_no_question_is_refused(
    how: Callable[..., Awaitable[None]],
) -> None:
    for wrong in (3, None, ["x"], object()):
        with pytest.raises(SetupError, match="A question is answered that is"):
            await how(wrong, log=open_log("memory:"))
    for unknown in ("", "zzzz"):
        with pytest.raises(UnknownQuestion):
            await how(unknown, log=open_log("memory:"))


async def test_deps_without_a_json_form_reach_a_tool_and_never_the_log() -> None:
    @tool(effect="once")
    def pay(given: Context[Db], eur: int) -> str:
        """Pay."""
        assert isinstance(given.deps, Db)
        return "paid"

    @pattern
    async def team(task: str, what: Any = None) -> str:
        return task

    log, deps = open_log("memory:"), Db()
    clerk = Agent("clerk", model=ScriptedModel(call("pay", eur=1), "done"), tools=[pay])
    answered = await clerk("go", log=log, deps=deps)
    assert answered.text == "done"
    assert "Db" not in "".join(e.model_dump_json() for e in log.read(answered.run_id))
    with pytest.raises(NotPerformed, match="needs a context, and none was given"):
        await clerk("go", log=log)
    # Where a step would need them as JSON, that is said.
    with pytest.raises(SetupError, match="cannot be asked with this what.*Db has no JSON form"):
        await team("go", what=deps, log=log)


async def test_a_recording_says_what_a_changed_team_asks_otherwise() -> None:
    @tool
    def add(a: int) -> int:
        """Add."""
        return a

    def clerk(instructions: str, *tools: Any, **more: Any) -> Agent:
        return Agent("clerk", instructions, tools=list(tools), **more)

    log = open_log("memory:")
    lines = [call("add", a=1), "done"]
    run_id = (await clerk("You add.", add, model=ScriptedModel(*lines))("go", log=log)).run_id
    for changed, task, told in (
        (clerk("You add."), "go", "with other tools"),
        (clerk("You subtract.", add), "go", "You subtract"),
        (clerk("You add.", add), "other", "recorded was user: 'go'"),
    ):
        with pytest.raises(NotRecorded, match=told):
            await changed(task, model=RecordedModel(log, runs=[run_id]), log=open_log("memory:"))
