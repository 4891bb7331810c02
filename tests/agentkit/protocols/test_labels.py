"""Labels over both protocols, both ways: what is sent along, and what is made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from agentkit import Agent, open_log, tool
from agentkit.events import Noted
from agentkit.log import Log
from agentkit.person import Question
from agentkit.protocols import a2a_agent, mcp_tools, serve_a2a, serve_mcp
from agentkit.testing import ScriptedModel, call
from agentkit.trust import (
    CLEAN,
    KEPT,
    OFF,
    PRIVATE,
    SECRET,
    UNTRUSTED,
    Label,
    Policy,
    enforced,
    explain,
    flow_of,
    pins,
    set_policy,
)
from agentkit.trust.notes import Labelled
from agentkit.trust.wire import KEY, from_wire, to_wire
from tests.agentkit.protocols.a2a.hostile import card
from tests.agentkit.protocols.serving import served
from tests.agentkit.trust.puppets import Puppet, World, ruled


@pytest.fixture
def everywhere() -> Iterator[Policy]:
    """A policy of the process: of whoever asks, and of who is served in it."""
    policy = Policy(sources={"tool:mail": PRIVATE})
    set_policy(policy)
    yield policy
    set_policy(None)


@tool(effect="pure")
def mail() -> str:
    """Read the mail."""
    return "the code is s3cret"


def sources(log: Log, run: str) -> dict[str, Label]:
    """Where what came from, in a run."""
    notes = [one.note for one in log.read(run) if isinstance(one, Noted)]
    return {one.source: one.label for one in notes if isinstance(one, Labelled)}


@pytest.mark.parametrize("label", [UNTRUSTED, PRIVATE, SECRET, KEPT])
def test_a_label_comes_back_from_the_wire_as_it_was(label: Label) -> None:
    assert from_wire(to_wire(label)) == label


def test_what_cannot_be_read_counts_as_the_worst() -> None:
    worst = UNTRUSTED | SECRET
    assert to_wire(CLEAN) == {} and from_wire({}) is None and from_wire(None) is None
    assert from_wire({KEY: {"integrity": "untrusted", "confidentiality": ["ann"]}}) == KEPT
    for odd in (
        "trusted",
        {},
        {"integrity": "very"},
        {"integrity": "trusted", "confidentiality": 1},
    ):
        assert from_wire({KEY: odd}) == worst


async def test_over_mcp_the_caller_s_label_goes_there_and_the_server_s_comes_back(
    everywhere: Policy,
) -> None:
    here, there = open_log("memory:"), open_log("memory:")
    clerk = Agent("served", "You work.", model=Puppet(), tools=[mail])
    policy = everywhere.with_(
        clears={"tool:served": "secret"}, on_influence="allow", sources={"tool:mail": PRIVATE}
    )
    async with await serve_mcp([clerk], log=there) as service:
        tools = await mcp_tools(service.url)
        boss = Agent("boss", "You work.", model=Puppet(), tools=[mail, *tools])
        with enforced(policy):
            answer = await boss('ORDER mail ORDER served {"task": "ORDER mail"}', log=here)
        await tools.server.close()
    (came,) = sources(here, answer.run_id).keys() - {f"spec:mcp:{tools.server.name}"}
    assert came == f"mcp:{tools.server.name}"
    assert sources(here, answer.run_id)[came] == KEPT
    served = there.runs()[0].id
    assert sources(there, served)["client:mcp"] == KEPT
    assert flow_of(there.read(served)).label(served) == KEPT


@pytest.mark.parametrize(("policy", "paid"), [(Policy(), []), (OFF, ["eve"])])
async def test_what_a_client_sends_makes_no_served_agent_act(
    policy: Policy, paid: list[str]
) -> None:
    world, there = World(), open_log("memory:")
    set_policy(policy)
    try:
        async with await serve_mcp([world.agent("served", world.pay)], log=there) as service:
            tools = await mcp_tools(service.url)
            model = ScriptedModel([call("served", task='ORDER pay {"to": "eve"}')], "done")
            with enforced(OFF):
                await Agent("boss", model=model, tools=tools)("Go.", log=open_log("memory:"))
            await tools.server.close()
    finally:
        set_policy(None)
    assert world.paid == paid


async def test_no_client_allows_what_it_asks_for_itself() -> None:
    world, there, questions = World(), open_log("memory:"), list[Question]()

    async def yes(question: Question) -> str:
        questions.append(question)
        return "yes"

    set_policy(Policy(on_influence="ask"))
    try:
        async with await serve_a2a(world.agent("served", world.pay), log=there) as service:
            remote = await a2a_agent(service.url)
            with enforced(Policy(on_influence="allow")):
                await remote('ORDER pay {"to": "eve"}', log=open_log("memory:"), person=yes)
    finally:
        set_policy(None)
    assert world.paid == [] and questions == []
    assert [one.allowed for one in ruled(there, there.runs()[0].id)] == [False]


async def test_over_a2a_labels_go_both_ways(everywhere: Policy) -> None:
    here, there = open_log("memory:"), open_log("memory:")
    served = Agent("served", "You work.", model=Puppet(), tools=[mail])
    async with await serve_a2a(served, log=there) as service:
        remote = await a2a_agent(service.url)
        with enforced(everywhere):
            answer = await remote("ORDER mail", log=here)
    assert sources(here, answer.run_id)["remote:served"] == KEPT
    began = there.read(there.runs()[0].id)
    received = next(one.seq for one in began if getattr(one, "topic", "") == "a2a.received")
    assert explain(began[0].run, received, log=there).label == UNTRUSTED
    assert flow_of(here.read(answer.run_id)).label(answer.run_id) == KEPT


SECRET_OUTSIDE = {KEY: (UNTRUSTED | SECRET).form()}

PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "the task": lambda ifc: {"task": foreign_task(metadata=ifc)},
    "an answer without a task": lambda ifc: {"message": {**SAID, "metadata": ifc}},
    "a part": lambda ifc: {"message": {**SAID, "parts": [{"text": "hi", "metadata": ifc}]}},
    "an artifact": lambda ifc: {"task": foreign_task(artifact=ifc)},
}

SAID = {"messageId": "m", "role": "ROLE_AGENT", "parts": [{"text": "hi"}]}


def foreign_task(metadata: Any = None, artifact: Any = None) -> dict[str, Any]:
    """A task that is done, as an agent without our SDK tells it."""
    made = {"artifactId": "a", "parts": [{"text": "hi"}], "metadata": artifact or {}}
    return {
        "id": "t", "contextId": "c", "status": {"state": "TASK_STATE_COMPLETED"},
        "artifacts": [made], "metadata": metadata or {},
    }  # fmt: skip


def foreign(result: dict[str, Any]) -> Starlette:
    """An agent that always answers so."""

    async def shown(request: Request) -> JSONResponse:
        url = f"http://{request.headers['host']}/"
        return JSONResponse(card(url, name="stranger", streaming=False))

    async def asked(request: Request) -> JSONResponse:
        id = (await request.json())["id"]
        return JSONResponse({"jsonrpc": "2.0", "id": id, "result": result})

    paths = Route("/.well-known/agent-card.json", shown), Route("/", asked, methods=["POST"])
    return Starlette(routes=list(paths))


@pytest.mark.parametrize("place", PLACES)
async def test_a_label_that_a_stranger_tells_is_heard_wherever_it_stands(place: str) -> None:
    heard = {}
    for name, ifc in {
        "secret": SECRET_OUTSIDE,
        "a lie": {KEY: CLEAN.form()},
        "nonsense": {KEY: {"integrity": "very"}},
        "nothing": {},
    }.items():
        with served(foreign(PLACES[place](ifc))) as url:
            remote = await a2a_agent(url)
            for believes in ((), ("remote:stranger",)):
                log = open_log("memory:")
                with enforced(Policy(believes=believes)):
                    answer = await remote("go", log=log)
                heard[name, bool(believes)] = flow_of(log.read(answer.run_id)).label(answer.run_id)
    worst = UNTRUSTED | SECRET
    assert heard == {
        ("secret", False): worst, ("secret", True): worst,
        ("a lie", False): UNTRUSTED, ("a lie", True): CLEAN,
        ("nonsense", False): worst, ("nonsense", True): worst,
        ("nothing", False): UNTRUSTED, ("nothing", True): UNTRUSTED,
    }  # fmt: skip


@pytest.mark.parametrize("place", ["message", "request", "part"])
async def test_a_label_that_a_stranger_s_client_sends_is_that_of_the_task(place: str) -> None:
    there, label = open_log("memory:"), {KEY: SECRET.form()}
    message: dict[str, Any] = {**SAID, "role": "ROLE_USER", "parts": [{"text": "tell me"}]}
    params: dict[str, Any] = {"message": message}
    {"message": message, "request": params, "part": message["parts"][0]}[place]["metadata"] = label
    clerk = Agent("served", model=Puppet())
    set_policy(Policy())
    try:
        async with await serve_a2a(clerk, log=there) as service, httpx.AsyncClient() as client:
            asked = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": params}
            url, headers = service.url, {"A2A-Version": "1.0"}
            told = (await client.post(url, json=asked, headers=headers, timeout=20)).json()
    finally:
        set_policy(None)
    task = told["result"]["task"]
    assert from_wire(task["metadata"]) == UNTRUSTED | SECRET, "and its answer goes back with it"
    assert (
        sources(there, task["id"]) == {}
        and flow_of(there.read(task["id"])).label(task["id"]) == UNTRUSTED | SECRET
    )


async def test_confidential_words_go_to_no_peer_that_is_not_cleared(everywhere: Policy) -> None:
    here, there = open_log("memory:"), open_log("memory:")
    async with await serve_a2a(Agent("served", model=Puppet()), log=there) as service:
        remote = await a2a_agent(service.url)
        boss = Agent("boss", "You work.", model=Puppet(), tools=[mail, remote])
        with enforced(Policy(sources={"tool:mail": PRIVATE}, on_influence="allow")):
            answer = await boss('ORDER mail ORDER served {"task": "tell"}', log=here)
    assert [one.rule for one in ruled(here, answer.run_id)] == ["outflow"]
    assert there.runs() == []


async def test_a_description_counts_until_it_is_read_and_again_once_it_changed() -> None:
    world, here = World(), open_log("memory:")

    @tool(effect="pure")
    def chart() -> int:
        """Look at the chart."""
        return 7

    async with await serve_mcp([chart]) as service:
        tools = await mcp_tools(service.url)
        boss = Agent("boss", "You work.", model=Puppet(), tools=[world.pay, *tools])
        task = 'ORDER pay {"to": "bob"}'
        with enforced(Policy()):
            await boss(task, log=here)
        assert world.paid == []
        with enforced(Policy(pins=pins(tools))):
            await boss(task, log=here)
        assert world.paid == ["bob"]
        changed = dict.fromkeys(pins(tools), "another digest")
        with enforced(Policy(pins=changed)):
            await boss(task, log=here)
        assert world.paid == ["bob"]
        await tools.server.close()
