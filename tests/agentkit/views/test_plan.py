"""The picture of a team before it is asked."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from agentkit.actor import Actor
from agentkit.agent import Agent
from agentkit.messages import JSON
from agentkit.pattern import pattern
from agentkit.patterns.graphs.graph import node, otherwise
from agentkit.patterns.vote import vote
from agentkit.pictures import GraphPicture
from agentkit.tools import tool
from agentkit.views.plan import planned


@tool(effect="pure")
def tariff(tonnes: float) -> float:
    """Dues in EUR."""
    return 13.0 * tonnes


def agent(name: str, *tools: Any) -> Agent:
    return Agent(name, "Answer.", model="sim:careful", tools=list(tools))


def arrows(actor: Actor) -> dict[str, str]:
    """The edges of the picture and their labels."""
    edges: list[dict[str, JSON]] = planned(actor).data()["edges"]
    return {edge["id"]: edge["label"] for edge in edges}


def test_members_and_what_agents_can_call_are_drawn() -> None:
    clerk, chief = agent("clerk", tariff), agent("chief")
    lead = agent("lead", clerk.as_tool("ask_clerk"))
    assert list(arrows(vote([lead, chief], name="jury"))) == [
        "you→jury",
        "jury→lead",
        "jury→chief",
        "lead→clerk",
        "clerk→tool:tariff",
    ]


def test_everybody_is_idle_and_the_summary_says_that_nobody_was_asked() -> None:
    view = planned(agent("clerk", tariff))
    assert {n["state"] for n in view.data()["nodes"]} == {"idle"}
    shown = GraphPicture(view)
    assert str(shown).splitlines()[0] == "Team before it is asked: 3 nodes, 2 edges"
    assert "0 messages" not in shown.to_markdown() and "| clerk | tariff | not yet |" in (
        shown.to_markdown()
    )
    picture = ElementTree.fromstring(shown.to_svg())
    assert {"clerk", "tariff", "you"} <= {text for text in picture.itertext()}


def test_a_declared_graph_is_drawn_by_its_edges_with_their_conditions() -> None:
    a, b, c, d = (agent(name) for name in "abcd")

    def costs(_state: object) -> bool:
        return True

    team = a >> [b.when(costs, "costs"), c.when(otherwise)] >> d
    assert arrows(team) == {
        "you→graph": "",
        "graph→a": "",
        "a→b": "costs",
        "a→c": "otherwise",
        "b→d": "",
        "c→d": "",
    }
    assert "a → b: costs" in str(GraphPicture(planned(team)))


def test_the_gate_of_a_loop_is_left_out() -> None:
    a, b, c = (agent(name) for name in "abc")
    team = (node(a) >> b).loop(until=lambda _state: True, max_rounds=2) >> c
    found = arrows(team)
    assert found["b→a"] == "again" and "b→c" in found
    assert {n["id"] for n in planned(team).data()["nodes"]} == {"you", "graph", "a", "b", "c"}


def test_teams_that_hold_each_other_are_drawn_once() -> None:
    async def echo(task: JSON) -> str:
        return str(task)

    inner: Actor = pattern(echo, name="inner")
    outer = vote([inner, agent("a")], name="outer")
    inner.members = (outer,)
    assert list(arrows(outer)) == ["you→outer", "outer→inner", "outer→a", "inner→outer"]
