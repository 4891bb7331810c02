"""What the log tells of an ask: where its answer goes."""

from __future__ import annotations

from typing import Any

from agentkit.events import Noted
from agentkit.place import BoundTo


def wished(events: list[Any]) -> BoundTo:
    """What the ask noted about itself: the name to bind, its type, another model."""
    for event in events:
        match event:
            case Noted(note=BoundTo() as bound):
                return bound
    return BoundTo()
