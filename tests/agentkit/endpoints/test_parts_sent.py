"""Parts on the wire: as the official clients type them, to servers that take them or refuse."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from anthropic.types import MessageCreateParams, ModelCapabilities
from openai.types.chat import ChatCompletionMessageParam
from pydantic import TypeAdapter

from agentkit import Agent, tool
from agentkit.endpoints import anthropic_request, openai_request
from agentkit.endpoints.connect import connect
from agentkit.endpoints.embedding import body as embedding_body
from agentkit.endpoints.failures import Site, status_error
from agentkit.errors import BlobMissing, Rejected, UnsupportedPart
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Message, ToolCall, thread_of
from agentkit.model import Options, Request
from agentkit.parts import Data, File, Image, Reasoning, Unknown, read
from agentkit.sim import server as sim
from tests.media import pdf, png, wav

CHART = png()
IN_BASE64 = base64.b64encode(CHART).decode()
IMAGE = Image.from_bytes(CHART, name="chart.png")
FAR = Image.from_url("https://example.com/chart.png")
PDF = File.from_bytes(pdf(), name="a.pdf")
FAR_PDF = File.from_url("https://example.com/a.pdf")
TEXT = File.from_bytes(b"a,b\n1,2\n", name="a.csv")
SOUND = File.from_bytes(wav(), name="a.wav")
ZIP = File.from_bytes(b"PK\3\4" + b"\xff" * 9, name="a.zip")

OPENAI: TypeAdapter[Any] = TypeAdapter(ChatCompletionMessageParam)
ANTHROPIC: TypeAdapter[Any] = TypeAdapter(MessageCreateParams)


def listed(value: Any) -> Any:
    """What validating gave as plain lists: the types say Iterable."""
    if isinstance(value, dict):
        return {name: listed(one) for name, one in value.items()}
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return value
    return [listed(one) for one in value]


def to_openai(*messages: Message) -> list[dict[str, Any]]:
    sent = openai_request.body(Request(thread=thread_of(messages)), "m", Options(), False)
    said = json.loads(json.dumps(sent["messages"]))
    for one in said:
        # Whatever the official type does not know would be left out of what it gives back.
        assert listed(OPENAI.validate_python(one)) == one
    return list(said)


def to_anthropic(*messages: Message) -> dict[str, Any]:
    sent = anthropic_request.body(Request(thread=thread_of(messages)), "m", Options(), False)
    sent = json.loads(json.dumps(sent))
    assert listed(ANTHROPIC.validate_python(sent))["messages"] == sent["messages"]
    return dict(sent)


def user(*parts: Any) -> Message:
    return Message(role="user", content=parts)


def test_openai_is_sent_what_its_types_have() -> None:
    (sent,) = to_openai(user("What?", IMAGE, FAR, PDF, SOUND, TEXT, Data({"t": 1}), Reasoning("h")))
    assert sent["content"] == [
        {"type": "text", "text": "What?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IN_BASE64}"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/chart.png"}},
        {
            "type": "file",
            "file": {
                "filename": "a.pdf",
                "file_data": f"data:application/pdf;base64,{base64.b64encode(pdf()).decode()}",
            },
        },
        {
            "type": "input_audio",
            "input_audio": {"data": base64.b64encode(wav()).decode(), "format": "wav"},
        },
        {"type": "text", "text": "a.csv (text/csv):\na,b\n1,2\n"},
        {"type": "text", "text": '{"t":1}'},
    ]


def test_anthropic_is_sent_what_its_types_have() -> None:
    sent = to_anthropic(
        user("What?", IMAGE, FAR, PDF, FAR_PDF, TEXT, Data({"t": 1}), Reasoning("h"))
    )
    assert sent["messages"][0]["content"] == [
        {"type": "text", "text": "What?"},
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": IN_BASE64},
        },
        {"type": "image", "source": {"type": "url", "url": "https://example.com/chart.png"}},
        {
            "type": "document",
            "source": {
                "type": "base64",
                "media_type": "application/pdf",
                "data": base64.b64encode(pdf()).decode(),
            },
            "title": "a.pdf",
        },
        {
            "type": "document",
            "source": {"type": "url", "url": "https://example.com/a.pdf"},
            "title": "a.pdf",
        },
        {"type": "text", "text": "a.csv (text/csv):\na,b\n1,2\n"},
        {"type": "text", "text": '{"t":1}'},
    ]


def test_what_is_text_is_sent_as_a_text_that_every_server_takes() -> None:
    (sent,) = to_openai(user("What?", TEXT, Data([1]), Reasoning("hm")))
    assert sent == {"role": "user", "content": "What?\na.csv (text/csv):\na,b\n1,2\n\n[1]"}
    (sent,) = to_openai(Message(role="assistant", content=["Dues:", Data([1])]))
    assert sent == {"role": "assistant", "content": "Dues:\n[1]"}
    sent = to_anthropic(Message(role="system", content=["Be brief.", Data(1)]), user("a"))
    assert sent["system"] == "Be brief.\n1"


CALLS = (
    ToolCall(id="c1", name="draw", arguments="{}"),
    ToolCall(id="c2", name="add", arguments="{}"),
)
RESULTS = (
    user("Draw."),
    Message(role="assistant", calls=CALLS),
    Message(role="tool", call_id="c1", content=["A chart:", IMAGE]),
    Message(role="tool", call_id="c2", content="3"),
)


def test_anthropic_takes_an_image_in_a_tools_result() -> None:
    results = to_anthropic(*RESULTS)["messages"][2]["content"]
    assert [block["type"] for block in results] == ["tool_result", "tool_result"]
    assert [block["type"] for block in results[0]["content"]] == ["text", "image"]


def test_openai_is_shown_a_tools_image_after_all_results_of_the_turn() -> None:
    sent = to_openai(*RESULTS, Message(role="assistant", content="ok"), user("And?"))
    assert [one["role"] for one in sent] == [
        "user", "assistant", "tool", "tool", "user", "assistant", "user",
    ]  # fmt: skip
    assert sent[2]["content"].startswith("A chart:\n[image chart.png, image/png")
    assert [part["type"] for part in sent[4]["content"]] == ["text", "image_url"]
    assert "c1" in sent[4]["content"][0]["text"]
    assert to_openai(*RESULTS)[-1] == sent[4]


@pytest.mark.parametrize(
    ("role", "part", "openai", "anthropic"),
    [
        ("user", ZIP, False, False),
        ("user", SOUND, True, False),
        ("user", FAR_PDF, False, True),
        ("user", Unknown({"type": "hologram"}), False, False),
        ("assistant", IMAGE, True, False),
        ("system", IMAGE, False, False),
        ("assistant", PDF, False, False),
    ],
    ids=str,
)
def test_what_a_dialect_has_no_form_for_is_refused(
    role: Any, part: Any, openai: bool, anthropic: bool
) -> None:
    message = Message(role=role, content=["See", part])
    for write, taken in ((to_openai, openai), (to_anthropic, anthropic)):
        if taken:
            write(message)
            continue
        with pytest.raises(UnsupportedPart) as caught:
            write(message)
        told = str(caught.value)
        assert role in told and "text" in told and len(told) < 500


def test_what_a_model_drew_is_shown_to_it_in_a_message_of_the_user() -> None:
    drew = Message(role="assistant", content=["The dues:", IMAGE])
    said, shown, asked = to_openai(drew, user("Larger, please."))
    assert said == {"role": "assistant", "content": drew.text}
    assert shown["role"] == "user" and shown["content"][1]["type"] == "image_url"
    assert asked == {"role": "user", "content": "Larger, please."}
    calling = Message(role="assistant", content=["The dues:", IMAGE], calls=CALLS)
    results = [one for one in RESULTS if one.role == "tool"]
    sent = to_openai(calling, *results, user("And?"))
    assert [one["role"] for one in sent] == ["assistant", "tool", "tool", "user", "user"]


def test_bytes_that_are_lost_are_told_and_not_left_out() -> None:
    lost = read(IMAGE.form())
    for write in (to_openai, to_anthropic):
        with pytest.raises(BlobMissing):
            write(user("See", lost))


def test_an_endpoint_that_embeds_takes_no_part() -> None:
    asked = Request(thread=thread_of([user("See", IMAGE)]))
    with pytest.raises(UnsupportedPart, match="embeds"):
        embedding_body(asked, "m", Options(), False)


def test_a_part_that_cannot_be_sent_costs_nothing_and_can_be_mended() -> None:
    clerk = Agent("clerk", model=connect("m", base_url="http://127.0.0.1:9/v1", dialect="openai"))
    log = MemoryLog()
    with pytest.raises(UnsupportedPart, match=r"a\.zip"):
        clerk.run_sync(["What?", ZIP], log=log, budget_tokens=100_000)
    (info,) = log.runs()
    assert (info.status, info.calls, info.tokens_in) == ("failed", 0, 0)


# The simulated endpoint is a real server that reads text.


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with sim.start(speed=0.0) as server:
        yield server.url


@pytest.fixture(params=["openai", "responses", "anthropic"])
def dialect(request: pytest.FixtureRequest) -> Any:
    return request.param


@tool(effect="pure")
def draw() -> Image:
    """Draw the chart of the harbour dues."""
    return IMAGE


@pytest.mark.parametrize("part", [IMAGE, PDF], ids=str)
async def test_the_simulation_refuses_an_image_in_the_form_of_the_dialect(
    url: str, dialect: Any, part: Any
) -> None:
    model = connect("careful", base_url=f"{url}/v1", dialect=dialect)
    log = MemoryLog()
    with pytest.raises(Rejected, match="reads text") as caught:
        await Agent("clerk", model=model)(["What is on it?", part], log=log)
    assert caught.value.status == 400 and "a model that sees" in str(caught.value)
    assert log.runs()[0].calls == 0 and log.verify() == []


async def test_the_simulation_reads_data_and_text_files_as_text(url: str, dialect: Any) -> None:
    model = connect("careful", base_url=f"{url}/v1", dialect=dialect)
    clerk = Agent("clerk", model=model)
    note = File.from_bytes(b"What is 17 * 23 + 4?", name="note.txt")
    answer = await clerk([note, Data({"unit": "t"})], log=MemoryLog())
    assert "395" in answer.text


def test_the_official_clients_are_refused_as_by_a_model_without_eyes(url: str) -> None:
    said = to_openai(user("What is on it?", IMAGE))
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(model="careful", messages=said)  # type: ignore[arg-type]
    assert caught.value.param == "messages.0.content.1.type"
    body = to_anthropic(user("What is on it?", IMAGE))
    with anthropic.Anthropic(base_url=url, api_key="any", max_retries=0) as client_a:
        with pytest.raises(anthropic.BadRequestError, match=r"messages\.0\.content\.1\.type"):
            client_a.messages.create(model="careful", max_tokens=9, messages=body["messages"])


REFUSALS = [
    (400, "Invalid content type. image_url is only supported by certain models."),
    (400, "At most 0 image(s) may be provided in one prompt."),
    (400, "moles/stone-7b is not a multimodal model"),
    (404, "No endpoints found that support image input"),
    (422, "Failed to deserialize: unknown variant `image_url`, expected `text`"),
    (400, "This model does not support PDF documents."),
]


@pytest.mark.parametrize(("status", "words"), REFUSALS)
def test_a_model_without_eyes_is_told_by_its_words(status: int, words: str) -> None:
    body = json.dumps({"error": {"message": words}}).encode()
    assert "a model that sees" in str(status_error(Site("m", "http://a"), status, {}, body))


@pytest.mark.parametrize("words", ["max_tokens is too large", "Unsupported parameter: 'seed'"])
def test_other_refusals_are_not_taken_for_that(words: str) -> None:
    body = json.dumps({"error": {"message": words}}).encode()
    assert "a model that sees" not in str(status_error(Site("m", "http://a"), 400, {}, body))


def test_the_simulation_says_what_it_takes_in_the_words_of_the_dialect(url: str) -> None:
    with anthropic.Anthropic(base_url=url, api_key="any", max_retries=0) as client:
        can = client.models.retrieve("sim:careful").capabilities
    assert can is not None and ModelCapabilities.model_validate(can.model_dump()) == can
    assert not can.image_input.supported and not can.pdf_input.supported
    assert can.structured_outputs.supported


def test_the_simulation_drops_no_image_of_a_tools_result(url: str) -> None:
    body = to_anthropic(*RESULTS)
    with anthropic.Anthropic(base_url=url, api_key="any", max_retries=0) as client:
        with pytest.raises(anthropic.BadRequestError, match=r"content\.0\.content\.1\.type"):
            client.messages.create(model="careful", max_tokens=9, messages=body["messages"])
