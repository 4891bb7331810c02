"""memory: what agents keep and share, as distributed state.

A memory is an object given to an agent, `Agent(..., memory=notes)`. Every read and
write is a step of the run: recorded, replayed, never doubled by a resume. Nothing
heavy is imported before the first memory is made.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memory.board.board import Board as Board
    from memory.board.replica import Replica as Replica
    from memory.compaction import Compaction as Compaction
    from memory.embed import Embedded as Embedded
    from memory.embed import Embedder as Embedder
    from memory.embed.choose import embedder as embedder
    from memory.embed.endpoint import EndpointEmbedder as EndpointEmbedder
    from memory.errors import BadExport as BadExport
    from memory.errors import BadVector as BadVector
    from memory.errors import Conflict as Conflict
    from memory.errors import OtherEmbedder as OtherEmbedder
    from memory.errors import QueueFull as QueueFull
    from memory.errors import ReadOnly as ReadOnly
    from memory.errors import Stale as Stale
    from memory.errors import StoreCorrupt as StoreCorrupt
    from memory.errors import StoreFull as StoreFull
    from memory.errors import StoreGone as StoreGone
    from memory.errors import StoreTaken as StoreTaken
    from memory.errors import StoreUnreachable as StoreUnreachable
    from memory.fabrics import fabric as fabric
    from memory.fabrics.broker import start_broker as start_broker
    from memory.fabrics.core import Fabric as Fabric
    from memory.fabrics.faults import Faults as Faults
    from memory.fabrics.queues import Queue as Queue
    from memory.fabrics.queues import Stream as Stream
    from memory.moving import Imported as Imported
    from memory.paged.paged import PagedMemory as PagedMemory
    from memory.past import StateAt as StateAt
    from memory.pictures.letters import LettersPicture as LettersPicture
    from memory.pictures.map import MapPicture as MapPicture
    from memory.pictures.paging import PagingPicture as PagingPicture
    from memory.pictures.replicas import ReplicasPicture as ReplicasPicture
    from memory.recalled import Recalled as Recalled
    from memory.sleep.changes import Undone as Undone
    from memory.sleep.consolidating import Consolidated as Consolidated
    from memory.sleep.idle import SleepTime as SleepTime
    from memory.state import State as State
    from memory.stores import Item as Item
    from memory.stores import Near as Near
    from memory.stores import Store as Store
    from memory.stream.presets import PAPER as PAPER
    from memory.stream.presets import RELEASED as RELEASED
    from memory.stream.presets import Preset as Preset
    from memory.stream.stream import StreamMemory as StreamMemory
    from memory.vector import VectorMemory as VectorMemory
    from memory.views.letters import Letters as Letters
    from memory.views.paging import Paging as Paging
    from memory.views.past import state_at as state_at
    from memory.views.recalls import MemoryMap as MemoryMap
    from memory.views.replicas import Replicas as Replicas
    from memory.views.shelves import fill_replicas as fill_replicas
    from memory.views.stored import fill_map as fill_map

HOMES: dict[str, str] = {
    "BadExport": "memory.errors",
    "BadVector": "memory.errors",
    "Board": "memory.board.board",
    "Compaction": "memory.compaction",
    "Conflict": "memory.errors",
    "Consolidated": "memory.sleep.consolidating",
    "Embedded": "memory.embed",
    "Embedder": "memory.embed",
    "EndpointEmbedder": "memory.embed.endpoint",
    "Fabric": "memory.fabrics.core",
    "Faults": "memory.fabrics.faults",
    "Imported": "memory.moving",
    "Item": "memory.stores",
    "Letters": "memory.views.letters",
    "LettersPicture": "memory.pictures.letters",
    "MapPicture": "memory.pictures.map",
    "MemoryMap": "memory.views.recalls",
    "Near": "memory.stores",
    "OtherEmbedder": "memory.errors",
    "PAPER": "memory.stream.presets",
    "PagedMemory": "memory.paged.paged",
    "Paging": "memory.views.paging",
    "PagingPicture": "memory.pictures.paging",
    "Preset": "memory.stream.presets",
    "Queue": "memory.fabrics.queues",
    "QueueFull": "memory.errors",
    "RELEASED": "memory.stream.presets",
    "ReadOnly": "memory.errors",
    "Recalled": "memory.recalled",
    "Replica": "memory.board.replica",
    "Replicas": "memory.views.replicas",
    "ReplicasPicture": "memory.pictures.replicas",
    "SleepTime": "memory.sleep.idle",
    "Stale": "memory.errors",
    "State": "memory.state",
    "StateAt": "memory.past",
    "Store": "memory.stores",
    "StoreCorrupt": "memory.errors",
    "StoreFull": "memory.errors",
    "StoreGone": "memory.errors",
    "StoreTaken": "memory.errors",
    "StoreUnreachable": "memory.errors",
    "Stream": "memory.fabrics.queues",
    "StreamMemory": "memory.stream.stream",
    "Undone": "memory.sleep.changes",
    "VectorMemory": "memory.vector",
    "embedder": "memory.embed.choose",
    "fabric": "memory.fabrics",
    "fill_map": "memory.views.stored",
    "fill_replicas": "memory.views.shelves",
    "start_broker": "memory.fabrics.broker",
    "state_at": "memory.views.past",
}
"""The module of each public name, imported when the name is first asked for."""

__all__ = sorted(["loaded", *HOMES], key=lambda name: (not name.isupper(), name))


def loaded(*names: str) -> tuple[Any, ...]:
    """Return those of these public things whose modules this process has imported already.

    For whoever asks what an object is: if nobody made a board, no object is one, and there is
    no need to import boards to say so.
    """
    homes = [(name, sys.modules.get(HOMES[name])) for name in names]
    return tuple(getattr(home, name) for name, home in homes if home is not None)


def __getattr__(name: str) -> Any:
    # Not by `agentkit.late`: who only says that there is a memory need not wait for agentkit.
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *HOMES})
