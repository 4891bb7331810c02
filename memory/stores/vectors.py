"""The checks that every store makes of the vectors it is given, and of who made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memory.errors import BadVector, OtherEmbedder

if TYPE_CHECKING:
    import numpy as np


def checked(vectors: np.ndarray, count: int, dims: int | None, collection: str) -> np.ndarray:
    """Return the vectors as float32, checked.

    Shapes: (count, dims).

    Raises:
        BadVector: another shape, NaN or infinity.
    """
    import numpy as np

    try:
        rows = np.ascontiguousarray(vectors, dtype=np.float32)
    except (ValueError, TypeError) as error:
        raise BadVector(f"{collection} was given no matrix of numbers: {error}.") from error
    if rows.ndim != 2 or len(rows) != count or (dims is not None and rows.shape[1] != dims):
        raise BadVector(
            f"{collection} was given vectors of the shape {rows.shape}.",
            expected=f"({count}, {dims or 'dims'})",
            todo="use the embedder the collection was made with",
        )
    if not np.isfinite(rows).all():
        raise BadVector(
            f"{collection} was given a vector with NaN or infinity in it.",
            expected="finite numbers",
            todo="look at what the embedder returned",
        )
    return rows


def other_embedder(collection: str, made: str, given: str) -> OtherEmbedder:
    """Make the error for vectors of two kinds in one collection."""
    return OtherEmbedder(
        f"The collection {collection!r} was made with the embedder {made}, not {given}.",
        expected="the same embedder: vectors of two kinds cannot be compared",
        todo=f"give embedder={made!r}, or store the texts again under another name",
    )
