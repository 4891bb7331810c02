"""Live pictures of memories."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Self

from agentkit.errors import StoreError
from agentkit.log import stream_id
from agentkit.messages import JSON
from memory import (
    Letters,
    LettersPicture,
    MapPicture,
    MemoryMap,
    Paging,
    PagingPicture,
    Replicas,
    ReplicasPicture,
)
from nbext.widgets.base import EventLog, LiveView

LONGEST_S = 20.0
"""A large store is looked at again after this time at the latest."""


class MemoryWidget(LiveView):
    """A memory, followed through all runs of the kernel, those to come included."""

    keeps = False
    """Whether the stored output is still renewed: while runs go on that did when it was shown.

    Later cells change what is stored; the picture that a reader sees in the notebook is that of
    its own cell."""

    def watch(self, log: EventLog, runs: Iterable[str], working: bool) -> Self:
        """Show what these runs did, and what any run will do.

        Args:
            log: where the runs are.
            runs: those to begin with, oldest first.
            working: whether some of them go on.
        """
        for run in runs:
            self.receive(log.read(run))
        self.keeps = working
        # Events of runs are shown; of streams of state only that there are some.
        self.detachers.append(
            log.subscribe(lambda events: self.touched({e.run for e in events}), what="stream")
        )
        return self.attach(lambda callback: log.subscribe(callback, what="run"))

    def touched(self, streams: set[str]) -> None:
        """Something was written to these streams of state."""

    def refresh(self) -> None:
        if not self.keeps:
            return
        self.keeps = self.view.live
        super().refresh()


class PagingWidget(MemoryWidget, drawn="paging", picture=PagingPicture):
    """The window of a paged memory: what is in it, and what was paged out, live."""

    view: Paging


class LettersWidget(MemoryWidget, drawn="letters", picture=LettersPicture):
    """The letters of a queue or stream, and what became of each, live."""

    view: Letters


class LookingWidget(MemoryWidget):
    """A memory whose content is no event, so it is looked at again after each write.

    Args:
        view: what is shown.
        look: fills it.
    """

    view: MemoryMap | Replicas

    def __init__(self, view: MemoryMap | Replicas, look: Callable[[Any], Awaitable[None]]) -> None:
        self.look = look
        self.looking: asyncio.Task[None] | None = None
        self.took_s, self.looked = 0.0, -LONGEST_S
        super().__init__(view)

    def flush(self) -> None:
        super().flush()
        if self.view.wanting and self.looking is None and self.loop is not None:
            self.looking = self.loop.create_task(self.look_again())

    async def look_again(self) -> None:
        """Look at the store, and show what is there; of the time, a fifth goes into looking."""
        try:
            rest = self.looked + min(4 * self.took_s, LONGEST_S) - time.perf_counter()
            await asyncio.sleep(max(rest, 0.0))
            await self.timed()
        except StoreError:
            # Whoever uses it is told; the picture keeps what it showed.
            super().flush()
            return
        finally:
            self.looking = None
        self.flush()
        self.refresh()

    async def look_now(self) -> Self:
        """Look at the store now, so that the first picture has it.

        Raises:
            StoreError: the store fails.
        """
        self.remember_loop()
        await self.timed()
        return self

    async def timed(self) -> None:
        """Look, and keep when that was and how long it took."""
        began = time.perf_counter()
        await self.look(self.view)
        self.looked = time.perf_counter()
        self.took_s = self.looked - began

    def close(self) -> None:
        if self.looking is not None:
            self.looking.cancel()
        super().close()


class MapWidget(LookingWidget, drawn="memorymap", picture=MapPicture):
    """A memory's items, and what was recalled of them, live."""

    view: MemoryMap

    def asked(self, content: dict[str, JSON]) -> dict[str, JSON] | None:
        """Answer who reads an item: with its whole text."""
        if content.get("type") != "text":
            return None
        name = str(content.get("id"))
        return {"type": "text", "id": name, "text": self.view.full(name) or ""}


class ReplicasWidget(LookingWidget, drawn="replicas", picture=ReplicasPicture):
    """What each replica of a board holds, and what went wrong, live."""

    view: Replicas

    def touched(self, streams: set[str]) -> None:
        if stream_id(self.view.name) in streams:
            self.view.stale = True
            self.schedule()
