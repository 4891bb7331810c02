"""Compaction: what leaves a long conversation, what stays, and that nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import Agent, Message, run, tool
from agentkit.errors import SetupError
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Thread, thread_of
from agentkit.model import Request
from agentkit.tokens import conversation_tokens
from memory import Compaction
from tests.fakes import ScriptedModel, call

LONG = " ".join(f"Crate {n} holds amber beads from the north quay." for n in range(12))


def compaction(limit: int = 400, *, replies: int = 50, **more: Any) -> Compaction:
    model = more.pop("model", None) or ScriptedModel(*[f"Summary {n}." for n in range(replies)])
    return Compaction("brief", limit_tokens=limit, model=model, **more)


def noted(log: MemoryLog, run_id: str) -> list[Any]:
    found = log.read(run_id)
    return [e.data for e in found if e.kind == "noted" and e.topic == "compacted"]


def texts(request: Request) -> list[str]:
    return [one.message.content for one in request.thread]


async def long_talk(memory: Compaction, log: MemoryLog, asks: int = 8) -> tuple[Any, Any]:
    model = ScriptedModel(*[f"Noted {n}." for n in range(asks)])
    clerk = Agent("clerk", "Be brief.", model=model, memory=memory)
    answer = None
    for n in range(asks):
        answer = await clerk(f"Fact {n}. {LONG[:300]}", after=answer, log=log)
    return model, answer


async def test_a_long_conversation_goes_on_with_a_summary_and_its_newest_messages() -> None:
    log, memory = MemoryLog(), compaction()
    model, answer = await long_talk(memory, log)
    last = texts(model.requests[-1])
    assert last[0] == "Be brief."
    assert "Summary" in last[1] and 'Recalled from the memory "brief"' in last[1]
    assert last[-1].startswith("Fact 7.") and last[-2] == "Noted 6."
    assert not any(text.startswith("Fact 0.") for text in last)
    assert all(conversation_tokens(one.message for one in r.thread) <= 400 for r in model.requests)
    assert answer.text == "Noted 7."


async def test_the_summary_is_continued_with_what_newly_left_only() -> None:
    writer = ScriptedModel(*[f"Summary {n}." for n in range(9)])
    memory = compaction(model=writer)
    await long_talk(memory, MemoryLog(), 10)
    asked = [texts(one)[-1] for one in writer.requests]
    assert len(asked) >= 2
    for n, text in enumerate(asked[1:]):
        assert f"Summary so far:\nSummary {n}." in text
    for fact in range(6):
        assert sum(f"Fact {fact}." in text for text in asked) <= 1


async def test_what_was_dropped_is_in_the_log_by_its_id() -> None:
    log, memory = MemoryLog(), compaction()
    await long_talk(memory, log)
    stored: dict[str, str] = {}
    dropped: list[str] = []
    for info in log.runs():
        stored |= {n.id: n.message.content for e in log.read(info.id) for n in e.nodes}
        dropped += [id for data in noted(log, info.id) for id in data["ids"]]
    assert len(dropped) >= 6
    assert any(stored[id].startswith("Fact 0.") for id in dropped)


async def test_pinned_facts_stay_also_those_that_the_agent_pinned() -> None:
    fact = '{"fact": "The pilot is Ida."}'
    model = ScriptedModel([call("brief_pin", fact)], *["Noted."] * 8)
    memory = compaction(pinned=["The quay is 9 m deep."])
    clerk, answer = Agent("clerk", model=model, memory=memory), None
    for n in range(8):
        answer = await clerk(f"Fact {n}. {LONG[:300]}", after=answer, log=MemoryLog())
    last = texts(model.requests[-1])[0]
    assert "The quay is 9 m deep." in last and last.count("The pilot is Ida.") == 1


async def test_a_call_stays_with_its_results_and_the_task_stays() -> None:
    @tool(effect="pure")
    def manifest(ship: str) -> str:
        """The manifest of a ship."""
        return f"{ship}: {LONG[:250]}"

    lines = [[call("manifest", f'{{"ship": "Heron {n}"}}')] for n in range(7)]
    model = ScriptedModel(*lines, "Beads.")
    memory, log = compaction(keep=2), MemoryLog()
    clerk = Agent("clerk", "Be brief.", model=model, memory=memory, tools=[manifest], max_turns=9)
    answer = await clerk("What is aboard?", log=log)
    assert answer.text == "Beads." and noted(log, answer.run_id)
    for request in model.requests:
        messages = [one.message for one in request.thread]
        calls = [one.id for m in messages for one in m.calls]
        assert calls == [m.call_id for m in messages if m.role == "tool"]
        assert "What is aboard?" in [m.content for m in messages]


async def test_a_resumed_ask_summarises_nothing_twice() -> None:
    @tool(effect="pure")
    def manifest(ship: str) -> str:
        """The manifest of a ship."""
        return f"{ship}: {LONG[:250]}"

    log, writer = MemoryLog(), ScriptedModel("Summary 0.", "Summary 1.")
    memory = compaction(keep=1, model=writer)
    lines = [[call("manifest", f'{{"ship": "Heron {n}"}}')] for n in range(6)]
    broken = ScriptedModel(*lines, ConnectionError("gone"))
    clerk = Agent("clerk", model=broken, memory=memory, tools=[manifest], max_turns=9)
    with pytest.raises(ConnectionError):
        await clerk("What is aboard?", log=log)
    asked = len(writer.requests)
    broken.enqueue("Beads.")
    answer = await clerk.resume(log.find("last"), log=log)
    assert answer.text == "Beads." and len(writer.requests) == asked >= 1
    compacted = [data["ids"] for data in noted(log, answer.run_id)]
    assert len(compacted) == len({str(ids) for ids in compacted})


MESSAGES = st.lists(
    st.tuples(st.sampled_from(["user", "assistant"]), st.integers(0, 60)), min_size=1, max_size=20
)


@given(MESSAGES, st.integers(1, 6))
@settings(deadline=None, max_examples=40)
def test_nothing_is_lost_and_the_end_stays(lines: list[tuple[Any, int]], keep: int) -> None:
    import asyncio

    async def play() -> None:
        memory = compaction(120, keep=keep, replies=200)
        given = [Message(role=role, content=f"{n}: " + "word " * size)
                 for n, (role, size) in enumerate(lines)]  # fmt: skip
        thread: Thread = thread_of([*given, Message(role="user", content="the task")])
        log = MemoryLog()
        async with run("lesson", log=log) as opened:
            changed = await memory.on_turn(await memory.on_task(thread))
        kept = {one.message.content for one in changed}
        gone = {id for data in noted(log, opened.id) for id in data["ids"]}
        assert changed[-1].message.content == "the task"
        begins = [text.partition("\n[cut")[0] for text in kept if "\n[cut" in text]
        for one in thread:
            whole = one.message.content in kept
            assert not (whole and one.id in gone)
            assert whole or one.id in gone or any(map(one.message.content.startswith, begins))
        assert conversation_tokens(one.message for one in changed) <= 120

    asyncio.run(play())


async def test_one_result_larger_than_the_limit_is_cut_and_the_task_stays() -> None:
    @tool(effect="pure")
    def table() -> str:
        """The table of arrivals."""
        return "Heron, 30 t of amber beads. " * 2000

    model = ScriptedModel([call("table", "{}")], [call("table", "{}")], "done")
    memory, task = compaction(), f"Read the table. {LONG}"
    answer = await Agent("clerk", model=model, tools=[table], memory=memory)(task)
    assert answer.text == "done"
    for request in model.requests:
        assert conversation_tokens(one.message for one in request.thread) <= 400
    last = texts(model.requests[-1])
    assert any(text.startswith("Read the table.") for text in last)
    assert any(text.startswith("Heron, 30 t") and "more characters]" in text for text in last)


@pytest.mark.parametrize(
    "wrong", [{"keep": 0}, {"pinned": ["a very long fact " * 100]}, {"name": "no name"}]
)
def test_options_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SetupError):
        Compaction(**{"name": "brief", "limit_tokens": 100, **wrong})
