"""memory: what agents keep and share, as distributed state.

A memory is an object given to an agent, `Agent(..., memory=notes)`. Every read and
write is a step of the run: recorded, replayed, never doubled by a resume. Nothing
heavy is imported before the first memory is made.
"""

from __future__ import annotations

import importlib
from typing import Any

HOMES: dict[str, str] = {
    "BadVector": "memory.errors",
    "Board": "memory.board.board",
    "Compaction": "memory.compaction",
    "Conflict": "memory.errors",
    "Embedded": "memory.embed",
    "Embedder": "memory.embed",
    "Fabric": "memory.fabrics",
    "Faults": "memory.fabrics",
    "Item": "memory.stores",
    "Near": "memory.stores",
    "OtherEmbedder": "memory.errors",
    "PAPER": "memory.stream.presets",
    "PagedMemory": "memory.paged.paged",
    "Preset": "memory.stream.presets",
    "QueueFull": "memory.errors",
    "RELEASED": "memory.stream.presets",
    "Recalled": "memory.recalled",
    "Replica": "memory.board.replica",
    "Stale": "memory.errors",
    "State": "memory.state",
    "Store": "memory.stores",
    "StoreCorrupt": "memory.errors",
    "StoreFull": "memory.errors",
    "StoreTaken": "memory.errors",
    "StoreUnreachable": "memory.errors",
    "StreamMemory": "memory.stream.stream",
    "VectorMemory": "memory.vector",
    "embedder": "memory.embed.choose",
    "fabric": "memory.fabrics",
    "start_broker": "memory.fabrics.broker",
    "state_at": "memory.views.past",
}
"""The module of each public name."""

__all__ = sorted(HOMES, key=lambda name: (not name.isupper(), name))


def __getattr__(name: str) -> Any:
    if name in HOMES:
        return getattr(importlib.import_module(HOMES[name]), name)
    raise AttributeError(f"module 'memory' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(HOMES)
