"""Erasing what a memory holds: from its store, and from the log of the run that erases it."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit import current_run
from agentkit.errors import SetupError
from agentkit.log import Erased
from agentkit.messages import JSON
from agentkit.threads import in_thread
from memory.recalled import SHOWN
from memory.stores import Store


async def erased(store: Store, ids: Sequence[str], also: Sequence[str] = ()) -> JSON:
    """Erase items, and say what was erased, as JSON of `Erased`.

    Args:
        store: where they are.
        ids: of items.
        also: further texts to erase from the log, such as what an item was made of.

    Raises:
        SetupError: a store that was given and cannot erase. LogError, StoreError: as they say.
    """
    if not hasattr(store, "erase"):
        raise SetupError(
            f"The store {store.kind} cannot erase.",
            todo="forget() without erase, or add erase(ids)",
        )
    # The log first: after a death in between the store still knows what is to be erased.
    told = await from_log([*(one.text for one in await store.get(ids)), *also])
    items, left = await store.erase(ids)
    return told.model_copy(update={"items": items, "left": (*told.left, *left)}).model_dump()


async def from_log(texts: Sequence[str]) -> Erased:
    """Erase texts from the log of the run at work.

    Raises:
        LogError: it cannot be written.
    """
    # Of a recall the log has a note as well, with the beginning of each text.
    log, wanted = current_run().log, [*texts, *(text[:SHOWN] for text in texts)]
    done: Erased = await in_thread(lambda: log.erase(wanted))
    return done
