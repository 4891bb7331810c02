"""What gateways between the dialects send, read as what it means or refused; never half of it."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import httpx
import pytest

from agentkit.endpoints import anthropic, complaints, failures, openai, responses, waits
from agentkit.endpoints.connect import connect
from agentkit.endpoints.dialect import ErrorInReply, NoAnswer
from agentkit.endpoints.embedding import connect_embedder
from agentkit.endpoints.shapes import Malformed, decode
from agentkit.endpoints.stops import FAILED, STOPS
from agentkit.errors import RateLimited
from agentkit.messages import Message, thread_of
from agentkit.model import Reply, Request
from agentkit.parts import Image
from tests.agentkit.endpoints.conftest import Serve
from tests.agentkit.endpoints.test_failures import SITE
from tests.agentkit.endpoints.test_openai import call_of, chunk, reply, streamed
from tests.agentkit.endpoints.test_parts_sent import IMAGE


def message(*blocks: dict[str, Any], stop: str = "end_turn") -> dict[str, Any]:
    return {"content": list(blocks), "stop_reason": stop, "usage": {"input_tokens": 1}}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def use(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": name, "name": name, "input": {}, **fields}


def told(*events: dict[str, Any]) -> Reply:
    collector = anthropic.Collector("salt")
    for event in events:
        collector.take(json.dumps(event))
    found = collector.read()
    assert found is not None
    return found.reply


def events(*blocks: dict[str, Any], stop: str, index: int | None = None) -> list[dict[str, Any]]:
    begun = [
        {"type": "content_block_start", "content_block": block, "index": n if index is None else 0}
        for n, block in enumerate(blocks)
    ]
    end = {"type": "message_delta", "delta": {"stop_reason": stop}}
    return [{"type": "message_start", "message": {}}, *begun, end]


@pytest.mark.parametrize("reason", ["length", "MAX_TOKENS", "max_output_tokens", "max-length"])
def test_every_dialect_knows_the_words_of_the_others_for_a_cut(reason: str) -> None:
    assert anthropic.read(message(use("clear"), stop=reason), "").reply.stop == "length"
    assert told(*events(use("clear"), stop=reason)).stop == "length"
    found = openai.read(reply({"tool_calls": [call_of("clear", "")]}), "").reply
    assert found.stop == "tools"
    cut = {"choices": [{"message": {"content": "half"}, "finish_reason": reason}]}
    assert openai.read(cut, "").reply.stop == "length"


@pytest.mark.parametrize("reason", sorted(FAILED))
def test_a_reply_that_broke_off_is_no_answer_in_any_dialect(reason: str) -> None:
    with pytest.raises(NoAnswer, match=reason):
        anthropic.read(message(text("half"), stop=reason.upper()), "")
    with pytest.raises(NoAnswer, match=reason):
        streamed(chunk(content="half"), chunk(finish=reason), chunk(finish="stop"))


def test_a_broken_off_call_is_not_made() -> None:
    with pytest.raises(NoAnswer, match="inside a tool call"):
        anthropic.read(message(use("clear", input='{"folder": "/h'), stop="halted"), "")


@pytest.mark.parametrize("reason", [word for word, stop in STOPS.items() if stop == "tools"])
def test_a_reply_that_ends_to_call_and_calls_nothing_is_no_answer(reason: str) -> None:
    value = {"choices": [{"message": {"content": "I look."}, "finish_reason": reason}]}
    with pytest.raises(NoAnswer, match="holds no call"):
        openai.read(value, "")
    with pytest.raises(NoAnswer, match="holds no call"):
        anthropic.read(message(text("I look."), stop=reason), "")


def test_a_call_in_the_field_of_older_servers_is_a_call() -> None:
    old = {"content": "I look.", "function_call": {"name": "look", "arguments": '{"a": 1}'}}
    (found,) = openai.read(reply(old), "").reply.calls
    assert (found.name, found.arguments) == ("look", '{"a": 1}')
    pieces = ({"name": "look", "arguments": ""}, {"arguments": '{"a":'}, {"arguments": " 1}"})
    (found,) = streamed(
        *(chunk(function_call=piece) for piece in pieces), chunk(finish="function_call")
    ).calls
    assert (found.name, found.arguments) == ("look", '{"a": 1}')


def test_a_reason_that_says_none_is_none() -> None:
    assert (
        streamed(chunk("null", content="a "), chunk("", content="b"), chunk("stop")).stop == "stop"
    )
    collector = openai.Collector("")
    collector.take(chunk("null", content="a "))
    assert not collector.finished and collector.read() is None


def test_what_goes_on_after_its_reason_had_not_ended() -> None:
    collector = openai.Collector("")
    collector.take(chunk("stop", content="The dues "))
    assert collector.finished
    collector.take(chunk(content="are "))
    assert not collector.finished
    collector.take(chunk("stop", content="79.2"))
    collector.take(chunk(role="assistant", content=""))
    assert collector.finished


async def test_a_reason_in_every_piece_of_a_slow_stream_does_not_end_it(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentkit.endpoints.http.AFTER_FINISH_S", 0.3)

    async def slowly(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        for word in "The dues are 79.2".split():
            writer.write(f"data: {chunk('stop', content=word)}\n\n".encode())
            await writer.drain()
            await asyncio.sleep(0.15)
        writer.write(b"data: [DONE]\n\n")
        writer.close()

    model = connect("m", base_url=await serve(slowly), retries=0)
    found = await model(Request(thread=thread_of([Message(role="user", content="q")])), print)
    assert found.text == "Thedues are79.2".replace(" ", "")


def test_calls_without_ids_and_arguments_are_told_apart_by_name() -> None:
    calls = [call_of(name, "{}", index=0) for name in ("roll", "flip")]
    found = streamed(*(chunk(tool_calls=[one]) for one in calls), chunk(finish="tool_calls"))
    assert [call.name for call in found.calls] == ["roll", "flip"]


def test_blocks_that_share_an_index_are_all_kept() -> None:
    found = told(*events(text("I look."), use("a"), use("b"), stop="tool_use", index=0))
    assert found.text == "I look." and [call.name for call in found.calls] == ["a", "b"]


def test_the_other_dialects_end_mark_ends_a_stream() -> None:
    collector = anthropic.Collector("")
    collector.take("[DONE]")
    assert collector.done and collector.read() is None


def test_parts_are_text_thoughts_or_a_refusal() -> None:
    parts = [{"type": "reasoning", "text": "30 t"}, text("79"), ".2"]
    found = openai.read(reply({"content": parts}), "").reply
    assert (found.text, found.message.reasoning) == ("79.2", "30 t")
    refused = openai.read(reply({"content": [{"type": "refusal", "refusal": "No."}]}), "").reply
    assert (refused.text, refused.stop) == ("No.", "refusal")


@pytest.mark.parametrize(
    "error",
    [
        {"choices": [], "x_groq": {"error": "over capacity"}},
        {"choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit"}},
        {"status": 500, "title": "Internal Server Error"},
        {"fault": {"faultstring": "quota"}},
        {"errorMessage": "endpoint timed out"},
        {"status": "error"},
    ],
)
def test_an_error_under_a_gateways_own_name_is_one(error: dict[str, Any]) -> None:
    collector = openai.Collector("")
    collector.take(chunk(content="half"))
    with pytest.raises(ErrorInReply):
        collector.take(json.dumps(error))


@pytest.mark.parametrize(
    "harmless",
    [
        {"choices": [], "x_groq": {"id": "r"}},
        {"usage": {"prompt_tokens": 1}, "status": "completed"},
        {"base_resp": {"status_code": 0, "status_msg": "success"}},
        {"type": "ping"},
    ],
)
def test_other_news_of_a_gateway_harm_nobody(harmless: dict[str, Any]) -> None:
    assert streamed(chunk(content="a"), json.dumps(harmless), chunk(finish="stop")).text == "a"


@pytest.mark.parametrize(
    "told",
    [
        {"prompt_tokens": 10.0, "completion_tokens": 5.0},
        {"prompt_tokens": "10", "completion_tokens": "5"},
        {"input_tokens": 10, "output_tokens": 5},
    ],
)
def test_counts_are_read_in_other_spellings(told: dict[str, Any]) -> None:
    found = openai.read(reply({"content": "x"}, usage=told), "").reply.usage
    assert (found.tokens_in, found.tokens_out) == (10, 5)


def test_cached_tokens_that_are_counted_apart_make_no_price_negative() -> None:
    told = {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 500}}
    assert openai.usage(told).tokens_in == 510
    assert openai.usage({"prompt_tokens": 10, "prompt_cache_hit_tokens": 4}).tokens_cached == 4


@pytest.mark.parametrize(
    ("told", "tokens"),
    [
        # xAI counts thoughts apart, and Gemini in the sum alone.
        (
            {"completion_tokens_details": {"reasoning_tokens": 1000}, "total_tokens": 1015},
            (10, 1005),
        ),
        ({"completion_tokens_details": {"reasoning_tokens": 1000}}, (10, 1005)),
        ({"total_tokens": 1015}, (10, 1005)),
        ({"total_tokens": "1015"}, (10, 1005)),
        ({"completion_tokens_details": {"reasoning_tokens": 4}, "total_tokens": 15}, (10, 5)),
        ({"completion_tokens_details": {"reasoning_tokens": 5}}, (10, 5)),
        ({"total_tokens": 15}, (10, 5)),
        ({"total_tokens": 3}, (10, 5)),
        ({"total_tokens": -1}, (10, 5)),
        # Those from a cache may be apart, too.
        ({"prompt_tokens_details": {"cached_tokens": 8}, "total_tokens": 23}, (18, 5)),
        ({"prompt_tokens_details": {"cached_tokens": 500}, "total_tokens": 515}, (510, 5)),
        ({"prompt_tokens_details": {"cached_tokens": 8}, "total_tokens": 15}, (10, 5)),
    ],
)
def test_what_is_paid_is_counted_whatever_a_server_counts_it_with(
    told: dict[str, Any], tokens: tuple[int, int]
) -> None:
    found = openai.usage({"prompt_tokens": 10, "completion_tokens": 5, **told})
    assert (found.tokens_in, found.tokens_out) == tokens
    assert found.tokens_reasoning <= found.tokens_out and found.tokens_cached <= found.tokens_in


PNG = base64.b64encode(IMAGE.data).decode()
DRAWN = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}


@pytest.mark.parametrize(
    "said",
    [
        {"content": "The dues:", "images": [DRAWN]},
        {"content": [{"type": "text", "text": "The dues:"}, DRAWN]},
    ],
)
def test_images_in_a_reply_are_parts_of_its_content(said: dict[str, Any]) -> None:
    choice = {"message": {"role": "assistant", **said}, "finish_reason": "stop"}
    whole = openai.read({"choices": [choice]}, "salt").reply
    collector = openai.Collector("salt")
    collector.take(json.dumps({"choices": [{"delta": said}]}))
    collector.take(json.dumps({"choices": [{"delta": {}, "finish_reason": "stop"}]}))
    streamed = collector.read()
    assert streamed is not None
    for found in (whole, streamed.reply):
        words, image = found.message.content
        assert words == "The dues:" and isinstance(image, Image)
        assert image.data == base64.b64decode(PNG)


@pytest.mark.parametrize("url", ["nonsense", "data:image/png;base64,AAAA", {"url": 5}])
def test_an_image_in_a_reply_that_is_none_is_a_named_fault(url: Any) -> None:
    said = {"role": "assistant", "content": "", "images": [{"image_url": url}]}
    with pytest.raises(Malformed):
        openai.read({"choices": [{"message": said, "finish_reason": "stop"}]}, "salt")


def test_the_words_of_a_reply_that_was_spoken_are_its_text() -> None:
    spoken = {"role": "assistant", "content": None, "audio": {"id": "a", "transcript": "5 EUR"}}
    found = openai.read({"choices": [{"message": spoken, "finish_reason": "stop"}]}, "salt")
    assert found.reply.text == "5 EUR"


def test_counts_are_found_where_gateways_put_them() -> None:
    counts = {"prompt_tokens": 10, "completion_tokens": 5}
    nothing = json.dumps({"choices": [], "usage": {"prompt_tokens": 0, "completion_tokens": 0}})
    choice = {"index": 0, "delta": {}, "finish_reason": "stop"}
    for last in (
        {"choices": [choice], "x_groq": {"usage": counts}},
        {"choices": [{**choice, "usage": counts}]},
        {"choices": [choice], "usage": counts},
    ):
        found = streamed(chunk(content="a"), json.dumps(last), nothing).usage
        assert (found.tokens_in, found.tokens_out) == (10, 5)


def test_a_byte_order_mark_before_json_is_no_part_of_it() -> None:
    assert decode(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"message": "litellm.RateLimitError: AnthropicException", "code": "None"}, 429),
        ({"message": "Error code: 429 - {}"}, 429),
        ({"message": "slow", "code": "Throttling.RateQuota"}, 429),
        ({"message": "slow", "type": "ThrottlingException"}, 429),
        ({"message": "Loading model", "type": "unavailable_error"}, 503),
        ({"message": "The service is temporarily unavailable"}, 503),
        ({"message": "Upstream request timeout"}, 504),
        ({"message": "no more", "type": "exceeded_current_quota_error"}, 402),
        ({"message": "no such port"}, None),
    ],
)
def test_an_error_is_known_by_its_name_or_else_by_its_words(
    error: dict[str, Any], status: int | None
) -> None:
    assert complaints.status_of(error) == status


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ('{"error": {"message": "Please try again in 20s."}}', 20.0),
        ('{"error": {"message": "Please retry in 1m2.5s"}}', 62.5),
        ('[{"error": {"details": [{"retryDelay": "34s"}]}}]', 34.0),
        ('{"error": {"message": "try again in a moment"}}', None),
    ],
)
def test_the_time_to_wait_may_stand_in_the_body(body: str, seconds: float | None) -> None:
    error = failures.status_error(SITE, 429, {}, body.encode())
    assert isinstance(error, RateLimited) and error.context["retry_after_s"] == seconds
    told = failures.status_error(SITE, 429, {"retry-after": "3"}, body.encode())
    assert told.context["retry_after_s"] == 3.0


def test_a_time_to_wait_may_be_a_time_of_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentkit.endpoints.waits.time.time", lambda: 1_800_000_000.0)
    assert waits.wait_s({"retry-after": "1800000030"}) == 30.0
    assert waits.wait_s({"x-ratelimit-reset": "1800000020000"}) == 20.0
    assert waits.wait_s({"ratelimit-reset": "7"}) == 7.0


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (422, {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}),
        (400, {"error": {"message": "Unknown parameter", "param": "seed"}}),
        (501, {"error": {"message": "seed is not implemented"}}),
        (404, {"error": {"message": "No endpoints found that support seed"}}),
    ],
)
async def test_a_refused_field_is_known_wherever_the_server_names_it(
    status: int, refusal: dict[str, Any]
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "seed" in json.loads(request.content):
            return httpx.Response(status, json=refusal)
        return httpx.Response(200, json=reply({"content": "fine"}))

    transport = httpx.MockTransport(answer)
    model = connect("m", base_url="http://x/v1", seed=7, retries=0, transport=transport)
    found = await model(Request(thread=thread_of([Message(role="user", content="q")])))
    assert found.text == "fine"


def embedder(answer: dict[str, Any], **options: Any) -> tuple[Any, list[httpx.Request]]:
    """An embedding model whose server gives this answer, and what it was asked."""
    asked: list[httpx.Request] = []

    def reply_to(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if "encoding_format" in json.loads(request.content) and answer.get("refuses"):
            return httpx.Response(400, json={"error": {"message": "encoding_format?"}})
        return httpx.Response(200, json=answer)

    model = connect_embedder(**{"name": "m", "retries": 0, **options})
    model.transport = httpx.MockTransport(reply_to)  # type: ignore[attr-defined]
    return model, asked


VECTORS = {"data": [{"index": 0, "embedding": [1.0, 2.0]}]}
TEXTS = Request(thread=thread_of([Message(role="user", content="Amber")]))


@pytest.mark.parametrize("base", ["http://x/v1", "http://x/v1/embeddings"])
async def test_the_path_of_embeddings_is_appended_once(base: str) -> None:
    model, asked = embedder(VECTORS, base_url=base)
    assert (await model(TEXTS)).message.native == [[1.0, 2.0]]
    assert str(asked[0].url) == "http://x/v1/embeddings"


async def test_azures_embeddings_carry_its_own_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://name.openai.azure.com")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "azure-key")
    model, asked = embedder(VECTORS, name="azure:small")
    await model(TEXTS)
    assert asked[0].headers["api-key"] == "azure-key" and "authorization" not in asked[0].headers
    assert "/deployments/small/embeddings" in str(asked[0].url)


async def test_an_error_in_place_of_vectors_is_told() -> None:
    model, _ = embedder({"error": {"message": "slow", "code": 429}}, base_url="http://x/v1")
    with pytest.raises(RateLimited):
        await model(TEXTS)


async def test_embeddings_do_without_a_field_that_is_refused() -> None:
    model, asked = embedder({**VECTORS, "refuses": True}, base_url="http://x/v1")
    assert (await model(TEXTS)).message.native == [[1.0, 2.0]] and len(asked) == 2


@pytest.mark.parametrize("again", [1, 2])
def test_a_call_that_is_told_twice_is_one_call(again: int) -> None:
    pay = {"id": "c1", "type": "function", "function": {"name": "pay", "arguments": '{"eur": 1}'}}
    other = {**pay, "id": "c2"}
    said = {"tool_calls": [pay] * again + [other]}
    assert [c.id for c in openai.read(reply(said), "").reply.calls] == ["c1", "c2"]
    blocks = [use("c1", input={"eur": 1})] * again + [use("c2", input={"eur": 1})]
    found = anthropic.read(message(*blocks, stop="tool_use"), "").reply
    assert [c.id for c in found.calls] == ["c1", "c2"]
    told_so = told(*events(*blocks, stop="tool_use"))
    assert [c.id for c in told_so.calls] == ["c1", "c2"]
    item = {"type": "function_call", "call_id": "c1", "name": "pay", "arguments": '{"eur": 1}'}
    output = [{**item, "id": f"f{n}"} for n in range(again)] + [{**item, "call_id": "c2"}]
    whole = {"status": "completed", "output": output}
    assert [c.id for c in responses.read(whole, "").reply.calls] == ["c1", "c2"]


def test_calls_of_one_id_that_differ_are_all_made() -> None:
    calls = [
        {"id": "call", "function": {"name": "pay", "arguments": json.dumps({"eur": n})}}
        for n in (1, 2)
    ]
    found = openai.read(reply({"tool_calls": calls}), "").reply.calls
    assert [json.loads(one.arguments)["eur"] for one in found] == [1, 2]
    assert len({one.id for one in found}) == 2
