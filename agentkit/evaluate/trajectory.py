"""Rules about the way to an answer, judged on the event log, with the event that breaks them.

    before("look_up", "book")          nothing is booked that was not looked up first
    never("pay")                       the tool is not called
    eventually("search")               it is called at some time
    at_most(3, "search")               so often at most
    never("pay") | before("approve", "pay")

A tool is named; `answered("critic", "OK")` is an answer of an actor; any other function of an event
says which are meant. Rules are scorers, so a Suite takes them; `rule.broken(events)` judges any
recorded run, and `rule.watch()` one that goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from agentkit.deprecated import moved
from agentkit.errors import SetupError
from agentkit.evaluate.fitting import alike
from agentkit.evaluate.scorers import Score, ScorerInput
from agentkit.events import Event, MessageSent, StepEnded, StepStarted
from agentkit.messages import jsonable
from agentkit.patterns.parts.team import at_least

What = str | Callable[[Any], bool]
"""A tool by its name; or whether an event is meant."""

Meant = Callable[[Any], bool]


@dataclass(frozen=True)
class Broken:
    """Why a rule does not hold."""

    why: str
    seq: int | None = None
    """The event that breaks it; None where one is missing."""

    def __str__(self) -> str:
        return self.why if self.seq is None else f"{self.why} (event {self.seq})"


class Watch:
    """A rule as it stands while events come; what is decided stays decided.

    Bauer, Leucker and Schallhart 2011, Runtime Verification for LTL and TLTL, section 2: a third
    value for what the rest of the run will decide.
    """

    verdict: bool | None = None
    """Whether it holds or is broken whatever follows; None where that is open."""

    def take(self, event: Any) -> bool | None:
        """Look at the next event, and return the verdict."""
        if self.verdict is None:
            self.verdict = self.next(event)
        return self.verdict

    def next(self, event: Any) -> bool | None:
        """Return the verdict with one more event; it was open before. Here it stays open."""
        return None

    def copy(self) -> Watch:
        """Return one that stands where this one does, and goes on by itself."""
        return copy(self)


class CountWatch(Watch):
    """That something happens so often at most; or that it happens at all."""

    def __init__(self, meant: Meant, most: int, *, wanted: bool = False) -> None:
        self.meant, self.left, self.wanted = meant, most, wanted

    def next(self, event: Any) -> bool | None:
        if not self.meant(event):
            return None
        self.left -= 1
        return self.wanted if self.left < 0 else None


class Ordering(Watch):
    """That the first of two comes before the second."""

    def __init__(self, first: Meant, second: Meant) -> None:
        self.first, self.second = first, second

    def next(self, event: Any) -> bool | None:
        if self.first(event):
            return True
        return False if self.second(event) else None


class JoinedWatch(Watch):
    """What two rules come to: both where `decides` is False, one of them where it is True."""

    def __init__(self, one: Watch, two: Watch, *, decides: bool) -> None:
        self.parts, self.decides = (one, two), decides

    def next(self, event: Any) -> bool | None:
        found = [part.take(event) for part in self.parts]
        if self.decides in found:
            return self.decides
        return None if None in found else not self.decides

    def copy(self) -> Watch:
        return JoinedWatch(self.parts[0].copy(), self.parts[1].copy(), decides=self.decides)


class Opposite(Watch):
    """That a rule does not hold."""

    def __init__(self, of: Watch) -> None:
        self.of = of

    def next(self, event: Any) -> bool | None:
        found = self.of.take(event)
        return None if found is None else not found

    def copy(self) -> Watch:
        return Opposite(self.of.copy())


@dataclass(frozen=True)
class TrajectoryRule:
    """What must hold of the events of a run."""

    name: str
    judge: Callable[[Sequence[Event]], Broken | None] = field(repr=False)
    about: tuple[What, ...] = field(default=(), repr=False)
    """The events that it speaks of."""
    watch: Callable[[], Watch] = field(default=Watch, repr=False)
    """Follows it while a run goes on; by default it is judged at the end only."""

    def broken(self, events: Sequence[Event]) -> Broken | None:
        """Return why it does not hold for these events; None where it does."""
        return self.judge(events)

    def __call__(self, case: ScorerInput) -> Score:
        found = self.judge(case.events)
        return Score(value=float(not found), passed=not found, why=str(found or ""))

    def __and__(self, other: TrajectoryRule) -> TrajectoryRule:
        return TrajectoryRule(
            f"{self.name} and {other.name}",
            lambda events: self.judge(events) or other.judge(events),
            self.about + other.about,
            lambda: JoinedWatch(self.watch(), other.watch(), decides=False),
        )

    def __or__(self, other: TrajectoryRule) -> TrajectoryRule:
        def judge(events: Sequence[Event]) -> Broken | None:
            one, two = self.judge(events), other.judge(events)
            return Broken(f"{one.why}, and {two.why}", one.seq) if one and two else None

        return TrajectoryRule(
            f"({self.name} or {other.name})",
            judge,
            self.about + other.about,
            lambda: JoinedWatch(self.watch(), other.watch(), decides=True),
        )

    def __bool__(self) -> bool:
        raise SetupError(
            f"The rule {self.name} is neither true nor false: `and`, `or` and `not` would drop one"
            " of two rules.",
            todo="join rules by &, | and ~; ask rule.broken(events) whether one holds",
        )

    def __invert__(self) -> TrajectoryRule:
        return TrajectoryRule(
            f"not ({self.name})",
            lambda events: None if self.judge(events) else Broken(f"{self.name} holds"),
            self.about,
            lambda: Opposite(self.watch()),
        )


def happens(what: What) -> tuple[str, Callable[[Any], bool]]:
    """Return what is meant in words, and whether an event is it: for a tool each time it is begun.

    Raises:
        SetupError: neither a tool's name nor a function.
    """
    if isinstance(what, str) and what.strip():
        return what, lambda event: is_call(event, what)
    if callable(what):
        name = getattr(what, "__name__", "it")
        return "it" if name == "<lambda>" else name, what
    raise SetupError(f"{what!r} is no event.", expected="a tool's name, or a function of an event")


class Answered:
    """An answer of an actor, as an event; see `answered`.

    Events name a message by its id, and the message itself lies in the event that first needed it.
    So this keeps of every message that comes by whether it is meant: by its id, which is a digest.
    """

    def __init__(self, actor: str, value: Any) -> None:
        self.actor, self.value = actor, value
        self.__name__ = f"{actor} answered" + ("" if value is ANYTHING else f" {worded(value)}")
        self._meant: dict[str, bool] = {}

    def __call__(self, event: Any) -> bool:
        if self.value is not ANYTHING:
            for node in event.nodes:
                if node.id not in self._meant:
                    self._meant[node.id] = self._fits(node.message.text)
        if type(event) is not MessageSent or event.sender != self.actor:
            return False
        if event.purpose != "answer":
            return False
        return self.value is ANYTHING or self._meant.get(event.message, False)

    def _fits(self, text: str) -> bool:
        if callable(self.value):
            return bool(self.value(text))
        if text == self.value:
            return True
        try:
            said = json.loads(text)
        except ValueError:
            return False
        wanted = jsonable(self.value)
        wrapped = (
            isinstance(said, dict) and said.keys() == {"value"} and alike(said["value"], wanted)
        )
        return wrapped or alike(said, wanted)


ANYTHING: Any = object()


def answered(actor: str, value: Any = ANYTHING) -> Answered:
    """Return which events are answers of an actor.

    Args:
        actor: its name.
        value: what it answers: a text, the value of a typed answer, or a function that is given the
            text; by default anything.
    """
    return Answered(actor, value)


def worded(value: Any) -> str:
    """A value as the name of a rule has it."""
    return getattr(value, "__name__", "so") if callable(value) else repr(value)[:60]


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


def never(what: What) -> TrajectoryRule:
    """Return the rule that something does not happen."""
    return at_most(0, what, f"never {happens(what)[0]}")


def at_most(count: int, what: What, name: str = "") -> TrajectoryRule:
    """Return the rule that something happens so often at most.

    Args:
        count: how often it may happen.
        what: a tool's name, or a function of an event.
        name: of the rule; by default it says itself.

    Raises:
        SetupError: no whole number from 0 up, or no event.
    """
    at_least(0, count=count)
    said, meant = happens(what)

    def judge(events: Sequence[Event]) -> Broken | None:
        found = [event.seq for event in events if meant(event)]
        if len(found) <= count:
            return None
        often = f"{len(found)} times" if len(found) > 1 else "once"
        return Broken(f"{said} happened {often}, and not at most {count} times", found[count])

    rule = name or f"at most {count} {said}"
    return TrajectoryRule(rule, judge, (what,), lambda: CountWatch(meant, count))


def eventually(what: What) -> TrajectoryRule:
    """Return the rule that something happens at some time."""
    said, meant = happens(what)

    def judge(events: Sequence[Event]) -> Broken | None:
        return None if any(map(meant, events)) else Broken(f"{said} never happened")

    return TrajectoryRule(
        f"eventually {said}", judge, (what,), lambda: CountWatch(meant, 0, wanted=True)
    )


def before(first: What, second: What) -> TrajectoryRule:
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

    return TrajectoryRule(
        f"{one} before {two}", judge, (first, second), lambda: Ordering(is_first, is_second)
    )


__getattr__ = moved(__name__, {"Rule": f"{__name__}:TrajectoryRule"})
