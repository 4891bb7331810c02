"""Chroma's own search of a collection, without its second look at what was looked at here."""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

INCLUDE = ["metadatas", "documents", "distances"]

ASKED = {
    "collection_id", "query_embeddings", "n_results", "where", "include", "tenant", "database",
}  # fmt: skip
"""Arguments of the call that `Collection.query` makes in the end."""


@cache
def knows(kind: type) -> bool:
    """Whether the inner call of a client is the one that we know; another version may have more."""
    ask = getattr(kind, "_query", None)
    return ask is not None and inspect.signature(ask).parameters.keys() >= ASKED


def queried(found: Any, row: np.ndarray, k: int, where: object) -> Any:
    """What `found.query` returns, in some 35 us less where there is no filter.

    Args:
        found: a collection of Chroma.
        row: one vector, finite and of the right size.
        k: how many; no more than its batch size.
        where: a filter as Chroma takes it, or None.

    Shapes: row (1, dims), float32.
    """
    client: Any = getattr(found, "_client", None)
    kind: type = type(client)
    if where or not knows(kind):
        return found.query(query_embeddings=row, n_results=k, where=where, include=INCLUDE)
    return client._query(
        collection_id=found.id, query_embeddings=[row[0]], n_results=k, where=None,
        include=INCLUDE, tenant=found.tenant, database=found.database,
    )  # fmt: skip
