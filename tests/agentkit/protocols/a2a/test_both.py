"""An actor of ours served, and asked by an actor of ours: each way, and what goes wrong between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel

from agentkit import Agent, Context, Data, Image, Question, gather, open_log, pattern, run, tool
from agentkit.errors import BadOutput, SetupError, UnsupportedPart, Waiting
from agentkit.messages import Content
from agentkit.person import stop_for_answer
from agentkit.protocols import (
    A2aService,
    PeerDenied,
    PeerRejected,
    RemoteAgent,
    a2a_agent,
    serve_a2a,
)
from agentkit.questions import answer, pending
from agentkit.testing import ScriptedModel, call
from tests.agentkit.protocols.official import PIXEL

BOTH = ("JSONRPC", "HTTP+JSON")
DONE: list[str] = []


class Dues(BaseModel):
    """What is due."""

    port: str
    eur: float


@tool
async def pay(eur: int, context: Context[None]) -> str:
    """Pay the dues."""
    sure = await context.ask(f"Pay {eur} EUR?", options=("yes", "no"), default="no")
    DONE.append(sure)
    return f"{sure}: {eur}"


@pattern
async def harbour(task: Any) -> Any:
    """Knows the port."""
    text = task if isinstance(task, str) else str(task)
    DONE.append(text)
    if text.startswith("fail"):
        raise SetupError("The harbour is closed.")
    if text.startswith("slow"):
        await asyncio.sleep(60)
    if text.startswith("pay"):
        model = ScriptedModel([call("pay", eur=7)], "it is done")
        return (await Agent("clerk", model=model, tools=[pay])(text)).text
    if text.startswith("draw"):
        return ["a chart", Image.from_bytes(PIXEL, name="c.png"), Data({"n": 1})]
    if text.startswith("dues"):
        return Dues(port="Amber", eur=26)
    return task if isinstance(task, Content) else f"heard: {text}"


@pytest.fixture
async def service() -> AsyncIterator[A2aService]:
    DONE.clear()
    async with await serve_a2a(harbour, name="the harbour") as served:
        yield served


@pytest.fixture(params=BOTH)
async def remote(request: pytest.FixtureRequest, service: A2aService) -> RemoteAgent:
    return await a2a_agent(service.url, binding=request.param)


def runs(actor: str) -> list[str]:
    return [one.status for one in open_log().runs() if one.actor == actor]


async def test_a_remote_agent_is_an_actor_like_any_other(remote: RemoteAgent) -> None:
    assert remote.name == "the_harbour" and remote.what == "remote"
    assert "Knows the port" in remote.description and remote.signed == "unsigned"
    first = await remote("hello")
    assert first.text == "heard: hello" and first.actor == "the_harbour"
    on = await remote("and now?", after=first)
    assert "heard: and now?" in on.text and "hello" in on.text
    both = await gather(remote("a"), remote("b"))
    assert [one.text for one in both] == ["heard: a", "heard: b"]
    drawn = await remote("draw")
    assert drawn.content is not None
    assert drawn.content[1] == Image.from_bytes(PIXEL, name="c.png")
    assert drawn.content[1].data == PIXEL and drawn.content[2] == Data({"n": 1})
    there = await remote(["look", Image.from_bytes(PIXEL), Data({"a": [1, 2.5, None]}, name="d")])
    assert there.content == ("look", Image.from_bytes(PIXEL), Data({"a": [1, 2.5, None]}, name="d"))
    clerk = Agent("boss", model=ScriptedModel([call("the_harbour", task="x")], "ok"),
                  tools=[remote.as_tool()])  # fmt: skip
    assert (await clerk("go")).text == "ok" and DONE[-1] == "x"


async def test_answers_have_types_and_what_does_not_fit_is_an_error(remote: RemoteAgent) -> None:
    assert (await remote("dues", output=Dues)).data == Dues(port="Amber", eur=26)
    with pytest.raises(BadOutput, match="no answer of the type"):
        await remote("hello", output=Dues)
    with pytest.raises(UnsupportedPart, match="53 bits"):
        await remote(["x", Data(2**60 + 1)])
    with pytest.raises(PeerRejected, match="The harbour is closed"):
        await remote("fail")


async def test_an_ask_is_a_step_that_is_recorded_replayed_and_resumed(remote: RemoteAgent) -> None:
    found = await remote("draw")
    assert (await remote.replay(found.run_id)).content == found.content
    assert (await remote.resume(found.run_id)).text == found.text
    again = await remote.rerun(found.run_id)
    assert again.text == found.text and DONE == ["draw"]
    assert runs("harbour") == ["ok"]
    events = open_log().read(found.run_id)
    assert [e.step for e in events if e.kind == "step.ended"] == ["remote"]
    assert any(getattr(e, "topic", "") == "remote.task" for e in events)


async def test_the_answer_comes_in_pieces(service: A2aService) -> None:
    agent = Agent("speaker", model=ScriptedModel("one two three four"))
    async with await serve_a2a(agent) as spoken:
        remote = await a2a_agent(spoken.url)
        items = [one async for one in remote.stream("speak")]
    pieces = "".join(one.text for one in items if one.kind == "delta")
    assert pieces == items[-1].text == "one two three four"
    assert items[-1].usage.calls == 1 and items[-1].cost_usd is not None


async def test_questions_are_the_persons_in_both_directions(remote: RemoteAgent) -> None:
    asked: list[Question] = []

    async def person(question: Question) -> str:
        asked.append(question)
        return "yes"

    assert (await remote("pay", person=person)).text == "it is done"
    (question,) = asked
    assert "Pay 7 EUR?" in question.text and question.options == ("yes", "no")
    assert DONE == ["pay", "yes"]


async def test_a_question_may_wait_while_nobody_is_there(remote: RemoteAgent) -> None:
    with pytest.raises(Waiting) as stopped:
        await remote("pay", person=stop_for_answer)
    run_id = str(stopped.value.context["run_id"])
    (open_one,) = [one for one in await pending() if one.run == run_id]
    await answer(open_one, "yes")
    assert (await remote.resume(run_id)).text == "it is done"
    assert DONE == ["pay", "yes"]  # One task, asked once.


async def test_who_stops_waiting_ends_the_task(remote: RemoteAgent, service: A2aService) -> None:
    waiting = asyncio.ensure_future(remote("slow", id="00000000-0000-7000-8000-000000000001"))
    while not DONE:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert runs("harbour") == ["cancelled"] and service.tasks == []


async def test_a_budget_and_a_deadline_bind_a_remote_ask(remote: RemoteAgent) -> None:
    async with run(budget_usd=0.1):
        assert (await remote("hello")).text == "heard: hello"


async def test_others_are_not_let_in(service: A2aService) -> None:
    with pytest.raises(SetupError, match="Everybody who reaches"):
        await serve_a2a(harbour, host="0.0.0.0")
    with pytest.raises(SetupError, match="cannot be served"):
        await serve_a2a("harbour")  # type: ignore[arg-type]
    tokens = {"ann": "a-token-that-is-long-enough", "ben": "another-that-is-long-enough"}
    async with await serve_a2a(harbour, token=tokens) as closed:
        stranger = await a2a_agent(closed.url)
        with pytest.raises(PeerDenied, match="401"):
            await stranger("hello")
        ann = await a2a_agent(closed.url, token=tokens["ann"])
        assert (await ann("hello")).text == "heard: hello"


async def test_the_run_there_names_the_step_that_began_it(remote: RemoteAgent) -> None:
    found = await remote("hello")
    there = next(one for one in open_log().runs() if one.actor == "harbour")
    cause = open_log().read(there.id)[0].cause  # type: ignore[union-attr]
    assert cause is not None and cause.run == found.run_id
