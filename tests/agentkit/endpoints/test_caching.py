"""Prompt caching: marks where they pay, as the official types have them, on a server that keeps."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import pytest
import uvicorn
from anthropic.types import MessageCreateParams
from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.requests import Request as Asked
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agentkit import Agent, tool
from agentkit.endpoints.anthropic import ANTHROPIC, read
from agentkit.endpoints.anthropic_request import body
from agentkit.endpoints.caching import marked, unmarked
from agentkit.endpoints.connect import connect
from agentkit.endpoints.prices import listed as list_price
from agentkit.errors import SetupError
from agentkit.events import Usage
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Message, ToolCall, thread_of
from agentkit.model import Options, Request, ToolSpec
from tests.agentkit.endpoints.test_parts_sent import listed

PARAMS: TypeAdapter[Any] = TypeAdapter(MessageCreateParams)
SYSTEM = Message(role="system", content="You know the dues. " * 400)
USER = Message(role="user", content="The dues for 30 t in Amber?")
CALLED = Message(role="assistant", calls=(ToolCall(id="t1", name="tariff", arguments="{}"),))
RESULT = Message(role="tool", call_id="t1", content="79.2")
TOOL = ToolSpec(name="tariff", description="Dues.", parameters={"type": "object"})


def asked(*messages: Message, wish: Any = None, tools: Any = (), **fields: Any) -> dict[str, Any]:
    request = Request(thread=thread_of(messages), tools=tools, **fields)
    sent = marked(body(request, "claude", Options(), False), wish)
    sent = json.loads(json.dumps(sent))
    assert listed(PARAMS.validate_python(sent)) == sent
    return dict(sent)


def marks(value: Any, at: str = "") -> list[str]:
    """Where marks stand in a body."""
    if isinstance(value, dict):
        own = [at] if "cache_control" in value else []
        return own + [one for name, item in value.items() for one in marks(item, f"{at}/{name}")]
    if isinstance(value, list):
        return [one for n, item in enumerate(value) for one in marks(item, f"{at}/{n}")]
    return []


def test_a_single_question_is_not_marked_and_a_conversation_is() -> None:
    assert marks(asked(SYSTEM, USER)) == []
    said = Message(role="assistant", content="79.2 EUR.")
    assert marks(asked(SYSTEM, USER, said, USER)) == [
        "/messages/0/content/0", "/messages/2/content/0", "/system/0",
    ]  # fmt: skip
    assert marks(asked(SYSTEM, USER, said, USER, wish=False)) == []
    assert marks(asked(SYSTEM, USER, wish=True)) == ["/messages/0/content/0", "/system/0"]


def test_an_agent_with_tools_has_four_marks_and_no_more() -> None:
    sent = asked(SYSTEM, USER, CALLED, RESULT, CALLED, RESULT, tools=(TOOL, TOOL), wish="1h")
    assert sorted(marks(sent)) == [
        "/messages/2/content/0", "/messages/4/content/0", "/system/0", "/tools/1",
    ]  # fmt: skip
    assert sent["tools"][1]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert sent["tools"][0] == {k: v for k, v in sent["tools"][1].items() if k != "cache_control"}


def test_what_is_kept_verbatim_is_left_as_it_is() -> None:
    thinking = {"type": "thinking", "thinking": "hm", "signature": "s"}
    own = {"anthropic": [thinking, {"type": "tool_use", "id": "t1", "name": "tariff", "input": {}}]}
    called = CALLED.model_copy(update={"native": own})
    before = json.dumps(own)
    sent = asked(SYSTEM, USER, called, RESULT, tools=(TOOL,))
    assert sent["messages"][1]["content"] == own["anthropic"] and json.dumps(own) == before


def test_marks_of_ones_own_are_kept_alone() -> None:
    request = Request(thread=thread_of([SYSTEM, USER]), tools=(TOOL,))
    mark = {"type": "ephemeral"}
    sent = body(request, "claude", Options(extra={"cache_control": mark}), False)
    assert marked(sent, None) == sent


def test_a_server_that_knows_no_marks_gets_none() -> None:
    sent = asked(SYSTEM, USER, tools=(TOOL,), output={"type": "object", "properties": {}})
    words = "tools.0.cache_control: Extra inputs are not permitted"
    how = ANTHROPIC.cure(sent, words)
    assert how == "no marks" and ANTHROPIC.lasting(how, sent, words) == "all"
    assert marks(ANTHROPIC.adapt(sent, how)) == []
    assert unmarked(sent) == ANTHROPIC.adapt(sent, how)
    told = ANTHROPIC.adapt(sent, "schema in words")
    assert "JSON Schema" in told["system"][-1]["text"] and marks(told) == marks(sent)


def test_what_was_read_and_written_is_counted_and_priced() -> None:
    usage = {
        "input_tokens": 10, "cache_read_input_tokens": 500, "cache_creation_input_tokens": 90,
        "output_tokens": 40, "output_tokens_details": {"thinking_tokens": 30},
    }  # fmt: skip
    said = [{"type": "text", "text": "79.2"}]
    found = read({"content": said, "stop_reason": "end_turn", "usage": usage}, "").reply.usage
    assert found == Usage(
        tokens_in=600, tokens_out=40, tokens_cached=500, tokens_written=90, tokens_reasoning=30,
        calls=1,
    )  # fmt: skip
    for hour, factor in ((False, 1.25), (True, 2.0)):
        price = list_price("anthropic", "claude-haiku-4-5", hour)
        assert price(found) == pytest.approx((10 + 500 * 0.1 + 90 * factor + 40 * 5) / 1e6)
    assert found + -found == Usage()


class Keeping:
    """A server that keeps beginnings as Anthropic does; a token is four characters."""

    def __init__(self) -> None:
        self.kept: set[str] = set()
        self.bodies: list[dict[str, Any]] = []

    async def respond(self, request: Asked) -> Response:
        sent = await request.json()
        self.bodies.append(sent)
        assert len(marks(sent)) <= 4
        blocks = [*sent.get("tools", ())]
        blocks += sent["system"] if isinstance(sent["system"], list) else [sent["system"]]
        blocks += [one for turn in sent["messages"] for one in turn["content"]]
        texts = [json.dumps(unmarked(one)) for one in blocks]
        begins = ["".join(texts[: n + 1]) for n in range(len(texts))]
        ends = [n for n, one in enumerate(blocks) if "cache_control" in one]
        near = {n for end in ends for n in range(max(0, end - 20), end + 1)}
        old = max((len(begins[n]) for n in near if begins[n] in self.kept), default=0)
        new = max((len(begins[n]) for n in ends), default=0)
        self.kept |= {begins[n] for n in ends}
        usage = {
            "cache_read_input_tokens": old // 4,
            "cache_creation_input_tokens": max(0, new - old) // 4,
            "input_tokens": (len(begins[-1]) - max(old, new)) // 4,
            "output_tokens": 5,
        }
        results = sum(one.get("type") == "tool_result" for one in blocks if isinstance(one, dict))
        call = {"type": "tool_use", "id": f"t{results}", "name": "tariff", "input": {"tonnes": 3}}
        said = {"type": "text", "text": "79.2 EUR."}
        ended = results == 3
        return JSONResponse(
            {
                "id": "msg_1", "type": "message", "role": "assistant", "model": sent["model"],
                "content": [said if ended else call], "usage": usage, "stop_sequence": None,
                "stop_reason": "end_turn" if ended else "tool_use",
            }
        )  # fmt: skip


@pytest.fixture
async def served() -> AsyncIterator[tuple[str, Keeping]]:
    rules = Keeping()
    app = Starlette(routes=[Route("/v1/messages", rules.respond, methods=["POST"])])
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", rules
    server.should_exit = True
    await asyncio.wait_for(task, 10)


@tool(effect="pure")
def tariff(tonnes: float) -> float:
    """Harbour dues in EUR."""
    return 2.64 * tonnes


async def test_the_official_client_finds_the_server_right(served: tuple[str, Keeping]) -> None:
    url, _ = served
    async with anthropic.AsyncAnthropic(base_url=url, api_key="any", max_retries=0) as client:
        mark: Any = {"type": "ephemeral"}
        system: Any = [{"type": "text", "text": SYSTEM.text, "cache_control": mark}]
        said: Any = [{"role": "user", "content": [{"type": "text", "text": "Dues?"}]}]
        usages = [
            (
                await client.messages.create(
                    model="claude", max_tokens=9, system=system, messages=said
                )
            ).usage
            for _ in range(2)
        ]
    assert usages[0].cache_creation_input_tokens == usages[1].cache_read_input_tokens
    assert (usages[1].cache_read_input_tokens or 0) > 1000
    assert usages[1].cache_creation_input_tokens == 0


@pytest.mark.parametrize("wish", [None, False])
async def test_an_agent_reads_what_its_last_turn_wrote(
    served: tuple[str, Keeping], wish: bool | None
) -> None:
    url, rules = served
    model: Any = connect("anthropic:claude-haiku-4-5", base_url=url, prompt_cache=wish, retries=0)
    model.price = list_price("anthropic", "claude-haiku-4-5")
    clerk, log = Agent("clerk", SYSTEM.text, model=model, tools=[tariff]), MemoryLog()
    answer = await clerk("The dues?", log=log)
    usage = answer.usage
    assert answer.text == "79.2 EUR." and usage.calls == 4
    if wish is False:
        assert (usage.tokens_cached, usage.tokens_written) == (0, 0)
        assert all(marks(one) == [] for one in rules.bodies)
        return
    once = usage.tokens_in / 4
    assert usage.tokens_cached > 0.7 * usage.tokens_in and usage.tokens_written < 1.2 * once
    fresh = usage.model_copy(update={"tokens_cached": 0, "tokens_written": 0})
    assert answer.cost_usd is not None and answer.cost_usd < 0.5 * (model.price(fresh) or 0)
    # How prompts are kept is no part of what was asked: the run replays without.
    other: Any = connect("anthropic:claude-haiku-4-5", base_url=url, prompt_cache=False, retries=0)
    assert (await clerk.with_(model=other).replay(answer.run_id, log=log)).text == answer.text


def test_a_budget_reserves_what_writing_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key")
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    usage = Usage(tokens_in=1000, tokens_out=0, calls=1)
    costs = []
    for wish in (False, None, "1h"):
        made: Any = connect("anthropic:claude-haiku-4-5", prompt_cache=wish, retries=0)
        bound = made.bound(Request(thread=thread_of([USER])))
        costs.append((bound.price(usage) or 0) * 1000)
    assert costs == pytest.approx([1.0, 1.25, 2.0])


def test_only_an_endpoint_that_is_asked_for_it_takes_the_option() -> None:
    for wish in (True, "1h", False):
        with pytest.raises(SetupError, match="prompt_cache"):
            connect("m", base_url="http://127.0.0.1:1/v1", prompt_cache=wish)  # type: ignore[arg-type]
    with pytest.raises(SetupError, match="prompt_cache"):
        connect("m", base_url="http://h", dialect="anthropic", prompt_cache="2h")  # type: ignore[arg-type]
