"""What a store holds, brought onto a map. It is read directly, not as a step of a run."""

from __future__ import annotations

from agentkit.threads import in_thread
from memory.embed import Embedder
from memory.stores import Item, Store
from memory.views.projection import project
from memory.views.recalls import MapShelf, MemoryMap

MOST = 600
"""Items that are shown; of more, each so-manieth and all that were recalled."""


async def fill_map(view: MemoryMap, store: Store, embedder: Embedder | None) -> None:
    """Fill a map with what the store holds now.

    Args:
        view: the map.
        store: where the items are.
        embedder: places the queries on the map; None when that would have to be paid, then
            they have no place.

    Raises:
        StoreError: the store fails.
    """
    view.stale = False
    queries = [one.query for one in view.recalls]
    found = {str(hit.get("id")) for one in view.recalls for hit in one.hits}
    everything = await store.get()
    items = chosen(everything, found)
    if not items:
        view.fill(MapShelf(count=len(everything)), dict.fromkeys(queries))
        return
    vectors = await store.vectors([item.id for item in items])
    # On a busy machine this takes seconds, in which a kernel would stand still.
    sheet = await in_thread(lambda: project(vectors))
    shelf = MapShelf(items, sheet.place(vectors), sheet.share, len(everything))
    if embedder is None or not queries:
        view.fill(shelf, dict.fromkeys(queries))
        return
    asked = await embedder.embed(queries)
    view.fill(shelf, dict(zip(queries, sheet.place(asked.vectors), strict=True)))


def chosen(items: list[Item], wanted: set[str]) -> list[Item]:
    """The items to show: all, or an even choice and those wanted."""
    if len(items) <= MOST:
        return items
    step = -(-len(items) // MOST)
    return [item for i, item in enumerate(items) if i % step == 0 or item.id in wanted]
