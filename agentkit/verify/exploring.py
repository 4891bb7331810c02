"""Every path of a team within bounds, one run after the other, each on the real engine.

Stateless search, depth first (Godefroid 1997, Model Checking for Programming Languages using
VeriSoft): no state is kept but the choices of the last run, so any Python may stand between them.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from agentkit.actor import Actor
from agentkit.errors import SetupError
from agentkit.evaluate.trajectory import Answered, Broken, CountWatch, TrajectoryRule, What, happens
from agentkit.events import Event, RunEnded, ScopeOpened, uuid7
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.scope import in_run
from agentkit.standing import ACTING
from agentkit.verify.found import Explored, RuleFinding
from agentkit.verify.path import ChoicePath
from agentkit.verify.scratch import ScratchLog
from agentkit.verify.turns import Orders, Turns
from agentkit.verify.world import ExploredWorld

RULES = "rules of agentkit.evaluate: never, eventually, before, at_most; or verify.ends_well()"


async def explore(
    team: Actor,
    task: Any,
    rules: TrajectoryRule | Sequence[TrajectoryRule],
    *,
    says: Mapping[str, Sequence[Any]] | None = None,
    calls: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    results: Mapping[str, Sequence[Any]] | None = None,
    fails: Collection[str] = (),
    turns: int = 1,
    max_choices: int = 40,
    max_runs: int = 5000,
    orders: Orders = "seen",
    log: Log | None = None,
    **ask: Any,
) -> Explored:
    """Take every path of a team, and judge each by rules.

    Every model says every value of its answer's type, or calls each of its tools, one at a time,
    with arguments from its schema; persons choose every option. Nothing is performed for real.

    Args:
        team: any actor.
        task: what it is asked.
        rules: what must hold in every run.
        says: by agent ("person" for persons) what it says, where its type has too many values or
            is free text; without, free text is one text.
        calls: by tool the arguments that it is called with.
        results: by tool (or other step) what it gives; without, one text.
        fails: agents and tools that may fail, too.
        turns: calls of tools that an agent makes in one ask, at most.
        max_choices: choices in one run, at most; a longer run is cut off, and counted.
        max_runs: runs, at most.
        orders: of steps that work at once: "seen", those that a rule can tell apart; "all", which
            branches need that share variables; "one", that of the event loop.
        log: where the shortest run that breaks a rule goes; the default log without one.
        ask: further options of the ask: output, deps, budget_calls, ...

    Returns:
        What came of each rule. The shortest counterexample has the fewest choices, then events;
        it is the shortest of all where the search is complete.

    Raises:
        SetupError: bounds that are none, no rule, something said that no type allows, a step that
            only exists for real, or inside a run.
        Unrepeatable: the team goes another way although everybody says the same.
    """
    found = checked(team, rules, turns=turns, max_choices=max_choices, max_runs=max_runs)
    given = says or {}, calls or {}, results or {}, fails, turns
    world = ExploredWorld(
        *given, ChoicePath(max_choices), Turns(known_order(orders), found, [*fails])
    )
    search = Search(team, task, ask, world, [JudgedRule(one) for one in found])
    began = time.perf_counter()
    token = ACTING.set(world)
    try:
        with only_new_garbage():
            await search.go(max_runs, max_choices)
        for judged in search.judged:
            if judged.shortest is not None:
                await search.keep(judged, log or open_log())
    finally:
        ACTING.reset(token)
    return search.told(time.perf_counter() - began, max_runs, max_choices)


def known_order(orders: Any) -> Orders:
    """Which orders are looked at.

    Raises:
        SetupError: no such thing.
    """
    if orders not in (known := get_args(Orders)):
        raise SetupError(f"orders is {orders!r}.", expected=" or ".join(map(repr, known)))
    found: Orders = orders
    return found


@contextlib.contextmanager
def only_new_garbage() -> Iterator[None]:
    """Have the collector pass over what is there already: a search makes garbage by the run.

    Where somebody has frozen objects before, nothing is done, as thawing would undo that.
    """
    mine = not gc.get_freeze_count()
    if mine:
        gc.freeze()
    try:
        yield
    finally:
        if mine:
            gc.unfreeze()


def checked(team: Any, rules: Any, **bounds: Any) -> list[TrajectoryRule]:
    """The rules, if all that is given can be used.

    Raises:
        SetupError: it cannot.
    """
    if in_run():
        raise SetupError("A team is not explored inside a run.", todo="await explore(...) outside")
    if not isinstance(team, Actor):
        raise SetupError(f"{team!r} cannot be explored.", expected="an agent, pattern or graph")
    found = [rules] if isinstance(rules, TrajectoryRule) else list(rules)
    if not found or not all(isinstance(one, TrajectoryRule) for one in found):
        raise SetupError(f"{found!r} are no rules.", expected=RULES)
    names = [one.name for one in found]
    if twice := {one for one in names if names.count(one) > 1}:
        raise SetupError(f"Two rules are named {', '.join(sorted(twice))}.", expected="one of each")
    for name, value in bounds.items():
        if type(value) is not int or value < (0 if name == "turns" else 1):
            raise SetupError(f"{name} is {value!r}.", expected="a whole number, 1 or more")
    return found


@dataclass
class JudgedRule:
    """A rule, and what is known of it so far."""

    rule: TrajectoryRule
    runs: int = 0
    broken: int = 0
    shortest: ChoicePath | None = None
    events: int = 0
    why: str = ""
    run: str = ""
    seen: set[int] = field(default_factory=set)
    """Which of its events ever happened."""

    def judge(self, path: ChoicePath, events: Sequence[Event]) -> None:
        """Judge one run. What is cut off breaks only what nothing later could mend."""
        found = self.rule.broken(events)
        if path.cut:
            watch = self.rule.watch()
            if not any(watch.take(one) is False for one in events if not isinstance(one, RunEnded)):
                found = None
        else:
            self.runs += 1
        for number, what in enumerate(self.rule.about):
            if number not in self.seen:
                _, meant = happens(what)
                if any([meant(one) for one in events]):
                    self.seen.add(number)
        if found is not None:
            self._keep(path, events, found)

    def _keep(self, path: ChoicePath, events: Sequence[Event], found: Broken) -> None:
        self.runs += path.cut
        self.broken += 1
        size = (len(path.taken), len(events))
        if self.shortest is None or size < (len(self.shortest.taken), self.events):
            self.shortest, self.events, self.why = path, len(events), str(found)

    def remarks(self, offered: Collection[str], actors: Collection[str]) -> tuple[str, ...]:
        """What makes the rule say less than it seems to.

        Args:
            offered: tools that some agent had.
            actors: who was asked.
        """
        unseen = [what for number, what in enumerate(self.rule.about) if number not in self.seen]
        never = [(what, why_impossible(what, offered, actors)) for what in unseen]
        meant = forbids(self.rule)
        return tuple(
            f"{happens(what)[0]} {lacks or 'happened in no run that was looked at'}"
            for what, lacks in never
            if lacks or not meant
        )


def forbids(rule: TrajectoryRule) -> bool:
    """Whether it is the point of a rule that its event does not happen."""
    watch = rule.watch()
    return isinstance(watch, CountWatch) and not watch.wanted and watch.left == 0


def why_impossible(what: What, offered: Collection[str], actors: Collection[str]) -> str:
    """Why an event cannot happen; "" where it could have, as far as can be told."""
    if isinstance(what, str) and what not in offered:
        return "cannot happen: nobody who was asked has a tool of that name"
    if isinstance(what, Answered) and what.actor not in actors:
        return f"cannot happen: nobody who is called {what.actor} was asked"
    return ""


@dataclass
class Search:
    """A search under way."""

    team: Actor
    task: Any
    ask: dict[str, Any]
    world: ExploredWorld
    judged: list[JudgedRule]
    runs: int = 0
    cut: int = 0
    covered: float = 0.0
    complete: bool = False
    id: str = field(default_factory=uuid7)
    """Of every run but those that are kept: what they share is shared event by event."""
    actors: set[str] = field(default_factory=set)
    """Who was asked in some run."""

    async def go(self, max_runs: int, max_choices: int) -> None:
        """Take one path after the other."""
        path: ChoicePath | None = ChoicePath(max_choices)
        while path is not None and self.runs < max_runs:
            events = await self.one(path, ScratchLog(), self.id)
            if self.world.turns_of.widen(events):
                # What was looked at so far took orders for the same that are not.
                self.runs, self.cut, self.covered = 0, 0, 0.0
                self.judged[:] = [JudgedRule(one.rule) for one in self.judged]
                path = ChoicePath(max_choices)
                continue
            self.runs += 1
            self.cut += path.cut
            self.covered += path.weight()
            self.actors.update([one.actor for one in events if type(one) is ScopeOpened])
            for one in self.judged:
                one.judge(path, events)
            following = path.next()
            path = None if following is None else ChoicePath(max_choices, following, path.taken)
        self.complete = path is None and not self.cut

    async def one(self, path: ChoicePath, log: Log, run: str, name: str = "") -> list[Event]:
        """Perform one run, and return its events.

        Raises:
            AgentkitError: something is wrong with the search itself; the failures of a run are in
                its events.
        """
        self.world.path = path
        self.world.turns_of.begin(path)
        self.world.shared.begin(path, run)
        try:
            await self.team(self.task, log=log, id=run, **{"seed": 0, "name": name, **self.ask})
        except Exception as error:
            if not log.has(run):  # it was refused before it began
                raise path.wrong or error from None
        if path.wrong is not None:
            raise path.wrong
        return log.read(run)

    async def keep(self, judged: JudgedRule, log: Log) -> None:
        """Put the shortest run that breaks a rule into a log."""
        shortest = judged.shortest
        assert shortest is not None
        again = ChoicePath(shortest.most, [one.pick for one in shortest.taken], shortest.taken)
        judged.run = uuid7()
        # Performed where every commit takes the same turns, and then written down as it was.
        events = await self.one(again, ScratchLog(), judged.run, f"breaks: {judged.rule.name}")
        lease = log.begin(judged.run)
        log.append(lease, *events)
        await log.flush(lease)
        judged.why = str(judged.rule.broken(events) or judged.why)

    def told(self, seconds: float, max_runs: int, max_choices: int) -> Explored:
        """What came of it."""
        world = self.world
        findings = [
            RuleFinding(
                one.rule.name, one.runs, one.broken, one.why,
                tuple(one.shortest.taken) if one.shortest else (), one.run,
                one.remarks(world.offered, self.actors),
            )
            for one in self.judged
        ]  # fmt: skip
        bounds = [
            f"at most {max_choices} choices in a run and {max_runs} runs",
            f"at most {world.turns} calls of tools in an ask, one at a time",
            world.turns_of.said(),
            *[world.bounds[name] for name in sorted(world.bounds)],
        ]
        unasked = sorted(world.says.keys() - world.asked - {"person"})
        remarks = [f"{name} was never asked, so what it was to say is not used" for name in unasked]
        remarks += [
            f"the tool {name} was never offered, so what was said of it is not used"
            for name in sorted(world.calls.keys() - world.offered)
        ]
        return Explored(
            tuple(findings), self.runs, self.complete, self.cut, min(self.covered, 1.0),
            tuple(bounds), tuple(remarks), seconds,
        )  # fmt: skip
