"""Hybrid search: nearness of vectors and shared words, fused by their ranks.

Vectors find what means the same in other words, and blur names and numbers; words do the opposite.
Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009) needs no scale common to both.
What words find counts by how sure it is that it is not there by chance: `memory.stores.wordindex`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar
from weakref import WeakKeyDictionary

from agentkit.errors import SetupError, safe_repr
from agentkit.threads import FairLock, in_thread
from memory.recalled import Recalled, nearest
from memory.stores import Item, Store, Where
from memory.stores.filters import normal
from memory.stores.wordindex import WordCounts, WordHit, WordIndex
from memory.terms import terms

if TYPE_CHECKING:
    import numpy as np

Search = Literal["vector", "hybrid"]
"""How a memory searches: by vectors, or by vectors and words."""

Key = tuple[str, str]
"""Of an item: its id and its text."""

Name = TypeVar("Name", bound=Hashable)

K = 60
"""Of the fusion, as in the paper: how little the very first ranks stand out."""

ASKED = 1_000
"""Words of a question that count, the first."""

DEPTH = 100
"""Nearest items that take part in the fusion, or as many as are asked for."""


@dataclass
class Indexed:
    """The words of a store's items, and how far they are up to date."""

    index: WordIndex = field(default_factory=WordIndex)
    mark: object = None
    turn: FairLock = field(default_factory=FairLock)


INDEXES: WeakKeyDictionary[Store, Indexed] = WeakKeyDictionary()
"""Of stores that are open; made by the first search by words."""


def checked_search(memory: str, search: str) -> Search:
    """Check how a memory is to search, and return it.

    Raises:
        SetupError: it cannot.
    """
    if search not in ("vector", "hybrid"):
        raise SetupError(
            f"{memory} was told to search by {safe_repr(search)}.", expected="'vector' or 'hybrid'"
        )
    return search  # type: ignore[return-value]


async def words_of(store: Store) -> WordIndex:
    """Return the words of what a store holds now.

    Cost: at first that of reading everything; then in proportion to what changed.
    """
    kept = INDEXES.setdefault(store, Indexed())
    async with kept.turn:
        mark, changed = await changes(store, kept.mark)
        # Until it is done, nothing is known.
        kept.mark = None
        if changed:
            await followed(kept, await store.get(changed), changed)
        if changed is None or len(kept.index) != await store.count():
            await followed(kept, await store.get())
        kept.mark = mark
        return kept.index


async def followed(kept: Indexed, items: Sequence[Item], gone: Sequence[str] | None = None) -> None:
    """Take items into an index; one that failed halfway is made anew next time."""
    index = kept.index
    try:
        await in_thread(lambda: index.follow(items, gone))
    except Exception:
        kept.index = WordIndex()
        raise


async def changes(store: Store, since: object) -> tuple[object, Sequence[str] | None]:
    """Ask a store what changed; one that cannot tell is read as a whole."""
    if not hasattr(store, "changes"):
        return None, None
    return await store.changes(since)


async def found_by_words(
    stores: Sequence[Store], query: str, where: Where | None
) -> list[tuple[Store, WordHit]]:
    """Find the items that share a question's words, best first, in several collections."""
    wanted = list(dict.fromkeys(terms(query)))[:ASKED]
    if not wanted:
        return []
    fitting = normal(where)
    each = {id(one): one for one in stores}.values()
    indexes = [(one, await words_of(one)) for one in each]

    def find() -> list[tuple[Store, WordHit]]:
        counts = sum((one.counts(wanted) for _, one in indexes), WordCounts(0, 0, {}))
        found = [
            (store, hit) for store, index in indexes for hit in index.find(wanted, counts, fitting)
        ]
        return sorted(found, key=lambda two: -two[1].bm25)

    hits: list[tuple[Store, WordHit]] = await in_thread(find)
    return hits


async def hybrid(
    stores: Sequence[Store],
    vector: np.ndarray,
    query: str,
    k: int,
    where: Where | None,
    least: float,
) -> list[Recalled]:
    """Find items by nearness and by words, best first.

    Args:
        stores: the collections, each looked into once.
        vector: of the query.
        query: the text itself.
        k: how many at most.
        where: a filter over metadata.
        least: cosine below which an item is not found by nearness; words find it all the same.

    Returns:
        Items whose score is 1 where both put them first; its parts say what each adds.
    Shapes: vector (dims,).
    """
    near, worded = await asyncio.gather(
        nearest(stores, vector, max(k, DEPTH), where), found_by_words(stores, query, where)
    )
    cosines = {key(one.item): one.similarity for one in near}
    by_words = {key(hit.item): hit.bm25 for _, hit in worded}
    sure = {key(hit.item): hit.sure for _, hit in worded}
    items = {key(one.item): one.item for one in near}
    items = await current([two for two in worded if key(two[1].item) not in items]) | items
    ranks = {
        "relevance": [one for one in cosines if cosines[one] > least],
        "words": [one for one in by_words if one in items],
    }
    found = [
        Recalled(
            item=items[one],
            score=sum(parts.values()),
            parts=parts,
            raw={
                **({"relevance": cosines[one]} if one in cosines else {}),
                **({"words": by_words[one]} if one in by_words else {}),
            },
        )
        for one, parts in fused(ranks, deep="relevance", sure={"words": sure}).items()
    ]
    # Of equal ones the nearer first: nearness tells more apart than ranks do.
    return sorted(found, key=lambda one: (-one.score, -one.raw.get("relevance", -1.0)))[:k]


async def relevances(store: Store, query: str, cosines: Mapping[str, float]) -> list[float]:
    """Return how relevant each of these items is by nearness and by words together, 0 to 1.

    Args:
        store: the collection that they are all of.
        query: the text.
        cosines: of each item by its id, in the order of the result.
    """
    worded = await found_by_words([store], query, None)
    near = sorted(cosines, key=lambda id: -cosines[id])
    ranks = {"relevance": near, "words": [hit.item.id for _, hit in worded]}
    parts = fused(ranks, sure={"words": {hit.item.id: hit.sure for _, hit in worded}})
    return [sum(parts[id].values()) for id in cosines]


def key(item: Item) -> Key:
    """Return what tells items of several collections apart."""
    return item.id, item.text


async def current(found: Sequence[tuple[Store, WordHit]]) -> dict[Key, Item]:
    """Return what was found as the stores have it now: what is gone since is left out."""
    items: dict[Key, Item] = {}
    for store in {id(one): one for one, _ in found}.values():
        wanted = [hit.item.id for one, hit in found if one is store]
        items |= {key(one): one for one in await store.get(wanted)}
    return items


def fused(
    ranks: Mapping[str, Sequence[Name]],
    deep: str = "",
    sure: Mapping[str, Mapping[Name, float]] | None = None,
) -> dict[Name, dict[str, float]]:
    """Fuse lists, best first, by their ranks: what each list adds to the score of what is in it.

    The score is 1 of what every list has first, and so the same order as in the paper.

    Args:
        ranks: the lists, by what they rank by.
        deep: the list that ranks everything and was cut: what it lacks stands right behind its end.
        sure: of a list, how sure it is of each, 0 to 1: its share of what the rank gives.
    """
    whole = len(ranks) / (K + 1)
    found: dict[Name, dict[str, float]] = {}
    for name, listed in ranks.items():
        for rank, one in enumerate(listed, 1):
            parts = found.setdefault(one, dict.fromkeys(ranks, 0.0))
            parts[name] = (sure or {}).get(name, {}).get(one, 1.0) / (K + rank) / whole
    for parts in found.values() if deep else ():
        parts[deep] = parts[deep] or 1 / (K + len(ranks[deep]) + 1) / whole
    return found
