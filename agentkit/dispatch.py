"""Commands of `agentkit` that have a parser of their own, and the modules that have them."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

PLACES = {
    "mcp": "agentkit.protocols.mcp.command",
    "a2a": "agentkit.protocols.a2a.command",
    "acp": "agentkit.protocols.acp.command",
    "eval": "agentkit.evaluate.command",
    "class": "agentkit.classroom",
    "grade": "agentkit.grading.command",
    "leaderboard": "agentkit.grading.leaderboard",
    "assignment": "agentkit.grading.assigning",
    "receipts": "agentkit.grading.receipting",
}
"""By command the module whose `main`, or the function named, runs it; it may need an extra."""


def dispatch(words: Sequence[str]) -> int:
    """Run one of PLACES."""
    place, _, name = PLACES[words[0]].partition(":")
    command = importlib.import_module(place)
    return int(getattr(command, name or "main")(list(words[1:])))
