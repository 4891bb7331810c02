"""A server made with the official SDK, for tests: `python official.py` speaks over stdio."""

from __future__ import annotations

import asyncio
import base64
import sys
from typing import Annotated, Any

from mcp.server.mcpserver import Context, Elicit, Image, MCPServer, Resolve
from mcp_types import ToolAnnotations
from pydantic import BaseModel

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
READS = ToolAnnotations(read_only_hint=True)


class Dock(BaseModel):
    """What a person is asked."""

    dock: int


async def which(port: str) -> Elicit[Dock]:
    return Elicit(f"Which dock of {port}?", Dock)


def official() -> MCPServer:
    """Make one."""
    server = MCPServer("port", version="1", log_level="CRITICAL")
    calls: list[str] = []

    @server.tool(annotations=READS)
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        print(f"adding {a} and {b}", file=sys.stderr, flush=True)
        return a + b

    @server.tool()
    def pay(eur: int, context: Context) -> str:
        """Pay the dues."""
        meta = dict(context.request_context.meta or {})
        calls.append(str(meta.get("jupyter-agentkit/idempotency-key")))
        return f"paid {eur}, {calls[-1]}, {len(calls)}"

    @server.tool(annotations=ToolAnnotations(idempotent_hint=True, destructive_hint=False))
    async def berth(port: str, answer: Annotated[Dock, Resolve(which)]) -> str:
        """Book a berth, after asking which."""
        return f"dock {answer.dock} of {port}"

    @server.tool(annotations=READS)
    async def count(n: int, context: Context) -> str:
        """Count slowly."""
        for one in range(n):
            await context.report_progress(one + 1, n, f"step {one + 1}")
            await asyncio.sleep(0.3)
        return f"counted {n}"

    @server.tool(annotations=READS, structured_output=False)
    def chart() -> list[Any]:
        """Draw a chart."""
        return ["the chart", Image(data=PIXEL, format="png")]

    @server.tool(annotations=READS)
    def refuse() -> str:
        """Fail."""
        raise ValueError("the harbour is closed")

    @server.resource("port://amber/notice")
    def notice() -> str:
        """Read the notice."""
        return "the mole is closed"

    @server.prompt()
    def greet(name: str) -> str:
        """Greet somebody."""
        return f"Say hello to {name}."

    return server


if __name__ == "__main__":
    official().run("stdio")
