"""The official anthropic client, unchanged, against the simulated endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import pytest
from pydantic import BaseModel

TARIFF: dict[str, Any] = {
    "name": "tariff",
    "description": "Harbour dues in EUR.",
    "input_schema": {
        "type": "object",
        "properties": {"port": {"type": "string"}, "tonnes": {"type": "number"}},
    },
}
BERTH = {**TARIFF, "name": "berth"}
ASKED: dict[str, Any] = {
    "model": "careful",
    "max_tokens": 1000,
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Héllo 🚢 port"}],
}
ANSWER = "Be brief.|user|Héllo 🚢 port|7"


class Dues(BaseModel):
    port: str
    dues_eur: float


@pytest.fixture
def client(url: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=url, api_key="any", max_retries=0) as made:
        yield made


def test_a_plain_reply_has_text_usage_and_a_stop_reason(client: anthropic.Anthropic) -> None:
    reply = client.messages.create(**ASKED)
    assert [block.type for block in reply.content] == ["text"]
    assert reply.content[0].text == ANSWER
    assert reply.stop_reason == "end_turn" and reply.role == "assistant"
    assert reply.usage.input_tokens > 5 and reply.usage.output_tokens > 5


def test_system_and_content_may_be_blocks(client: anthropic.Anthropic) -> None:
    blocks = [{"type": "text", "text": "Héllo 🚢 port"}]
    asked = {**ASKED, "system": [{"type": "text", "text": "Be brief."}]}
    reply = client.messages.create(**{**asked, "messages": [{"role": "user", "content": blocks}]})
    assert reply.content[0].text == ANSWER


def test_the_stream_events_come_in_the_documented_order(client: anthropic.Anthropic) -> None:
    kinds = [event.type for event in client.messages.create(**ASKED, stream=True)]
    deltas = kinds.count("content_block_delta")
    assert deltas > 3
    assert kinds == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * deltas,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_a_stream_adds_up_to_the_plain_reply(client: anthropic.Anthropic) -> None:
    plain = client.messages.create(**ASKED)
    with client.messages.stream(**ASKED) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert text == ANSWER and final.content[0].text == ANSWER
    assert (final.id, final.stop_reason, final.usage) == (plain.id, "end_turn", plain.usage)


def test_tools_are_called_in_parallel_and_their_results_are_read(
    client: anthropic.Anthropic,
) -> None:
    reply = client.messages.create(**ASKED, tools=[TARIFF, BERTH])
    assert reply.stop_reason == "tool_use"
    assert [(b.type, b.name) for b in reply.content] == [
        ("tool_use", "tariff"),
        ("tool_use", "berth"),
    ]
    assert reply.content[0].input == {"port": "Amber", "tonnes": 30.5}
    results = [
        {"type": "tool_result", "tool_use_id": b.id, "content": "12 EUR", "is_error": False}
        for b in reply.content
    ]
    talk = [
        *ASKED["messages"],
        {"role": "assistant", "content": reply.content},
        {"role": "user", "content": results},
    ]
    after = client.messages.create(**{**ASKED, "messages": talk}, tools=[TARIFF, BERTH])
    assert after.content[0].text == "Be brief.|tool|12 EUR|7"


def test_parallel_calls_can_be_switched_off(client: anthropic.Anthropic) -> None:
    choice = {"type": "any", "disable_parallel_tool_use": True}
    reply = client.messages.create(**ASKED, tools=[TARIFF, BERTH], tool_choice=choice)
    assert [block.type for block in reply.content] == ["tool_use"]


def test_streamed_tool_calls_add_up_to_the_plain_ones(client: anthropic.Anthropic) -> None:
    plain = client.messages.create(**ASKED, tools=[TARIFF, BERTH])
    with client.messages.stream(**ASKED, tools=[TARIFF, BERTH]) as stream:
        final = stream.get_final_message()
    assert [(b.id, b.name, b.input) for b in final.content] == [
        (b.id, b.name, b.input) for b in plain.content
    ]
    assert final.stop_reason == "tool_use"


def test_a_schema_is_filled_for_parse(client: anthropic.Anthropic) -> None:
    reply = client.messages.parse(**ASKED, output_format=Dues)
    assert reply.parsed_output == Dues(port="Amber", dues_eur=12.5)


def test_the_token_limit_and_stop_sequences_are_heeded(client: anthropic.Anthropic) -> None:
    short = client.messages.create(**{**ASKED, "max_tokens": 3})
    assert short.stop_reason == "max_tokens" and short.usage.output_tokens == 3
    stopped = client.messages.create(**ASKED, stop_sequences=["🚢"])
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "🚢")
    assert stopped.content[0].text == "Be brief.|user|Héllo "


def test_counted_tokens_are_those_charged(client: anthropic.Anthropic) -> None:
    counted = client.messages.count_tokens(
        model="careful", system="Be brief.", messages=ASKED["messages"], tools=[TARIFF]
    )
    reply = client.messages.create(**ASKED, tools=[TARIFF])
    assert counted.input_tokens == reply.usage.input_tokens


def test_models_are_listed(client: anthropic.Anthropic) -> None:
    assert "sim:careful" in {model.id for model in client.models.list()}


def test_errors_are_typed_and_name_the_field(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError, match="careful") as caught:
        client.messages.create(**{**ASKED, "model": "claude-99"})
    assert caught.value.body["error"]["type"] == "not_found_error"
    with pytest.raises(anthropic.BadRequestError, match="max_tokens"):
        client.messages.create(**{**ASKED, "max_tokens": 0})
    with pytest.raises(anthropic.BadRequestError, match=r"messages\.0\.role"):
        client.messages.create(**{**ASKED, "messages": [{"role": "pirate", "content": "a"}]})
    with pytest.raises(anthropic.BadRequestError, match=r"tool_choice\.name.*'crane'.*tariff"):
        client.messages.create(
            **ASKED, tools=[TARIFF], tool_choice={"type": "tool", "name": "crane"}
        )
    unanswered = [
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "a", "name": "t", "input": {}}],
        },
        {"role": "user", "content": "And?"},
    ]
    with pytest.raises(anthropic.BadRequestError, match="without tool_result"):
        client.messages.create(**{**ASKED, "messages": unanswered})


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"kind": "429"}, anthropic.RateLimitError),
        ({"kind": 500}, anthropic.InternalServerError),
        ({"kind": "html"}, anthropic.InternalServerError),
        ({"kind": "drop"}, anthropic.APIConnectionError),
    ],
)
def test_faults_arrive_as_typed_errors(
    client: anthropic.Anthropic, url: str, rule: dict[str, object], error: type[Exception]
) -> None:
    httpx.post(f"{url}/sim/faults", json=rule).raise_for_status()
    with pytest.raises(error):
        client.messages.create(**ASKED)


def test_a_refusal_has_its_own_stop_reason(client: anthropic.Anthropic, url: str) -> None:
    httpx.post(f"{url}/sim/faults", json={"kind": "refusal"}).raise_for_status()
    reply = client.messages.create(**ASKED, tools=[TARIFF])
    assert reply.stop_reason == "refusal" and reply.stop_details is not None


async def test_the_async_client_streams(url: str) -> None:
    async with anthropic.AsyncAnthropic(base_url=url, api_key="any") as client:
        async with client.messages.stream(**ASKED) as stream:
            text = "".join([piece async for piece in stream.text_stream])
    assert text == ANSWER
