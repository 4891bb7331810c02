"""The fabric: topics, queues and streams among actors, the same in process and on a broker."""

from __future__ import annotations

import asyncio
import contextvars
from contextlib import AbstractAsyncContextManager

from agentkit import Actor, Log
from agentkit.words import for_line
from memory.doors import doors
from memory.fabrics.channels import DAY_S, Channel, Group, WhenFull, checked
from memory.fabrics.post import Post
from memory.fabrics.queues import Queue, Stream
from memory.fabrics.remote import QueueActor
from memory.fabrics.serving import QueueWorker, WorkerReport, background_workers
from memory.fabrics.topics import Subscription, publish
from memory.fabrics.transport import Transport


@doors
class Fabric:
    """What carries letters among actors.

    Inside a run each call is a step: recorded, replayed without a broker, and repeated
    by a resume with the same id, so that nothing is sent twice.

    Args:
        transport: what carries them.
        name: prefixes the names of the steps of topics.
        retry_s: for how long a broker that answers nobody is tried again, in seconds.
    """

    def __init__(self, transport: Transport, *, name: str = "fabric", retry_s: float = 10.0):
        self.transport, self.name = transport, name
        self.post = Post(transport, retry_s)
        self._queues: dict[str, Queue] = {}

    async def publish(self, subject: str, body: object) -> None:
        """Publish to whoever subscribes now, at most once.

        Args:
            subject: words joined by dots, such as "harbour.arrivals".
            body: text, or any JSON value.

        Raises:
            SetupError: a bad subject, not JSON, or too big.
            StoreUnreachable: the broker does not answer.
        """
        await publish(self.post, self.name, subject, body)

    def subscribe(self, subject: str, *, dedup: bool = True, pending: int = 1000) -> Subscription:
        """Listen, from when it is awaited or entered: `async with fabric.subscribe(...) as heard`.

        Args:
            subject: with `*` for any one word, or a last `>` for the rest.
            dedup: whether a letter that arrives twice is heard once.
            pending: letters kept until they are taken; then the oldest gives way.

        Raises:
            SetupError: a bad subject.
        """
        return Subscription(self.post, self.name, subject, dedup, pending)

    def queue(
        self,
        name: str,
        *,
        limit: int | None = None,
        when_full: WhenFull = "wait",
        wait_s: float = 30.0,
        ack_wait_s: float = 30.0,
        max_deliveries: int = 5,
        dedup_s: float = DAY_S,
    ) -> Queue:
        """Declare a work queue: each letter goes to one reader, at least once.

        Args:
            name: 1 to 64 letters, digits, "_" and "-".
            limit: letters held at most; None for no bound.
            when_full: the sender waits, gets QueueFull ("refuse"), or the oldest letter is dropped.
            wait_s: how long a sender waits at a full queue before QueueFull, in seconds.
            ack_wait_s: after so many seconds a letter that is not acknowledged is redelivered.
            max_deliveries: after so many it is moved to the dead letters.
            dedup_s: how long ids are remembered, in seconds, by a NATS server that begins anew,
                too; 0 for not at all.

        Raises:
            SetupError: a bad name or bound.
        """
        channel = Channel(
            name=name,
            kind="queue",
            limit=limit,
            when_full=when_full,
            wait_s=wait_s,
            dedup_s=dedup_s,
        )
        group = Group(ack_wait_s=ack_wait_s, max_deliveries=max_deliveries)
        self._queues[name] = Queue(self.post, checked(channel), group)
        return self._queues[name]

    def stream(
        self,
        name: str,
        *,
        limit: int | None = None,
        when_full: WhenFull = "refuse",
        partitions: int = 1,
        dedup_s: float = DAY_S,
    ) -> Stream:
        """Declare an event stream: letters stay, in order, and every reader has its own position.

        Args:
            name: 1 to 64 letters, digits, "_" and "-".
            limit: letters held at most; None for no bound.
            when_full: the sender waits, gets QueueFull ("refuse"), or the oldest letter is dropped.
            partitions: order is kept in each, not among them; one key is in one partition.
            dedup_s: how long ids are remembered, in seconds; 0 for not at all.

        Raises:
            SetupError: a bad name or bound.
        """
        channel = Channel(
            name=name,
            kind="stream",
            limit=limit,
            when_full=when_full,
            partitions=partitions,
            dedup_s=dedup_s,
        )
        return Stream(self.post, checked(channel), Group(name="nobody"))

    def actor(
        self,
        queue: Queue | str,
        *,
        name: str | None = None,
        description: str = "",
        timeout_s: float = 60.0,
    ) -> QueueActor:
        """Whoever serves the queue, as an actor that can be asked.

        Args:
            queue: as it is declared here, or its name.
            name: of the actor; the queue's by default.
            description: what it is for, where it is a tool.
            timeout_s: for an answer, in seconds.
        """
        queue = self._queue(queue)
        return QueueActor(self.post, queue, name or queue.name, description, timeout_s)

    async def serve(
        self,
        queue: Queue | str,
        actor: Actor,
        *,
        limit: int | None = None,
        idle_s: float | None = None,
        log: Log | None = None,
    ) -> WorkerReport:
        """Let an actor do the tasks of a queue, one after another, and answer them.

        Args:
            limit: stop after so many; for ever without it.
            idle_s: stop when no task came for so long, in seconds.
            log: where the runs of the tasks go; the default log without one.
        """
        worker = QueueWorker(self.post, self._queue(queue), actor, log)
        # In a context of its own: a task is a run of its own, also where a run is open.
        work = worker.serve(limit, idle_s)
        return await asyncio.create_task(work, context=contextvars.Context())

    def worker(
        self, queue: Queue | str, actor: Actor, *, count: int = 1, log: Log | None = None
    ) -> AbstractAsyncContextManager[list[QueueWorker]]:
        """Serve a queue in the background: `async with fabric.worker("jobs", clerk, count=3): ...`.

        Args:
            queue: or its name.
            actor: does the tasks; each is a run of its own, outside of the run around the block.
            count: workers; each does one task at a time.
            log: where the runs go; the default log without one.
        """
        found = self._queue(queue)
        return background_workers([QueueWorker(self.post, found, actor, log) for _ in range(count)])

    def _queue(self, queue: Queue | str) -> Queue:
        if isinstance(queue, Queue):
            return queue
        return self._queues.get(queue) or self.queue(queue)

    async def close(self) -> None:
        """Close connections: what waits for an answer of a broker ends with StoreUnreachable."""
        await self.post.close()

    async def __aenter__(self) -> Fabric:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"Fabric({self.transport.name!r})"

    def _repr_markdown_(self) -> str:
        about = for_line(f"letters among actors, carried {self.transport.name}")
        return f"**{for_line(self.name)}**: {about}"
