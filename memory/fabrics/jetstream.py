"""The fabric on NATS JetStream: the same calls, stored and delivered by a broker.

A queue is a stream of retention "work queue", a reader a durable pull consumer per partition,
a letter's id its `Nats-Msg-Id`. The name of a delivery is the subject that JetStream wants the
ack on, with the letter's place and id, so a resumed run can ack from another process.
Source: https://docs.nats.io/nats-concepts/jetstream
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Literal

from agentkit.extras import missing_extra
from agentkit.messages import digest
from memory.errors import StoreUnreachable
from memory.fabrics.channels import LONGEST, Channel, Group
from memory.fabrics.natserrors import Mapped, cancellable, mapped
from memory.fabrics.transport import Acknowledgement, HeldLetter, Inbox

try:
    import nats
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription
    from nats.errors import TimeoutError as NatsTimeout
    from nats.js import JetStreamContext, api
    from nats.js.errors import NotFoundError

    from memory.fabrics.natsids import DoneIds
except ImportError as error:
    raise missing_extra(error, "use fabric('local')") or error from None

ANSWER_S = 2.0
"""How long the broker may take for one answer."""
ASK_S = 2.0
"""How long one request for a letter stays open."""
GLANCE_S = 0.01
"""The shortest such request. (`no_wait` is never answered where a reader must ack first.)"""
SOON_S = 0.002
"""When a letter that was heard of is looked for again; then after twice as long, up to ASK_S."""

IN_FLIGHT = 8
"""Letters that wait for the broker's answer at once. More would each be late at a slow disk, be
sent again, and make it slower."""

HEADERS = 512
"""Bytes of a message that its headers may take: the broker counts them with the letter."""

WORDS: dict[Acknowledgement, bytes] = {
    "ack": b"+ACK",
    "nak": b"-NAK",
    "term": b"+TERM",
    "extend": b"+WPI",
}


class JetStream:
    """Carries a fabric by a NATS server.

    Args:
        url: with the token before an @, if the server wants one.
        namespace: prefixes the names of streams and subjects.
    """

    max_bytes = 1_048_576 - HEADERS

    def __init__(self, url: str, namespace: str) -> None:
        self.url, self.namespace = url, namespace
        self.name = f"by NATS JetStream at {url.rpartition('@')[2].removeprefix('nats://')}"
        self._client: Client | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening: asyncio.Lock | None = None
        self._declaring: asyncio.Lock | None = None
        self._room: asyncio.Semaphore | None = None
        self._declared: dict[str, Channel] = {}
        self._readers: set[tuple[str, Group]] = set()
        self._turn: dict[tuple[str, str], int] = {}
        self._listening: dict[int, Subscription] = {}
        self._done = DoneIds(namespace)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            # Of a broker that is gone there is nothing left to close.
            with cancellable(), contextlib.suppress(OSError):
                await client.close()

    def crash(self, channel: str) -> Literal["", "before", "after"]:
        return ""

    async def publish(self, subject: str, data: bytes) -> dict[str, int]:
        client = await self._connected()
        with self._mapped(subject):
            await client.publish(f"{self.namespace}.topic.{subject}", data)
            # The server has it once it answers this.
            await client.flush(timeout=ANSWER_S)  # type: ignore[arg-type]
        return {}

    async def subscribe(self, subject: str, inbox: Inbox) -> None:
        async def heard(message: Msg) -> None:
            inbox.put(message.data)

        client = await self._connected()
        with self._mapped(subject):
            made = await client.subscribe(f"{self.namespace}.topic.{subject}", cb=heard)
            await client.flush(timeout=ANSWER_S)  # type: ignore[arg-type]
        self._listening[id(inbox)] = made

    async def unsubscribe(self, inbox: Inbox) -> None:
        made = self._listening.pop(id(inbox), None)
        if made is not None and self._client is not None:
            await ended(self._client, made)

    async def append(self, channel: Channel, key: str, id: str, data: bytes) -> tuple[int, bool]:
        stream = await self._declare(channel)
        id = header_id(id)
        headers = {str(api.Header.MSG_ID.value): id} if channel.dedup_s else None
        subject = self._subject(channel, str(channel.partition(key)), token(key))
        client = await self._connected()
        assert self._room is not None
        async with self._room:
            with self._mapped(channel.name, channel):
                begun = client.stats["reconnects"]
                if (seq := await self._done.find(stream, channel, id)) is not None:
                    return seq, True
                made = await stream.publish(subject, data, timeout=ANSWER_S, headers=headers)
                if client.stats["reconnects"] != begun and not made.duplicate:
                    # It may have been done, and the broker begun anew, since we looked.
                    seq = await self._done.find(stream, channel, id)
                    if seq is not None:
                        await stream.delete_msg(self._stream(channel), made.seq)
                        return seq, True
        return made.seq, bool(made.duplicate)

    async def take(self, channel: Channel, group: Group, timeout_s: float) -> HeldLetter | None:
        end = time.monotonic() + timeout_s
        names = await self._reading(channel, group)
        while True:
            left_s = end - time.monotonic()
            if len(names) == 1:
                held = await self._pull(channel, names[0], min(left_s, ASK_S))
                if held is not None or left_s <= ASK_S:
                    return held
                continue
            # The partition served last is asked last: none starves.
            first = self._turn.get((channel.name, group.name), 0)
            for place in range(first, first + len(names)):
                held = await self._pull(channel, names[place % len(names)], GLANCE_S)
                if held is not None:
                    self._turn[channel.name, group.name] = place % len(names) + 1
                    return held
            if left_s <= 0:
                return None

    async def acknowledge(
        self, channel: Channel, group: Group, token: str, kind: Acknowledgement, delay_s: float
    ) -> None:
        client, word = await self._connected(), WORDS[kind]
        if kind == "nak" and delay_s:
            word += f' {{"delay": {int(delay_s * 1e9)}}}'.encode()
        subject, _, about = token.partition(" ")
        seq, _, id = about.partition(" ")
        if id and kind in ("ack", "term") and self._done.kept(channel):
            stream = await self._declare(channel)
            with self._mapped(channel.name, channel):
                # Before the letter goes: with it the broker forgets the id when it begins anew.
                await self._done.add(stream, channel, id, int(seq))
        with self._mapped(channel.name, channel):
            # As a request: the broker answers when it has noted it.
            await client.request(subject, word, timeout=ANSWER_S)

    async def next(
        self, channel: Channel, start: int, key: str | None, timeout_s: float
    ) -> HeldLetter | None:
        stream, end = await self._declare(channel), time.monotonic() + timeout_s
        name = self._stream(channel)
        subject = self._subject(channel, "*", ">" if key is None else token(key))
        # A listener may hear of a letter before the broker has stored it.
        look_s = SOON_S
        async with contextlib.AsyncExitStack() as stack:
            news: Subscription | None = None
            while True:
                with contextlib.suppress(NotFoundError), self._mapped(channel.name, channel):
                    found = await stream.get_msg(name, seq=start, next=True, subject=subject)
                    return HeldLetter(found.seq or 0, found.data or b"")
                left_s = end - time.monotonic()
                if left_s <= 0:
                    return None
                if news is None:
                    # It is looked for once more: it may have come before we listened.
                    news = await stack.enter_async_context(self._heard(subject))
                    continue
                with self._mapped(channel.name, channel):
                    try:
                        await news.next_msg(min(left_s, look_s))
                        look_s = SOON_S
                    except NatsTimeout:
                        look_s = min(2 * look_s, ASK_S)

    async def size(self, channel: Channel) -> int:
        stream = await self._declare(channel)
        with self._mapped(channel.name, channel):
            return int((await stream.stream_info(self._stream(channel))).state.messages)

    async def _connected(self) -> Client:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # A connection lives on its loop; a notebook's next one needs another.
            self._loop, self._client = loop, None
            self._opening, self._declaring = asyncio.Lock(), asyncio.Lock()
            self._room = asyncio.Semaphore(IN_FLIGHT)
            self._listening.clear()
        assert self._opening is not None
        async with self._opening:
            if self._client is None or self._client.is_closed:
                with self._mapped("a connection"):
                    self._client = await self._connect()
                self.max_bytes = self._client.max_payload - HEADERS
        return self._client

    async def _connect(self) -> Client:
        trouble: list[Exception] = []

        async def keep(error: Exception) -> None:
            # What goes wrong between two calls shows in the next one; being refused outlasts
            # the closed connection that follows it.
            if not any("uthorization" in str(one) for one in trouble):
                trouble[:] = [error]

        try:
            async with asyncio.timeout(ANSWER_S):
                return await nats.connect(
                    self.url,
                    error_cb=keep,
                    connect_timeout=int(ANSWER_S),
                    reconnect_time_wait=0.1,
                    max_reconnect_attempts=-1,
                )
        except TimeoutError as error:
            raise (trouble or [error])[0] from None

    async def _declare(self, channel: Channel) -> JetStreamContext:
        stream = (await self._connected()).jetstream(timeout=ANSWER_S)
        assert self._declaring is not None
        # Of many who send at once the first declares; a broker writes each declaration to disk.
        if self._declared.get(channel.name) != channel:
            async with self._declaring:
                if self._declared.get(channel.name) != channel:
                    await self._declared_anew(stream, channel)
        return stream

    async def _declared_anew(self, stream: JetStreamContext, channel: Channel) -> None:
        """Declare a channel; the broker refuses other settings than it has."""
        limits = api.RetentionPolicy.LIMITS
        drops = channel.when_full == "drop" or channel.limit is None
        config = api.StreamConfig(
            name=self._stream(channel),
            subjects=[self._subject(channel, ">")],
            retention=api.RetentionPolicy.WORK_QUEUE if channel.kind == "queue" else limits,
            max_msgs=channel.limit if channel.limit is not None else -1,
            discard=api.DiscardPolicy.OLD if drops else api.DiscardPolicy.NEW,
            max_age=channel.keep_s or 0,
            duplicate_window=channel.dedup_s,
            storage=api.StorageType.FILE,
            metadata={"partitions": str(channel.partitions)},
        )
        with self._mapped(channel.name, channel):
            await stream.add_stream(config)
            if self._done.kept(channel):
                await stream.add_stream(self._done.config(channel))
        self._declared[channel.name] = channel

    async def _reading(self, channel: Channel, group: Group) -> list[str]:
        stream = await self._declare(channel)
        names = [f"{group.name}-{place}" for place in range(channel.partitions)]
        if (channel.name, group) in self._readers:
            return names
        later = group.start > 1
        policy = api.DeliverPolicy.BY_START_SEQUENCE if later else api.DeliverPolicy.ALL
        with self._mapped(channel.name, channel):
            for place, name in enumerate(names):
                config = api.ConsumerConfig(
                    durable_name=name,
                    deliver_policy=policy,
                    opt_start_seq=group.start if later else None,
                    ack_policy=api.AckPolicy.EXPLICIT,
                    ack_wait=group.ack_wait_s,
                    # The fabric counts, and moves the letter itself: see Post.receive.
                    max_deliver=-1,
                    max_ack_pending=1 if group.in_order else -1,
                    filter_subject=self._subject(channel, str(place), ">"),
                )
                await stream.add_consumer(self._stream(channel), config)
        self._readers.add((channel.name, group))
        return names

    async def _pull(self, channel: Channel, consumer: str, wait_s: float) -> HeldLetter | None:
        client = await self._connected()
        wait_s = max(wait_s, GLANCE_S)
        ask = {"batch": 1, "expires": int(wait_s * 1e9)}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream(channel)}.{consumer}"
        async with self._heard(client.new_inbox()) as inbox:
            with self._mapped(channel.name, channel):
                await client.publish(subject, json.dumps(ask).encode(), reply=inbox.subject)
            with self._mapped(channel.name, channel):
                message = await inbox.next_msg(timeout=wait_s + ANSWER_S)
        status = (message.headers or {}).get(api.Header.STATUS.value)
        if status is None:
            meta, id = message.metadata, (message.headers or {}).get(api.Header.MSG_ID.value, "")
            seq = meta.sequence.stream
            return HeldLetter(
                seq, message.data, meta.num_delivered, f"{message.reply} {seq} {id}".strip()
            )
        if status in ("404", "408"):
            return None
        self._forget(channel)
        raise StoreUnreachable(
            f"The reader {consumer} of {channel.name} is not there (status {status})."
        )

    @contextlib.asynccontextmanager
    async def _heard(self, subject: str) -> AsyncIterator[Subscription]:
        client = await self._connected()
        with self._mapped(subject):
            made = await client.subscribe(subject)
        try:
            yield made
        finally:
            await ended(client, made)

    @contextlib.contextmanager
    def _mapped(self, where: str, channel: Channel | None = None) -> Iterator[None]:
        try:
            with mapped(where, self.name):
                yield
        except Mapped as error:
            if channel is not None and error.gone:
                self._forget(channel)
            raise error.error from error.__cause__

    def _forget(self, channel: Channel) -> None:
        """Declare a channel again next time: a broker may restart without what it stored."""
        self._declared.pop(channel.name, None)
        self._readers = {one for one in self._readers if one[0] != channel.name}

    def _stream(self, channel: Channel) -> str:
        return f"{self.namespace}-{channel.name}"

    def _subject(self, channel: Channel, *rest: str) -> str:
        return ".".join([self.namespace, "channel", channel.name, *rest])


async def ended(client: Client, made: Subscription) -> None:
    """End a subscription; what cannot be told to a broker ended with the connection."""
    if not client.is_closed:
        with cancellable(), contextlib.suppress(nats.errors.Error, OSError):
            await made.unsubscribe()


def header_id(id: str) -> str:
    """An id as a header may have it: one line, which ends in no blank."""
    return id if re.fullmatch(r"[!-~]([ -~]{0,198}[!-~])?", id) else f"={digest(id)}"


def token(key: str) -> str:
    """A letter's key as one word of a subject."""
    if len(key) > LONGEST:
        return f"=={digest(key)}"
    if not key or re.fullmatch(r"[A-Za-z0-9-][A-Za-z0-9_-]*", key):
        return key or "_"
    return "=" + base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
