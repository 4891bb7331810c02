"""OpenAI's Responses as a dialect: as the official client types it, to servers that speak it."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import openai
import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response as Official
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from pydantic import BaseModel, TypeAdapter
from starlette.applications import Starlette
from starlette.requests import Request as Asked
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agentkit import Agent, tool
from agentkit.endpoints.connect import connect
from agentkit.endpoints.dialect import ErrorInReply, NoAnswer
from agentkit.endpoints.prices import per_million
from agentkit.endpoints.responses import RESPONSES, Collector, read
from agentkit.endpoints.responses_request import body
from agentkit.endpoints.shapes import Malformed
from agentkit.errors import ReplyCut, SetupError, UnsupportedPart
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Message, ToolCall, thread_of
from agentkit.model import Options, Reply, Request, ToolSpec
from agentkit.parts import Data, Image
from agentkit.sim import server as sim
from tests.agentkit.endpoints.test_parts_sent import FAR, FAR_PDF, IMAGE, PDF, SOUND, TEXT, listed

PARAMS: TypeAdapter[Any] = TypeAdapter(ResponseCreateParamsNonStreaming)
THOUGHT = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "Look it up."}],
    "encrypted_content": "gAAAA1",
    "status": None,
}
COMMENT = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "phase": "commentary",
    "content": [{"type": "output_text", "text": "I look it up.", "annotations": []}],
}
CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "tariff",
    "arguments": '{"port": "Amber", "tonnes": 30}',
    "status": "completed",
}
ANSWER = {**COMMENT, "id": "msg_2", "phase": "final_answer"}
ANSWER["content"] = [{"type": "output_text", "text": "79.2 EUR.", "annotations": []}]
USAGE = {
    "input_tokens": 1000,
    "input_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 300},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 40},
    "total_tokens": 1050,
}


def response(*output: Any, **fields: Any) -> dict[str, Any]:
    plain = {
        "id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-5", "error": None,
        "status": "completed", "output": list(output), "usage": USAGE, "tools": [],
        "tool_choice": "auto", "parallel_tool_calls": True, "incomplete_details": None,
    }  # fmt: skip
    return {**plain, **fields}


def asked(*messages: Message, **fields: Any) -> dict[str, Any]:
    """A body, which the official types know to the last field."""
    options = fields.pop("options", Options())
    sent = body(Request(thread=thread_of(messages), **fields), "gpt-5", options, False)
    sent = json.loads(json.dumps(sent))
    assert listed(PARAMS.validate_python(sent)) == sent
    return dict(sent)


def answered(*output: Any, **fields: Any) -> Reply:
    told = response(*output, **fields)
    Official.model_validate(told)
    return read(told, "salt").reply


def test_a_request_says_what_it_may_and_stores_nothing() -> None:
    sent = asked(
        Message(role="system", content="One."),
        Message(role="user", content="hi"),
        Message(role="system", content="Two."),
        tools=(ToolSpec(name="add", description="Adds.", parameters={"type": "object"}),),
        output={"type": "object", "title": "N", "properties": {}, "required": []},
        options=Options(
            max_tokens=9, temperature=0.5, reasoning_effort="low", tool_choice="add", seed=3,
            extra={"verbosity": "low", "reasoning": {"summary": "auto"}},
        ),
    )  # fmt: skip
    assert sent["instructions"] == "One."
    assert sent["input"] == [
        {"role": "user", "content": "hi"},
        {"role": "system", "content": "Two."},
    ]
    assert sent["store"] is False and sent["include"] == ["reasoning.encrypted_content"]
    assert sent["tools"] == [
        {"type": "function", "name": "add", "description": "Adds.",
         "parameters": {"type": "object"}, "strict": False}
    ]  # fmt: skip
    form = sent["text"]["format"]
    assert form["type"] == "json_schema" and form["name"] == "N" and form["strict"] is True
    assert sent["text"]["verbosity"] == "low" and "verbosity" not in sent
    assert sent["reasoning"] == {"effort": "low", "summary": "auto"}
    assert sent["max_output_tokens"] == 9 and sent["temperature"] == 0.5
    assert sent["tool_choice"] == {"type": "function", "name": "add"} and "seed" not in sent


def test_parts_are_sent_in_the_forms_that_the_types_have() -> None:
    said = [
        Message(role="user", content=["What?", IMAGE, FAR, PDF, FAR_PDF, TEXT, Data({"t": 1})]),
        Message(role="assistant", calls=(ToolCall(id="c", name="draw", arguments="{}"),)),
        Message(role="tool", call_id="c", content=["Drawn.", IMAGE]),
    ]
    user, call, result = asked(*said)["input"]
    kinds = [one["type"] for one in user["content"]]
    assert kinds == [
        *("input_text", "input_image", "input_image", "input_file", "input_file"),
        *("input_text", "input_text"),
    ]
    assert user["content"][2]["image_url"] == FAR.url
    assert user["content"][3]["filename"] == "a.pdf"
    assert user["content"][4] == {"type": "input_file", "file_url": FAR_PDF.url}
    assert call == {"type": "function_call", "call_id": "c", "name": "draw", "arguments": "{}"}
    assert [one["type"] for one in result["output"]] == ["input_text", "input_image"]
    with pytest.raises(UnsupportedPart, match="audio/wav"):
        asked(Message(role="user", content=[SOUND]))
    for role in ("system", "assistant"):
        with pytest.raises(UnsupportedPart, match="text alone"):
            asked(Message(role=role, content=["Look:", IMAGE]))  # type: ignore[arg-type]


def test_a_failed_tool_is_told_in_words() -> None:
    call = Message(role="assistant", calls=(ToolCall(id="c", name="pay", arguments="{}"),))
    failed = Message(role="tool", call_id="c", content="no such order", error=True)
    assert asked(call, failed)["input"][1]["output"] == "Error: no such order"


def test_a_reply_with_a_thought_goes_back_verbatim() -> None:
    reply = answered(THOUGHT, COMMENT, CALL)
    assert (reply.text, reply.stop, reply.message.reasoning) == (
        "I look it up.", "tools", "Look it up.",
    )  # fmt: skip
    assert reply.calls == (ToolCall(id="call_1", name="tariff", arguments=CALL["arguments"]),)
    usage = reply.usage
    assert (usage.tokens_in, usage.tokens_cached, usage.tokens_out) == (1000, 600, 50)
    result = Message(role="tool", call_id="call_1", content="79.2")
    sent = asked(Message(role="user", content="?"), reply.message, result)["input"]
    thought = {name: value for name, value in THOUGHT.items() if value is not None}
    assert sent[1:4] == [thought, COMMENT, CALL]
    assert sent[4] == {"type": "function_call_output", "call_id": "call_1", "output": "79.2"}


def test_what_was_written_to_the_cache_costs_what_it_costs() -> None:
    usage = answered(ANSWER).usage
    assert (usage.tokens_written, usage.tokens_reasoning) == (300, 40)
    cost = per_million(2.0, 8.0, cached=0.2, written=2.5)(usage)
    assert cost == pytest.approx((100 * 2.0 + 600 * 0.2 + 300 * 2.5 + 50 * 8.0) / 1e6)


def test_an_edited_message_is_sent_as_it_reads_now() -> None:
    message = answered(THOUGHT, ANSWER).message
    edited = message.model_copy(update={"content": "80 EUR."})
    assert asked(edited)["input"] == [{"role": "assistant", "content": "80 EUR."}]
    other = (ToolCall(id="call_1", name="tariff", arguments='{"port": "Briar"}'),)
    called = answered(THOUGHT, CALL).message.model_copy(update={"calls": other})
    result = Message(role="tool", call_id="call_1", content="x")
    assert [one["type"] for one in asked(called, result)["input"]] == [
        "function_call", "function_call_output",
    ]  # fmt: skip


def test_ids_used_twice_are_told_apart_in_what_goes_back_verbatim() -> None:
    once = answered(THOUGHT, CALL).message
    result = Message(role="tool", call_id="call_1", content="79.2")
    sent = asked(once, result, once, result)["input"]
    ids = [one["call_id"] for one in sent if "call_id" in one]
    assert ids[0] == ids[1] and ids[2] == ids[3] and ids[0] != ids[2]
    assert sum(one["type"] == "reasoning" for one in sent) == 2


def test_comments_on_the_way_are_no_part_of_an_answer() -> None:
    reply = answered(THOUGHT, COMMENT, ANSWER)
    assert reply.text == "79.2 EUR." and reply.message.reasoning == "Look it up.\n\nI look it up."
    assert len(asked(reply.message)["input"]) == 3


def test_a_plain_reply_keeps_nothing_twice() -> None:
    reply = answered({**ANSWER, "phase": None})
    assert reply.message.native is None and reply.stop == "stop"


def test_a_refusal_is_one() -> None:
    refusal = {**ANSWER, "content": [{"type": "refusal", "refusal": "I cannot."}]}
    reply = answered(THOUGHT, refusal)
    assert (reply.text, reply.stop, reply.message.native) == ("I cannot.", "refusal", None)


@pytest.mark.parametrize(
    ("reason", "stop"), [("max_output_tokens", "length"), ("steered", "other"), (None, "other")]
)
def test_an_incomplete_reply_says_why(reason: str | None, stop: str) -> None:
    details = {"incomplete_details": {"reason": reason}} if reason else {}
    reply = answered(ANSWER, status="incomplete", **details)
    assert reply.stop == stop


def test_a_thought_that_nothing_came_of_is_not_sent_back() -> None:
    cut = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    reply = answered(ANSWER, THOUGHT, **cut)
    assert reply.stop == "length"
    assert [one["type"] for one in asked(reply.message)["input"]] == ["message"]
    assert answered(THOUGHT, **cut).message.native is None


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([], Malformed),
        ({"output": None}, Malformed),
        (response({"type": 3}), Malformed),
        (response({**CALL, "name": ""}), Malformed),
        (response({**ANSWER, "content": "text"}), Malformed),
        (response(status="failed", error={"code": "server_error", "message": "!"}), ErrorInReply),
        (response(status="failed"), NoAnswer),
        (response(status="cancelled"), NoAnswer),
        (response(status="queued"), NoAnswer),
        (response(THOUGHT), NoAnswer),
        (response(), NoAnswer),
        (
            response(status="incomplete", incomplete_details={"reason": "content_filter"}),
            NoAnswer,
        ),
        ({"error": {"message": "no", "type": "x"}}, ErrorInReply),
    ],
)
def test_what_is_no_answer_is_named(value: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(value, "salt")


def events(*output: Any, **fields: Any) -> list[dict[str, Any]]:
    """A reply as a server streams it."""
    found: list[dict[str, Any]] = [{"type": "response.created", "response": response()}]
    for place, item in enumerate(output):
        at = {"output_index": place, "item_id": item["id"]}
        begun = {**item, "encrypted_content": "gAA"} if item["type"] == "reasoning" else item
        found.append({"type": "response.output_item.added", "output_index": place, "item": begun})
        for one in item.get("content", ()):
            kind = "refusal" if one["type"] == "refusal" else "output_text"
            said = one.get("text") or one.get("refusal")
            for n in range(0, len(said), 4):
                piece = {"delta": said[n : n + 4], "content_index": 0}
                found.append({"type": f"response.{kind}.delta", **at, **piece})
        found.append({"type": "response.output_item.done", "output_index": place, "item": item})
    last = response(*output, **fields)
    return [*found, {"type": f"response.{last['status']}", "response": last}]


def heard(told: list[dict[str, Any]]) -> tuple[str, Any]:
    collector = Collector("salt")
    said = "".join(collector.take(json.dumps(one)) for one in told)
    return said, collector.read()


def test_a_stream_gives_the_same_reply_as_no_stream() -> None:
    for output in ([THOUGHT, COMMENT, CALL], [THOUGHT, COMMENT, ANSWER], [ANSWER]):
        said, found = heard(events(*output))
        assert found == read(response(*output), "salt")
        assert said in ("", found.reply.text)
        bare = [*events(*output)[:-1], {"type": "response.completed", "response": response()}]
        assert heard(bare)[1] == found, "of a server that says each item once"


def without_places(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: v for name, v in one.items() if name != "output_index"} for one in told]


def test_no_item_is_lost_whatever_a_server_numbers_or_leaves_out() -> None:
    second = {**CALL, "id": "fc_2", "call_id": "call_2", "arguments": '{"a": 2}'}
    third = {**CALL, "call_id": "call_3", "arguments": '{"a": 3}'}
    for output in ([ANSWER, CALL], [CALL, ANSWER], [CALL, second, third], [THOUGHT, CALL]):
        expected = read(response(*output), "salt")
        told = events(*output)
        bare = [*told[:-1], {"type": "response.completed", "response": response()}]
        assert heard(without_places(bare))[1] == expected
        zero = [{**one, "output_index": 0} if "output_index" in one else one for one in bare]
        assert heard(zero)[1] == expected
        rest = [one for one in output if one["type"] != "function_call"]
        if rest:
            short = {"type": "response.completed", "response": response(*rest)}
            found = heard([*told[:-1], short])[1]
            assert found.reply.calls == expected.reply.calls


PNG = base64.b64encode(IMAGE.data).decode()


def test_an_image_that_the_api_made_is_a_part_of_the_content_and_goes_back_as_it_came() -> None:
    made = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": PNG}
    found = read(response(ANSWER, made), "salt").reply.message
    words, image = found.content
    assert words == read(response(ANSWER), "salt").reply.text and isinstance(image, Image)
    assert asked(found)["input"][-1]["type"] == "image_generation_call"
    alone = read(response(made), "salt").reply.message
    assert isinstance(alone.content[0], Image)
    for wrong in ("AAAA", "no base64!", 5):
        with pytest.raises(Malformed):
            read(response({**made, "result": wrong}), "salt")


def test_a_call_that_was_broken_off_is_cut_although_the_reply_is_complete() -> None:
    found = read(response({**CALL, "arguments": "", "status": "incomplete"}), "salt")
    assert found.reply.stop == "length"


def test_a_stream_cut_anywhere_has_no_reply() -> None:
    told = events(THOUGHT, ANSWER)
    for length in range(len(told)):
        assert heard(told[:length])[1] is None


@pytest.mark.parametrize(
    "last",
    [
        {"type": "error", "code": "server_error", "message": "!", "param": None},
        {
            "type": "response.failed",
            "response": response(status="failed", error={"code": "x", "message": "!"}),
        },
    ],
)
def test_an_error_in_a_stream_is_an_error(last: dict[str, Any]) -> None:
    with pytest.raises(ErrorInReply):
        heard([*events(ANSWER)[:3], last])


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "text", "message"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "output", "content", "text", "item", "response", "status", "summary"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
NAMED = (Malformed, NoAnswer, ErrorInReply)


@settings(max_examples=150, deadline=None)
@given(st.lists(JSONS, max_size=3), JSONS)
def test_any_json_is_a_reply_or_a_named_fault(output: list[Any], content: Any) -> None:
    for value in (response(*output), response({**ANSWER, "content": content}), content):
        with suppress(*NAMED):
            assert read(value, "salt").reply.text is not None


@settings(max_examples=150, deadline=None)
@given(st.lists(JSONS, max_size=4), st.sampled_from(["added", "done"]))
def test_any_events_are_a_reply_or_a_named_fault(items: list[Any], kind: str) -> None:
    told = [{"type": f"response.output_item.{kind}", "item": one} for one in items]
    ends = [{"type": "response.completed", "response": one} for one in [*items, response()]]
    for last in ends:
        with suppress(*NAMED):
            heard([*told, last])


class Strict:
    """A server that speaks it and keeps its rules: a thought is wanted back as it was given."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    async def respond(self, request: Asked) -> Response:
        sent = await request.json()
        self.bodies.append(sent)
        plain = {name: value for name, value in sent.items() if name != "stream"}
        assert listed(PARAMS.validate_python(plain)) == plain
        output: list[Any] = [THOUGHT, COMMENT, CALL]
        if any(one.get("type") == "function_call_output" for one in sent["input"]):
            if fault := self.fault(sent["input"]):
                error = {"message": fault, "type": "invalid_request_error", "param": "input"}
                return JSONResponse({"error": error}, 400)
            output = [{**THOUGHT, "id": "rs_2", "encrypted_content": "gAAAA2"}, ANSWER]
        if not sent.get("stream"):
            return JSONResponse(response(*output))
        told = [{**one, "sequence_number": n} for n, one in enumerate(events(*output))]
        lines = (f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in told)
        return StreamingResponse(iter(lines), media_type="text/event-stream")

    def fault(self, items: list[Any]) -> str:
        """What the API says of items that are not as it gave them."""
        ids = [one.get("id") for one in items]
        if "fc_1" in ids and "rs_1" not in ids:
            return "Item 'fc_1' of type 'function_call' was provided without its required "
        if "rs_1" in ids:
            thought = items[ids.index("rs_1")]
            if thought.get("encrypted_content") != "gAAAA1":
                return "The encrypted content for item rs_1 could not be verified."
            if ids[ids.index("rs_1") + 1 :][:2] != ["msg_1", "fc_1"]:
                return "Item 'rs_1' of type 'reasoning' was provided without its required following"
        return ""


@pytest.fixture
async def served() -> AsyncIterator[tuple[str, Strict]]:
    rules = Strict()
    app = Starlette(routes=[Route("/v1/responses", rules.respond, methods=["POST"])])
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", rules
    server.should_exit = True
    await asyncio.wait_for(task, 10)


@tool(effect="pure")
def tariff(port: str, tonnes: float) -> float:
    """Harbour dues in EUR."""
    return 2.64 * tonnes


async def test_the_official_client_finds_the_server_right(served: tuple[str, Strict]) -> None:
    url, _ = served
    async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client:
        said: list[Any] = [{"role": "user", "content": "The dues?"}]
        first = await client.responses.create(model="gpt-5", input=said)
        result = {"type": "function_call_output", "call_id": "call_1", "output": "79.2"}
        back = [one.model_dump(exclude_none=True) for one in first.output]
        async with client.responses.stream(model="gpt-5", input=[*said, *back, result]) as stream:
            last = await stream.get_final_response()
        assert last.output_text == "79.2 EUR."
        for wrong in ([*back[1:], result], [back[0], back[2], result]):
            with pytest.raises(openai.BadRequestError, match="without its required"):
                await client.responses.create(model="gpt-5", input=[*said, *wrong])


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_agent_gives_back_what_the_model_thought(
    served: tuple[str, Strict], streamed: bool
) -> None:
    url, rules = served
    clerk = Agent(
        "clerk", tools=[tariff], model=connect("gpt-5", base_url=url, dialect="responses")
    )
    log = MemoryLog()
    if streamed:
        said = [one async for one in clerk.stream("The dues for 30 t in Amber?", log=log)]
        answer = said[-1]
    else:
        answer = await clerk("The dues for 30 t in Amber?", log=log)
    assert answer.text == "79.2 EUR." and answer.usage.tokens_cached == 1200
    assert answer.reasoning == "Look it up."
    assert [one.get("type") for one in rules.bodies[1]["input"]] == [
        None, "reasoning", "message", "function_call", "function_call_output",
    ]  # fmt: skip
    assert (await clerk.replay(answer.run_id, log=log)).text == answer.text


async def test_thoughts_of_another_account_are_left_out_when_they_are_refused(
    served: tuple[str, Strict],
) -> None:
    url, rules = served
    clerk = Agent(
        "clerk", tools=[tariff], model=connect("gpt-5", base_url=url, dialect="responses")
    )
    log = MemoryLog()
    first = await clerk("The dues for 30 t in Amber?", log=log)
    said = [one.message for one in first.thread]
    thought = {**THOUGHT, "encrypted_content": "gAAAB", "status": "completed"}
    native = {"responses": [thought, COMMENT, CALL]}
    foreign = [one.model_copy(update={"native": native}) if one.calls else one for one in said]
    answer = await clerk("Again?", after=foreign, log=log)
    assert answer.text == "79.2 EUR."
    assert not any("reasoning" == one.get("type") for one in rules.bodies[-1]["input"])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with sim.start(speed=0.0) as server:
        yield server.url


class Product(BaseModel):
    product: int


async def test_the_simulation_speaks_it(address: str) -> None:
    model = connect("careful", base_url=f"{address}/v1", dialect="responses")
    clerk, log = Agent("clerk", "Use your tools.", model=model, tools=[tariff]), MemoryLog()
    assert "79.2" in (await clerk("What are the dues for 30 t in Amber?", log=log)).text
    said = [one async for one in clerk.stream("What are the dues for 10 t in Amber?", log=log)]
    deltas = "".join(one.text for one in said[:-1] if getattr(one, "kind", "") == "delta")
    assert deltas == said[-1].text and "26.4" in deltas
    report = await Agent("sum", model=model)("The product of 17 and 23?", output=Product, log=log)
    assert report.data == Product(product=391)
    short = connect("careful", base_url=f"{address}/v1", dialect="responses", max_tokens=1)
    with pytest.raises(ReplyCut):
        await Agent("sum", model=short)("The product of 17 and 23?", output=Product, log=log)


def test_it_is_connected_by_its_name_or_by_its_dialect(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY"):
        monkeypatch.setenv(name, "key")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://dock.openai.azure.com")
    for name in ("OPENAI_BASE_URL", "OPENAI_API_VERSION"):
        monkeypatch.delenv(name, raising=False)
    made: Any = connect("responses:gpt-5", retries=0)
    assert made.dialect is RESPONSES and made.base_url == "https://api.openai.com/v1"
    same: Any = connect("openai:gpt-5", dialect="responses", retries=0)
    assert same.dialect is RESPONSES and same.model == "gpt-5"
    azure: Any = connect("azure:dock-5", dialect="responses", retries=0)
    assert azure.base_url == "https://dock.openai.azure.com/openai/v1"
    assert azure.dialect.name == "responses" and azure.dialect.headers("k") == {"api-key": "k"}
    for wrong in ({"stop": "END"}, {"seed": 3}):
        with pytest.raises(SetupError, match="no part of this dialect"):
            connect("responses:gpt-5", **wrong)  # type: ignore[arg-type]
    with pytest.raises(SetupError, match="did you mean dialect"):
        connect("openai:gpt-5", api="responses")


@pytest.mark.parametrize(
    ("words", "sent", "cured"),
    [
        ("Unknown parameter: 'include'.", {"include": []}, "no include"),
        ("store: Extra inputs are not permitted", {"store": False}, "no store"),
        ("text.format of type json_schema is not supported", {"text": {"format": {}}}, "schema"),
        ("temperature is not supported with this model", {"temperature": 1}, None),
    ],
)
def test_what_a_server_does_not_know_is_asked_otherwise(
    words: str, sent: dict[str, Any], cured: str | None
) -> None:
    found = RESPONSES.cure({"input": [], **sent}, words)
    assert found is None if cured is None else (found or "").startswith(cured)


def test_a_schema_that_is_refused_is_asked_for_in_words() -> None:
    sent = asked(Message(role="user", content="x"), output={"type": "object", "properties": {}})
    told = RESPONSES.adapt(sent, "schema in words")
    assert "text" not in told and "JSON Schema" in told["instructions"]


def test_items_of_kinds_unknown_here_go_back_verbatim() -> None:
    made = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": PNG}
    reply = answered(made, ANSWER)
    assert [one["type"] for one in asked(reply.message)["input"]] == [made["type"], "message"]
