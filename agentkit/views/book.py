"""What every view needs to know of a run: its scopes, its steps and its messages.

A run that was interrupted and resumed tells the beginning again: the same scopes
open, the same messages are sent. The book recognises what it has seen, so that
views count it once.

It also gives every event its order in the story, which does not depend on timing: what an
activation began stands in the order in which it began it, each with all that happened inside.
Who of several parallel workers answers first changes no picture that goes by it.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Literal

from agentkit.deprecated import moved
from agentkit.events import (
    Event,
    MessageSent,
    Noted,
    RunEnded,
    RunStarted,
    ScopeClosed,
    ScopeOpened,
    StateChanged,
    StepEnded,
    StepStarted,
)
from agentkit.messages import JSON, Message, canonical
from agentkit.views.entries import Order, RunEntry, ScopeEntry, StepEntry
from agentkit.views.phrases import speech

YOU = "you"
"""The person at the notebook, who is the asker of what nobody else asked."""

CUT = "cut off"
"""How an activation ended that a crash left open."""


BEHIND = float("inf")
"""The number of what stands after all that an activation has begun."""

News = Literal["new", "again", "old"]
"""Never seen; told again by a resumed run; the very same event once more."""


class Book:
    """Scopes, steps and messages of one or more runs, kept up to date by `take`."""

    def __init__(self) -> None:
        self.runs: dict[str, RunEntry] = {}
        self.scopes: dict[tuple[str, str], ScopeEntry] = {}
        self.steps: dict[tuple[str, str], StepEntry] = {}
        self.messages: dict[str, Message] = {}
        self.revived: list[ScopeEntry] = []
        """Activations that the latest event showed to be going on after a crash."""
        self.order: Order = ()
        """Of the latest event."""
        self.told: Counter[tuple[str, ...]] = Counter()
        self.retold: Counter[tuple[str, ...]] = Counter()

    def take(self, event: Event) -> News:
        """Note the event and say whether it is news."""
        entry = self.runs.get(event.run)
        if entry is None:
            order = (float(len(self.runs)),)
            entry = RunEntry(event.run, event.run[:8], event.at, order=order, last=order)
            self.runs[event.run] = entry
        if event.seq <= entry.seq:
            return "old"
        entry.seq = event.seq
        for node in event.nodes:
            self.messages[node.id] = node.message
        self.revived = []
        if not isinstance(event, ScopeOpened):
            self.revive(event.run, event.scope)
        # What begins nothing stands after all that has begun there so far.
        around = self.around(event.run, event.scope)
        self.order = (*around.order, around.begun, BEHIND)
        news = self.enter(event, entry)
        entry.last = max(entry.last, self.order)
        return news

    def around(self, run: str, scope: str) -> ScopeEntry | RunEntry:
        """The activation that something happens in, or the run where it is in none."""
        return self.scopes.get((run, scope)) or self.runs[run]

    def next_in(self, run: str, scope: str) -> Order:
        """The order of what begins now in an activation."""
        around = self.around(run, scope)
        around.begun += 1
        return (*around.order, around.begun)

    def revive(self, run: str, key: str) -> None:
        """Open what a crash cut off and a resumed run goes on with, and all around it.

        A resumed run does not record again that an activation opened.
        """
        scope = self.scopes.get((run, key))
        if scope is None or scope.status != CUT:
            return
        scope.open, scope.status = True, ""
        self.adopt(scope, 1)
        self.revived.append(scope)
        self.revive(run, scope.parent)

    def enter(self, event: Event, entry: RunEntry) -> News:
        """Enter an event that was not seen before."""
        match event:
            case RunStarted():
                return self.start(event, entry)
            case RunEnded():
                self.order = (*entry.last, BEHIND)
                entry.status = event.status
                self.shut(event.run, event.status)
            case ScopeOpened():
                return self.open(event)
            case ScopeClosed():
                scope = self.scopes.get((event.run, event.scope))
                if scope is None or not scope.open:
                    return "again"
                self.close(scope, event.status)
            case StepStarted():
                return self.begin(event)
            case StepEnded():
                return self.end(event)
            case MessageSent():
                marks = (event.purpose, event.sender, event.to, event.message)
                news = self.count(event.run, event.scope, *marks)
                if news == "new":
                    self.order = self.next_in(event.run, event.scope)
                return news
            case Noted():
                return self.count(event.run, event.scope, event.topic, canonical(event.data))
            case StateChanged():
                return self.count(event.run, event.scope, event.name, canonical(event.value))
        return "new"

    def start(self, event: RunStarted, entry: RunEntry) -> News:
        """Enter the start of a run; at a resume whatever was open counts as cut off."""
        entry.name, entry.status, entry.asked = event.name, "running", event.actor
        entry.starts, entry.by = entry.starts + 1, event.cause.run if event.cause else ""
        if entry.starts == 1:
            self.order = entry.order
            return "new"
        self.order = (*entry.last, BEHIND)
        self.shut(event.run, CUT)
        for key in [k for k in self.retold if k[0] == event.run]:
            del self.retold[key]
        return "again"

    def shut(self, run: str, status: str) -> None:
        """Close what a run left open when it ended or died."""
        for scope in self.scopes.values():
            if scope.run == run and scope.open:
                self.close(scope, status)
        for step in self.steps.values():
            if step.run == run and step.open:
                step.open, step.status = False, "cancelled"

    def open(self, event: ScopeOpened) -> News:
        """Enter an activation, or the same one opened again."""
        scope = self.scopes.get((event.run, event.scope))
        if scope is not None:
            if not scope.open:
                scope.open, scope.status = True, ""
                self.adopt(scope, 1)
            self.revive(event.run, event.parent)
            self.order = scope.order
            return "again"
        self.revive(event.run, event.parent)
        self.order = self.next_in(event.run, event.parent)
        scope = ScopeEntry(
            event.run, event.scope, event.actor, event.what, event.path, event.parent, event.model
        )
        scope.order = self.order
        self.scopes[event.run, event.scope] = scope
        self.adopt(scope, 1)
        return "new"

    def close(self, scope: ScopeEntry, status: str) -> None:
        """Enter the end of an activation."""
        scope.open, scope.status = False, status
        self.adopt(scope, -1)

    def adopt(self, scope: ScopeEntry, change: int) -> None:
        """Count a child that opened or closed."""
        parent = self.scopes.get((scope.run, scope.parent))
        if parent is not None:
            parent.children += change

    def begin(self, event: StepStarted) -> News:
        """Enter a step, or a further attempt at it."""
        step = self.steps.get((event.run, event.key))
        if step is not None:
            step.started, step.open, step.status = event.at, True, ""
            self.order = step.order
            return "again"
        self.order = self.step(event).order
        return "new"

    def step(self, event: StepStarted | StepEnded) -> StepEntry:
        """Enter a step that was not known."""
        order = self.next_in(event.run, event.scope)
        step = StepEntry(
            event.run, event.key, event.scope, event.step, event.name, event.request, event.at
        )
        step.order = order
        self.steps[event.run, event.key] = step
        return step

    def end(self, event: StepEnded) -> News:
        """Enter a step's end; a step reused from elsewhere may have no start."""
        step = self.steps.get((event.run, event.key))
        if step is None:
            step = self.step(event)
        self.order = (*step.order, 0)
        known = step.status == "ok"
        step.open, step.status = False, event.status
        scope = self.scopes.get((event.run, event.scope))
        if event.step != "model" and event.status != "cancelled":
            step.ended = event.seq
        elif event.step == "model" and event.status == "ok" and event.nodes:
            step.ended = event.seq
            if scope is not None:
                scope.spoke = event.seq
        if scope is not None and not known and event.usage is not None:
            scope.usage = scope.usage + event.usage
            if event.cost_usd is not None:
                scope.cost_usd = (scope.cost_usd or 0.0) + event.cost_usd
        return "again" if known else "new"

    def edited_by(self, event: MessageSent) -> int | Literal["task"] | None:
        """What a fork edits to change a message: a model's reply, the run's task, or nothing."""
        scope = self.scopes.get((event.run, event.scope))
        if event.purpose == "answer" and scope is not None and scope.spoke:
            return scope.spoke
        asked = self.runs[event.run].asked
        if event.purpose == "task" and asked == event.to and scope is not None:
            return "task" if not scope.parent else None
        return None

    def count(self, run: str, *marks: str) -> News:
        """Tell the nth equal thing since the last start from the nth before it."""
        key = (run, *marks)
        self.retold[key] += 1
        if self.retold[key] <= self.told[key]:
            return "again"
        self.told[key] = self.retold[key]
        return "new"

    def actor(self, event: Event) -> str:
        """Who did it: the actor of the scope, or you outside all of them."""
        scope = self.scopes.get((event.run, event.scope))
        return scope.actor if scope is not None else YOU

    def path(self, event: Event) -> str:
        """Who did it, and for whom: the path of the scope, empty outside all of them."""
        scope = self.scopes.get((event.run, event.scope))
        return scope.path if scope is not None else ""

    def words(self, value: JSON) -> str:
        """A step's request or result as text: the message where it is one, else JSON."""
        if value is None:
            return ""
        if isinstance(value, str):
            known = self.messages.get(value)
            return speech(known) if known is not None else value
        if isinstance(value, dict):
            reply = value.get("reply")
            if isinstance(reply, str) and reply in self.messages:
                return speech(self.messages[reply])
        line = json.dumps(value, ensure_ascii=False, default=str)
        if len(line) <= 100:
            return line
        return json.dumps(value, ensure_ascii=False, indent=2, default=str)

    def said(self, message: str) -> str:
        """The text of a message by its id."""
        known = self.messages.get(message)
        return speech(known) if known is not None else f"(message {message[:12]} is not at hand)"


MOVED = {
    **{name: f"agentkit.views.phrases:{name}" for name in ("explained", "mapped", "short")},
    "Scope": "agentkit.views.entries:ScopeEntry",
    "Step": "agentkit.views.entries:StepEntry",
}
__getattr__ = moved(__name__, MOVED)
