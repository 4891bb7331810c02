"""What is said of a task while it is at work: pieces of its answer, and its states."""

from __future__ import annotations

import uuid
from typing import Any

from a2a.types import (
    Artifact,
    Message,
    Part,
    Role,
    TaskArtifactUpdateEvent,
    TaskStatusUpdateEvent,
)

from agentkit.events import Delta, Noted, ScopeOpened
from agentkit.office import Progressed
from agentkit.protocols.a2a.tasks import Folded
from agentkit.protocols.a2a.terms import ANSWER, HELD, OVER


class TaskNews:
    """What is said of a task while it is at work."""

    def __init__(self, task: Folded) -> None:
        self.task = task
        self.told = False
        """Whether a piece of the answer was told."""
        self._key = ""
        self._top = next((e.scope for e in task.events if isinstance(e, ScopeOpened)), "")

    def take(self, item: Any) -> TaskArtifactUpdateEvent | TaskStatusUpdateEvent | None:
        """What is told of an event, or of a piece of a reply."""
        if isinstance(item, Delta):
            return self._piece(item)
        if not hasattr(item, "seq"):
            return None
        self.task.take([item])
        if isinstance(item, ScopeOpened) and not self._top:
            self._top = item.scope
        if isinstance(item, Noted) and isinstance(note := item.note, Progressed) and note.text:
            return status_event(self.task, note.text)
        return None

    def _piece(self, delta: Delta) -> TaskArtifactUpdateEvent | None:
        if delta.scope != self._top or not delta.text:
            return None  # Of a member, whose words are not the answer.
        # Another turn begins anew: the words before a call of a tool are no part of the answer.
        append = self.told and delta.key == self._key
        self.told, self._key = True, delta.key
        artifact = Artifact(artifact_id=ANSWER, name=ANSWER, parts=[Part(text=delta.text)])
        return self._event(artifact, append=append, last=False)

    def whole(self) -> TaskArtifactUpdateEvent:
        """The answer, in place of the pieces of it."""
        return self._event(self.task.artifact() or Artifact(), append=False, last=True)

    def _event(self, artifact: Artifact, *, append: bool, last: bool) -> TaskArtifactUpdateEvent:
        return TaskArtifactUpdateEvent(
            task_id=self.task.run_id,
            context_id=self.task.context,
            artifact=artifact,
            append=append,
            last_chunk=last,
        )


def status_event(task: Folded, text: str = "") -> TaskStatusUpdateEvent:
    """The state of a task as an event, with words of its own where it is at work."""
    status = task.status()
    if text and status.state not in (*OVER, *HELD):
        status.message.CopyFrom(
            Message(
                message_id=str(uuid.uuid4()),
                role=Role.ROLE_AGENT,
                parts=[Part(text=text)],
                task_id=task.run_id,
                context_id=task.context,
            )
        )
    made = TaskStatusUpdateEvent(task_id=task.run_id, context_id=task.context, status=status)
    if status.state in OVER:
        made.metadata.CopyFrom(task.task().metadata)
    return made
