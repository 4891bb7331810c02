"""A letter that was delivered to a reader, and how the reader acknowledges it."""

from __future__ import annotations

from dataclasses import dataclass

from agentkit.errors import SetupError
from agentkit.messages import JSON
from agentkit.scope import note
from memory.fabrics.channels import Channel, Group
from memory.fabrics.letters import Letter, Trace
from memory.fabrics.notes import DeadLetter, Redelivered
from memory.fabrics.post import Buried, Post, ReceivedLetter
from memory.fabrics.transport import Acknowledgement
from memory.steps import step


@dataclass(frozen=True, repr=False)
class Delivery:
    """A letter as a reader has it. Each acknowledgement is a step, and may be made twice."""

    id: str
    key: str
    body: JSON
    seq: int
    """Its position in the channel."""
    delivery: int
    """1 the first time, more when an earlier reader did not ack; 0 when it was only read."""
    trace: Trace | None
    """Which step of which run sent it."""
    sent: float
    token: str
    post: Post
    channel: Channel
    group: Group
    letter: Letter

    def __repr__(self) -> str:
        key = f", key={self.key!r}" if self.key else ""
        return f"Delivery({self.body!r}{key}, seq={self.seq}, delivery={self.delivery})"

    async def ack(self) -> None:
        """Acknowledge that it is done: it is not redelivered."""
        await self._acknowledge("ack")

    async def nak(self, delay_s: float = 0.0) -> None:
        """Have it redelivered, now or in `delay_s` seconds; after the last delivery it is dead."""
        if self.delivery < self.group.max_deliveries:
            await self._acknowledge("nak", delay_s)
            return

        async def perform(_key: str) -> JSON:
            reason = f"put back {self.delivery} times"
            data = self.letter.encoded()
            buried = await self.post.bury(
                self.channel, self.group, self.seq, self.token, data, reason, self.delivery
            )
            return buried.model_dump()

        request = {"id": self.id, "token": self.token}
        done = await step(f"{self.channel.name}.nak", request, perform, effect="idempotent")
        tell_buried(self.channel, (Buried.model_validate(done),))

    async def extend(self) -> None:
        """Take more time: `ack_wait_s` from now until it is redelivered."""
        await self._acknowledge("extend")

    async def _acknowledge(self, kind: Acknowledgement, delay_s: float = 0.0) -> None:
        if not self.token:
            raise SetupError(
                f"Letter {self.seq} of {self.channel.name} was read, not taken; there is nothing"
                f" to {kind}.",
                todo="take it by a reader",
            )

        async def perform(_key: str) -> JSON:
            await self.post.acknowledge(self.channel, self.group, self.token, kind, delay_s)
            return None

        request = {"id": self.id, "token": self.token, **({"delay_s": delay_s} if delay_s else {})}
        await step(f"{self.channel.name}.{kind}", request, perform, effect="idempotent")


async def take(post: Post, channel: Channel, group: Group, timeout_s: float) -> Delivery | None:
    """Take a letter, as a step: a resume gets the letter that was taken, and takes no other."""

    async def perform(_key: str) -> JSON:
        return (await post.receive(channel, group, timeout_s)).model_dump(mode="json")

    request = {"reader": group.name, "timeout_s": timeout_s}
    result = await step(f"{channel.name}.take", request, perform, effect="idempotent")
    received = ReceivedLetter.model_validate(result)
    tell_buried(channel, received.buried)
    if received.letter is None:
        return None
    if received.delivery > 1:
        id, nth = received.letter.id, received.delivery
        note(Redelivered(channel=channel.name, id=id, delivery=nth))
    return delivered(post, channel, group, received)


def delivered(post: Post, channel: Channel, group: Group, received: ReceivedLetter) -> Delivery:
    """Make a delivery of what was received."""
    letter = received.letter
    assert letter is not None
    return Delivery(
        letter.id, letter.key, letter.body, received.seq, received.delivery, letter.trace,
        letter.sent, received.token, post, channel, group, letter,
    )  # fmt: skip


def tell_buried(channel: Channel, buried: tuple[Buried, ...]) -> None:
    """Note what was moved to the dead letters."""
    for one in buried:
        note(DeadLetter(channel=channel.name, **one.model_dump()))
