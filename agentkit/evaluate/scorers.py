"""Scorers: what is made of an answer. A name, a function of the right parameters, or an object.

    Suite(rows, scorers=["exact"])
    Suite(rows, scorers=[numeric(tolerance=0.01), at_most(3, "search")])

    def short(text, target):                 # any function of what it names
        return len(text) < 200 and target in text

A score is a number from 0 to 1, and passes at 1, or from the scorer's own `passes_at` on.
Numbers of any size are `measures`.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

from agentkit.errors import (
    AgentkitError,
    BudgetSpent,
    Interrupted,
    LogError,
    SetupError,
    Unsettled,
    full_text,
)
from agentkit.evaluate.gaia import final_answer, gaia_match
from agentkit.evaluate.questions import Item, judged
from agentkit.evaluate.samples import Sample
from agentkit.evaluate.trial import Trial
from agentkit.events import Event
from agentkit.log import Log
from agentkit.messages import JSON, Frozen, canonical
from agentkit.patterns.parts.wording import NUMBER
from agentkit.threads import uncancelled
from agentkit.tools.validator import library


class Score(Frozen):
    """What a scorer made of one answer."""

    value: float = 0.0
    """0 to 1; of a measure any number."""
    passed: bool = False
    why: str = ""
    """What speaks against it, as the number of the event that breaks a rule."""
    error: str = ""
    """Why there is no score: the scorer failed. Such a trial is not counted."""
    measured: bool = False
    """Whether it is the number of a measure, which says nothing about right and wrong."""


@dataclass(frozen=True)
class Case:
    """An answer and all that a scorer may look at."""

    sample: Sample
    trial: Trial
    log: Log
    check: Callable[[str], bool] | None = None
    """The question's own, where it brings one."""

    @property
    def text(self) -> str:
        """The answer in words."""
        return self.trial.text

    @property
    def data(self) -> JSON:
        """The answer as data, where its type was asked for."""
        return self.trial.data

    @property
    def input(self) -> JSON:
        return self.sample.input

    @property
    def target(self) -> JSON:
        return self.sample.target

    @property
    def meta(self) -> dict[str, JSON]:
        return self.sample.meta

    @property
    def case(self) -> Case:
        """All of it, for functions that name it."""
        return self

    @cached_property
    def events(self) -> list[Event]:
        """What happened in the trial's run."""
        return self.log.read(self.trial.run_id) if self.trial.run_id else []


NAMES = ("text", "data", "input", "target", "meta", "events", "sample", "trial", "case")
"""What a function that scores may name as its parameters."""

Made = Score | bool | float | int | None
"""What a scorer may return; None is no pass."""


@runtime_checkable
class Scorer(Protocol):
    """What judges answers."""

    @property
    def name(self) -> str: ...

    def __call__(self, case: Case) -> Made | Awaitable[Made]: ...


@dataclass(frozen=True)
class Rule:
    """A scorer made of a function of a case."""

    name: str
    judge: Callable[[Case], Made | Awaitable[Made]]
    passes_at: float = 1.0

    def __call__(self, case: Case) -> Made | Awaitable[Made]:
        return self.judge(case)


async def scored(scorer: Scorer, case: Case) -> Score:
    """Return what a scorer makes of a case; a failure of its own is told in the score."""
    try:
        with uncancelled(lambda by: AgentkitError(f"Something inside it was cancelled ({by}).")):
            made = scorer(case)
            if not isinstance(made, bool | Score) and inspect.isawaitable(made):
                made = await made
        return as_score(made, getattr(scorer, "passes_at", 1.0))
    except (LogError, Unsettled, Interrupted, BudgetSpent):
        raise  # they are about the evaluation, not about this score
    except (Exception, SystemExit) as error:  # a checker's main() ends so
        return Score(error=full_text(error))


def as_score(made: Any, passes_at: float = 1.0) -> Score:
    """Return what a scorer returned as a score.

    Raises:
        SetupError: no number from 0 to 1.
    """
    if isinstance(made, Score):
        return made
    value = 0.0 if made is None else float(made) if isinstance(made, bool | int | float) else None
    if value is None or not 0 <= value <= 1:
        raise SetupError(f"A score is {made!r}.", expected="True, False or a number from 0 to 1")
    return Score(value=value, passed=value >= passes_at)


def texts_of(target: JSON) -> list[str]:
    """Return what is accepted, as texts: a list is any of its items."""
    every = target if isinstance(target, list) else [target]
    return [one if isinstance(one, str) else canonical(one) for one in every]


def exact(case: Case) -> bool:
    """Right if the answer is the target, or one of a list of them; outer spaces do not count."""
    if case.data is not None and case.data == case.target:
        return True
    return case.text.strip() in [one.strip() for one in texts_of(case.target)]


def includes(case: Case) -> bool:
    """Right if the target, or one of a list of them, occurs as words in the answer."""
    return any(
        re.search(rf"(?<!\w){re.escape(one.strip())}(?!\w)", case.text, re.IGNORECASE)
        for one in texts_of(case.target)
        if one.strip()
    )


def checks(case: Case) -> bool:
    """Right if the question's own check says so."""
    if case.check is None:
        raise SetupError(
            f"Sample {case.sample.id} has no check of its own.",
            expected='questions of a world, or (text, check); or another scorer, as "exact"',
        )
    return judged(Item(case.sample.id, case.sample.text, case.check), case.text)


def gaia(case: Case) -> bool:
    """Right by the quasi-exact match of GAIA; what stands after FINAL ANSWER: is the answer."""
    return gaia_match(final_answer(case.text), str(case.target))


def numeric(tolerance: float = 1e-9, relative: float = 0.0) -> Rule:
    """Return a scorer of numbers: of the data if that is one, or else of the last in the text.

    Args:
        tolerance: how far off it may be.
        relative: the same as a share of the target; the larger of both counts.
    """

    def judge(case: Case) -> Score:
        found = number_in(case.data if case.data is not None else case.text)
        wanted = number_in(case.target)
        if wanted is None:
            raise SetupError(
                f"The target of sample {case.sample.id} is no number: {case.target!r}.",
                expected="a number for the scorer numeric",
            )
        allowed = max(tolerance, relative * abs(wanted))
        right = found is not None and abs(found - wanted) <= allowed
        why = "" if right else "no number" if found is None else f"{found:g} and not {wanted:g}"
        return Score(value=float(right), passed=right, why=why)

    return Rule("numeric", judge)


def number_in(value: JSON) -> float | None:
    """Return the number that a value is, or the last one in a text; None without any."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else None
    found = re.findall(NUMBER, value, re.IGNORECASE) if isinstance(value, str) else []
    return float(found[-1].replace(",", "").replace("−", "-")) if found else None


def regex(pattern: str) -> Rule:
    """Return a scorer: right if the pattern is found in the text.

    Raises:
        SetupError: it is no pattern.
    """
    try:
        known = re.compile(pattern)
    except re.error as error:
        raise SetupError(
            f"{pattern!r} is no regular expression: {error}.", expected="one of Python's re"
        ) from error
    return Rule(f"regex {pattern}", lambda case: known.search(case.text) is not None)


def schema(wanted: dict[str, Any] | None = None) -> Rule:
    """Return a scorer: right if the answer's data fit a JSON Schema.

    Args:
        wanted: the schema; without one it is the sample's target.
    """

    def judge(case: Case) -> Score:
        jsonschema = library()
        rules = wanted if wanted is not None else case.target
        kind = jsonschema.validators.validator_for(rules)
        kind.check_schema(rules)
        first = next(iter(kind(rules).iter_errors(case.data)), None)
        why = "" if first is None else f"{first.json_path}: {first.message}"
        return Score(value=float(first is None), passed=first is None, why=why[:300])

    return Rule("schema", judge)


def items_in(value: JSON) -> list[str]:
    """Return the items of a list, or of a text with commas, semicolons or lines between them."""
    parts = value if isinstance(value, list) else re.split(r"[,;\n]", str(value))
    found = [one if isinstance(one, str) else canonical(one) for one in parts]
    return [bare for one in found if (bare := one.strip().strip("-*. ").casefold())]


def overlap(measure: str = "f1", passes_at: float = 1.0) -> Rule:
    """Return a scorer of sets: how far the answer's items are those of the target.

    Args:
        measure: "f1", "precision" (share of what was said that is right), "recall" (share of
            what is right that was said) or "jaccard".
        passes_at: from which value on it passes.

    Raises:
        SetupError: no such measure.
    """
    measures: dict[str, Callable[[int, int, int], float]] = {
        "f1": lambda both, said, right: 2 * both / (said + right),
        "precision": lambda both, said, right: both / said,
        "recall": lambda both, said, right: both / right,
        "jaccard": lambda both, said, right: both / (said + right - both),
    }
    if measure not in measures:
        raise SetupError(f"There is no measure {measure!r} of sets.", expected=", ".join(measures))

    def judge(case: Case) -> float:
        said = set(items_in(case.data if case.data is not None else case.text))
        right = set(items_in(case.target))
        if not said or not right:
            return float(said == right)
        return measures[measure](len(said & right), len(said), len(right))

    return Rule(f"set {measure}", judge, passes_at)


BY_NAME: dict[str, Callable[[], Scorer]] = {
    "exact": lambda: Rule("exact", exact),
    "includes": lambda: Rule("includes", includes),
    "check": lambda: Rule("check", checks),
    "gaia": lambda: Rule("gaia", gaia),
    "numeric": numeric,
    "schema": schema,
    "set": overlap,
}
"""Scorers that a name stands for, with their usual options."""


def scorer_of(given: Any) -> Scorer:
    """Return a scorer: by its name, as it is, or made of a function.

    Raises:
        SetupError: none of that name, or a function of parameters that nobody knows.
    """
    if isinstance(given, str):
        if given not in BY_NAME:
            raise SetupError(f"There is no scorer {given!r}.", expected=", ".join(BY_NAME))
        return BY_NAME[given]()
    if callable(given) and isinstance(getattr(given, "name", None), str):
        found: Scorer = given
        return found
    if not callable(given):
        raise SetupError(
            f"{given!r} is no scorer.",
            expected=f"one of {', '.join(BY_NAME)}, or a function of any of {', '.join(NAMES)}",
        )
    return from_function(given)


def from_function(fn: Callable[..., Any]) -> Rule:
    """Return a function as a scorer; it is given what its parameters name.

    Raises:
        SetupError: it has a parameter of another name.
    """
    name = getattr(fn, "__name__", type(fn).__name__)
    wanted = [
        one.name
        for one in inspect.signature(fn).parameters.values()
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    unknown: Collection[str] = [one for one in wanted if one not in NAMES]
    if unknown:
        raise SetupError(
            f"The scorer {name} wants {', '.join(unknown)}, which no case has.",
            expected=f"parameters of these names: {', '.join(NAMES)}",
        )
    return Rule(name, lambda case: fn(**{one: getattr(case, one) for one in wanted}))


def all_of(given: Any) -> tuple[Scorer, ...]:
    """Return scorers, each with a name of its own.

    Raises:
        SetupError: none, or two of one name.
    """
    single = isinstance(given, str) or callable(given)
    every: Sequence[Any] = [given] if single else list(given or ())
    found = tuple(scorer_of(one) for one in every)
    names = [one.name for one in found]
    if not found or len(set(names)) != len(names):
        raise SetupError(
            f"The scorers are {', '.join(names) or 'none'}.",
            expected="at least one, each with a name of its own",
        )
    return found
