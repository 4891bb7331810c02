"""A stream tells text, thoughts, calls as they form, and typed answers as they grow."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import pytest
from pydantic import BaseModel, Field, model_validator
from typing_extensions import TypedDict

from agentkit import Agent, Answer, Calling, Delta, Partial, Thought, connect, gather, pattern, tool
from agentkit.endpoints import anthropic, openai, responses
from agentkit.endpoints.ear import Ear
from agentkit.errors import Overloaded
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Message, ToolCall
from agentkit.model import Model, OnText, Reply, Request
from agentkit.partial import PartialReader, loose
from agentkit.reliability.retry import retry
from agentkit.sim.server import Server, start
from agentkit.testing import ScriptedModel, call


class Line(BaseModel):
    port: str
    dues: float


class Report(BaseModel):
    title: str
    lines: list[Line]
    total: float = 0.0


WHOLE = (
    '{"title": "Dues", "lines": [{"port": "Amber", "dues": 79.5}, {"port": "Briar", "dues": 3}],'
    ' "total": 82.5}'
)


def grown(text: str, output: Any, size: int = 1) -> list[Any]:
    growing = PartialReader(output)
    pieces = [text[n : n + size] for n in range(0, len(text), size)]
    return [made for piece in pieces if (made := growing.take(piece)) is not None]


def test_a_model_grows_field_by_field() -> None:
    found = grown(WHOLE, Report)
    assert all(isinstance(one, Report) for one in found)
    first, last = found[0], found[-1]
    assert (first.title, first.lines) == (None, None) or first.model_fields_set == {"title"}
    titles = [one.title for one in found if one.title]
    assert titles[:4] == ["D", "Du", "Due", "Dues"]
    assert any(one.lines and one.lines[0].port == "Am" for one in found)
    assert any(one.lines and one.lines[0].dues is None for one in found)
    assert "lines" not in next(one for one in found if one.title == "Dues").model_fields_set
    assert last.model_dump() == Report.model_validate_json(WHOLE).model_dump()
    assert all(a != b for a, b in zip(found, found[1:], strict=False))


def test_other_types_grow_too() -> None:
    class Entry(TypedDict, total=False):
        name: str
        size: int

    assert grown('{"value": [1, 22, 3]}', list[int])[-1] == [1, 22, 3]
    assert grown('{"name": "rope", "size": 3}', Entry)[-1] == {"name": "rope", "size": 3}
    assert grown('{"name": "rope"}', {"type": "object"})[-1] == {"name": "rope"}
    assert grown('{"value": "words"}', str)[-1] == "words"
    assert grown('{"value": 7}', int) == [7]
    assert grown('Here it is: ```json\n{"value": 7}', int) == [7]
    assert grown("no object at all", int) == []
    assert grown('{"value": }', int) == []


class Node(BaseModel):
    name: str
    below: list[Node] = []


class Ordered(BaseModel):
    low: int
    high: int = Field(gt=0)
    code: str = Field(pattern="^[a-z]{3}$")

    @model_validator(mode="after")
    def check(self) -> Ordered:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


def test_what_does_not_fit_yet_is_not_told() -> None:
    found = grown('{"low": 1, "high": 2, "code": "abc"}', Ordered)
    assert found[-1].model_dump() == {"low": 1, "high": 2, "code": "abc"}
    assert [one.code for one in found if one.code] == ["abc"]
    tree = grown('{"name": "a", "below": [{"name": "b", "below": []}]}', Node)
    assert tree[-1].below[0].name == "b"
    assert loose(Report) is loose(Report)
    assert Report.model_fields["title"].is_required()


def test_a_long_answer_is_not_read_anew_for_each_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0
    from agentkit import partial

    def counted(*given: Any, **how: Any) -> Any:
        nonlocal reads
        reads += 1
        return inside(*given, **how)

    inside = partial.from_json
    monkeypatch.setattr(partial, "from_json", counted)
    grown('{"value": "' + "x" * 60_000 + '"}', str)
    assert reads < 3_000


class Heard:
    """Keeps what a listener is told."""

    def __init__(self) -> None:
        self.text, self.thoughts, self.begun = "", "", 0
        self.calls: dict[int, list[str]] = defaultdict(lambda: ["", ""])

    def __call__(self, text: str) -> None:
        self.text += text

    def thought(self, text: str) -> None:
        self.thoughts += text

    def call(self, index: int, name: str, arguments: str) -> None:
        self.calls[index][0] += name
        self.calls[index][1] += arguments

    def again(self) -> None:
        self.begun += 1


def heard(collector: Any, *events: str) -> Heard:
    listener = Heard()
    ear = Ear(collector, listener)
    for data in events:
        ear.take((data, ""))
    return listener


def chunk(delta: str, finish: str = "null") -> str:
    return f'{{"choices": [{{"index": 0, "delta": {delta}, "finish_reason": {finish}}}]}}'


def test_the_openai_dialect_tells_thoughts_and_calls() -> None:
    name = '{"tool_calls": [{"index": 0, "id": "a", "function": {"name": "pay", "arguments": ""}}]}'
    part = '{"tool_calls": [{"index": 0, "function": {"arguments": "%s"}}]}'
    two = (
        '{"tool_calls": [{"index": 1, "id": "b", "function": {"name": "look", "arguments": "{}"}}]}'
    )
    found = heard(
        openai.Collector("s"),
        chunk('{"reasoning_content": "let me "}'), chunk('{"reasoning_content": "see"}'),
        chunk('{"content": "I "}'), chunk('{"content": "pay."}'),
        chunk(name), chunk(part % r'{\"eur\"'), chunk(part % ": 5}"), chunk(two),
        chunk("{}", '"tool_calls"'),
    )  # fmt: skip
    assert (found.text, found.thoughts) == ("I pay.", "let me see")
    assert dict(found.calls) == {0: ["pay", '{"eur": 5}'], 1: ["look", ""]}


def test_thoughts_in_the_text_are_told_as_thoughts() -> None:
    pieces = ["<thi", "nk>so ma", "ny ships in the harbour", "</th", "ink>Four", "."]
    found = heard(openai.Collector("s"), *[chunk(f'{{"content": "{one}"}}') for one in pieces])
    assert (found.text, found.thoughts) == ("Four.", "so many ships in the harbour")


def test_the_anthropic_dialect_tells_thoughts_and_calls() -> None:
    def begin(index: int, block: str) -> str:
        return f'{{"type": "content_block_start", "index": {index}, "content_block": {block}}}'

    def more(index: int, delta: str) -> str:
        return f'{{"type": "content_block_delta", "index": {index}, "delta": {delta}}}'

    found = heard(
        anthropic.Collector("s"),
        begin(0, '{"type": "thinking", "thinking": ""}'),
        more(0, '{"type": "thinking_delta", "thinking": "let me see"}'),
        more(0, '{"type": "signature_delta", "signature": "xyz"}'),
        begin(1, '{"type": "text", "text": ""}'),
        more(1, '{"type": "text_delta", "text": "I pay."}'),
        begin(2, '{"type": "tool_use", "id": "a", "name": "pay", "input": {}}'),
        more(2, r'{"type": "input_json_delta", "partial_json": "{\"eur\""}'),
        more(2, '{"type": "input_json_delta", "partial_json": ": 5}"}'),
        begin(3, '{"type": "tool_use", "id": "b", "name": "look", "input": {}}'),
    )
    assert (found.text, found.thoughts) == ("I pay.", "let me see")
    assert dict(found.calls) == {0: ["pay", '{"eur": 5}'], 1: ["look", ""]}


def test_the_responses_dialect_tells_thoughts_and_calls() -> None:
    item = '{"type": "response.output_item.added", "output_index": %d, "item": %s}'
    more = '{"type": "%s.delta", "output_index": %d, "delta": "%s"}'
    found = heard(
        responses.Collector("s"),
        item % (0, '{"type": "reasoning"}'),
        more % ("response.reasoning_summary_text", 0, "let me see"),
        item % (1, '{"type": "message", "phase": "commentary"}'),
        more % ("response.output_text", 1, " aloud"),
        item % (2, '{"type": "function_call", "name": "pay", "call_id": "a"}'),
        more % ("response.function_call_arguments", 2, r"{\"eur\""),
        more % ("response.function_call_arguments", 2, ": 5}"),
        item % (3, '{"type": "message"}'),
        more % ("response.output_text", 3, "I pay."),
    )
    assert (found.text, found.thoughts) == ("I pay.", "let me see aloud")
    assert dict(found.calls) == {0: ["pay", '{"eur": 5}']}


def test_a_plain_function_hears_text_alone() -> None:
    said: list[str] = []
    collector = openai.Collector("s")
    ear = Ear(collector, said.append)
    ear.take((chunk('{"reasoning_content": "hm"}'), ""))
    ear.take((chunk('{"content": "yes"}'), ""))
    assert said == ["yes"] and collector.beside is None


@pytest.fixture(scope="module")
def sim() -> Any:
    with start(speed=0) as server:
        yield server


@tool(effect="pure")
def tariff(port: str, tonnes: float) -> float:
    """Harbour dues in EUR."""
    return {"Amber": 2.64}[port] * tonnes


class Dues(BaseModel):
    value: float


@pytest.mark.parametrize(
    ("name", "path", "dialect"),
    [
        ("sim-careful", "/v1", None),
        ("sim-careful", "", "anthropic"),
        ("sim-careful", "/v1", "responses"),
    ],
)
async def test_the_simulated_endpoint_streams_calls_in_each_dialect(
    sim: Server, name: str, path: str, dialect: Any
) -> None:
    model = connect(name, base_url=f"{sim.url}{path}", api_key="x", dialect=dialect)
    clerk = Agent("clerk", "You answer questions about the port.", model=model, tools=[tariff])
    log, task = MemoryLog(), "What are the dues for 30 t in Amber?"
    items = [one async for one in clerk.stream(task, output=Dues, log=log)]
    pieces = [one for one in items if isinstance(one, Calling)]
    assert len(pieces) > 1
    assert "".join(one.name for one in pieces) == "tariff"
    assert '"Amber"' in "".join(one.arguments for one in pieces)
    parts = [one for one in items if isinstance(one, Partial)]
    assert isinstance(items[-1], Answer)
    assert parts[-1].data.value == items[-1].data.value
    assert {one.actor for one in parts} == {"clerk"}
    stored = {one.kind for one in log.read(items[-1].run_id)}
    assert not stored & {"delta", "call", "partial", "thought"}


async def test_a_team_streams_what_each_of_its_agents_says() -> None:
    think = Message(role="assistant", content="yes", reasoning="hm")
    one = Agent("one", model=ScriptedModel('{"title": "x", "lines": []}'), output=Report)
    two = Agent("two", model=ScriptedModel(call("tariff", port="Amber", tonnes=1), think),
                tools=[tariff])  # fmt: skip

    @pattern
    async def team(task: str) -> str:
        return " ".join(each.text for each in await gather(one(task), two(task)))

    items = [each async for each in team.stream("q", log=MemoryLog())]
    said = {
        (each.kind, each.actor) for each in items if isinstance(each, Thought | Calling | Partial)
    }
    assert said == {("partial", "one"), ("call", "two"), ("thought", "two")}
    assert isinstance(items[-1], Answer)


class Flaky:
    """A model that breaks off in the midst of its first reply."""

    name = "flaky"

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        self.calls += 1
        assert on_text is not None
        if self.calls == 1:
            on_text('{"title": "wrong", ')
            raise Overloaded("busy")
        for piece in ('{"title": "ri', 'ght", "lines": []}'):
            on_text(piece)
        return Reply(message=Message(role="assistant", content='{"title": "right", "lines": []}'))


async def test_an_object_begins_anew_where_its_call_is_made_again() -> None:
    async def at_once(_s: float) -> None:
        return None

    model: Model = retry(Flaky(), 2, sleep=at_once)
    clerk = Agent("clerk", model=model, output=Report)
    items = [one async for one in clerk.stream("q", log=MemoryLog())]
    titles = [one.data.title for one in items if one.kind == "partial"]
    assert (titles[0], titles[1], titles[-1]) == ("wrong", "ri", "right")


async def test_who_stops_listening_ends_the_ask() -> None:
    stopped = asyncio.Event()

    class Endless:
        name = "endless"

        async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
            assert on_text is not None
            try:
                while True:
                    on_text("on ")
                    await asyncio.sleep(0)
            finally:
                stopped.set()

    log = MemoryLog()
    stream = Agent("clerk", model=Endless()).stream("q", log=log)
    async for one in stream:
        if isinstance(one, Delta):
            break
    await stream.aclose()  # type: ignore[attr-defined]
    assert stopped.is_set()
    (info,) = log.runs()
    assert info.status == "cancelled"


async def test_nobody_listening_costs_nothing() -> None:
    heard: list[OnText | None] = []

    async def says(request: Request, on_text: OnText | None = None) -> Reply:
        heard.append(on_text)
        return Reply(message=Message(role="assistant", content="yes"))

    says.name = "says"  # type: ignore[attr-defined]
    await Agent("clerk", model=says)("q", log=MemoryLog())  # type: ignore[arg-type]
    assert heard == [None]


def test_a_call_of_a_scripted_model_is_told() -> None:
    from agentkit.testing.saying import stream

    listener = Heard()
    made = Message(role="assistant", calls=(ToolCall(id="a", name="pay", arguments='{"eur": 5}'),))
    stream(Reply(message=made), listener)
    assert dict(listener.calls) == {0: ["pay", '{"eur": 5}']}
