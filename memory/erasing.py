"""Erasing what a memory holds: from its store, and from the log of the run that erases it."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit import current_run
from agentkit.errors import SetupError
from agentkit.messages import JSON
from agentkit.threads import in_thread
from memory.recalled import SHOWN
from memory.stores import Store


async def erased(store: Store, ids: Sequence[str]) -> JSON:
    """Erase items, and say what was erased, as JSON of `Erased`.

    Raises:
        SetupError: a store that was given and cannot erase. LogError, StoreError: as they say.
    """
    if not hasattr(store, "erase"):
        raise SetupError(
            f"The store {store.kind} cannot erase.",
            todo="forget() without erase, or add erase(ids)",
        )
    texts = [one.text for one in await store.get(ids)]
    # The log first: after a death in between the store still knows what is to be erased.
    # Of a recall the log has a note as well, with the beginning of each text.
    log = current_run().log
    told = await in_thread(lambda: log.erase([*texts, *(text[:SHOWN] for text in texts)]))
    items, left = await store.erase(ids)
    return told.model_copy(update={"items": items, "left": (*told.left, *left)}).model_dump()
