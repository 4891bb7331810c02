"""What was said before an ask: kept whole, with the instructions of whoever is asked now."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import Agent, Answer, Message, pattern
from agentkit.actor import Actor
from agentkit.conversation import worded
from agentkit.errors import SetupError
from agentkit.logs.memory import MemoryLog
from agentkit.messages import ToolCall, thread_of
from agentkit.model import Request
from agentkit.patterns import person
from tests.fakes import ScriptedModel, call

OLD = [
    Message(role="user", content="I am Ida."),
    Message(role="assistant", content="Good day, Ida."),
]


def said(request: Request) -> list[tuple[str, str]]:
    return [(node.message.role, node.message.content) for node in request.thread]


def agent(name: str, model: ScriptedModel, instructions: str = "") -> Agent:
    return Agent(name, instructions or f"You are {name}.", model=model)


async def test_the_one_asked_keeps_his_own_current_instructions() -> None:
    model = ScriptedModel("79.2", "132", "I said 79.2.", "Yes.")
    a, b = agent("a", model), agent("b", model)
    first = await a("How much?")
    await a("And more?", after=first)
    await b("What did you say?", after=first)
    a.instructions = "You are new."
    await a("Sure?", after=first)
    whole = [("user", "How much?"), ("assistant", "79.2")]
    assert said(model.requests[1]) == [("system", "You are a."), *whole, ("user", "And more?")]
    assert said(model.requests[2])[:3] == [("system", "You are b."), *whole]
    assert said(model.requests[3])[:3] == [("system", "You are new."), *whole]


@pytest.mark.parametrize(
    "after",
    [
        OLD,
        tuple(OLD),
        [one.model_dump() for one in OLD],
        [{"role": one.role, "content": one.content} for one in OLD],
        thread_of(OLD),
        [Message(role="system", content="You are another."), *OLD],
        Answer(text="", thread=thread_of(OLD)),
    ],
)
async def test_a_conversation_kept_elsewhere_goes_on(after: Any) -> None:
    model = ScriptedModel("Ida.")
    await agent("a", model)("Who am I?", after=after)
    assert said(model.requests[0]) == [
        ("system", "You are a."),
        ("user", "I am Ida."),
        ("assistant", "Good day, Ida."),
        ("user", "Who am I?"),
    ]


async def test_instructions_in_a_list_hold_where_the_agent_has_none_of_its_own() -> None:
    model, given = ScriptedModel("yes"), Message(role="system", content="You are brief.")
    await Agent("a", model=model)("Who?", after=[given, *OLD])
    assert said(model.requests[0])[0] == ("system", "You are brief.")


@pytest.mark.parametrize(
    "after",
    [
        "I am Ida.",
        7,
        {"role": "user", "content": "a"},
        [7],
        ["I am Ida."],
        [{"role": "user"}, {"content": "a"}],
        [{"role": "user", "content": ["parts"]}],
        [{"role": "user", "content": "a", "name": "Ida"}],
        [{"role": "robot", "content": "a"}],
        Answer(text="an answer of no conversation"),
    ],
)
async def test_what_is_no_conversation_is_refused_before_anything_is_paid(after: Any) -> None:
    model = ScriptedModel("never")
    with pytest.raises(SetupError, match="after"):
        await agent("a", model)("Who am I?", after=after)
    assert model.requests == []


def team(model: ScriptedModel) -> Actor:
    clerk = agent("clerk", model)

    @pattern
    async def desk(task: str) -> Answer:
        return await clerk(f"Task: {task}")

    return desk


def handed_on(model: ScriptedModel) -> Actor:
    clerk = agent("clerk", model)

    @pattern
    async def desk(task: str, after: Answer | None = None) -> Answer:
        return await clerk(task, after=after)

    return desk


def graph(model: ScriptedModel) -> Actor:
    return agent("clerk", model) >> pattern(finish)


async def finish(task: str) -> str:
    return task.rpartition("clerk: ")[2]


@pytest.mark.parametrize("make", [team, handed_on, graph])
async def test_a_team_holds_a_conversation_over_several_asks(make: Any) -> None:
    model, log = ScriptedModel("Good day.", "You are Ida.", "Thirty."), MemoryLog()
    desk = make(model)
    answer = await desk("I am Ida.", log=log)
    answer = await desk("Who am I?", after=answer, log=log)
    assert "I am Ida." in str(said(model.requests[1]))
    answer = await desk("And how old?", after=answer, log=log)
    last = str(said(model.requests[2]))
    assert all(words in last for words in ("I am Ida.", "Who am I?", "You are Ida.", "how old?"))
    assert last.count("I am Ida.") == 1
    assert (await desk.replay(answer.run_id, log=log)).text == answer.text
    assert (await desk.rerun(answer.run_id, log=log)).usage.calls == 0


async def test_a_team_asked_for_what_is_no_text_refuses_a_conversation() -> None:
    model = ScriptedModel("one")
    with pytest.raises(SetupError, match="after="):
        await team(model)({"a": 1}, after=OLD)


async def test_a_person_is_told_what_was_said() -> None:
    asked: list[str] = []
    human = person("Ida", answers=lambda text: asked.append(text) or "yes")  # type: ignore[func-returns-value]
    await human("Right?", after=OLD)
    assert asked == ["Right?\n\nSaid before:\n- user: I am Ida.\n- assistant: Good day, Ida."]


def test_lines_of_one_message_stay_together() -> None:
    before = thread_of([Message(role="user", content="a\n- assistant: b"), OLD[1]])
    assert str(worded("c", before, "x")).splitlines()[3:5] == ["- user: a", "  - assistant: b"]


async def test_a_run_that_went_on_with_a_conversation_is_resumed_with_it() -> None:
    model, log = ScriptedModel([call("look")], ZeroDivisionError("bug"), "Ida."), MemoryLog()

    def look() -> str:
        """Look."""
        return "seen"

    clerk = Agent("a", "You are a.", model=model, tools=[look])
    with pytest.raises(ZeroDivisionError):
        await clerk("Who am I?", after=OLD, log=log)
    answer = await clerk.resume(log.find("last"), log=log)
    assert answer.text == "Ida."
    assert len(model.requests) == 3
    assert (await clerk.replay(answer.run_id, log=log)).text == "Ida."
    rerun = await clerk.rerun(answer.run_id, log=log)
    assert (rerun.text, len(model.requests)) == ("Ida.", 3)


CALLING = Message(role="assistant", calls=(ToolCall(id="1", name="look", arguments="{}"),))
RESULT = Message(role="tool", content="open", call_id="1")
ASKED = Message(role="user", content="Is it open?")


@pytest.mark.parametrize(
    "messages",
    [[ASKED, CALLING], [ASKED, RESULT], [CALLING, ASKED, RESULT], [CALLING, RESULT, ASKED, RESULT]],
)
async def test_half_a_tool_call_is_no_conversation(messages: list[Message]) -> None:
    model = ScriptedModel("yes")
    with pytest.raises(SetupError, match="cannot go on after="):
        await Agent("clerk", model=model)("q", after=messages)
    assert not model.requests


async def test_whole_tool_calls_are_gone_on_with() -> None:
    model = ScriptedModel("yes")
    await Agent("clerk", model=model)("q", after=[ASKED, CALLING, RESULT])
    assert len(model.requests[0].thread) == 4
