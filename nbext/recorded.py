"""What the log tells of an ask: where its answer goes."""

from __future__ import annotations

from typing import Any

from agentkit.events import Noted


def wished(events: list[Any]) -> dict[str, str]:
    """What the ask noted about itself: the name to bind, its type, another model."""
    for event in events:
        if isinstance(event, Noted) and event.topic == "bound" and isinstance(event.data, dict):
            return {key: str(value) for key, value in event.data.items()}
    return {}
