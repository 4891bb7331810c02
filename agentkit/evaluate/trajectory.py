"""Rules about the way to an answer, judged on the event log, with the event that breaks them.

    before("look_up", "book")          nothing is booked that was not looked up first
    never("pay")                       the tool is not called
    eventually("search")               it is called at some time
    at_most(3, "search")               so often at most
    never("pay") | before("approve", "pay")

A tool is named, or a function says which events are meant: `happens(lambda event: ...)`. Rules are
scorers, so a Suite takes them; `rule.broken(events)` judges any recorded run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentkit.errors import SetupError
from agentkit.evaluate.scorers import Case, Score
from agentkit.events import Event, StepEnded, StepStarted

What = str | Callable[[Any], bool]
"""A tool by its name; or whether an event is meant."""


@dataclass(frozen=True)
class Broken:
    """Why a rule does not hold."""

    why: str
    seq: int | None = None
    """The event that breaks it; None where one is missing."""

    def __str__(self) -> str:
        return self.why if self.seq is None else f"{self.why} (event {self.seq})"


@dataclass(frozen=True)
class Rule:
    """What must hold of the events of a run."""

    name: str
    judge: Callable[[Sequence[Event]], Broken | None] = field(repr=False)

    def broken(self, events: Sequence[Event]) -> Broken | None:
        """Return why it does not hold for these events; None where it does."""
        return self.judge(events)

    def __call__(self, case: Case) -> Score:
        found = self.judge(case.events)
        return Score(value=float(not found), passed=not found, why=str(found or ""))

    def __and__(self, other: Rule) -> Rule:
        return Rule(
            f"{self.name} and {other.name}",
            lambda events: self.judge(events) or other.judge(events),
        )

    def __or__(self, other: Rule) -> Rule:
        def judge(events: Sequence[Event]) -> Broken | None:
            one, two = self.judge(events), other.judge(events)
            return Broken(f"{one.why}, and {two.why}", one.seq) if one and two else None

        return Rule(f"({self.name} or {other.name})", judge)

    def __invert__(self) -> Rule:
        return Rule(
            f"not ({self.name})",
            lambda events: None if self.judge(events) else Broken(f"{self.name} holds"),
        )


def happens(what: What) -> tuple[str, Callable[[Any], bool]]:
    """Return what is meant in words, and whether an event is it: for a tool each time it is begun.

    Raises:
        SetupError: neither a tool's name nor a function.
    """
    if isinstance(what, str):
        return what, lambda event: is_call(event, what)
    if callable(what):
        name = getattr(what, "__name__", "it")
        return "it" if name == "<lambda>" else name, what
    raise SetupError(f"{what!r} is no event.", expected="a tool's name, or a function of an event")


def is_call(event: Any, tool: str) -> bool:
    """Return whether a tool is called; a call that another run recorded has an end only."""
    if isinstance(event, StepEnded) and event.reused is None:
        return False
    of_step = isinstance(event, StepStarted | StepEnded)
    return of_step and event.step == "tool" and event.name == tool


def is_done(event: Any, tool: str) -> bool:
    """Return whether a tool has returned something."""
    return (
        isinstance(event, StepEnded)
        and event.step == "tool"
        and event.name == tool
        and event.status == "ok"
    )


def never(what: What) -> Rule:
    """Return the rule that something does not happen."""
    return at_most(0, what, f"never {happens(what)[0]}")


def at_most(count: int, what: What, name: str = "") -> Rule:
    """Return the rule that something happens so often at most.

    Args:
        count: how often it may happen.
        what: a tool's name, or a function of an event.
        name: of the rule; by default it says itself.
    """
    said, meant = happens(what)

    def judge(events: Sequence[Event]) -> Broken | None:
        found = [event.seq for event in events if meant(event)]
        if len(found) <= count:
            return None
        often = f"{len(found)} times" if len(found) > 1 else "once"
        return Broken(f"{said} happened {often}, and not at most {count} times", found[count])

    return Rule(name or f"at most {count} {said}", judge)


def eventually(what: What) -> Rule:
    """Return the rule that something happens at some time."""
    said, meant = happens(what)

    def judge(events: Sequence[Event]) -> Broken | None:
        return None if any(map(meant, events)) else Broken(f"{said} never happened")

    return Rule(f"eventually {said}", judge)


def before(first: What, second: What) -> Rule:
    """Return the rule that the second is begun only after the first is done; neither need be."""
    one, is_first = happens(first)
    if isinstance(first, str):
        tool = first
        is_first = lambda event: is_done(event, tool)  # noqa: E731
    two, is_second = happens(second)

    def judge(events: Sequence[Event]) -> Broken | None:
        for event in events:
            if is_first(event):
                return None
            if is_second(event):
                return Broken(f"{two} was called with no {one} before it", event.seq)
        return None

    return Rule(f"{one} before {two}", judge)
