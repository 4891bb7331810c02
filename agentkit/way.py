"""The way that a team went in a run: whom it asked, and which steps it took itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agentkit.events import RunStarted, ScopeClosed, ScopeOpened, StepEnded, StepKind, StepStarted

OWN: tuple[StepKind, ...] = ("person", "remote", "clock", "random")
"""Steps that a pattern takes itself. A join belongs to its asks; trials are added to a study."""


@dataclass(frozen=True)
class Child:
    """An ask, or a step of its own, that an actor is bound to come by again when it is resumed."""

    name: str
    """Of who was asked, or of the step."""
    after_s: float
    """Seconds from the beginning of who asked."""
    step: bool = False


@dataclass
class Way:
    """The asks and own steps of each scope, as far as it is bound to come by them again.

    Own steps are what a pattern asks of a person, another machine, the clock or chance; an agent
    has none, since the order of its model calls binds it. An ask or step that failed or was
    given up while who asked went on is not due: another attempt may fare better, and need not
    do what came after it either.
    """

    children: dict[str, dict[str, Child]] = field(default_factory=dict)
    """By the scope that asked, by the scope of the ask or the key of the step."""
    concurrent: set[str] = field(default_factory=set)
    """Scopes that asked several at once."""
    agents: set[str] = field(default_factory=set)
    parents: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Who was asked in each scope."""
    begun: dict[str, float] = field(default_factory=dict)
    going: dict[str, set[str]] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    """Asks that the last attempt ended in, as far as this one has not ended them."""
    stopped: dict[str, set[str]] = field(default_factory=dict)
    """Asks that failed or were given up, after which who asked has done nothing yet."""
    loose: set[str] = field(default_factory=set)
    """Scopes one of whose asks or steps failed or was given up in this attempt."""

    def add(self, event: Any) -> None:
        kind = type(event)
        if kind is RunStarted:
            # Another attempt: what was under way in the last one is so no more. Where it comes by
            # an ask that was, it writes no second beginning of it.
            self.left.update(*self.going.values())
            self.loose, self.going, self.stopped = set(), {}, {}
            self.begun = {"": event.at}
        elif kind is ScopeOpened:
            self._opened(event)
        elif kind is ScopeClosed and event.status != "ok":
            self._stopped(event.scope)
        elif self.stopped and not (kind is StepEnded and event.status == "cancelled"):
            self._free(event.scope, self.stopped.pop(event.scope, ()))
        if kind is ScopeClosed:
            self.going.get(self.parents.get(event.scope, ""), set()).discard(event.scope)
            self.left.discard(event.scope)
        elif kind is StepEnded and event.step == "join" and event.status == "ok":
            # The join is recorded, so what it went on without is not asked again.
            self._free(event.scope, self.going.pop(event.scope, ()))
            self.left = {one for one in self.left if self.parents.get(one) != event.scope}
        elif kind in (StepStarted, StepEnded) and event.step in OWN:
            if event.scope not in self.agents:
                self._stepped(event)

    def _opened(self, event: ScopeOpened) -> None:
        scope, parent = event.scope, event.parent
        self._free(parent, self.stopped.pop(parent, ()))
        self.parents[scope], self.begun[scope] = parent, event.at
        self.names[scope] = event.actor
        if event.what == "agent":
            self.agents.add(scope)
        self._going(parent, scope)
        if parent not in self.loose and not event.again:
            child = Child(event.actor, event.at - self.begun.get(parent, event.at))
            self.children.setdefault(parent, {}).setdefault(scope, child)

    def _going(self, parent: str, one: str) -> None:
        going = self.going.setdefault(parent, set())
        # Two at once may come again in either order; asks one after the other may not.
        if going:
            self.concurrent.add(parent)
        going.add(one)

    def _stepped(self, event: StepStarted | StepEnded) -> None:
        scope, key = event.scope, event.key
        if isinstance(event, StepStarted):
            self._going(scope, key)
            return
        self.going.get(scope, set()).discard(key)
        if event.status != "ok":
            self.loose.add(scope)
        elif scope not in self.loose:
            child = Child(event.name, event.at - self.begun.get(scope, event.at), step=True)
            self.children.setdefault(scope, {}).setdefault(key, child)

    def _stopped(self, scope: str) -> None:
        parent = self.parents.get(scope, "")
        if scope in self.going.get(parent, ()) or scope in self.left:
            self.stopped.setdefault(parent, set()).add(scope)
            self.loose.add(parent)

    def _free(self, parent: str, scopes: Iterable[str]) -> None:
        for scope in scopes:
            self.children.get(parent, {}).pop(scope, None)
