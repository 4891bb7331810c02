"""A function of the request as a model."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import Agent, Message, Reply, Request, tool
from agentkit.errors import SetupError
from agentkit.logs.memory import MemoryLog
from agentkit.testing import FunctionModel, call


@tool(effect="pure")
def tariff(port: str) -> float:
    """Harbour dues in EUR."""
    return 79.2


def clever(request: Request) -> Any:
    last = request.thread[-1].message
    return f"It is {last.content}." if last.role == "tool" else call("tariff", port="Amber")


async def slow(request: Request) -> Reply:
    return Reply(message=Message(role="assistant", content=request.actor))


async def test_it_answers_with_what_a_function_of_the_request_returns() -> None:
    model = FunctionModel(clever)
    clerk = Agent("clerk", model=model, tools=[tariff])
    for _ in range(2):
        assert (await clerk("q", log=MemoryLog())).text == "It is 79.2."
    assert (model.name, len(model.requests)) == ("clever", 4)


async def test_the_function_may_be_async_reply_whole_or_raise() -> None:
    assert (await Agent("clerk", model=FunctionModel(slow))("q", log=MemoryLog())).text == "clerk"
    with pytest.raises(KeyError):
        broken = FunctionModel(lambda _: KeyError("x"), name="broken")
        await Agent("clerk", model=broken)("q", log=MemoryLog())


@pytest.mark.parametrize("given", ["a text", None, 3])
def test_what_is_no_function_is_refused(given: Any) -> None:
    with pytest.raises(SetupError, match="function of the request"):
        FunctionModel(given)


async def test_what_it_returns_is_refused_where_no_model_can_say_it() -> None:
    with pytest.raises(SetupError, match="cannot say a dict"):
        await Agent("clerk", model=FunctionModel(lambda _: {}))("q", log=MemoryLog())
