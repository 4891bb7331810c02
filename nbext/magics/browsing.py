"""Looking through what a memory holds, item by item, in tables of text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from agentkit.context import Memory
from agentkit.errors import SetupError
from agentkit.messages import JSON
from nbext.table import Table, Told

PAGE = 20
"""Items that are listed at a time."""

TEXT = 160
"""Characters of a text that a list shows."""

FACTS = 80
"""Characters of the metadata."""


async def paged(one: Memory, name: str, page: int, words: str) -> Table:
    """List the items of a memory, oldest first, one page.

    Args:
        one: the memory.
        name: as the line has it.
        page: from 1.
        words: what an item must have, all of it, in its id, text or metadata; "" for all items.

    Raises:
        SetupError: a memory without items, or a page that there is not.
    """
    items = await items_of(one)
    if words:
        wanted = words.casefold().split()
        items = [one for one in items if all(word in everything(one) for word in wanted)]
    pages = max(1, math.ceil(len(items) / PAGE))
    if page > pages:
        raise SetupError(f"{name} has no page {page}.", expected=f"1 to {pages}")
    shown = items[(page - 1) * PAGE : page * PAGE]
    rows = tuple((one.id, cut(one.text, TEXT), cut(about(one), FACTS)) for one in shown)
    found = f" --find {words!r}" if words else ""
    more = f"; more: %memory {name} --items={page + 1}{found}" if page < pages else ""
    note = (
        f"{len(items)} {'item' if len(items) == 1 else 'items'}, page {page} of {pages}{more}."
        f" %memory {name} --forget ID removes one; %%memory {name} --edit ID changes its text."
    )
    none = f"{name} has no item with {words!r}." if words else f"{name} is empty."
    return Table(head=("id", "text", "metadata"), rows=rows, note=note, empty=none)


async def searched(one: Memory, name: str, query: str) -> Table:
    """Search a memory as its agent does, and list what was found with the parts of the scores.

    Raises:
        SetupError: a memory that is not searched. StoreError, EndpointError: as they say.
    """
    recall = getattr(one, "recall", None)
    if recall is None:
        raise SetupError(f"{one.name} is a {type(one).__name__}, which is not searched.")
    hits = await recall(query)
    parts = list(dict.fromkeys(part for hit in hits for part in hit.parts))
    rows = tuple(
        (
            hit.item.id,
            f"{hit.score:.3f}",
            *(f"{hit.parts.get(part, 0.0):.3f}" for part in parts if len(parts) > 1),
            cut(hit.text, TEXT),
        )
        for hit in hits
    )
    columns = ("score", *(parts if len(parts) > 1 else ()))
    return Table(
        head=("id", *columns, "text"),
        rows=rows,
        numbers=frozenset(columns),
        empty=f"Nothing in {name} is near {cut(query, TEXT)!r}.",
    )


async def edited(one: Memory, id: str, text: str) -> Told:
    """Give an item another text.

    Raises:
        SetupError: a memory whose items cannot be edited, or no such item.
    """
    edit = getattr(one, "edit", None)
    if edit is None:
        raise SetupError(f"{one.name} is a {type(one).__name__}, whose texts cannot be edited.")
    made = await edit(id, text.strip())
    return Told(text=f"{one.name} has for {made.id} now: {cut(made.text, TEXT)}")


async def items_of(one: Memory) -> Sequence[Any]:
    """Return what a memory holds as items.

    Raises:
        SetupError: it holds no items.
    """
    store: Any = getattr(one, "store", None)
    if store is None or not hasattr(store, "get"):
        raise SetupError(f"{one.name} is a {type(one).__name__}, which holds no items.")
    # A vector memory tells apart what it knows of an item and its metadata.
    told: Any = getattr(one, "items", None)
    found: Sequence[Any] = await (store.get() if told is None else told())
    return found


def everything(one: Any) -> str:
    """Return all words of an item, as they are compared."""
    return f"{one.id} {one.text} {facts(one.metadata)}".casefold()


def about(one: Any) -> str:
    """Return the metadata of an item, and whether it is history."""
    by = getattr(getattr(one, "fact", None), "superseded_by", "")
    return ", ".join(filter(None, [facts(one.metadata), f"superseded by {by}" if by else ""]))


def facts(metadata: Mapping[str, JSON]) -> str:
    """Return metadata in a line."""
    return ", ".join(f"{name}={value!r}" for name, value in metadata.items())


def cut(text: str, most: int) -> str:
    """Return a text in one line, cut with dots."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"
