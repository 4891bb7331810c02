"""The magics: one file per group of them, and the table of all."""

from __future__ import annotations

from nbext.magics.a2a import A2A
from nbext.magics.again import FORK, REPLAY, RERUN, RESUME, STOP
from nbext.magics.agent import AGENT
from nbext.magics.ask import ASK
from nbext.magics.base import Magic
from nbext.magics.classes import CLASS
from nbext.magics.document import DOCUMENT
from nbext.magics.endpoint import BUDGET, ENDPOINT
from nbext.magics.evaluate import EVALUATE
from nbext.magics.events import EVENTS
from nbext.magics.faults import FAULTS
from nbext.magics.fleet import FLEET
from nbext.magics.log import LOG
from nbext.magics.mcp import MCP
from nbext.magics.memory import MEMORY
from nbext.magics.overview import listing
from nbext.magics.pending import ANSWER, APPROVE, PENDING, REFUSE
from nbext.magics.runs import AGENTS, RUNS
from nbext.magics.state import STATE
from nbext.magics.team import TEAM
from nbext.magics.views import (
    BALLOTS,
    BOARD,
    COST,
    GRAPH,
    SPEAKERS,
    STEPS,
    TIMELINE,
    TRANSCRIPT,
)
from nbext.magics.why import WHY
from nbext.magics.wire import WIRE

__all__ = ["MAGICS", "Magic"]

OTHERS: tuple[Magic, ...] = (
    A2A,
    AGENT,
    AGENTS,
    ANSWER,
    APPROVE,
    ASK,
    BALLOTS,
    BOARD,
    BUDGET,
    CLASS,
    COST,
    DOCUMENT,
    ENDPOINT,
    EVALUATE,
    EVENTS,
    FAULTS,
    FLEET,
    FORK,
    GRAPH,
    LOG,
    MCP,
    MEMORY,
    PENDING,
    REFUSE,
    REPLAY,
    RERUN,
    RESUME,
    RUNS,
    SPEAKERS,
    STATE,
    STEPS,
    STOP,
    TEAM,
    TIMELINE,
    TRANSCRIPT,
    WHY,
    WIRE,
)

MAGICS = tuple(sorted([*OTHERS, listing(OTHERS)], key=lambda one: one.name))
"""All magics, in the order of their names."""
