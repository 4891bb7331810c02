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

import asyncio
from contextvars import ContextVar
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import aiohttp

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest, ConnectionKey
    from aiohttp.connector import Connection

IDLE_S = 1.0
"""Seconds since its last use, after which a connection is looked at before it is used again."""
TURNS = 2
"""Of the loop: in the first it is told what has come, in the second that has been taken in."""

KEPT: ContextVar[ReusedConnection | None] = ContextVar("agentkit.kept", default=None)
"""The kept connection that the request of this task goes over; None for a new one."""


class ReusedConnection:
    """A connection that was used before, by the pool that kept it."""

    __slots__ = ("key", "pool")

    def __init__(self, pool: Pool, key: ConnectionKey) -> None:
        self.pool, self.key = pool, key

    def died(self) -> None:
        """Say that it is dead, so that none as old as it is used again."""
        self.pool.dead[self.key] = self.pool.count


class Age:
    """Of a connection its number, in the order in which they were begun, and its last use."""

    __slots__ = ("number", "used_s")

    def __init__(self, number: int, used_s: float) -> None:
        self.number, self.used_s = number, used_s


class Pool(aiohttp.TCPConnector):
    """Connections to servers, of which those that are likely dead are not used again."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.count = 0
        """Connections that were begun."""
        self.ages: WeakKeyDictionary[Any, Age] = WeakKeyDictionary()
        self.dead: dict[ConnectionKey, int] = {}
        """By server: those up to this number are not used again."""

    async def connect(
        self, req: ClientRequest, traces: list[Any], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """A kept connection that may be alive, or a new one."""
        KEPT.set(None)
        while True:
            connection = await super().connect(req, traces, timeout)
            now, age = monotonic(), self.ages.get(connection.protocol)
            if age is None:
                self.count += 1
                self.ages[connection.protocol] = Age(self.count, now)
                return connection
            idle_s, age.used_s = now - age.used_s, now
            if age.number > self.dead.get(req.connection_key, 0):
                if idle_s < IDLE_S or await heard_open(connection):
                    KEPT.set(ReusedConnection(self, req.connection_key))
                    return connection
            connection.close()


async def heard_open(connection: Connection) -> bool:
    """Whether a connection is still open, once the loop has had a chance to hear that it is not.

    Code that held the loop, as a computation in a notebook does, kept that news waiting.
    """
    try:
        for _ in range(TURNS):
            await asyncio.sleep(0)
    except BaseException:
        connection.release()
        raise
    return not connection.closed
