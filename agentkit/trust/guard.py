"""A policy at work in a run: it follows the labels, and decides before each effect.

Decisions are taken again when a run goes on; what a person was asked stands in the log as a step.
A step that was performed is not decided anew, whatever the policy says now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from agentkit.errors import AgentkitError
from agentkit.events import Event, Failure, MessageSent, Noted, StepStarted
from agentkit.guarding import ARRIVING
from agentkit.messages import JSON
from agentkit.person import Question, agreed
from agentkit.scope import current_scope
from agentkit.step import Outcome, Step
from agentkit.toolcalls import listed
from agentkit.trust.flow import HANDLERS, RECEIVED, Flow, sent_by_peer
from agentkit.trust.heard import HEARD
from agentkit.trust.labels import CLEAN, Label
from agentkit.trust.marks import NOTHING, Mark
from agentkit.trust.notes import Governed, Labelled, Ruled, labelled
from agentkit.trust.pins import words_outside
from agentkit.trust.policy import Decision, Policy

UNASKED = ("clock", "random", "join", "person", "trial")
"""Steps that reach nobody outside."""


class PolicyRefused(AgentkitError):
    """A policy does not let a step be performed; nothing was done."""


class RunGuard:
    """What looks at one run by a policy."""

    def __init__(self, run: Any, policy: Policy, kept: list[JSON], events: Iterable[Event]) -> None:
        """Make one.

        Args:
            run: that is opened.
            policy: that holds from here on.
            kept: the policies that held in it before.
            events: of the run, where it goes on; of another one nothing is known here.
        """
        self.run, self.policy = run, policy
        self.flow = Flow(policy)
        self.flow.known = self._known
        self._kept = bool(kept) and kept[-1] == policy.form()
        self._own = False
        self._told: list[tuple[Labelled, str]] = []
        """What another run was told of its task, and of the results of its steps."""
        for event in events:
            if event.run == run.id:
                self._own = True
                self.flow.take(event)
            elif isinstance(event, Noted) and event.topic == RECEIVED:
                label, source = sent_by_peer(event, policy)
                self._told.append((labelled(label, source), ""))
            elif isinstance(event, Noted) and event.topic == Labelled.topic:
                told = event.note
                if isinstance(told, Labelled) and (told.step or not event.scope):
                    self._told.append((told, event.scope))
        self.flow.policy = policy

    def _known(self, text: str) -> Mark | None:
        here = self.flow.said.get(text)
        return HEARD.exactly(text) if here is None else here

    def begin(self, start: Any) -> None:
        """The run has begun, or goes on: the log keeps which policy holds."""
        self.flow.take(start)
        if not (self._own and self._kept):
            # As the note Governed has it; each run has one, so it is made without its class.
            self.run.emit(Noted, "", topic=Governed.topic, data=self.policy.form())
        self.flow.policy = self.policy
        for told, scope in self._told:
            self.run.note(told, scope=scope)
        outer, within = self.run.outer, self.run.within
        if outer is not None and outer.guard is not None and within is not None:
            around = outer.guard.flow.now(outer.id, within.key)
            self._say(around.label, f"run:{outer.id}", "")
        if (come := ARRIVING.get()) is not None:
            label, source = come
            self._say(self.policy.believed(source, label), source, "")

    def _say(self, label: Label, source: str, scope: str, step: str = "") -> None:
        """Put a label into the log, where there is something to say."""
        if not label.clean or step:
            self.run.note(labelled(label, source, step), scope=scope)

    def take(self, event: Any) -> None:
        """Follow the labels; what was answered before and is asked again here is known by it."""
        kind = type(event)
        if (handler := HANDLERS.get(kind)) is not None:
            handler(self.flow, event)
        if kind is not MessageSent:
            if kind is StepStarted and event.step == "model":
                self._heard(event)
            return
        place = self.flow.places[event.run, event.scope]
        if place.parent:
            return
        texts = [node.message.text for node in event.nodes]
        if event.purpose == "task":
            found = HEARD.inside("\n".join(texts)) if HEARD.doubted else None
            if found is not None and not found[0] <= place.mark.label:
                self._say(*found, event.scope)
        elif event.purpose == "answer":
            said = self.flow.place(event.run, "").mark.label
            for text in texts:
                HEARD.keep(text, said, f"run:{event.run}")

    def _heard(self, event: StepStarted) -> None:
        """Know again in later runs what a tool told here."""
        label = self.flow.now(event.run, event.scope).label
        for node in event.nodes:
            given = node.message.role == "tool"
            HEARD.keep(node.message.text, label, f"run:{event.run}", given=given)

    def equip(self, tools: Mapping[str, Any]) -> None:
        """Enter what tools of others say of themselves, unless somebody has read it."""
        scope = current_scope().key
        if not tools:
            return
        for source, digests in words_outside(tools.values()).items():
            pinned = all(self.policy.pins.get(name) == known for name, known in digests.items())
            label = CLEAN if pinned else self.policy.source(f"spec:{source}")
            if not label <= self.flow.place(self.run.id, scope).mark.label:
                self._say(label, f"spec:{source}", scope)

    def arrived(self, source: str, said: Label | None, step: str) -> None:
        """The result of a step comes from a peer, with what that says of it."""
        self._say(self.policy.believed(source, said), source, current_scope().key, step)

    def leaving(self) -> Label:
        """Of what is asked by the step that is performed here."""
        return self.flow.now(self.run.id, current_scope().key).label

    async def judge(self, step: Step) -> Outcome | None:
        """None where a step may be performed; else what whoever asked for it is told.

        Raises:
            PolicyRefused: it may not, and is no call of a tool, of which a model is told.
        """
        if step.kind in UNASKED:
            return None
        mark = self.flow.now(self.run.id, step.scope.key)
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
        return self._refused(step, name, decided, mark)

    async def _asked(self, step: Step, name: str, decided: Decision, mark: Mark) -> bool:
        """Ask a person whether this one step may be performed."""
        request = step.request if isinstance(step.request, dict) else {}
        shown = "" if step.kind == "model" else listed(request)
        question = Question(
            text=f"May {step.scope.actor} call {step.name}({shown})? {decided.reason} It came from"
            f" {', '.join(mark.origins)}.",
            options=("yes", "no"),
            default="no",
            tool=name,
            arguments=request,
        )
        return agreed(await self.run.ask_person(question))

    def _note(
        self, step: Step, name: str, decided: Decision, mark: Mark, allowed: bool | None
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

    def _refused(self, step: Step, name: str, decided: Decision, mark: Mark) -> Outcome:
        text = (
            f"{step.name} was not called: the policy {self.policy.name} does not allow it."
            f" {decided.reason} It came from {', '.join(mark.origins)}. Do not repeat it."
        )
        if step.kind == "tool":
            return Outcome(error=Failure(type=PolicyRefused.__name__, text=text))
        raise PolicyRefused(
            text,
            expected=f"a policy that allows {name} under this influence",
            todo="look at the way of it: trust.explain(run, event)",
            run_id=self.run.id,
        )

    def end(self) -> None:
        """The run has ended: what was opened around it knows what it knows."""
        for text, mark in self.flow.said.items():
            HEARD.keep(text, mark.label, f"run:{self.run.id}", given=False)
        outer, within = self.run.outer, self.run.within
        if outer is None or outer.guard is None or within is None or outer.ended:
            return
        label = self.flow.label(self.run.id)
        if not label <= outer.guard.flow.place(outer.id, within.key).mark.label:
            outer.guard._say(label, f"run:{self.run.id}", within.key)


def made(run: Any, policy: Policy | None, kept: list[JSON], events: Iterable[Event]) -> RunGuard:
    """What looks at a run: by the policy that is set, or else by the one that it had.

    Raises:
        SetupError: it had one that this version does not understand.
    """
    if policy is None:
        last = kept[-1]
        policy = Policy.of(last if isinstance(last, dict) else {"form": last})
    return RunGuard(run, policy, kept, events)


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
