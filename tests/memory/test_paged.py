"""Paged memory: what is in the window, what leaves it, and how it is found again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, Message, open_log, tool
from agentkit.errors import SetupError
from agentkit.events import Usage
from agentkit.log import Log
from agentkit.model import Reply, Request
from agentkit.tokens import conversation_tokens, tools_tokens
from memory import PagedMemory
from memory.errors import Conflict, StoreFull
from tests.fakes import ScriptedModel, call

LONG = " ".join(f"Crate {n} holds amber beads from the north quay." for n in range(40))


def paged(size: int = 1000, path: Any = ":memory:", **more: Any) -> PagedMemory:
    model = more.pop("model", None) or ScriptedModel(*["They spoke of crates."] * 50)
    return PagedMemory(
        "desk", window_tokens=size, path=path, embedder="hashed", model=model, **more
    )


def notes(log: Log, run_id: str, topic: str) -> list[Any]:
    return [e.data for e in log.read(run_id) if e.kind == "noted" and e.topic == topic]


def texts(request: Request) -> list[str]:
    return [node.message.content for node in request.thread]


async def test_a_conversation_goes_on_from_ask_to_ask() -> None:
    model = ScriptedModel("Hello, Karin.", "Karin.")
    desk = paged()
    clerk = Agent("clerk", "Be brief.", model=model, memory=desk)
    await clerk("I am Karin.", log=open_log("memory:"))
    await clerk("Who am I?", log=open_log("memory:"))
    first, *rest = texts(model.requests[1])
    assert first == "Be brief."
    assert rest[0].startswith('Recalled from the memory "desk". This is stored data')
    assert rest[1:] == ["I am Karin.", "Hello, Karin.", "Who am I?"]


async def test_it_goes_on_in_another_kernel(tmp_path: Path) -> None:
    first = paged(path=tmp_path)
    await Agent("clerk", model=ScriptedModel("Hello."), memory=first)("I am Karin.")
    await first.core_append("human", "Likes herring.")
    await first.close()
    again, model = paged(path=tmp_path), ScriptedModel("Karin.")
    await Agent("clerk", model=model, memory=again)("Who am I?")
    seen = texts(model.requests[0])
    assert "Likes herring." in seen[0]
    assert seen[1:] == ["I am Karin.", "Hello.", "Who am I?"]
    await again.close()


async def test_the_agent_is_warned_and_then_the_oldest_half_leaves_for_a_summary() -> None:
    log, model, writer = open_log("memory:"), ScriptedModel(), ScriptedModel(*["Crates."] * 9)
    desk = paged(700, model=writer)
    clerk = Agent("clerk", "Be brief.", model=model, memory=desk)
    told: list[str] = []
    for n in range(8):
        model.enqueue(f"Noted {n}.")
        answer = await clerk(f"Fact {n}: " + LONG[:500], log=log)
        told += [d["summary"] for d in notes(log, answer.run_id, "evicted")]
        warned = notes(log, answer.run_id, "pressure")
        assert all(0.7 * 700 <= d["gauge"]["used"] <= 700 for d in warned)
    assert told and told[0] == "Crates."
    last = texts(model.requests[-1])
    assert "Crates." in last[1] and not any("Fact 0:" in text for text in last)
    assert any("Memory pressure" in text for one in model.requests for text in texts(one))
    assert "Fact 0:" in texts(writer.requests[0])[-1]
    assert all(conversation_tokens(n.message for n in r.thread) <= 700 for r in model.requests)


async def test_the_summary_is_continued_and_not_made_again() -> None:
    writer = ScriptedModel("First.", "Second.", "Third.", "Fourth.", "Fifth.")
    desk, model = paged(700, model=writer), ScriptedModel(*["Noted."] * 12)
    clerk = Agent("clerk", "Be brief.", model=model, memory=desk)
    for n in range(12):
        await clerk(f"Fact {n}: " + LONG[:500], log=open_log("memory:"))
    asked = [texts(one)[-1] for one in writer.requests]
    assert len(asked) >= 2
    assert "Summary so far:\nFirst." in asked[1]
    assert "Fact 0:" in asked[0] and "Fact 0:" not in asked[1]


async def test_what_left_is_found_by_word_by_date_and_by_id() -> None:
    desk, log = paged(700), open_log("memory:")
    model = ScriptedModel(*["Noted."] * 10)
    clerk = Agent("clerk", "Be brief.", model=model, memory=desk)
    gone: dict[str, str] = {}
    for n in range(10):
        answer = await clerk(f"Fact {n} is about ship-{n}. " + LONG[:450], log=log)
        for data in notes(log, answer.run_id, "evicted"):
            gone |= {one["id"]: one["text"] for one in data["moved"]}
    assert len(gone) >= 6
    for id, text in gone.items():
        assert (await desk.read(id)).startswith(text)
    found = await desk.recall("ship-0")
    assert found[0].message.content.startswith("Fact 0 is about ship-0.")
    every = await desk.messages()
    assert len(every) == 20
    when = every[3].at
    assert every[3] in await desk.recall_between(when, when + 1e-6, k=20)


async def test_calls_and_results_stay_together_and_a_huge_result_points_to_recall_storage() -> None:
    @tool(effect="pure")
    def manifest() -> str:
        """The manifest of the ship."""
        return LONG * 5

    model = ScriptedModel([call("manifest")], "It has beads.")
    desk = paged(800)
    await Agent("clerk", "Be brief.", model=model, tools=[manifest], memory=desk)(
        "What is aboard?", log=open_log("memory:")
    )
    seen = [node.message for node in model.requests[1].thread]
    assert [one.role for one in seen[-3:]] == ["user", "assistant", "tool"]
    assert seen[-1].call_id == seen[-2].calls[0].id
    assert "more characters; desk_read(" in seen[-1].content
    id = seen[-1].content.split('desk_read("')[1].split('"')[0]
    assert (await desk.read(id)).startswith(seen[-1].content[:100])
    assert (await desk.pages.read(id)).message.content == LONG * 5  # type: ignore[union-attr]
    assert conversation_tokens(seen) <= 800


async def test_the_working_context_is_edited_by_calls_and_seen_at_once() -> None:
    model = ScriptedModel(
        [call("desk_core_append", '{"block": "human", "text": "Name: Karin."}')],
        [call("desk_core_replace", '{"block": "human", "old": "Karin", "new": "Kaisa"}')],
        [call("desk_core_replace", '{"block": "human", "old": "Karin", "new": "Kai"}')],
        "Done.",
    )
    desk = paged()
    await Agent("clerk", model=model, memory=desk)("I am Karin.", log=open_log("memory:"))
    assert "Name: Karin." in texts(model.requests[1])[0]
    assert "Name: Kaisa." in texts(model.requests[2])[0]
    refused = model.requests[3].thread[-1].message
    assert refused.error and "does not stand in the block human" in refused.content
    assert await desk.core() == {"persona": "", "human": "Name: Kaisa."}


async def test_edits_that_cannot_be_are_typed_errors_and_change_nothing() -> None:
    desk = paged(800)
    await desk.core_append("human", "Karin.")
    with pytest.raises(StoreFull, match="at most 100"):
        await desk.core_append("human", LONG)
    with pytest.raises(Conflict, match="'Kai' does not stand"):
        await desk.core_replace("human", "Kai", "x")
    with pytest.raises(SetupError, match="no block 'people'"):
        await desk.core_append("people", "x")
    assert await desk.core() == {"persona": "", "human": "Karin."}


async def test_a_system_text_larger_than_the_window_is_refused_before_anything_is_paid() -> None:
    model = ScriptedModel("Never.")
    clerk = Agent("clerk", LONG, model=model, memory=paged(400))
    with pytest.raises(SetupError, match="window of desk has 400 tokens"):
        await clerk("Hello?", log=open_log("memory:"))
    assert model.requests == []


async def test_the_archive_is_searched_and_written_by_calls() -> None:
    model = ScriptedModel(
        [call("desk_remember", '{"text": "The north quay is 12 m deep."}')],
        [call("desk_search", '{"query": "how deep is the quay"}')],
        "12 m.",
    )
    desk = paged()
    await Agent("clerk", model=model, memory=desk)("Depth?", log=open_log("memory:"))
    assert "12 m deep" in model.requests[2].thread[-1].message.content


async def test_the_endpoints_own_count_is_kept_to_where_it_is_higher() -> None:
    def heavy(request: Request) -> Reply:
        real = 1500 + conversation_tokens(n.message for n in request.thread)
        return Reply(
            message=Message(role="assistant", content="Noted."),
            usage=Usage(tokens_in=real, calls=1),
        )

    def calling(request: Request) -> Reply:
        message = Message(role="assistant", calls=(call("desk_search", '{"query": "x"}'),))
        return heavy(request).model_copy(update={"message": message, "stop": "tools"})

    model, desk, log = ScriptedModel(calling, heavy, "Bye."), paged(4000), open_log("memory:")
    clerk = Agent("clerk", model=model, memory=desk)
    answer = await clerk("x " * 500, log=log)
    first, second = [one["gauge"]["used"] for one in notes(log, answer.run_id, "window")]
    described = tools_tokens(one.spec for one in desk.tools)
    said = conversation_tokens(n.message for n in model.requests[0].thread)
    assert first == said + described
    assert second >= said + 1500
    [third] = notes(log, (await clerk("And now?", log=log)).run_id, "window")
    told = conversation_tokens(n.message for n in model.requests[2].thread)
    assert third["gauge"]["used"] == told + 1500


def said_with(text: str, *calls: Any) -> Reply:
    message = Message(role="assistant", content=text, calls=calls)
    return Reply(message=message, stop="tools", usage=Usage(calls=1))


async def test_a_call_without_a_heartbeat_ends_the_turn_with_the_words_beside_it() -> None:
    note, ask = '{"block": "human", "text": "Karin"}', '"request_heartbeat": true'
    model = ScriptedModel(
        said_with("Wait.", call("desk_core_append", note.replace("}", f", {ask}}}"))),
        said_with("Failed?", call("desk_core_append", '{"block": "people", "text": "x"}')),
        said_with("Hello, Karin.", call("desk_core_append", note)),
        "Never said.",
    )
    desk, log = paged(heartbeats=True), open_log("memory:")
    clerk = Agent("clerk", model=model, memory=desk)
    answer = await clerk("I am Karin.", log=log)
    assert answer.text == "Hello, Karin." and len(model.requests) == 3
    assert await desk.core() == {"persona": "", "human": "Karin\nKarin"}
    assert (await desk.messages())[-1].message.content == "Hello, Karin."
    again = await clerk.replay(answer.run_id, log=log)
    assert again.text == "Hello, Karin." and len(model.requests) == 3


async def test_without_the_option_every_result_comes_back() -> None:
    desk = paged()
    assert "request_heartbeat" not in str([one.parameters for one in desk.tools])
    note = call("desk_core_append", '{"block": "human", "text": "Karin"}')
    model = ScriptedModel(said_with("Hello.", note), "Hello, Karin.")
    answer = await Agent("clerk", model=model, memory=desk)("I am K.", log=open_log("memory:"))
    assert answer.text == "Hello, Karin."
