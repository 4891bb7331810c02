"""Calls of tools judged by what they are, as the Berkeley Function-Calling Leaderboard does.

What is right is written as its files have it: for each call the values that each parameter may
have, with "" among them where it may be left out.

Source: Patil et al. 2025, The Berkeley Function Calling Leaderboard; the rules are those of its
checker of Python's abstract syntax, for Python: texts are compared without case and without
space , . / - _ * ^ and a whole number is accepted where a float is asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from agentkit.errors import SetupError
from agentkit.evaluate.samples import Sample
from agentkit.evaluate.scorers import FunctionScorer, Score, ScorerInput
from agentkit.events import StepEnded
from agentkit.messages import JSON

Call = tuple[str, Mapping[str, JSON]]
"""A tool's name and its arguments."""


def calls() -> FunctionScorer:
    """Return a scorer: right if the calls of the first reply are those of the target.

    The target is a list of possible calls, each {"name": {"parameter": [values]}}, in any order.
    """

    def judge(case: ScorerInput) -> Score:
        if not isinstance(case.target, list):
            raise SetupError(
                f"Sample {case.sample.id}: {no_calls(case.sample)}.",
                expected='[{"name": {"parameter": [values that are right]}}]',
            )
        why = calls_differ(first_calls(case), case.target)
        return Score(value=float(not why), passed=not why, why=why)

    return FunctionScorer("calls", judge, unfit=no_calls)


def no_calls(sample: Sample) -> str:
    """Say that the target of a sample is no list of calls, if so."""
    return "" if isinstance(sample.target, list) else "its target is no list of calls"


def spoken(name: str) -> str:
    """Return a function's name as models may have it: endpoints take no dots in names."""
    return re.sub(r"[^\w-]", "_", name)[:64]


def first_calls(case: ScorerInput) -> list[Call]:
    """Return the calls of a run's first reply of a model."""
    for event in case.events:
        if isinstance(event, StepEnded) and event.step == "model" and event.nodes:
            found: list[Call] = []
            for one in event.nodes[-1].message.calls:
                try:
                    given = json.loads(one.arguments or "{}")
                except ValueError:
                    given = {}
                found.append((one.name, given if isinstance(given, dict) else {}))
            return found
    return []


def calls_differ(made: Sequence[Call], possible: Sequence[Any]) -> str:
    """Return how calls differ from those that are right; "" where they do not.

    Args:
        made: name and arguments of each call.
        possible: what each call may be; order does not count.
    """
    if len(made) != len(possible):
        return f"{len(made)} calls and not {len(possible)}"
    left, why = list(made), ""
    for wanted in possible:
        name, allowed = next(iter(wanted.items()))
        for one in left:
            other = one[0] != name and one[0] != spoken(name)
            said = f"no call of {name}" if other else arguments_differ(one[1], allowed)
            if not said:
                left.remove(one)
                break
            why = said if not other or not why else why
        else:
            return why or f"no call of {name}"
    return ""


def arguments_differ(given: Mapping[str, JSON], allowed: Mapping[str, Sequence[Any]]) -> str:
    """Return how arguments differ from those that are right; "" where they do not."""
    for name, value in given.items():
        if name not in allowed:
            return f"{name} is not a parameter of it"
        if not any(same(value, one) for one in allowed[name]):
            return f"{name} is {str(value)[:60]!r}"
    for name, values in allowed.items():
        if name not in given and "" not in values:
            return f"{name} is missing"
    return ""


def same(value: Any, right: Any) -> bool:
    """Return whether a value is one that is right."""
    if isinstance(value, bool) or isinstance(right, bool):
        return value is right
    if isinstance(value, str) and isinstance(right, str):
        return bare(value) == bare(right)
    if isinstance(value, int | float) and isinstance(right, int | float):
        return value == right
    if isinstance(value, list) and isinstance(right, list):
        return len(value) == len(right) and all(map(same, value, right))
    if isinstance(value, dict) and isinstance(right, dict):
        return not arguments_differ(value, right)
    return type(value) is type(right) and bool(value == right)


def bare(text: str) -> str:
    """Return a text as texts are compared."""
    return re.sub(r"[ ,./\-_*^]", "", text).lower().replace("'", '"')
