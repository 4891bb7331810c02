"""The fabric in process: what a broker does, without one. What it holds ends with the process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from agentkit.errors import SetupError
from memory.errors import QueueFull, StoreUnreachable
from memory.fabrics.channels import Channel, Group, matches
from memory.fabrics.faults import Faults
from memory.fabrics.transport import Acknowledgement, HeldLetter, Inbox
from memory.fabrics.virtual import now

MAX_BYTES = 1_048_576
"""As NATS by default, so that what fits here fits there."""


@dataclass
class LocalLetter:
    """A letter of a channel."""

    data: bytes
    key: str
    at: float
    visible: float


@dataclass
class Out:
    """A delivery that is not acknowledged."""

    delivery: int
    due: float
    """When it may go to another reader."""


@dataclass
class LocalReader:
    """A group's place in one partition."""

    in_order: bool
    start: int
    fresh: deque[int]
    out: dict[int, Out] = field(default_factory=dict)
    extra: deque[int] = field(default_factory=deque)
    """To be delivered once more at once, by a fault."""

    def pick(self, stored: dict[int, LocalLetter], now: float) -> int | None:
        """Choose the position to deliver now; None when there is none."""
        # Letters that were dropped or grew too old can no longer be acknowledged.
        for gone in [seq for seq in self.out if seq not in stored]:
            del self.out[gone]
        while self.extra:
            seq = self.extra.popleft()
            if seq in self.out:
                return seq
        due = [seq for seq, out in self.out.items() if out.due <= now]
        # What was not acknowledged in time comes before fresh letters; in order, it blocks them.
        if due or (self.in_order and self.out):
            return min(due, default=None)
        for place, seq in enumerate(self.fresh):
            if seq in stored and stored[seq].visible <= now:
                del self.fresh[place]
                return seq
            # A delayed letter may be overtaken in a queue, never in a stream.
            if self.in_order and seq in stored:
                return None
        return None

    def wakes(self, stored: dict[int, LocalLetter]) -> float:
        """Tell when there may be something to deliver, if nothing comes in between."""
        later = [stored[seq].visible for seq in self.fresh if seq in stored]
        if self.in_order:
            # The first holds up those after it, and what is not acknowledged all of them.
            later = [] if self.out else later[:1]
        return min([*(out.due for out in self.out.values()), *later], default=float("inf"))


@dataclass
class LocalChannel:
    """What a channel holds."""

    channel: Channel
    stored: dict[int, LocalLetter] = field(default_factory=dict)
    last: int = 0
    ids: dict[str, tuple[int, float]] = field(default_factory=dict)
    readers: dict[str, list[LocalReader]] = field(default_factory=dict)
    """By group: one for each partition, in their order."""
    turns: dict[str, list[int]] = field(default_factory=dict)
    """By group: its partitions, and which is asked next."""
    waiting: set[asyncio.Future[None]] = field(default_factory=set)

    def wake(self) -> None:
        for waiter in self.waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, seconds: float) -> None:
        """Wait until something changed, at most so many seconds."""
        waiter = asyncio.get_running_loop().create_future()
        self.waiting.add(waiter)
        try:
            await asyncio.wait([waiter], timeout=max(seconds, 0))
        finally:
            self.waiting.discard(waiter)

    def forget(self, now: float) -> None:
        """Drop ids and letters that are too old; the oldest stand first."""
        while self.ids:
            id = next(iter(self.ids))
            if self.ids[id][1] + self.channel.dedup_s > now:
                break
            del self.ids[id]
        keep_s = self.channel.keep_s
        while self.stored and keep_s is not None:
            seq = next(iter(self.stored))
            if self.stored[seq].at + keep_s > now:
                break
            del self.stored[seq]


class Local:
    """Carries a fabric inside this process.

    Args:
        faults: what goes wrong, for lessons.
        clock: seconds, never going back; the event loop's by default, which may be virtual.
    """

    name = "in process"
    max_bytes = MAX_BYTES

    def __init__(self, faults: Faults | None = None, clock: Callable[[], float] = now) -> None:
        self.faults, self.clock = faults or Faults(), clock
        self._lines: dict[str, LocalChannel] = {}
        self._inboxes: list[tuple[str, Inbox]] = []

    async def close(self) -> None:
        """Do nothing: a fabric opened again holds what it held."""

    def crash(self, channel: str) -> Literal["", "before", "after"]:
        if not self.faults.happens("crash", channel):
            return ""
        return "before" if self.faults.draw("crash at", channel) < 0.5 else "after"

    async def publish(self, subject: str, data: bytes) -> dict[str, int]:
        seen = {"dropped": 0, "duplicated": 0, "delayed": 0}
        for pattern, inbox in list(self._inboxes):
            if not matches(pattern, subject):
                continue
            if self.faults.happens("drop", subject):
                seen["dropped"] += 1
                continue
            twice = self.faults.happens("duplicate", subject)
            seen["duplicated"] += twice
            late = self.faults.happens("delay", subject)
            seen["delayed"] += late
            for _ in range(1 + twice):
                if late:
                    asyncio.get_running_loop().call_later(self.faults.delay_s, inbox.put, data)
                else:
                    inbox.put(data)
            if inbox.letters and not late and self.faults.happens("reorder", subject):
                inbox.letters.rotate(1 if len(inbox.letters) == 2 else 0)
                if len(inbox.letters) > 2:
                    inbox.letters[-1], inbox.letters[-2] = inbox.letters[-2], inbox.letters[-1]
        return {what: count for what, count in seen.items() if count}

    async def subscribe(self, subject: str, inbox: Inbox) -> None:
        self._inboxes.append((subject, inbox))

    async def unsubscribe(self, inbox: Inbox) -> None:
        self._inboxes = [pair for pair in self._inboxes if pair[1] is not inbox]

    async def append(self, channel: Channel, key: str, id: str, data: bytes) -> tuple[int, bool]:
        line, now = self._line(channel), self.clock()
        lost = self.faults.happens("drop", channel.name)
        if lost and self.faults.draw("stored", channel.name) < 0.5:
            # The sender cannot tell this from the next fault: it sends again, by the same id.
            raise StoreUnreachable(f"The letter to {channel.name} was lost on its way (a fault).")
        line.forget(now)
        known = line.ids.get(id)
        if known is None:
            self._store(line, key, id, data, now)
        if lost:
            raise StoreUnreachable(f"The receipt of {channel.name} was lost (a fault).")
        return (known[0], True) if known else (line.last, False)

    def _store(self, line: LocalChannel, key: str, id: str, data: bytes, now: float) -> None:
        channel = line.channel
        if channel.limit is not None and len(line.stored) >= channel.limit:
            if channel.when_full != "drop":
                raise QueueFull(f"{channel.name} holds its {channel.limit} letters.")
            del line.stored[next(iter(line.stored))]
        line.last += 1
        late = self.faults.happens("delay", channel.name)
        visible = now + self.faults.delay_s if late else now
        line.stored[line.last] = LocalLetter(data, key, now, visible)
        if channel.dedup_s:
            line.ids[id] = (line.last, now)
        swap = channel.kind == "queue" and self.faults.happens("reorder", channel.name)
        for readers in line.readers.values():
            reader = readers[channel.partition(key)]
            if line.last >= reader.start:
                reader.fresh.insert(max(len(reader.fresh) - swap, 0), line.last)
        line.wake()

    async def take(self, channel: Channel, group: Group, timeout_s: float) -> HeldLetter | None:
        line = self._line(channel)
        readers = self._readers(line, group)
        # The readers themselves stand by partition, which is how letters find theirs.
        turns = line.turns.setdefault(group.name, list(range(len(readers))))
        end = self.clock() + timeout_s
        while True:
            now = self.clock()
            for partition in turns:
                seq = readers[partition].pick(line.stored, now)
                if seq is not None:
                    # The partition served goes to the back: none starves.
                    turns.remove(partition)
                    turns.append(partition)
                    return self._deliver(line, readers[partition], seq, group, now)
            if now >= end:
                return None
            due = min(reader.wakes(line.stored) for reader in readers)
            await line.wait(min(due, end) - now)

    def _deliver(
        self, line: LocalChannel, reader: LocalReader, seq: int, group: Group, now: float
    ) -> HeldLetter:
        before = reader.out.get(seq)
        delivery = before.delivery + 1 if before else 1
        reader.out[seq] = Out(delivery, now + group.ack_wait_s)
        # A second copy at once would break the order that a stream promises.
        if not reader.in_order and self.faults.happens("duplicate", line.channel.name):
            reader.extra.append(seq)
        return HeldLetter(seq, line.stored[seq].data, delivery, str(seq))

    async def acknowledge(
        self, channel: Channel, group: Group, token: str, kind: Acknowledgement, delay_s: float
    ) -> None:
        line, seq = self._line(channel), int(token)
        for reader in self._readers(line, group):
            if seq not in reader.out:
                continue
            if kind == "nak":
                reader.out[seq].due = self.clock() + delay_s
            elif kind == "extend":
                reader.out[seq].due = self.clock() + group.ack_wait_s
            else:
                del reader.out[seq]
                if channel.kind == "queue":
                    line.stored.pop(seq, None)
        line.wake()

    async def next(
        self, channel: Channel, start: int, key: str | None, timeout_s: float
    ) -> HeldLetter | None:
        line, end = self._line(channel), self.clock() + timeout_s
        while True:
            line.forget(self.clock())
            for seq in range(start, line.last + 1):
                found = line.stored.get(seq)
                if found and key in (None, found.key):
                    return HeldLetter(seq, found.data)
            start = max(start, line.last + 1)
            if self.clock() >= end:
                return None
            await line.wait(end - self.clock())

    async def size(self, channel: Channel) -> int:
        return len(self._line(channel).stored)

    def _line(self, channel: Channel) -> LocalChannel:
        line = self._lines.setdefault(channel.name, LocalChannel(channel))
        if line.channel != channel:
            raise SetupError(
                f"{channel.name} exists with other settings: {line.channel!r}.",
                expected=f"what was asked for: {channel!r}",
                todo="declare it alike everywhere, or under another name",
            )
        return line

    def _readers(self, line: LocalChannel, group: Group) -> list[LocalReader]:
        if group.name not in line.readers:
            readers = [
                LocalReader(group.in_order, group.start, deque())
                for _ in range(line.channel.partitions)
            ]
            for seq, stored in line.stored.items():
                if seq >= group.start:
                    readers[line.channel.partition(stored.key)].fresh.append(seq)
            line.readers[group.name] = readers
        return line.readers[group.name]
