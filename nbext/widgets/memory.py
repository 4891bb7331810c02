"""Live pictures of memories."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from agentkit.errors import StoreError
from memory.views.paging import Paging
from memory.views.recalls import MemoryMap
from nbext.widgets.base import LiveView

Look = Callable[[MemoryMap], Awaitable[None]]
"""Fills a map with what is stored now."""


class PagingWidget(LiveView, drawn="paging"):
    """The window of a paged memory: what is in it, and what was paged out, live."""

    view: Paging


class MapWidget(LiveView, drawn="memorymap"):
    """A memory's items, and what was recalled of them, live.

    What is stored is no event, so the store is looked at again after each write.

    Args:
        view: the map.
        look: fills it.
    """

    view: MemoryMap

    def __init__(self, view: MemoryMap, look: Look) -> None:
        self.look = look
        self.looking: asyncio.Task[None] | None = None
        super().__init__(view)

    def flush(self) -> None:
        super().flush()
        if self.view.wanting and self.looking is None and self.loop is not None:
            self.looking = self.loop.create_task(self.look_again())

    async def look_again(self) -> None:
        """Look at the store, and show what is there."""
        try:
            await self.look(self.view)
        except StoreError:
            # The agent that uses it is told; the picture keeps what it showed.
            self.view.fill(self.view.shelf, dict.fromkeys(one.query for one in self.view.recalls))
        finally:
            self.looking = None
        self.flush()
        self.refresh()

    def close(self) -> None:
        if self.looking is not None:
            self.looking.cancel()
        super().close()
