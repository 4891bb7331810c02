"""A run as a task of the protocol: a fold of its events.

    submitted -> working -> completed | failed | canceled
                 working <-> input-required

The run is the task: its id, its states and what came of it are in the log and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from a2a.types import Artifact, Message, Role, Task, TaskState, TaskStatus

from agentkit.answer import Answer
from agentkit.errors import AgentkitError, UnsupportedPart
from agentkit.events import Noted, RunEnded, RunStarted, ScopeOpened, StepEnded, StepStarted
from agentkit.finished import recorded_answer
from agentkit.log import Log, RunInfo
from agentkit.messages import JSON, Content
from agentkit.protocols.a2a.content import parts_of, proto_value, typed
from agentkit.protocols.a2a.terms import ANSWER, COST, ERROR, LACKS, OPTIONS, RUN, USAGE, camel
from agentkit.protocols.notes import Received, Withdrawn
from agentkit.questions import OpenQuestions, Pending, given, question_id
from agentkit.trust.wire import told_in
from agentkit.values import jsonable

GOES_ON = ("Unsettled", "RunTaken", "Interrupted", "Waiting", "LogLocked", "LogUnreachable")
"""Errors after which a run is gone on with: its task has not failed."""


class Folded:
    """The events of a run so far, and the task that they make."""

    def __init__(self, log: Log, run_id: str) -> None:
        self.log, self.run_id = log, run_id
        self.events: list[Any] = []
        self.asked = OpenQuestions()
        self.received: Received | None = None
        self.withdrawn = self.begun = False
        self.end: RunEnded | None = None
        self.history: list[Message] = []
        self._puts: dict[str, str] = {}

    @property
    def seq(self) -> int:
        """Of the last event."""
        return self.events[-1].seq if self.events else 0

    def take(self, events: Iterable[Any]) -> None:
        """Take more events into account; those that are known already change nothing."""
        for event in events:
            if event.seq > self.seq:
                self.events.append(event)
                self._add(event)

    def _add(self, event: Any) -> None:
        self.asked.add(event)
        match event:
            case RunStarted():
                self.end = None
            case RunEnded():
                self.end = event
            case ScopeOpened():
                self.begun = True
            case Noted(note=Received() as received) if self.received is None:
                self.received = received
                self.history.append(self._said(received.message, self.events[0].given))
            case Noted(note=Withdrawn()):
                self.withdrawn = True
            case StepStarted(step="person"):
                self._question(event)
            case StepEnded(step="person", status="ok"):
                self._answer(event)

    def _question(self, event: StepStarted) -> None:
        id = question_id(self.run_id, event.key)
        if event.key not in self._puts:
            self._puts[event.key] = id
            told = event.request if isinstance(event.request, dict) else {}
            self.history.append(self._asks(id, str(told.get("text", event.name)), ()))

    def _answer(self, event: StepEnded) -> None:
        found = event.result
        told: dict[str, Any] = found if isinstance(found, dict) else {"text": found}
        by = str(told.get("by", ""))
        if by.startswith(BY):
            self.history.append(self._said(by.removeprefix(BY), str(told.get("text", ""))))

    def _said(self, id: str, content: JSON | Content) -> Message:
        """A message of who asked."""
        parts = parts_of(content)
        return self._message(id, Role.ROLE_USER, parts)

    def _asks(self, id: str, text: str, options: Iterable[str]) -> Message:
        """A message of ours."""
        made = self._message(id, Role.ROLE_AGENT, parts_of(text))
        if options:
            made.metadata[OPTIONS] = list(options)
        return made

    def _message(self, id: str, role: Any, parts: Any) -> Message:
        return Message(
            message_id=id, role=role, parts=parts, task_id=self.run_id, context_id=self.context
        )

    @property
    def context(self) -> str:
        """The context that the task belongs to."""
        return self.received.context if self.received else self.run_id

    @property
    def owner(self) -> str:
        """Who sent it."""
        return self.received.owner if self.received else ""

    def open(self) -> list[Pending]:
        """The questions that wait for who asked."""
        if self.end is not None:
            return []
        info = RunInfo(
            id=self.run_id, name="", actor=None, status="open", started=0, ended=None, events=0,
            calls=0, tokens_in=0, tokens_out=0, cost_usd=None, origin=None, owner="",
        )  # fmt: skip
        found = self.asked.listed(info, self.log)
        return [one for one in found if given(self.log, one.id) is None]

    def asks(self, question: Pending) -> StepStarted | None:
        """The step that puts a question."""
        found = self.asked.open.values()
        return next(
            (one for one in found if question_id(self.run_id, one.key) == question.id), None
        )

    def heard(self, message: str, parts: Any) -> bool:
        """Whether a message has been taken already: one of that id that says the same."""
        text = "".join(one.text for one in parts).strip()
        said = [one for one in self.history if one.message_id == message]
        return any(
            list(one.parts) == list(parts) or alike("".join(p.text for p in one.parts), text)
            for one in said
        )

    def status(self) -> TaskStatus:
        """The state that the task is in, and since when."""
        state, said = self._state()
        made = TaskStatus(state=state, message=said)
        if self.events:
            made.timestamp.FromNanoseconds(int(self.events[-1].at * 1e9) // 1_000_000 * 1_000_000)
        return made

    def _state(self) -> tuple[Any, Message | None]:
        end = self.end
        if end is not None:
            return self._ended(end)
        if questions := self.open():
            one = questions[0]
            options = () if one.words else one.options
            return TaskState.TASK_STATE_INPUT_REQUIRED, self._asks(one.id, one.text, options)
        if self.begun:
            return TaskState.TASK_STATE_WORKING, None
        return TaskState.TASK_STATE_SUBMITTED, None

    def _ended(self, end: RunEnded) -> tuple[Any, Message | None]:
        if self.withdrawn:
            return TaskState.TASK_STATE_CANCELED, None
        if end.status == "ok":
            return TaskState.TASK_STATE_COMPLETED, None
        error = end.error
        if end.status == "cancelled" or (error is not None and error.type in GOES_ON):
            why = error.text if error is not None and end.status == "failed" else "It was stopped."
            text = f"{why} It goes on once its owner has seen to it."
            return TaskState.TASK_STATE_WORKING, self._asks(f"{self.run_id}-held", text, ())
        text = str(error) if error else "It failed."
        said = self._asks(f"{self.run_id}-error", text, ())
        if error is not None:
            said.metadata[ERROR] = error.type
        return TaskState.TASK_STATE_FAILED, said

    def answer(self) -> Answer | None:
        """What was answered, once it was."""
        start = self.events[0] if self.events else None
        if self.end is None or self.end.status != "ok" or not isinstance(start, RunStarted):
            return None
        return recorded_answer(self.events, "", str(start.actor), start.given, start.output)

    def artifact(self) -> Artifact | None:
        """The answer as an artifact."""
        found = self.answer()
        if found is None:
            return None
        parts = parts_of(found.said)
        if found.data is not None:
            try:
                parts.append(typed(jsonable(found.data)))
            except (UnsupportedPart, ValueError):
                pass  # Its text says it, too.
        made = Artifact(artifact_id=ANSWER, name=ANSWER, parts=parts)
        if found.fault:
            made.metadata[LACKS] = found.fault
        return made

    def task(self) -> Task:
        """All of it."""
        made = Task(
            id=self.run_id, context_id=self.context, status=self.status(), history=self.history
        )
        try:
            found, artifact = self.answer(), self.artifact()
        except AgentkitError as error:
            made.status.message.CopyFrom(self._asks(f"{self.run_id}-error", str(error), ()))
            return made
        made.metadata[RUN] = self.run_id
        for name, label in told_in(self.events, self.run_id).items():
            made.metadata[name] = proto_value(label).struct_value
        if artifact is not None and found is not None:
            made.artifacts.append(artifact)
            used = {camel(name): one for name, one in found.usage.model_dump(mode="json").items()}
            made.metadata[USAGE] = proto_value(used).struct_value
            if found.cost_usd is not None:
                made.metadata[COST] = found.cost_usd
        return made


def alike(taken: str, said: str) -> bool:
    """Whether an answer was taken from these words: "Yes." is taken as "yes"."""
    return taken.casefold() == said.casefold().rstrip(".!")


BY = "message "
"""Before the id of a message that answered a question, where the log says by whom it was."""


def folded(log: Log, run_id: str) -> Folded:
    """A run as a task.

    Raises:
        UnknownRun: there is none.
    """
    made = Folded(log, run_id)
    made.take(log.read(run_id))
    return made
