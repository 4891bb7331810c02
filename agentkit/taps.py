"""Who watches what goes over the wire; nobody, unless `agentkit.protocols.wire` is used.

Whatever sends or takes messages looks at `TAPS` first, so that nothing is done while that is empty.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Part = Literal["request", "response", "notice"]
"""What a message is; a notice has no answer."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A message on the wire."""

    protocol: str
    """"mcp", "a2a", "model"."""
    peer: str
    """Who is at the other end, or what of ours it called."""
    part: Part
    pair: Any
    """Equal for a request and its response, and for no others at the time."""
    name: str = ""
    """The method, of requests and notices."""
    body: Any = field(default=None, repr=False)
    """Bytes, text, or JSON values; secrets are still in it."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    status: str = ""
    """Of a response: "ok", "error", or an HTTP status."""
    ours: bool = True
    """Whether this process asked."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Keys that are known to be in use with this peer."""
    at: float = field(default_factory=time.time)
    clock: float = field(default_factory=time.perf_counter)


TAPS: list[Callable[[Crossing], None]] = []
"""Those who watch; each is given every message, and must neither raise nor wait."""


def crossed(message: Crossing) -> None:
    """Show a message to those who watch."""
    for tap in tuple(TAPS):
        try:
            tap(message)
        except Exception:
            # Who watches is no part of what happens.
            TAPS.remove(tap)
