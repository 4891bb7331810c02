"""Content with parts: what can be made, what is refused, and what a message is made of."""

from __future__ import annotations

import base64
import json
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentkit import Agent, Answer, gather, pattern, run, tool
from agentkit.attachments import LARGEST
from agentkit.errors import BlobMissing, SetupError
from agentkit.events import RunStarted, StepEnded
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Content, Message, digest, stored_message, thread_message
from agentkit.parts import (
    Data,
    File,
    Image,
    Reasoning,
    Unknown,
    as_content,
    read,
)
from agentkit.tokens import IMAGE, PAGE, message_tokens, pages_of
from tests.fakes import EchoModel, ScriptedModel, call
from tests.media import pdf, png, wav

CHART = png()


def image(name: str = "chart.png") -> Image:
    return Image.from_bytes(CHART, name=name)


# What a text was before there were parts it still is, to the byte.


def test_a_text_is_stored_as_it_always_was() -> None:
    message = Message(role="user", content="What are the dues?")
    assert stored_message(message) == '{"role":"user","content":"What are the dues?"}'
    assert thread_message(message).id == digest(
        "", '{"role":"user","content":"What are the dues?"}'
    )
    assert (
        thread_message(message).id == "257cb8468e2cc78d31e87644638e5fb0"
    )  # as before there were parts
    assert Message(role="assistant").text == ""


@given(st.text())
def test_any_text_reads_back_as_itself(text: str) -> None:
    message = Message(role="user", content=text)
    assert type(message.content) is str and message.text == message.content
    assert Message.model_validate_json(stored_message(message)) == message


def test_texts_alone_are_one_text() -> None:
    message = Message(role="user", content=["a", "b"])
    assert message.content == "a\nb"


# What a message with parts is made of.


def test_a_message_names_its_bytes_and_does_not_hold_them() -> None:
    message = Message(role="user", content=["What is on it?", image(), Data({"t": 30})])
    stored = stored_message(message)
    assert base64.b64encode(CHART).decode()[:40] not in stored
    assert image().digest in stored and '"size":' in stored
    again = Message.model_validate_json(stored)
    assert again == message and stored_message(again) == stored
    assert thread_message(again).id == thread_message(message).id
    assert (
        again.text
        == f'What is on it?\n[image chart.png, image/png, {len(CHART)} bytes]\n{{"t":30}}'
    )
    assert isinstance(again.content, Content)
    with pytest.raises(BlobMissing, match="not at hand"):
        _ = again.content.images[0].data


def test_the_id_of_a_message_depends_on_the_bytes_and_not_on_where_they_are() -> None:
    other = Image.from_bytes(png(shade=9), name="chart.png")
    one, two = (
        thread_message(Message(role="user", content=[part])).id for part in (image(), other)
    )
    assert one != two
    assert one == thread_message(Message(role="user", content=[image()])).id


UNKNOWN: list[dict[str, Any]] = [
    {"type": "hologram", "sha256": "00"},
    {"type": "image", "media_type": "image/png", "sha256": "00", "size": 3, "alt": "a mole"},
    {"type": "image", "size": "large"},
    {"type": "data"},
    {"type": 7},
    {},
    {"type": "reasoning", "text": 7},
    {"type": "data", "value": 1, "name": None},
]


@pytest.mark.parametrize("form", UNKNOWN, ids=str)
def test_a_part_of_a_newer_version_is_kept_and_shown_as_unknown(form: dict[str, Any]) -> None:
    part = read(form)
    assert isinstance(part, Unknown) and part.form() == form and "unknown" in str(part)
    stored = stored_message(Message(role="user", content=["a", part]))
    again = Message.model_validate_json(stored)
    assert stored_message(again) == stored
    assert again.text.startswith("a\n[part of an unknown type")


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.text() | st.dictionaries(st.text(), JSONS, max_size=4), max_size=4))
def test_no_content_that_a_log_may_hold_is_refused_or_changed(forms: list[Any]) -> None:
    content = Content.checked(forms)
    if isinstance(content, Content):
        once = stored_message(Message(role="user", content=content))
        assert stored_message(Message.model_validate_json(once)) == once


@given(JSONS)
def test_data_read_as_their_json(value: Any) -> None:
    part = Data(value)
    assert read(part.form()) == part
    assert str(Data(value, "dues")).startswith("dues: ")


def test_parts_are_values() -> None:
    part = image()
    assert part == image() != image("other.png") and hash(part) == hash(image())
    with pytest.raises(AttributeError, match="never changes"):
        part.name = "b"
    for one in (part, Data(1), Reasoning("hm"), Unknown({"type": "x"}), File.from_bytes(b"a")):
        again = pickle.loads(pickle.dumps(one))
        assert again == one and (not isinstance(one, Image | File) or again.data == one.data)


# Where they come from.


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "chart.png").write_bytes(CHART)
    part = Image.from_path(tmp_path / "chart.png")
    assert (part.data, part.media_type, part.name) == (CHART, "image/png", "chart.png")
    assert str(part) == f"[image chart.png, image/png, {len(CHART)} bytes]"


@pytest.mark.skipif(sys.platform == "win32", reason="names there are text")
def test_a_name_that_is_no_utf_8_is_mended(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/ch\xffrt\n.png"
    with open(raw, "wb") as file:
        file.write(CHART)
    part = Image.from_path(os.fsdecode(raw))
    part.name.encode()
    assert "\n" not in str(part) and part.data == CHART
    stored_message(Message(role="user", content=[part])).encode()


@pytest.mark.parametrize(
    ("data", "named", "media_type"),
    [
        (png(), "a.jpg", "image/png"),
        (b"\xff\xd8\xff\xe0" + b"x" * 20, "", "image/jpeg"),
        (b"GIF89a" + b"x" * 20, "", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "", "image/webp"),
    ],
)
def test_what_a_picture_is_its_bytes_say(data: bytes, named: str, media_type: str) -> None:
    assert Image.from_bytes(data, name=named).media_type == media_type


@pytest.mark.parametrize(
    ("data", "named", "media_type"),
    [
        (pdf(), "a.txt", "application/pdf"),
        (wav(), "", "audio/wav"),
        (b"a,b\n1,2\n", "a.csv", "text/csv"),
        (b'{"a":1}', "a.json", "application/json"),
        ("größe".encode("latin-1"), "a.txt", "application/octet-stream"),
        (b"\0\1\2", "", "application/octet-stream"),
        (b"PK\3\4" + b"\xff" * 9, "a.zip", "application/zip"),
    ],
)
def test_what_a_file_is_its_bytes_say_before_its_name(
    data: bytes, named: str, media_type: str
) -> None:
    assert File.from_bytes(data, name=named).media_type == media_type


def test_a_data_url_is_its_bytes_and_another_one_is_not_fetched() -> None:
    url = "data:image/png;base64," + base64.b64encode(CHART).decode()
    assert Image.from_url(url) == Image.from_bytes(CHART)
    assert File.from_url("data:text/plain,a%20b").data == b"a b"
    far = Image.from_url("https://example.com/a/chart.png?x=1")
    assert far.name == "chart.png" and far.media_type == "image/png" and far.size == 0
    assert str(far) == "[image chart.png, image/png, https://example.com/a/chart.png?x=1]"
    with pytest.raises(BlobMissing, match="example.com"):
        _ = far.data


class Figure:
    """As matplotlib's are asked to save themselves."""

    def savefig(self, where: Any, **_: Any) -> None:
        where.write(CHART)


class Axes:
    def get_figure(self) -> Figure:
        return Figure()


class Picture:
    """As PIL's show themselves."""

    def _repr_png_(self) -> bytes:
        return CHART


@pytest.mark.parametrize("drawing", [Figure(), Axes(), Picture()])
def test_a_figure_becomes_an_image(drawing: Any) -> None:
    assert Image.from_figure(drawing).data == CHART


BAD = [
    lambda at: Image.from_bytes(b""),
    lambda at: File.from_bytes(b"", name="a.pdf"),
    lambda at: Image.from_bytes(CHART, media_type="image/jpeg"),
    lambda at: Image.from_bytes(b"<svg onload='alert(1)'/>", name="a.png"),
    lambda at: Image.from_bytes(b"<svg/>", media_type="image/svg+xml"),
    lambda at: Image.from_bytes(pdf()),
    lambda at: Image.from_bytes(bytes(LARGEST + 1)),
    lambda at: File.from_bytes(bytes(50_000_000)),
    lambda at: File.from_bytes(CHART),
    lambda at: File.from_bytes(pdf(), media_type="image/png"),
    lambda at: File.from_bytes(b"\xff\xfe", media_type="text/plain"),
    lambda at: Image.from_bytes("text"),  # type: ignore[arg-type]
    lambda at: Image.from_path(at / "none.png"),
    lambda at: Image.from_path(at),
    lambda at: Image.from_path("a\0b"),
    lambda at: Image.from_url("file:///etc/passwd"),
    lambda at: Image.from_url("javascript:alert(1)"),
    lambda at: Image.from_url("https://exa mple.com"),
    lambda at: Image.from_url("https://[bad"),
    lambda at: Image.from_url("https://a/" + "b" * 9_000),
    lambda at: Image.from_url("data:image/png;base64,%%%"),
    lambda at: Image.from_url("data:nothing"),
    lambda at: Image.from_url(7),  # type: ignore[arg-type]
    lambda at: Image.from_figure(object()),
    lambda at: Data(lambda: 0),
    lambda at: Data(json.loads("[" * 101 + "]" * 101)),
    lambda at: Data(json.loads('{"a":' * 240 + "1" + "}" * 240)),
    lambda at: Data(image()),
]


@pytest.mark.parametrize("make", BAD)
def test_what_is_no_part_is_refused_with_what_was_expected(make: Any, tmp_path: Path) -> None:
    with pytest.raises(SetupError) as caught:
        make(tmp_path)
    assert len(str(caught.value)) < 700


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(50_000_000_000)
    with pytest.raises(SetupError, match="50 GB"):
        Image.from_path(tmp_path / "huge.png")


# Asking.


def agent(model: Any, **how: Any) -> Agent:
    return Agent("clerk", "You are brief.", model=model, **how)


async def test_an_agent_is_asked_with_an_image_beside_the_text() -> None:
    model, log = ScriptedModel("A mole."), MemoryLog()
    answer = await agent(model)(["What is on it?", image()], log=log)
    content = model.requests[0].thread[-1].message.content
    assert content == Content(("What is on it?", image())) and content.images[0].data == CHART
    started = next(e for e in log.read(answer.run_id) if isinstance(e, RunStarted))
    assert started.name == "clerk: What is on it?"
    assert started.content == content and "[image chart.png" in started.task
    assert log.verify() == []


async def test_one_part_is_a_task_of_its_own() -> None:
    model = ScriptedModel("A mole.")
    await agent(model)(image(), log=MemoryLog())
    assert model.requests[0].thread[-1].message.content == Content((image(),))


async def test_lists_of_texts_are_json_as_before() -> None:
    model = ScriptedModel("two")
    await agent(model)(["a", "b"], log=MemoryLog())
    assert model.requests[0].thread[-1].message.content == '["a","b"]'


@pytest.mark.parametrize(
    "task",
    [
        {"question": "?", "picture": image()},
        [["deep", image()]],
        ["What?", image(), 7],
        ["What?", image(), CHART],
        ["What?", "data:image/png;base64,iVBORw0KGgo" + "A" * 99, image()],
    ],
    ids=repr,
)
async def test_a_part_in_the_wrong_place_is_refused_before_anything_is_paid(task: Any) -> None:
    model = ScriptedModel("never")
    with pytest.raises(SetupError):
        await agent(model)(task, log=MemoryLog())
    assert model.requests == []


async def test_conversations_go_on_with_parts_in_them() -> None:
    model = ScriptedModel("A mole.", "Of stone.", "Yes.")
    log = MemoryLog()
    first = await agent(model)(["What is on it?", image()], log=log)
    await agent(model)("Of what?", after=first, log=log)
    assert [type(n.message.content) for n in model.requests[1].thread] == [str, Content, str, str]
    old = [{"role": "user", "content": ["See", image()]}, {"role": "assistant", "content": "ok"}]
    await agent(model)(["And this?", image("b.png")], after=old, log=log)
    assert [n.message.text.count("[image") for n in model.requests[2].thread] == [0, 1, 0, 1]


@pytest.mark.parametrize("content", [[{"type": "text", "text": "a"}], [7], ["a", CHART], ["a"]])
async def test_what_is_no_content_in_a_conversation_is_refused(content: Any) -> None:
    model = ScriptedModel("never")
    with pytest.raises(SetupError):
        await agent(model)("?", after=[{"role": "user", "content": content}], log=MemoryLog())
    assert model.requests == []


async def test_a_pattern_is_given_the_content_and_may_answer_with_one() -> None:
    model = ScriptedModel("A mole.")
    clerk = agent(model)

    @pattern
    async def look(task: Any) -> Any:
        said = await clerk(task)
        return [said.text, image("copy.png")]

    log = MemoryLog()
    answer = await look(["What is on it?", image()], log=log)
    assert model.requests[0].thread[-1].message.content.images[0].data == CHART
    assert answer.content == Content(("A mole.", image("copy.png")))
    assert answer.text == f"A mole.\n[image copy.png, image/png, {len(CHART)} bytes]"
    again = await agent(ScriptedModel("Yes."))(answer, log=log)
    assert log.read(again.run_id)[0].content == answer.content


async def test_a_team_that_is_told_what_was_said_keeps_the_parts_of_its_task() -> None:
    seen: list[Any] = []

    @pattern
    async def look(task: Any) -> str:
        seen.append(task)
        return "ok"

    await look(["And now?", image()], after=[Message(role="user", content="Hm.")], log=MemoryLog())
    assert seen[0].images == (image(),) and "Said before:" in str(seen[0])


async def test_gathered_asks_with_parts_are_told_apart_by_them() -> None:
    model = EchoModel()
    async with run("both", log=MemoryLog()):
        clerk = agent(model)
        found = await gather(clerk(["?", image()]), clerk(["?", image("b.png")]))
    assert len(set(model.keys)) == 2 and len(found) == 2


@tool(effect="pure")
def draw() -> Image:
    """Draw a chart."""
    return image()


@tool(effect="pure")
def survey() -> list[Any]:
    """Draw a chart, and say what is on it."""
    return ["A chart:", image(), {"dues": 3}]


@tool(effect="pure")
def hidden() -> dict[str, Any]:
    """Draw a chart in the wrong place."""
    return {"picture": image()}


async def test_a_tool_may_return_an_image() -> None:
    model, log = ScriptedModel([call("draw")], "A mole."), MemoryLog()
    answer = await agent(model, tools=[draw])("Draw.", log=log)
    told = model.requests[1].thread[-1].message
    assert told.role == "tool" and told.content == Content((image(),))
    end = next(e for e in log.read(answer.run_id) if isinstance(e, StepEnded) and e.step == "tool")
    assert end.content == Content((image(),)) and end.result == str(image())
    assert log.verify() == []


async def test_what_a_tool_returns_beside_an_image_is_text_and_data() -> None:
    model = ScriptedModel([call("survey")], "ok")
    await agent(model, tools=[survey])("Draw.", log=MemoryLog())
    content = model.requests[1].thread[-1].message.content
    assert content == Content(("A chart:", image(), Data({"dues": 3})))


async def test_an_image_inside_of_other_data_is_an_error_that_the_model_is_told() -> None:
    model = ScriptedModel([call("hidden")], "ok")
    await agent(model, tools=[hidden])("Draw.", log=MemoryLog())
    told = model.requests[1].thread[-1].message
    assert told.error and "not a JSON value" in told.text


async def test_an_actor_as_a_tool_gives_its_image_on() -> None:
    @pattern
    async def artist(task: Any) -> Any:
        """Draws."""
        return ["Here:", image()]

    model = ScriptedModel([call("artist", '{"task":"draw"}')], "ok")
    await agent(model, tools=[artist])("Draw.", log=MemoryLog())
    assert model.requests[1].thread[-1].message.content == Content(("Here:", image()))


async def test_a_resume_performs_no_tool_again_that_returned_an_image() -> None:
    drawn: list[int] = []

    @tool(effect="once")
    def draw() -> Image:
        """Draw a chart."""
        drawn.append(1)
        return image()

    log = MemoryLog()
    with pytest.raises(ConnectionError):
        await agent(ScriptedModel([call("draw")], ConnectionError("gone")), tools=[draw])(
            ["Draw.", image("old.png")], id="r", log=log
        )
    model = ScriptedModel("A mole.")
    answer = await agent(model, tools=[draw]).resume("r", log=log)
    assert answer.text == "A mole." and drawn == [1]
    assert [n.message.content for n in model.requests[0].thread][-1] == Content((image(),))
    assert (await agent(ScriptedModel(), tools=[draw]).resume("r", log=log)).text == "A mole."
    assert (await agent(ScriptedModel(), tools=[draw]).replay("r", log=log)).text == "A mole."
    again = await agent(ScriptedModel(), tools=[draw]).rerun("r", log=log)
    assert again.text == "A mole." and drawn == [1]


async def test_a_fork_may_put_parts_in() -> None:
    log = MemoryLog()
    clerk = agent(ScriptedModel([call("draw")], "A mole."), tools=[draw])
    first = await clerk("Draw.", log=log)
    ended = next(e for e in log.read(first.run_id) if isinstance(e, StepEnded) and e.step == "tool")
    other = Image.from_bytes(png(3, 3), name="other.png")
    model = ScriptedModel("A quay.")
    forked = await agent(model, tools=[draw]).fork(
        first.run_id, edit={ended.seq: ["See:", other]}, log=log
    )
    assert model.requests[0].thread[-1].message.content == Content(("See:", other))
    assert log.read(forked.run_id)[0].edited == {str(ended.seq): Content(("See:", other))}
    assert (await agent(ScriptedModel(), tools=[draw]).resume(forked.run_id, log=log)).text
    model = ScriptedModel([call("draw")], "Both.")
    await agent(model, tools=[draw]).fork(first.run_id, edit={"task": ["?", other]}, log=log)
    assert model.requests[0].thread[-1].message.content == Content(("?", other))
    assert log.verify() == []


# Estimates.


def test_pictures_and_pages_count_with_the_most_they_may_take() -> None:
    def tokens(*parts: Any) -> int:
        return message_tokens(Message(role="user", content=["?", *parts]))

    bare = message_tokens(Message(role="user", content="?"))
    assert tokens(image()) > bare + IMAGE
    assert tokens(File.from_bytes(pdf(7))) >= bare + 7 * PAGE
    assert tokens(File.from_bytes(b"word " * 500)) > bare + 500
    assert tokens(File.from_url("https://example.com/a.pdf")) > bare + PAGE
    assert tokens(Data({"a": [1] * 100})) > bare + 100
    assert tokens(Reasoning("long " * 500)) == bare
    assert tokens(read(File.from_bytes(pdf()).form())) > bare, "though its bytes are gone"


def test_the_pages_of_a_pdf_are_counted_where_it_says_so() -> None:
    outlines = b"%PDF-1.4\n1 0 obj<</Type/Outlines/Count 900>>endobj\n"
    assert pages_of(pdf(7)) == 7 and pages_of(pdf(2_000)) == 2_000
    assert pages_of(outlines + pdf(3)[9:]) == 3
    assert pages_of(b"%PDF-1.7\n") == 0
    packed = File.from_bytes(b"%PDF-1.7\n" + bytes(20_000))
    assert message_tokens(Message(role="user", content=[packed])) > 10 * PAGE


def test_an_answer_says_in_words_what_is_no_text_in_it() -> None:
    answer = Answer(text=str(image()), content=Content((image(),)), actor="artist")
    assert "[image chart.png, image/png" in repr(answer)


def test_content_in_content_is_flat() -> None:
    inner = Content(("a", image()))
    assert as_content(["b", inner]) == Content(("b", "a", image()))
    assert as_content("a") is None and as_content(["a"]) is None and as_content([]) is None


@pytest.mark.parametrize("made", [lambda: Image("chart.png"), lambda: File(data=b"x")])
def test_a_part_that_is_called_by_its_class_says_how_one_is_made(made: Any) -> None:
    with pytest.raises(SetupError, match="from_path"):
        made()
