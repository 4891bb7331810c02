"""Runs of one trace as one graph, whichever comes first, in one log or several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, open_log, tool
from agentkit.causes import caused_by, incoming, outgoing
from agentkit.errors import SetupError, UnknownRun
from agentkit.log import Log
from agentkit.pictures.graph import GraphPicture
from agentkit.testing import ScriptedModel, call
from agentkit.views.fold import fold
from agentkit.views.graph import MessageGraph
from agentkit.views.joined import joined, parts


async def federation(here: Log, there: Log) -> tuple[str, str]:
    """A clerk asks a clerk elsewhere by a tool, as a server of tools would be asked."""
    answers: list[str] = []

    @tool(effect="pure")
    def tariff(port: str) -> int:
        """Dues."""
        return 13

    @tool
    async def harbour(task: str) -> str:
        """Ask the harbour."""
        model = ScriptedModel([call("tariff", port="Amber")], "13 EUR")
        other = Agent("clerk", model=model, tools=[tariff])
        headers = outgoing()
        with caused_by(incoming(headers)):
            answer = await outside(other, task, there)
        answers.append(answer.run_id)
        return str(answer.text)

    model = ScriptedModel([call("harbour", task="What are the dues?")], "They are 13 EUR.")
    mine = await Agent("clerk", model=model, tools=[harbour])("The dues?", log=here)
    return mine.run_id, answers[0]


async def outside(actor: Agent, task: str, log: Log) -> Any:
    """Ask as another process would: in no run of this one."""
    from agentkit.scope import here

    token = here.set(None)
    try:
        return await actor(task, log=log)
    finally:
        here.reset(token)


def edges(graph: MessageGraph) -> set[str]:
    return set(graph.edges)


async def test_two_logs_draw_one_graph(tmp_path: Path) -> None:
    here, there = open_log("memory:"), open_log(f"sqlite:///{tmp_path}/harbour.db")
    mine, theirs = await federation(here, there)
    for asked in (mine, theirs):
        graph = joined([here, there], [asked])
        assert list(graph.book.runs) == [mine, theirs]
        assert edges(graph) == {
            "you→clerk", "clerk→you", "clerk→tool:harbour", "tool:harbour→clerk",
            "tool:harbour→clerk @ harbour", "clerk @ harbour→tool:harbour",
            "clerk @ harbour→tool:tariff @ harbour", "tool:tariff @ harbour→clerk @ harbour",
        }  # fmt: skip
        svg = GraphPicture(graph).to_svg()
        assert "tariff @ harbour" in svg and "elsewhere" not in svg
    there.close()


async def test_the_order_in_which_runs_come_does_not_matter() -> None:
    log = open_log("memory:")
    mine, theirs = await federation(log, log)
    first = fold(MessageGraph(), [*log.read(mine), *log.read(theirs)])
    other = fold(MessageGraph(), [*log.read(theirs), *log.read(mine)])
    assert edges(first) == edges(other)
    assert {name: dict(e.kinds) for name, e in first.edges.items()} == {
        name: dict(e.kinds) for name, e in other.edges.items()
    }
    assert set(first.nodes) == set(other.nodes) == {"you", "clerk", "tool:harbour", "tool:tariff"}
    # As a live picture sees it: the stand-in goes, and everything has a place.
    live = GraphPicture(fold(MessageGraph(), log.read(theirs)))
    assert any(node["label"].endswith(" elsewhere") for node in live.data()["nodes"])
    seen = live.view.rev
    fold(live.view, log.read(mine))
    data = live.data(seen)
    assert {node["id"] for node in data["nodes"]} == set(first.nodes)
    assert set(data["layout"]["nodes"]) == set(first.nodes)


async def test_a_caller_that_is_no_run_of_ours_is_somebody_elsewhere() -> None:
    log = open_log("memory:")
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with caused_by(incoming({"traceparent": parent})):
        answer = await Agent("clerk", model=ScriptedModel("13"))("Dues?", log=log)
    graph = joined([log], [answer.run_id])
    assert {one.label for one in graph.nodes.values()} == {"a caller elsewhere", "clerk"}


async def test_a_lost_trace_state_is_found_again_by_the_span() -> None:
    log = open_log("memory:")
    mine, theirs = await federation(log, log)
    events = log.read(theirs)
    cause = events[0].cause.model_copy(update={"run": "", "step": ""})  # type: ignore[union-attr]
    events[0] = events[0].model_copy(update={"cause": cause})
    graph = fold(MessageGraph(), [*log.read(mine), *events])
    assert "tool:harbour→clerk" in graph.edges


async def test_who_claims_to_be_called_by_a_step_that_did_not_call_is_not_drawn_there() -> None:
    log = open_log("memory:")
    mine, theirs = await federation(log, log)
    events = log.read(theirs)
    cause = events[0].cause.model_copy(update={"span": "00f067aa0ba902b7"})  # type: ignore[union-attr]
    events[0] = events[0].model_copy(update={"cause": cause})
    graph = fold(MessageGraph(), [*log.read(mine), *events])
    assert "remote:00f067aa0ba902b7→clerk" in graph.edges


async def test_runs_of_other_traces_are_not_drawn(tmp_path: Path) -> None:
    log = open_log("memory:")
    mine, theirs = await federation(log, log)
    other = await Agent("bard", model=ScriptedModel("la"))("Sing.", log=log)
    assert [part.info.id for part in parts([log], [mine])] == [mine, theirs]
    assert [part.info.id for part in parts([log], [other.run_id])] == [other.run_id]
    with pytest.raises(UnknownRun):
        parts([log], ["no such run"])
    with pytest.raises(SetupError):
        parts([], [mine])
