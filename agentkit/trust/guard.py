"""A policy at work in a run: it follows the labels, and decides before each effect.

Decisions are taken again when a run goes on; what a person was asked stands in the log as a step.
A step that was performed is not decided anew, whatever the policy says now.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from pydantic import BaseModel

from agentkit.errors import AgentkitError
from agentkit.events import Event, Failure, MessageSent, Noted, StepEnded, StepStarted
from agentkit.guarding import ARRIVING
from agentkit.messages import JSON, Thread
from agentkit.person import Question, agreed
from agentkit.scope import YOU, current_scope
from agentkit.step import Outcome, StepRequest
from agentkit.toolcalls import listed
from agentkit.tools.approving import whole_of
from agentkit.trust.flow import (
    HANDLERS,
    RECEIVED,
    SILENT,
    TOPICS,
    Flow,
    harmless,
    sent_by_peer,
)
from agentkit.trust.heard import HEARD
from agentkit.trust.labels import CLEAN, Label
from agentkit.trust.marks import NOTHING, TracedLabel
from agentkit.trust.notes import Governed, Labelled, Ruled, labelled
from agentkit.trust.pins import words_outside
from agentkit.trust.policy import Policy, Ruling

UNASKED = ("clock", "random", "join", "person", "trial")
"""Steps that reach nobody outside."""

INSIDE = ("model", *SILENT)
"""Steps whose results bring in nothing from outside."""

WATCHED = (*TOPICS, RECEIVED)
"""Topics of notes that tell of labels."""


ONCE = "Do not repeat it."
"""What a model is told besides."""


class PolicyRefused(AgentkitError):
    """A policy does not let a step be performed; nothing was done."""


class RunGuard:
    """What looks at one run by a policy."""

    def __init__(self, run: Any, policy: Policy, events: Iterable[Event]) -> None:
        """Make one.

        Args:
            run: that is opened.
            policy: that holds from here on.
            events: of the run, where it goes on; of another one nothing is known here.
        """
        # The run holds this: held by it as well, it would be there until garbage is collected.
        self.run: Any = weakref.proxy(run)
        self.policy = policy
        self._flow: Flow | None = None
        self._later: list[Any] = []
        """What happened while nobody asked for a label."""
        self._looked = 0
        """How many of these brought in nothing from outside."""
        self.take: Callable[[Any], None] = self._later.append
        self._told: list[tuple[Labelled, str]] = []
        """What another run was told of its task, and of the results of its steps."""
        for event in events:
            if event.run == run.id:
                self.flow.take(event)
            elif isinstance(event, Noted) and event.topic == RECEIVED:
                label, source = sent_by_peer(event, policy)
                self._told.append((labelled(label, source), ""))
            elif isinstance(event, Noted) and event.topic == Labelled.topic:
                told = event.note
                if isinstance(told, Labelled) and (told.step or not event.scope):
                    self._told.append((told, event.scope))

    @property
    def flow(self) -> Flow:
        """The labels so far; they are worked out once somebody asks for them."""
        if self._flow is None:
            with self.run.emitting:
                if self._flow is None:
                    flow = Flow(self.policy)
                    flow.elsewhere = HEARD.exactly
                    for event in self._later:
                        follow(flow, event)
                    self._later, self._flow, self.take = [], flow, partial(follow, flow)
        return self._flow

    def clean_so_far(self) -> bool:
        """Whether nothing came from outside yet, as most steps find it: no label is worked out."""
        with self.run.emitting:
            if self._flow is not None:
                return False
            if first_that_brings(self._later[self._looked :], self.policy) is not None:
                return False
            self._looked = len(self._later)
        return True

    def begin(self, start: Any) -> None:
        """The run has begun, or goes on: the log keeps which policy holds."""
        self.take(start)
        if self._flow is not None:
            self._flow.policy = self.policy
        for told, scope in self._told:
            self.run.note(told, scope=scope)
        outer, within = self.run.outer, self.run.within
        known = outer.guard if outer is not None else None
        if known is not None and within is not None and not known.clean_so_far():
            around = known.flow.now(outer.id, within.key)
            self._say(around.label, f"run:{outer.id}", "")
        if (come := ARRIVING.get()) is not None:
            label, source = come
            self._say(self.policy.believed(source, label), source, "")

    def _say(self, label: Label, source: str, scope: str, step: str = "") -> None:
        """Put a label into the log, where there is something to say."""
        if not label.clean or step:
            self.run.note(labelled(label, source, step), scope=scope)

    def asked(self, scope: str, nodes: Thread) -> None:
        """Know again what was answered before in this process, and is asked here."""
        if not HEARD.doubted:
            return
        found = HEARD.inside("\n".join([node.message.text for node in nodes]))
        if found is not None and not found[0] <= self.flow.place(self.run.id, scope).mark.label:
            self._say(*found, scope)

    def equip(self, tools: Mapping[str, Any]) -> None:
        """Enter what tools of others say of themselves, unless somebody has read it."""
        if not tools:
            return
        scope = current_scope().key
        for source, digests in words_outside(tools.values()).items():
            pinned = all(self.policy.pins.get(name) == known for name, known in digests.items())
            label = CLEAN if pinned else self.policy.source(f"spec:{source}")
            if not label <= self.flow.place(self.run.id, scope).mark.label:
                self._say(label, f"spec:{source}", scope)

    def arrived(self, source: str, said: Label | None, step: str, scope: str) -> None:
        """The result of a step comes from a peer, with what that says of it."""
        self._say(self.policy.believed(source, said), source, scope, step)

    def leaving(self) -> Label:
        """Of what is asked by the step that is performed here."""
        if self.clean_so_far():
            return CLEAN
        return self.flow.now(self.run.id, current_scope().key).label

    def answered(self) -> TracedLabel:
        """Of what was answered from elsewhere to the questions that were asked here."""
        if self.clean_so_far():
            return NOTHING
        return self.flow.answers.get((self.run.id, current_scope().key), NOTHING)

    async def judge(self, step: StepRequest) -> Outcome | None:
        """None where a step may be performed; else what whoever asked for it is told.

        Raises:
            PolicyRefused: it may not, and is no call of a tool, of which a model is told.
        """
        if step.kind in UNASKED:
            return None
        if step.kind == "model" and not self.policy.judges_models:
            return None
        if self.clean_so_far():
            return None
        mark = self.flow.now(self.run.id, step.scope.key)
        if (why := await self.against(step, mark)) is None:
            return None
        text = f"{step.name} was not called: {why}"
        if step.kind == "tool":
            return Outcome(error=Failure(type=PolicyRefused.__name__, text=f"{text} {ONCE}"))
        raise PolicyRefused(
            f"{text} {ONCE}",
            expected=f"a policy that allows {step.kind}:{step.name} under this influence",
            todo="look at the way of it: trust.explain(run, event)",
            run_id=self.run.id,
        )

    async def against(self, step: StepRequest, mark: TracedLabel) -> str | None:
        """What the policy has against a step, in words; None where nothing, or a person allows it.

        Args:
            step: that is to be performed, or to go on.
            mark: of what it tells. A decision is in the log.
        """
        if mark is NOTHING:
            return None
        name = f"{step.kind}:{step.name}"
        if step.kind == "memory":
            name = name.partition(".")[0]
        decided = self.policy.decide(name, effect=step.effect, label=mark.label)
        if decided is None:
            return None
        allowed = None
        if decided.verdict == "ask":
            # Who sent the words is who would be asked: nobody allows his own.
            own = any(one.startswith("client:") for one in mark.origins)
            allowed = False if own else await self._asked(step, name, decided, mark)
        self._note(step, name, decided, mark, allowed)
        if allowed or decided.verdict == "allow":
            return None
        return (
            f"the policy {self.policy.name} does not allow it. {decided.reason} It came from"
            f" {', '.join(mark.origins)}."
        )

    async def _asked(
        self, step: StepRequest, name: str, decided: Ruling, mark: TracedLabel
    ) -> bool:
        """Ask a person whether this one step may be performed."""
        request = step.request if isinstance(step.request, dict) else {}
        full, same = whole_of(step.request) or (request, True)

        def text(arguments: dict[str, JSON]) -> str:
            shown = "" if step.kind == "model" else listed(arguments)
            return (
                f"May {step.scope.actor} call {step.name}({shown})? {decided.reason} It came from"
                f" {', '.join(mark.origins)}."
            )

        question = Question(
            text=text(full),
            options=("yes", "no"),
            default="no",
            tool=name,
            arguments=full,
        )
        if same:
            question = question.known_as(text(request))
        return agreed(await self.run.ask_person(question))

    def _note(
        self,
        step: StepRequest,
        name: str,
        decided: Ruling,
        mark: TracedLabel,
        allowed: bool | None,
    ) -> None:
        ways = mark.ways()
        told = Ruled(
            policy=self.policy.name, verdict=decided.verdict, rule=decided.rule, step=name,
            actor=step.scope.actor, reason=decided.reason, key=step.key,
            integrity=mark.label.integrity, confidentiality=mark.label.confidentiality,
            sources=mark.origins, path=tuple((one.run, one.seq) for one in ways),
            way=tuple(one.said for one in ways),
            **({} if allowed is None else {"allowed": allowed}),
        )  # fmt: skip
        self.run.note(told, scope=step.scope.key)

    def end(self) -> None:
        """The run has ended: what was opened around it knows what it knows."""
        if self.clean_so_far():
            said = [one.message for event in self._later if event.nodes for one in event.nodes]
            HEARD.clean([m.content if type(m.content) is str else m.text for m in said])
            return
        flow = self.flow
        HEARD.clean([text for text, mark in flow.said.items() if mark is NOTHING])
        for text, mark in flow.said.items():
            if mark is not NOTHING:
                HEARD.keep(text, mark.label, f"run:{self.run.id}", given=False)
        outer, within = self.run.outer, self.run.within
        if outer is None or outer.guard is None or within is None or outer.ended:
            return
        label = flow.label(self.run.id)
        if not label <= outer.guard.flow.place(outer.id, within.key).mark.label:
            outer.guard._say(label, f"run:{self.run.id}", within.key)


def follow(flow: Flow, event: Any) -> None:
    """Follow the labels of a run by one more event, and know again in later ones what was said."""
    kind = type(event)
    if kind in HANDLERS:
        HANDLERS[kind](flow, event)
    if kind is StepStarted and event.step == "model":
        mark = flow.now(event.run, event.scope)
    elif kind is MessageSent and event.purpose == "answer" and event.to == YOU:
        mark = flow.place(event.run, "").mark
    else:
        return
    if mark is NOTHING:
        return  # The end tells of all that was said here.
    for node in event.nodes:
        given = kind is MessageSent or node.message.role == "tool"
        HEARD.keep(node.message.text, mark.label, f"run:{event.run}", given=given)


def first_that_brings(events: Iterable[Any], policy: Policy) -> Any:
    """The first event that may bring in what is not clean, after none that did; None if none does.

    It runs for every event of every run with a policy, so it calls next to nothing.
    """
    for event in events:
        kind = type(event)
        if kind is StepEnded:
            if event.step not in INSIDE and not harmless(event, policy):
                return event
        elif kind is MessageSent:
            if event.purpose == "task":
                last = len(event.nodes) - 1
                for place, node in enumerate(event.nodes):
                    message = node.message
                    if type(message.content) is not str:
                        return event
                    if place < last and message.role != "system":
                        return event
        elif kind is Noted and event.topic in WATCHED:
            return event
    return None


def understood(form: JSON) -> Policy:
    """The policy that a run had.

    Raises:
        SetupError: it is none that this version understands.
    """
    return Policy.of(form if isinstance(form, dict) else {"form": form})


def entrusted(policy: Policy, outer: RunGuard | None, given: Any) -> list[tuple[str, JSON]]:
    """What the record of a run says that is begun here and performed elsewhere.

    Args:
        policy: that holds here. Whoever performs the run goes on under it, as a resume does.
        outer: what looks at the run around it; what that knows is known of the task.
        given: the task and its arguments: words that were said here keep their label.
    """
    known: list[tuple[Label, str]] = []
    if outer is not None:
        known.append((outer.leaving(), f"run:{outer.run.id}"))
    if (come := ARRIVING.get()) is not None:
        label, source = come
        known.append((policy.believed(source, label), source))
    if HEARD.doubted and (found := HEARD.inside("\n".join(texts_in(given)))) is not None:
        known.append(found)
    told = [labelled(label, source) for label, source in known if not label.clean]
    return [(one.topic, one.data()) for one in (Governed(policy=policy.form()), *told)]


def texts_in(value: Any) -> Iterator[str]:
    """The texts in what an actor is given."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield str(name)
            yield from texts_in(one)
    elif isinstance(value, Iterable) and not isinstance(value, bytes | BaseModel):
        for one in value:
            yield from texts_in(one)
    else:
        yield str(value)
