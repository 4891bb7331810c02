"""The seam between a fabric and what carries it: in process, or a broker."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Literal, Protocol

from memory.fabrics.channels import Channel, Group

Acknowledgement = Literal["ack", "nak", "term", "extend"]
"""Done; redeliver it; never redeliver it; still at work on it."""


@dataclass(frozen=True)
class HeldLetter:
    """A letter delivered to a reader, or read in place."""

    seq: int
    data: bytes
    delivery: int = 0
    """1 the first time, more when it was delivered before; 0 when it was only read."""
    token: str = ""
    """Names this delivery, in any process."""


@dataclass
class Inbox:
    """What a subscriber has not read yet: bounded, and the oldest gives way."""

    limit: int
    letters: deque[bytes] = field(default_factory=deque)
    missed: int = 0
    """Letters lost because the subscriber was too slow."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False
    """Whether nothing more comes; who waits is let go."""

    def close(self) -> None:
        """Let go who waits for a letter."""
        self.closed = True
        self.arrived.set()

    def put(self, data: bytes) -> None:
        if len(self.letters) >= self.limit:
            self.letters.popleft()
            self.missed += 1
        self.letters.append(data)
        self.arrived.set()

    async def take(self, timeout_s: float) -> bytes | None:
        """The next letter, or None when none comes in time, or no more at all."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self.letters:
                    if self.closed:
                        return None
                    self.arrived.clear()
                    await self.arrived.wait()
        except TimeoutError:
            return None
        return self.letters.popleft()


class Topics(Protocol):
    """At most once, to whoever listens."""

    async def publish(self, subject: str, data: bytes) -> dict[str, int]:
        """Send; what a fault did to it is counted: {"dropped": 1, "duplicated": 2}."""
        ...

    async def subscribe(self, subject: str, inbox: Inbox) -> None:
        """Put what is published from now on into the inbox."""
        ...

    async def unsubscribe(self, inbox: Inbox) -> None:
        """Publish nothing more into the inbox."""
        ...


class Channels(Protocol):
    """Stored letters. Every method declares the channel first where it is not."""

    async def append(self, channel: Channel, key: str, id: str, data: bytes) -> tuple[int, bool]:
        """Store a letter: its position, and whether it is a duplicate of one stored.

        Raises:
            QueueFull: the channel is full, and its sender does not want the oldest dropped.
            StoreUnreachable: nobody knows whether it was stored; send it again by its id.
        """
        ...

    async def take(self, channel: Channel, group: Group, timeout_s: float) -> HeldLetter | None:
        """Deliver the next letter to a reader of the group; None when none comes in time."""
        ...

    async def acknowledge(
        self, channel: Channel, group: Group, token: str, kind: Acknowledgement, delay_s: float
    ) -> None:
        """Record what became of a delivery; recording it again changes nothing.

        Args:
            channel: where the letter is.
            group: the readers that it was delivered to.
            token: of the delivery.
            kind: what became of it.
            delay_s: of "nak", when it may be redelivered, in seconds from now.
        """
        ...

    async def next(
        self, channel: Channel, start: int, key: str | None, timeout_s: float
    ) -> HeldLetter | None:
        """The first letter at or after a position (of this key), read in place."""
        ...

    async def size(self, channel: Channel) -> int:
        """How many letters it holds."""
        ...


class Transport(Topics, Channels, Protocol):
    """What carries a fabric."""

    name: str
    max_bytes: int
    """Of one letter."""

    async def close(self) -> None:
        """Close connections."""
        ...

    def crash(self, channel: str) -> Literal["", "before", "after"]:
        """Whether a fault kills the worker that has a letter of this channel, and when."""
        ...
