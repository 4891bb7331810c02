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
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

from agentkit.actor import Actor
from agentkit.deprecated import moved
from agentkit.errors import (
    AgentkitError,
    BudgetSpent,
    Interrupted,
    LogError,
    SetupError,
    TeamChanged,
    Unsettled,
    full_text,
)
from agentkit.evaluate.fitting import alike, amount_of, number, share_of, without_target
from agentkit.evaluate.gaia import final_answer, gaia_match
from agentkit.evaluate.questions import AskedQuestion, judged
from agentkit.evaluate.samples import Sample
from agentkit.evaluate.trial import Trial
from agentkit.events import Event
from agentkit.log import Log
from agentkit.messages import JSON, Frozen, canonical
from agentkit.patterns.parts.wording import NUMBER
from agentkit.threads import uncancelled
from agentkit.validator import library


class Score(Frozen):
    """What a scorer made of one answer."""

    value: float = 0.0
    """0 to 1; of a measure any number."""
    passed: bool = False
    why: str = ""
    """What speaks against it, as the number of the event that breaks a rule."""
    error: str = ""
    """Why there is no score: the scorer failed. Such a trial is not counted."""
    attempt: int = 0
    """Where there is no score, how often the scorer had failed on it before."""
    measured: bool = False
    """Whether it is the number of a measure, which says nothing about right and wrong."""


@dataclass(frozen=True)
class ScorerInput:
    """An answer and all that a scorer may look at."""

    sample: Sample
    trial: Trial
    log: Log
    check: Callable[[str], bool] | None = None
    """The question's own, where it brings one."""
    failed: int = 0
    """How often the scorer that is given it failed on this answer in earlier calls."""

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
    def case(self) -> ScorerInput:
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

    def __call__(self, case: ScorerInput) -> Made | Awaitable[Made]: ...


@dataclass(frozen=True)
class FunctionScorer:
    """A scorer made of a function of a case."""

    name: str
    judge: Callable[[ScorerInput], Made | Awaitable[Made]]
    passes_at: float = 1.0
    unfit: Callable[[Sample], str] = lambda sample: ""
    """Why a sample cannot be judged by it, before anything is asked; "" where it can."""

    def __post_init__(self) -> None:
        share_of(f"passes_at of {self.name}", self.passes_at)

    def __call__(self, case: ScorerInput) -> Made | Awaitable[Made]:
        return self.judge(case)


async def scored(scorer: Scorer, case: ScorerInput) -> Score:
    """Return what a scorer makes of a case; a failure of its own is told in the score."""
    try:
        with uncancelled(lambda by: AgentkitError(f"Something inside it was cancelled ({by}).")):
            made = scorer(case)
            if not isinstance(made, bool | Score) and inspect.isawaitable(made):
                made = await made
        return as_score(made, getattr(scorer, "passes_at", 1.0))
    except TeamChanged as error:  # of a scorer that asks somebody who was edited since
        return Score(error=full_text(error), attempt=case.failed)
    except (LogError, Unsettled, Interrupted, BudgetSpent):
        raise  # they are about the evaluation, not about this score
    except (Exception, SystemExit) as error:  # a checker's main() ends so
        return Score(error=full_text(error), attempt=case.failed)


def as_score(made: Any, passes_at: float = 1.0) -> Score:
    """Return what a scorer returned as a score.

    Raises:
        SetupError: no number from 0 to 1; of a measure no finite one.
    """
    given = made if isinstance(made, Score) else None
    value = given.value if given else 0.0 if made is None else number(made)
    measured = given is not None and given.measured
    if value is None or not math.isfinite(value) or not (measured or 0 <= value <= 1):
        wanted = "a finite number" if measured else "True, False or a number from 0 to 1"
        raise SetupError(f"A score is {made!r:.200}.", expected=wanted)
    return given or Score(value=value, passed=value >= passes_at)


def texts_of(target: JSON) -> list[str]:
    """Return what is accepted, as texts: a list is any of its items."""
    every = target if isinstance(target, list) else [target]
    return [one if isinstance(one, str) else canonical(one) for one in every]


def exact(case: ScorerInput) -> bool:
    """Right if the answer is the target, or one of a list of them; outer spaces do not count."""
    if case.data is not None and alike(case.data, case.target):
        return True
    return case.text.strip() in [one.strip() for one in texts_of(case.target)]


def includes(case: ScorerInput) -> bool:
    """Right if the target, or one of a list of them, occurs as words in the answer."""
    return any(
        re.search(rf"(?<!\w){re.escape(one.strip())}(?!\w)", case.text, re.IGNORECASE)
        for one in texts_of(case.target)
        if one.strip()
    )


def checks(case: ScorerInput) -> bool:
    """Right if the question's own check says so."""
    if case.check is None:
        raise SetupError(
            f"Sample {case.sample.id} has no check of its own.",
            expected='questions of a world, or (text, check); or another scorer, as "exact"',
        )
    return judged(AskedQuestion(case.sample.id, case.sample.text, case.check), case.text)


def gaia(case: ScorerInput) -> bool:
    """Right by the quasi-exact match of GAIA; what stands after FINAL ANSWER: is the answer."""
    return gaia_match(final_answer(case.text), str(case.target))


def numeric(tolerance: float = 1e-9, relative: float = 0.0) -> FunctionScorer:
    """Return a scorer of numbers: of the data if that is one, or else of the last in the text.

    Args:
        tolerance: how far off it may be.
        relative: the same as a share of the target; the larger of both counts.

    Raises:
        SetupError: one of them is no finite number from 0 up.
    """
    near, share = amount_of("tolerance", tolerance), amount_of("relative", relative)

    def judge(case: ScorerInput) -> Score:
        found = number_in(case.data if case.data is not None else case.text)
        wanted = number_in(case.target)
        if wanted is None:
            raise SetupError(
                f"Sample {case.sample.id}: {no_number(case.sample)}.",
                expected="a number for the scorer numeric",
            )
        allowed = max(near, share * abs(wanted))
        right = found is not None and abs(found - wanted) <= allowed
        why = "" if right else "no number" if found is None else f"{found:g} and not {wanted:g}"
        return Score(value=float(right), passed=right, why=why)

    return FunctionScorer("numeric", judge, unfit=no_number)


def no_number(sample: Sample) -> str:
    """Say that the target of a sample is no number, if so."""
    return "" if number_in(sample.target) is not None else f"its target is {sample.target!r:.80}"


IN_TEXT = (rf"(?<![^\W_])(?<!\d\.)(?:{NUMBER}|[-−]?\.\d+)", NUMBER)
"""Numbers that stand for themselves, not the 2 of km2 or the -7 of 5-7; without any, whichever."""


def number_in(value: JSON) -> float | None:
    """Return the finite number that a value is, or the last one in a text; None without any."""
    if isinstance(value, str):
        every = (re.findall(pattern, value, re.IGNORECASE) for pattern in IN_TEXT)
        last = next((found[-1] for found in every if found), None)
        value = None if last is None else float(last.replace(",", "").replace("−", "-"))
    return None if isinstance(value, bool) else number(value)


def regex(pattern: str) -> FunctionScorer:
    """Return a scorer: right if the pattern is found in the text.

    Raises:
        SetupError: it is no pattern.
    """
    try:
        known = re.compile(pattern)
        known.search("")
    except (re.error, TypeError, RecursionError, OverflowError) as error:
        raise SetupError(
            f"{pattern!r} is no regular expression: {error}.", expected="one of Python's re"
        ) from error
    return FunctionScorer(f"regex {pattern}", lambda case: known.search(case.text) is not None)


def schema(wanted: dict[str, Any] | None = None) -> FunctionScorer:
    """Return a scorer: right if the answer's data fit a JSON Schema.

    Args:
        wanted: the schema; without one it is the sample's target.

    Raises:
        SetupError: it is no schema.
    """
    if wanted is not None and (why := no_schema(wanted)):
        raise SetupError(f"{wanted!r:.200} is no JSON Schema: {why}.", expected="one of any draft")

    def judge(case: ScorerInput) -> Score:
        rules = wanted if wanted is not None else case.target
        if case.data is None:
            return Score(why="the answer has no data; ask for some: Agent(..., output=TYPE)")
        kind = library().validators.validator_for(rules)
        first = next(iter(kind(rules).iter_errors(case.data)), None)
        why = "" if first is None else f"{first.json_path}: {first.message}"
        return Score(value=float(first is None), passed=first is None, why=why[:300])

    def unfit(sample: Sample) -> str:
        why = no_schema(sample.target) if wanted is None else ""
        return f"its target is no JSON Schema: {why}" if why else ""

    return FunctionScorer("schema", judge, unfit=unfit)


def no_schema(rules: Any) -> str:
    """Say why something is no JSON Schema; "" where it is one."""
    jsonschema = library()
    if not isinstance(rules, dict | bool):
        return "neither an object nor True or False"
    try:
        jsonschema.validators.validator_for(rules).check_schema(rules)
    except jsonschema.SchemaError as error:
        return f"{error.json_path}: {error.message}"[:200]
    return ""


MARKS = r"^\s*(?:[-*•]\s+)?|[\s.]+$"
"""Of items in a list, and the ends of sentences; the minus of -5 is none."""


def items_in(value: JSON) -> list[str]:
    """Return the items of a list, or of a text with commas, semicolons or lines between them."""
    parts = value if isinstance(value, list) else re.split(r"[,;\n]", str(value))
    found = [one if isinstance(one, str) else canonical(one) for one in parts]
    return [bare for one in found if (bare := re.sub(MARKS, "", one).casefold())]


def overlap(measure: str = "f1", passes_at: float = 1.0) -> FunctionScorer:
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

    def judge(case: ScorerInput) -> float:
        said = set(items_in(case.data if case.data is not None else case.text))
        right = set(items_in(case.target))
        if not said or not right:
            return float(said == right)
        return measures[measure](len(said & right), len(said), len(right))

    return FunctionScorer(f"set {measure}", judge, passes_at, unfit=without_target)


BY_NAME: dict[str, Callable[[], Scorer]] = {
    "exact": lambda: FunctionScorer("exact", exact, unfit=without_target),
    "includes": lambda: FunctionScorer("includes", includes, unfit=without_target),
    "check": lambda: FunctionScorer("check", checks),
    "gaia": lambda: FunctionScorer("gaia", gaia, unfit=without_target),
    "numeric": numeric,
    "schema": schema,
    "set": overlap,
}
"""Scorers that a name stands for, with their usual options."""


def scorer_of(given: Any) -> Scorer:
    """Return a scorer: by its name, as it is, or made of a function.

    Raises:
        SetupError: none of that name, a function of parameters that nobody knows, or what is none.
    """
    if isinstance(given, str):
        if given not in BY_NAME:
            raise SetupError(f"There is no scorer {given!r}.", expected=", ".join(BY_NAME))
        return BY_NAME[given]()
    if isinstance(given, Actor):
        raise SetupError(
            f"{given.name} is asked, and judges nothing by itself.",
            todo=f"say how it judges: Judge({given.name}, rubric)",
        )
    if callable(given) and not isinstance(given, type):
        if isinstance(getattr(given, "name", None), str):
            found: Scorer = given
            return found
        return from_function(given)
    raise SetupError(
        f"{given!r} is no scorer.",
        expected=f"one of {', '.join(BY_NAME)}, or a function of any of {', '.join(NAMES)}",
    )


def from_function(fn: Callable[..., Any]) -> FunctionScorer:
    """Return a function as a scorer; it is given what its parameters name.

    Raises:
        SetupError: it has a parameter of another name, or none.
    """
    name = getattr(fn, "__name__", type(fn).__name__)
    try:
        every = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError) as error:
        raise SetupError(
            f"What the scorer {name} takes cannot be seen: {error}.",
            todo=f"give a function of these names: lambda text: {name}(text)",
        ) from error
    wanted = [
        one.name
        for one in every
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    unknown: Collection[str] = [one for one in wanted if one not in NAMES]
    if unknown or not wanted:
        lacks = (
            f"wants {', '.join(unknown)}, which no case has"
            if unknown
            else ("looks at nothing of an answer")
        )
        raise SetupError(
            f"The scorer {name} {lacks}.",
            expected=f"parameters of these names: {', '.join(NAMES)}",
            todo=None if unknown else f"if it makes a scorer, call it: {name}()",
        )
    return FunctionScorer(name, lambda case: fn(**{one: getattr(case, one) for one in wanted}))


def all_of(given: Any) -> tuple[Scorer, ...]:
    """Return scorers, each with a name of its own.

    Raises:
        SetupError: none, or two of one name.
    """
    several = isinstance(given, Iterable) and not isinstance(given, str | Mapping)
    every: Sequence[Any] = [*given] if several else [given]
    found = tuple(scorer_of(one) for one in every)
    names = [one.name for one in found]
    if not found or len(set(names)) != len(names):
        raise SetupError(
            f"The scorers are {', '.join(names) or 'none'}.",
            expected="at least one, each with a name of its own",
        )
    return found


__getattr__ = moved(__name__, {"Case": f"{__name__}:ScorerInput"})
