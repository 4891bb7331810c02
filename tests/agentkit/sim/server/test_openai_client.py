"""The official openai client, unchanged, against the simulated endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import httpx
import openai
import pytest
from pydantic import BaseModel

TARIFF = {
    "type": "function",
    "function": {
        "name": "tariff",
        "description": "Harbour dues in EUR.",
        "parameters": {
            "type": "object",
            "properties": {"port": {"type": "string"}, "tonnes": {"type": "number"}},
        },
    },
}
BERTH = {"type": "function", "function": {**TARIFF["function"], "name": "berth"}}
HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Héllo 🚢 port"}]


class Dues(BaseModel):
    port: str
    dues_eur: float


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as made:
        yield made


def test_a_plain_reply_has_text_usage_and_a_finish_reason(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="careful", messages=HELLO)
    assert reply.choices[0].message.content == "Be brief.|user|Héllo 🚢 port|7"
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.usage.prompt_tokens > 5 and reply.usage.completion_tokens > 5


def test_the_body_seed_wins_over_the_servers(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="sim:careful", messages=HELLO, seed=42)
    assert (reply.choices[0].message.content or "").endswith("|42")


def test_a_stream_gives_the_same_text_in_pieces_and_its_usage(client: openai.OpenAI) -> None:
    plain = client.chat.completions.create(model="careful", messages=HELLO)
    stream = client.chat.completions.create(
        model="careful", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    texts = [c.choices[0].delta.content for c in chunks if c.choices and c.choices[0].delta.content]
    assert len(texts) > 3
    assert "".join(texts) == plain.choices[0].message.content
    assert chunks[-1].choices == [] and chunks[-1].usage == plain.usage
    assert all(c.usage is None for c in chunks[:-1])
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert {c.id for c in chunks} == {plain.id}


def test_tools_are_called_in_parallel_and_their_results_are_read(client: openai.OpenAI) -> None:
    asked = [{"role": "user", "content": "Dues?"}]
    reply = client.chat.completions.create(model="careful", messages=asked, tools=[TARIFF, BERTH])
    message = reply.choices[0].message
    assert reply.choices[0].finish_reason == "tool_calls" and message.content is None
    calls = message.tool_calls or []
    assert [c.function.name for c in calls] == ["tariff", "berth"]
    assert json.loads(calls[0].function.arguments) == {"port": "Amber", "tonnes": 30.5}
    assert len({c.id for c in calls}) == 2
    results = [{"role": "tool", "tool_call_id": c.id, "content": "12 EUR"} for c in calls]
    after = client.chat.completions.create(
        model="careful",
        messages=[*asked, message.model_dump(exclude_none=True), *results],
        tools=[TARIFF, BERTH],
    )
    assert after.choices[0].message.content == "tool|12 EUR|7"


def test_parallel_calls_can_be_switched_off(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(
        model="careful",
        messages=HELLO,
        tools=[TARIFF, BERTH],
        tool_choice="required",
        parallel_tool_calls=False,
    )
    assert len(reply.choices[0].message.tool_calls or []) == 1


def test_streamed_tool_calls_add_up_to_the_plain_ones(client: openai.OpenAI) -> None:
    plain = client.chat.completions.create(model="careful", messages=HELLO, tools=[TARIFF, BERTH])
    with client.chat.completions.stream(
        model="careful", messages=HELLO, tools=[TARIFF, BERTH]
    ) as stream:
        stream.until_done()
        final = stream.get_final_completion()
    got = [
        (c.id, c.function.name, c.function.arguments) for c in final.choices[0].message.tool_calls
    ]
    expected = plain.choices[0].message.tool_calls or []
    assert got == [(c.id, c.function.name, c.function.arguments) for c in expected]
    assert final.choices[0].finish_reason == "tool_calls"


def test_a_schema_is_filled_for_parse(client: openai.OpenAI) -> None:
    reply = client.chat.completions.parse(model="careful", messages=HELLO, response_format=Dues)
    assert reply.choices[0].message.parsed == Dues(port="Amber", dues_eur=12.5)


def test_json_object_always_gives_an_object(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(
        model="careful", messages=HELLO, response_format={"type": "json_object"}
    )
    assert isinstance(json.loads(reply.choices[0].message.content or ""), dict)


def test_the_token_limit_cuts_the_reply_and_says_length(client: openai.OpenAI) -> None:
    long = [{"role": "user", "content": "word " * 100}]
    for limit in ({"max_tokens": 5}, {"max_completion_tokens": 5}):
        reply = client.chat.completions.create(model="careful", messages=long, **limit)
        assert reply.choices[0].finish_reason == "length"
        assert reply.usage is not None and reply.usage.completion_tokens == 5
        assert 10 <= len(reply.choices[0].message.content or "") <= 20


def test_a_stop_sequence_ends_the_text(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="careful", messages=HELLO, stop="🚢")
    assert reply.choices[0].message.content == "Be brief.|user|Héllo "
    assert reply.choices[0].finish_reason == "stop"


def test_embeddings_are_unit_vectors_near_for_shared_words(client: openai.OpenAI) -> None:
    texts = ["dues in the port of Amber", "the port dues of Amber", "a recipe for fish soup"]
    packed = client.embeddings.create(model="sim:embed", input=texts)
    floats = client.embeddings.create(model="sim:embed", input=texts, encoding_format="float")
    near, like, far = (row.embedding for row in packed.data)
    assert near == pytest.approx(floats.data[0].embedding, abs=1e-6) and len(near) == 512
    assert sum(x * x for x in near) == pytest.approx(1, abs=1e-5)

    def dot(one: list[float], two: list[float]) -> float:
        return sum(a * b for a, b in zip(one, two, strict=True))

    assert dot(near, like) > 0.8 > 0.4 > dot(near, far)
    short = client.embeddings.create(model="embed", input="one", dimensions=64)
    assert len(short.data[0].embedding) == 64


def test_models_are_listed_and_one_is_retrieved(client: openai.OpenAI) -> None:
    names = {model.id for model in client.models.list()}
    assert {"sim:careful", "sim:hasty", "sim:embed"} <= names
    assert client.models.retrieve("sim:hasty").id == "sim:hasty"


def test_an_unknown_model_is_not_found_and_the_real_ones_are_named(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="careful") as caught:
        client.chat.completions.create(model="gpt-9", messages=HELLO)
    assert caught.value.code == "model_not_found"


def test_a_bad_body_names_the_field(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match=r"messages\.0\.role") as caught:
        client.chat.completions.create(model="careful", messages=[{"role": "pirate"}])
    assert caught.value.param == "messages.0.role"
    with pytest.raises(openai.BadRequestError, match="temperature"):
        client.chat.completions.create(model="careful", messages=HELLO, temperature=9)
    with pytest.raises(openai.BadRequestError, match="tool_call_id"):
        client.chat.completions.create(
            model="careful",
            messages=[*HELLO, {"role": "tool", "tool_call_id": "x", "content": "1"}],
        )


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"kind": "429", "retry_after_s": 0.25}, openai.RateLimitError),
        ({"kind": 500}, openai.InternalServerError),
        ({"kind": "html"}, openai.InternalServerError),
        ({"kind": "drop"}, openai.APIConnectionError),
        ({"kind": "cut"}, openai.APIConnectionError),
    ],
)
def test_faults_arrive_as_typed_errors(
    client: openai.OpenAI, url: str, rule: dict[str, object], error: type[Exception]
) -> None:
    httpx.post(f"{url}/sim/faults", json=rule).raise_for_status()
    with pytest.raises(error) as caught:
        client.chat.completions.create(model="careful", messages=HELLO)
    if isinstance(caught.value, openai.RateLimitError):
        assert caught.value.response.headers["retry-after"] == "0.25"


def test_a_stall_is_the_clients_time_out(client: openai.OpenAI, url: str) -> None:
    httpx.post(f"{url}/sim/faults", json={"kind": "stall"}).raise_for_status()
    with pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model="careful", messages=HELLO, timeout=0.2)


def test_a_cut_stream_is_an_error_after_some_text(client: openai.OpenAI, url: str) -> None:
    httpx.post(f"{url}/sim/faults", json={"kind": "cut"}).raise_for_status()
    stream = client.chat.completions.create(model="careful", messages=HELLO, stream=True)
    got = ""
    with pytest.raises(openai.APIConnectionError):
        for chunk in stream:
            got += chunk.choices[0].delta.content or ""
    assert got and "Be brief.|user|Héllo 🚢 port|7".startswith(got)


def test_the_clients_own_retries_get_through_one_429(url: str) -> None:
    httpx.post(f"{url}/sim/faults", json={"kind": "429", "first": 1, "retry_after_s": 0.01})
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=1) as patient:
        assert patient.chat.completions.create(model="careful", messages=HELLO).choices
    books = httpx.get(f"{url}/sim/stats").json()
    assert (books["calls"], books["charged"], books["faults"]) == (2, 1, {"429": 1})


async def test_the_async_client_streams_and_parses(url: str) -> None:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="any") as client:
        stream = await client.chat.completions.create(model="careful", messages=HELLO, stream=True)
        text = "".join([c.choices[0].delta.content or "" async for c in stream])
        parsed = await client.chat.completions.parse(
            model="careful", messages=HELLO, response_format=Dues
        )
    assert text == "Be brief.|user|Héllo 🚢 port|7"
    assert parsed.choices[0].message.parsed == Dues(port="Amber", dues_eur=12.5)


def test_replies_do_not_depend_on_the_server_only_on_seed_and_request(
    serve: Callable[..., str],
) -> None:
    answers = []
    for seed in (7, 7, 8):
        with openai.OpenAI(base_url=f"{serve(seed=seed)}/v1", api_key="any") as client:
            reply = client.chat.completions.create(model="careful", messages=HELLO, tools=[TARIFF])
            answers.append((reply.choices[0].message.tool_calls or [])[0].id)
    assert answers[0] == answers[1] != answers[2]
