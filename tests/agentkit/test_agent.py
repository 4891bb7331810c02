"""Agents: tools, what goes wrong with them, typed answers, bounds, delegates, approval."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, SecretStr, field_validator

from agentkit import Agent, Answer, Message, Reply, Usage, pattern, run, set_person, tool
from agentkit.context import Memory
from agentkit.errors import (
    AgentkitError,
    BadOutput,
    Interrupted,
    LogFull,
    Overloaded,
    ReplayMismatch,
    ReplyCut,
    SetupError,
    TooDeep,
    ToolError,
    TurnsSpent,
    Unsettled,
)
from agentkit.events import Noted, StepEnded, StepStarted
from agentkit.logs.memory import MemoryLog
from agentkit.messages import ToolCall
from agentkit.person import Question
from agentkit.pictures import TranscriptPicture
from agentkit.tools import Tool
from agentkit.views import fold
from tests.fakes import EchoModel, ScriptedModel, call, kinds
from tests.teams import begun, prefix_of


@tool(effect="pure")
def dues(port: str, tonnes: float) -> float:
    """Harbour dues in EUR."""
    return len(port) * tonnes


@tool(effect="pure")
async def boom(text: str = "") -> str:
    """Fail."""
    raise ValueError(text)


@tool(effect="pure", timeout_s=0.02)
async def hang() -> str:
    """Hang."""
    await asyncio.Event().wait()
    return "never"


@tool(effect="pure")
def strange() -> object:
    """Return no JSON."""
    return object()


def told(answer: Answer) -> list[Message]:
    return [node.message for node in answer.thread if node.message.role == "tool"]


def topics(log: MemoryLog, run: str) -> list[str]:
    return [e.topic for e in log.read(run) if isinstance(e, Noted)]


async def test_the_model_gets_instructions_task_and_tools() -> None:
    model, log = ScriptedModel("4 EUR"), MemoryLog()
    clerk = Agent("clerk", "You know the port.", model=model, tools=[dues], temperature=0)
    answer = await clerk("What are the dues?", log=log)
    [request] = model.requests
    assert [(n.message.role, n.message.content) for n in request.thread] == [
        ("system", "You know the port."), ("user", "What are the dues?"),
    ]  # fmt: skip
    assert request.tools == (dues.spec,)
    assert (request.actor, request.options.temperature) == ("clerk", 0)
    assert len(request.key) == 32
    assert str(answer) == answer.text == "4 EUR"
    assert (answer.usage, answer.cost_usd) == (Usage(tokens_in=10, tokens_out=5, calls=1), 0.001)
    assert "1 call · 10 + 5 tokens · $0.001000" in repr(answer)


async def test_tool_results_go_back_in_the_order_of_the_calls() -> None:
    calls = [
        call("dues", '{"port": "Amber", "tonnes": 2}', "a"),
        call("dues", '{"port": "Bo", "tonnes": 2}', "b"),
    ]
    model = ScriptedModel(calls, "done")
    answer = await Agent("clerk", model=model, tools=[dues])("go", log=MemoryLog())
    assert [(m.call_id, m.content, m.error) for m in told(answer)] == [
        ("a", "10.0", False), ("b", "4.0", False),
    ]  # fmt: skip
    assert model.requests[1].thread == answer.thread[:-1]


@pytest.mark.parametrize(
    "name, arguments, said",
    [
        ("tariff", "{}", "There is no tool 'tariff'. The tools are: dues(port, tonnes), boom"),
        ("dues", "{", "not JSON"),
        ("dues", '{"port": "a"}', "tonnes: Field required. It takes dues(port, tonnes)."),
        ("boom", '{"text": "crane broken"}', "crane broken"),
        ("boom", "{}", "ValueError"),
        ("hang", "{}", "did not return within 0.02 s"),
        ("strange", "{}", "not a JSON value"),
    ],
)
async def test_whatever_goes_wrong_with_a_tool_is_told_to_the_model(
    name: str, arguments: str, said: str
) -> None:
    model, log = ScriptedModel([call(name, arguments)], "sorry"), MemoryLog()
    clerk = Agent("clerk", model=model, tools=[dues, boom, hang, strange])
    answer = await clerk("go", log=log)
    [message] = told(answer)
    assert said in message.content
    assert message.error
    assert (await clerk.replay(answer.run_id, log=log)).thread == answer.thread


async def test_an_agent_without_tools_says_there_are_none() -> None:
    answer = await Agent("clerk", model=ScriptedModel([call("x")], "ok"))("go", log=MemoryLog())
    assert told(answer)[0].content == "There is no tool 'x'. The tools are: none."


async def test_the_tools_of_one_turn_overlap() -> None:
    met = asyncio.Barrier(3)

    @tool(effect="pure")
    async def meet(n: int) -> int:
        """Meet."""
        async with asyncio.timeout(5):
            await met.wait()
        return n

    calls = [call("meet", f'{{"n": {n}}}', str(n)) for n in range(3)]
    model = ScriptedModel(calls, "met")
    answer = await Agent("clerk", model=model, tools=[meet])("go", log=MemoryLog())
    assert [m.content for m in told(answer)] == ["0", "1", "2"]


async def test_when_a_call_stops_the_run_the_others_of_its_turn_stop_too() -> None:
    class Full(MemoryLog):
        full = False

        async def write(self, batch: Any) -> Any:
            if self.full:
                raise LogFull("The disk is full.")
            return await super().write(batch)

    log, ended = Full(), []

    @tool(effect="once")
    async def slow() -> None:
        """Take long."""
        log.full = True
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("slow")

    async def later(question: Question) -> str:
        while not log.full:
            await asyncio.sleep(0)
        return "yes"

    @tool(effect="once", approve=True)
    async def pay() -> None:
        """Pay."""

    before = set_person(later)
    try:
        calls = [call("slow", id="a"), call("pay", id="b")]
        with pytest.raises(LogFull):
            clerk = Agent("clerk", model=ScriptedModel(calls), tools=[slow, pay])
            await asyncio.wait_for(clerk("go", log=log), 5)
    finally:
        set_person(before)
    assert ended == ["slow"]
    assert len(asyncio.all_tasks()) == 1


async def test_turns_are_bounded() -> None:
    model = ScriptedModel(*[[call("dues", '{"port": "a", "tonnes": 1}')]] * 5)
    clerk = Agent("clerk", model=model, tools=[dues], max_turns=3)
    with pytest.raises(TurnsSpent, match="3 turns") as caught:
        await clerk("go", log=MemoryLog())
    assert "the last call, of dues, returned: " in str(caught.value)
    assert len(model.requests) == 3
    with pytest.raises(SetupError, match="max_turns"):
        Agent("clerk", model=model, max_turns=0)


class Kind(Enum):
    SHIP = "ship"
    BERTH = "berth"


class Berth(BaseModel):
    name: str
    depth_m: float


class Report(BaseModel):
    title: str
    berths: list[Berth]
    main: Berth | None = None

    @field_validator("title")
    @classmethod
    def short(cls, title: str) -> str:
        if len(title) > 20:
            raise ValueError("keep it short")
        return title


REPORT = Report(title="t", berths=[Berth(name="a", depth_m=1)], main=Berth(name="b", depth_m=2))

TYPED: list[tuple[Any, str, Any]] = [
    (int, '{"value": 3}', 3),
    (bool, '{"value": true}', True),
    (list[str], '{"value": ["a", "b"]}', ["a", "b"]),
    (Literal["yes", "no"], '{"value": "no"}', "no"),
    (int | None, '{"value": null}', None),
    (Kind, '{"value": "berth"}', Kind.BERTH),
    (list[Berth], '{"value": [{"name": "a", "depth_m": 1}]}', [Berth(name="a", depth_m=1)]),
    (Berth | None, '{"value": {"name": "a", "depth_m": 1}}', Berth(name="a", depth_m=1)),
    (Report, REPORT.model_dump_json(), REPORT),
    (dict[str, int], '{"a": 1}', {"a": 1}),
    ({"type": "object", "properties": {"a": {"type": "integer"}}}, '{"a": 1}', {"a": 1}),
    ({"type": "array", "items": {"type": "integer"}}, '{"value": [1]}', [1]),
]


@pytest.mark.parametrize("output, text, data", TYPED)
async def test_answers_have_the_type_asked_for(output: Any, text: str, data: Any) -> None:
    model, log = ScriptedModel("certainly!", f"```json\n{text}\n```"), MemoryLog()
    clerk = Agent("clerk", model=model)
    answer = await clerk("go", output=output, log=log)
    assert answer.data == data
    assert type(answer.data) is type(data)
    assert model.requests[0].output["type"] == "object"
    assert topics(log, answer.run_id) == ["repair"]
    again = await clerk.replay(answer.run_id, log=log, output=output)
    assert again.data == data
    untyped = await clerk.replay(answer.run_id, log=log)
    assert untyped.text == answer.text
    assert len(model.requests) == 2


async def test_what_was_wrong_is_known_again_without_the_type() -> None:
    """A resume that knows the schema only must not accept what the type refused."""
    wrong, right = (
        f'{{"title": "{title}", "berths": []}}' for title in ("much too long " * 3, "t")
    )
    model, log = ScriptedModel(wrong, right), MemoryLog()
    clerk = Agent("clerk", model=model)
    answer = await clerk("go", output=Report, log=log)
    assert "keep it short" in model.requests[1].thread[-1].message.content
    events = log.read(answer.run_id)
    for count in range(1, len(events)):
        part = await prefix_of(events, count)
        repaired = any(e.kind == "noted" for e in events[:count])
        clerk.model = ScriptedModel(*[reply(e) for e in events[count:] if e.kind == "step.ended"])
        if repaired:
            again = await clerk.resume(answer.run_id, log=part)
            assert again.data == {"title": "t", "berths": []}
    for how in (clerk.replay, clerk.rerun):
        assert (await how(answer.run_id, log=log)).text == answer.text


def reply(event: Any) -> Reply:
    return Reply(message=event.nodes[-1].message, usage=event.usage, cost_usd=event.cost_usd)


async def test_repair_is_bounded_and_says_what_is_wrong() -> None:
    model = ScriptedModel("a", '{"value": "x"}', '{"other": 1}', '{"value": 1}')
    with pytest.raises(BadOutput, match='in 3 tries.*the one field "value"') as caught:
        await Agent("clerk", model=model)("go", output=int, log=MemoryLog())
    assert '{"other": 1}' in str(caught.value)
    assert "valid integer" in model.requests[2].thread[-1].message.content


async def test_pieces_of_text_reach_whoever_listens() -> None:
    model, log = ScriptedModel("one two three"), MemoryLog()
    items = [item async for item in Agent("clerk", model=model).stream("go", log=log)]
    deltas = [item for item in items if getattr(item, "kind", "") == "delta"]
    assert "".join(d.text for d in deltas) == "one two three"
    assert {(d.actor, d.run) for d in deltas} == {("clerk", items[-1].run_id)}
    assert isinstance(items[-1], Answer)
    assert kinds(items[:-1])[-1] == "run.ended"
    assert "delta" not in kinds(log.read(items[-1].run_id))


async def test_nobody_listening_means_no_streaming() -> None:
    seen: list[Any] = []

    class Model:
        name = "quiet"

        async def __call__(self, request: Any, on_text: Any = None) -> Reply:
            seen.append(on_text)
            return Reply(message=Message(role="assistant", content="x"))

    await Agent("clerk", model=Model())("go", log=MemoryLog())
    assert seen == [None]


async def test_a_stream_ends_with_the_error() -> None:
    stream = Agent("clerk", model=ScriptedModel(Overloaded("503"))).stream("go", log=MemoryLog())
    with pytest.raises(Overloaded):
        async for _ in stream:
            pass


async def test_usage_adds_up_and_an_unknown_price_is_not_zero() -> None:
    unpriced = Reply(
        message=Message(role="assistant", content="b"), usage=Usage(tokens_in=1, calls=1)
    )
    model, log = ScriptedModel("a", unpriced, "c"), MemoryLog()
    clerk = Agent("clerk", model=model)
    async with run(log=log) as r:
        costs = [(await clerk("go")).cost_usd for _ in range(3)]
        assert costs == [0.001, None, 0.001]
        assert r.cost_usd is None
        assert r.usage == Usage(tokens_in=21, tokens_out=10, calls=3)
    assert log.runs()[0].cost_usd is None
    assert log.runs()[0].calls == 3


async def test_a_conversation_goes_on_after_an_answer() -> None:
    model, log = EchoModel(), MemoryLog()
    clerk = Agent("clerk", "Be brief.", model=model)
    first = await clerk("one", log=log)
    second = await clerk("two", after=first, log=log)
    assert second.thread[: len(first.thread)] == first.thread
    assert [n.message.content for n in second.thread] == [
        "Be brief.", "one", "echo: one", "two", "echo: two",
    ]  # fmt: skip
    again = await clerk.replay(second.run_id, log=log, after=first)
    assert again.text == second.text


async def test_an_empty_task_is_refused_before_anything_is_paid() -> None:
    model = EchoModel()
    for task in ("", " \n"):
        with pytest.raises(SetupError, match="asked nothing"):
            await Agent("clerk", model=model)(task, log=MemoryLog())
    assert model.keys == []


async def test_a_task_without_a_json_form_is_refused() -> None:
    with pytest.raises(SetupError, match="cannot be asked"):
        await Agent("clerk", model=EchoModel())(object(), log=MemoryLog())
    answer = await Agent("clerk", model=EchoModel())("\ud800", log=MemoryLog())
    assert answer.text == "echo: \ufffd"


@pytest.mark.parametrize("name", ["", "a/b", "you", " a"])
def test_names_that_a_path_cannot_hold_are_refused(name: str) -> None:
    with pytest.raises(SetupError, match="cannot be called"):
        Agent(name, model=EchoModel())


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ToolError, match="Two tools"):
        Agent("clerk", model=EchoModel(), tools=[dues, dues])


def boss_of(member: Any, *lines: Any) -> Agent:
    return Agent("boss", model=ScriptedModel(*lines), tools=[member.as_tool()])


async def test_an_actor_is_a_tool_and_its_steps_are_recorded_inside() -> None:
    log, clerk = MemoryLog(), Agent("clerk", "Know the port.", model=EchoModel())
    boss = boss_of(clerk, [call("clerk", '{"task": "dues?"}')], "done")
    answer = await boss("go", log=log)
    assert told(answer)[0].content == "echo: dues?"
    assert answer.usage.calls == 3
    opened = [e.path for e in log.read(answer.run_id) if e.kind == "scope.opened"]
    assert opened == ["boss", "boss/clerk"]
    assert {s.step for s in begun(log.read(answer.run_id))} == {"model"}
    assert clerk.as_tool().description == "Know the port."


async def test_a_delegates_failure_is_told_and_remembered() -> None:
    """After the boss went on, a resume must not try its delegate again, nor a replay mismatch."""
    log = MemoryLog()
    clerk = Agent("clerk", model=ScriptedModel(Overloaded("503", expected="200", todo="wait")))
    boss = boss_of(clerk, [call("clerk", '{"task": "dues?"}')], "no dues")
    answer = await boss("go", log=log)
    assert told(answer)[0].content == "clerk failed: 503"
    assert (await boss.replay(answer.run_id, log=log)).text == "no dues"
    events = log.read(answer.run_id)
    went_on = [n for n, e in enumerate(events, 1) if e.kind == "step.started"][-1]
    for count in range(went_on, len(events)):
        clerk.model, boss.model = ScriptedModel("10 EUR"), ScriptedModel("no dues")
        part = await prefix_of(events, count)
        again = await boss.resume(answer.run_id, log=part)
        assert again.thread == answer.thread
        assert len(clerk.model.requests) == 0


async def test_a_delegate_that_failed_and_stopped_the_run_is_tried_again() -> None:
    log, clerk = MemoryLog(), Agent("clerk", model=ScriptedModel(Overloaded("503"), "10 EUR"))
    boss = boss_of(clerk, [call("clerk", '{"task": "dues?"}')], ZeroDivisionError("bug"), "done")
    with pytest.raises(ZeroDivisionError):
        await boss("go", log=log)
    part = await prefix_of(log.read(log.find("last")), 10)
    answer = await boss.resume(log.find("last"), log=part)
    assert told(answer)[0].content == "10 EUR"


@pytest.mark.parametrize("error", [Unsettled("?"), LogFull("full"), ReplayMismatch("?")])
async def test_what_stops_a_run_is_not_told_to_a_model(error: Exception) -> None:
    @pattern
    async def clerk(task: str) -> str:
        """Answer."""
        raise error

    boss = boss_of(clerk, [call("clerk", '{"task": "dues?"}')], "went on")
    with pytest.raises(type(error)):
        await boss("go", log=MemoryLog())


async def test_a_delegate_asked_nothing_is_told_so() -> None:
    boss = boss_of(Agent("clerk", model=EchoModel()), [call("clerk", '{"task": ""}')], "oh")
    answer = await boss("go", log=MemoryLog())
    assert "asked nothing" in told(answer)[0].content


def answers(*said: str) -> tuple[list[str], Callable[[Question], Any]]:
    asked: list[str] = []
    left = list(said)

    async def person(question: Question) -> str:
        asked.append(question.text)
        return left.pop(0)

    return asked, person


@pytest.mark.parametrize("said, done", [("yes", 1), ("Y", 1), ("no", 0), ("", 0), ("sure", 0)])
async def test_a_call_that_needs_approval_waits_for_a_yes(said: str, done: int) -> None:
    paid: list[int] = []

    @tool(approve=lambda arguments: arguments["eur"] > 100)
    async def pay(eur: int) -> str:
        """Pay."""
        paid.append(eur)
        return "paid"

    asked, person = answers(said)
    before = set_person(person)
    try:
        calls = [call("pay", '{"eur": 500}', "a"), call("pay", '{"eur": 5}', "b")]
        model, log = ScriptedModel(calls, ZeroDivisionError("bug"), "done"), MemoryLog()
        clerk = Agent("clerk", model=model, tools=[pay])
        with pytest.raises(ZeroDivisionError):
            await clerk("go", log=log)
        answer = await clerk.resume(log.find("last"), log=log)
    finally:
        set_person(before)
    assert asked == ["May clerk call pay(eur=500)?"]
    assert len(paid) == done + 1
    assert ("did not allow" in told(answer)[0].content) == (not done)


def cut(text: str = "", *calls: ToolCall, reasoning: str = "") -> Reply:
    message = Message(role="assistant", content=text, calls=calls, reasoning=reasoning)
    return Reply(message=message, stop="length")


async def test_an_answer_says_why_it_stopped() -> None:
    for stop, words in (("length", "cut by max_tokens"), ("refusal", "refused")):
        reply = Reply(message=Message(role="assistant", content="The dose is 5"), stop=stop)
        log = MemoryLog()
        clerk = Agent("clerk", model=ScriptedModel(reply))
        answer = await clerk("go", log=log)
        assert topics(log, answer.run_id) == [stop]
        assert answer.stop == stop
        assert words in repr(answer) and words in answer._repr_markdown_()
        assert (await clerk.replay(answer.run_id, log=log)).stop == stop
    whole = await Agent("clerk", model=ScriptedModel("It is 5."))("go", log=MemoryLog())
    assert whole.stop == "stop" and "max_tokens" not in repr(whole)


@pytest.mark.parametrize("arguments", ["{}", "", '{"port": "Am'])
async def test_a_cut_reply_performs_no_tool_call(arguments: str) -> None:
    done: list[str] = []

    @tool(effect="once")
    def clear(folder: str = "/") -> str:
        """Delete the files of a folder."""
        done.append(folder)
        return "cleared"

    whole, half = call("clear", "{}", "a"), call("clear", arguments, "b")
    model = ScriptedModel(cut("", whole, half), "never asked")
    with pytest.raises(ReplyCut, match=r"max_tokens \(20\)") as caught:
        await Agent("clerk", model=model, tools=[clear], max_tokens=20)("go", log=MemoryLog())
    assert done == [] and len(model.requests) == 1
    assert "max_tokens=N" in str(caught.value)


async def test_a_typed_answer_that_was_cut_is_not_repaired() -> None:
    model = ScriptedModel(cut('{"value": 1'), '{"value": 12}')
    with pytest.raises(ReplyCut, match="max_tokens"):
        await Agent("clerk", model=model)("go", output=int, log=MemoryLog())
    assert len(model.requests) == 1


async def test_a_typed_answer_that_was_refused_is_not_asked_for_again() -> None:
    refused = Reply(message=Message(role="assistant", content="I must not."), stop="refusal")
    model = ScriptedModel(refused, '{"value": 12}')
    with pytest.raises(BadOutput, match="I must not"):
        await Agent("clerk", model=model)("go", output=int, log=MemoryLog())


async def test_a_reply_cut_while_it_was_thought_about_is_no_empty_answer() -> None:
    with pytest.raises(ReplyCut, match="reasoning"):
        await Agent("clerk", model=ScriptedModel(cut(reasoning="So")))("go", log=MemoryLog())


async def test_a_delegates_cut_answer_is_told_as_cut() -> None:
    member = Agent("member", model=ScriptedModel(cut("half an answ")))
    answer = await boss_of(member, [call("member", '{"task": "go"}')], "ok")("go", log=MemoryLog())
    assert told(answer)[0].content == "half an answ\n[cut by max_tokens]"


async def test_what_was_thought_is_kept_apart_from_the_answer() -> None:
    said = Message(role="assistant", content="Yes.", reasoning="Why not?")
    log = MemoryLog()
    answer = await Agent("clerk", model=ScriptedModel(Reply(message=said)))("go", log=log)
    assert (answer.text, answer.reasoning) == ("Yes.", "Why not?")
    assert "Why not?" not in repr(answer) + answer._repr_markdown_()
    lines = str(fold(TranscriptPicture(), log.read(answer.run_id))).splitlines()
    thought = next(i for i, line in enumerate(lines) if line.startswith("clerk thinks  #"))
    assert lines[thought + 1] == "    Why not?"


def test_something_that_is_no_model_is_refused() -> None:
    with pytest.raises(SetupError, match="The model of clerk is 3"):
        Agent("clerk", model=3)  # type: ignore[arg-type]


async def test_a_missing_key_in_a_tool_is_told_as_one() -> None:
    @tool(effect="pure")
    def dues(port: str) -> float:
        """Dues."""
        return {"Amber": 2.64}[port]

    model = ScriptedModel([call("dues", '{"port": "Atlantis"}')], "sorry")
    answer = await Agent("clerk", model=model, tools=[dues])("go", log=MemoryLog())
    [told] = [n.message for n in answer.thread if n.message.role == "tool"]
    assert told.content.endswith("KeyError: 'Atlantis'")


@pytest.mark.parametrize("effect, doubted", [("pure", False), ("once", True)])
async def test_a_tool_can_stop_the_run_which_is_then_resumed(effect: Any, doubted: bool) -> None:
    class Halt(Interrupted):
        """An operator's order."""

    stop: list[Exception] = [Halt("an operator stopped it")]

    @tool(effect=effect)
    def look() -> str:
        """Look."""
        if stop:
            raise stop[0]
        return "clear"

    model, log = ScriptedModel([call("look")], "I went on."), MemoryLog()
    clerk = Agent("clerk", model=model, tools=[look])
    with pytest.raises(Halt, match="operator"):
        await clerk("go", log=log)
    run_id = log.find("last")
    assert len(model.requests) == 1
    with pytest.raises(AgentkitError, match="operator"):
        await clerk.replay(run_id, log=log)
    stop.clear()
    if doubted:
        with pytest.raises(Unsettled):
            await clerk.resume(run_id, log=log)
    else:
        assert told(await clerk.resume(run_id, log=log))[0].content == "clear"


async def test_a_programming_error_in_a_tool_ends_the_ask_where_that_is_wanted() -> None:
    broken = [True]

    @tool(effect="pure", on_error="raise")
    def look() -> str:
        """Look."""
        return undefined if broken else "clear"  # type: ignore[name-defined]  # noqa: F821

    model, log = ScriptedModel([call("look")], "done"), MemoryLog()
    clerk = Agent("clerk", model=model, tools=[look])
    with pytest.raises(NameError, match="undefined"):
        await clerk("go", log=log)
    step = next(e for e in log.read(log.find("last")) if isinstance(e, StepEnded) and e.error)
    assert step.error is not None and step.error.where.startswith("look, line ")
    broken.clear()
    assert (await clerk.resume(log.find("last"), log=log)).text == "done"


async def test_a_tools_failure_keeps_the_line_it_came_from() -> None:
    log = MemoryLog()
    answer = await Agent("a", model=ScriptedModel([call("boom")], "done"), tools=[boom])(
        "go", log=log
    )
    ended = [e for e in log.read(answer.run_id) if isinstance(e, StepEnded) and e.step == "tool"]
    (step,) = ended
    assert step.error is not None
    assert step.error.where.endswith("raise ValueError(text)")
    assert "Traceback" in step.error.trace and "agentkit/agent.py" not in step.error.trace
    assert "Traceback" not in told(answer)[0].content


async def test_a_secret_reaches_the_tool_and_is_hidden_in_the_log_of_the_call() -> None:
    got: list[str] = []

    @tool(effect="once", approve=True)
    def log_in(user: str, password: SecretStr) -> str:
        """Log in."""
        got.append(password.get_secret_value())
        return "in"

    asked, person = answers("yes", "yes")
    before, log = set_person(person), MemoryLog()
    try:
        calls = [call("log_in", f'{{"user": "ida", "password": "{key}"}}', key) for key in "xy"]
        model = ScriptedModel(calls, "done")
        answer = await Agent("a", model=model, tools=[log_in])("go", log=log)
    finally:
        set_person(before)
    started = [e for e in log.read(answer.run_id) if isinstance(e, StepStarted)]
    requests = [e.request for e in started if e.step == "tool"]
    assert sorted(got) == ["x", "y"]
    assert requests == [{"user": "ida", "password": "**********"}] * 2
    assert all("**********" in question for question in asked)
    assert len({e.key for e in started}) == len(started)


async def test_an_actor_among_the_tools_is_asked_as_one() -> None:
    helper = Agent("helper", "You help.", model=ScriptedModel("helped", "again"))

    @tool(effect="pure")
    async def both() -> Any:
        """Ask the helper."""
        return [await helper("b")]

    calls = [call("helper", '{"task": "a"}', "a"), call("both", id="b")]
    model = ScriptedModel(calls, "done")
    answer = await Agent("clerk", model=model, tools=[helper, both])("go")
    assert sorted(message.content for message in told(answer)) == ['["again"]', "helped"]


def mutual(model: Any, max_nested: int = 8) -> Agent:
    """Two agents that have each other as tools, one by way of a pattern."""

    @pattern
    async def second(task: str) -> Answer:
        return await b(task)

    a = Agent("a", model=model, tools=[second.as_tool()], max_nested=max_nested)
    b = Agent("b", model=model, tools=[a.as_tool()])
    return a


class PassOn(EchoModel):
    """Always passes the work on, to every tool at once, several times."""

    def __init__(self, times: int = 1) -> None:
        super().__init__()
        self.times, self.calls = times, 0

    async def __call__(self, request: Any, on_text: Any = None) -> Reply:
        self.calls += 1
        name = request.tools[0].name
        asks = [call(name, '{"task": "you"}', f"c{n}") for n in range(self.times)]
        return await ScriptedModel(asks)(request)


@pytest.mark.parametrize("times", [1, 3])
async def test_agents_that_are_each_others_tools_are_bounded(times: int) -> None:
    model, log = PassOn(times), MemoryLog()
    with pytest.raises(TooDeep, match="a was asked within an ask of itself"):
        await mutual(model)("go", log=log)
    assert model.calls < 40


async def test_an_agent_may_be_asked_within_itself_as_often_as_it_says() -> None:
    model = PassOn()
    with pytest.raises(TooDeep):
        await mutual(model, max_nested=2)("go", log=MemoryLog())
    assert model.calls == 6


@pytest.mark.parametrize(
    "options", [{"max_tokens": 0}, {"max_tokens": 1.5}, {"temperature": "hot"}]
)
def test_senseless_sampling_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(SetupError, match=next(iter(options))):
        Agent("clerk", model=ScriptedModel("x"), **options)


async def test_a_changed_copy_keeps_what_was_not_changed() -> None:
    @tool(effect="pure")
    def notes_read() -> str:
        """Read the notes."""
        return "a note"

    class Notes(Memory):
        name = "notes"

        @property
        def tools(self) -> tuple[Tool, ...]:
            return (notes_read,)

    first, second = ScriptedModel("one"), ScriptedModel("two")
    clerk = Agent(
        "clerk", "Be brief.", model=first, tools=[dues], memory=Notes(), max_turns=3,
        temperature=0.5, max_tokens=99,
    )  # fmt: skip
    other = clerk.with_(model=second, instructions="Be long.")
    assert (await other("Hello")).text == "two"
    assert (await clerk("Hello")).text == "one"
    (request,) = second.requests
    assert [node.message.content for node in request.thread] == ["Be long.", "Hello"]
    assert (request.options.temperature, request.options.max_tokens) == (0.5, 99)
    assert [spec.name for spec in request.tools] == ["dues", "notes_read"]
    assert (other.name, other.max_turns, other.description) == ("clerk", 3, "Be long.")
    assert list(clerk.with_(tools=[]).tools) == ["notes_read"]
    assert list(clerk.with_(memory=None).tools) == ["dues"]
    with pytest.raises(SetupError, match="has no modell to change"):
        clerk.with_(modell=second)
    with pytest.raises(SetupError, match="max_turns"):
        clerk.with_(max_turns=0)


class Dues(BaseModel):
    eur: float


async def test_an_agent_answers_with_the_type_it_was_made_with() -> None:
    model = ScriptedModel('{"eur": 79.2}', "[1, 2]", '{"eur": 1}')
    clerk = Agent("clerk", model=model, output=Dues)
    log = MemoryLog()
    answer = await clerk("The dues?", log=log)
    assert answer.data == Dues(eur=79.2)
    assert model.requests[0].output == Dues.model_json_schema()
    assert (await clerk("Numbers?", output=list[int], log=log)).data == [1, 2]
    for again in (clerk.resume, clerk.replay):
        assert (await again(answer.run_id, log=log)).data == Dues(eur=79.2)
    assert (await clerk.with_(output=None).replay(answer.run_id, log=log)).data == {"eur": 79.2}

    @pattern
    async def team(task: str) -> Answer[Dues]:
        return await clerk(task)

    assert (await team("The dues?", log=log)).data == Dues(eur=1)


async def test_a_copy_of_an_agent_keeps_its_type_or_gets_another() -> None:
    clerk = Agent("clerk", model=ScriptedModel("7", '{"eur": 7}'), output=int)
    assert (await clerk.with_(max_turns=2)("q", log=MemoryLog())).data == 7
    assert (await clerk.with_(output=Dues)("q", log=MemoryLog())).data == Dues(eur=7)


@pytest.mark.parametrize("output", [3, object(), open])
def test_a_type_without_a_schema_is_refused_where_the_agent_is_made(output: Any) -> None:
    with pytest.raises(SetupError, match="no JSON Schema"):
        Agent("clerk", model=ScriptedModel(), output=output)


@pytest.mark.parametrize("said", ["yes", "no"])
async def test_an_actor_that_needs_approval_is_asked_after_a_yes(said: str) -> None:
    @pattern
    async def yard(task: str) -> str:
        return f"{task}: built"

    async def person(question: Any) -> str:
        assert question.arguments == {"task": "a ship"}
        return said

    set_person(person)
    try:
        model = ScriptedModel([call("yard", '{"task": "a ship"}')], "Done.")
        tools = [yard.as_tool(approve=lambda arguments: "ship" in arguments["task"])]
        answer = await Agent("boss", model=model, tools=tools)("?")
    finally:
        set_person(None)
    told = answer.thread[-2].message
    assert (told.text == "a ship: built") is (said == "yes") is not told.error


def test_an_agent_that_is_called_like_a_model_is_refused_and_not_simulated() -> None:
    with pytest.raises(SetupError, match="model='openai:gpt-5-mini'"):
        Agent("openai:gpt-5-mini", "You answer.")
    assert Agent("sim:careful", model=EchoModel()).name == "sim:careful"
    assert Agent("dock:3", model=EchoModel()).name == "dock:3"
