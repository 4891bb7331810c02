"""Paged memory under any conversation: never above the window, and nothing lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentkit import Agent, tool
from agentkit.errors import SetupError
from agentkit.logs.memory import MemoryLog
from agentkit.model import Request
from agentkit.tokens import conversation_tokens
from memory import PagedMemory
from tests.fakes import ScriptedModel, call, cut_off

WORDS = ["amber", "beads", "crate", "quay", "Heron", "über", "港", "12.5", "\n"]

TEXT = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
TURN = st.tuples(TEXT, st.integers(1, 40), st.lists(st.integers(0, 60), max_size=3))
"""A task, how often it is repeated, and the lengths of the results of calls before the answer."""


def manifest_call(n: int, size: int) -> Any:
    return [call("manifest", f'{{"n": {n}, "size": {size}}}')]


@given(turns=st.lists(TURN, min_size=1, max_size=6), window=st.integers(420, 1500))
@example(  # an alert that does not fit
    turns=[("amber", 1, []), ("amber amber amber amber amber", 36, [0, 0])], window=420
)
@settings(deadline=None, max_examples=40)
def test_no_request_ever_exceeds_the_window_and_every_message_is_found_again(
    turns: list[tuple[str, int, list[int]]], window: int
) -> None:
    async def play() -> None:
        log, model = MemoryLog(), ScriptedModel()
        desk = PagedMemory(
            "desk", window_tokens=window, path=":memory:", embedder="hashed", store="numpy",
            model=ScriptedModel(*["They spoke of amber. " * 9] * 400),
        )  # fmt: skip

        @tool(effect="pure")
        def manifest(n: int, size: int) -> str:
            """The manifest of a ship."""
            return result_of(n, size)

        clerk = Agent("clerk", "Be brief.", model=model, tools=[manifest], memory=desk)
        said: list[str] = []
        gone: dict[str, str] = {}
        for n, (text, times, sizes) in enumerate(turns):
            task = f"task {n}: " + f"{text} " * times
            model.enqueue(*[manifest_call(k, size) for k, size in enumerate(sizes)], f"answer {n}")
            answer = await clerk(task, log=log)
            said += [task, f"answer {n}", *(result_of(k, size) for k, size in enumerate(sizes))]
            for event in log.read(answer.run_id):
                if event.kind == "noted" and event.topic == "evicted":
                    gone |= {one["id"]: one["text"] for one in event.data["moved"]}
        for request in model.requests:
            messages = [node.message for node in request.thread]
            assert conversation_tokens(messages) <= window
            calls = [one.id for message in messages for one in message.calls]
            assert calls == [one.call_id for one in messages if one.role == "tool"]
        stored = {page.id: page.message.content for page in await desk.messages()}
        assert set(said) <= set(stored.values())
        assert set(gone) <= set(stored)

    asyncio.run(play())


def result_of(n: int, size: int) -> str:
    return f"result {n}: " + "crate of beads " * size


@pytest.mark.parametrize("stop", range(1, 60, 3))
async def test_killed_at_any_step_and_resumed_it_stores_everything_once(stop: int) -> None:
    log = MemoryLog()
    writer = ScriptedModel(*["Crates."] * 40)
    desk = PagedMemory(
        "desk", window_tokens=420, path=":memory:", embedder="hashed", store="numpy", model=writer
    )
    replies = ScriptedModel(*[lambda request: answer_for(request)] * 80)

    @tool(effect="pure")
    def manifest(n: int) -> str:
        """The manifest of a ship."""
        return result_of(n, 25)

    clerk = Agent("clerk", "Be brief.", model=replies, tools=[manifest], memory=desk)
    await cut_off(clerk("What is aboard?", log=log), log, stop)
    if log.runs()[0].status != "ok":
        assert (await clerk.resume(log.runs()[0].id, log=log)).text == "beads"
    contents = [page.message.content for page in await desk.messages()]
    results = [text for text in contents if text.startswith("result")]
    assert results == [result_of(n, 25) for n in range(5)]
    assert contents.count("What is aboard?") == contents.count("beads") == 1


def answer_for(request: Request) -> Any:
    """Five calls one after another, then the answer; by what the conversation still shows."""
    last = request.thread[-1].message
    n = int(last.content.split()[1].rstrip(":")) + 1 if last.content.startswith("result") else 0
    return "beads" if n == 5 else [call("manifest", f'{{"n": {n}}}')]


def test_a_window_without_room_for_messages_is_refused() -> None:
    desk = PagedMemory("desk", window_tokens=200, path=":memory:", embedder="hashed")
    clerk = Agent("clerk", model=ScriptedModel("Never."), memory=desk)
    with pytest.raises(SetupError, match="are left for messages"):
        asyncio.run(clerk("Hello?", log=MemoryLog()))
