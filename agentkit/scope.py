"""Where code works: the activation of an actor, and the context that leads to it.

Whatever an ask starts, in this task or another, finds its activation in a context variable; so
a pattern is plain Python and passes no handle along.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any

from agentkit.errors import SetupError
from agentkit.events import NO_USAGE, Usage
from agentkit.given import NOT_GIVEN
from agentkit.lacks import Lacks
from agentkit.messages import JSON, digest
from agentkit.model import Model
from agentkit.notes import Note
from agentkit.parts import Binary

YOU = "you"
"""Who asks at the top."""

COUNTING = threading.Lock()
"""Held while a scope counts: one run may work on several loops, each in a thread."""


@dataclass(slots=True)
class Expenses:
    """What calls cost that count for no scope that is open."""

    usage: Usage = NO_USAGE
    cost_usd: float | None = 0.0

    def spend(self, usage: Usage, cost_usd: float | None) -> None:
        with COUNTING:
            self.usage = self.usage + usage
            if self.cost_usd is not None:
                self.cost_usd = None if cost_usd is None else self.cost_usd + cost_usd


@dataclass
class Scope:
    """One activation of an actor."""

    key: str
    actor: str
    path: str
    what: str = "run"
    parent: Scope | None = None
    counts: dict[str, int] = field(default_factory=dict)
    models: int = 0
    """Model steps so far."""
    usage: Usage = NO_USAGE
    cost_usd: float | None = 0.0
    seed: int | None = None
    """Given to the endpoints here and below."""
    begun_s: float = field(default_factory=time.monotonic)
    doubts: set[str] = field(default_factory=set)
    """Calls here and below that may have happened."""
    inside: Expenses | None = None
    """What runs cost that were opened here and below; None where none did. It is theirs."""
    given: Any = NOT_GIVEN
    """The context that the caller gave to this ask, or to one above."""
    identified: bool = False
    """Whether what was given says itself what of it makes a step another one."""
    model: Model | None = None
    """The model that this ask named, or one above, in place of the agents' own."""
    lacks: Lacks = field(default_factory=Lacks)
    """What is missing in what was asked for here."""
    budget: Any = None
    """The budget of this ask, or of one above, where one was given in the run; a budget comes
    later in the reading order."""
    kept: list[tuple[str, str]] | None = None
    """What was answered here so far, and by whom, where a partial answer may be made of it."""
    parts: tuple[Binary, ...] = ()
    """Images and files that were asked or told here, of a pattern; see `conversation.passed_on`."""
    until_s: float | None = None
    """When the time of this ask is up, on the clock of `time.monotonic`."""
    places: tuple[Any, ...] = ()
    """What a model call here takes a place in, from the outermost; see `agentkit.bounds`."""

    def lineage(self) -> Iterator[Scope]:
        """This scope and those around it, from the inside out."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def allotted(self) -> Iterator[Any]:
        """The budgets that asks from here up were given in the run, from the inside out."""
        if self.budget is not None:
            for scope in self.lineage():
                around = scope.parent.budget if scope.parent is not None else None
                if scope.budget is not None and scope.budget is not around:
                    yield scope.budget

    def nth(self, what: str) -> str:
        """0, 1, 2, ... for each equal thing in this scope."""
        with COUNTING:
            count = self.counts.get(what, 0)
            self.counts[what] = count + 1
        return str(count)

    def spend(self, usage: Usage, cost_usd: float | None) -> None:
        with COUNTING:
            for scope in self.lineage():
                scope.usage = scope.usage + usage
                if scope.cost_usd is not None:
                    scope.cost_usd = None if cost_usd is None else scope.cost_usd + cost_usd

    def spend_inside(self, usage: Usage, cost_usd: float | None) -> None:
        """Enter what a run cost that was opened here."""
        for scope in self.lineage():
            with COUNTING:
                scope.inside = scope.inside or Expenses()
            scope.inside.spend(usage, cost_usd)

    @property
    def doubts_in_order(self) -> tuple[str, ...]:
        """They, in an order that does not depend on time: what is told of them is asked on with."""
        return tuple(sorted(self.doubts))

    def doubt(self, made: str) -> None:
        """A call here may have happened, and nobody knows."""
        for scope in self.lineage():
            scope.doubts.add(made)


here: ContextVar[tuple[Any, Scope] | None] = ContextVar("agentkit.run", default=None)
"""The run and the activation that code works in; a run comes later in the reading order."""

calling: ContextVar[tuple[str, str] | None] = ContextVar("agentkit.calling", default=None)
"""The activation that calls a tool here, and the key of the call."""

asleep: ContextVar[bool] = ContextVar("agentkit.dormant", default=False)
"""See `dormant`."""

giving_up: ContextVar[Callable[[], None] | None] = ContextVar("agentkit.copy", default=None)
"""See `copied`."""


def copied(work: Awaitable[Any], give_up: Callable[[], None]) -> asyncio.Future[Any]:
    """Start a second ask of a straggler.

    Where it comes to a step that must not happen twice, or to a question to a person, it calls
    `give_up` and goes no further.
    """

    async def wait() -> Any:
        return await work

    context = copy_context()
    context.run(giving_up.set, give_up)
    return asyncio.get_running_loop().create_task(wait(), context=context)


def in_copy() -> bool:
    """Whether this code belongs to the second ask of a straggler."""
    return giving_up.get() is not None


def dormant(work: Awaitable[Any]) -> asyncio.Future[Any]:
    """Start work that a recorded join went on without: it may neither perform nor write.

    It takes its place in the order of equal asks, and waits where it would perform a step.
    """

    async def wait() -> Any:
        return await work

    context = copy_context()
    context.run(asleep.set, True)
    return asyncio.get_running_loop().create_task(wait(), context=context)


class calls:
    """Do the work of a call of a tool; see `uncancelled` for why it is a class."""

    def __init__(self, key: str) -> None:
        """Make one, by the key of the call; "" where it is no step, and its work is recorded."""
        self.key = key

    def __enter__(self) -> None:
        self.token = calling.set((current_scope().key, self.key) if self.key else calling.get())

    def __exit__(self, *_: object) -> None:
        try:
            calling.reset(self.token)
        except ValueError:
            pass  # as in `within`


def told_apart(run: Any, scope: Scope, what: str) -> str:
    """What is done in a scope, told apart by the call of a tool that does it.

    Calls at once come to an equal ask, question or draw in any order, and after a crash some of
    them are not made again: counted together, one would be given what belongs to another.
    """
    call = calling.get()
    if call is None or call[0] != scope.key or run.start.keys < 2:
        return what
    return digest(what, call[1])


def in_run() -> bool:
    """Whether this code works in a run."""
    return here.get() is not None


def current_scope() -> Scope:
    """The activation this code works in."""
    current = here.get()
    if current is None:
        raise SetupError("There is no run here.", todo="open one: async with run(): ...")
    return current[1]


def note(what: str | Note, data: JSON = None) -> None:
    """Record a decision worth showing, a note or a topic with JSON; outside a run do nothing."""
    current = here.get()
    if current is not None:
        current[0].note(what, data)


def lacking(*words: str, source: Any = None) -> None:
    """Let the answer of the activation that this code works in say what is missing in it.

    Args:
        words: what was given up, and why: "a review of the last draft (no rounds left)".
        source: what `discard` takes it back with.
    """
    current = here.get()
    if current is not None:
        current[1].lacks.add(words, source=source)


def discard(*which: Any) -> None:
    """Say that answers asked for here are not used: what is missing in them is not missing now.

    For a pattern that asks again in place of an answer: without it the pattern's own answer
    says that the first one was incomplete.

    Args:
        which: answers, what `gather` returned, or the name of an actor for all its answers here.
    """
    current = here.get()
    if current is not None:
        current[1].lacks.forget(*which)


class within:
    """Work in a scope of a run; see `uncancelled` for why it is a class."""

    def __init__(self, run: Any, scope: Scope) -> None:
        """Make one."""
        self.place = run, scope

    def __enter__(self) -> None:
        self.token = here.set(self.place)

    def __exit__(self, *_: object) -> None:
        try:
            here.reset(self.token)
        except ValueError:
            pass  # A generator that was given up is closed in another context.
