"""Labels over both protocols, both ways: what is sent along, and what is made of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
