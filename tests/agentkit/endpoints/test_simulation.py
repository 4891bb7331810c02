"""The simulated endpoint as a client reaches it: the same, a process or inside of this one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from agentkit import Agent, connect, open_log
from agentkit.endpoints import simulation


@pytest.mark.parametrize("where", ["process", "inside"])
async def test_its_books_and_its_wire_are_the_same_wherever_it_is(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTKIT_SIM", where)
    seen: list[str] = []

    class Tap(httpx.AsyncBaseTransport):
        wire = simulation.wire()

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(request.url.path)
            return await self.wire.handle_async_request(request)

    name = f"tapped-{where}"
    agent = Agent(name, "Answer briefly.", model=connect("sim:careful", transport=Tap()))
    answer = await agent("How much is 325 EUR + 120 EUR?", log=open_log("memory:"))
    await Tap.wire.aclose()
    assert "445" in answer.text
    assert seen == ["/v1/chat/completions"]
    async with simulation.client() as endpoint:
        books: dict[str, Any] = (await endpoint.get("/sim/stats")).json()["actors"][name]
    assert (books["calls"], books["charged"]) == (1, 1)
