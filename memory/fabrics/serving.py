"""Workers: an actor that takes tasks from a queue, and sends back what it answers.

The run of a task has an id made from the letter's. So when a worker dies and the letter goes
to another one (or the same letter comes twice), that one resumes the run: model calls that were
recorded are not paid again. At least once, and each effect once.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from agentkit import Actor, Answer, Log, open_log, run
from agentkit.deprecated import moved
from agentkit.errors import AgentkitError, RunTaken, SetupError, error_text
from agentkit.lease import LEASE_S
from agentkit.log import LOGGER
from agentkit.messages import JSON, Message, digest, jsonable, thread_of
from agentkit.scope import note
from memory.errors import QueueFull, StoreFull, StoreUnreachable
from memory.fabrics.letters import Letter
from memory.fabrics.notes import AskedBy
from memory.fabrics.post import Post, ReceivedLetter
from memory.fabrics.queues import Queue
from memory.fabrics.transport import Acknowledgement

FAULTY = {"stop", "missing", "doubts"}
"""What is wrong with an answer, as far as it has to be told."""

TOLD = 20_000
"""Characters of an error that whoever waits is told."""

POLL_S = 1.0
"""How long a worker waits for a task at a time."""


@dataclass
class WorkerReport:
    """What a worker did."""

    done: int = 0
    failed: int = 0
    """Tasks whose actor raised; the asker was told."""
    redelivered: int = 0
    """Tasks that were delivered to an earlier worker before."""
    crashed: int = 0
    """Times a fault killed it; then another took its place."""
    put_back: int = 0
    """Tasks left to be redelivered, to another worker or later."""
    buried: int = 0


class QueueWorker:
    """Serves one queue with one actor, outside of any run: each task is a run of its own.

    Args:
        log: where the runs go; the default log without one.
    """

    def __init__(self, post: Post, queue: Queue, actor: Actor, log: Log | None = None) -> None:
        self.post, self.queue, self.actor, self.log = post, queue, actor, log
        self.served = WorkerReport()

    async def serve(self, limit: int | None = None, idle_s: float | None = None) -> WorkerReport:
        """Take tasks until `limit` are answered, or none came for `idle_s`; else for ever."""
        clock = asyncio.get_running_loop().time
        last = clock()
        while limit is None or self.served.done + self.served.failed < limit:
            wait_s = POLL_S if idle_s is None else max(min(POLL_S, last + idle_s - clock()), 0.0)
            try:
                got = await self.post.receive(self.queue.channel, self.queue.group, wait_s)
            except StoreUnreachable:
                if idle_s is not None:
                    raise
                continue
            self.served.buried += len(got.buried)
            if got.letter is not None:
                try:
                    await self._one(got, got.letter)
                except StoreUnreachable:
                    # Unacknowledged, it comes again once the broker does, and is resumed.
                    if idle_s is not None:
                        raise
                    self.served.put_back += 1
                # Idle is counted from the end of the last task: a long one is no idleness.
                last = clock()
            elif idle_s is not None and clock() - last >= idle_s:
                break
        return self.served

    async def _one(self, got: ReceivedLetter, letter: Letter) -> None:
        transport, name = self.post.transport, self.queue.name
        self.served.redelivered += got.delivery > 1
        crash = transport.crash(name)
        if crash == "before":
            # Whoever dies acknowledges nothing: the letter comes again after ack_wait_s.
            self.served.crashed += 1
            return
        beat = asyncio.create_task(self._stay(got))
        try:
            reply = await self._work(letter)
        except asyncio.CancelledError:
            # Stopped, not failed: another worker may have it at once, and where that cannot be
            # told, after ack_wait_s.
            with contextlib.suppress(StoreUnreachable):
                await self._acknowledge(got, "nak")
            raise
        except RunTaken:
            # Another worker works on it, or died a moment ago: wait until its lease is over.
            self.served.put_back += 1
            await self._acknowledge(got, "nak", max(self.queue.group.ack_wait_s, LEASE_S))
            return
        except AgentkitError as error:
            more = got.delivery < self.queue.group.max_deliveries
            if more and getattr(error, "retryable", False):
                # Later, so that it does not meet the same trouble at once. The last delivery is
                # answered with the error: as a dead letter it would tell less, and later.
                self.served.put_back += 1
                await self._acknowledge(got, "nak", min(0.1 * 2**got.delivery, 5.0))
                return
            reply = failure(error)
        except BaseException as error:
            # One bad task is told to its asker, and ends no worker.
            if ends_program(error):
                raise
            reply = failure(error)
        finally:
            beat.cancel()
        if crash == "after":
            self.served.crashed += 1
            return
        # Once the work is done its answer and its acknowledgement go out, also when cancelled:
        # without them another worker would do it again.
        finishing = asyncio.ensure_future(self._finish(got, letter, reply))
        try:
            await asyncio.shield(finishing)
        except asyncio.CancelledError:
            await asyncio.wait([finishing])
            raise

    async def _finish(self, got: ReceivedLetter, letter: Letter, reply: dict[str, JSON]) -> None:
        """Answer, then ack: a death in between costs a second answer, which is not kept."""
        if letter.reply:
            try:
                await self.post.answer(self.queue.channel, letter, reply)
            except (SetupError, ValueError, RecursionError) as error:
                # An answer that cannot travel is told to whoever waits, and ends no worker.
                reply = failure(error)
                try:
                    await self.post.answer(self.queue.channel, letter, reply)
                except SetupError as again:
                    # Its id leaves no room for any: nobody of ours sent it, or waits.
                    LOGGER.warning("A task of %r cannot be answered: %s", self.queue, again)
            except (QueueFull, StoreFull) as error:
                # Done and recorded: whoever has it next resumes its run, and answers then.
                LOGGER.warning("A task of %r cannot be answered now: %s", self.queue, error)
                self.served.put_back += 1
                await self._acknowledge(got, "nak", self.queue.group.ack_wait_s)
                return
        await self._acknowledge(got, "ack")
        if "error" in reply:
            self.served.failed += 1
        else:
            self.served.done += 1

    async def _work(self, letter: Letter) -> dict[str, JSON]:
        body: Any = letter.body
        asked = body if isinstance(body, dict) and "task" in body else {"task": body}
        task, output = asked["task"], asked.get("output")
        before = thread_of(Message.model_validate(one) for one in asked.get("before") or [])
        log, id = self.log or open_log(), run_of(letter)
        how = {"resume": id} if log.has(id) else {"id": id}
        options: Any = {"log": log, "actor": self.actor.name, "output": output, **how}
        async with run(task=task, **options):
            note(AskedBy(queue=self.queue.name, letter=letter.id, sender=letter.trace))
            after = Answer(text="", thread=before) if before else None
            answer = await self.actor(task, output=output, after=after)
        return {
            "text": answer.text,
            "data": jsonable(answer.data),
            "by": self.actor.name,
            "run": id,
            "usage": answer.usage.model_dump(),
            "cost_usd": answer.cost_usd,
            **answer.model_dump(include=FAULTY, mode="json", exclude_defaults=True),
        }

    async def _stay(self, got: ReceivedLetter) -> None:
        """Extend the time for the letter, so that it is not redelivered during the work."""
        while True:
            # A third: one extension may be lost or late before the letter goes to another.
            await asyncio.sleep(self.queue.group.ack_wait_s / 3)
            with contextlib.suppress(StoreUnreachable):
                await self._acknowledge(got, "extend")

    async def _acknowledge(
        self, got: ReceivedLetter, kind: Acknowledgement, delay_s: float = 0.0
    ) -> None:
        channel, group = self.queue.channel, self.queue.group
        await self.post.acknowledge(channel, group, got.token, kind, delay_s)


@contextlib.asynccontextmanager
async def background_workers(workers: list[QueueWorker]) -> AsyncIterator[list[QueueWorker]]:
    """Run the workers in the background until the block ends.

    They work outside of the run that starts them, as workers elsewhere do.
    """
    tasks = [
        asyncio.create_task(one.serve(), context=contextvars.Context(), name=f"serve {one.queue!r}")
        for one in workers
    ]
    for task in tasks:
        task.add_done_callback(report)
    try:
        yield workers
    finally:
        ended = [task.exception() for task in tasks if task.done() and not task.cancelled()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for error in ended:
        if error is not None:
            raise error


def report(task: asyncio.Task[WorkerReport]) -> None:
    """Say at once that a worker ended by an error: whoever asks would wait for it."""
    if not task.cancelled() and (error := task.exception()) is not None:
        LOGGER.error("A worker ended (%s): %s: %s", task.get_name(), type(error).__name__, error)


def ends_program(error: BaseException) -> bool:
    """Whether an error, or one within a group, says that the program is to end."""
    if isinstance(error, BaseExceptionGroup):
        return any(ends_program(one) for one in error.exceptions)
    return isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit)


def failure(error: BaseException) -> dict[str, JSON]:
    """Make the reply that tells of an error, by the beginning of a text too long to travel."""
    text = error_text(error)
    shown = (
        text if len(text) <= TOLD else f"{text[:TOLD]} [and {len(text) - TOLD:,} more characters]"
    )
    return {"error": {"type": type(error).__name__, "text": shown}}


def run_of(letter: Letter) -> str:
    """Make the id of the run of a task, the same for each delivery of it."""
    hexes = digest("task", letter.id).ljust(32, "0")[:32]
    return f"{hexes[:8]}-{hexes[8:12]}-8{hexes[13:16]}-8{hexes[17:20]}-{hexes[20:]}"


OLD = {"Served": "WorkerReport", "Worker": "QueueWorker", "crew": "background_workers"}
__getattr__ = moved(__name__, {old: f"{__name__}:{new}" for old, new in OLD.items()})
