"""Our models on LiteLLM's proxy, in three dialects, and through it on llama.cpp's server."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import Agent, tool
from agentkit.endpoints.connect import connect
from agentkit.errors import EndpointError, Rejected
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Message, thread_of
from agentkit.model import Request

pytestmark = pytest.mark.foreign

HELLO = Request(
    thread=thread_of(
        [Message(role="system", content="Be brief."), Message(role="user", content="hello")]
    )
)
KEY = "sk-local-test"


def model_at(url: str, name: str, dialect: Any = "openai", **options: Any) -> Any:
    base = url if dialect == "anthropic" else f"{url}/v1"
    given = {"api_key": KEY, "retries": 0, "max_tokens": 16, **options}
    return connect(name, base_url=base, dialect=dialect, **given)


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_both_dialects_of_the_proxy_are_read(
    litellm: str, dialect: str, stream: bool
) -> None:
    pieces: list[str] = []
    model = model_at(litellm, "canned", dialect)
    reply = await model(HELLO, pieces.append if stream else None)
    assert reply.text == "canned answer" and reply.stop == "stop"
    assert not stream or "".join(pieces) == reply.text
    assert reply.cost_usd is None


@tool(effect="pure")
def tariff(port: str, tonnes: float) -> float:
    """Harbour dues in EUR."""
    return 2.64 * tonnes


@pytest.mark.parametrize("dialect", ["openai", "responses", "anthropic"])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_tools_are_called_through_the_proxy(litellm: str, dialect: str, stream: bool) -> None:
    model = model_at(litellm, "careful", dialect, max_tokens=200)
    clerk = Agent("clerk", "Use your tools.", model=model, tools=[tariff])
    asked, log = "What are the dues for 30 t in Amber?", MemoryLog()
    if stream:
        said = [one async for one in clerk.stream(asked, log=log)]
        deltas = [one.text for one in said[:-1] if one.kind == "delta"]
        assert "79.2" in "".join(deltas) == said[-1].text
    else:
        answer = await clerk(asked, log=log)
        assert "79.2" in answer.text and answer.usage.calls == 2 and answer.usage.tokens_in > 50


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_model_behind_the_proxy_answers(litellm: str, stream: bool) -> None:
    model = model_at(litellm, "tiny", max_tokens=6)
    reply = await model(HELLO, (lambda text: None) if stream else None)
    assert reply.stop in ("stop", "length")


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
async def test_a_model_that_the_proxy_lacks_is_named(litellm: str, dialect: str) -> None:
    with pytest.raises(Rejected, match="nobody"):
        await model_at(litellm, "nobody", dialect)(HELLO)


async def test_a_wrong_key_is_a_typed_error(litellm: str) -> None:
    # Without a database this proxy answers 500 or 400 to a wrong key, not 401.
    with pytest.raises(EndpointError) as caught:
        await model_at(litellm, "canned", api_key="sk-wrong")(HELLO)
    assert caught.value.status >= 400 and "sk-wrong" not in str(caught.value)
