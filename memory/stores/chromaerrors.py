"""What Chroma, its HTTP client or the disk raised, as errors of stores."""

from __future__ import annotations

import os
import shutil

from agentkit.errors import StoreError
from memory.errors import (
    BadVector,
    StoreCorrupt,
    StoreFull,
    StoreGone,
    StoreTaken,
    StoreUnreachable,
)

ROOM = 1_000_000
"""Free bytes on a disk below which a failure is put down to it."""


def no_room(path: str) -> bool:
    """Whether the disk of a folder is full; Chroma's own errors do not always tell."""
    return os.path.exists(path) and shutil.disk_usage(path).free < ROOM


def no_collection(error: Exception) -> bool:
    """Whether Chroma knows no such collection."""
    from chromadb.errors import NotFoundError

    return isinstance(error, NotFoundError)


def mapped_error(error: Exception, path: str) -> StoreError:
    """Make our error for one of Chroma, its HTTP client or the disk."""
    import httpx

    text = f"{type(error).__name__}: {error}"
    gone = isinstance(error, httpx.TransportError | ConnectionError)
    if gone or "Could not connect" in text:
        return StoreUnreachable(
            f"The Chroma server {path} does not answer: {text}.",
            todo="start it (chroma run --path FOLDER); what was stored is kept, and a write is"
            " repeated by its key",
        )
    if "dimension of" in text:
        return BadVector(
            f"The Chroma store {path} was given a vector of another size: {error}.",
            todo="use the embedder the collection was made with",
        )
    if "malformed" in text or "not a database" in text:
        return StoreCorrupt(
            f"The Chroma store {path} is damaged: {text}.", todo="bring back a copy"
        )
    if "is locked" in text:
        return StoreTaken(f"The Chroma store {path} is locked by another process.")
    if "No space left" in text or "disk is full" in text or no_room(path):
        return StoreFull(
            f"The disk is full: {path} cannot grow ({text}).",
            todo="free some space and try again; what was stored before is safe",
        )
    return StoreError(f"The Chroma store {path} failed: {text}.")


def collection_gone(name: str, path: str) -> StoreGone:
    """Make the error for a collection that was there and is not any more."""
    return StoreGone(
        f"The collection {name} of the Chroma store {path} was deleted since it was opened.",
        expected="the collection as it was; an empty one in its place would hide the loss",
        todo="bring it back from a copy, or open the memory again, which begins an empty one",
    )


def folder_gone(path: str) -> StoreGone:
    """Make the error for a folder whose database is not the one that was opened."""
    what = "replaced" if os.path.exists(path) else "deleted or moved away"
    return StoreGone(
        f"The Chroma store {path} was {what} since it was opened.",
        expected="the folder as it was; nothing more is written into the old one",
        todo="bring it back, or open the memory again",
    )
