"""Topics: publish and subscribe, at most once, to whoever listens at that moment."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Generator
from typing import Any, Self

from agentkit.errors import StoreError
from agentkit.messages import JSON
from agentkit.scope import note
from memory.doors import doors
from memory.fabrics.channels import Channel, Group, checked_subject
from memory.fabrics.delivery import Delivery, delivered
from memory.fabrics.letters import decoded, plain, stamped
from memory.fabrics.notes import Dropped, HeardTwice
from memory.fabrics.post import Post, ReceivedLetter
from memory.fabrics.transport import Inbox
from memory.steps import step

LOOK_S = 60.0
"""Seconds after which a loop over letters looks whether it was closed; recorded each time."""
REMEMBERED = 1024
"""Ids of letters that a subscriber tells a repetition by."""


async def publish(post: Post, name: str, subject: str, body: object) -> None:
    """Send to whoever listens now, as a step."""
    body = plain(body, checked_subject(subject, wild=False))

    async def perform(step_key: str) -> JSON:
        data = post.checked(stamped(body, step_key), subject)
        seen, _ = await post.persist(lambda: post.transport.publish(subject, data))
        return seen

    request = {"subject": subject, "body": body}
    seen = await step(f"{name}.publish", request, perform, effect="idempotent")
    if seen.get("dropped"):
        note(Dropped(subject=subject, count=seen["dropped"], reason="lost on its way"))


@doors
class Subscription:
    """What one listener hears from when it subscribed; letters it is too slow for are lost.

    Args:
        dedup: whether a letter that arrives twice is heard once.
        pending: letters kept until they are taken; then the oldest gives way.
    """

    def __init__(self, post: Post, name: str, subject: str, dedup: bool, pending: int) -> None:
        self.post, self.name = post, name
        self.subject = checked_subject(subject, wild=True)
        self.dedup, self.inbox = dedup, Inbox(pending)
        self._open = self._asked = self._shut = False
        self._seen: deque[str] = deque(maxlen=REMEMBERED)

    async def open(self) -> Self:
        """Listen from now on, as a step; saying it again changes nothing."""
        if self._asked:
            return self
        self._shut = False

        async def perform(_key: str) -> JSON:
            await self._listen()
            return None

        await step(f"{self.name}.subscribe", {"subject": self.subject}, perform, effect="pure")
        self._asked = True
        return self

    async def _listen(self) -> None:
        if not self._open:
            self.inbox.closed = False
            await self.post.persist(lambda: self.post.transport.subscribe(self.subject, self.inbox))
            self._open = True
        if self._shut:  # it was closed meanwhile
            await self._leave()

    async def take(self, timeout_s: float = 5.0) -> Delivery | None:
        """The next letter, or None when none comes in time; there is nothing to ack."""
        self._shut = False
        return await self._take(timeout_s)

    async def _take(self, timeout_s: float) -> Delivery | None:
        """The same, but for a subscription that was closed."""

        async def perform(_key: str) -> JSON:
            if not self._shut:
                await self._listen()
            # Told with the next letter, and then not again.
            missed, self.inbox.missed = self.inbox.missed, 0
            repeated = 0
            while True:
                data = await self.inbox.take(timeout_s)
                letter = decoded(data) if data else None
                if data is not None and letter is None:
                    raise StoreError(
                        f"Something that is no letter was published to {self.subject}:"
                        f" {data[:100]!r}.",
                        expected="the JSON that a fabric sends",
                    )
                if letter and self.dedup and letter.id in self._seen:
                    repeated += 1
                    continue
                if letter:
                    self._seen.append(letter.id)
                received = ReceivedLetter(letter=letter).model_dump(mode="json")
                return {"received": received, "missed": missed, "repeated": repeated}

        request = {"subject": self.subject, "timeout_s": timeout_s}
        result = await step(f"{self.name}.hear", request, perform, effect="idempotent")
        if result["missed"]:
            reason = "the subscriber was too slow"
            note(Dropped(subject=self.subject, count=result["missed"], reason=reason))
        if result["repeated"]:
            note(HeardTwice(subject=self.subject, count=result["repeated"]))
        received = ReceivedLetter.model_validate(result["received"])
        if received.letter is None:
            return None
        topic = Channel(name=self.name, kind="stream")
        return delivered(self.post, topic, Group(name="nobody"), received)

    async def letters(self, *, idle_s: float | None = None) -> AsyncIterator[Delivery]:
        """Every letter as it comes, until the subscription is closed: async for letter in topic.

        Args:
            idle_s: ends it when none comes for so long, in seconds.
        """
        await self.open()
        while self._asked:
            found = await self._take(LOOK_S if idle_s is None else idle_s)
            if found is not None:
                yield found
            elif idle_s is not None:
                return

    def __aiter__(self) -> AsyncIterator[Delivery]:
        return self.letters()

    async def close(self) -> None:
        """Stop listening; a loop over its letters ends."""
        self._shut, self._asked = True, False
        await self._leave()

    async def _leave(self) -> None:
        self.inbox.close()
        if self._open:
            self._open = False
            await self.post.transport.unsubscribe(self.inbox)

    def __await__(self) -> Generator[Any, None, Self]:
        return self.open().__await__()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"Subscription({self.subject!r})"
