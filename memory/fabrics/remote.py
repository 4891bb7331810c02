"""A queue as an actor: an ask puts a task, and waits for the answer of a worker."""

from __future__ import annotations

from typing import Any

from agentkit import Actor, Answer, current_run
from agentkit.errors import BadOutput, TimedOut, UnsupportedPart, by_name
from agentkit.events import Usage
from agentkit.messages import JSON, Content, Message, Thread, canonical, digest, extend
from agentkit.scope import note
from agentkit.step import Outcome
from agentkit.typed import Output, answered_before, schema_of
from memory.fabrics.letters import Letter, decoded, stamped
from memory.fabrics.notes import TaskAnswered
from memory.fabrics.post import Post, replies
from memory.fabrics.queues import Queue
from memory.fabrics.virtual import now


class QueueActor(Actor):
    """Whoever serves a queue, as one actor: `await actor(task)` waits for an answer.

    The ask is one step, sent by its key: a resume finds the task sent and the answer there,
    and nobody works twice. An ask that had failed is sent anew.

    Args:
        queue: where the tasks go.
        timeout_s: for the answer, in seconds.
    """

    what = "remote"

    def __init__(self, post: Post, queue: Queue, name: str, description: str, timeout_s: float):
        super().__init__(name, description)
        self.post, self.queue, self.timeout_s = post, queue, timeout_s

    async def act(self, task: JSON, output: Output, thread: Thread) -> Answer:
        heard = [task, *(node.message.content for node in thread[:-1])]
        if any(isinstance(content, Content) for content in heard):
            raise UnsupportedPart(
                f"{self.name} cannot be asked this: a queue carries text and JSON, no parts.",
                expected="a task, and a conversation before it, without images, files and data",
                todo="ask an agent in this process, or say where the worker finds them",
            )
        request = {
            "task": task,
            "output": schema_of(output),
            "before": [node.message.model_dump(mode="json") for node in thread[:-1]],
        }

        async def perform(step_key: str) -> Outcome:
            reply = await self._exchange(request, step_key)
            usage = Usage.model_validate(reply.pop("usage"))
            return Outcome(result=reply, usage=usage, cost_usd=reply.pop("cost_usd"))

        name = self.queue.name
        done = (await current_run().step("remote", name, request, perform)).result
        note(TaskAnswered(queue=name, by=done["by"], run=done["run"]))
        said = extend(thread, Message(role="assistant", content=done["text"]))
        # The step in doubt is in the worker's log, where this run cannot ask about it.
        doubts = [f"certainty whether {made} happened" for made in done.get("doubts", ())]
        return Answer(
            text=done["text"],
            data=self._typed(done, output),
            thread=said,
            stop=done.get("stop", "stop"),
            missing=(*done.get("missing", ()), *doubts),
        )

    async def _exchange(self, request: JSON, step_key: str) -> dict[str, Any]:
        channel, end = self.queue.channel, now() + self.timeout_s
        base = digest(current_run().id, step_key)
        # A resume asks under the ids of its earlier attempts: a good reply is taken over, and
        # an attempt that failed is followed by one with the next id.
        nth, known = 0, await self._reply(base, 0.0)
        while known is not None and "error" in known:
            nth += 1
            known = await self._reply(f"{base}-{nth}", 0.0)
        id = f"{base}-{nth}" if nth else base
        if known is None:
            letter = stamped(request, step_key, id=id).model_copy(update={"reply": True})
            await self.post.send(channel, letter)
            known = await self._reply(id, max(end - now(), 0.0))
        if known is None:
            raise TimedOut(
                f"Nobody answered a task in {self.queue.name} within {self.timeout_s:g} s.",
                expected="a worker: fabric.worker(queue, actor)",
                todo="start one and resume: the task is in the queue, its answer will be found",
            )
        if "error" in known:
            raise by_name(known["error"]["type"], known["error"]["text"])
        return known

    async def _reply(self, id: str, timeout_s: float) -> dict[str, Any] | None:
        channel = replies(self.queue.channel)
        held, _ = await self.post.persist(
            lambda: self.post.transport.next(channel, 1, id, timeout_s)
        )
        letter: Letter | None = decoded(held.data) if held else None
        return dict(letter.body) if letter else None

    def _typed(self, done: dict[str, Any], output: Output) -> Any:
        try:
            return answered_before(done["text"], done["data"], output)
        except ValueError as error:
            raise BadOutput(
                f"{done['by']} answered through {self.queue.name} what does not fit: {error}",
                expected=f"JSON that fits {canonical(schema_of(output))[:300]}",
            ) from error
