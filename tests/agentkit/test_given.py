"""The context of an ask: for tools and instructions, not for models and logs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from agentkit import Agent, Context, pattern, tool
from agentkit.errors import NotPerformed, SetupError, ToolError
from agentkit.given import is_context
from agentkit.logs.memory import MemoryLog
from tests.fakes import EchoModel, ScriptedModel, call


@dataclass
class User:
    name: str


class Greeter(EchoModel):
    """Calls the tool once, with what it was asked."""

    async def __call__(self, request: Any, on_text: Any = None) -> Any:
        if request.thread[-1].message.role == "user":
            words = f'{{"word": "{request.thread[-1].message.content}"}}'
            return await ScriptedModel([call("whoami", words)])(request)
        return await super().__call__(request, on_text)


def whoami_tool(got: list[Any], effect: Any = "pure") -> Any:
    async def whoami(user: Context[User], word: str) -> str:
        """Say who asks."""
        await asyncio.sleep(0)
        got.append((word, user.value.name, user.agent))
        return user.value.name

    return tool(effect=effect)(whoami)


@pytest.mark.parametrize(
    "hint, found",
    [
        (Context, True),
        (Context[User], True),
        (Context[User] | None, True),
        (User, False),
        (list[int], False),
        (Any, False),
    ],
)
def test_a_context_is_known_by_its_type(hint: Any, found: bool) -> None:
    assert is_context(hint) == found


async def test_a_context_is_not_offered_and_belongs_to_its_ask() -> None:
    got: list[Any] = []
    made = whoami_tool(got)
    assert list(made.parameters["properties"]) == ["word"]
    clerk = Agent("clerk", model=Greeter(), tools=[made])

    @pattern
    async def team(task: str) -> Any:
        return await clerk(task)

    asks = [actor(n, context=User(n)) for actor in (clerk, team) for n in ("Ann", "Bob")]
    await asyncio.gather(*asks)
    assert sorted(got) == sorted([(n, n, "clerk") for n in ("Ann", "Bob")] * 2)


async def test_a_context_that_is_needed_and_not_given_is_said_before_anything_is_paid() -> None:
    model = ScriptedModel("never")
    clerk = Agent("clerk", model=model, tools=[whoami_tool([])])
    with pytest.raises(NotPerformed, match="deps=") as raised:
        await clerk("hi")
    assert isinstance(raised.value, SetupError)
    assert model.requests == []


async def test_a_context_with_a_default_need_not_be_given() -> None:
    @tool(effect="pure")
    def look(user: Context[User] | None = None) -> str:
        """Look."""
        return user.value.name if user else "nobody"

    clerk = Agent("clerk", model=ScriptedModel([call("look")], "a", [call("look")], "b"))
    clerk.tools = {"look": look}
    for context, name in (({}, "nobody"), ({"context": User("Ann")}, "Ann")):
        answer = await clerk("hi", **context)
        assert [n.message.content for n in answer.thread if n.message.role == "tool"] == [name]


@pytest.mark.parametrize("effect", ["pure", "once"])
async def test_a_run_that_goes_on_is_given_its_context_again(effect: Any) -> None:
    got: list[Any] = []
    model, log = ScriptedModel(ZeroDivisionError("bug")), MemoryLog()
    clerk = Agent("clerk", model=model, tools=[whoami_tool(got, effect)])
    with pytest.raises(ZeroDivisionError):
        await clerk("hi", context=User("Ann"), log=log)
    run_id = log.find("last")
    model.enqueue([call("whoami", '{"word": "a"}')], "done")
    with pytest.raises(NotPerformed):
        await clerk.resume(run_id, log=log)
    answer = await clerk.resume(run_id, log=log, context=User("Ann"))
    assert (answer.text, got) == ("done", [("a", "Ann", "clerk")])
    assert (await clerk.replay(run_id, log=log)).text == "done"
    model.enqueue("for Bob")
    await clerk.rerun(run_id, log=log, context=User("Bob"))
    assert len(got) == (2 if effect == "pure" else 1)


async def test_a_tool_takes_one_context() -> None:
    def twice(a: Context, b: Context[User]) -> None:
        """Do."""

    with pytest.raises(ToolError, match="context twice"):
        tool(twice)


@pytest.mark.parametrize("kind", ["plain", "async", "of the context"])
async def test_instructions_may_be_a_function_evaluated_at_each_ask(kind: str) -> None:
    log, asked = MemoryLog(), list[str]()

    def plain() -> str:
        asked.append("plain")
        return f"You serve ask {len(asked)}."

    async def later() -> str:
        return plain()

    def of(context: Context[User]) -> str:
        return f"{plain()} {context.value.name}"

    make = {"plain": plain, "async": later, "of the context": of}[kind]
    model = ScriptedModel("one", "two", "three")
    clerk = Agent("clerk", make, model=model)
    context = {"context": User("Ann")} if kind == "of the context" else {}
    first = await clerk("hi", log=log, **context)
    await clerk("hi", log=log, **context)
    heads = [request.thread[0].message.content for request in model.requests]
    assert [head.partition(".")[0] for head in heads] == ["You serve ask 1", "You serve ask 2"]
    assert (await clerk.replay(first.run_id, log=log, **context)).text == "one"
    assert len(asked) == 2
    assert (await clerk.rerun(first.run_id, log=log, **context)).text == "three"


@pytest.mark.parametrize("wrong", [7, None, ["You."]])
def test_instructions_that_are_neither_are_refused_when_the_agent_is_made(wrong: Any) -> None:
    with pytest.raises(SetupError, match="instructions"):
        Agent("a", wrong, model=EchoModel())


async def test_a_function_that_gives_no_text_is_an_error() -> None:
    with pytest.raises(SetupError, match="gave a int"):
        await Agent("a", lambda: 7, model=EchoModel())("hi")  # type: ignore[arg-type, return-value]
