"""What emits which notes, so that whoever reads an old log need not load everything."""

from __future__ import annotations

import functools
import importlib

TOPICS = {
    "absent": "patterns.parts.notes",
    "adapted": "endpoints.endpoint",
    "announce": "patterns.contractnet",
    "asked_back": "patterns.chatchain",
    "award": "patterns.auction patterns.contractnet",
    "bad_arguments": "toolcalls",
    "best": "patterns.bestof",
    "bids": "patterns.contractnet",
    "bound": "place",
    "breach": "patterns.contractnet",
    "budget": "budget",
    "changed": "record",
    "check": "patterns.graphs.checks patterns.sop",
    "debate": "patterns.debate",
    "default": "person",
    "delegate_failed": "delegation",
    "delegated": "patterns.crew patterns.supervisor",
    "disagreement": "patterns.panel",
    "document": "patterns.sop",
    "doubt": "record",
    "duplicate": "gather",
    "escalate": "patterns.hierarchy",
    "fallback": "patterns.parts.notes",
    "fan_out": "patterns.graphs.visits",
    "flow": "patterns.graphs.flow",
    "guardrail": "patterns.crew",
    "handoff": "patterns.handoff",
    "hook": "hooks",
    "isolated": "patterns.hierarchy",
    "job": "patterns.crew",
    "judge": "patterns.judge",
    "kept": "record",
    "length": "replies",
    "loop": "patterns.graphs.supersteps",
    "messages": "patterns.hierarchy",
    "missing": "gather",
    "panel": "patterns.panel",
    "partial": "patterns.parts.notes",
    "partition": "patterns.hierarchy",
    "phase": "patterns.chatchain",
    "plan": "patterns.parts.planning",
    "plan.flaw": "patterns.parts.planning",
    "progress": "office",
    "progress_ledger": "patterns.parts.ledgers",
    "quorum": "patterns.parts.tally",
    "recalled": "context",
    "reconcile": "patterns.hierarchy",
    "refusal": "replies",
    "repair": "record",
    "replan": "patterns.parts.notes",
    "retry": "reliability.retry",
    "review": "patterns.reflect",
    "route": "patterns.parts.notes",
    "shortened": "shortening",
    "speaker": "patterns.groupchat",
    "split": "patterns.mapreduce",
    "step": "patterns.parts.planning",
    "stop": "patterns.parts.notes",
    "superstep": "patterns.graphs.supersteps",
    "task_ledger": "patterns.parts.ledgers",
    "trial": "patterns.reflexion",
    "unknown_tool": "toolcalls",
    "unrouted": "patterns.router",
    "unselected": "patterns.parts.notes",
    "unused": "record",
    "verdict": "record",
    "vote": "patterns.parts.tally",
}
"""The modules of agentkit before the views that emit notes of a topic; a test compares them."""


@functools.cache
def load(topic: str) -> None:
    """Import what emits notes of a topic, so that these are known as what they are."""
    for module in TOPICS.get(topic, "").split():
        importlib.import_module(f"agentkit.{module}")
