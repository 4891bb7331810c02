"""Strangers at the port of what is served: bounded before anybody is known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from agentkit import tool
from agentkit.protocols import heads, serve_mcp
from agentkit.protocols.bounds import HEAD


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
        yield int(service.url.split(":")[2].partition("/")[0])
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


async def test_a_connection_too_many_is_closed(port: int) -> None:
    async with asyncio.timeout(20):
        made = [await asyncio.open_connection("127.0.0.1", port) for _ in range(25)]
        ends = await asyncio.gather(*(one[0].read() for one in made), return_exceptions=True)
    assert len(ends) == 25  # Those that were taken end since they say nothing.
    for _, writer in made:
        writer.close()


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
