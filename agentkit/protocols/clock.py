"""The time that a call of a peer may take, which stands still while a person is asked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from agentkit.protocols.errors import PeerTimedOut
from agentkit.threads import put


class Clock:
    """Of one call."""

    def __init__(self) -> None:
        """Start none; `limited` does."""
        self.home = asyncio.get_running_loop()
        self._limit: asyncio.Timeout | None = None
        self._until = self._left = 0.0
        self._asking = 0

    @contextlib.asynccontextmanager
    async def limited(self, limit_s: float | None, late: PeerTimedOut) -> AsyncIterator[None]:
        """Give it so many seconds, in which those that a person takes do not count.

        Raises:
            PeerTimedOut: they passed; it is `late`.
        """
        try:
            async with asyncio.timeout(None) as self._limit:
                if limit_s is not None:
                    self._until = self.home.time() + limit_s
                    put(self._limit, self._until)
                yield
        except TimeoutError as error:
            if self._limit is None or not self._limit.expired():
                raise
            raise late from error

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Let the clock stand still."""
        limit, left = self._limit, self._until - self.home.time()
        if limit is None or limit.when() is None and not self._asking:
            yield
            return
        self._asking += 1
        if self._asking == 1:
            self._left = left
            limit.reschedule(None)
        try:
            yield
        finally:
            self._asking -= 1
            if not self._asking and not limit.expired():
                self._until = self.home.time() + self._left
                put(limit, self._until)
