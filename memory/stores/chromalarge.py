"""Filters as Chroma takes them; those that are too large for it are fitted here to what it holds.

Chroma makes one SQL statement of a filter: SQLite takes 32,766 values and expressions nested a
thousand deep, and of some ten thousand joined conditions the process dies. A number that is not
whole it compares with whole ones without its fraction: 2 is 2.5 then, and not below it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from memory.stores import Where
from memory.stores.filters import JOINS, LISTS, fits, rewritten

if TYPE_CHECKING:
    import numpy as np

LARGE = 500
"""Conditions and values of a filter that Chroma is still given."""

Page = dict[str, Any]


def exact(where: Where | None) -> Where | None:
    """A filter in its strict form as one that fits the same, and in Chroma too."""
    return rewritten(where, without_broken) if where else where


def without_broken(name: str, verb: str, value: Any) -> Where:
    """A condition in which no number that is not whole decides alone."""
    if verb not in LISTS:
        return between(name, verb, value) if broken(value) else {name: {verb: value}}
    whole = [one for one in value if not broken(one)]
    parts: list[Where] = [{name: {verb: whole}}] if whole else []
    each = "$eq" if verb == "$in" else "$ne"
    parts += [between(name, each, one) for one in value if broken(one)]
    return parts[0] if len(parts) == 1 else {"$or" if verb == "$in" else "$and": parts}


def broken(value: object) -> bool:
    """Whether a value is a number that is not whole."""
    return isinstance(value, float) and not value.is_integer()


def between(name: str, verb: str, value: float) -> Where:
    """A comparison with a number that is not whole, with what it means for the whole ones."""
    below, above = math.floor(value), math.ceil(value)
    side = ("$gt", below, "$lte") if value > 0 else ("$lt", above, "$gte")
    how, *other = {
        "$lt": ("$or", "$lte", below),
        "$gt": ("$or", "$gte", above),
        "$lte": ("$and", "$lt", above),
        "$gte": ("$and", "$gt", below),
        "$eq": ("$and", side[0], side[1]),
        "$ne": ("$or", side[2], side[1]),
    }[verb]
    return {how: [{name: {verb: value}}, {name: {str(other[0]): other[1]}}]}


def too_large(where: Where | None) -> bool:
    """Whether a filter in its strict form is more than Chroma takes."""
    return size(where) > LARGE


def size(where: Where | None) -> int:
    """How many conditions and values a filter in its strict form has."""
    if not where:
        return 0
    ((name, given),) = where.items()
    if name in JOINS:
        parts: Any = given
        return sum(1 + size(one) for one in parts)
    ((_, value),) = given.items()  # type: ignore[attr-defined]
    return len(value) if isinstance(value, list) else 1


def rows(pages: Iterable[Page], where: Where) -> list[tuple[str, str, dict[str, Any]]]:
    """Ids, documents and metadata of what a filter fits.

    Cost: that of reading the whole collection.
    """
    fit = fits(where)
    return [
        row
        for page in pages
        for row in zip(page["ids"], page["documents"], page["metadatas"], strict=True)
        if fit(row[2] or {})
    ]


def nearest(
    found: Sequence[tuple[str, str, dict[str, Any]]],
    vectors: Callable[[list[str]], Sequence[tuple[str, Any]]],
    vector: np.ndarray,
    k: int,
) -> Page:
    """The k rows nearest by cosine, as Chroma's own query returns them.

    Shapes: vector (1, dims).
    """
    import numpy as np

    by_id = {row[0]: row for row in found}
    each = vectors(list(by_id))
    if not each:
        return {name: [[]] for name in ("ids", "documents", "metadatas", "distances")}
    matrix = np.stack([np.asarray(one, np.float32) for _, one in each])
    lengths = np.linalg.norm(matrix, axis=1) * np.linalg.norm(vector)
    away = 1.0 - matrix @ vector[0] / np.where(lengths == 0, 1, lengths)
    best = np.argsort(away, kind="stable")[:k]
    chosen = [by_id[each[n][0]] for n in best]
    return {
        "ids": [[row[0] for row in chosen]],
        "documents": [[row[1] for row in chosen]],
        "metadatas": [[row[2] for row in chosen]],
        "distances": [[float(away[n]) for n in best]],
    }


def completed(near: Page, pages: Iterable[Page]) -> Page:
    """What a query found, with the documents and metadata that pages have of it.

    A query that returns them too names all that it found in one statement.
    """
    by_id = {
        row[0]: row
        for page in pages
        for row in zip(page["ids"], page["documents"], page["metadatas"], strict=True)
    }
    found = zip(near["ids"][0], near["distances"][0], strict=True)
    # What was dropped in between is not there any more.
    kept = [(*by_id[id], away) for id, away in found if id in by_id]
    names = ("ids", "documents", "metadatas", "distances")
    return {name: [[row[n] for row in kept]] for n, name in enumerate(names)}
