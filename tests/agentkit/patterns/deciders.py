"""The teams that decide together, registered for the tests that hold for all patterns."""

from __future__ import annotations

import json
import operator
from typing import Any

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.errors import BadReply
from agentkit.events import Noted
from agentkit.logs.memory import MemoryLog
from agentkit.messages import ToolCall
from agentkit.patterns.auction import auction
from agentkit.patterns.bestof import best_of
from agentkit.patterns.consistency import self_consistency
from agentkit.patterns.contractnet import contract_net
from agentkit.patterns.debate import debate
from agentkit.patterns.graphs.graph import node
from agentkit.patterns.hierarchy import hierarchy
from agentkit.patterns.judge import judge
from agentkit.patterns.mapreduce import map_reduce
from agentkit.patterns.panel import panel
from agentkit.patterns.person import person
from agentkit.patterns.quorum import quorum
from agentkit.patterns.react import react
from agentkit.patterns.reflect import reflect
from agentkit.patterns.reflexion import reflexion
from agentkit.patterns.vote import vote
from agentkit.tools import tool
from tests.agentkit.patterns.teams import TEAMS, agent

Made = tuple[Actor, str]


def word(**fields: Any) -> str:
    return json.dumps(fields)


def voters() -> list[Actor]:
    return [agent("ada", "7"), agent("bo", "8"), agent("cy", "It is 7.")]


def debated() -> Made:
    def swayed(asked: str) -> str:
        return "7" if "agent 2: It is 7" in asked else "8"

    team = [agent("ada", "7"), agent("bo", swayed), agent("cy", "It is 7.")]
    return debate(team, 3, stop_early=True), "how many?"


def judged() -> Made:
    def first(asked: str) -> str:
        return word(winner="A" if "A: 7" in asked else "B", reason="it is right")

    return judge(voters()[:2], agent("arbiter", first)), "how many?"


def voted() -> Made:
    def mark(asked: str) -> str:
        return word(choice="A" if "A: seven" in asked else "B", reason="so it is")

    names = ("ada", "bo", "cy")
    return vote([agent(name, mark) for name in names], options=["six", "seven"]), "how many?"


def scored() -> Made:
    def score(asked: str) -> str:
        return word(score=9 if "7" in asked else 2, reason="checked")

    return best_of(agent("ada", "7"), 3, agent("scorer", score)), "how many?"


def rated() -> Made:
    def score(asked: str) -> str:
        return word(score=9 if "7" in asked else 2, reason="checked")

    return panel(voters(), [agent("r1", score), agent("r2", score)]), "how many?"


def reflected() -> Made:
    def critic(asked: str) -> str:
        return word(correct="better" in asked, feedback="make it better")

    def author(asked: str) -> str:
        return "a better one" if "Criticism" in asked else "a draft"

    return reflect(agent("author", author), agent("critic", critic)), "write"


def tried() -> Made:
    def trial(asked: str) -> str:
        return str(asked.count("- be careful")) if "You were given" not in asked else "be careful"

    passes = lambda answer: answer.text == "2"  # noqa: E731
    return reflexion(agent("ada", trial), passes, trials=4), "count"


def contracted() -> Made:
    def bidder(cost: float, fails: bool = False) -> Any:
        def rule(asked: str) -> Any:
            if asked.startswith("Task announcement"):
                return word(cost=cost, reason="free")
            return BadReply("broken down") if fails else f"done for {cost}"

        return rule

    cheap, dear = agent("cheap", bidder(1.0, fails=True)), agent("dear", bidder(3.0))
    return contract_net([cheap, dear]), "carry it"


def auctioned() -> Made:
    bids = [agent(n, word(bid=b, reason="worth it")) for n, b in (("ada", 5), ("bo", 5), ("cy", 3))]
    return auction(bids), "a berth"


def ruled() -> Made:
    def edge(asked: str) -> str:
        return "too much" if "above" in asked else "10"

    def head(asked: str) -> str:
        return "cut to 5" if asked.startswith("Decide") else f"{asked.count('- ')} reports"

    north = (agent("north", head), [agent("n1", edge), agent("n2", edge)])
    south = (agent("south", head), [agent("s1", edge)])
    fits = lambda answer: answer.text == "10"  # noqa: E731
    team = hierarchy(agent("top", head), [north, south], within=fits, cut={"north": [1]}, rounds=2)
    return team, "plan"


def reduced() -> Made:
    def worker(asked: str) -> str:
        return asked.upper()

    workers = [agent("w1", worker), agent("w2", worker)]
    reducer = agent("reducer", lambda asked: " ".join(asked.splitlines()[2:]))
    return map_reduce(workers, reducer), "a\nb\nc"


def acted() -> Made:
    @tool(effect="pure")
    def look(x: int) -> int:
        """Look."""
        return x

    calls = [ToolCall(id="c1", name="look", arguments='{"x": 1}')]
    actor = agent("actor", lambda _: calls, tools=[look], max_turns=2)
    return react(actor, agent("thinker", "7"), samples=3), "how many?"


def drawn() -> Made:
    drafts = agent("writer", lambda t: "better" if "earlier" in t else "draft")
    critic = agent("critic", lambda t: "fine" if "better" in t else "more")
    planner = agent("planner", '{"value": ["x", "y"]}')
    text = (drafts >> critic).loop(until=lambda s: s.text == "fine", max_rounds=4)
    parts = node(planner, output=list[str]) >> node(agent("worker", "done"), over="planner")
    counter = agent("counter", word(count=2))
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}}
    team = [text, parts, node(counter, output=schema)] >> agent("editor", lambda t: t)
    team = node(agent("first", word(count=1)), output=schema) >> team
    return team.reduce(count=operator.add), "write"


def composed() -> Made:
    """Teams of teams: each may stand where an agent stands."""
    alone = self_consistency(agent("ada", "7"), 2, name="alone")
    middle = [agent("b2", "y"), agent("b3", "z")]
    arrows = (agent("b1", "x") >> middle >> agent("b4", "7")).named("arrows")
    inner = debate([agent("c1", "8"), agent("c2", "7")], 2, name="inner")
    critic = agent("critic", word(correct=True, feedback=""))
    return reflect(debate([alone, arrows, inner], 2), critic), "how many?"


TEAMS |= {
    "auction": auctioned,
    "best_of": scored,
    "composed": composed,
    "contract_net": contracted,
    "debate": debated,
    "graph": drawn,
    "hierarchy": ruled,
    "judge": judged,
    "map_reduce": reduced,
    "panel": rated,
    "person": lambda: (debate([agent("ada", "7"), person("eve", answers=["8", "7"])]), "so?"),
    "quorum": lambda: (quorum([agent(n, "7") for n in ("ada", "bo", "cy")], 3), "how many?"),
    "react": acted,
    "reflect": reflected,
    "reflexion": tried,
    "self_consistency": lambda: (self_consistency(agent("ada", "7"), 3), "how many?"),
    "vote": voted,
}


async def played(team: Any, task: Any = "how many?", **options: Any) -> tuple[Answer, list[Any]]:
    """The answer, and the events of its run."""
    log = MemoryLog()
    answer = await team(task, log=log, **options)
    return answer, log.read(answer.run_id)


def noted(events: list[Any], topic: str) -> list[Any]:
    return [e.data for e in events if isinstance(e, Noted) and e.topic == topic]


def asked(actor: Any) -> list[str]:
    """What an agent of these tests was asked, in order."""
    return [request.thread[-1].message.content for request in actor.model.asked]
