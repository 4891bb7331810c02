"""Which pattern emits which notes, so that whoever reads an old log need not load them all."""

from __future__ import annotations

import functools
import importlib

TOPICS = {
    "absent": "parts.notes",
    "announce": "contractnet",
    "asked_back": "chatchain",
    "award": "auction contractnet",
    "best": "bestof",
    "bids": "contractnet",
    "breach": "contractnet",
    "check": "graphs.checks sop",
    "debate": "debate",
    "delegated": "crew supervisor",
    "disagreement": "panel",
    "document": "sop",
    "escalate": "hierarchy",
    "fallback": "parts.notes",
    "fan_out": "graphs.visits",
    "flow": "graphs.flow",
    "guardrail": "crew",
    "handoff": "handoff",
    "isolated": "hierarchy",
    "job": "crew",
    "judge": "judge",
    "loop": "graphs.supersteps",
    "messages": "hierarchy",
    "panel": "panel",
    "partial": "parts.notes",
    "partition": "hierarchy",
    "phase": "chatchain",
    "plan": "parts.planning",
    "plan.flaw": "parts.planning",
    "progress_ledger": "parts.ledgers",
    "quorum": "parts.tally",
    "reconcile": "hierarchy",
    "replan": "parts.notes",
    "review": "reflect",
    "route": "parts.notes",
    "speaker": "groupchat",
    "split": "mapreduce",
    "step": "parts.planning",
    "stop": "parts.notes",
    "superstep": "graphs.supersteps",
    "task_ledger": "parts.ledgers",
    "trial": "reflexion",
    "unrouted": "router",
    "unselected": "parts.notes",
    "vote": "parts.tally",
}
"""The modules of this package that emit notes of a topic; a test compares it with them."""


@functools.cache
def load(topic: str) -> None:
    """Import the patterns that emit notes of a topic, so that these are known as what they are."""
    for module in TOPICS.get(topic, "").split():
        importlib.import_module(f"agentkit.patterns.{module}")
