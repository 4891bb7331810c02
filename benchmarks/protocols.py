"""A tool call over MCP and HTTP: agentkit's client and server beside the bare SDK's.

Alone: `python -m benchmarks.protocols`. Each figure is CPU time of one process; the other side is
the bare SDK in both cases. Ours and the SDK's take turns, so that what else the machine does
meets both; a ratio is the median of those of neighbours.

What the SDK has nothing beside is measured, too, and stands in rows of its own: a call that is a
step of a run is written to the log before and after it (client), and so is the run that a call of
a tool with consequences makes (server).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.fresh import Figures
from benchmarks.fresh import call as of

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
        from agentkit import open_log, tool
        from agentkit.protocols import serve_mcp
        open_log(sys.argv[2])
        @tool(effect="pure" if sys.argv[1] == "ours" else "once")
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
    with TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, kind, f"{folder}/log.db"],
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
Clock = Callable[[], float]


@asynccontextmanager
async def by_sdk(peer: Peer) -> AsyncIterator[Call]:
    from mcp import Client

    async with Client(peer.url) as client:
        yield lambda turn: client.call_tool("dues", {"port": "Amber", "tonnes": turn})


@asynccontextmanager
async def by_us(peer: Peer) -> AsyncIterator[Call]:
    from agentkit.given import NOT_GIVEN, Context
    from agentkit.protocols import mcp_tools

    tools = await mcp_tools(peer.url)
    tool = tools[0]

    async def call(turn: int) -> object:
        arguments = tool.check(json.dumps({"port": "Amber", "tonnes": turn}))
        return await tool.perform(arguments, Context(NOT_GIVEN))

    try:
        yield call
    finally:
        await tools.server.close()


@asynccontextmanager
async def in_a_run(peer: Peer) -> AsyncIterator[Call]:
    """The same calls as steps: each is durable before it is made, and so is its result."""
    from agentkit import open_log, run
    from agentkit.messages import ToolCall
    from agentkit.protocols import mcp_tools
    from agentkit.toolcalls import use

    tools = await mcp_tools(peer.url)
    by_name = {one.name: one for one in tools}

    async def call(turn: int) -> object:
        asked = json.dumps({"port": "Amber", "tonnes": turn})
        made = ToolCall(id=f"call-{turn}", name="dues", arguments=asked)
        return (await use("clerk", by_name, made)).content

    try:
        with TemporaryDirectory() as folder:
            async with run(log=open_log(f"{folder}/log.db")):
                yield call
    finally:
        await tools.server.close()


async def turns(calls: Mapping[str, tuple[Call, Clock]], n: int, rounds: int) -> Figures:
    """CPU microseconds of a call by each way, and the median ratio to the first."""
    number = itertools.count()
    found: dict[str, list[float]] = {kind: [] for kind in calls}
    for turn in range(rounds + 1):
        for kind, (call, clock) in calls.items():
            before = clock()
            for _ in range(n):
                assert "Amber" in str(await call(next(number)))
            if turn:  # The first one warms up.
                found[kind].append((clock() - before) / n * 1e6)
    first = next(iter(found.values()))
    figures: Figures = {}
    for kind, us in found.items():
        figures[kind] = min(us)
        figures[f"{kind}_ratio"] = median(b / a for a, b in zip(first, us, strict=True))
    return figures


async def clients(n: int, rounds: int) -> Figures:
    """Of clients, which call one server of the SDK's."""
    async with AsyncExitStack() as stack:
        peer = stack.enter_context(serving("sdk"))
        ways = {"sdk": by_sdk, "ours": by_us, "durable": in_a_run}
        calls = {
            kind: (await stack.enter_async_context(way(peer)), time.process_time)
            for kind, way in ways.items()
        }
        return await turns(calls, n, rounds)


async def servers(n: int, rounds: int) -> Figures:
    """Of servers, which one client of the SDK's calls."""
    async with AsyncExitStack() as stack:
        calls = {}
        for kind in ("sdk", "ours", "durable"):
            peer = stack.enter_context(serving(kind))
            calls[kind] = await stack.enter_async_context(by_sdk(peer)), peer.cpu_s
        return await turns(calls, n, rounds)


def measured(side: str, n: str, rounds: str) -> Figures:
    """Of one side, in this process."""
    return asyncio.run((clients if side == "client" else servers)(int(n), int(rounds)))


def main(n: int = 40, rounds: int = 15) -> None:
    for side in ("client", "server"):
        found = of("benchmarks.protocols", "measured", side, str(n), str(rounds))
        print(f"{side}: the SDK {found['sdk']:,.0f} µs")
        for kind, what in (("ours", "a call"), ("durable", "a call that is recorded")):
            print(f"    {what}: {found[kind]:,.0f} µs, {found[f'{kind}_ratio']:.3f}")


if __name__ == "__main__":
    main()
