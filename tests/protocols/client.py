"""The client that the conformance suite drives: agentkit's own, with a person who agrees.

Run as `python client.py URL`; the scenario's name and data come in its environment.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import httpx

from agentkit import Question, set_person
from agentkit.errors import PeerError
from agentkit.given import NOT_GIVEN, Context
from agentkit.protocols import mcp_login, mcp_tools
from agentkit.tools import Arguments, CallFailed

SCENARIO = os.environ.get("MCP_CONFORMANCE_SCENARIO", "")
DATA: dict[str, Any] = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
CIMD = "https://conformance-test.local/client-metadata.json"


async def person(question: Question) -> str:
    """Agree to everything; a form keeps its defaults."""
    return "yes" if "yes" in question.options else ""


async def visit(page: str) -> None:
    """Log in as a browser would, with nobody to ask."""
    async with httpx.AsyncClient(follow_redirects=True, trust_env=False) as browser:
        await browser.get(page)


def example(schema: dict[str, Any]) -> Any:
    """A value that fits a schema."""
    if "enum" in schema:
        return schema["enum"][0]
    made = {"integer": 5, "number": 3, "boolean": True, "array": [], "object": {}}
    return made.get(str(schema.get("type")), "x")


async def use(tool: Any, arguments: dict[str, Any]) -> None:
    try:
        # As they are: the suite sends what a careful client would refuse, such as null.
        given = await tool.perform(Arguments(arguments), Context(NOT_GIVEN))
        print(f"{tool.name}: {given}")
    except (CallFailed, PeerError) as error:
        print(f"{tool.name}: {type(error).__name__}: {error}")


async def main(url: str) -> int:
    auth = None
    if SCENARIO.startswith("auth/"):
        known = {name: DATA[name] for name in ("client_id", "client_secret") if name in DATA}
        auth = mcp_login(url, visit=visit, client_page=CIMD, **known)
    set_person(person)
    try:
        tools = await mcp_tools(url, auth=auth)
    except PeerError as error:
        print(f"{type(error).__name__}: {error}")
        return 1
    by_name = {one.made.name: one for one in tools}
    asked = DATA.get("toolCalls") or [
        {
            "name": one.made.name,
            "arguments": {
                name: example(schema) if isinstance(schema, dict) else "x"
                for name, schema in one.spec.properties.items()
            },
        }
        for one in tools
    ]
    if "json_schema_echo" in by_name:
        seen = by_name["json_schema_2020_12_tool"].made.listed.input_schema
        asked = [{"name": "json_schema_echo", "arguments": {"schema": seen}}]
    for call in asked:
        if call["name"] in by_name:
            await use(by_name[call["name"]], call.get("arguments") or {})
    await tools.server.close()
    return 0


sys.exit(asyncio.run(main(sys.argv[-1])))
