"""The models of connect against the simulated endpoint: a real server, process and socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from agentkit.endpoints.connect import connect
from agentkit.errors import (
    BadReply,
    EndpointError,
    Overloaded,
    RateLimited,
    Rejected,
    TimedOut,
    Unreachable,
)
from agentkit.messages import Message, ToolCall, thread_of
from agentkit.model import Model, Options, Reply, Request, ToolSpec
from agentkit.sim import server as sim

TARIFF = ToolSpec(
    name="tariff",
    description="Harbour dues in EUR.",
    parameters={
        "type": "object",
        "properties": {"port": {"type": "string"}, "tonnes": {"type": "number"}},
        "required": ["port", "tonnes"],
    },
)
SUM = Request(thread=thread_of([Message(role="user", content="What is 17 * 23 + 4?")]))
DUES = "What are the dues for 30 t in Amber and for 50 t in Briar?"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with sim.start(speed=0.0) as server:
        yield server.url


@pytest.fixture(params=["openai", "responses", "anthropic"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(url: str, dialect: Any) -> Model:
    return connect("careful", base_url=f"{url}/v1", dialect=dialect, retries=0, timeout_s=10)


@pytest.fixture
def faults(url: str) -> Iterator[Any]:
    def arm(kind: str, **fields: Any) -> None:
        answer = httpx.post(f"{url}/sim/faults", json={"kind": kind, **fields})
        assert answer.status_code < 300, answer.text

    yield arm
    httpx.delete(f"{url}/sim/faults")


async def ask(model: Model, request: Request, stream: bool) -> Reply:
    pieces: list[str] = []
    reply = await model(request, pieces.append if stream else None)
    assert not stream or "".join(pieces) == reply.text
    return reply


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_an_answer_has_text_usage_and_a_reason(model: Model, stream: bool) -> None:
    reply = await ask(model, SUM, stream)
    assert "395" in reply.text and reply.stop == "stop"
    assert reply.usage.tokens_in > 3 and reply.usage.tokens_out > 0 and reply.usage.calls == 1


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_tools_are_called_in_parallel_and_their_results_used(
    model: Model, stream: bool
) -> None:
    question = Message(role="user", content=DUES)
    first = await ask(model, Request(thread=thread_of([question]), tools=(TARIFF,)), stream)
    assert first.stop == "tools" and len(first.calls) == 2
    ports = [json.loads(call.arguments)["port"] for call in first.calls]
    assert sorted(ports) == ["Amber", "Briar"]
    results = [
        Message(role="tool", call_id=call.id, content=str(amount))
        for call, amount in zip(first.calls, (412.5, 87.25), strict=True)
    ]
    thread = thread_of([question, first.message, *results])
    second = await ask(model, Request(thread=thread, tools=(TARIFF,)), stream)
    assert second.stop == "stop" and "412.5" in second.text and "87.25" in second.text


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_an_output_schema_gives_json_that_fits(model: Model, stream: bool) -> None:
    schema = {
        "title": "Sum",
        "type": "object",
        "properties": {"result": {"type": "number"}, "remark": {"type": "string"}},
        "required": ["result"],
    }
    reply = await ask(model, SUM.model_copy(update={"output": schema}), stream)
    assert json.loads(reply.text)["result"] == 395


async def test_a_bound_on_tokens_is_a_reason_to_stop(model: Model) -> None:
    request = SUM.model_copy(update={"options": Options(max_tokens=1)})
    assert (await model(request)).stop == "length"


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(
    ("kind", "fields", "errors"),
    [
        ("429", {"retry_after_s": 3}, (RateLimited,)),
        ("500", {}, (Overloaded,)),
        ("html", {}, (Overloaded,)),
        ("stall", {"delay_s": 60}, (TimedOut,)),
        ("drop", {}, (Unreachable,)),
        ("cut", {}, (Unreachable, BadReply)),
    ],
)
async def test_each_fault_of_the_wire_is_its_error(
    model: Model, faults: Any, stream: bool, kind: str, fields: Any, errors: Any
) -> None:
    faults(kind, **fields)
    model.timeout_s = 0.5 if kind == "stall" else 10  # type: ignore[attr-defined]
    with pytest.raises(EndpointError) as caught:
        await model(SUM, (lambda text: None) if stream else None)
    assert isinstance(caught.value, errors) and caught.value.retryable
    if kind == "429":
        assert caught.value.retry_after_s == 3


async def test_a_stream_delivered_twice_is_read_once(model: Model, faults: Any) -> None:
    once = await ask(model, SUM, stream=True)
    faults("duplicate")
    assert (await ask(model, SUM, stream=True)).text == once.text


@pytest.mark.parametrize(
    ("kind", "stop"), [("truncated", "length"), ("refusal", "refusal"), ("malformed", "tools")]
)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_damage_inside_a_reply_is_for_the_agent_to_see(
    model: Model, faults: Any, kind: str, stop: str, stream: bool
) -> None:
    faults(kind)
    tools = (TARIFF,) if kind == "malformed" else ()
    thread = thread_of([Message(role="user", content=DUES)]) if tools else SUM.thread
    reply = await ask(model, Request(thread=thread, tools=tools), stream)
    assert reply.stop == stop


async def test_faults_find_their_actor_by_name(model: Model, faults: Any) -> None:
    faults("500", actor="Zoë *")
    with pytest.raises(Overloaded):
        await model(SUM.model_copy(update={"actor": "Zoë 2"}))
    await model(SUM.model_copy(update={"actor": "Zoe 2"}))


async def test_the_same_key_is_charged_once(
    model: Model, url: str, faults: Any, dialect: str
) -> None:
    async with httpx.AsyncClient() as client:
        before = (await client.get(f"{url}/sim/stats")).json()
        request = SUM.model_copy(update={"key": f"one call {model} {dialect}"})
        first, second = await model(request), await model(request)
        after = (await client.get(f"{url}/sim/stats")).json()
    assert first.text == second.text
    assert after["charged"] - before["charged"] == 1


async def test_an_unknown_model_is_named(url: str, dialect: Any) -> None:
    model = connect("nobody", base_url=url, dialect=dialect, retries=0)
    base = url if dialect == "anthropic" else f"{url}/v1"
    model = connect("nobody", base_url=base, dialect=dialect, retries=0)
    with pytest.raises(Rejected, match="nobody"):
        await model(SUM)


async def test_a_call_with_a_broken_argument_goes_back_to_the_server(model: Model) -> None:
    broken = ToolCall(id="c1", name="tariff", arguments='{"port": ')
    thread = thread_of(
        [
            Message(role="user", content="What are the dues for 30 t in Amber?"),
            Message(role="assistant", calls=(broken,)),
            Message(role="tool", call_id="c1", content="the arguments are not JSON", error=True),
        ]
    )
    reply = await model(Request(thread=thread, tools=(TARIFF,)))
    assert reply.stop in ("tools", "stop")


async def test_a_name_alone_starts_the_endpoint_and_starts_it_again() -> None:
    model = connect("sim:careful")
    try:
        first = await model(SUM)
        assert first.cost_usd is not None and first.cost_usd > 0
        running = sim.shared.server
        assert running is not None
        running.process.kill()
        running.process.wait(5)
        assert (await model(SUM)).text == first.text
    finally:
        sim.stop_endpoint()
