"""Orchestration patterns, one per file: each takes actors and returns an actor.

`parts` is what they are made of, `graphs` is those that are declared: `a >> [b, c] >> d`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentkit.deprecated import moved, moved_modules
from agentkit.late import late_names

if TYPE_CHECKING:
    from agentkit.patterns.afford import afford as afford
    from agentkit.patterns.auction import auction as auction
    from agentkit.patterns.bestof import best_of as best_of
    from agentkit.patterns.cascade import cascade as cascade
    from agentkit.patterns.chatchain import Phase as Phase
    from agentkit.patterns.chatchain import chatchain as chatchain
    from agentkit.patterns.checkpoint import checkpoint as checkpoint
    from agentkit.patterns.consistency import self_consistency as self_consistency
    from agentkit.patterns.contractnet import contract_net as contract_net
    from agentkit.patterns.crew import crew as crew
    from agentkit.patterns.debate import debate as debate
    from agentkit.patterns.graphs.checks import Finding as Finding
    from agentkit.patterns.graphs.checks import check_team as check_team
    from agentkit.patterns.graphs.flow import GraphState as GraphState
    from agentkit.patterns.graphs.flow import otherwise as otherwise
    from agentkit.patterns.graphs.graph import Graph as Graph
    from agentkit.patterns.graphs.graph import graph as graph
    from agentkit.patterns.graphs.graph import node as node
    from agentkit.patterns.groupchat import groupchat as groupchat
    from agentkit.patterns.handoff import handoff as handoff
    from agentkit.patterns.hierarchy import hierarchy as hierarchy
    from agentkit.patterns.judge import judge as judge
    from agentkit.patterns.ledger import ledger as ledger
    from agentkit.patterns.mapreduce import map_reduce as map_reduce
    from agentkit.patterns.panel import panel as panel
    from agentkit.patterns.parts.alpha import alpha_by_unit as alpha_by_unit
    from agentkit.patterns.parts.jobs import Job as Job
    from agentkit.patterns.parts.jobs import role as role
    from agentkit.patterns.person import person as person
    from agentkit.patterns.plan import plan_and_execute as plan_and_execute
    from agentkit.patterns.quorum import quorum as quorum
    from agentkit.patterns.react import react as react
    from agentkit.patterns.react import trajectory as trajectory
    from agentkit.patterns.reflect import reflect as reflect
    from agentkit.patterns.reflexion import reflexion as reflexion
    from agentkit.patterns.router import router as router
    from agentkit.patterns.sop import Duty as Duty
    from agentkit.patterns.sop import sop as sop
    from agentkit.patterns.supervisor import supervisor as supervisor
    from agentkit.patterns.vote import vote as vote

HOMES = {
    "afford": "agentkit.patterns.afford",
    "cascade": "agentkit.patterns.cascade",
    "checkpoint": "agentkit.patterns.checkpoint",
    "Duty": "agentkit.patterns.sop",
    "Finding": "agentkit.patterns.graphs.checks",
    "Graph": "agentkit.patterns.graphs.graph",
    "Job": "agentkit.patterns.parts.jobs",
    "Phase": "agentkit.patterns.chatchain",
    "GraphState": "agentkit.patterns.graphs.flow",
    "auction": "agentkit.patterns.auction",
    "best_of": "agentkit.patterns.bestof",
    "chatchain": "agentkit.patterns.chatchain",
    "check_team": "agentkit.patterns.graphs.checks",
    "contract_net": "agentkit.patterns.contractnet",
    "crew": "agentkit.patterns.crew",
    "debate": "agentkit.patterns.debate",
    "graph": "agentkit.patterns.graphs.graph",
    "groupchat": "agentkit.patterns.groupchat",
    "handoff": "agentkit.patterns.handoff",
    "hierarchy": "agentkit.patterns.hierarchy",
    "judge": "agentkit.patterns.judge",
    "alpha_by_unit": "agentkit.patterns.parts.alpha",
    "ledger": "agentkit.patterns.ledger",
    "map_reduce": "agentkit.patterns.mapreduce",
    "node": "agentkit.patterns.graphs.graph",
    "otherwise": "agentkit.patterns.graphs.flow",
    "panel": "agentkit.patterns.panel",
    "person": "agentkit.patterns.person",
    "plan_and_execute": "agentkit.patterns.plan",
    "quorum": "agentkit.patterns.quorum",
    "react": "agentkit.patterns.react",
    "reflect": "agentkit.patterns.reflect",
    "reflexion": "agentkit.patterns.reflexion",
    "role": "agentkit.patterns.parts.jobs",
    "router": "agentkit.patterns.router",
    "self_consistency": "agentkit.patterns.consistency",
    "sop": "agentkit.patterns.sop",
    "supervisor": "agentkit.patterns.supervisor",
    "trajectory": "agentkit.patterns.react",
    "vote": "agentkit.patterns.vote",
}
"""The module of each public name, imported when the name is first asked for."""

__all__ = sorted(HOMES)

late_names(__name__, HOMES)

__getattr__ = moved(
    __name__,
    {
        "State": "agentkit.patterns.graphs.flow:GraphState",
        "check": "agentkit.patterns.graphs.checks:check_team",
        "krippendorff_alpha": "agentkit.patterns.parts.alpha:alpha_by_unit",
    },
)

PARTS = "alpha asking jobs ledgers notes planning selectors stops tally team wording"
GRAPHS = "checks flow graph supersteps visits"
OLD_MODULES = {
    **{name: f"{__name__}.parts.{name}" for name in PARTS.split()},
    **{name: f"{__name__}.graphs.{name}" for name in GRAPHS.split()},
}
moved_modules(__name__, OLD_MODULES)
