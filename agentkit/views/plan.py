"""A team as it will be: the message graph before there is a message.

Drawn from who works with whom (`Actor.members`), from the actors and tools that agents can
call, and for a declared graph from its edges.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from agentkit.actor import Actor
from agentkit.agent import Agent
from agentkit.delegation import ActorTool
from agentkit.patterns.graphs.flow import declared
from agentkit.views.book import YOU
from agentkit.views.graph import MessageGraph
from agentkit.views.mail import GraphEdge


def planned(actor: Actor) -> MessageGraph:
    """The message graph of an actor that has not been asked: everybody idle, no messages."""
    view = MessageGraph()
    view.changes.rev += 1
    view.node(YOU, "you")
    meet(view, actor)
    join(view, YOU, actor.name)
    todo, seen = deque([actor]), {id(actor)}
    while todo:
        one = todo.popleft()
        below = [*one.members, *called(one)]
        for other in below:
            meet(view, other)
            if id(other) not in seen:
                seen.add(id(other))
                todo.append(other)
        arrows = list(declared(one))
        for source, target, label, back in arrows:
            join(view, source, target, label, back)
        if not arrows:
            for other in below:
                join(view, one.name, other.name)
        for name in tools(one):
            view.node(f"tool:{name}", "tool", name)
            join(view, one.name, f"tool:{name}")
    return view


def meet(view: MessageGraph, actor: Actor) -> None:
    """The actor's node."""
    view.node(actor.name, actor.what).model = actor.model_name


def join(view: MessageGraph, source: str, target: str, label: str = "", back: bool = False) -> None:
    """Draw that one may ask, or hand on to, another; what leads back orders nobody."""
    if source == target:
        return
    likely = "call" if target.startswith("tool:") else "task"
    edge = GraphEdge(source, target, label=label, likely=likely)
    view.edges.setdefault(edge.id, edge)
    view.changes.touch(edge.id)
    if not back:
        view.kin[source, target] = ()


def called(actor: Actor) -> Iterator[Actor]:
    """The actors that an agent has as tools."""
    if isinstance(actor, Agent):
        yield from (one.actor for one in actor.tools.values() if isinstance(one, ActorTool))


def tools(actor: Actor) -> Iterator[str]:
    """The tools of an agent that are no actors."""
    if isinstance(actor, Agent):
        yield from (name for name, one in actor.tools.items() if not isinstance(one, ActorTool))
