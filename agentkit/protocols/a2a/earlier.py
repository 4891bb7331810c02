"""What earlier attempts at an ask of an agent elsewhere left: its task, if any, and questions."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import dataclass, field
from typing import Any

from a2a.types import GetTaskRequest, ListTasksRequest, Task

from agentkit.events import Noted, StepEnded, StepStarted
from agentkit.messages import digest
from agentkit.protocols.a2a.faults import NOT_FOUND, fault
from agentkit.protocols.a2a.peer import Peer
from agentkit.protocols.a2a.terms import DEAD
from agentkit.protocols.errors import PeerRejected, PeerTimedOut
from agentkit.protocols.foreign import opening
from agentkit.protocols.notes import RemoteAsked, RemoteTask
from agentkit.run import Run

LOOK_S = 10.0
"""To be told of an old task."""

NOTHING_DONE = ("PeerAbsent", "PeerDenied", "PeerNotAllowed", "PeerUntrusted", "PeerRejected")
"""Errors after which it is known that nobody works at what was sent."""


@dataclass
class Earlier:
    """Of one ask."""

    tasks: list[str] = field(default_factory=list)
    """Its tasks, in the order in which they were made."""
    asked: list[RemoteAsked] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    """By the id of the question, once they are looked up."""
    attempts: int = 0
    """Tasks that came to nothing."""
    done: bool = False
    """Whether it is recorded what was answered."""
    open: bool = False
    """Whether a message may have been sent of which nothing is known."""
    crashed: bool = False
    """Whether the process ended while it was under way."""
    snapshot: Task | None = None
    """The task that goes on, or was answered while nobody listened."""

    async def look(self, peer: Peer, context: str, message: str) -> bool:
        """Ask the agent for the task that it has.

        Args:
            peer: the agent.
            context: of the message.
            message: its id.

        Returns:
            Whether it is safe to make another one: False where one may be under way there.

        Raises:
            PeerError: it cannot be asked.
        """
        if self.done or not (self.tasks or self.open):
            return True
        found: Task | None = None
        try:
            async with asyncio.timeout(LOOK_S), peer.client() as client:
                if self.tasks:
                    found = await self._of(client, self.tasks[-1], peer.where)
                else:
                    found = await self._search(client, context, message)
        except TimeoutError as error:
            if self.tasks:
                raise PeerTimedOut(
                    f"{opening(peer.where)} did not tell of its task within {LOOK_S:g} s.",
                    todo="resume again once it is well",
                ) from error
        if found is None:
            self.attempts += len(self.tasks)
            return peer.once
        if found.status.state in DEAD:
            self.attempts += max(1, len(self.tasks))
        else:
            self.snapshot = found
        return True

    async def _of(self, client: Any, id: str, where: str) -> Task | None:
        try:
            found: Task = await client.get_task(GetTaskRequest(id=id))
            return found
        except Exception as error:
            told = fault(error, where)
            if isinstance(told, PeerRejected) and told.context.get("code") == NOT_FOUND:
                return None
            raise told from error

    async def _search(self, client: Any, context: str, message: str) -> Task | None:
        """The task that a message made, of which only that is known."""
        with contextlib.suppress(Exception):
            page = await client.list_tasks(ListTasksRequest(context_id=context, page_size=20))
            for one in page.tasks:
                if any(said.message_id == message for said in one.history) or len(page.tasks) == 1:
                    found: Task = await client.get_task(GetTaskRequest(id=one.id))
                    return found
        return None


def left_by(run: Run, scope: str) -> Earlier:
    """What the log has of earlier attempts at the ask of a scope.

    Raises:
        LogError: it cannot be read.
    """
    made = Earlier()
    if run.how != "resume":
        return made
    for event in run.log.read(run.id):
        if event.scope != scope:
            continue
        match event:
            case Noted(note=RemoteTask(task=task)):
                if task not in made.tasks:
                    made.tasks.append(task)
                made.open = False
            case Noted(note=RemoteAsked() as asked):
                if asked.question not in {one.question for one in made.asked}:
                    made.asked.append(asked)
            case StepStarted(step="remote"):
                made.open = made.crashed = True
            case StepEnded(step="remote"):
                made.crashed = False
                made.done = event.status == "ok"
                if made.done or (event.error and event.error.type in NOTHING_DONE):
                    made.open = False
    return made


def message_id(*parts: str) -> str:
    """An id that is the same whenever it is made of the same."""
    return str(uuid.UUID(digest("a2a message", *parts)[:32]))
