"""Connections to what is served, bounded before anybody is known: heads of requests, and how many.

uvicorn takes a head of any length for any time, and as many connections as there are file
descriptors; whoever reaches the port could use up the memory, or the files, of the kernel it is in.
Here a head has a length and a time, a body a time, and for a connection too many the one is closed
that is waited for longest; so whoever holds them all keeps nobody out.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from agentkit.protocols.bounds import BODY_S, CONNECTIONS, HEAD, HEAD_S

LOGGER = logging.getLogger("agentkit.protocols.heads")
LOGGER.setLevel(logging.ERROR)  # What strangers send is no news for a cell.

YOUNG_S = 1.0
"""In which a connection is given up for another only where there is no older one."""


def news(record: logging.LogRecord) -> bool:
    """Whether an error is one: what is cut off as the program ends is none."""
    what = record.exc_info[1] if record.exc_info else None
    cut = isinstance(what, asyncio.CancelledError)
    return not cut and not record.getMessage().rstrip().endswith("CancelledError")


LOGGER.addFilter(news)

TOO_LONG = b"HTTP/1.1 431 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class HeadTooLong(Exception):  # Nobody but the parser sees it.
    """A head, or what comes after a body, is longer than is taken."""


class Heads(HttpToolsProtocol):
    """A connection whose requests come whole in their time, or are refused."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.logger = LOGGER
        self._heading, self._taken, self._fields = True, 0, 0
        self._late: asyncio.TimerHandle | None = None
        self._since, self._known = self.loop.time(), False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait(HEAD_S)
        if len(self.connections) > CONNECTIONS:
            others = [one for one in self.connections if isinstance(one, Heads)]
            waiting = [one for one in others if one is not self and one.waits]
            given_up = min(waiting, key=Heads.order, default=self)
            self.connections.discard(given_up)  # It is told of its end later.
            given_up.transport.abort()

    @property
    def waits(self) -> bool:
        """Whether the next thing is up to the other side; else it is answered now."""
        return self._late is not None or self.cycle is None or bool(self.cycle.response_complete)

    def order(self) -> tuple[bool, bool, float]:
        """Which is given up first: of those that are not young and never asked, the oldest."""
        return self.loop.time() - self._since < YOUNG_S, self._known, self._since

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._heading:
            self._taken += len(data)
            if self._late is None:
                self._wait(HEAD_S)
        super().data_received(data)
        if self._heading and self._taken > HEAD and not self.transport.is_closing():
            self.transport.write(TOO_LONG)
            self.transport.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += len(name) + len(value)
        if self._fields > HEAD:
            raise HeadTooLong
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._heading, self._taken = False, 0
        self._wait(BODY_S)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._heading, self._fields, self._known = True, 0, True
        self._wait(None)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if not self._heading and self._late is not None:
            self._wait(HEAD_S)  # It was answered, such as that it is not let in: the rest is waste.
        super().on_response_complete()

    def _wait(self, seconds: float | None) -> None:
        """Give what comes next so long; None: nothing has to come."""
        if self._late is not None:
            self._late.cancel()
        self._late, self._since = None, self.loop.time()
        if seconds is not None:
            self._late = self.loop.call_later(seconds, self.transport.abort)
