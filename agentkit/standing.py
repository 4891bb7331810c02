"""What is asked in place of every agent's model, whoever made the agent; only tests set it.

A variable of the process and no context variable, so that threads and loops of the tested code
see it, whatever they were started from.
"""

from __future__ import annotations

from agentkit.model import Model


class StandIn:
    """The one place that says it."""

    model: Model | None = None
    """None outside of tests."""
