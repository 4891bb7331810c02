"""The runs of an actor that is served: begun, gone on with, answered, withdrawn."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import uuid
from dataclasses import dataclass, field
from typing import Any

from agentkit.actor import BEGINNING, Actor
from agentkit.answer import Answer
from agentkit.attaching import attach
from agentkit.causes import caused_by
from agentkit.conversation import heard_in
from agentkit.errors import AgentkitError, Interrupted, LogError
from agentkit.events import Cause, Noted, RunStarted
from agentkit.given import NOT_GIVEN, identity_of
from agentkit.log import Log
from agentkit.messages import JSON, Content, canonical, digest
from agentkit.opening import run
from agentkit.person import wait_for_answer
from agentkit.protocols.a2a.tasks import BY, Folded, folded
from agentkit.protocols.a2a.terms import OVER
from agentkit.protocols.notes import Received, Withdrawn
from agentkit.questions import GivenAnswer, Pending, give
from agentkit.run import Run
from agentkit.trust.flow import client
from agentkit.trust.labels import Label
from agentkit.trust.wire import noted
from agentkit.typed import Output, schema_of

CONTEXTS = 10_000
"""Newest tasks whose contexts are known."""

RECEIVED = 3
"""Events of a run among which it says what message it is about."""


@dataclass(frozen=True)
class IncomingTask:
    """What is asked of the actor."""

    received: Received
    content: JSON | Content
    output: JSON = None
    """JSON Schema of the answer that is wanted."""
    cause: Cause | None = None
    """What the caller says of the step that it is part of."""


@dataclass
class ServedRun:
    """A run that is under way here, in a task of its own: who asked may come and go."""

    run_id: str
    task: asyncio.Task[None]
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once its first events are on their way, or it came to nothing."""
    run: Run | None = None
    fault: BaseException | None = None


class ServedRuns:
    """The runs of one actor."""

    def __init__(self, actor: Actor, log: Log, deps: Any, bounds: dict[str, Any]) -> None:
        """Serve none yet.

        Args:
            actor: that is asked.
            log: of the runs.
            deps: what tools and instructions with a context get.
            bounds: what one task may take: budget_usd, deadline_s, ...
        """
        self.actor, self.log, self.deps, self.bounds = actor, log, deps, bounds
        self.under_way: dict[str, ServedRun] = {}
        self.closing = False
        self._contexts: dict[tuple[str, str], list[str]] | None = None

    def run_of(self, message: str, owner: str, context: str, content: JSON | Content) -> str:
        """The id of the run that a message begins: the same whenever it comes, of no other one.

        Clients that give another message the id of one have sent another message.
        """
        said = content.form() if isinstance(content, Content) else content
        made = digest(canonical(["a2a", self.actor.name, message, owner, context, said]))
        return str(uuid.UUID(made[:32]))

    def found(self, run_id: str) -> Folded | None:
        """The task of that id; None where there is none that came from elsewhere."""
        if not self.log.has(run_id):
            return None  # To raise UnknownRun reads the names of all runs.
        made = folded(self.log, run_id)
        first = made.events[0] if made.events else None
        if made.received is None or not isinstance(first, RunStarted):
            return None
        return made if first.actor == self.actor.name else None

    def in_context(self, context: str, owner: str) -> list[str]:
        """The tasks of a context, the oldest first; the log is looked through once."""
        if self._contexts is None:
            self._contexts = {}
            infos = [one for one in self.log.runs() if one.actor == self.actor.name]
            for info in sorted(infos, key=lambda one: one.started)[-CONTEXTS:]:
                for event in self.log.read(info.id, upto=RECEIVED):
                    if isinstance(event, Noted) and isinstance(note := event.note, Received):
                        self._contexts.setdefault((note.context, note.owner), []).append(info.id)
        return self._contexts.get((context, owner), [])

    async def begin(self, run_id: str, errand: IncomingTask) -> ServedRun:
        """Begin a run.

        Raises:
            AgentkitError: it could not be begun; nothing was paid.
        """
        job = await self._started(run_id, errand)
        if self._contexts is not None:
            place = errand.received.context, errand.received.owner
            self._contexts.setdefault(place, []).append(run_id)
        return job

    async def go_on(self, run_id: str) -> ServedRun:
        """Go on with a run that nobody performs any more.

        Raises:
            AgentkitError: it cannot be gone on with now.
        """
        return self.under_way.get(run_id) or await self._started(run_id, None)

    async def _started(self, run_id: str, errand: IncomingTask | None) -> ServedRun:
        if self.closing:
            # What began now nobody would end, and it would write into a log that is closed.
            raise Interrupted(
                f"{self.actor.name} is served no longer; its tasks go on when it is again.",
                run_id=run_id,
            )
        # It belongs to no cell and no run, whatever the server was started in.
        opened = asyncio.Event()
        work = self._work(run_id, errand)
        task = asyncio.create_task(work, context=contextvars.Context())
        job = self.under_way[run_id] = ServedRun(run_id, task, opened)
        task.add_done_callback(lambda _: self._ended(job))
        await opened.wait()
        if job.fault is not None and job.run is None:
            raise job.fault
        return job

    def _ended(self, job: ServedRun) -> None:
        if self.under_way.get(job.run_id) is job:
            del self.under_way[job.run_id]
        job.opened.set()

    async def _work(self, run_id: str, errand: IncomingTask | None) -> None:
        await asyncio.sleep(0)  # The job is known by now.
        job = self.under_way[run_id]
        try:
            with caused_by(errand.cause if errand else None):
                await self._performed(job, errand)
        except (AgentkitError, Exception) as error:
            job.fault = error  # The run has it, and so whoever asks for the task.

    async def _performed(self, job: ServedRun, errand: IncomingTask | None) -> None:
        known = "" if self.deps is NOT_GIVEN else identity_of(self.deps, self.actor.name)
        about: dict[str, Any] = {"actor": self.actor.name, "deps": known, "log": self.log}
        about["person"] = wait_for_answer
        output: Output
        after: Any
        if errand is None:
            start = self.log.read(job.run_id, upto=1)[0]
            assert isinstance(start, RunStarted)
            task, schema = start.given, start.output
            after = heard_in(self.log.read(job.run_id, upto=BEGINNING), self.actor.name) or None
            about["resume"] = job.run_id
        else:
            task, schema = errand.content, errand.output or schema_of(self.actor.output)
            after = await self._before(errand.received.after)
            about |= {"id": job.run_id, **self.bounds}
        own = self.actor.output is not None and schema == schema_of(self.actor.output)
        output = self.actor.output if own else schema
        async with run(task=task, output=schema, **about) as opened:
            if errand is not None:
                opened.note(errand.received, scope="")
            job.run = opened
            await opened.flush()
            job.opened.set()
            await self.actor(task, output=output, after=after, deps=self.deps)

    async def _before(self, task: str) -> Answer | None:
        """The answer that a conversation goes on with."""
        if not task:
            return None
        with contextlib.suppress(AgentkitError, TimeoutError):
            found = await attach(task, log=self.log, timeout_s=1)
            return found if found.thread else None
        return None

    async def answer(
        self, task: Folded, question: Pending, said: str, message: str, label: Label | None
    ) -> None:
        """Give the answer to a question of a task.

        Args:
            task: that asks.
            question: of it.
            said: the answer.
            message: the id of the message that brings it.
            label: of that message, as its sender says.

        Raises:
            AlreadyAnswered: somebody was faster. AgentkitError: it was not recorded.
        """
        job = await self.go_on(task.run_id)  # Else nobody would take it.
        asks = task.asks(question)
        if job.run is not None and asks is not None:
            noted(job.run, client(task.owner), label, asks.key, asks.scope)
            await job.run.flush()
        await give(self.log, question, GivenAnswer(text=said, by=f"{BY}{message}"))

    async def withdraw(self, task: Folded, owner: str) -> None:
        """Cancel a task for good.

        Raises:
            AgentkitError: it is performed elsewhere, or was not recorded.
        """
        job = await self.go_on(task.run_id)
        if job.run is None or job.run.ended:
            return
        job.run.note(Withdrawn(owner=owner), scope="")
        await job.run.flush()
        job.task.cancel()
        await asyncio.wait([job.task])

    async def take_up(self) -> list[str]:
        """Go on with what a server before this one left; its tasks that cannot be stay as they are.

        Returns:
            The ids of the tasks that are under way again.
        """
        for info in self.log.runs():
            if info.actor != self.actor.name or info.status not in ("open", "cancelled"):
                continue
            task = self.found(info.id)
            if task is not None and task.status().state not in OVER:
                # One may wait for a person who says whether a step happened, or be another's.
                with contextlib.suppress(AgentkitError):
                    await self.go_on(info.id)
        return list(self.under_way)

    async def close(self) -> None:
        """End all; their runs are gone on with by the next server."""
        self.closing = True
        tasks = [job.task for job in self.under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(LogError):
            self.log.catch_up()
