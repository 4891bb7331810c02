"""How actors are joined by `>>` and `.when`: as graphs, whose code is loaded with the first.

Graphs are actors, and all actors can be joined. `agentkit` imports this file, which stands after
both, so that neither has to import what comes after it.
"""

from __future__ import annotations

from typing import Any

from agentkit.actor import Actor, Arrows, Joined


def chain(first: Any, second: Any) -> Joined:
    """What `first >> second` makes."""
    from agentkit.patterns.graphs import graph

    return graph.chain(first, second)


def lone(actor: Actor) -> Joined:
    """An actor as a graph of one node."""
    from agentkit.patterns.graphs import graph

    return graph.node(actor)


Arrows.chain, Arrows.lone = chain, lone
