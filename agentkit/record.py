"""What a log knows of earlier attempts at a run, so that nothing is performed twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agentkit.budget import CallRefused
from agentkit.errors import SetupError
from agentkit.events import (
    Failure,
    MessageSent,
    Noted,
    RunStarted,
    ScopeClosed,
    ScopeOpened,
    StateChanged,
    StepEnded,
    StepStarted,
    Usage,
)
from agentkit.garbage import uncollected
from agentkit.messages import JSON, Content, Frozen, canonical, thread_message
from agentkit.notes import Note, Number
from agentkit.way import OWN as OWN
from agentkit.way import Way

NOT_PERFORMED = "NotPerformed"
"""The failure of a step whose beginning could not be stored: it is in no doubt."""

STOPPED = ("CancelledError", "KeyboardInterrupt")
"""Failures of steps that were stopped from outside."""


KEPT = {
    name: ScopeClosed.model_fields[name].default for name in ("data", "opaque", "stop", "missing")
}
"""What the end of a scope keeps of its answer, with what stands for nothing."""

Place = tuple[str, int]
"""The run and seq of an event."""


class Attempt(Frozen):
    """An attempt at a step, as notes name it."""

    step: str
    """The tool, ..."""
    key: str
    of: Place
    """Where it began."""


class Doubted(Note):
    """A person is asked whether these attempts happened."""

    topic = "doubt"
    grave = True
    steps: tuple[Attempt, ...]


class StillInDoubt(Note):
    """An ask goes on from an answer that told of calls that may have happened."""

    topic = "still_in_doubt"
    says = "{actor} goes on from an answer that told of calls that may have happened."
    grave = True
    actor: str
    calls: dict[str, str]
    """Each, and the run in which it was made."""


class PaidInside(Note):
    """What runs cost that were opened inside an ask; they have bills of their own."""

    topic = "paid_inside"
    says = "Runs opened inside {actor} took {calls} calls."
    actor: str
    calls: int
    usage: Usage
    cost_usd: Number | None

    def form(self) -> dict[str, Any]:
        """As an answer has it."""
        return {"inside": self.usage, "inside_usd": self.cost_usd}


class Judged(Note):
    """A person said of an attempt whether it happened."""

    topic = "verdict"
    step: str
    key: str
    of: Place
    happened: bool
    result: JSON = None


class Repaired(Note):
    """A model was asked to repair an answer that does not fit the type asked for."""

    topic = "repair"
    says = "{actor} was asked to repair its answer: {wrong}"
    grave = True
    actor: str = ""
    wrong: str
    message: str | None = None
    """Id of the answer."""


class Edited(Note):
    """A recorded step was performed by other code than there is now."""

    topic = "changed"
    step: str
    key: str
    performed: bool
    """Whether it is performed anew; else what the old code gave is reused."""


class Kept(Note):
    """A `once` step was performed by another run of the same origin; its result is taken over."""

    topic = "kept"
    step: str
    key: str
    run: str


class RunOpened(Note):
    """A run was opened inside this one, which goes on with it when it goes on itself."""

    topic = "opened"
    says = "The run {name} was opened inside of this one: {run}."
    quiet = True
    run: str
    """Its id."""
    key: str
    """What tells it from other runs that are opened in this one."""
    name: str = ""


class Unused(Note):
    """Recorded steps that a resumed run did not come by again."""

    topic = "unused"
    steps: int


@dataclass
class Recorded:
    """What the log knows of earlier attempts, by step and scope."""

    ended: dict[str, StepEnded] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    started: dict[str, StepStarted] = field(default_factory=dict)
    """Steps begun and not known to have failed; in doubt, unless they ended."""
    begun: set[str] = field(default_factory=set)
    """Names and keys of all steps that were ever begun."""
    unended: set[str] = field(default_factory=set)
    """Steps begun whose end was not recorded in any way: the process died in the middle."""
    retried: Counter[str] = field(default_factory=Counter)
    """How many attempts at a step failed and may be paid, before another one of the same call."""
    cut: list[StepEnded] = field(default_factory=list)
    """Ends of calls that were cut in flight and count as paid."""
    doubtful: dict[str, StepEnded] = field(default_factory=dict)
    """Ends of steps that may have happened, by key, where nothing later tells more of them."""
    failed: dict[str, Failure] = field(default_factory=dict)
    """Why a step failed the last time; a tool's failure is a result, and among `ended`."""
    opened: dict[str, str] = field(default_factory=dict)
    """Ids of the runs that were opened inside, by the key of each."""
    refused: dict[str, Failure] = field(default_factory=dict)
    """Why a budget did not let a call be made."""
    repairs: dict[tuple[str, str], str] = field(default_factory=dict)
    """What was wrong with a typed answer, by scope and message."""
    models: dict[str, list[str]] = field(default_factory=dict)
    """Keys of a scope's model steps in their order."""
    seen: dict[str, int] = field(default_factory=dict)
    """Identities of the events that a resumed run does not write again, and how often."""
    way: Way = field(default_factory=Way)
    answers: dict[str, str] = field(default_factory=dict)
    """Messages that were answers, by scope."""
    said_at: dict[str, int] = field(default_factory=dict)
    """The seq of each."""
    stored: set[str] = field(default_factory=set)
    """Ids of the messages in the log."""
    verdicts: dict[Place, Judged] = field(default_factory=dict)
    """What a person said of steps in doubt, by the attempt."""
    judged_at: dict[str, int] = field(default_factory=dict)
    """The seq of the last of them, by the key of the step."""
    lacking: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What was missing in the answers of scopes, of those in which something was."""
    told: set[str] = field(default_factory=set)
    """Calls that may have happened, as the run was told; see `call_as_text`."""
    carried: dict[str, dict[str, str]] = field(default_factory=dict)
    """Those of them that an answer told of from which an ask goes on, by scope."""
    asked: set[Place] = field(default_factory=set)
    """Attempts of which a person was asked whether they happened."""
    given_up: set[str] = field(default_factory=set)
    """Scopes, and keys of steps, that were stopped from outside, as the others of a join that one
    of them failed are."""
    overdue: dict[str, Failure] = field(default_factory=dict)
    """Why an ask failed whose own time was up, by its scope."""
    redacted: bool = False
    """Whether it is a redacted run's: that a step ended is known, and not how."""

    def add(self, event: Any) -> None:
        if event.nodes:
            self.stored.update([n.id for n in event.nodes])
        self.way.add(event)
        # By the class itself: a long run has tens of thousands of events to be gone through.
        kind = type(event)
        if kind is StepStarted:
            self._begun(event)
        elif kind is StepEnded:
            self._done(event)
        elif kind is ScopeClosed and event.status != "ok":
            # A resumed run asks again what failed, so that scope opens once more in the log.
            self.seen.pop(f"scope.opened {event.scope}", None)
            if event.status == "cancelled":
                self.given_up.add(event.scope)
            self._late(event)
        else:
            self.redacted |= kind is RunStarted and event.redacted
            name = identity(event)
            self.seen[name] = self.seen.get(name, 0) + 1
            if kind is ScopeClosed and event.missing:
                self.lacking[event.scope] = event.missing
            if kind is MessageSent and event.purpose == "answer":
                self.answers[event.scope] = event.message
                self.said_at[event.scope] = event.seq
                self.overdue.pop(event.scope, None)
            elif kind is Noted:
                self._noted(event)

    def _late(self, event: ScopeClosed) -> None:
        error = event.error
        self.overdue.pop(event.scope, None)
        if error and error.type == "DeadlinePassed" and isinstance(error.facts, dict):
            if error.facts.get("key") == event.scope:
                self.overdue[event.scope] = error

    def _begun(self, event: StepStarted) -> None:
        self.started[event.key] = event
        self.begun.add(event.key)
        self.begun.add(event.name)
        self.unended.add(event.key)
        # What came of earlier attempts at it is not the last that is known of it.
        self.failed.pop(event.key, None)
        self.refused.pop(event.key, None)
        self.retried.pop(event.key, None)
        if self.told:
            # A person allowed the call, or it would not have been begun again.
            self.told.discard(call_as_text(event.name, event.request))
        self.attempts[event.key] = event.attempt
        models = self.models.setdefault(event.scope, [])
        if event.step == "model" and event.key not in models:
            models.append(event.key)

    def _done(self, event: StepEnded) -> None:
        self.unended.discard(event.key)
        if event.doubt:
            self.doubtful[event.key] = event
        elif self.doubtful:
            self.doubtful.pop(event.key, None)
        begun = self.started.get(event.key)
        if event.doubt or (self.told and begun is not None):
            # Without a beginning it was not performed: a person did not allow it.
            made = call_as_text(event.name, begun.request if begun else event.request)
            (self.told.add if event.doubt else self.told.discard)(made)
        # A tool's failure is a result: its model was told, and answered what follows from it.
        final = event.status == "ok" or (event.status == "failed" and event.step == "tool")
        if event.status == "cancelled":
            self.given_up.add(event.key)
        if event.usage is not None and not final and event.reused is None:
            # Cut in flight, it may have been charged; a resumed budget counts it as paid.
            self.cut.append(event)
        if final and not self.redacted:
            self.ended[event.key] = event
        elif final:
            self.failed.pop(event.key, None)
        elif event.status == "failed":
            # It ended, if badly: in no doubt, so it may be begun again.
            self.started.pop(event.key, None)
            self.failed[event.key] = event.error or Failure(type="AgentkitError", text="")
        elif event.error and event.error.type == NOT_PERFORMED:
            self.started.pop(event.key, None)
        elif event.error and event.step == "tool" and event.error.type not in STOPPED:
            self.failed[event.key] = event.error

    def _noted(self, event: Noted) -> None:
        if event.topic == "retry" and isinstance(event.data, dict):
            self.retried[str(event.data.get("step", ""))] += 1
        match event.note:
            case Repaired(message=str(message), wrong=wrong):
                self.repairs[event.scope, message] = wrong
            case CallRefused(key=str(key), error=error, text=text) if key:
                self.refused[key] = Failure(type=error, text=text)
                self.failed.pop(key, None)
            case RunOpened(run=run, key=key):
                self.opened[key] = run
            case Judged() as judged:
                self.verdicts[judged.of] = judged
                self.judged_at[judged.key] = event.seq
            case Doubted(steps=steps):
                self.asked.update(one.of for one in steps)
            case StillInDoubt(calls=calls):
                self.carried[event.scope] = calls
                self.told.update(calls)

    def unsettled(self) -> set[str]:
        """Calls that may have happened, of which nobody has spoken since."""
        own = set[str]()
        for key, end in self.doubtful.items():
            if self.judged_at.get(key, 0) < end.seq:
                begun = self.started.get(key)
                own.add(call_as_text(end.name, begun.request if begun else end.request))
        return self.told & own.union(*self.carried.values())


def identity(event: Any) -> str:
    """What makes an event the same when a resumed run comes by again."""
    kind = type(event)
    if kind is ScopeOpened:
        return f"{event.kind} {event.scope}"
    if kind is MessageSent:
        return f"{event.scope} {event.purpose} {event.sender} {event.to} {event.message}"
    if kind is ScopeClosed:
        # With another budget a run goes on to a fuller answer; then its end counts, too.
        kept = event.__dict__
        told = {name: kept[name] for name, nothing in KEPT.items() if kept[name] != nothing}
        return f"{event.kind} {event.scope} {canonical(told) if told else '{}'}"
    if kind is Noted:
        return f"{event.scope} {event.topic} {canonical(event.data)}"
    if kind is StateChanged:
        return f"{event.scope} {event.name} = {canonical(event.value)}"
    return f"{event.kind} {event.seq}"


def call_as_text(name: str, request: JSON) -> str:
    """What makes two calls of a run the same to the world, whoever makes them."""
    return f"{name}({canonical(request)})"


@uncollected()
def recorded(events: Iterable[Any]) -> Recorded:
    """What a log knows by these events."""
    found = Recorded()
    for event in events:
        found.add(event)
    return found


def edited(events: list[Any], at: int | None, edit: dict[Any, Any]) -> list[Any]:
    """The events that a fork shares with its origin, with the edits made.

    Raises:
        SetupError: an edit names no step's end, or one after `at`.
    """
    edit = {seq: new for seq, new in edit.items() if seq != "task"}
    ends = {e.seq: e for e in events if isinstance(e, StepEnded)}
    wrong = [seq for seq in edit if seq not in ends]
    if wrong:
        known = ", ".join(f"{seq} ({e.step} {e.name})" for seq, e in list(ends.items())[-8:])
        raise SetupError(
            f"Event {wrong[0]} cannot be edited.",
            expected=f"the seq of a step.ended, or 'task'; the last are: {known or 'none'}",
            todo="see them with %events RUN, or `agentkit log show RUN`",
        )
    last = at if at is not None else events[-1].seq
    if any(seq > last for seq in edit):
        raise SetupError(
            f"An edit is of an event after {last}, where the fork begins.",
            todo="fork at a later event",
        )
    return [replaced(e, edit[e.seq]) if e.seq in edit else e for e in events if e.seq <= last]


def replaced(event: StepEnded, new: JSON | Content) -> StepEnded:
    """The end of a step with another result; a model's reply is given as its text."""
    content = new if isinstance(new, Content) else None
    if event.step != "model":
        result = new if content is None else str(content)
        given = {"result": result, "content": content, "error": None, "status": "ok"}
        return event.model_copy(update=given)
    old = event.nodes[-1]
    words = new if isinstance(new, str | Content) else canonical(new)
    reply = thread_message(
        old.message.model_copy(
            # What went back verbatim, and what was thought, belong to the words that were edited.
            update={"content": words, "calls": (), "native": None, "reasoning": ""}
        ),
        old.parent,
    )
    result = {**event.result, "reply": reply.id, "stop": "stop"}
    return event.model_copy(update={"nodes": (reply,), "result": result})
