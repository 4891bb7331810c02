"""Labels of answers to questions of what is served: they come later than those of the task."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp_types import ElicitResult

from agentkit import Agent, current_run, open_log, pattern
from agentkit.person import Question
from agentkit.protocols import McpTools, a2a_agent, mcp_tools, serve_a2a, serve_mcp
from agentkit.protocols.a2a import terms
from agentkit.testing import ScriptedModel, call
from agentkit.trust import CLEAN, SECRET, UNTRUSTED, Label, Policy, flow_of, set_policy
from agentkit.trust.wire import KEY, from_wire
from tests.agentkit.trust.puppets import ruled

IFC = {KEY: SECRET.form()}


@contextlib.contextmanager
def everywhere(**more: Any) -> Iterator[None]:
    """A policy of the process, to which its clients are as good as the person here."""
    set_policy(Policy(sources={"client:*": CLEAN}, **more))
    try:
        yield
    finally:
        set_policy(None)


@pattern
async def asking(task: str) -> str:
    """Somebody who asks for a code."""
    return (await current_run().hear(Question(text="Which code?"))).text


async def told(url: str, message: dict[str, Any], beside: Any = None) -> dict[str, Any]:
    """What an agent answers to a message of a client without any SDK: its task."""
    params = {"message": {"role": "ROLE_USER", **message}, "metadata": beside or {}}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": params}
    async with httpx.AsyncClient(trust_env=False) as client:
        found = await client.post(url, json=asked, headers={"A2A-Version": "1.0"}, timeout=20)
    task: dict[str, Any] = found.json()["result"]["task"]
    return task


async def answered(url: str, place: str) -> dict[str, Any]:
    """A task that asked, and got an answer with a label there."""
    task = await told(url, {"messageId": "m1", "parts": [{"text": "go"}]})
    assert task["status"]["state"] == "TASK_STATE_INPUT_REQUIRED"
    assert from_wire(task.get("metadata")) is None
    part: dict[str, Any] = {"text": "s3cret"}
    message: dict[str, Any] = {"messageId": "m2", "taskId": task["id"], "parts": [part]}
    {"message": message, "part": part}.get(place, {})["metadata"] = IFC
    return await told(url, message, IFC if place == "request" else None)


@pytest.mark.parametrize(
    ("place", "label"),
    [("message", SECRET), ("request", SECRET), ("part", SECRET), ("nowhere", None)],
)
async def test_a_label_of_a_later_answer_is_that_of_all_that_follows(
    place: str, label: Label | None
) -> None:
    there = open_log("memory:")
    with everywhere():
        async with await serve_a2a(asking, log=there) as service:
            task = await answered(service.url, place)
    assert task["artifacts"][0]["parts"][0]["text"] == "s3cret"
    assert from_wire(task.get("metadata")) == label
    assert flow_of(there.read(task["id"])).label(task["id"]) == (label or CLEAN)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize("meta", [IFC, None])
async def test_over_mcp_too_in_both_eras(mode: Any, meta: Any) -> None:
    there = open_log("memory:")

    async def person(_: Any, __: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={"answer": "s3cret"}, _meta=meta)

    with everywhere():
        async with (
            await serve_mcp([asking], log=there) as service,
            Client(service.url, mode=mode, elicitation_callback=person) as client,
        ):
            found = await client.call_tool("asking", {"task": "go"})
    assert found.content[0].text == "s3cret"  # type: ignore[union-attr]
    assert from_wire(found.meta) == (SECRET if meta else None)


async def asked_by(outer: str) -> Any:
    """What asks `asking`, of which only the address is known: over A2A, or over MCP."""
    if outer.endswith("/mcp"):
        tools = await mcp_tools(outer)
        return Agent("outer", model=ScriptedModel([call("asking", task="go")], "done"), tools=tools)
    remote = await a2a_agent(outer)

    @pattern
    async def passing(task: str) -> str:
        """Somebody who asks another one."""
        return (await remote("go")).text

    return passing


@pytest.mark.parametrize("protocol", ["a2a", "mcp"])
@pytest.mark.parametrize("cleared", [False, True])
async def test_an_answer_goes_on_to_no_peer_that_is_not_cleared_for_it(
    protocol: str, cleared: bool
) -> None:
    there, outside = open_log("memory:"), open_log("memory:")
    clears = {"remote:*": "secret", "tool:asking": "secret"} if cleared else {}
    with everywhere(clears=clears, on_influence="allow"):
        served: Any = await (
            serve_a2a(asking, log=there) if protocol == "a2a" else serve_mcp([asking], log=there)
        )
        actor = await asked_by(served.url)
        async with served, await serve_a2a(actor, log=outside) as service:
            task = await answered(service.url, "message")
            if protocol == "mcp":
                tools: McpTools = next(iter(actor.tools.values()))._call.__self__
                await tools.close()  # type: ignore[attr-defined]
    said = [str(one) for one in there.read(there.runs()[0].id)]
    assert any("s3cret" in one for one in said) is cleared
    rules = [one.rule for one in ruled(outside, task["id"]) if one.verdict == "refuse"]
    assert rules == ([] if cleared else ["outflow"])
    if protocol == "a2a" and not cleared:
        assert task["status"]["message"]["metadata"][terms.ERROR] == "PolicyRefused"
        assert there.runs()[0].status != "open", "the peer was told to stop"


def test_nobody_who_answers_makes_his_words_better() -> None:
    policy = Policy()
    assert policy.believed("client:ann", CLEAN) == UNTRUSTED
