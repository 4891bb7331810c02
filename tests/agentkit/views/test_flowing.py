"""A declared graph looks the same before it is asked and in a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentkit.actor import Actor
from agentkit.agent import Agent
from agentkit.logs.memory import MemoryLog
from agentkit.messages import JSON
from agentkit.pictures import GraphPicture
from agentkit.views.fold import fold
from agentkit.views.plan import planned
from tests.agentkit.views.story import Story
from tests.fakes import ScriptedModel

Shape = Callable[[Any, Any, Any, Any], Any]

SHAPES: list[Shape] = [
    lambda a, b, c, d: a >> b,
    lambda a, b, c, d: a >> b >> c >> d,
    lambda a, b, c, d: a >> [b, c] >> d,
    lambda a, b, c, d: (a >> b).loop(until=lambda s: False, max_rounds=2, give_up=d) >> c,
    lambda a, b, c, d: a >> [b.when(lambda s: True), c.when(lambda s: False)] >> d,
]


def agent(name: str) -> Actor:
    return Agent(name, "You.", model=ScriptedModel(*[f"{name} says so"] * 5))


async def ran(team: Actor) -> GraphPicture:
    log = MemoryLog()
    await team("go", log=log)
    return fold(GraphPicture(), log.read(log.find("last")))


@pytest.mark.parametrize("shape", SHAPES)
async def test_the_nodes_stand_where_they_stood_before_the_run(shape: Shape) -> None:
    team = shape(*map(agent, "abcd")).named("team")
    before, after = GraphPicture(planned(team)), await ran(team)
    assert after.scene().layout["nodes"] == before.scene().layout["nodes"]
    arrows = set(before.view.edges)
    assert set(after.view.edges) - arrows == {"team→you"}


async def test_every_word_of_a_graph_can_be_read_by_a_click_on_who_said_it() -> None:
    graph = await ran((agent("a") >> [agent("b"), agent("c")] >> agent("d")).named("team"))
    for name in "abcd":
        said = [item["text"] for item in graph.page(name)["items"]]
        assert f"{name} says so" in said
        assert graph.page(f"notes:{name}")["total"] == 0


@pytest.mark.parametrize(
    "data",
    [
        None,
        3,
        {"actors": 7, "edges": [[1, 2]]},
        {"edges": [["x", "y", "", False], ["t", [], 1, 0]]},
    ],
)
def test_arrows_that_a_log_has_wrong_harm_nobody(data: JSON) -> None:
    s = Story()
    s.start()
    s.open("t", "t", "t", what="graph")
    s.note("t", "flow", data)
    s.open("a", "a", "t/a", "t", what="agent")
    s.say("a", "t", "a", "Go.")
    s.say("a", "a", "t", "Gone.", "answer")
    s.close("a")
    s.close("t")
    s.end()
    graph = fold(GraphPicture(), s.events)
    assert {"t→a", "a→t"} <= set(graph.view.edges) and graph.to_svg()
