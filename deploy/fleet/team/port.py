"""A team for a first try: replace it by your own."""

from __future__ import annotations

from agentkit import Agent

clerk = Agent("clerk", "You answer questions about the port.")
