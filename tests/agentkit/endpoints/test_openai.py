from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.endpoints.dialect import ErrorInReply, NoAnswer
from agentkit.endpoints.openai import OPENAI, Collector, read
from agentkit.endpoints.openai_request import body
from agentkit.endpoints.shapes import Malformed, decode
from agentkit.messages import Message, ToolCall, canonical, thread_of
from agentkit.model import Options, Request, ToolSpec

ADD = ToolSpec(name="add", description="Adds.", parameters={"type": "object", "properties": {}})


def asked(*messages: Message, **fields: Any) -> dict[str, Any]:
    options = fields.pop("options", Options())
    return body(Request(thread=thread_of(messages), **fields), "m", options, False)


def reply(message: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"choices": [{"message": message, "finish_reason": "stop"}], **fields}


def chunk(finish: str | None = None, **delta: Any) -> str:
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def streamed(*chunks: str) -> Any:
    collector = Collector("salt")
    text = "".join(collector.take(piece) for piece in chunks)
    found = collector.read()
    assert found is not None and found.reply.text == text
    return found.reply


def call_of(name: Any, arguments: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **fields}


def test_a_conversation_with_tools_is_written_as_the_api_has_it() -> None:
    sent = asked(
        Message(role="system", content="Be brief."),
        Message(role="user", content="1+2?"),
        Message(role="assistant", calls=(ToolCall(id="c1", name="add", arguments='{"a":1}'),)),
        Message(role="tool", call_id="c1", content="3"),
        tools=(ADD,),
        options=Options(temperature=0.0, max_tokens=9, seed=7, extra={"top_p": 0.5}),
    )
    assert sent == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "1+2?"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [call_of("add", '{"a":1}', id="c1")],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "3"},
        ],
        "tools": [{"type": "function", "function": ADD.model_dump()}],
        "temperature": 0.0,
        "max_tokens": 9,
        "seed": 7,
        "top_p": 0.5,
    }


@pytest.mark.parametrize(
    ("content", "sent"), [("no such port", "Error: no such port"), ("Error: x", "Error: x")]
)
def test_a_failed_tool_says_so_in_words(content: str, sent: str) -> None:
    item = Message(role="tool", call_id="c", content=content, error=True)
    assert asked(item)["messages"][0]["content"] == sent


def test_an_output_schema_is_strict_only_where_that_keeps_its_meaning() -> None:
    tight = {
        "title": "My Answer!",
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
    }
    form = asked(output=tight)["response_format"]["json_schema"]
    assert form["strict"] and form["name"] == "My_Answer_"
    assert form["schema"]["additionalProperties"] is False
    loose = {**tight, "required": []}
    form = asked(output=loose)["response_format"]["json_schema"]
    assert (form["strict"], form["schema"]) == (False, loose)


def test_streaming_asks_for_the_usage_too() -> None:
    sent = body(Request(thread=()), "m", Options(), True)
    assert sent["stream"] and sent["stream_options"] == {"include_usage": True}


def test_a_plain_reply_is_read() -> None:
    value = reply(
        {"role": "assistant", "content": "hi", "refusal": None},
        model="gpt-x",
        usage={
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 3},
        },
    )
    found = read(value, "salt").reply
    assert (found.text, found.stop, found.model) == ("hi", "stop", "gpt-x")
    usage = found.usage
    assert (usage.tokens_in, usage.tokens_out, usage.tokens_cached, usage.calls) == (10, 5, 4, 1)


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "refusal"),
        ("eos", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "refusal"),
        ("whatever", "other"),
        (None, "other"),
    ],
)
def test_finish_reasons(reason: str | None, stop: str) -> None:
    value = {"choices": [{"message": {"content": "x"}, "finish_reason": reason}]}
    assert read(value, "").reply.stop == stop


@pytest.mark.parametrize(
    ("message", "finish"),
    [
        ({"content": ""}, "stop"),
        ({"content": "half"}, "error"),
        ({"content": None}, "MALFORMED_FUNCTION_CALL"),
        ({"content": None}, "content_filter"),
        ({"content": "<think>hm</think>"}, "stop"),
        ({"reasoning_content": "hm"}, "stop"),
        ({"tool_calls": [call_of("add", '{"a": 1')]}, "whatever"),
    ],
)
def test_what_is_no_answer_is_not_given_as_one(message: dict[str, Any], finish: str) -> None:
    with pytest.raises(NoAnswer):
        read({"choices": [{"message": message, "finish_reason": finish}]}, "")


def test_a_call_in_what_a_filter_broke_off_is_not_made() -> None:
    message = {"content": "I", "tool_calls": [call_of("add", "{}")]}
    found = read({"choices": [{"message": message, "finish_reason": "content_filter"}]}, "").reply
    assert (found.calls, found.stop) == ((), "refusal")


@pytest.mark.parametrize(
    "said",
    [
        {"reasoning_content": "hm"},
        {"reasoning": "hm"},
        {"reasoning": "hm", "reasoning_content": "hm"},
        {"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]},
        {"content": "<think>\nhm\n</think>\n\nYes."},
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                {"type": "text", "text": "Yes."},
            ]
        },
    ],
)
def test_what_was_thought_is_told_apart_from_the_answer(said: dict[str, Any]) -> None:
    message = {"content": "Yes.", **said}
    whole = read(reply(message), "").reply.message
    collector = Collector("")
    for name, value in message.items():
        collector.take(chunk(**{name: value}))
    collector.take(chunk(finish="stop"))
    found = collector.read()
    assert found is not None
    for message in (whole, found.reply.message):
        assert (message.content, message.reasoning) == ("Yes.", "hm")


def piece(arguments: str | None, name: str | None = None, **fields: Any) -> dict[str, Any]:
    function = {"name": name} if name else {}
    return {"function": {**function, "arguments": arguments}, **fields}


@pytest.mark.parametrize(
    ("pieces", "calls"),
    [
        (
            [piece('{"a":1}', "add", index=0, id="x"), piece('{"a":2}', "add", index=0, id="y")],
            [("add", '{"a":1}'), ("add", '{"a":2}')],
        ),
        (
            [piece("", "add", index=0, id="x"), piece("", "sub", index=0, id="y")],
            [("add", "{}"), ("sub", "{}")],
        ),
        (
            [piece('{"a":1}', "add", index=0), piece('{"a":2}', "add", index=0)],
            [("add", '{"a":1}'), ("add", '{"a":2}')],
        ),
        (
            [piece('{"a', "add", index=0, id="x"), piece('":1}', "add", index=0, id="y")],
            [("add", '{"a":1}')],
        ),
        (
            [piece('{"a', "add", index=0, id="x"), piece('":1}', index=0, id="y")],
            [("add", '{"a":1}')],
        ),
        ([piece('{"a":1}', "add", index=0, id="x")] * 2, [("add", '{"a":1}')]),
        ([piece('{"a":1}', "add", id="x")] * 2, [("add", '{"a":1}')]),
        *(
            (
                [
                    piece("", "add", index=form(0), id="x"),
                    piece("", "sub", index=form(1), id="y"),
                    piece('{"a":1}', index=form(0)),
                    piece('{"b":2}', index=form(1)),
                ],
                [("add", '{"a":1}'), ("sub", '{"b":2}')],
            )
            for form in (float, str)
        ),
        ([piece("{}", "add", index=0), piece('{"a":1}', index=0)], [("add", '{"a":1}')]),
        (
            [
                piece('{"a', "add", index=0, id="x"),
                piece('{"b', "sub", index=1, id="y"),
                piece('":1}', index=0),
                piece('":2}', index=1),
            ],
            [("add", '{"a":1}'), ("sub", '{"b":2}')],
        ),
    ],
)
def test_calls_are_told_apart_as_servers_number_them(
    pieces: list[dict[str, Any]], calls: list[tuple[str, str]]
) -> None:
    collector = Collector("salt")
    for one in pieces:
        collector.take(chunk(tool_calls=[one]))
    collector.take(chunk(finish="tool_calls"))
    found = collector.read()
    assert found is not None
    assert [(call.name, call.arguments) for call in found.reply.calls] == calls
    assert len({call.id for call in found.reply.calls}) == len(calls)


def test_an_error_in_a_delta_is_one_although_the_choice_ended_well() -> None:
    collector = Collector("salt")
    collector.take(chunk(content="Hal"))
    with pytest.raises(ErrorInReply):
        collector.take(chunk(error={"message": "overloaded"}, finish="stop"))


def test_of_several_choices_one_is_read() -> None:
    def both(first: str, second: str) -> str:
        texts = enumerate((first, second))
        return json.dumps({"choices": [{"index": n, "delta": {"content": t}} for n, t in texts]})

    found = streamed(both("a", "x"), both("b", "y"), chunk(finish="stop"), "[DONE]")
    assert found.text == "ab"


def test_a_refusal_is_the_text_and_the_reason() -> None:
    found = read(reply({"content": None, "refusal": "I will not."}), "").reply
    assert (found.text, found.stop) == ("I will not.", "refusal")


def test_parallel_calls_are_read_also_where_servers_bend_the_rules() -> None:
    calls = [
        call_of("add", '{"a": 1}', id="c1"),
        call_of("add", {"b": 2, "a": 1}, id="c1"),
        call_of("now", None),
        call_of("now", "", id=""),
        call_of("bad", '{"a": ', id="c5"),
    ]
    first = read(reply({"content": None, "tool_calls": calls}), "salt").reply
    assert first.stop == "tools"
    arguments = ['{"a": 1}', '{"a":1,"b":2}', "{}", "{}", '{"a": ']
    assert [call.arguments for call in first.calls] == arguments
    ids = [call.id for call in first.calls]
    assert ids[0] == "c1" and ids[4] == "c5" and len(set(ids)) == 5
    again = read(reply({"content": None, "tool_calls": calls}), "salt").reply
    assert again == first
    later = read(reply({"content": None, "tool_calls": calls}), "another turn").reply
    assert {call.id for call in later.calls} & set(ids) == {"c1", "c5"}


def test_content_in_parts_is_joined() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "thinking"}, {"type": "text", "text": "b"}]
    assert read(reply({"content": parts}), "").reply.text == "ab"


def test_what_a_server_wants_back_goes_back_to_it_verbatim() -> None:
    signed = {"google": {"thought_signature": "abc"}}
    calls = [call_of("add", "{}", id="c1", extra_content=signed)]
    details = [{"type": "reasoning.encrypted", "data": "xyz"}]
    value = reply({"content": "", "tool_calls": calls, "reasoning_details": details})
    answer = read(value, "").reply.message
    sent = asked(answer)["messages"][0]
    assert sent["tool_calls"][0]["extra_content"] == signed
    assert sent["reasoning_details"] == details


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"choices": []},
        {"choices": [None]},
        {"choices": {}},
        {"choices": [{"message": None}]},
        reply({"content": 3}),
        reply({"tool_calls": [{"function": {"name": "", "arguments": "{}"}}]}),
        reply({"tool_calls": {"a": 1}}),
    ],
)
def test_wrong_shapes_are_named(value: Any) -> None:
    with pytest.raises(Malformed):
        read(value, "")


@pytest.mark.parametrize(
    "value", [{"error": "no"}, {"error": {"message": "x"}}, {"choices": [{"error": {"code": 502}}]}]
)
def test_an_error_in_a_success_is_an_error(value: Any) -> None:
    with pytest.raises(ErrorInReply):
        read(value, "")


def test_a_stream_gives_the_same_reply_as_no_stream() -> None:
    found = streamed(
        chunk(role="assistant", content=""),
        chunk(content="Let me "),
        chunk(content="add."),
        chunk(tool_calls=[{"index": 0, **call_of("add", "", id="c1")}]),
        chunk(tool_calls=[{"index": 1, **call_of("sub", "", id="c2")}]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"a":'}}]),
        chunk(tool_calls=[{"index": 1, "function": {"arguments": "{}"}}]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": "1}"}}]),
        chunk(finish="tool_calls"),
        json.dumps({"choices": [], "model": "m", "usage": {"prompt_tokens": 3}}),
        "[DONE]",
    )
    whole = read(
        {
            "choices": [
                {
                    "message": {
                        "content": "Let me add.",
                        "tool_calls": [
                            call_of("add", '{"a":1}', id="c1"),
                            call_of("sub", "{}", id="c2"),
                        ],
                    },
                    "finish_reason": "tool_calls",
                }
            ],
            "model": "m",
            "usage": {"prompt_tokens": 3},
        },
        "salt",
    ).reply
    assert found == whole


def test_streamed_calls_without_index_are_told_apart_by_id_and_name() -> None:
    found = streamed(
        chunk(tool_calls=[call_of("add", '{"a"', id="c1")]),
        chunk(tool_calls=[{"function": {"arguments": ":1}"}}]),
        chunk(tool_calls=[call_of("add", {"a": 2}, id="c2"), call_of("now", None)]),
        chunk(finish="stop"),
        "[DONE]",
    )
    assert [(c.name, c.arguments) for c in found.calls] == [
        ("add", '{"a":1}'),
        ("add", '{"a":2}'),
        ("now", "{}"),
    ]
    assert len({c.id for c in found.calls}) == 3 and found.stop == "tools"


def test_a_streamed_refusal_is_a_refusal() -> None:
    collector = Collector("")
    chunks = (chunk(refusal="I "), chunk(refusal="won't"), chunk(finish="stop"), "[DONE]")
    assert "".join(map(collector.take, chunks)) == "I won't"
    found = collector.read()
    assert found and (found.reply.text, found.reply.stop) == ("I won't", "refusal")


def test_a_stream_that_was_cut_has_no_reply() -> None:
    collector = Collector("")
    collector.take(chunk(content="half of"))
    assert collector.read() is None


@pytest.mark.parametrize(
    ("fields", "words", "field"),
    [
        (
            {"max_tokens": 5},
            "Unsupported parameter: 'max_tokens' ... Use 'max_completion_tokens' instead.",
            {"max_completion_tokens": 5},
        ),
        (
            {"max_completion_tokens": 5},
            "Extra inputs are not permitted: max_completion_tokens",
            {"max_tokens": 5},
        ),
        ({"stream_options": {}}, "unknown field stream_options", {}),
        ({"seed": 7}, "[{'loc': ['body', 'seed'], 'msg': 'extra inputs'}]", {}),
        (
            {"messages": [{"content": None, "tool_calls": []}, {"content": "x"}]},
            "messages[0].content: input should be a string",
            {"messages": [{"content": "", "tool_calls": []}, {"content": "x"}]},
        ),
    ],
)
def test_a_field_that_a_server_refuses_is_put_its_way(
    fields: dict[str, Any], words: str, field: dict[str, Any]
) -> None:
    cure = OPENAI.cure(fields, words)
    assert cure is not None
    assert OPENAI.adapt(fields, cure) == field


@pytest.mark.parametrize("system", ["", "Be brief."])
def test_a_schema_that_a_server_cannot_be_bound_to_is_told_in_words(system: str) -> None:
    texts = [Message(role="system", content=system)] if system else []
    sent = asked(*texts, Message(role="user", content="x"), output={"type": "object"})
    cure = OPENAI.cure(sent, "response_format.type: input should be 'text' or 'json_object'")
    assert cure == "json_object"
    adapted = OPENAI.adapt(sent, cure)
    assert adapted["response_format"] == {"type": "json_object", "schema": {"type": "object"}}
    told, user = adapted["messages"]
    assert told["content"].startswith(system) and '{"type":"object"}' in told["content"]
    assert user == {"role": "user", "content": "x"}


def test_a_refusal_for_other_reasons_has_no_cure() -> None:
    assert OPENAI.cure({"max_tokens": 5, "model": "m"}, "the model does not exist") is None


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "choices message content tool_calls function name arguments id index usage delta "
                "finish_reason error prompt_tokens prompt_tokens_details refusal extra_content "
                "reasoning_details type text usage input partial_json content_block".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None)
@given(JSON_VALUES)
def test_any_json_is_a_reply_or_a_named_fault(value: Any) -> None:
    for candidate in (value, {"choices": [{"message": value}]}, {"choices": [value]}):
        try:
            found = read(decode(json.dumps(candidate)), "salt")
        except (Malformed, ErrorInReply, NoAnswer):
            continue
        canonical(found.reply.model_dump()).encode()


@settings(max_examples=150, deadline=None)
@given(st.lists(JSON_VALUES, max_size=4))
def test_any_chunks_are_a_reply_or_a_named_fault(values: list[Any]) -> None:
    collector = Collector("salt")
    try:
        for value in values:
            collector.take(json.dumps({"choices": [{"delta": value}], "usage": value}))
        collector.take(chunk(finish="stop"))
        collector.take("[DONE]")
        found = collector.read()
    except (Malformed, ErrorInReply, NoAnswer):
        return
    assert found is not None
    canonical(found.reply.model_dump()).encode()
