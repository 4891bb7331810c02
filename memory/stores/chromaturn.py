"""Turns of the writers of a collection on a Chroma server, among all processes.

The server knows no lock and no compare-and-swap, but to `add` an id that is there changes nothing:
of several who add one the first has it, and everybody sees who that is. Turns are such ids in a
collection beside the memory's own: "7" takes the seventh turn, "7/1", "7/2" say that its holder
lives, "7/over" ends it. The next one is taken once the last is over, or once its holder has not
been heard of for a while, by the clock of who waits. The last turn is never deleted, so that who
takes one again that was deleted long ago sees that it is not the last.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from agentkit.errors import StoreError
from memory.errors import StoreTaken
from memory.stores.finishing import finished

NAME = "--turn"
"""Ends the name of the collection of turns."""

SILENT_S = 15.0
"""A holder that was not heard of for so long is taken for dead."""

SURE_S = 9.0
"""So long after it was last heard of a holder may begin a write: this leaves the rest to end it."""

BEAT_S = 3.0

LOOK_S, RARELY_S = 0.005, 0.1
"""How soon who waits looks again, and how late at most."""

MANY = 64
"""Rows from which on those of old turns are deleted."""

OnTurns = Callable[[Callable[[Any], Any]], Awaitable[Any]]
"""Does something with the collection of turns; it may be done twice."""


class LastTurn(NamedTuple):
    """The last turn that was taken."""

    number: int = 0
    by: str = ""
    heard: int = 0
    """How often its holder was heard of."""
    over: bool = True


class ServerTurn:
    """The turn of one store of one process; see the module. In a process one waits at a time."""

    def __init__(self, collection: str, do: OnTurns) -> None:
        """Make one.

        Args:
            collection: whose writers take turns.
            do: does something with the collection of turns.
        """
        self.collection, self._do = collection, do
        self._number = 0
        self._sure_until: float | None = None
        """Until when its holder may write; None while it has no turn."""
        self._beating: asyncio.Task[None] | None = None

    def check(self) -> None:
        """See to it that a write is made in a turn that nobody else can have taken meanwhile.

        Raises:
            StoreTaken: this process was stopped, or the server did not answer, for too long.
        """
        if self._sure_until is not None and time.monotonic() > self._sure_until:
            raise StoreTaken(
                f"Nothing was heard of this process for {SURE_S:g} s while it wrote"
                f" {self.collection}, and another one may write it by now.",
                expected="a process, and a server, that answer meanwhile",
                todo="do it again; what was read for the write may have changed",
            )

    async def __aenter__(self) -> None:
        """Wait for a turn.

        Raises:
            StoreError: the server failed.
        """
        me, seen, since, pause = uuid.uuid4().hex, LastTurn(), 0.0, LOOK_S
        while True:
            last = await self._last()
            now = time.monotonic()
            if last != seen:
                seen, since = last, now
            if last.over or now - since > SILENT_S:
                if await self._took(last.number + 1, me):
                    return
                continue
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, RARELY_S)

    async def _took(self, number: int, me: str) -> bool:
        """Take a turn; whether it is ours."""
        asked = time.monotonic()
        trying = asyncio.ensure_future(self._tried(number, me))
        try:
            ours = await asyncio.shield(trying)
        except asyncio.CancelledError:
            # What was asked of the server may be done still, and nobody would end the turn.
            await finished(self._given_back(trying, number))
            raise
        if ours:
            self._number, self._sure_until = number, asked + SURE_S
            self._beating = asyncio.create_task(self._beat(number, me))
        return ours

    async def _tried(self, number: int, me: str) -> bool:
        await self._add(str(number), me)
        last = await self._last()
        return (last.number, last.by) == (number, me)

    async def _given_back(self, trying: asyncio.Future[bool], number: int) -> None:
        """End a turn that was asked for, if it is ours; where that fails, it ends by itself."""
        with contextlib.suppress(StoreError):
            if await trying:
                await self._over(number)

    async def __aexit__(self, *_error: object) -> None:
        beating, self._beating, self._sure_until = self._beating, None, None
        if beating is not None:
            beating.cancel()
        await finished(self._over(self._number))

    async def _over(self, number: int) -> None:
        with contextlib.suppress(StoreError):
            await self._add(f"{number}/over", "")

    async def _beat(self, number: int, me: str) -> None:
        """Say now and then that the holder of a turn lives."""
        for heard in range(1, 1_000_000):
            await asyncio.sleep(BEAT_S)
            asked = time.monotonic()
            with contextlib.suppress(StoreError):
                await self._add(f"{number}/{heard}", me)
                if self._sure_until is not None and asked < self._sure_until:
                    self._sure_until = asked + SURE_S

    async def _last(self) -> LastTurn:
        """The last turn; rows of old ones are deleted once there are many."""
        rows = await self._do(lambda turns: turns.get(include=["metadatas"]))
        found: dict[int, list[tuple[str, str]]] = {}
        for id, about in zip(rows["ids"], rows["metadatas"], strict=True):
            number, _, what = id.partition("/")
            found.setdefault(int(number), []).append((what, str((about or {}).get("by"))))
        if not found:
            return LastTurn()
        number = max(found)
        if len(rows["ids"]) > MANY:
            old = [id for id in rows["ids"] if int(id.partition("/")[0]) < number]
            await self._do(lambda turns: turns.delete(ids=old))
        said = dict(found[number])
        return LastTurn(number, said.get("", ""), len(said), "over" in said)

    async def _add(self, id: str, by: str) -> None:
        """Add a row, unless one of that id is there."""
        row = {"ids": [id], "metadatas": [{"by": by}], "embeddings": [[1.0]]}
        await self._do(lambda turns: turns.add(**row))
