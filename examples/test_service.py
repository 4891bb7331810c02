"""The service's own tests: 50 users at once, and none hears of another's orders."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
from service import ORDERS, app

from agentkit import Request
from agentkit.errors import RateLimited
from agentkit.log import Log
from agentkit.testing import FunctionModel, call, stand_in


def model(request: Request) -> Any:
    last = request.thread[-1].message
    return f"Late: {last.text}" if last.role == "tool" else call("orders", status="late")


async def asked(client: httpx.AsyncClient, **body: str) -> list[dict[str, str]]:
    reply = await client.post("/ask", json=body)
    lines = [one for one in reply.text.split("\n\n") if one]
    return [json.loads(one.removeprefix("data: ")) for one in lines]


def users(count: int) -> httpx.AsyncClient:
    for n in range(count):
        ORDERS[f"user{n}"] = {f"order{n}": "late", f"other{n}": "sent"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def test_fifty_users_at_once_hear_of_their_own_orders(agentkit_log: Log) -> None:
    async def all_of_them() -> list[list[dict[str, str]]]:
        async with users(50) as client:
            asks = [asked(client, user=f"user{n}", task="What is late?") for n in range(50)]
            return await asyncio.gather(*asks)

    with stand_in(FunctionModel(model)):
        found = asyncio.run(all_of_them())
    for n, events in enumerate(found):
        assert events[-1]["answer"] == f'Late: ["order{n}"]'
        assert "".join(one.get("text", "") for one in events) == events[-1]["answer"]
    runs = agentkit_log.runs()
    assert sorted(run.name for run in runs) == sorted(f"user{n}" for n in range(50))
    assert {run.status for run in runs} == {"ok"}


def test_what_goes_wrong_is_told_without_its_words(agentkit_log: Log) -> None:
    async def one() -> list[dict[str, str]]:
        async with users(1) as client:
            refused = await client.post("/ask", json={"user": "ann"})
            assert refused.status_code == 400
            return await asked(client, user="ann", task="What is late?")

    with stand_in(FunctionModel(lambda request: RateLimited("slow down, ann"))):
        assert asyncio.run(one()) == [{"error": "RateLimited"}]
