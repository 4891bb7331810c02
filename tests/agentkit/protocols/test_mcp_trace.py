"""A call through the Model Context Protocol is one trace on both sides."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx2
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from agentkit import Agent, open_log, pattern
from agentkit.causes import PARENT, STATE
from agentkit.events import RunStarted, StepStarted
from agentkit.protocols import mcp_tools, serve_mcp
from agentkit.protocols.mcp.web import trace_in
from agentkit.testing import ScriptedModel, call
from agentkit.views.joined import joined


@pattern
async def team(task: str) -> str:
    """A team that answers."""
    return (await Agent("clerk", model=ScriptedModel("13 EUR"))(task)).text


async def asked(tools: object, log: object) -> str:
    model = ScriptedModel([call("team", task="The dues?")], "13 EUR, they say.")
    return (await Agent("purser", model=model, tools=tools)("Ask them.", log=log)).run_id  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["auto", "legacy"])
async def test_over_http_the_run_that_is_served_names_the_step_that_called(version: str) -> None:
    here, there = open_log("memory:"), open_log("memory:")
    async with await serve_mcp([team], log=there) as service:
        tools = await mcp_tools(service.url, version=version)
        mine = await asked(tools, here)
        await tools.server.close()
    began = there.read(there.runs()[0].id)[0]
    step = next(e for e in here.read(mine) if isinstance(e, StepStarted) and e.name == "team")
    assert isinstance(began, RunStarted) and began.cause is not None
    assert (began.cause.run, began.cause.step) == (mine, step.key)
    graph = joined([here, there], [mine])
    assert "tool:team→team @ another log" in graph.edges


SERVER = '''
from agentkit import pattern
@pattern
async def team(task: str) -> str:
    """A team that answers."""
    return "13 EUR"
'''


async def test_over_standard_input_two_processes_draw_one_graph(tmp_path: Path) -> None:
    (tmp_path / "port.py").write_text(SERVER)
    url = f"sqlite:///{tmp_path}/port.db"
    command = [sys.executable, "-m", "agentkit", "mcp", f"{tmp_path}/port.py:team", "--log", url]
    tools = await mcp_tools(command)
    here = open_log("memory:")
    mine = await asked(tools, here)
    await tools.server.close()
    there = open_log(url, write=False)
    graph = joined([here, there], [mine])
    assert "tool:team→team @ port" in graph.edges and len(graph.book.runs) == 2
    there.close()


async def test_a_span_of_the_sdk_stands_between_and_all_is_one_trace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", TracerProvider())
    monkeypatch.setattr("mcp.shared._otel._tracer", trace.get_tracer("mcp-python-sdk"))
    here, there = open_log("memory:"), open_log("memory:")
    async with await serve_mcp([team], log=there) as service:
        tools = await mcp_tools(service.url)
        mine = await asked(tools, here)
        await tools.server.close()
    began = there.read(there.runs()[0].id)[0]
    assert isinstance(began, RunStarted) and began.cause is not None and began.cause.run == mine
    assert len(joined([here, there], [mine]).book.runs) == 2


def test_headers_say_what_the_message_says_and_nothing_that_a_model_said() -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    def headers(params: object) -> dict[str, str]:
        return trace_in(httpx2.Request("POST", "http://x", json={"params": params}))

    assert headers({"_meta": {PARENT: parent, STATE: "a=b", "other": 1}}) == {
        PARENT: parent,
        STATE: "a=b",
    }
    assert headers({"arguments": {PARENT: parent}}) == {}
    assert headers({"_meta": {PARENT: 3}}) == {}
    assert headers({"_meta": {PARENT: "é\r\nX: 1"}}) == {}
    assert headers([]) == {}
