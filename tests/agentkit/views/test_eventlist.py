"""The list of events, and what a fork can edit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from agentkit.agent import Agent
from agentkit.errors import SetupError
from agentkit.events import Failure
from agentkit.logs.memory import MemoryLog
from agentkit.messages import ToolCall
from agentkit.opening import run
from agentkit.pictures import GraphPicture, TranscriptPicture
from agentkit.tools import tool
from agentkit.views.branching import branches, hint, short_id
from agentkit.views.eventlist import editable, told
from agentkit.views.fold import fold
from agentkit.views.timeline import Timeline
from tests.agentkit.views import stories
from tests.agentkit.views.story import Story, team
from tests.fakes import ScriptedModel


def test_every_event_is_one_line_with_its_number() -> None:
    events = team().events
    lines = told(events)
    assert [line.seq for line in lines] == [event.seq for event in events]
    assert all(line.what and "\n" not in line.what for line in lines)
    (call,) = [line for line in lines if line.kind == "step.ended" and "tonnes=30)" in line.what]
    assert call.actor == "worker-1"
    assert call.what == 'tariff(port="Amber", tonnes=30) → 123.0'


@settings(max_examples=30, deadline=None)
@given(told_of=stories.runs())
def test_any_run_can_be_listed(told_of: Any) -> None:
    events = stories.written(told_of)
    assert len(told(events)) == len(events)
    assert set(editable(events)) <= {event.seq for event in events}


def test_a_failure_is_told_with_its_reason() -> None:
    s = Story()
    s.start()
    s.open("c", "clerk", "clerk")
    s.begin("c", "t", "tool", "depth", {"port": "Amber"})
    s.finish("c", "t", "tool", "depth", status="failed", error=Failure(type="OSError", text="x"))
    s.end("failed")
    lines = told(s.events)
    assert lines[-2].what == 'depth(port="Amber") → failed: OSError: x'
    assert lines[-1].what == "failed"


async def test_a_failure_of_a_tool_is_told_by_its_class_once() -> None:
    """The model is told "KeyError: 'Cinder'", and a reader is not told KeyError twice."""

    @tool(effect="pure")
    def dues(port: str) -> int:
        """Dues."""
        return {"Amber": 3}[port]

    log = MemoryLog()
    calls = [ToolCall(id="c", name="dues", arguments='{"port": "Cinder"}')]
    answer = await Agent("clerk", model=ScriptedModel(calls, "No."), tools=[dues])("go", log=log)
    events = log.read(answer.run_id)
    views = [
        "\n".join(line.what for line in told(events)),
        str(fold(TranscriptPicture(), events)),
        "\n".join(bar.detail for bar in fold(Timeline(), events).bars),
    ]
    for view in views:
        assert "KeyError: 'Cinder'" in view and "KeyError: KeyError" not in view
    assert str(Failure(type="ValueError", text="")) == "ValueError"
    assert (
        str(Failure(type="KeyError", text="KeyErrors are many")) == "KeyError: KeyErrors are many"
    )


def test_the_lines_to_copy_name_the_run_as_magics_take_it() -> None:
    run = "0190f3c2-0000-7000-8000-00004f1c22ab"
    assert short_id(run) == "4f1c22ab"
    (again,) = branches(run, 12)
    assert again.line == "%fork 4f1c22ab --at 12"
    assert [one.line for one in branches(run, 12, "task")][1] == '%fork 4f1c22ab --edit task="..."'
    assert "%fork 4f1c22ab --at N" in hint(run)


def test_every_message_of_the_graph_can_be_gone_on_from() -> None:
    events = team().events
    graph, known = fold(GraphPicture(), events), editable(events)
    for name in (*graph.scene().cards, *graph.scene().curves):
        for item in graph.page(name)["items"]:
            lines = [one["line"] for one in item["branches"]]
            at = item["seq"] - (item["kind"] == "call")
            assert lines[0] == f"%fork {short_id(item['run'])} --at {at}"
            edits = known.get(item["seq"])
            assert lines[1:] == (
                [f'%fork {short_id(item["run"])} --edit {edits}="..."'] if edits else []
            )


@tool(effect="pure")
def depth(port: str) -> str:
    """Depth of a port."""
    return "8.8 m"


async def test_what_is_named_as_editable_can_be_edited() -> None:
    log = MemoryLog()
    call = ToolCall(id="1", name="depth", arguments='{"port": "Amber"}')
    clerk = Agent("clerk", "You.", model=ScriptedModel([call], "It is 8.8 m."), tools=[depth])
    async with run("ask", log=log, actor="clerk", task="How deep?") as current:
        await clerk("How deep?")
    events = log.read(current.id)
    known = editable(events)
    kinds = [e.kind for e in events if e.seq in known]
    assert kinds.count("message.sent") == 2 and "step.started" in kinds
    other = Agent("clerk", "You.", model=ScriptedModel(*["So."] * 9), tools=[depth])
    for seq in {edit for edit in known.values() if edit != "task"}:
        assert (await other.fork(current.id, log=log, edit={seq: "9.9 m"})).text in ("So.", "9.9 m")
    with pytest.raises(SetupError, match="cannot be edited"):
        await other.fork(current.id, log=log, edit={1: "x"})
