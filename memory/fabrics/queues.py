"""Work queues and event streams: letters that are stored until they are acknowledged."""

from __future__ import annotations

from functools import partial

from agentkit.errors import SetupError
from agentkit.messages import JSON
from agentkit.scope import note
from agentkit.words import for_line
from memory.doors import doors
from memory.fabrics.channels import Channel, Group, checked_group
from memory.fabrics.delivery import Delivery, delivered, take
from memory.fabrics.letters import Receipt, decoded, plain, stamped
from memory.fabrics.notes import SentAgain, SentTwice, WaitedForRoom
from memory.fabrics.post import Post, ReceivedLetter, dead
from memory.steps import step


@doors
class DurableChannel:
    """What queues and streams share: letters are sent to them."""

    def __init__(self, post: Post, channel: Channel, group: Group) -> None:
        self.post, self.channel, self.group = post, channel, checked_group(group)
        self.name = channel.name

    async def _send(self, verb: str, body: object, id: str | None, key: str) -> Receipt:
        body = plain(body, self.name)
        for what, given in (("id", id), ("key", key)):
            if not isinstance(given, str | None):
                raise SetupError(
                    f"A letter to {self.name} was given the {what} {given!r}.", expected="a text"
                )

        async def perform(step_key: str) -> JSON:
            letter = stamped(body, step_key, id=id, key=key)
            return (await self.post.send(self.channel, letter)).model_dump()

        request = {"body": body, "id": id, "key": key}
        result = await step(f"{self.name}.{verb}", request, perform, effect="idempotent")
        receipt = Receipt.model_validate(result)
        name, id, limit = self.name, receipt.id, self.channel.limit
        if receipt.duplicate:
            note(SentTwice(channel=name, id=id))
        if receipt.waited_s:
            note(WaitedForRoom(channel=name, id=id, waited_s=receipt.waited_s, limit=limit))
        if receipt.attempts > 1:
            note(SentAgain(channel=name, id=id, attempts=receipt.attempts))
        return receipt

    async def size(self) -> int:
        """Count the letters it holds, those that are not acknowledged included."""

        async def perform(_key: str) -> JSON:
            size, _ = await self.post.persist(lambda: self.post.transport.size(self.channel))
            return size

        return int(await step(f"{self.name}.size", None, perform, effect="pure"))

    async def dead(self, limit: int = 100) -> list[dict[str, JSON]]:
        """List the dead letters, oldest first: {"letter", "text", "reason", "deliveries"}."""
        found = await read(self.post, dead(self.channel), 1, limit, None, 0.0)
        return [one.body for one in found]


@doors
class Queue(DurableChannel):
    """A work queue: each letter goes to one reader, and is gone when it is acked.

    At least once: a letter that a reader did not ack in `ack_wait_s` goes to another one,
    and after `max_deliveries` to the dead letters.
    """

    async def put(self, body: object, *, id: str | None = None, key: str = "") -> Receipt:
        """Add a letter.

        Args:
            body: text, or any JSON value.
            id: of the letter; the step's by default. A second one of the same id is not kept.
            key: delivered with it.

        Raises:
            QueueFull: no room, or none in `wait_s`.
            StoreUnreachable: the broker does not answer; a resume sends it by the same id.
            SetupError: not JSON, or too big.
        """
        return await self._send("put", body, id, key)

    async def take(self, timeout_s: float = 5.0) -> Delivery | None:
        """Take the next letter, yours until `ack_wait_s` is over; None when none comes in time."""
        return await take(self.post, self.channel, self.group, timeout_s)

    def __repr__(self) -> str:
        return f"Queue({self.name!r})"

    def _repr_markdown_(self) -> str:
        bound = f"at most {self.channel.limit}" if self.channel.limit else "no bound"
        head = f"**{for_line(self.name)}**: work queue ({for_line(self.post.transport.name)})"
        return (
            f"{head}, {bound}; each letter to one reader, again after"
            f" {self.group.ack_wait_s:g} s without ack, dead after {self.group.max_deliveries}"
        )


@doors
class Stream(DurableChannel):
    """An event stream: letters stay, in order, and every reader has a position of its own."""

    async def append(self, body: object, *, id: str | None = None, key: str = "") -> Receipt:
        """Add a letter at the end, as a step; stored once, however often a resumed run comes by.

        Args:
            body: text, or any JSON value.
            id: of the letter; the step's by default. A second one of an id is not stored.
            key: letters of one key share a partition and keep their order.

        Raises:
            QueueFull, StoreUnreachable: see Queue.put.
            SetupError: the body has no JSON form, or is too big.
        """
        return await self._send("append", body, id, key)

    async def read(
        self, start: int = 1, *, limit: int = 100, key: str | None = None, timeout_s: float = 0.0
    ) -> list[Delivery]:
        """Read the letters from a position on, without taking them.

        Args:
            start: position of the first, from 1.
            limit: at most so many.
            key: only those of this key.
            timeout_s: how long to wait for the first.
        """
        return await read(self.post, self.channel, start, limit, key, timeout_s)

    def reader(
        self, name: str, *, start: int = 1, ack_wait_s: float = 30.0, max_deliveries: int = 5
    ) -> Reader:
        """Make a durable reader: it goes on where the last one of its name stopped.

        Several that read by one name share the work; each partition is read in order, one
        letter at a time, so the letters of one key never overtake one another.

        Args:
            name: of the reader; its position is kept under it, where the letters are.
            start: position of the first letter, from 1; counts when the name is new.
            ack_wait_s: after so many seconds a letter that is not acknowledged is redelivered.
            max_deliveries: after so many it is moved to the dead letters.

        Raises:
            SetupError: a bad name or bound.
        """
        group = Group(
            name=name,
            start=start,
            ack_wait_s=ack_wait_s,
            max_deliveries=max_deliveries,
            in_order=True,
        )
        return Reader(self.post, self.channel, checked_group(group))

    def __repr__(self) -> str:
        return f"Stream({self.name!r})"

    def _repr_markdown_(self) -> str:
        head = f"**{for_line(self.name)}**: event stream ({for_line(self.post.transport.name)})"
        return (
            f"{head}; letters stay, order is kept in each of its"
            f" {self.channel.partitions} partitions"
        )


@doors
class Reader:
    """A place in a stream that outlives whoever reads."""

    def __init__(self, post: Post, channel: Channel, group: Group) -> None:
        self.post, self.channel, self.group = post, channel, group

    async def take(self, timeout_s: float = 5.0) -> Delivery | None:
        """Take the next letter; the one after it (of its partition) comes when it is acked."""
        return await take(self.post, self.channel, self.group, timeout_s)

    def __repr__(self) -> str:
        return f"Reader({self.group.name!r} of {self.channel.name!r})"


async def read(
    post: Post, channel: Channel, start: int, limit: int, key: str | None, timeout_s: float
) -> list[Delivery]:
    """Read letters in place, as a step; foreign ones are left out."""

    async def perform(_key: str) -> JSON:
        found: list[JSON] = []
        at = start
        while len(found) < limit:
            wait_s = 0.0 if found else timeout_s
            held, _ = await post.persist(partial(post.transport.next, channel, at, key, wait_s))
            if held is None:
                break
            at = held.seq + 1
            letter = decoded(held.data)
            if letter is not None:
                found.append(ReceivedLetter(letter=letter, seq=held.seq).model_dump(mode="json"))
        return found

    request = {"start": start, "limit": limit, "key": key}
    result = await step(f"{channel.name}.read", request, perform, effect="pure")
    group = Group(name="nobody")
    return [delivered(post, channel, group, ReceivedLetter.model_validate(one)) for one in result]
