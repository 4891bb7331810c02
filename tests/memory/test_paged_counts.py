"""Paged memory against endpoints that count more than it estimates, and calls of any size."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import Agent, Message, tool
from agentkit.errors import SetupError
from agentkit.events import Usage
from agentkit.logs.memory import MemoryLog
from agentkit.model import Reply, Request
from agentkit.tokens import conversation_tokens
from memory import PagedMemory
from memory.paged.window import Window
from tests.fakes import ScriptedModel, call

CALL = st.tuples(st.integers(0, 900), st.integers(0, 900))
"""Words in the arguments of a call, and in its result."""


@given(
    turns=st.lists(st.lists(CALL, min_size=1, max_size=4), max_size=5),
    window=st.integers(450, 1600),
    more=st.integers(0, 3000),
)
@settings(deadline=None, max_examples=40)
def test_parallel_calls_of_any_size_and_a_higher_count_never_overfill_it(
    turns: list[list[tuple[int, int]]], window: int, more: int
) -> None:
    @tool(effect="pure")
    def stow(goods: str, size: int) -> str:
        """Stow goods."""
        return "stowed " + "crate " * size

    def replying(request: Request, calls: Any, text: str) -> Reply:
        counted = more + conversation_tokens(node.message for node in request.thread)
        return Reply(
            message=Message(role="assistant", content=text, calls=tuple(calls)),
            stop="tools" if calls else "stop",
            usage=Usage(tokens_in=counted, calls=1),
        )

    async def play() -> None:
        log = MemoryLog()
        lines: list[Any] = []
        for turn in turns:
            wishes = [
                call("stow", f'{{"goods": "{"bead " * words}", "size": {size}}}')
                for words, size in turn
            ]
            lines.append([one.model_copy(update={"id": f"{len(lines)}-{n}"})
                          for n, one in enumerate(wishes)])  # fmt: skip
        script = [*lines, []]
        model = ScriptedModel(
            *[lambda request, calls=calls: replying(request, calls, "" if calls else "done")
              for calls in script]
        )  # fmt: skip
        desk = PagedMemory(
            "desk", window_tokens=window, path=":memory:", embedder="hashed", store="numpy",
            model=ScriptedModel(*["They stowed crates."] * 200),
        )  # fmt: skip
        clerk = Agent("clerk", "Be brief.", model=model, tools=[stow], memory=desk)
        answer = await clerk("Stow all.", log=log)
        assert answer.text == "done"
        for request in model.requests:
            messages = [node.message for node in request.thread]
            assert conversation_tokens(messages) <= window
            calls = [one.id for message in messages for one in message.calls]
            assert calls == [one.call_id for one in messages if one.role == "tool"]
        stored = [page.message for page in await desk.messages()]
        assert [m.calls for m in stored if m.calls] == [tuple(one) for one in lines]
        results = [m.content for m in stored if m.role == "tool"]
        assert results == ["stowed " + "crate " * size for turn in turns for _, size in turn]
        gauges = [e.data["gauge"] for e in log.read(answer.run_id)
                  if e.kind == "noted" and e.topic == "window"]  # fmt: skip
        assert len(gauges) == len(turns) + 1
        assert all(one["used"] <= one["window"] == window for one in gauges)

    asyncio.run(play())


async def test_what_cannot_be_made_to_fit_is_told_and_not_tried_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Window, "fit", lambda self, pointer: None)
    desk = PagedMemory("desk", window_tokens=500, path=":memory:", embedder="hashed", store="numpy")
    clerk = Agent("clerk", model=ScriptedModel("Never."), memory=desk)
    with pytest.raises(SetupError, match="cannot leave the window of desk"):
        await clerk("crate " * 900, log=MemoryLog())
