"""The connections that aiohttp keeps, and which of them are not used again.

A server closes a connection that has been idle for some seconds. A request that crosses this on its
way is lost: the connection breaks, and nothing of a reply comes. On a busy machine that is no rare
event, as a client may take connections for open until its loop gets round to hear that they are
not; then all that were kept for this server are in the same danger, the longest idle first, which
aiohttp also uses first. So once one of them turns out dead, none that was begun before is used
again.
Source: RFC 9112, section 9.3.1; Go's net/http makes such a request again over another connection.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import aiohttp

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest, ConnectionKey
    from aiohttp.connector import Connection

KEPT: ContextVar[Kept | None] = ContextVar("agentkit.kept", default=None)
"""The kept connection that the request of this task goes over; None for a new one."""


class Kept:
    """A connection that was used before, by the pool that kept it."""

    __slots__ = ("key", "pool")

    def __init__(self, pool: Pool, key: ConnectionKey) -> None:
        self.pool, self.key = pool, key

    def died(self) -> None:
        """Say that it is dead, so that none as old as it is used again."""
        self.pool.dead[self.key] = self.pool.count


class Pool(aiohttp.TCPConnector):
    """Connections to servers, each as old as its number says."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.count = 0
        """Connections that were begun."""
        self.begun: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        """Of each its number."""
        self.dead: dict[ConnectionKey, int] = {}
        """By server: those up to this number are not used again."""

    async def connect(
        self, req: ClientRequest, traces: list[Any], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """A kept connection that may be alive, or a new one."""
        KEPT.set(None)
        while True:
            connection = await super().connect(req, traces, timeout)
            number = self.begun.get(connection.protocol)
            if number is None:
                self.count += 1
                self.begun[connection.protocol] = self.count
                return connection
            key = req.connection_key
            if number > self.dead.get(key, 0):
                KEPT.set(Kept(self, key))
                return connection
            connection.close()
