"""Who goes on where several work at once: a choice as any other, where a rule can tell.

Every step waits for its turn. Once nothing else is at work, one of those that wait goes on: a step
that no rule can see at once, as its order to the others changes nothing that is judged (an ample
set of one: Peled 1993, All from one, one for all; Clarke et al. 1999, Model Checking, chapter 10);
among steps that rules see, each is let go first in some run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from agentkit.evaluate.trajectory import Answered, TrajectoryRule
from agentkit.events import Event, ScopeClosed, StepStarted
from agentkit.step import StepRequest
from agentkit.verify.path import ChoicePath

Orders = Literal["seen", "all", "one"]
GATED = ("model", "tool", "person", "remote", "memory")
"""Steps that wait for their turn; a join waits for others, and a clock for nobody."""
IDLE = 100
"""Turns of an event loop without anybody new who waits, after which nobody of ours is at work."""


class WaitingStep(NamedTuple):
    """A step that waits for its turn."""

    name: str
    step: StepRequest
    go: asyncio.Future[None]


class Turns:
    """Gives turns to the steps of one run after the other."""

    def __init__(
        self, orders: Orders, rules: Sequence[TrajectoryRule], fails: Sequence[str]
    ) -> None:
        about = [what for rule in rules for what in rule.about]
        self.orders = orders
        self.tools = {what for what in about if isinstance(what, str)} | {*fails}
        self.actors = {what.actor for what in about if isinstance(what, Answered)} | {*fails}
        self.wide = orders == "all" or any(not isinstance(what, str | Answered) for what in about)
        """Whether any two steps may be told apart."""
        self.met = False
        """Whether two ever waited at once."""
        self._waiting: list[WaitingStep] = []
        self._looking = False
        self._together = False
        self._idle = 0

    def begin(self, path: ChoicePath) -> None:
        """A run begins."""
        self.path, self._waiting, self._looking, self._together = path, [], False, False

    async def turn(self, step: StepRequest) -> None:
        """Wait until it is a step's turn."""
        if self.orders == "one" or step.kind not in GATED:
            return
        loop = asyncio.get_running_loop()
        if not self._waiting and not getattr(loop, "_ready", True):
            return  # alone: nobody waits, and nothing else is at work
        waiting = WaitingStep(self._named(step), step, loop.create_future())
        self._waiting.append(waiting)
        self._look_soon(loop)
        try:
            await waiting.go
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)

    def _named(self, step: StepRequest) -> str:
        who = step.scope.actor
        return f"{who}" if step.kind == "model" else f"{step.name} of {who}"

    def _sees(self, step: StepRequest, around: set[int]) -> bool:
        """Whether a rule may tell when a step is taken.

        Args:
            step: that may be taken.
            around: scopes that all who wait are in: what these answer comes after all of it.
        """
        if self.wide or (step.kind != "model" and step.name in self.tools):
            return True
        own = [one for one in step.scope.lineage() if id(one) not in around]
        return any(one.actor in self.actors for one in [step.scope, *own])

    def _look_soon(self, loop: Any) -> None:
        self._idle = 0
        if not self._looking:
            self._looking = True
            loop.call_soon(self._look, loop)

    def _look(self, loop: Any) -> None:
        """Let one go on, once nothing else is at work."""
        if getattr(loop, "_ready", True) and self._idle < IDLE and self._waiting:
            self._idle += 1
            loop.call_soon(self._look, loop)
            return
        self._looking = False
        waiting = [one for one in self._waiting if not one.go.done()]
        if not waiting:
            return
        self._together |= len(waiting) > 1
        self.met |= self._together
        try:
            one = self._next(waiting)
        except Exception as error:
            for one in waiting:
                one.go.set_exception(error)
            return
        self._waiting.remove(one)
        one.go.set_result(None)
        if self._waiting:
            self._look_soon(loop)

    def _next(self, waiting: list[WaitingStep]) -> WaitingStep:
        """Which of those that wait goes on.

        Raises:
            Cut, Unrepeatable: see `ChoicePath.choose`.
        """
        if len(waiting) == 1:
            return waiting[0]
        lines = [{id(scope) for scope in one.step.scope.lineage()} for one in waiting]
        around = set.intersection(*lines)
        for one in waiting:
            if not self._sees(one.step, around):
                return one
        return waiting[self.path.choose("at once,", [f"{one.name} first" for one in waiting])]

    def widen(self, events: Sequence[Event]) -> bool:
        """Whether the order of all steps turns out to matter, which was not known before.

        A branch that fails ends its siblings, and a join of some asks takes those that are first.
        """
        if self.wide or not self._together or self.orders == "one":
            return False
        self.wide = any(
            (isinstance(one, ScopeClosed) and one.status != "ok")
            or (isinstance(one, StepStarted) and one.step == "join")
            for one in events
        )
        return self.wide

    def said(self) -> str:
        """What was looked at, in words."""
        if self.orders == "one":
            return "what works at once in one order, that of the event loop"
        if not self.met:
            return "nothing worked at once" if self.orders == "seen" else "every order of steps"
        if self.wide:
            return "what works at once in every order of its steps"
        return (
            "what works at once in every order that a rule can tell; branches share nothing else"
            ' (a team whose branches share variables needs orders="all")'
        )
