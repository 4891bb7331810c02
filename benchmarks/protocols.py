"""A tool call over MCP and HTTP: agentkit's client and server beside the bare SDK's.

Alone: `python -m benchmarks.protocols`. Each figure is CPU time of one process; the other side is
the bare SDK in both cases.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from benchmarks.fresh import Figures
from benchmarks.fresh import call as of

WARM = 20

SERVER = """
import asyncio, sys, time
async def main():
    if sys.argv[1] == "sdk":
        import uvicorn
        from mcp.server.mcpserver import MCPServer
        from mcp_types import ToolAnnotations
        made = MCPServer("bench", log_level="CRITICAL")
        @made.tool(annotations=ToolAnnotations(read_only_hint=True))
        async def dues(port: str, tonnes: float) -> str:
            "Harbour dues."
            return f"{port}: {13 * tonnes}"
        config = uvicorn.Config(
            made.streamable_http_app(), port=0, log_config=None, ws="none", access_log=False
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/mcp"
    else:
        from agentkit import tool
        from agentkit.protocols import serve_mcp
        @tool(effect="pure")
        async def dues(port: str, tonnes: float) -> str:
            "Harbour dues."
            return f"{port}: {13 * tonnes}"
        url = (await serve_mcp([dues])).url
    print(url, flush=True)
    loop = asyncio.get_running_loop()
    # Each line asks for the CPU time so far; the end of the input ends the server.
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(time.process_time(), flush=True)
    import os
    os._exit(0)
asyncio.run(main())
"""


class Peer:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.url = process.stdout.readline().strip()

    def cpu_s(self) -> float:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


@contextmanager
def serving(kind: str) -> Iterator[Peer]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Peer(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


Call = Callable[[int], Awaitable[object]]


async def by_sdk(peer: Peer, n: int, client_side: bool) -> float:
    from mcp import Client

    async with Client(peer.url) as client:

        async def call(turn: int) -> object:
            return await client.call_tool("dues", {"port": "Amber", "tonnes": turn})

        return await timed(peer, n, call, client_side)


async def by_us(peer: Peer, n: int, client_side: bool) -> float:
    from agentkit.given import NOT_GIVEN, Context
    from agentkit.protocols import mcp_tools

    tools = await mcp_tools(peer.url)
    tool = tools[0]

    async def call(turn: int) -> object:
        arguments = tool.check(json.dumps({"port": "Amber", "tonnes": turn}))
        return await tool.perform(arguments, Context(NOT_GIVEN))

    try:
        return await timed(peer, n, call, client_side)
    finally:
        await tools.server.close()


async def timed(peer: Peer, n: int, call: Call, client_side: bool) -> float:
    """CPU seconds of one side for n calls."""
    for turn in range(WARM):
        await call(turn)
    clock = time.process_time if client_side else peer.cpu_s
    before = clock()
    for turn in range(n):
        assert "Amber" in str(await call(turn))
    return clock() - before


def client(kind: str, n: str) -> Figures:
    """CPU microseconds of a client for a call."""
    with serving("sdk") as peer:
        used = asyncio.run((by_us if kind == "ours" else by_sdk)(peer, int(n), True))
    return {"cpu_us": used / int(n) * 1e6}


def server(kind: str, n: str) -> Figures:
    """CPU microseconds of a server for a call."""
    with serving(kind) as peer:
        used = asyncio.run(by_sdk(peer, int(n), False))
    return {"cpu_us": used / int(n) * 1e6}


def main(n: int = 400, repeats: int = 3) -> None:
    for side in ("client", "server"):
        best = {
            kind: min(
                of("benchmarks.protocols", side, kind, str(n))["cpu_us"] for _ in range(repeats)
            )
            for kind in ("sdk", "ours")
        }
        ratio = best["ours"] / best["sdk"]
        print(f"{side}: SDK {best['sdk']:,.0f} µs, ours {best['ours']:,.0f} µs, {ratio:.3f}")


if __name__ == "__main__":
    main()
