from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.endpoints.anthropic import ANTHROPIC, Collector, read
from agentkit.endpoints.anthropic_request import blocks, body
from agentkit.endpoints.connect import connect
from agentkit.endpoints.dialect import ErrorInReply, NoAnswer
from agentkit.endpoints.shapes import Malformed
from agentkit.messages import Message, ToolCall, canonical, thread_of
from agentkit.model import Options, Request, ToolSpec

THINKING = {"type": "thinking", "thinking": "hm", "signature": "sig=="}


def asked(*messages: Message, **fields: Any) -> dict[str, Any]:
    options = fields.pop("options", Options())
    return body(Request(thread=thread_of(messages), **fields), "claude", options, False)


def calls(*ids: str) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(id=id_, name="add", arguments='{"a": 1}') for id_ in ids)


def event(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields})


def test_system_texts_go_out_of_the_turns() -> None:
    sent = asked(
        Message(role="system", content="One."),
        Message(role="user", content="hi"),
        Message(role="system", content="Two."),
        options=Options(max_tokens=9, temperature=0.5, seed=3, extra={"top_k": 5}),
    )
    assert sent == {
        "model": "claude",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
        "system": "One.\n\nTwo.",
        "temperature": 0.5,
        "top_k": 5,
    }
    assert asked(Message(role="user", content="hi"))["max_tokens"] == 4096


def test_results_of_parallel_calls_stand_together_before_further_words() -> None:
    sent = asked(
        Message(role="user", content="go"),
        Message(role="assistant", content="", calls=calls("a", "b")),
        Message(role="tool", call_id="a", content="1"),
        Message(role="tool", call_id="b", content="no", error=True),
        Message(role="user", content="and?"),
        tools=(ToolSpec(name="add", description="Adds.", parameters={"type": "object"}),),
    )
    assert [turn["role"] for turn in sent["messages"]] == ["user", "assistant", "user"]
    used = {"type": "tool_use", "name": "add", "input": {"a": 1}}
    assert sent["messages"][1]["content"] == [{**used, "id": "a"}, {**used, "id": "b"}]
    first, second, words = sent["messages"][2]["content"]
    assert first == {
        "type": "tool_result",
        "tool_use_id": "a",
        "content": [{"type": "text", "text": "1"}],
    }
    assert second["is_error"] and second["tool_use_id"] == "b"
    assert words == {"type": "text", "text": "and?"}
    assert sent["tools"][0]["input_schema"] == {"type": "object"}


def test_ids_and_arguments_of_other_endpoints_fit_the_rules() -> None:
    call = ToolCall(id="call:1/x", name="add", arguments='{"a": ')
    sent = asked(
        Message(role="assistant", calls=(call,)),
        Message(role="tool", call_id="call:1/x", content=""),
    )
    used, result = sent["messages"][0]["content"][0], sent["messages"][1]["content"][0]
    assert used["id"] == result["tool_use_id"] == "call_1_x"
    assert used["input"] == {"malformed": '{"a": '} and result["content"] == []


def test_a_schema_is_closed_and_its_bounds_become_words() -> None:
    schema = {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 1},
            "when": {"type": "string", "format": "date"},
        },
    }
    form = asked(Message(role="user", content="x"), output=schema)["output_config"]["format"]
    assert form["type"] == "json_schema" and form["schema"]["additionalProperties"] is False
    assert form["schema"]["properties"] == {
        "n": {"type": "integer", "description": "{minimum: 1}"},
        "when": {"type": "string", "format": "date"},
    }


def test_a_schema_without_such_a_form_is_asked_for_in_words() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    sent = asked(Message(role="system", content="S."), output=schema)
    assert "output_config" not in sent
    assert sent["system"].startswith("S.\n\n") and canonical(schema) in sent["system"]


def test_a_server_without_structured_output_is_asked_in_words() -> None:
    sent = asked(Message(role="user", content="x"), output={"type": "object", "properties": {}})
    cure = ANTHROPIC.cure(sent, "output_config: Extra inputs are not permitted")
    assert cure is not None
    assert "JSON Schema" in ANTHROPIC.adapt(sent, cure)["system"]
    assert ANTHROPIC.cure(sent, "max_tokens: too large") is None


def test_a_reply_with_thinking_goes_back_verbatim() -> None:
    content = [
        THINKING,
        {"type": "text", "text": "I add."},
        {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}},
    ]
    found = read(
        {
            "content": content,
            "stop_reason": "tool_use",
            "model": "claude-x",
            "usage": {
                "input_tokens": 10,
                "cache_read_input_tokens": 5,
                "cache_creation_input_tokens": 3,
                "output_tokens": 7,
            },
        },
        "salt",
    )
    reply = found.reply
    assert (reply.text, reply.stop, reply.model) == ("I add.", "tools", "claude-x")
    assert reply.calls == (ToolCall(id="t1", name="add", arguments='{"a":1}'),)
    usage = reply.usage
    assert (usage.tokens_in, usage.tokens_cached, usage.tokens_out) == (18, 5, 7)
    assert usage.tokens_written == 3
    assert asked(reply.message)["messages"][0]["content"] == content


def test_a_plain_reply_keeps_nothing_twice() -> None:
    value = {"content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"}
    assert read(value, "").reply.message == Message(role="assistant", content="hi")


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "refusal"),
        ("pause_turn", "other"),
        (None, "other"),
    ],
)
def test_stop_reasons(reason: str | None, stop: str) -> None:
    value = {"content": [{"type": "text", "text": "x"}], "stop_reason": reason}
    assert read(value, "").reply.stop == stop


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"content": "x"},
        {"content": [3]},
        {"content": [{"text": "x"}]},
        {"content": [{"type": "text", "text": {}}]},
        {"content": [{"type": "tool_use", "id": "x"}]},
    ],
)
def test_wrong_shapes_are_named(value: Any) -> None:
    with pytest.raises(Malformed):
        read(value, "")


STREAM = [
    event(
        "message_start",
        message={"model": "claude-x", "content": [], "usage": {"input_tokens": 9}},
    ),
    event("ping"),
    event("content_block_start", index=0, content_block={"type": "thinking", "thinking": ""}),
    event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "hm"}),
    event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "sig=="}),
    event("content_block_stop", index=0),
    event("content_block_start", index=1, content_block={"type": "text", "text": ""}),
    event("content_block_delta", index=1, delta={"type": "text_delta", "text": "I "}),
    event("content_block_delta", index=1, delta={"type": "text_delta", "text": "add."}),
    event("content_block_stop", index=1),
    event(
        "content_block_start",
        index=2,
        content_block={"type": "tool_use", "id": "t1", "name": "add", "input": {}},
    ),
    event("content_block_delta", index=2, delta={"type": "input_json_delta", "partial_json": ""}),
    event(
        "content_block_delta", index=2, delta={"type": "input_json_delta", "partial_json": '{"a":'}
    ),
    event("content_block_delta", index=2, delta={"type": "input_json_delta", "partial_json": "1}"}),
    event("content_block_stop", index=2),
    event("a_kind_of_the_future", index=3),
    event("message_delta", delta={"stop_reason": "tool_use"}, usage={"output_tokens": 4}),
    event("message_stop"),
]


def test_a_stream_gives_the_same_reply_as_no_stream() -> None:
    collector = Collector("salt")
    assert [piece for piece in map(collector.take, STREAM) if piece] == ["I ", "add."]
    assert collector.done
    whole = read(
        {
            "content": [
                THINKING,
                {"type": "text", "text": "I add."},
                {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 1}},
            ],
            "stop_reason": "tool_use",
            "model": "claude-x",
            "usage": {"input_tokens": 9, "output_tokens": 4},
        },
        "salt",
    )
    assert collector.read() == whole


@pytest.mark.parametrize("length", range(len(STREAM) - 2))
def test_a_stream_cut_anywhere_has_no_reply(length: int) -> None:
    collector = Collector("salt")
    for piece in STREAM[:length]:
        collector.take(piece)
    assert collector.read() is None


def test_an_error_in_a_stream_is_an_error() -> None:
    with pytest.raises(ErrorInReply):
        Collector("").take(event("error", error={"type": "overloaded_error", "message": "busy"}))


def pieces(*changed: dict[str, Any], times: int = 1) -> list[str]:
    """A reply of words and a call, whose events of one kind are changed."""
    words = {"type": "text", "text": ""}
    call = {"type": "tool_use", "id": "t1", "name": "add", "input": {}}
    said = [{"type": "text_delta", "text": "I add."}]
    told = [{"type": "input_json_delta", "partial_json": one} for one in ('{"a"', ": 1}")]
    found = [{"type": "message_start", "message": {"model": "m"}}]
    for index, (block, deltas) in enumerate([(words, said), (call, told)]):
        begun = {"type": "content_block_start", "index": index, "content_block": block}
        found += [begun] * (times if block is call else 1)
        found += [{"type": "content_block_delta", "index": index, "delta": one} for one in deltas]
        found.append({"type": "content_block_stop", "index": index})
    found.append({"type": "message_delta", "delta": {"stop_reason": "tool_use"}})
    return [
        json.dumps({**one, **next((c for c in changed if c["type"] == one["type"]), {})})
        for one in found
    ]


@pytest.mark.parametrize(
    "told",
    [
        pieces(),
        pieces(times=2),
        pieces({"type": "content_block_delta", "index": None}),
        pieces(
            {"type": "content_block_delta", "index": None},
            {"type": "content_block_start", "index": None},
        ),
        [one.replace('"index": 1', '"index": "1"') for one in pieces()],
    ],
    ids=["as is", "begun twice", "no numbers of pieces", "no numbers", "numbers as text"],
)
def test_a_call_is_made_once_as_it_was_written_however_blocks_are_numbered(told: list[str]) -> None:
    collector = Collector("salt")
    assert "".join(map(collector.take, told)) == "I add."
    found = collector.read()
    assert found is not None and found.reply.text == "I add."
    assert [(one.name, json.loads(one.arguments)) for one in found.reply.calls] == [
        ("add", {"a": 1})
    ]


@pytest.mark.parametrize("number", [0, 1])
def test_pieces_in_a_block_of_another_kind_are_a_named_fault(number: int) -> None:
    collector = Collector("salt")
    with pytest.raises(Malformed):
        for one in pieces({"type": "content_block_delta", "index": number}):
            collector.take(one)


def test_a_stream_that_begins_anew_in_the_middle_is_a_named_fault() -> None:
    collector = Collector("salt")
    with pytest.raises(Malformed, match="begins anew"):
        for one in [*pieces()[:3], *pieces()]:
            collector.take(one)


KEYS = (
    "type content text id name input index delta content_block message usage thinking signature "
    "partial_json stop_reason citation error output_tokens"
).split()
KINDS = st.sampled_from(
    "text tool_use thinking message_start content_block_start content_block_delta message_delta "
    "input_json_delta text_delta citations_delta signature_delta message_stop".split()
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.text() | KINDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(VALUES, max_size=4))
def test_any_json_is_a_reply_or_a_named_fault(values: list[Any]) -> None:
    for value in [*values, {"content": values}]:
        try:
            found = read(value, "salt")
        except (Malformed, ErrorInReply, NoAnswer):
            continue
        canonical(found.reply.model_dump()).encode("utf-8", "surrogatepass")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5), max_size=6))
def test_any_events_are_a_reply_or_a_named_fault(events: list[Any]) -> None:
    collector = Collector("salt")
    try:
        for item in events:
            collector.take(json.dumps(item))
        collector.take(event("message_delta", delta={"stop_reason": "end_turn"}))
        collector.take(event("message_stop"))
        found = collector.read()
    except (Malformed, ErrorInReply, NoAnswer):
        return
    assert found is not None
    canonical(found.reply.model_dump()).encode("utf-8", "surrogatepass")


def test_blocks_that_say_something_else_than_their_message_are_not_sent() -> None:
    own = [{"type": "thinking", "thinking": "hm", "signature": "S"}, {"type": "text", "text": "40"}]
    kept = Message(role="assistant", content="40", native={"anthropic": own})
    edited = kept.model_copy(update={"content": "42"})
    assert blocks(kept) == own
    assert blocks(edited) == [{"type": "text", "text": "42"}]
    called = [*own, {"type": "tool_use", "id": "t", "name": "look", "input": {}}]
    assert blocks(kept.model_copy(update={"native": {"anthropic": called}})) == [own[1]]


SEARCH = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "dues"}}


def paused(*content: Any, reason: str = "pause_turn", **fields: Any) -> dict[str, Any]:
    usage = {"input_tokens": 10, "output_tokens": 5}
    return {"content": list(content), "stop_reason": reason, "usage": usage, **fields}


def streamed(reply: dict[str, Any]) -> bytes:
    """A whole reply as a stream of events."""
    told = [event("message_start", message={"model": "m", "usage": reply["usage"]})]
    for index, block in enumerate(reply["content"]):
        text = block.get("text")
        empty = {**block, "text": ""} if text else block
        told.append(event("content_block_start", index=index, content_block=empty))
        if text:
            piece = {"type": "text_delta", "text": text}
            told.append(event("content_block_delta", index=index, delta=piece))
    ended = {"stop_reason": reply["stop_reason"], "container": reply.get("container")}
    told += [event("message_delta", delta=ended), event("message_stop")]
    return "".join(f"data: {one}\n\n" for one in told).encode()


@pytest.mark.parametrize("stream", [False, True])
async def test_a_turn_that_pauses_goes_on_and_is_one_reply(stream: bool) -> None:
    replies = [
        paused(SEARCH, container={"id": "c1", "expires_at": "x"}),
        paused({"type": "text", "text": "I look. "}),
        paused({"type": "text", "text": "79.2 EUR."}, reason="end_turn"),
    ]
    asked_for: list[dict[str, Any]] = []
    keys: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked_for.append(json.loads(request.content))
        keys.append(request.headers["idempotency-key"])
        reply = replies[len(asked_for) - 1]
        if stream:
            kind = {"content-type": "text/event-stream"}
            return httpx.Response(200, content=streamed(reply), headers=kind)
        return httpx.Response(200, json=reply)

    model = connect(
        "m", base_url="http://h", dialect="anthropic", retries=0,
        transport=httpx.MockTransport(answer),
    )  # fmt: skip
    heard: list[str] = []
    asking = Request(thread=thread_of([Message(role="user", content="?")]), key="k")
    reply = await model(asking, heard.append if stream else None)
    assert (reply.text, reply.stop) == ("I look. 79.2 EUR.", "stop")
    assert reply.usage.calls == 3 and reply.usage.tokens_in == 30
    assert "".join(heard) == (reply.text if stream else "")
    first, second, third = asked_for
    assert "container" not in first and second["container"] == third["container"] == "c1"
    assert [one["role"] for one in third["messages"]] == ["user", "assistant"]
    assert third["messages"][1]["content"] == [SEARCH, {"type": "text", "text": "I look. "}]
    assert len(set(keys)) == 3
    sent = asked(Message(role="user", content="?"), reply.message)
    assert len(sent["messages"][1]["content"]) == 3, "all of it goes back with the next turn"


async def test_a_turn_that_pauses_for_ever_is_taken_as_it_is() -> None:
    count = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        return httpx.Response(200, json=paused({"type": "text", "text": "."}))

    model = connect(
        "m", base_url="http://h", dialect="anthropic", retries=0,
        transport=httpx.MockTransport(answer),
    )  # fmt: skip
    reply = await model(Request(thread=thread_of([Message(role="user", content="?")])))
    assert count == 10 and (reply.text, reply.stop) == ("." * 10, "other")
