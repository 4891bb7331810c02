"""What is asked of a submission: cases, the same for everybody, and rules over what was seen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentkit.code import mark_of
from agentkit.errors import SetupError
from agentkit.messages import digest
from agentkit.values import canonical

DECIDING = ("assignment", "inside", "pace", "port", "referee", "grade")
"""The modules here that decide what an answer gets."""


@dataclass(frozen=True)
class Case:
    """One task for the answer.

    Args:
        id: its name; equal in every submission's grade.
        task: what the answer's actor is asked.
        tools: functions that are performed by the referee, outside; the answer gets tools that
            call them.
        fresh: makes the tools instead, anew for each submission: for those that keep something
            from one call to the next.
        once: names of those that must not be called twice.
        seed: mixed into each request's own, so that no lucky one can be named.
        faults: failures of the endpoint by kind, as `{"500": 0.1}`; see `%faults`.
        public: whether feedback may show it.
        data: for the rules.
    """

    id: str
    task: str
    tools: tuple[Callable[..., Any], ...] = ()
    fresh: Callable[[], Sequence[Callable[..., Any]]] | None = None
    once: frozenset[str] = frozenset()
    seed: int = 0
    faults: Mapping[str, float] = field(default_factory=dict)
    public: bool = False
    data: Any = None

    def offered(self) -> list[Callable[..., Any]]:
        """The tools for one submission."""
        return list(self.tools if self.fresh is None else self.fresh())


@dataclass(frozen=True)
class ToolUse:
    """A call of a tool that the referee performed."""

    name: str
    arguments: dict[str, Any]
    result: Any = None
    error: str = ""


@dataclass
class Seen:
    """What the referee saw of one case."""

    case: Case
    text: str = ""
    """What was answered."""
    error: str = ""
    """Why nothing was."""
    calls: int = 0
    """Model calls that were answered."""
    requests: int = 0
    tools: list[ToolUse] = field(default_factory=list)
    wished: list[str] = field(default_factory=list)
    """Calls of tools in the endpoint's own replies, as canonical JSON of name and arguments."""
    seconds: float = 0.0

    @property
    def by_model(self) -> bool:
        """Whether tools were called, each as often at most as a reply of the endpoint wished it.

        A program that calls them by itself, with or without a model beside it, does not count.
        """
        return self.wished_for()

    def wished_for(self, *names: str) -> bool:
        """The same of the tools of these names alone; some of them must have been called."""
        left, uses = (
            list(self.wished),
            [use for use in self.tools if use.name in names or not names],
        )
        for use in uses:
            text = canonical([use.name, use.arguments])
            if text not in left:
                return False
            left.remove(text)
        return bool(uses)

    def used(self, name: str) -> list[ToolUse]:
        """The calls of one tool that gave a result."""
        return [use for use in self.tools if use.name == name and not use.error]


@dataclass(frozen=True)
class Rule:
    """What a case must show, and what it is worth.

    Args:
        name: said in grades and feedback.
        points: for all cases that it is about; a share of them gets a share.
        holds: of what was seen of one case.
        of: which cases it is about; all without.
    """

    name: str
    points: float
    holds: Callable[[Seen], bool]
    of: Callable[[Case], bool] = lambda case: True


@dataclass(frozen=True)
class Assignment:
    """Cases and rules.

    Args:
        name: in grades and tables.
        cases: made of a secret; the same secret makes the same cases.
        rules: what they are worth.
        answer: the name of what is handed in: a function of the tools that gives an actor.
        case_s: seconds for one case, without those in which an answer to it is being made.
        own_s: seconds that a whole submission may take by itself: computing, or waiting for
            nothing. However busy the machine is, they are the same.
        wall_s: seconds on the clock after which it is ended all the same.
        most_calls: model calls that are answered in one case.
        budget_calls: model calls that are answered in all cases together; 0: no such budget.
        models: the simulated models that may be asked; all without.
    """

    name: str
    cases: Callable[[str], Sequence[Case]]
    rules: tuple[Rule, ...]
    answer: str = "build"
    case_s: float = 20.0
    own_s: float = 30.0
    wall_s: float = 1800.0
    most_calls: int = 40
    budget_calls: int = 0
    models: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name or not self.rules:
            raise SetupError(
                f"The assignment {self.name!r} cannot be graded.",
                expected="a name and one rule at least",
            )
        names = [rule.name for rule in self.rules]
        if len(set(names)) < len(names) or any(rule.points <= 0 for rule in self.rules):
            raise SetupError(
                f"The rules of {self.name} cannot be told apart, or one is worth nothing.",
                expected="a name of its own and points above 0 for each",
            )

    @property
    def of(self) -> float:
        """Points that can be had."""
        return sum(rule.points for rule in self.rules)

    @property
    def mark(self) -> str:
        """A text that is another one when a rule, the cases or a limit changes.

        What a teacher's own functions do counts, however deep, and what of the kit decides.
        """
        here = Path(__file__).parent
        deciding = [digest((here / f"{name}.py").read_text("utf-8")) for name in DECIDING]
        rules = [[one.name, one.points, mark_of(one.holds), mark_of(one.of)] for one in self.rules]
        limits = [self.case_s, self.own_s, self.wall_s, self.most_calls, self.budget_calls]
        named = [self.name, self.answer, *self.models]
        parts = [named, mark_of(self.cases), rules, limits, deciding]
        return digest(canonical(parts))

    def drawn(self, secret: str) -> list[Case]:
        """The cases of a secret.

        Raises:
            SetupError: there are none, two of one id, or a rule is about none of them.
        """
        made = list(self.cases(secret))
        ids = [case.id for case in made]
        if not made or len(set(ids)) < len(ids):
            raise SetupError(
                f"The cases of {self.name} cannot be told apart.",
                expected="one at least, each with an id of its own",
            )
        for rule in self.rules:
            if not any(rule.of(case) for case in made):
                raise SetupError(f"No case of {self.name} is about the rule {rule.name!r}.")
        return made


def seed_of(*words: object) -> int:
    """A seed that follows from words, as a secret and a number."""
    text = "/".join(str(one) for one in words)
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) & 0x7FFFFFFF
