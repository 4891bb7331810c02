"""The model for users' own tests."""

from __future__ import annotations

import pytest

from agentkit import Agent, Message, tool
from agentkit.errors import SetupError
from agentkit.logs.memory import MemoryLog
from agentkit.model import Reply, Request
from agentkit.testing import ScriptedModel, call


@tool(effect="pure")
def tariff(port: str) -> float:
    """Harbour dues in EUR."""
    return 79.2


async def test_it_says_its_lines_calls_tools_and_keeps_the_requests() -> None:
    model = ScriptedModel([call("tariff", port="Amber"), call("tariff", port="Briar")], "79.2 EUR")
    answer = await Agent("clerk", model=model, tools=[tariff])("The dues?", log=MemoryLog())
    assert answer.text == "79.2 EUR"
    assert [one.message.content for one in model.requests[1].thread[-2:]] == ["79.2", "79.2"]


async def test_a_function_at_the_end_is_asked_every_further_time() -> None:
    model = ScriptedModel("first", lambda request: request.thread[-1].message.content.upper())
    clerk = Agent("clerk", model=model)
    said = [(await clerk(task, log=MemoryLog())).text for task in ("a", "b", "c")]
    assert said == ["first", "B", "C"]


async def test_without_a_line_left_it_says_so() -> None:
    with pytest.raises(SetupError, match="asked 2 times and has no line left"):
        clerk = Agent("clerk", model=ScriptedModel("one"))
        await clerk("go", log=MemoryLog())
        await clerk("go", log=MemoryLog())


async def later(request: Request) -> str:
    return f"{len(request.thread)} messages"


async def test_its_lines_may_be_a_single_call_a_message_or_an_async_function() -> None:
    said = Message(role="assistant", content="I see")
    model = ScriptedModel(call("tariff", port="Amber"), later, said)
    clerk = Agent("clerk", model=model, tools=[tariff])
    assert (await clerk("q", log=MemoryLog())).text == "3 messages"
    assert (await clerk("q", log=MemoryLog())).text == "I see"


@pytest.mark.parametrize(
    "line", [None, 5, {"port": "Amber"}, ["a", "b"], Message(role="user", content="x")]
)
async def test_what_is_no_line_is_refused_by_what_may_be_one(line: object) -> None:
    with pytest.raises(SetupError, match="cannot say"):
        await Agent("clerk", model=ScriptedModel(line))("q", log=MemoryLog())  # type: ignore[arg-type]


async def test_a_reply_of_its_own_is_streamed_too() -> None:
    model = ScriptedModel(Reply(message=Message(role="assistant", content="hello there")))
    heard = [one async for one in Agent("clerk", model=model).stream("q", log=MemoryLog())]
    assert "".join(one.text for one in heard if one.kind == "delta") == "hello there"


async def test_each_agent_of_a_team_has_lines_of_its_own_in_whatever_order_they_ask() -> None:
    model = ScriptedModel("for the others", actors={"a": ["1", "2"], "b": "x"})
    agents = {name: Agent(name, model=model) for name in "abc"}
    said = [(await agents[name]("q", log=MemoryLog())).text for name in "bcaa"]
    assert said == ["x", "for the others", "1", "2"]
    assert model.unsaid == []
    with pytest.raises(SetupError, match="has no line left"):
        await agents["b"]("q", log=MemoryLog())


async def test_it_tells_the_lines_that_nobody_has_asked_for() -> None:
    model = ScriptedModel("1", "2", later, actors={"b": ["3"]})
    await Agent("a", model=model)("q", log=MemoryLog())
    assert model.unsaid == ["2", "3"], "a function at the end may be asked, and need not be"


async def test_lines_of_an_agent_may_be_a_list_or_a_tuple() -> None:
    calls = (call("a"), call("b"))
    model = ScriptedModel(actors={"one": ("x", "y"), "two": calls, "three": [*calls]})
    assert model.actors == {"one": ["x", "y"], "two": [calls], "three": list(calls)}
