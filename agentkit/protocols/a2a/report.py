"""What is known of a task that an agent elsewhere has taken on."""

from __future__ import annotations

from typing import Any

from a2a.types import Artifact, Message, Role, Task, TaskState

from agentkit.amounts import size
from agentkit.messages import JSON, Content, canonical
from agentkit.protocols.a2a.bounds import LONGEST_ID, PIECES
from agentkit.protocols.a2a.content import content_of, typed_in, value_of
from agentkit.protocols.a2a.terms import COST, ERROR, LACKS, OVER, USAGE
from agentkit.protocols.bounds import LARGEST
from agentkit.protocols.errors import PeerProtocolError
from agentkit.trust.metadata import KEY


class Report:
    """A task as far as its events have told it, bounded."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.task: Task | None = None
        self.message: Message | None = None
        """An answer without a task."""
        self._taken = self._bytes = 0
        self._told: dict[str, list[str]] = {}
        """The text of each artifact, in pieces."""
        self._places: dict[str, int] = {}
        """Of the artifacts: a flood of events must not look through all of them each time."""
        self._labels: dict[str, dict[str, JSON]] = {}

    @property
    def state(self) -> Any:
        """Of the task."""
        return self.task.status.state if self.task else TaskState.TASK_STATE_UNSPECIFIED

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return self.message is not None or self.state in OVER

    def take(self, event: Any) -> str:
        """Take an event, or a whole task.

        Returns:
            What it adds to the text of the answer.

        Raises:
            PeerProtocolError: it fits no task, is of another one, or too much has come.
        """
        self._taken += 1
        self._bytes += event.ByteSize()
        if self._taken > PIECES or self._bytes > LARGEST:
            raise PeerProtocolError(
                f"The answer of {self.where} was not taken: it sent more than"
                f" {size(LARGEST)}, or {PIECES:,} events."
            )
        if isinstance(event, Task):
            self._whole(event)
            return self._news()
        match event.WhichOneof("payload"):
            case "task":
                self._whole(event.task)
            case "message":
                self.message = event.message
                self._labelled(event.message)
                return ""
            case "status_update":
                self._known(event.status_update.task_id).status.CopyFrom(event.status_update.status)
                if self.task is not None:
                    self.task.metadata.MergeFrom(event.status_update.metadata)
                self._labelled(event.status_update, event.status_update.status.message)
                return ""
            case "artifact_update":
                self._labelled(event.artifact_update, event.artifact_update.artifact)
                return self._artifact(event.artifact_update)
            case _:
                raise self._wrong("an event without content")
        return self._news()

    def _whole(self, task: Task) -> None:
        if self.task is not None and task.id != self.task.id:
            raise self._wrong("another task")
        if not 0 < len(task.id) <= LONGEST_ID or len(task.context_id) > LONGEST_ID:
            raise self._wrong("a task without an id that can be kept")
        self.task = Task()
        self.task.CopyFrom(task)
        self._places = {one.artifact_id: at for at, one in enumerate(task.artifacts)}
        said = [one for one in task.history if one.role == Role.ROLE_AGENT]
        self._labelled(task, task.status.message, *task.artifacts, *said)

    def _known(self, id: str) -> Task:
        if self.task is None:
            self.task = Task(id=id[:LONGEST_ID])
        if id != self.task.id or not id:
            raise self._wrong("news of another task")
        return self.task

    def _artifact(self, update: Any) -> str:
        """Take a piece of an artifact; returns what it adds to the text."""
        task, came = self._known(update.task_id), update.artifact
        task.context_id = task.context_id or update.context_id
        at = self._places.get(came.artifact_id)
        if at is None:
            self._places[came.artifact_id] = len(task.artifacts)
            task.artifacts.append(came)
        elif update.append:
            mine = task.artifacts[at]
            mine.parts.extend(came.parts)
            mine.metadata.MergeFrom(came.metadata)
            text = text_of(came)
            self._told.setdefault(came.artifact_id, []).append(text)
            return text
        else:
            task.artifacts[at].CopyFrom(came)
        return self._more(came)

    def _more(self, artifact: Artifact) -> str:
        """What the text of a whole artifact has more than it had."""
        text, before = text_of(artifact), "".join(self._told.get(artifact.artifact_id, ()))
        self._told[artifact.artifact_id] = [text]
        return text[len(before) :] if text.startswith(before) else ""

    def _news(self) -> str:
        """What the texts of the artifacts have more than they had."""
        return "".join(map(self._more, self.task.artifacts if self.task else ()))

    def _wrong(self, what: str) -> PeerProtocolError:
        return PeerProtocolError(
            f"{self.where[:1].upper()}{self.where[1:]} sent {what}.",
            expected="the events of the one task that it was given",
        )

    def parts(self) -> list[Any]:
        """What was answered: the artifacts, or else the last words."""
        if self.message is not None:
            return list(self.message.parts)
        task = self.task or Task()
        found: list[Any] = []
        for one in task.artifacts:
            found += merged_parts(one.parts)
        if found:
            return found
        if task.status.message.parts:
            return list(task.status.message.parts)
        said = [one for one in task.history if one.role == Role.ROLE_AGENT]
        return list(said[-1].parts) if said else []

    def content(self) -> str | Content:
        """The same as content, without the typed data."""
        parts = [one for one in self.parts() if not typed_in([one])[0]]
        return content_of(parts)

    def typed(self) -> tuple[bool, JSON]:
        """Whether it has typed data, and they."""
        return typed_in(self.parts())

    def words(self) -> str:
        """What is said of its state."""
        return str(content_of(self.task.status.message.parts)) if self.task else ""

    def error(self) -> str:
        """The class of the error that it failed with, as far as it says."""
        fields = self.task.status.message.metadata.fields if self.task else {}
        return str(fields[ERROR].string_value) if ERROR in fields else ""

    def labels(self) -> list[dict[str, JSON]]:
        """Each label that came along, with the task, an event, a message, an artifact or a part."""
        return list(self._labels.values())

    def _labelled(self, *told: Any) -> None:
        """Keep the labels of what was told: a later event does not take back an earlier one."""
        for one in told:
            if KEY in one.metadata.fields:
                label = {KEY: value_of(one.metadata.fields[KEY])}
                self._labels[canonical(label)] = label
            if isinstance(one, Message | Artifact):
                self._labelled(*one.parts)

    def told(self) -> dict[str, JSON]:
        """What is told of it: what it took and what it lacks, as far as it says."""
        if self.task is None:
            return {}
        fields = self.task.metadata.fields
        found = {name: value_of(fields[name]) for name in (COST, USAGE) if name in fields}
        for one in self.task.artifacts:
            if LACKS in one.metadata.fields:
                found[LACKS] = value_of(one.metadata.fields[LACKS])
        return found


def text_of(artifact: Artifact) -> str:
    """Its text, without the rest."""
    return "".join(part.text for part in artifact.parts)


def merged_parts(parts: Any) -> list[Any]:
    """Parts of an artifact; texts that came in pieces are one."""
    found: list[Any] = []
    for one in parts:
        plain = one.WhichOneof("content") == "text"
        if plain and found and found[-1].WhichOneof("content") == "text":
            made = type(one)()
            made.CopyFrom(found[-1])
            made.text += one.text
            found[-1] = made
        else:
            found.append(one)
    return found
