"""Measures: scorers that give a number of any size, as a payoff, a regret, a number of calls.

    Suite(rows, scorers=[measure("payoff", lambda data: data["mean"]["ann"])])

A measure says nothing about right and wrong: it has a mean with an interval of its own
(`Evaluation.summary`), and two evaluations are compared in it by `paired`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agentkit.errors import SetupError
from agentkit.evaluate.fitting import number
from agentkit.evaluate.scorers import Score, Scorer, ScorerInput, from_function


@dataclass(frozen=True)
class Measure:
    """A scorer that gives a number."""

    name: str
    read: Callable[[ScorerInput], Any]
    missing: float | None = None
    """What a trial without an answer is worth; None: it has no number."""

    async def __call__(self, case: ScorerInput) -> Score:
        """Measure one case.

        Raises:
            SetupError: what was read is no finite number.
        """
        made = self.read(case)
        value = number(await made if inspect.isawaitable(made) else made)
        if value is None:
            raise SetupError(f"The measure {self.name} gave {made!r}.", expected="a finite number")
        return Score(value=value, passed=True, measured=True)

    def without(self) -> dict[str, Score]:
        """What it makes of a trial without an answer."""
        if self.missing is None:
            return {}
        score = Score(value=self.missing, passed=True, measured=True, why="no answer")
        return {self.name: score}


def measure(name: str, read: Callable[..., Any], *, missing: float | None = None) -> Measure:
    """Make a measure.

    Args:
        name: of it, as in tables.
        read: what gives the number: a function of any of text, data, input, target, meta, events,
            sample, trial, case.
        missing: what a trial counts that failed or ran out of budget; without it, such trials
            have no number and are said to be missing.

    Raises:
        SetupError: no name, a parameter that no case has, or a `missing` that is no number.
    """
    if not isinstance(name, str) or not name.strip():
        raise SetupError(f"A measure is named {name!r}.", expected="some words")
    if not callable(read):
        raise SetupError(f"{read!r} reads no number.", expected="a function, as lambda data: data")
    if missing is not None and number(missing) is None:
        raise SetupError(f"missing is {missing!r}.", expected="a finite number, or None")
    rule = from_function(read)
    return Measure(name, rule.judge, None if missing is None else float(missing))


def measures_of(scorers: tuple[Scorer, ...]) -> tuple[str, ...]:
    """The names of those that are measures."""
    return tuple(one.name for one in scorers if isinstance(one, Measure))
