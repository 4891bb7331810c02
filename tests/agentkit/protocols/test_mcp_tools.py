"""Tools of a server made with the official SDK, in both eras and over both transports."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, Question, open_log, set_person
from agentkit.errors import SetupError, ToolError
from agentkit.events import Noted, StepEnded
from agentkit.given import NOT_GIVEN, Context
from agentkit.messages import JSON, Content, canonical
from agentkit.parts import Image
from agentkit.protocols import McpServer, McpTools, PeerRejected, PeerTimedOut, mcp_tools
from agentkit.testing import ScriptedModel, call
from agentkit.tools import CallFailed
from tests.agentkit.protocols.official import PIXEL, official
from tests.agentkit.protocols.serving import served

OFFICIAL = [sys.executable, str(Path(__file__).with_name("official.py"))]
ENV = {"PYTHONPATH": str(Path(__file__).parents[3])}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(official().streamable_http_app()) as address:
        yield f"{address}/mcp"


@pytest.fixture(params=["auto", "legacy"])
async def tools(url: str, request: pytest.FixtureRequest) -> AsyncIterator[McpTools]:
    found = await mcp_tools(url, version=request.param)
    yield found
    await found.server.close()


def named(tools: McpTools, name: str) -> Any:
    return next(one for one in tools if one.name == name)


async def use(tools: McpTools, name: str, **arguments: JSON) -> Any:
    tool = named(tools, name)
    return await tool.perform(tool.check(canonical(arguments)), Context(NOT_GIVEN))


async def test_what_a_server_says_of_its_tools_decides_their_effects(tools: McpTools) -> None:
    assert named(tools, "add").effect == "pure"
    assert named(tools, "berth").effect == "idempotent"
    assert named(tools, "pay").effect == "once"
    assert named(tools, "add").spec.description == "Add two numbers."
    assert tools.left_out == {}


async def test_results_are_data_and_content(tools: McpTools) -> None:
    assert await use(tools, "add", a=1, b=2) == {"result": 3}
    chart = await use(tools, "chart")
    assert isinstance(chart, Content)
    assert chart[0] == "the chart" and isinstance(chart[1], Image) and chart[1].data == PIXEL


async def test_a_failure_of_the_tool_is_told_and_one_of_the_call_is_typed(tools: McpTools) -> None:
    with pytest.raises(CallFailed, match="refuse"):
        await use(tools, "refuse")
    with pytest.raises(PeerRejected):
        await tools.server.read("port://nowhere")


async def test_resources_and_prompts(tools: McpTools) -> None:
    server = tools.server
    assert [one.uri for one in await server.resources()] == ["port://amber/notice"]
    assert str(await server.read("port://amber/notice")) == "the mole is closed"
    assert [one.name for one in await server.prompts()] == ["greet"]
    (said,) = await server.prompt("greet", {"name": "Ann"})
    assert (said.role, said.content) == ("user", "Say hello to Ann.")


async def test_a_question_of_the_server_is_put_to_the_person_and_recorded(tools: McpTools) -> None:
    asked: list[Question] = []

    async def person(question: Question) -> str:
        asked.append(question)
        return "4"

    before = set_person(person)
    try:
        model = ScriptedModel([call("berth", port="Amber")], "booked")
        answer = await Agent("clerk", model=model, tools=list(tools))("Book a berth in Amber")
    finally:
        set_person(before)
    assert ["Which dock of Amber?" in one.text for one in asked] == [True]
    assert asked[0].agent == "clerk"
    assert "dock 4 of Amber" in model.requests[-1].thread[-1].message.text
    steps = [e for e in open_log().read(answer.run_id) if isinstance(e, StepEnded)]
    assert [one.step for one in steps].count("person") == 1


async def test_nothing_is_agreed_to_where_nobody_is_there(tools: McpTools) -> None:
    with pytest.raises(CallFailed):
        await use(tools, "berth", port="Amber")


async def test_an_agent_records_its_calls_and_a_replay_makes_none(url: str) -> None:
    tools = await mcp_tools(url, prefix="port", only=["pay", "count"])
    assert sorted(one.name for one in tools) == ["port_count", "port_pay"]
    model = ScriptedModel([call("port_pay", eur=7), call("port_count", n=2)], "done")
    clerk = Agent("clerk", model=model, tools=tools)
    answer = await clerk("Pay the dues")
    told = [n.message.text for n in model.requests[-1].thread if n.message.role == "tool"]
    key, count = told[0].split(", ")[1:]
    assert key not in ("", "None") and told[1].count("counted 2") == 1
    await tools.server.close()
    replayed = await clerk.replay(answer.run_id)
    assert replayed.text == "done" and not tools.server.alive
    events = open_log().read(answer.run_id)
    shares = [e.note.share for e in events if isinstance(e, Noted) and e.topic == "progress"]  # type: ignore[union-attr]
    assert shares and shares[0] == 0.5


async def test_a_server_is_started_here_shows_its_errors_and_starts_again() -> None:
    shown: list[str] = []
    tools = await mcp_tools(OFFICIAL, env=ENV, show=shown.append)
    server, pid = tools.server, tools.server.pid
    assert await use(tools, "add", a=1, b=2) == {"result": 3}
    assert "[official] adding 1 and 2" in shown
    await server.close()
    assert server.pid is None and pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_server_serves_one_event_loop_after_another(url: str) -> None:
    tools = await mcp_tools(url)

    def elsewhere() -> Any:
        return asyncio.run(use(tools, "add", a=20, b=22))

    assert await asyncio.to_thread(elsewhere) == {"result": 42}
    assert tools.server.connection.starts == 1
    await tools.server.close()


async def test_a_call_that_takes_longer_than_allowed_is_ended(url: str) -> None:
    tools = await mcp_tools(url, timeout_s=0.2)
    with pytest.raises(PeerTimedOut, match="within 0.2 s"):
        await use(tools, "count", n=50)
    assert await use(tools, "add", a=1, b=1) == {"result": 2}
    await tools.server.close()


async def test_wishes_about_tools_that_there_are_not_are_refused(url: str) -> None:
    server = McpServer(url)
    with pytest.raises(SetupError, match="no tool 'gone'"):
        await server.tools(effects={"gone": "pure"})
    tools = await server.tools(effects={"add": "once"}, approve="destructive")
    assert named(tools, "add").effect == "once"
    assert [one.name for one in tools if one.approve] == ["pay"]
    with pytest.raises(ToolError, match="Two tools"):
        Agent("clerk", model=ScriptedModel("x"), tools=[*tools, *await server.tools()])
    await server.close()
