"""Storing many items, all of them or none."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import ValidationError

from agentkit.events import StepStarted, Usage
from agentkit.log import Log
from agentkit.step import Outcome
from memory.embed import Embedded, Embedder
from memory.steps import paid
from memory.stores import Item, Store
from memory.stores.finishing import finished
from memory.writing import mark_of, normal_form, of_names, put_since, writing

if TYPE_CHECKING:
    import numpy as np

Held = tuple[list[Item], "np.ndarray"]
"""Items that were there, and their vectors."""

BATCH = 500
"""Items that are embedded at a time."""

AT_ONCE = 10_000
"""Items that are put at a time: as many are there or not even after a death in between, on a store
that puts all or none."""


async def stored(store: Store, embedder: Embedder, items: Sequence[Item]) -> Outcome:
    """Embed and put items, so many at once as a store can put whole; a failure takes all back.

    Raises:
        StoreError, EndpointError: as they say.
    """
    usage, cost, replaced = Usage(), 0.0, 0
    priced = True
    before: list[Held] = []
    put: list[Item] = []
    try:
        for n in range(0, len(items), AT_ONCE):
            part = items[n : n + AT_ONCE]
            vectors, made = await embedded(embedder, part)
            for one in made:
                usage = usage + (one.usage or Usage())
                cost, priced = cost + (one.cost_usd or 0.0), priced and one.cost_usd is not None
            put += part
            async with writing(store):
                before.append(([], vectors[:0]))
                done = False
                while not done:
                    mark = await mark_of(store)
                    before[-1] = await held(store, [one.id for one in part])
                    done = await finished(put_since(store, part, vectors, mark))
            replaced += len(before[-1][0])
        async with writing(store):
            # Pieces of longer texts that had these ids.
            names = list(dict.fromkeys(whose(one) for one in items))
            old = sorted(set(await of_names(store, names)) - {one.id for one in put})
            before.append(await held(store, old))
            await finished(store.drop(old))
    except BaseException:
        async with writing(store):
            await taken_back(store, put, before)
        raise
    result = {"items": len(items), "replaced": replaced}
    return paid(result, usage if usage.calls else None, cost if priced else None)


async def taken_back(store: Store, put: Sequence[Item], before: Sequence[Held]) -> None:
    """Put back what there was before these; what others have written or dropped since stays so."""
    ids = [one.id for there, _ in before for one in there]
    now = {one.id: one for one in await store.get([*(one.id for one in put), *ids])}
    ours = {one.id for one in put if now.get(one.id) == one}
    # Pieces of longer texts, which nothing was put in place of.
    apart = {*ids} - {one.id for one in put}
    for there, vectors in before:
        back = [
            n
            for n, one in enumerate(there)
            if one.id in ours or (one.id in apart and one.id not in now)
        ]
        await store.put([there[n] for n in back], vectors[back])
    await store.drop(sorted(ours - {*ids}))


async def embedded(embedder: Embedder, items: Sequence[Item]) -> tuple[np.ndarray, list[Embedded]]:
    """Embed the texts of items, some at a time; return the vectors, and what each call gave.

    Shapes: (items, dims).
    """
    import numpy as np

    made = [
        await embedder.embed([normal_form(one.text) for one in items[n : n + BATCH]])
        for n in range(0, len(items), BATCH)
    ]
    return np.concatenate([one.vectors for one in made]), made


async def held(store: Store, ids: Sequence[str]) -> Held:
    """Return items that are there, with their vectors, to put them back."""
    there = await store.get(ids)
    return there, await store.vectors([one.id for one in there])


def said_before(log: Log, memory: str, scope: Mapping[str, str], ids: Sequence[str]) -> list[str]:
    """Return the texts that were stored under these ids, as the log has them, those of now too.

    Cost: that of reading all runs of the log.
    """
    wanted, found = set(ids), dict[str, None]()
    names = {f"{memory}.remember", f"{memory}.edit"}
    for info in log.runs():
        for event in log.read(info.id):
            if not isinstance(event, StepStarted) or event.name not in names:
                continue
            asked = event.request if isinstance(event.request, dict) else {}
            if (asked.get("scope") or {}) != dict(scope):
                continue
            with contextlib.suppress(ValidationError, KeyError):  # whose texts were erased already
                told = asked.get("items") or [{"id": asked["id"], "text": asked["text"]}]
                items = [Item.model_validate(one) for one in told]
                found |= dict.fromkeys(one.text for one in items if wanted & {one.id, whose(one)})
    return list(found)


def whose(one: Item) -> str:
    """Return the id that a text was given, of a piece of it too."""
    source = one.metadata.get("source")
    return str(source) if one.id == f"{source}/{one.metadata.get('part')}" else one.id
