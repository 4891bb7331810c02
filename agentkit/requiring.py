"""Rules that a run must keep while it goes on: `run(require=...)`.

A step that would break one is not performed, and the run ends with a RuleBroken. Rules are those of
`agentkit.evaluate`: never, eventually, before, at_most. They bind the runs that are opened inside,
too.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from agentkit.errors import RuleBroken, SetupError, error_text, safe_repr
from agentkit.events import Event, Noted, RunEnded, StepStarted
from agentkit.notes import Note
from agentkit.step import StepRequest


class RunRule(Protocol):
    """What must hold of the events of a run; see `agentkit.evaluate.Rule`."""

    @property
    def name(self) -> str:
        """What it says."""
        ...

    @property
    def watch(self) -> Callable[[], Any]:
        """Gives what follows it while events come."""
        ...

    def broken(self, events: Sequence[Event]) -> Any:
        """Return why it does not hold; None where it does."""
        ...


Require = RunRule | Sequence[RunRule]


class Required(Note):
    """The rules that a run must keep from here on."""

    topic = "require"
    says = "From here on the run must keep: {rules}."
    rules: list[str]


class Breach(Note):
    """A rule that the run must keep is broken, or a step was held back that would break it."""

    topic = "rule.broken"
    says = "The rule '{rule}' does not hold: {why}."
    grave = True
    rule: str
    why: str
    step: str = ""
    """The step that was not performed."""


class Vacuous(Note):
    """A rule speaks of a tool that nobody had, so it held whatever happened."""

    topic = "rule.vacuous"
    says = "The rule '{rule}' says little here: nobody who was asked had a tool {what}{near}."
    grave = True
    rule: str
    what: str
    near: str = ""
    """A tool of nearly that name that there was."""


@dataclass
class Watched:
    """A rule, and what follows it."""

    rule: RunRule
    watch: Any = field(init=False)
    wrong: str = ""
    """Why it is broken."""

    def __post_init__(self) -> None:
        self.watch = self.rule.watch()

    def take(self, event: Event) -> None:
        """Look at what happened."""
        if self._verdict(self.watch, event) is False and not self.wrong:
            self.wrong = f"broken by event {event.seq}, {event.kind}"

    def would_break(self, event: Event) -> bool:
        """Whether it is broken once that happens."""
        return self._verdict(self.watch.copy(), event) is False

    def _verdict(self, watch: Any, event: Event) -> bool | None:
        try:
            found: bool | None = watch.take(event)
        except Exception as error:
            # A function of the reader's. A rule that cannot be judged is not said to hold.
            self.wrong = self.wrong or f"it cannot judge a {event.kind}: {wrong(error)}"
            return None
        return found


class Monitor:
    """The rules of one run, and of those around it."""

    def __init__(self, run: Any, rules: Sequence[RunRule], events: Sequence[Event]) -> None:
        """Make one.

        Args:
            run: that is opened.
            rules: its own.
            events: that it has recorded already.
        """
        self.run = run
        self.around: Monitor | None = run.outer.monitor if run.outer is not None else None
        self.watched = [Watched(rule) for rule in rules]
        self.events: list[Event] = []
        self.offered: set[str] = set()
        """The tools of those who were asked."""
        self.had = kept(events, run.id)
        for event in events:
            if event.run == run.id:
                self._note(event)

    def begin(self, start: Event) -> None:
        """The run begins, or goes on: the log keeps what must hold from here on."""
        self.take(start)
        names = [one.rule.name for one in self.watched]
        if names != self.had:
            self.run.note(Required(rules=names), scope="")

    def equip(self, tools: Collection[str]) -> None:
        """An agent is asked, who has these tools."""
        self.offered.update(tools)
        if self.around is not None:
            self.around.equip(tools)

    def take(self, event: Event) -> None:
        """Something happened, in this run or one that was opened in it."""
        self._note(event)
        if self.around is not None:
            self.around.take(event)

    def _note(self, event: Event) -> None:
        if self.watched and type(event) is not RunEnded:
            self.events.append(event)
            for one in self.watched:
                one.take(event)

    def check(self, step: StepRequest) -> None:
        """See to it that a step that is about to be performed breaks no rule.

        Raises:
            RuleBroken: it would, or one is broken.
        """
        coming = StepStarted(
            run=self.run.id, seq=0, at=0, scope=step.scope.key, nodes=step.nodes, key=step.key,
            step=step.kind, name=step.name, effect=step.effect, request=step.request,
        )  # fmt: skip
        self._check(coming, step, self.run)

    def _check(self, coming: Event, step: StepRequest, run: Any) -> None:
        for one in self.watched:
            held = not one.wrong and one.would_break(coming)
            if held or one.wrong:
                why = one.wrong or f"{step.name} was not performed, as it would break it"
                run.note(Breach(rule=one.rule.name, why=why, step=step.name), scope=step.scope.key)
                held_back = f"{step.name} was not performed: it would break the rule"
                raise self._error(one.rule, why, run.id, held_back if held else "")
        if self.around is not None:
            self.around._check(coming, step, run)

    async def conclude(self) -> None:
        """Judge all rules, now that the run is about to end well.

        Raises:
            RuleBroken: one is broken, or what must happen has not happened.
        """
        run, end = self.run, RunEnded(run=self.run.id, seq=0, at=0, scope="", status="ok")
        events = self.events
        if run.lease is None and self.watched:  # a replay, or a run that was finished
            events = [e for e in run.log.read(run.id) if type(e) is not RunEnded]
        for one in self.watched:
            why = one.wrong or self._missing(one, [*events, end])
            if why:
                run.note(Breach(rule=one.rule.name, why=why), scope="")
                raise self._error(one.rule, why, run.id)
        if run.lease is not None:
            self._vacuous()

    def _vacuous(self) -> None:
        """Say which rules speak of a tool that was neither offered nor called."""
        called = {e.name for e in self.events if type(e) is StepStarted and e.step == "tool"}
        there = self.offered | called
        for one in self.watched:
            for what in getattr(one.rule, "about", ()):
                if isinstance(what, str) and what not in there:
                    close = difflib.get_close_matches(what, there, 1)
                    near = f", but {close[0]}" if close else ""
                    self.run.note(Vacuous(rule=one.rule.name, what=what, near=near), scope="")

    def _missing(self, one: Watched, events: Sequence[Event]) -> str:
        try:
            found = one.rule.broken(events)
        except Exception as error:
            return f"it cannot be judged: {wrong(error)}"
        return "" if found is None else str(found)

    def _error(self, rule: RunRule, why: str, run: str, held: str = "") -> RuleBroken:
        return RuleBroken(
            f"{held} {safe_repr(rule.name)}."
            if held
            else f"The rule {safe_repr(rule.name)} does not hold: {why}.",
            expected="a run that keeps the rules that it was begun with (require=)",
            todo="look at what led there (%transcript); mend the team, or resume with require=[]",
            run_id=run,
            rule=rule.name,
        )


def wrong(error: Exception) -> str:
    """What a function of a rule raised."""
    return f"{type(error).__name__}: {error_text(error)}"


def monitor_of(run: Any, require: Require | None, events: Sequence[Event]) -> Monitor | None:
    """What watches a run that is opened; None where nothing is required of it.

    Args:
        run: that is opened.
        require: rules that it must keep.
        events: of the run that it goes back to.

    Raises:
        SetupError: no rules.
    """
    rules = listed(require)
    around = run.outer is not None and run.outer.monitor is not None
    if not (rules or around or kept(events, run.id)):
        return None
    return Monitor(run, rules, events)


def said_again(require: Require | None, events: Sequence[Event], run: str) -> None:
    """See to it that a run that had rules goes on with them, or without them on purpose.

    Raises:
        SetupError: nothing was said of them.
    """
    if require is None and (had := kept(events, run)):
        raise SetupError(
            f"Run {run} was begun with rules that it must keep: {'; '.join(had)}.",
            expected="them again, as their functions are not in the log",
            todo="resume it with require=[...]; or with require=[], to go on without",
            run_id=run,
        )


def listed(require: Require | None) -> list[RunRule]:
    """The rules one by one.

    Raises:
        SetupError: something else was given.
    """
    if require is None:
        return []
    one = hasattr(require, "broken") and hasattr(require, "watch")
    several = list(require) if isinstance(require, list | tuple) else [None]
    found: list[Any] = [require] if one else several
    for rule in found:
        if not (callable(getattr(rule, "broken", None)) and callable(getattr(rule, "watch", None))):
            raise SetupError(
                f"require={safe_repr(require)} is no rule.",
                expected="rules of agentkit.evaluate: never, eventually, before, at_most",
                todo='from agentkit.evaluate import before; run(require=before("look_up", "pay"))',
            )
    return found


def kept(events: Sequence[Event], run: str) -> list[str]:
    """The names of the rules that a run had, as its log says."""
    notes = [e for e in events if type(e) is Noted and e.topic == Required.topic and e.run == run]
    data = notes[-1].data if notes else None
    rules = data.get("rules") if isinstance(data, dict) else None
    return [str(one) for one in rules] if isinstance(rules, list) else []
