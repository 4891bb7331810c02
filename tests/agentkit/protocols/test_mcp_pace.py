"""Servers that flood are read no faster than is good for the kernel."""

from __future__ import annotations

import asyncio
import itertools
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from mcp_types import JSONRPCNotification, JSONRPCRequest

from agentkit.protocols.mcp import pace
from agentkit.protocols.mcp.address import Address
from agentkit.protocols.mcp.pace import BURST, RATE, ConnectionPace
from agentkit.protocols.mcp.tapped import Ends, TappedStream
from agentkit.protocols.mcp.web import JsonRpcTransport


def test_a_flood_is_taken_at_a_rate_and_answers_at_any() -> None:
    now = [0.0]
    made = ConnectionPace(lambda: now[0])
    assert [made.taken() for _ in range(BURST)] == [0.0] * BURST
    assert made.taken() == pytest.approx(1 / RATE)
    now[0] += 1 / RATE
    for _ in range(5 * BURST):
        made.sent()
        assert made.taken() <= 1 / RATE
    now[0] += 2 * BURST / RATE
    assert [made.taken() for _ in range(BURST)] == [0.0] * BURST and made.taken() > 0


async def test_a_stream_is_read_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "BURST", 50)
    monkeypatch.setattr(pace, "RATE", 100)

    async def receive() -> Any:
        await asyncio.sleep(0)
        return SimpleNamespace(message=JSONRPCNotification(jsonrpc="2.0", method="n"))

    async def send(item: Any) -> None:
        pass

    inner = SimpleNamespace(receive=receive, send=send)
    flooded = TappedStream(inner, Ends("port", Address(url="http://x")), ConnectionPace())
    taken = itertools.count()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            while await flooded.receive():
                next(taken)
    assert 50 <= next(taken) < 120
    asked = SimpleNamespace(message=JSONRPCRequest(jsonrpc="2.0", id=1, method="ping"))
    async with asyncio.timeout(5):
        for _ in range(500):  # Each waits for one, so none is too many.
            await flooded.send(asked)
            await flooded.receive()


async def test_a_stream_that_ends_is_not_asked_for_without_a_pause() -> None:
    asked: list[float] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(asyncio.get_running_loop().time())
        return httpx2.Response(405)

    told = JsonRpcTransport(httpx2.MockTransport(answer))
    headers = {"accept": "application/json, text/event-stream"}
    for method in ("GET", "GET", "GET", "POST"):
        made = httpx2.Request(method, "http://127.0.0.1/mcp", headers=headers)
        await told.handle_async_request(made)
    assert asked[2] - asked[0] >= 2 * pace.GET_S - 0.02
