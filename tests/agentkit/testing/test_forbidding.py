"""No test asks a real model by mistake."""

from __future__ import annotations

import httpx
import pytest

from agentkit import Agent, connect
from agentkit.endpoints.guard import SendGuard
from agentkit.logs.memory import MemoryLog
from agentkit.testing import RealEndpointAsked, ScriptedModel, forbid_real_endpoints, stand_in


def agent(model: object) -> Agent:
    return Agent("clerk", model=model)  # type: ignore[arg-type]


async def test_a_real_model_is_refused_before_a_byte_is_sent_wherever_it_is() -> None:
    hosted = connect("openai:gpt-5-mini", api_key="sk-x")
    local = connect("llama", base_url="http://127.0.0.1:9/v1", api_key="x")
    with forbid_real_endpoints() as forbidden:
        for one in (hosted, local):
            with pytest.raises(RealEndpointAsked, match="this process forbids it"):
                await agent(one)("q", log=MemoryLog())
        with pytest.raises(RealEndpointAsked):
            await agent(ScriptedModel())("q", model=hosted, log=MemoryLog())
    assert forbidden.asked == [
        "openai:gpt-5-mini at https://api.openai.com/v1/chat/completions",
        "llama at http://127.0.0.1:9/v1/chat/completions",
        "openai:gpt-5-mini at https://api.openai.com/v1/chat/completions",
    ]
    assert SendGuard.check is None


async def test_the_simulated_one_and_those_of_tests_may_be_asked() -> None:
    said = {
        "choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]
    }
    fake = httpx.MockTransport(lambda request: httpx.Response(200, json=said))
    with forbid_real_endpoints() as forbidden:
        assert (await agent("sim:careful")("What is 2 + 2?", log=MemoryLog())).text
        model = connect("x", base_url="http://test/v1", transport=fake)
        assert (await agent(model)("q", log=MemoryLog())).text == "hi"
        with stand_in(ScriptedModel("in its place", "x")):
            real = agent(connect("openai:gpt-5-mini", api_key="sk-x"))
            assert (await real("q", log=MemoryLog())).text == "in its place"
            assert (await real("q", model="sim:careful", log=MemoryLog())).text == "x"
    assert forbidden.asked == []


def test_it_holds_until_it_is_taken_back() -> None:
    outer = forbid_real_endpoints()
    with forbid_real_endpoints():
        pass
    assert SendGuard.check == outer._check
    outer.allow()
    assert SendGuard.check is None
