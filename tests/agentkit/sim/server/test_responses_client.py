"""The official openai client's Responses, unchanged, against the simulated endpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from agentkit.sim import server as sim

PARAMETERS = {
    "type": "object",
    "properties": {"port": {"type": "string"}, "tonnes": {"type": "number"}},
    "required": ["port", "tonnes"],
    "additionalProperties": False,
}
TARIFF: Any = {
    "type": "function",
    "name": "tariff",
    "description": "Harbour dues in EUR.",
    "parameters": PARAMETERS,
    "strict": True,
}
ASKED = "What are the dues for 30 t in Amber?"


class Dues(BaseModel):
    product: int


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with sim.start(speed=0.0) as server:
        yield server.url


@pytest.fixture
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0) as made:
        yield made


def test_a_plain_reply_has_text_usage_and_a_status(client: openai.OpenAI) -> None:
    reply = client.responses.create(model="sim:careful", input="What is 17 * 23?")
    assert reply.output_text == "17 * 23 = 391" and reply.status == "completed"
    assert reply.usage is not None and reply.usage.input_tokens > 5
    assert reply.usage.total_tokens == reply.usage.input_tokens + reply.usage.output_tokens


def test_a_schema_is_filled(client: openai.OpenAI) -> None:
    asked = "What is the product of 17 and 23?"
    reply = client.responses.parse(model="sim:careful", input=asked, text_format=Dues)
    assert reply.output_parsed == Dues(product=391)


def test_a_call_goes_out_and_its_output_comes_back(client: openai.OpenAI) -> None:
    said: Any = [{"role": "user", "content": ASKED}]
    first = client.responses.create(
        model="sim:careful", input=said, tools=[TARIFF], instructions="Use your tools."
    )
    (call,) = first.output
    assert call.type == "function_call"
    assert json.loads(call.arguments) == {"port": "Amber", "tonnes": 30}
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "79.2"}
    said += [call.model_dump(), result]
    last = client.responses.create(model="sim:careful", input=said, tools=[TARIFF])
    assert "79.2" in last.output_text
    for wrong in (said[:-1], [said[-1]]):
        with pytest.raises(openai.BadRequestError, match="No tool (output|call) found"):
            client.responses.create(model="sim:careful", input=wrong)


@pytest.mark.parametrize("tools", [[], [TARIFF]], ids=["text", "call"])
def test_a_stream_is_the_same_reply_in_pieces(client: openai.OpenAI, tools: list[Any]) -> None:
    asked: Any = {"model": "sim:careful", "input": ASKED, "tools": tools}
    whole = client.responses.create(**asked)
    with client.responses.stream(**asked) as stream:
        events = list(stream)
        last = stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    said = [event.delta for event in events if event.type.endswith(".delta")]
    assert len(said) > 2
    if tools:
        (call,) = last.output
        assert call.type == "function_call" and call.arguments == "".join(said)
    else:
        assert last.output_text == whole.output_text == "".join(said)


def test_every_event_has_all_fields_of_the_official_types(address: str) -> None:
    any_event: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    for tools in ([], [TARIFF]):
        body = {"model": "sim:careful", "input": ASKED, "stream": True, "tools": tools}
        got = httpx.post(f"{address}/v1/responses", json=body).text
        told = [one.split("data: ")[1] for one in got.strip().split("\n\n")]
        assert {any_event.validate_json(one).type for one in told} >= {"response.completed"}
        plain = httpx.post(f"{address}/v1/responses", json={**body, "stream": False}).json()
        assert Response.model_validate(plain).id == plain["id"]


def test_a_reply_cut_by_its_bound_says_so(client: openai.OpenAI) -> None:
    reply = client.responses.create(
        model="sim:careful", input="What is 17 * 23?", max_output_tokens=1
    )
    assert reply.status == "incomplete" and reply.incomplete_details is not None
    assert reply.incomplete_details.reason == "max_output_tokens"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"background": True}, "background"),
        ({"tool_choice": "required"}, "needs tools"),
        ({"tool_choice": {"type": "function", "name": "pay"}}, "not among the tools"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "item_reference"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
    ],
)
def test_what_it_cannot_do_is_refused(
    client: openai.OpenAI, wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=words):
        client.responses.create(**{"model": "sim:careful", "input": ASKED, **wrong})
