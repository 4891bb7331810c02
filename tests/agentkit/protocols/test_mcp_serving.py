"""What is served: performed once for each key, recorded, asked about, and not open to all."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentkit import Agent, Context, Image, Question, open_log, pattern, set_person, tool
from agentkit.cli import main
from agentkit.errors import Interrupted, SetupError
from agentkit.given import NOT_GIVEN
from agentkit.messages import JSON, Content, canonical
from agentkit.protocols import McpService, McpTools, PeerDenied, PeerRejected, mcp_tools, serve_mcp
from agentkit.testing import ScriptedModel, call
from agentkit.tools import CallFailed, RemoteTool
from memory import VectorMemory
from tests.agentkit.protocols.official import PIXEL

PAID: list[int] = []


@tool(effect="pure")
def tariff(port: str, tonnes: float) -> dict[str, Any]:
    """Harbour dues in EUR."""
    return {"port": port, "eur": 13 * tonnes}


@tool(effect="pure")
async def chart(context: Context[str]) -> list[Any]:
    """A chart."""
    await context.progress(0.5, "drawing")
    return [f"a chart of {context.deps}", Image.from_bytes(PIXEL)]


@tool
async def pay(eur: int, context: Context[None]) -> str:
    """Pay the dues."""
    sure = await context.ask(f"Pay {eur} EUR?", options=("yes", "no"), default="no")
    PAID.append(eur)
    return f"{sure}: {len(PAID)}"


@tool(approve=True)
def burn(ship: str) -> str:
    """Burn a ship."""
    return f"{ship} is burnt"


@pattern
async def team(task: str) -> str:
    """A team that looks the dues up."""
    model = ScriptedModel([call("tariff", port="Amber", tonnes=2)], "26 EUR")
    return (await Agent("clerk", model=model, tools=[tariff])(task)).text


@pattern
async def slow(task: str) -> str:
    """Somebody who takes very long."""
    PAID.append(0)
    await asyncio.sleep(60)
    return "never"


@pattern
async def stopped(task: str) -> str:
    """Somebody who is stopped the first time."""
    run = open_log().runs()[0]
    if run.events < 5:
        raise Interrupted("It was stopped.")
    return "went on"


@pytest.fixture
async def service() -> AsyncIterator[McpService]:
    PAID.clear()
    things = [tariff, chart, pay, burn, [team, slow, stopped]]
    async with await serve_mcp(things, name="port", deps="Amber") as served:
        yield served


async def use(tools: McpTools, name: str, key: str = "", **arguments: JSON) -> Any:
    found = getattr(tools, name)
    return await found.perform(found.check(canonical(arguments)), Context(NOT_GIVEN, key=key))


def runs(name: str) -> list[str]:
    return [info.status for info in open_log().runs() if info.actor == name]


@pytest.mark.parametrize("version", ["auto", "legacy"])
async def test_tools_and_teams_are_served(service: McpService, version: str) -> None:
    tools = await mcp_tools(service.url, version=version)
    assert [getattr(tools, one).effect for one in ("tariff", "pay", "team")] == [
        "pure", "once", "once",
    ]  # fmt: skip
    assert await use(tools, "tariff", port="Amber", tonnes=2) == {"port": "Amber", "eur": 26.0}
    assert runs("tariff") == []  # What only reads leaves no run behind.
    drawn = await use(tools, "chart")
    assert isinstance(drawn, Content) and drawn[0] == "a chart of Amber"
    assert drawn[1] == Image.from_bytes(PIXEL)
    assert await use(tools, "team", task="What are the dues?") == "26 EUR"
    assert runs("team") == ["ok"]
    await tools.server.close()


@pytest.mark.parametrize("version", ["auto", "legacy"])
async def test_a_key_makes_a_call_once_and_questions_go_to_who_called(
    service: McpService, version: str
) -> None:
    asked: list[str] = []

    async def person(question: Question) -> str:
        asked.append(question.text)
        return "yes"

    before = set_person(person)
    try:
        tools = await mcp_tools(service.url, version=version)
        assert await use(tools, "pay", key="a", eur=7) == "yes: 1"
        assert await use(tools, "pay", key="a", eur=7) == "yes: 1"
        assert PAID == [7] and len(asked) == 1 and runs("pay") == ["ok"]
        with pytest.raises(CallFailed, match="was used for another"):
            await use(tools, "pay", key="a", eur=8)
        both = await asyncio.gather(*(use(tools, "pay", key="b", eur=1) for _ in range(2)))
        assert both == ["yes: 2", "yes: 2"]
        assert await use(tools, "burn", ship="Albatross") == "Albatross is burnt"
        assert "May the client call burn" in asked[-1]
        await tools.server.close()
    finally:
        set_person(before)


async def test_nobody_allows_what_nobody_is_asked_about(service: McpService) -> None:
    tools = await mcp_tools(service.url)
    with pytest.raises(CallFailed, match="did not allow"):
        await use(tools, "burn", ship="Albatross")
    assert await use(tools, "pay", eur=1) == "no: 1"
    await tools.server.close()


async def test_who_goes_away_ends_the_call_and_the_same_key_goes_on(service: McpService) -> None:
    tools = await mcp_tools(service.url)
    waiting = asyncio.ensure_future(use(tools, "slow", key="s", task="x"))
    while not PAID:
        await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    while runs("slow") != ["cancelled"]:
        await asyncio.sleep(0.01)
    with pytest.raises(CallFailed, match="It was stopped"):
        await use(tools, "stopped", key="t", task="x")
    assert await use(tools, "stopped", key="t", task="x") == "went on"
    assert runs("stopped") == ["ok"]
    await tools.server.close()


async def test_others_are_not_let_in() -> None:
    with pytest.raises(SetupError, match="Everybody who reaches"):
        await serve_mcp([tariff], host="0.0.0.0")
    with pytest.raises(SetupError, match="characters"):
        await serve_mcp([tariff], token="short")
    token = "a-token-that-is-long-enough"
    async with await serve_mcp([tariff], token=token) as service:
        with pytest.raises(PeerDenied, match="401"):
            await mcp_tools(service.url)
        with pytest.raises(PeerDenied, match="401"):
            await mcp_tools(service.url, headers={"Authorization": "Bearer another-token"})
        tools = await mcp_tools(service.url, headers={"Authorization": f"Bearer {token}"})
        assert len(tools) == 1
        await tools.server.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403)],
)
async def test_a_page_of_another_origin_cannot_call(
    service: McpService, headers: dict[str, str], status: int
) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accept = {"Accept": "application/json, text/event-stream"}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(service.url, json=body, headers=accept | headers)
    assert answer.status_code == status


async def test_what_is_not_offered_cannot_be_called_and_what_cannot_be_served_is_refused(
    service: McpService,
) -> None:
    tools = await mcp_tools(service.url)
    tools[0].made.listed.name = "unknown"
    tools.server._marks["unknown"] = tools[0].made.mark
    with pytest.raises(PeerRejected, match="no tool 'unknown'"):
        await tools[0].perform(tools[0].check('{"task": "x"}'), Context(NOT_GIVEN))
    await tools.server.close()

    async def nothing(arguments: dict[str, JSON]) -> JSON:
        return arguments

    silent = RemoteTool("silent", "", {}, nothing)
    with pytest.raises(SetupError, match="silent cannot be served without a description"):
        await serve_mcp([silent])
    with pytest.raises(SetupError, match="nothing to serve"):
        await serve_mcp([])
    with pytest.raises(SetupError, match="Nothing can be served at"):
        await serve_mcp([tariff], http=int(service.url.split(":")[2].split("/")[0]))


async def test_the_command_line_serves_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "harbour.py"
    file.write_text(
        "from agentkit import tool\n"
        "print('noise')\n"
        "@tool(effect='pure')\n"
        "def double(n: int) -> int:\n"
        "    '''Double it.'''\n"
        "    print('more noise')\n"
        "    return 2 * n\n"
    )
    command = [sys.executable, "-m", "agentkit.cli", "mcp", f"{file}:double"]
    root = str(Path(__file__).parents[3])
    tools = await mcp_tools(command, env={"PYTHONPATH": root}, show=None)
    assert await use(tools, "double", n=21) == "42"
    await tools.server.close()
    assert main(["mcp", f"{file}:gone"]) == 2
    assert "has no gone" in (said := capsys.readouterr().err) and "double" in said
    assert main(["mcp", "no_such_module_here:x"]) == 2


async def test_a_memory_is_served_as_its_tools() -> None:
    notes = VectorMemory("notes", store="numpy")
    async with await serve_mcp(notes) as service:
        tools = await mcp_tools(service.url)
        await use(tools, "notes_remember", text="The mole is closed.")
        assert "mole" in str(await use(tools, "notes_recall", query="mole"))
        await tools.server.close()
