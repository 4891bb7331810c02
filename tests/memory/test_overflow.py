"""An endpoint has less room than was declared: memories page harder, and the ask goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, Memory, Message, open_log, tool
from agentkit.errors import ContextTooLong
from agentkit.model import OnText, Reply, Request
from agentkit.tokens import conversation_tokens, tools_tokens
from memory import Compaction, PagedMemory, VectorMemory
from memory.paged.summary import continued, summariser
from tests.fakes import ScriptedModel, call

LONG = " ".join(f"Crate {n} holds amber beads from the north quay." for n in range(40))


WORDS, BYTES = "The harbour master counted forty crates of amber beads. ", 3_400
"""Bytes are what some endpoints count, five times what prose is by our estimate."""


class Bytes:
    """A model that counts bytes, and takes no call without its result."""

    name = "bytes"

    def __init__(self, room: int, *replies: Any) -> None:
        self.inner, self.room, self.sizes = ScriptedModel(*replies), room, list[int]()

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        messages = [one.message for one in request.thread]
        said = [one.text + "".join(c.arguments for c in one.calls) for one in messages]
        tools = [one.model_dump_json() for one in request.tools]
        self.sizes.append(sum(len(one.encode()) for one in [*said, *tools]))
        calls = [call.id for one in messages for call in one.calls]
        assert calls == [one.call_id for one in messages if one.role == "tool"]
        if self.sizes[-1] > self.room:
            told = {"limit_tokens": self.room, "sent_tokens": self.sizes[-1]}
            raise ContextTooLong("too long", status=400, **told)
        return await self.inner(request, on_text)


class Untold(Bytes):
    """The same, which says nothing of its count."""

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        try:
            return await super().__call__(request, on_text)
        except ContextTooLong as error:
            raise ContextTooLong("too long", status=400) from error


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


@pytest.mark.parametrize("kind", [0, 1])
async def test_an_endpoint_that_counts_bytes_is_answered_in_every_ask(kind: int) -> None:
    replies: list[Any] = []
    for n in range(4):
        several = [call("look", f'{{"n": {m}}}') for m in range(3)]
        replies.append([one.model_copy(update={"id": f"{n}{m}"}) for m, one in enumerate(several)])
        replies.append(f"Amber {n}.")
    model, writer = Bytes(BYTES, *replies), Bytes(BYTES, *["They counted crates."] * 200)
    memory = kinds(BYTES, writer)[kind]
    agent, log = Agent("clerk", model=model, memory=memory, tools=[look]), open_log("memory:")
    for n in range(4):
        answer = await agent(WORDS * (n * 20 + 1), log=log)
        assert answer.text == f"Amber {n}."
    refused = sum(size > BYTES for size in model.sizes)
    assert 0 < refused < len(model.sizes)


@pytest.mark.parametrize("tells", [True, False])
async def test_a_writer_that_has_refused_once_is_asked_for_less_in_all_that_follows(
    tells: bool,
) -> None:
    writer = Narrow(1500, *["They spoke."] * 200, factor=2.5, tells=tells)
    agent = summariser("desk", writer)  # type: ignore[arg-type]
    lines = [Message(role="user", content=f"{n} {LONG}") for n in range(10)]
    made = await continued(agent, "", lines, 300, 3000)
    assert made.text == "They spoke." and writer.refused <= 4 and made.share < 0.5
    before = writer.refused
    again = await continued(agent, made.text, lines, 300, 3000, made.share)
    assert again.text == "They spoke." and writer.refused == before


async def test_what_an_agent_pins_leaves_half_of_the_room_for_the_rest() -> None:
    fact = "The beads of crate 7 are amber. " * 80
    pins = [[call("desk_pin", json.dumps({"fact": f"{n} {fact}"}))] for n in range(4)]
    looks = [[call("look", f'{{"n": {n}}}')] for n in range(6)]
    model = Narrow(1500, *pins, *looks, "Amber.")
    memory = Compaction("desk", limit_tokens=1200, pinned=["Ana pays."], model=kept_words())
    answer = await Agent("clerk", model=model, memory=memory, tools=[look])(
        "Look.", log=open_log("memory:")
    )
    assert answer.text == "Amber." and model.refused == 0
    text = model.inner.requests[-1].thread[0].message.text
    assert text.count("Ana pays.") == 1 and text.count("[cut]") == 4
    assert all(f"\n{n} The beads" in text for n in range(4))


def kept_words() -> ScriptedModel:
    return ScriptedModel(*["They spoke."] * 60)


@pytest.mark.parametrize("tells", [True, False])
async def test_each_refusal_counts_where_most_of_a_conversation_cannot_be_cut(tells: bool) -> None:
    several = [call("look", f'{{"n": {n}}}').model_copy(update={"id": f"c{n}"}) for n in range(6)]
    model = (Bytes if tells else Untold)(1100, several, "Amber.")
    writer = ScriptedModel(*["They counted crates."] * 60)
    memory = Compaction("desk", limit_tokens=900, model=writer, pinned=[WORDS * 30])
    answer = await Agent("clerk", model=model, memory=memory, tools=[look])("Look.")
    assert answer.text == "Amber." and model.sizes[-1] <= 1100


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
