"""Programs of others, in both directions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agentkit.given import NOT_GIVEN, Context
from agentkit.messages import Content, canonical
from agentkit.parts import Image
from agentkit.protocols import McpTools, mcp_tools
from tests.protocols.conftest import FASTMCP, HERE, PROGRAMS, environment

pytestmark = [pytest.mark.protocols, pytest.mark.timeout(180)]

NODE = str(PROGRAMS / "node")


async def opened(program: str, *arguments: str, **more: Any) -> McpTools:
    return await mcp_tools([NODE, str(PROGRAMS / program), *arguments], **more)


async def use(tools: McpTools, name: str, **arguments: Any) -> Any:
    tool = getattr(tools, name)
    return await tool.perform(tool.check(canonical(arguments)), Context(NOT_GIVEN))


async def test_the_reference_server_with_everything() -> None:
    tools = await opened("mcp-server-everything", "stdio")
    assert "hello" in str(await use(tools, "echo", message="hello"))
    drawn = await use(tools, "get_tiny_image")
    assert isinstance(drawn, Content) and any(isinstance(one, Image) for one in drawn)
    assert await tools.server.resources() and await tools.server.prompts()
    await tools.server.close()


async def test_the_reference_server_of_files(tmp_path: Path) -> None:
    (tmp_path / "notice.txt").write_text("the mole is closed")
    tools = await opened("mcp-server-filesystem", str(tmp_path), prefix="files")
    assert tools.read_text_file.effect == "pure" and tools.write_file.effect != "pure"
    path = str(tmp_path / "notice.txt")
    assert "the mole is closed" in str(await use(tools, "read_text_file", path=path))
    await use(tools, "write_file", path=str(tmp_path / "new.txt"), content="41")
    assert (tmp_path / "new.txt").read_text() == "41"
    await tools.server.close()


async def test_the_reference_server_of_a_memory(tmp_path: Path) -> None:
    tools = await opened("mcp-server-memory", env={"MEMORY_FILE_PATH": str(tmp_path / "m.json")})
    entity = {"name": "Amber", "entityType": "port", "observations": ["has a mole"]}
    await use(tools, "create_entities", entities=[entity])
    assert "has a mole" in str(await use(tools, "read_graph"))
    await tools.server.close()


SERVER = """
from fastmcp import FastMCP
server = FastMCP("port")
@server.tool(annotations={"readOnlyHint": True})
def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b
server.run(show_banner=False)
"""

CLIENT = """
import asyncio, sys
from fastmcp import Client
async def main():
    async with Client(sys.argv[1]) as client:
        print(sorted(one.name for one in await client.list_tools())[0])
        print((await client.call_tool("test_simple_text", {})).content[0].text)
asyncio.run(main())
"""


async def test_a_server_made_with_fastmcp(tmp_path: Path) -> None:
    file = tmp_path / "server.py"
    file.write_text(SERVER)
    tools = await mcp_tools([str(FASTMCP), str(file)], connect_timeout_s=90)
    assert tools.add.effect == "pure"
    assert "42" in str(await use(tools, "add", a=2, b=40))
    await tools.server.close()


def test_a_client_made_with_fastmcp(served: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(FASTMCP), "-c", CLIENT, served],
        capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert "simple text response" in done.stdout, done.stderr


def inspected(folder: Path, *arguments: str) -> Any:
    done = subprocess.run(
        [str(PROGRAMS / "mcp-inspector"), "--cli", *arguments],
        env=environment(folder), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return json.loads(done.stdout[done.stdout.index("{") :])


def test_the_inspector_over_both_transports(served: str, tmp_path: Path) -> None:
    called = ["--method", "tools/call", "--tool-name", "test_simple_text"]
    over_http = inspected(tmp_path, served, "--transport", "http", *called)
    what = f"{HERE / 'fixture.py'}:EVERYTHING"
    env = [f"{name}={value}" for name, value in environment(tmp_path).items() if "PYTHON" in name]
    given = [part for one in env for part in ("-e", one)]
    command = [*given, sys.executable, "-m", "agentkit.cli", "mcp", what]
    assert inspected(tmp_path, *command, *called)["content"] == over_http["content"]
