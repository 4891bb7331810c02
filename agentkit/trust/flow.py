"""Who knows what from where: labels as a fold of a log.

An activation of an actor has the label of all that it has read, from the moment it read it; what
it says, asks and calls has that label, too. So words keep their label through a summary, a vote,
another agent or an error's text: nothing that a model makes of them lowers it. What an agent calls
in one turn has the label of what its model read in that turn, whatever the calls beside it give.

Source: the taint-tracking planner of FIDES (Costa et al. 2025, section 5.2), over many agents.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from agentkit.errors import SetupError
from agentkit.events import (
    Event,
    MessageSent,
    Noted,
    RunStarted,
    ScopeClosed,
    ScopeOpened,
    StepEnded,
    StepStarted,
)
from agentkit.messages import Content, ThreadMessage
from agentkit.parts import Data
from agentkit.record import STOPPED
from agentkit.trust.labels import CLEAN, Label
from agentkit.trust.lifting import plain
from agentkit.trust.marks import NOTHING, TracedLabel, from_source
from agentkit.trust.metadata import from_wire
from agentkit.trust.notes import Governed, Labelled, Lifted
from agentkit.trust.policy import Policy

TELLS_NOTHING = {"write", "remember", "publish", "forget", "clear", "mark", "nak", "keep", "reset"}
"""What is done to a memory that gives nothing back that somebody else wrote."""


TOPICS = (Governed.topic, Labelled.topic, Lifted.topic)

RECEIVED = "a2a.received"
"""The topic of the note of a task from elsewhere; what emits it stands later."""

SILENT = ("clock", "random", "join", "person")
"""Steps whose results nobody outside wrote: a person here answers for what he says."""


@dataclass
class LabelledScope:
    """An activation of an actor, or a run itself."""

    actor: str
    what: str
    parent: str
    mark: TracedLabel = NOTHING
    """Of all that is known there."""
    turn: TracedLabel | None = None
    """Of what its model read last."""
    lifted: bool = False
    """Whether its answer holds no words."""

    @property
    def says(self) -> TracedLabel:
        """Of what is decided there."""
        return self.turn if self.what == "agent" and self.turn is not None else self.mark


class Flow:
    """The labels of one or more runs; `take` is the step of the fold."""

    def __init__(self, policy: Policy | None = None, *, keep: bool = False) -> None:
        """Make one that has seen nothing.

        Args:
            policy: what sources are declared, until a log names its own.
            keep: the mark of every event is kept, for `at`.
        """
        self.policy = policy or Policy()
        self.places: dict[tuple[str, str], LabelledScope] = {}
        self.told: dict[tuple[str, str], TracedLabel] = {}
        """Of the results of steps under way, where a peer or an adapter said it."""
        self.answers: dict[tuple[str, str], TracedLabel] = {}
        """Of what was answered from elsewhere to the questions of an activation."""
        self.said: dict[str, TracedLabel] = {}
        """Of texts that somebody was seen to say."""
        self.memories: dict[str, TracedLabel] = {}
        """Of what was written into each memory here."""
        self.marks: dict[tuple[str, int], TracedLabel] | None = {} if keep else None
        self.elsewhere: Callable[[str], TracedLabel | None] | None = None
        """What is known of a text that was not said here."""
        self.governed = False
        """Whether anything was said of labels in the log itself."""

    def take(self, event: Event) -> None:
        """Take the next event of a run into account."""
        handler = HANDLERS.get(type(event))
        found: TracedLabel | None = handler(self, event) if handler is not None else None
        if self.marks is not None:
            self.marks[event.run, event.seq] = self.now(event.run, event.scope) | (found or NOTHING)

    def place(self, run: str, scope: str) -> LabelledScope:
        """An activation; one that was never opened here is that of code of the run."""
        try:
            return self.places[run, scope]
        except KeyError:
            found = self.places[run, scope] = LabelledScope("you", "run", "")
            return found

    def now(self, run: str, scope: str) -> TracedLabel:
        """What decides in an activation now."""
        found = self.places.get((run, scope))
        return NOTHING if found is None else found.says

    def add(self, run: str, scope: str, mark: TracedLabel) -> None:
        """Let an activation know something."""
        place = self.place(run, scope)
        place.mark |= mark

    def _started(self, event: RunStarted) -> None:
        self.place(event.run, "")
        if isinstance(event.policy, dict):
            self._governs(event.policy)

    def _governs(self, form: dict[str, Any]) -> None:
        """Go by the policy that a log names."""
        self.governed = True
        if form != self.policy.form():
            with contextlib.suppress(SetupError):  # Of a newer version: what is known holds.
                self.policy = Policy.of(form)

    def _opened(self, event: ScopeOpened) -> None:
        if (event.run, event.scope) not in self.places:
            self.places[event.run, event.scope] = LabelledScope(
                event.actor, event.what, event.parent
            )

    def _sent(self, event: MessageSent) -> TracedLabel | None:
        place = self.place(event.run, event.scope)
        if event.purpose == "say":
            return place.says
        above = self.place(event.run, place.parent)
        if event.purpose == "task":
            asked = above.says.via(event.run, event.seq, f"{event.sender} asked {event.to}")
            if (told := self._told(event)) is not NOTHING:
                asked |= told
            if asked is not NOTHING:
                place.mark |= asked
        else:
            mark = place.mark
            if place.lifted:
                mark = mark.without_words()
            asked = mark.via(event.run, event.seq, f"{event.sender} answered {event.to}")
            if asked is not NOTHING:
                above.mark |= asked
        if event.nodes:
            self._keep(event.nodes[-1:], asked)
        return asked

    def _told(self, event: MessageSent) -> TracedLabel:
        """What an actor is given with a task: files, and what was said before."""
        found = NOTHING
        for node in event.nodes:
            if isinstance(node.message.content, Content):
                found |= self._parts(event, node.message.content)
        for node in event.nodes[:-1]:
            if node.message.role == "system" or not node.message.text.strip():
                continue
            known = self.said.get(node.message.text)
            if known is None and self.elsewhere is not None:
                known = self.elsewhere(node.message.text)
            if known is None:
                said = f"{event.to} was told what was said before"
                known = from_source(
                    self.policy.source("before:it"), event.run, event.seq, said, "before:it"
                )
            found |= known
        return found

    def _parts(self, event: MessageSent, content: Content) -> TracedLabel:
        found = NOTHING
        for part in content:
            if isinstance(part, str) or isinstance(part, Data) and plain(part.value):
                continue
            name = f"data:{part.name or 'it'}" if isinstance(part, Data) else "file:it"
            said = f"{event.to} was given {name.partition(':')[0]}"
            found |= from_source(self.policy.source(name), event.run, event.seq, said, name)
        return found

    def _keep(self, nodes: Iterable[ThreadMessage], mark: TracedLabel) -> None:
        """Remember of texts whose they are; one that was said twice has the worse mark."""
        for node in nodes:
            text = node.message.text
            if text:
                before = self.said.get(text)
                self.said[text] = mark if before is None else before | mark

    def _begun(self, event: StepStarted) -> TracedLabel | None:
        place = self.place(event.run, event.scope)
        if event.step == "model":
            place.turn = place.mark
            self._keep(event.nodes, place.mark)
            return place.mark
        if event.step == "memory" and event.effect != "pure":
            self._write(event, place.says)
        return place.says

    def _write(self, event: StepStarted | StepEnded, mark: TracedLabel) -> None:
        name = step_name(event).partition(".")[0]
        said = f"{self.place(event.run, event.scope).actor} wrote {name}"
        before = self.memories.get(name, NOTHING)
        self.memories[name] = before | mark.via(event.run, event.seq, said)

    def _ended(self, event: StepEnded) -> TracedLabel | None:
        place = self.place(event.run, event.scope)
        if event.step == "model":
            if event.reused is not None or place.turn is None:
                place.turn = place.mark
            self._keep(event.nodes, place.turn)
            return place.turn
        known = self.told.pop((event.run, event.key), None)
        if known is None and (event.step in SILENT or stopped(event)):
            return place.says
        mark = self._given(event) if known is None else self._lifted(event, known)
        place.mark |= mark
        if event.step == "person":
            at = event.run, event.scope
            self.answers[at] = self.answers.get(at, NOTHING) | mark
        return mark

    def _lifted(self, event: StepEnded, mark: TracedLabel) -> TracedLabel:
        """What a result brings, but for the words that one without words does not have."""
        wordless = mark.label.untrusted and lifted(event, self.policy)
        return mark.without_words() if wordless else mark

    def _given(self, event: StepEnded) -> TracedLabel:
        """What the result of a step brings, by where it comes from and what it is."""
        if (name := source_of(event)) is None:
            return NOTHING
        said = f"{self.place(event.run, event.scope).actor} read {name}"
        mark = from_source(self.policy.source(name), event.run, event.seq, said, name)
        if event.step == "memory":
            mark |= self.memories.get(name, NOTHING).via(event.run, event.seq, said)
        return self._lifted(event, mark)

    def _closed(self, event: ScopeClosed) -> TracedLabel | None:
        place = self.place(event.run, event.scope)
        if event.status != "failed":
            return None
        mark = place.mark.via(event.run, event.seq, f"{place.actor} failed, and said why")
        self.place(event.run, place.parent).mark |= mark
        return mark

    def _noted(self, event: Noted) -> TracedLabel | None:
        if event.topic not in TOPICS:
            return self._received(event) if event.topic == RECEIVED else None
        self.governed = True
        match event.note:
            case Governed(policy=form) if isinstance(form, dict):
                self._governs(form)
            case Labelled() as told:
                reader = self.place(event.run, event.scope).actor
                said = f"{reader} read {told.source}" if told.step else f"{told.source} came in"
                mark = from_source(told.label, event.run, event.seq, said, told.source)
                if not told.step:
                    self.add(event.run, event.scope, mark)
                    return mark
                # What is clean by the word of a peer that is believed is known, too.
                before = self.told.get((event.run, told.step), NOTHING)
                self.told[event.run, told.step] = before | mark
                return mark
            case Lifted():
                self.place(event.run, event.scope).lifted = True
        return None

    def _received(self, event: Noted) -> TracedLabel:
        """A task that a peer sent: it is the peer's, whoever performs it."""
        label, source = sent_by_peer(event, self.policy)
        mark = from_source(label, event.run, event.seq, f"{source} sent the task", source)
        self.add(event.run, event.scope, mark)
        return mark

    def at(self, run: str, seq: int) -> TracedLabel:
        """Of what decided or came in at an event, where marks are kept."""
        return (self.marks or {}).get((run, seq), NOTHING)

    def label(self, run: str) -> Label:
        """Of all that a run told whoever asked."""
        found = self.places.get((run, ""))
        return CLEAN if found is None else found.mark.label


HANDLERS: dict[type[Any], Callable[[Flow, Any], TracedLabel | None]] = {
    StepStarted: Flow._begun,
    StepEnded: Flow._ended,
    MessageSent: Flow._sent,
    ScopeOpened: Flow._opened,
    ScopeClosed: Flow._closed,
    Noted: Flow._noted,
    RunStarted: Flow._started,
}


def sent_by_peer(event: Noted, policy: Policy) -> tuple[Label, str]:
    """The label of a task that came from elsewhere, and from whom."""
    told = event.data if isinstance(event.data, dict) else {}
    source = client(told.get("owner"))
    return policy.believed(source, from_wire(told.get("metadata"))), source


def client(owner: Any) -> str:
    """Who calls what is served over A2A, as policies name it."""
    return f"client:{owner or 'a2a'}"


def stopped(event: StepEnded) -> bool:
    """Whether a step was given up before it told anything."""
    return event.status == "cancelled" and (event.error is None or event.error.type in STOPPED)


def source_of(event: StepEnded) -> str | None:
    """Where the result of a step comes from; None where it tells nothing."""
    if event.step != "memory":
        return step_name(event)
    if event.status == "ok" and event.name.rpartition(".")[2] in TELLS_NOTHING:
        return None
    return step_name(event).partition(".")[0]


def lifted(event: StepEnded, policy: Policy) -> bool:
    """Whether a result holds no words, so that it counts as no order."""
    if event.content is not None or event.error is not None:
        return False
    return plain(event.result) in policy.lifts


def harmless(event: StepEnded, policy: Policy) -> bool:
    """Whether the result of a step brings in nothing, in a run in which all is clean so far."""
    if stopped(event) or (name := source_of(event)) is None:
        return True
    label = policy.source(name)
    return label.clean or (label.confidentiality == "public" and lifted(event, policy))


def step_name(event: StepStarted | StepEnded) -> str:
    """A step as policies name it: "tool:pay", "memory:notes.recall"."""
    return f"{event.step}:{event.name}"


def flow_of(events: Iterable[Any], policy: Policy | None = None) -> Flow:
    """The labels of recorded events, with the mark of each event."""
    found = Flow(policy, keep=True)
    for event in events:
        found.take(event)
    return found
