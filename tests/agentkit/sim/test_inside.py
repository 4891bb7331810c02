"""The simulated endpoint inside of this process: what a client meets is what it meets over HTTP."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import httpx
import pytest

from agentkit import Agent, connect, open_log, tool
from agentkit.endpoints import finding
from agentkit.errors import EndpointError, SetupError
from agentkit.events import Delta
from agentkit.sim.inside import URL, make_inside
from agentkit.sim.server import shared

QUESTION = "What are the dues for 30 t in Amber?"


@tool(effect="pure")
def tariff(port: str, tonnes: float) -> float:
    """Harbour dues in EUR for a ship of so many tonnes in a port."""
    return round({"Amber": 2.64, "Briar": 3.1}[port] * tonnes, 2)


def clerk(**options: Any) -> Agent:
    return Agent(
        "clerk", "Use your tools.", model=connect("sim:careful", **options), tools=[tariff]
    )


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTKIT_SIM", "inside")


async def faults(transport: httpx.AsyncBaseTransport, **rule: Any) -> None:
    async with httpx.AsyncClient(transport=transport) as client:
        reply = await client.post(f"{URL}/sim/faults", json=rule)
        assert reply.status_code == 200, reply.text


@pytest.mark.usefixtures("inside")
async def test_an_agent_uses_its_tools_and_no_process_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared, "server", None)
    answer = await clerk()(QUESTION, log=open_log("memory:"))
    assert "79.2" in answer.text
    assert answer.usage.calls == 2
    assert shared.server is None


async def test_it_answers_as_the_process_does(monkeypatch: pytest.MonkeyPatch) -> None:
    over_http = await clerk()(QUESTION, log=open_log("memory:"))
    monkeypatch.setenv("AGENTKIT_SIM", "inside")
    here = await clerk()(QUESTION, log=open_log("memory:"))
    assert here.text == over_http.text
    assert (here.usage, here.cost_usd) == (over_http.usage, over_http.cost_usd)


async def test_a_reply_streams_piece_by_piece() -> None:
    transport = make_inside(speed=1.0)
    body = {"model": "careful", "stream": True, "messages": [{"role": "user", "content": QUESTION}]}
    times, clock = [], asyncio.get_running_loop().time
    async with httpx.AsyncClient(transport=transport) as client:
        asked = client.stream("POST", f"{URL}/v1/chat/completions", json=body)
        async with asked as reply:
            async for line in reply.aiter_lines():
                if line:
                    times.append(clock())
    assert len(times) > 5
    assert times[-1] - times[0] > 0.02, "its words came over time"


@pytest.mark.parametrize("kind", ["drop", "cut", "stall", "429", "500"])
async def test_faults_are_met_as_over_a_network(kind: str) -> None:
    transport = make_inside(speed=0.0)
    await faults(transport, kind=kind)
    asked = clerk(transport=transport, retries=0, timeout_s=0.5)
    with pytest.raises(EndpointError) as caught:
        await asked(QUESTION, log=open_log("memory:"))
    assert "simulated endpoint failed" not in str(caught.value)


async def test_a_cut_stream_is_an_error_after_its_first_words() -> None:
    transport = make_inside(speed=0.0)
    await faults(transport, kind="cut")
    heard = []
    agent = Agent("a", "", model=connect("sim:careful", transport=transport, retries=0))
    with pytest.raises(EndpointError):
        async for one in agent.stream("Say something long about ports.", log=open_log("memory:")):
            heard.append(one)
    assert any(isinstance(one, Delta) for one in heard)


async def test_who_hangs_up_stops_the_app() -> None:
    transport = make_inside(speed=50.0)
    body = {"model": "careful", "stream": True, "messages": [{"role": "user", "content": QUESTION}]}
    before = asyncio.all_tasks()
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await client.post(f"{URL}/v1/chat/completions", json=body)
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before


def test_loops_one_after_the_other_share_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTKIT_SIM", "inside")
    agent = clerk()
    texts = {asyncio.run(ask(agent)) for _ in range(2)}
    assert len(texts) == 1


async def ask(agent: Agent) -> str:
    return (await agent(QUESTION, log=open_log("memory:"))).text


def test_another_word_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTKIT_SIM", "nowhere")
    with pytest.raises(SetupError, match="AGENTKIT_SIM is 'nowhere'"):
        connect("sim:careful")


async def test_where_there_are_no_threads_tools_run_in_place(
    monkeypatch: pytest.MonkeyPatch, inside: None
) -> None:
    import threading

    from agentkit import threads

    monkeypatch.setattr(threads, "in_page", lambda: True)
    monkeypatch.setattr(finding, "in_page", lambda: True)
    begun = threading.active_count()
    assert "79.2" in (await clerk()(QUESTION, log=open_log("memory:"))).text
    assert threading.active_count() == begun


def test_a_page_names_its_writers_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    from agentkit import lease

    monkeypatch.setattr(sys, "platform", "emscripten")
    first = lease.owner_name()
    assert "page-" in first
    assert not lease.owner_gone(first), "nobody can know"


def test_the_wire_is_json_as_elsewhere() -> None:
    async def models() -> Any:
        async with httpx.AsyncClient(transport=make_inside()) as client:
            return json.loads((await client.get(f"{URL}/v1/models")).text)

    assert {"careful", "hasty"} <= {
        row["id"].split(":")[-1] for row in asyncio.run(models())["data"]
    }
