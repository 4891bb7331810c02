"""Sending and receiving below the steps: retried by id, foreign and poisonous letters set aside."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from agentkit.deprecated import method, moved
from agentkit.errors import SetupError
from agentkit.messages import JSON, Frozen
from memory.errors import QueueFull, StoreFull, StoreUnreachable
from memory.fabrics.channels import DAY_S, Channel, Group
from memory.fabrics.letters import Letter, Receipt, decoded
from memory.fabrics.transport import Acknowledgement, Transport
from memory.fabrics.virtual import now

T = TypeVar("T")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.5

SLOW = 20
"""Attempts at one call to a transport that answers others meanwhile."""

REFUSED = (QueueFull, SetupError, StoreFull)
"""What says of a letter that it cannot be stored; the transport answers, and others can be."""

SHALLOW = 150
"""Brackets that may be nested in each other, whatever they are around."""


class Buried(Frozen):
    """A letter that was moved to the dead letters."""

    id: str
    reason: str
    deliveries: int


class ReceivedLetter(Frozen):
    """What was delivered to a reader."""

    letter: Letter | None = None
    """None: nothing came in time."""
    seq: int = 0
    delivery: int = 0
    token: str = ""
    buried: tuple[Buried, ...] = ()
    """What was set aside on the way."""


class Post:
    """A transport, tried again while it does not answer.

    Args:
        transport: what carries.
        retry_s: for how long a broker that answers nobody is tried again, in seconds.
    """

    def __init__(self, transport: Transport, retry_s: float) -> None:
        self.transport, self.retry_s = transport, retry_s
        self._acknowledge = method(transport, "acknowledge", "settle")
        self._closings = 0
        self._answered = -math.inf
        """When the transport last answered anybody."""

    async def close(self) -> None:
        """Close connections; what waits for an answer ends, and a later call connects anew."""
        self._closings += 1
        await self.transport.close()

    async def persist(self, call: Callable[[], Awaitable[T]]) -> tuple[T, int]:
        """What the call gives, and at which attempt.

        A transport that answers others is slow, not gone: it is asked again, for its slowness up
        to so many times.

        Raises:
            StoreUnreachable: no answer for `retry_s`, or the fabric was closed meanwhile.
        """
        end, pause_s, attempt = now() + self.retry_s, FIRST_PAUSE_S, 1
        closings = self._closings
        while True:
            try:
                made = await call()
                self._answered = now()
                return made, attempt
            except StoreUnreachable as error:
                if self._closings != closings:
                    raise StoreUnreachable(
                        f"The fabric was closed while an answer was waited for: {error.what}",
                        expected="a fabric that stays open until its calls have ended",
                        todo="ask again and resume: what was sent has its id, and is not stored"
                        " twice",
                    ) from error
                if attempt < SLOW:
                    end = max(end, self._answered + self.retry_s)
                if now() + pause_s > end:
                    raise StoreUnreachable(
                        f"{error.what} It was tried {attempt} times in {self.retry_s:g} s or more.",
                        expected="a broker that answers",
                        todo="start it again and resume: what was sent has its id, and is not"
                        " stored twice",
                    ) from error
            await asyncio.sleep(pause_s)
            pause_s, attempt = min(2 * pause_s, LONGEST_PAUSE_S), attempt + 1

    async def send(self, channel: Channel, letter: Letter) -> Receipt:
        """Store a letter; a full channel is waited for, or refuses, as it is declared.

        Raises:
            QueueFull: no room, or none in `wait_s`.
            StoreUnreachable: no answer for `retry_s`.
            SetupError: the letter is too big, or nested so deep that nobody could read it.
        """
        data = self.checked(letter, channel.name)
        start, pause_s = now(), FIRST_PAUSE_S
        while True:
            waited_s = now() - start
            try:
                (seq, duplicate), attempts = await self.persist(
                    lambda: self.transport.append(channel, letter.key, letter.id, data)
                )
            except QueueFull as error:
                if channel.when_full != "wait" or waited_s + pause_s > channel.wait_s:
                    waits = channel.when_full == "wait"
                    raise QueueFull(
                        error.what
                        + (f" It stayed full for {channel.wait_s:g} s." if waits else ""),
                        expected=f"room among its {channel.limit}",
                        todo="take and ack what is in it, or declare a higher limit"
                        + ("" if waits else ", or when_full='wait'"),
                    ) from error
            else:
                # Time of the first attempt is the broker's, not that of a full channel.
                full_s = waited_s if pause_s > FIRST_PAUSE_S else 0.0
                return Receipt(
                    id=letter.id, seq=seq, duplicate=duplicate, waited_s=full_s, attempts=attempts
                )
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def checked(self, letter: Letter, where: str) -> bytes:
        """Encode a letter that can travel, be read, and be buried whole where it has room.

        Raises:
            SetupError: it is too big or nested too deep.
        """
        data = letter.encoded()
        if len(data) > self.transport.max_bytes:
            raise SetupError(
                f"A letter to {where} has {len(data):,} bytes.",
                expected=f"at most {self.transport.max_bytes:,}",
                todo="store what is big elsewhere, and send where it lies",
            )
        if not channel_of_dead(where) and not readable(data):
            raise SetupError(
                f"A letter to {where} is nested too deep to be read.",
                expected=f"at most some {SHALLOW} lists and objects in each other",
                todo="send a text: json.dumps(...)",
            )
        return data

    async def receive(self, channel: Channel, group: Group, timeout_s: float) -> ReceivedLetter:
        """Take the next letter for the group; move what cannot be read or nobody acks aside."""
        end, buried = now() + timeout_s, list[Buried]()
        while True:
            left_s = max(end - now(), 0.0)
            # Safe to repeat: a letter whose delivery was lost on its way is redelivered.
            held, _ = await self.persist(partial(self.transport.take, channel, group, left_s))
            if held is None:
                return ReceivedLetter(buried=tuple(buried))
            letter = decoded(held.data)
            if letter is None:
                reason = "it is no letter: not the JSON that a fabric sends"
            elif held.delivery > group.max_deliveries:
                reason = f"delivered {group.max_deliveries} times, and never acked"
            else:
                return ReceivedLetter(
                    letter=letter,
                    seq=held.seq,
                    delivery=held.delivery,
                    token=held.token,
                    buried=tuple(buried),
                )
            # The delivery that found it is no attempt at the work.
            deliveries = min(held.delivery, group.max_deliveries)
            buried.append(
                await self.bury(channel, group, held.seq, held.token, held.data, reason, deliveries)
            )

    async def bury(
        self,
        channel: Channel,
        group: Group,
        seq: int,
        token: str,
        data: bytes,
        reason: str,
        deliveries: int,
    ) -> Buried:
        """Move a letter to the dead letters, once, and tell whoever waits for a reply.

        A letter that does not fit, wrapped as a dead one, is cut, and the reason says so. Where
        dead letters cannot be stored at all it is redelivered later, so that those after it come.
        """
        letter = decoded(data)
        id = letter.id if letter else f"foreign-{seq}"
        # Dead letter first, then the reply, then the end: a death in between repeats what has an
        # id, and loses nothing.
        try:
            reason = await self._store_dead(channel, group, seq, letter, data, reason, deliveries)
        except REFUSED as error:
            await self.acknowledge(channel, group, token, "nak", group.ack_wait_s)
            kept = f"{reason}; it cannot be moved to the dead letters: {error.what}"
            return Buried(id=id, reason=kept, deliveries=deliveries)
        if letter and letter.reply:
            failure = {"type": "StoreError", "text": f"Nobody in {channel.name} did it: {reason}."}
            try:
                await self.answer(channel, letter, {"error": failure})
            except REFUSED as error:
                reason = f"{reason}; who sent it cannot be told: {error.what}"
        await self.acknowledge(channel, group, token, "term")
        return Buried(id=id, reason=reason, deliveries=deliveries)

    async def _store_dead(
        self,
        channel: Channel,
        group: Group,
        seq: int,
        letter: Letter | None,
        data: bytes,
        reason: str,
        deliveries: int,
    ) -> str:
        """Store a letter as a dead one; returns the reason as it is told there."""
        id = f"dead-{group.name}-{seq}"
        body: dict[str, JSON] = {
            "letter": letter.model_dump(mode="json") if letter else None,
            "text": None if letter else data.decode(errors="replace"),
            "reason": reason,
            "deliveries": deliveries,
        }
        made = Letter(id=id, body=body)
        whole = made.encoded()
        if len(whole) > self.transport.max_bytes or decoded(whole) is None:
            # JSON takes six bytes for some of one, and the rest needs room as well.
            begin = data[: self.transport.max_bytes // 8]
            if len(begin) < len(data):
                reason = f"{reason}; of its {len(data):,} bytes the beginning is kept"
            body |= {"letter": None, "text": begin.decode(errors="replace"), "reason": reason}
            made = Letter(id=id, body=body)
        await self.send(dead(channel), made)
        return reason

    async def acknowledge(
        self, channel: Channel, group: Group, token: str, kind: Acknowledgement, delay_s: float = 0
    ) -> None:
        """Record what became of a delivery; see Transport.acknowledge.

        Raises:
            StoreUnreachable: no answer for `retry_s`.
        """
        await self.persist(lambda: self._acknowledge(channel, group, token, kind, delay_s))

    async def answer(self, channel: Channel, letter: Letter, body: JSON) -> Receipt:
        """Reply to a letter; of several replies the first one stays."""
        return await self.send(
            replies(channel), Letter(id=f"re-{letter.id}", key=letter.id, body=body)
        )


def readable(data: bytes) -> bool:
    """Whether an encoded letter can be decoded, within a dead one too."""
    # What is not nested that deep is not parsed for it.
    if data.count(b"[") + data.count(b"{") <= SHALLOW:
        return True
    return decoded(b'{"id":"","body":{"letter":' + data + b"}}") is not None


DEAD = "-dead"


def channel_of_dead(name: str) -> bool:
    """Whether a channel holds dead letters, which nobody buries again."""
    return name.endswith(DEAD)


def dead(channel: Channel) -> Channel:
    """Where the letters go that nobody could do anything with."""
    return Channel(name=f"{channel.name}{DEAD}", kind="stream")


def replies(channel: Channel) -> Channel:
    """Where the answers to the tasks of a queue lie, by the task's id, for a day."""
    return Channel(name=f"{channel.name}-replies", kind="stream", keep_s=DAY_S)


__getattr__ = moved(__name__, {"Received": f"{__name__}:ReceivedLetter"})
