"""Orchestration patterns, one per file: each takes actors and returns an actor.

`parts` is what they are made of, `graphs` is those that are declared: `a >> [b, c] >> d`.
"""

from __future__ import annotations

from agentkit.deprecated import moved_modules
from agentkit.patterns.auction import auction
from agentkit.patterns.bestof import best_of
from agentkit.patterns.chatchain import Phase, chatchain
from agentkit.patterns.consistency import self_consistency
from agentkit.patterns.contractnet import contract_net
from agentkit.patterns.crew import crew
from agentkit.patterns.debate import debate
from agentkit.patterns.graphs.checks import Finding, check
from agentkit.patterns.graphs.flow import State, otherwise
from agentkit.patterns.graphs.graph import Graph, graph, node
from agentkit.patterns.groupchat import groupchat
from agentkit.patterns.handoff import handoff
from agentkit.patterns.hierarchy import hierarchy
from agentkit.patterns.judge import judge
from agentkit.patterns.ledger import ledger
from agentkit.patterns.mapreduce import map_reduce
from agentkit.patterns.panel import panel
from agentkit.patterns.parts.alpha import krippendorff_alpha
from agentkit.patterns.parts.jobs import Job, role
from agentkit.patterns.person import person
from agentkit.patterns.plan import plan_and_execute
from agentkit.patterns.quorum import quorum
from agentkit.patterns.react import react, trajectory
from agentkit.patterns.reflect import reflect
from agentkit.patterns.reflexion import reflexion
from agentkit.patterns.router import router
from agentkit.patterns.sop import Duty, sop
from agentkit.patterns.supervisor import supervisor
from agentkit.patterns.vote import vote

__all__ = [
    "Duty",
    "Finding",
    "Graph",
    "Job",
    "Phase",
    "State",
    "auction",
    "best_of",
    "chatchain",
    "check",
    "contract_net",
    "crew",
    "debate",
    "graph",
    "groupchat",
    "handoff",
    "hierarchy",
    "judge",
    "krippendorff_alpha",
    "ledger",
    "map_reduce",
    "node",
    "otherwise",
    "panel",
    "person",
    "plan_and_execute",
    "quorum",
    "react",
    "reflect",
    "reflexion",
    "role",
    "router",
    "self_consistency",
    "sop",
    "supervisor",
    "trajectory",
    "vote",
]

PARTS = "alpha asking jobs ledgers notes planning selectors stops tally team wording"
GRAPHS = "checks flow graph supersteps visits"
OLD_MODULES = {
    **{name: f"{__name__}.parts.{name}" for name in PARTS.split()},
    **{name: f"{__name__}.graphs.{name}" for name in GRAPHS.split()},
}
moved_modules(__name__, OLD_MODULES)
