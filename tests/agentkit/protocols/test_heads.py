"""Strangers at the port of what is served: bounded before anybody is known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from agentkit import tool
from agentkit.given import NOT_GIVEN, Context
from agentkit.protocols import heads, mcp_tools, serve_mcp
from agentkit.protocols.bounds import HEAD
from agentkit.tools import Arguments


@tool(effect="pure")
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


TOKEN = "t" * 24
BEGUN = b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n"
CHUNKED = BEGUN + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
MANY = b"".join(b"X-%d: y\r\n" % one for one in range(20_000))


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(heads, "HEAD_S", 0.3)
    monkeypatch.setattr(heads, "CONNECTIONS", 20)
    async with await serve_mcp([add], token=TOKEN) as service:
        yield port_of(service)
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(service.url, headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code not in (401, 503), "it still serves"


async def ended(port: int, *pieces: bytes) -> bytes:
    """What a connection is told before it is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    told = b""
    async with asyncio.timeout(20):
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            told = await reader.read()
        except ConnectionError:
            pass
    writer.close()
    return told


@pytest.mark.parametrize(
    "pieces",
    [
        (BEGUN, b"X-A: " + b"y" * HEAD, b"y" * 100),
        (b"GET /", b"a" * HEAD, b"a" * 100),
        (BEGUN, MANY),
        (CHUNKED, MANY + b"\r\n"),
        (b"\r\n" * HEAD,),
    ],
    ids=["header", "path", "headers", "after the body", "blank lines"],
)
async def test_a_head_without_end_is_refused(port: int, pieces: tuple[bytes, ...]) -> None:
    told = await ended(port, *pieces)
    assert not told or told[9:12] in (b"431", b"400", b"401"), told


@pytest.mark.parametrize("begun", [b"", BEGUN, b"\r\n", b"GET / HTTP/1.1\r\nX: y"])
async def test_a_head_that_does_not_come_is_not_waited_for(port: int, begun: bytes) -> None:
    assert await ended(port, begun) == b""


async def test_who_trickles_is_not_waited_for_either(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(BEGUN + b"X: ")
    async with asyncio.timeout(10):
        while not reader.at_eof():
            writer.write(b"y")
            await asyncio.sleep(0.02)
            if reader.exception() is not None:
                break
    writer.close()


@pytest.mark.parametrize("begun", [b"", BEGUN], ids=["silent", "heads"])
async def test_who_holds_all_connections_keeps_nobody_out(
    port: int, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "HEAD_S", 60)
    await kept_out(port, begun)


async def test_not_with_bodies_either(port: int) -> None:
    head = f"Authorization: Bearer {TOKEN}\r\nContent-Length: 1000\r\n"
    more = "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
    host = f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    await kept_out(port, f"{host}{head}{more}\r\n{{".encode())


async def kept_out(port: int, begun: bytes) -> None:
    """See that a call is answered while others hold more connections than there are."""
    made = [await asyncio.open_connection("127.0.0.1", port) for _ in range(60)]
    for _, writer in made:
        writer.write(begun)
    await asyncio.sleep(0.05)
    tools = await mcp_tools(
        f"http://127.0.0.1:{port}/mcp", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    assert [one.name for one in tools] == ["add"]
    await tools.server.close()
    for _, writer in made:
        writer.close()


async def test_who_is_answered_now_is_not_given_up_for_others(monkeypatch: Any) -> None:
    monkeypatch.setattr(heads, "CONNECTIONS", 5)
    begun, go = asyncio.Event(), asyncio.Event()

    @tool(effect="once")
    async def slow() -> str:
        """Take time."""
        begun.set()
        await go.wait()
        return "done"

    async with await serve_mcp([slow]) as service:
        tools = await mcp_tools(service.url)
        call = asyncio.create_task(tools[0].perform(Arguments({}), Context(NOT_GIVEN)))
        await begun.wait()
        made = [await asyncio.open_connection("127.0.0.1", port_of(service)) for _ in range(30)]
        await asyncio.sleep(0.05)
        go.set()
        assert await call == "done"
        await tools.server.close()
        for _, writer in made:
            writer.close()


def port_of(service: Any) -> int:
    """Where it listens."""
    return int(service.url.split(":")[2].partition("/")[0])


async def test_the_body_of_who_was_refused_is_not_waited_for(port: int) -> None:
    host = f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 9\r\n\r\n{{"
    told = await ended(port, host.encode())
    assert told.startswith(b"HTTP/1.1 401")


async def test_a_body_may_take_longer_than_a_head(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}'
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body[:10])
    await asyncio.sleep(0.6)
    writer.write(body[10:])
    async with asyncio.timeout(10):
        assert b"Missing session ID" in await reader.read()
    writer.close()
