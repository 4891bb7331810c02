"""Actors: patterns of any result, conversations, streams, and what the log says of them."""

from __future__ import annotations

import asyncio
import gc
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from agentkit import Actor, Agent, Answer, gather, open_log, pattern, run
from agentkit.errors import BadOutput, SetupError
from agentkit.events import MessageSent, ScopeClosed, ScopeOpened
from agentkit.logs.memory import MemoryLog
from agentkit.messages import JSON, Thread
from agentkit.typed import schema_of, validated
from tests.fakes import EchoModel, ScriptedModel, kinds
from tests.teams import check_history


class Report(BaseModel):
    title: str


@pytest.mark.parametrize(
    "result, text, data",
    [
        ("done", "done", None),
        (3, "3", 3),
        (None, "null", None),
        (["a", 1], '["a",1]', ["a", 1]),
        (Report(title="t"), '{"title":"t"}', Report(title="t")),
        (float("nan"), '"NaN"', pytest.approx(float("nan"), nan_ok=True)),
        (Answer(text="x", data=4), "x", 4),
    ],
)
async def test_a_pattern_may_return_anything_with_a_json_form(
    result: Any, text: str, data: Any
) -> None:
    @pattern
    async def team(task: str) -> Any:
        return result

    log = MemoryLog()
    answer = await team("go", log=log)
    assert (answer.text, answer.data, answer.actor) == (text, data, "team")
    assert (await team.replay(answer.run_id, log=log)).text == text


async def test_a_pattern_that_returns_no_json_says_so() -> None:
    @pattern
    async def team(task: str) -> object:
        return object()

    with pytest.raises(SetupError, match="no JSON form"):
        await team("go", log=MemoryLog())


def test_a_plain_function_is_no_pattern() -> None:
    with pytest.raises(SetupError, match="async def"):

        @pattern
        def team(task: str) -> str:
            return task


async def test_a_pattern_gets_the_task_as_json_and_the_type_if_it_wants_it() -> None:
    seen: list[Any] = []

    @pattern(name="named")
    async def team(task: Any, output: Any = None) -> str:
        seen.extend([task, output])
        return '{"title": "t"}'

    answer = await team({"a": (1, 2)}, output=Report, log=MemoryLog())
    assert seen == [{"a": [1, 2]}, Report]
    assert (answer.actor, answer.data) == ("named", Report(title="t"))


async def test_the_log_tells_who_said_what_to_whom() -> None:
    log, model = MemoryLog(), EchoModel()
    one, two = Agent("one", model=model), Agent("two", model=model)

    @pattern
    async def team(task: str) -> Answer:
        return await two((await one(task)).text)

    answer = await team("go", log=log)
    events = log.read(answer.run_id)
    opened = {e.scope: e for e in events if isinstance(e, ScopeOpened)}
    assert [(e.path, e.what, e.model) for e in opened.values()] == [
        ("team", "pattern", None), ("team/one", "agent", "echo"), ("team/two", "agent", "echo"),
    ]  # fmt: skip
    texts = {n.id: n.message.content for e in events for n in e.nodes}
    said = [
        (e.sender, e.to, e.purpose, texts[e.message]) for e in events if isinstance(e, MessageSent)
    ]
    assert said == [
        ("you", "team", "task", "go"),
        ("team", "one", "task", "go"),
        ("one", "team", "answer", "echo: go"),
        ("team", "two", "task", "echo: go"),
        ("two", "team", "answer", "echo: echo: go"),
        ("team", "you", "answer", "echo: echo: go"),
    ]
    assert [e.status for e in events if isinstance(e, ScopeClosed)] == ["ok"] * 3
    check_history(events)


async def test_scopes_close_as_failed_or_cancelled() -> None:
    clerk = Agent("clerk", model=ScriptedModel(ZeroDivisionError("bug")))

    @pattern
    async def team(task: str) -> Answer:
        return await clerk(task)

    log = MemoryLog()
    with pytest.raises(ZeroDivisionError):
        await team("go", log=log)
    closed = [e for e in log.read(log.find("last")) if isinstance(e, ScopeClosed)]
    assert [(e.status, e.error and e.error.type) for e in closed] == [
        ("failed", "ZeroDivisionError")
    ] * 2
    clerk.model = EchoModel(delay_s=30)
    log = MemoryLog()
    log.subscribe(lambda items: task.cancel() if "step.started" in kinds(items) else None)
    task = asyncio.ensure_future(team("go", log=log))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log.runs()[0].status == "cancelled"
    closed = [e for e in log.read(log.find("last")) if isinstance(e, ScopeClosed)]
    assert [e.status for e in closed] == ["cancelled"] * 2


async def test_an_ask_outside_a_run_uses_the_default_log(own_folder: Path) -> None:
    answer = await Agent("clerk", model=EchoModel())("go")
    log = open_log()
    assert log.url.endswith(f"{own_folder.name}/log.db")
    assert log.runs()[0].id == answer.run_id
    log.close()


async def test_a_log_that_is_given_is_the_only_one_used(own_folder: Path) -> None:
    clerk, log = Agent("clerk", model=EchoModel()), MemoryLog()
    async for _ in clerk.stream("go", log=log):
        pass
    answer = await clerk("go", log=log)
    await clerk.replay(answer.run_id, log=log)
    assert list(own_folder.iterdir()) == []


async def test_streaming_inside_a_run_shows_that_run() -> None:
    log, clerk = MemoryLog(), Agent("clerk", model=ScriptedModel("a b"))
    async with run(log=log) as r:
        items = [item async for item in clerk.stream("go")]
    assert {item.run for item in items[:-1]} == {r.id}
    assert items[-1].text == "a b"
    assert "delta" in kinds(items) and kinds(items)[-1] == "answer"


async def test_an_abandoned_stream_that_failed_leaves_no_complaint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stream = Agent("clerk", model=ScriptedModel(ZeroDivisionError("bug"))).stream(
        "go", log=MemoryLog()
    )
    async for _ in stream:
        for _ in range(20):
            await asyncio.sleep(0)
        break
    await stream.aclose()
    gc.collect()
    assert caplog.records == []


async def test_an_actor_of_ones_own_needs_act_only() -> None:
    class Parrot(Actor):
        what = "parrot"

        async def act(self, task: JSON, output: Any, thread: Thread) -> Answer:
            return Answer(text=f"{task}!", thread=())

    parrot, log = Parrot("polly"), MemoryLog()

    @pattern
    async def flock(task: str) -> str:
        return " ".join(a.text for a in await gather(parrot(task), parrot(task)))

    answer = await flock("hi", log=log)
    assert answer.text == "hi! hi!"
    assert (await flock.replay(answer.run_id, log=log)).text == answer.text
    assert repr(parrot) == "Parrot('polly')"


def test_schemas_and_values_of_types() -> None:
    assert schema_of(None) is None
    assert schema_of(int) == {"type": "integer"}
    assert schema_of({"type": "object"}) == {"type": "object"}
    assert validated("[1, 2]", list[int]) == [1, 2]
    with pytest.raises(ValueError):
        validated("[]", {"type": "object"})


async def test_an_option_that_no_run_has_is_refused_before_anything_is_asked() -> None:
    log, model = MemoryLog(), EchoModel()
    with pytest.raises(SetupError, match="cannot be asked with budget") as caught:
        await Agent("clerk", model=model)("go", log=log, budget=3)
    assert "budget_usd" in str(caught.value.expected)
    assert not log.runs()


async def test_awaiting_an_answer_gives_it() -> None:
    answer = Answer(text="4 EUR")
    assert await answer is answer


def test_an_answer_shows_itself_in_text_and_markdown() -> None:
    answer = Answer(text="4 EUR", actor="clerk")
    assert repr(answer) == "Answer from clerk: 4 EUR\n[0 calls · 0 + 0 tokens · price unknown]"
    assert answer._repr_markdown_().startswith("4 EUR\n\n<sub>clerk")


@pytest.mark.parametrize(
    ("said", "output", "data"),
    [
        ("in Amber", str, "in Amber"),
        ("7", str, "7"),
        ('"quoted"', str, '"quoted"'),
        ("yes", Literal["yes", "no"], "yes"),
        ("7", int, 7),
        ("yes", int | Literal["yes"], "yes"),
        ("in Amber", {"type": "string"}, "in Amber"),
        ("no", {"enum": ["yes", "no"]}, "no"),
        ("no", {"anyOf": [{"type": "integer"}, {"type": "string"}]}, "no"),
        ("[1]", {"type": "array", "items": {"type": "integer"}}, [1]),
    ],
)
async def test_a_text_is_itself_a_value_of_a_type_of_texts(
    said: str, output: Any, data: Any
) -> None:
    @pattern
    async def team(task: str) -> str:
        return said

    answer = await team("?", output=output, log=MemoryLog())
    assert (answer.text, answer.data) == (said, data)


async def test_a_text_outside_a_literal_does_not_fit() -> None:
    @pattern
    async def team(task: str) -> str:
        return "perhaps"

    for output in (Literal["yes", "no"], {"enum": ["yes", "no"]}):
        with pytest.raises(BadOutput, match="does not fit"):
            await team("?", output=output, log=MemoryLog())


async def test_what_a_pattern_returns_has_the_type_asked_for() -> None:
    @pattern
    async def team(task: str) -> object:
        return json.loads(task)

    assert (await team("[1, 2]", output=list[int], log=MemoryLog())).data == [1, 2]
    assert (await team("[1, 2]", log=MemoryLog())).data == [1, 2]
    with pytest.raises(BadOutput, match="team returned an answer that does not fit"):
        await team('{"a": 1}', output=list[int], log=MemoryLog())
