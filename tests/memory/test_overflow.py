"""An endpoint has less room than was declared: memories page harder, and the ask goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, Memory, open_log, tool
from agentkit.errors import ContextTooLong
from agentkit.model import OnText, Reply, Request
from agentkit.tokens import conversation_tokens, tools_tokens
from memory import Compaction, PagedMemory, VectorMemory
from tests.fakes import ScriptedModel, call

LONG = " ".join(f"Crate {n} holds amber beads from the north quay." for n in range(40))


class Narrow:
    """A model with room for so many tokens, which says so in numbers or not."""

    def __init__(self, room: int, *replies: Any, factor: float = 1.0, tells: bool = True) -> None:
        self.inner, self.room, self.factor, self.tells = (
            ScriptedModel(*replies),
            room,
            factor,
            tells,
        )
        self.name, self.refused, self.most = "narrow", 0, 0

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        estimate = conversation_tokens(one.message for one in request.thread)
        sent = int(self.factor * (estimate + tools_tokens(request.tools)))
        if sent > self.room:
            self.refused += 1
            told = {"limit_tokens": self.room, "sent_tokens": sent} if self.tells else {}
            raise ContextTooLong(f"too long: {sent} > {self.room}", status=400, **told)
        self.most = max(self.most, sent)
        return await self.inner(request, on_text)


@tool(effect="pure")
def look(n: int) -> str:
    """Look into a crate."""
    return f"{n}: {LONG}"


def kinds(size: int, summary: Any) -> list[Memory]:
    return [
        PagedMemory("desk", window_tokens=size, path=":memory:", embedder="hashed", model=summary),
        Compaction("desk", limit_tokens=size, model=summary),
    ]


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("factor", [1.0, 2.5])
async def test_the_ask_goes_on_within_the_room_that_there_is(
    kind: int, tells: bool, factor: float
) -> None:
    calls = [[call("look", f'{{"n": {n}}}')] for n in range(8)]
    model = Narrow(int(2600 * factor), *calls, "Amber.", factor=factor, tells=tells)
    summary = Narrow(int(1500 * factor), *["They looked into crates."] * 60, factor=factor)
    memory = kinds(8000, summary)[kind]
    agent = Agent("clerk", model=model, memory=memory, tools=[look])
    log = open_log("memory:")
    answer = await agent(f"Look into all of them. {LONG}", log=log)
    assert answer.text == "Amber." and model.refused >= 1 and model.most <= model.room
    events = log.read(answer.run_id)
    noted = [e.note for e in events if e.kind == "noted" and e.topic == "shortened"]
    assert len(noted) == model.refused and noted[0].memory == "desk"
    assert (noted[0].limit_tokens == model.room) is tells
    calls_before = len(model.inner.requests)
    assert (await agent.replay(answer.run_id, log=log)).text == "Amber."
    assert len(model.inner.requests) == calls_before


@pytest.mark.parametrize("kind", [0, 1])
async def test_where_nothing_more_can_go_the_endpoints_words_stand(kind: int) -> None:
    model = Narrow(20, "never")
    summary = ScriptedModel(*["They spoke."] * 60)
    agent = Agent("clerk", "You are a clerk.", model=model, memory=kinds(3000, summary)[kind])
    with pytest.raises(ContextTooLong, match="> 20"):
        await agent(LONG, log=open_log("memory:"))
    assert model.refused <= 7


async def test_an_agent_without_such_a_memory_fails_as_before() -> None:
    notes = VectorMemory("notes", store="numpy", embedder="hashed", path=":memory:")
    for memory in (None, notes):
        model = Narrow(20, "never")
        with pytest.raises(ContextTooLong):
            await Agent("clerk", model=model, memory=memory)(LONG, log=open_log("memory:"))
        assert model.refused == 1


async def test_a_resume_goes_the_same_way_and_pays_nothing_twice(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    made = []

    def clerk(*replies: Any, room: int = 2600) -> Agent:
        memory = PagedMemory(
            "desk", window_tokens=8000, path=tmp_path, embedder="hashed",
            model=ScriptedModel(*["They looked."] * 20), store="numpy",
        )  # fmt: skip
        made.append(Narrow(room, *replies))
        return Agent("clerk", model=made[-1], memory=memory, tools=[look])

    calls = [[call("look", f'{{"n": {n}}}')] for n in range(5)]
    with pytest.raises(ConnectionError):
        await clerk(*calls, ConnectionError("gone"))("Look.", log=log)
    run = log.runs()[-1].id if log.runs()[-1].actor == "clerk" else log.runs()[0].id
    answer = await clerk("Amber.").resume(run, log=log)
    assert answer.text == "Amber." and made[0].refused >= 1
    assert len(made[1].inner.requests) == 1
