"""What the log tells of an ask: where its answer goes, and what came before."""

from __future__ import annotations

from typing import Any

from agentkit.answer import Answer
from agentkit.events import MessageSent, Noted
from agentkit.messages import Node, Thread


def wished(events: list[Any]) -> dict[str, str]:
    """What the ask noted about itself: the name to bind, its type, another model."""
    for event in events:
        if isinstance(event, Noted) and event.topic == "bound" and isinstance(event.data, dict):
            return {key: str(value) for key, value in event.data.items()}
    return {}


def before(events: list[Any], actor: str) -> Answer | None:
    """The conversation that the ask went on with, if it did."""
    nodes: dict[str, Node] = {}
    for event in events:
        nodes.update({node.id: node for node in event.nodes})
        if isinstance(event, MessageSent) and event.purpose == "task" and event.to == actor:
            thread = chain(nodes, nodes[event.message].parent) if event.message in nodes else ()
            asked = [node for node in thread if node.message.role != "system"]
            return Answer(text="", actor=actor, thread=thread) if asked else None
    return None


def chain(nodes: dict[str, Node], head: str | None) -> Thread:
    """The conversation that ends with this message."""
    thread: list[Node] = []
    while head is not None and head in nodes:
        thread.append(nodes[head])
        head = nodes[head].parent
    return tuple(reversed(thread))
