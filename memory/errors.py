"""Every error of a memory, by what failed; what the store holds is as it was before.

StoreError            of `agentkit.errors`, so that code can catch it without this package
├── BadVector         a vector of the wrong size, or with NaN or infinity in it
├── OtherEmbedder     the collection was made with another embedder
├── BegunOtherwise    a board or state of that name was declared as something else
├── StoreTaken        another process writes it
├── StoreUnreachable  its server does not answer
├── StoreFull         the disk is full
├── StoreGone         its file or collection was deleted or replaced since it was opened
├── ReadOnly          a memory that is only read was to be written
├── QueueFull         a bounded queue or stream holds all it may; nothing was added
├── Stuck             on a virtual clock everybody waits, and nothing is left that could happen
├── BadExport         a line of a file that was to be imported is none of an export
├── StoreCorrupt      the file is damaged or no store
├── Stale             a replica is behind what a session may rely on
└── Conflict          compare-and-swap: somebody else wrote in between
"""

from __future__ import annotations

from agentkit.errors import SetupError, StoreError


class BadVector(StoreError):
    """A vector has the wrong size, or holds NaN or infinity."""


class OtherEmbedder(StoreError):
    """The collection was made with another embedder; its neighbours would be wrong."""


class BegunOtherwise(StoreError, SetupError):
    """The shared state of that name was begun as another kind, or on other replicas."""


class StoreTaken(StoreError):
    """Another process writes this store."""


class StoreUnreachable(StoreError):
    """The store's server does not answer."""


class StoreFull(StoreError):
    """The disk is full."""


class StoreGone(StoreError):
    """The store's file or collection was deleted or replaced since it was opened."""


class ReadOnly(StoreError):
    """A memory that is only read was to be written."""


class Stuck(StoreError):
    """On a virtual clock everybody waits, and nothing is left that could happen."""


class QueueFull(StoreError):
    """A bounded queue or stream holds as many messages as it may; nothing was added."""


class BadExport(StoreError):
    """A line of an export cannot be read; `line` is its number."""

    kept = (*StoreError.kept, "line")


class StoreCorrupt(StoreError):
    """The file is damaged, or is no store."""


class Stale(StoreError):
    """A replica is behind what a session may rely on."""


class Conflict(StoreError):
    """Compare-and-swap failed: somebody else wrote since the version this was based on."""
