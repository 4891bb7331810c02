"""What can be judged at all: numbers and options that somebody gave, samples, equal values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from agentkit.errors import SetupError
from agentkit.evaluate.samples import Sample


def number(made: Any) -> float | None:
    """A value as a finite number, those of numpy too; None where it is none."""
    if isinstance(made, str | bytes):
        return None
    try:
        value = float(made)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def share_of(name: str, value: Any) -> float:
    """Return a number from 0 to 1 that somebody gave.

    Raises:
        SetupError: it is none.
    """
    found = None if isinstance(value, bool) else number(value)
    if found is None or not 0 <= found <= 1:
        raise SetupError(f"{name} is {value!r}.", expected="a number from 0 to 1")
    return found


def amount_of(name: str, value: Any) -> float:
    """Return a finite number from 0 up that somebody gave.

    Raises:
        SetupError: it is none.
    """
    found = None if isinstance(value, bool) else number(value)
    if found is None or found < 0:
        raise SetupError(f"{name} is {value!r}.", expected="a number from 0 up")
    return found


def without_target(sample: Sample) -> str:
    """Say that a sample does not say what is right, if so."""
    return "it has no target" if sample.target is None else ""


def check_fit(scorers: Iterable[Any], samples: Iterable[Sample]) -> None:
    """See to it that scorers can judge samples, before an answer is paid.

    Raises:
        SetupError: one cannot.
    """
    every = tuple(samples)
    for one in scorers:
        unfit = getattr(one, "unfit", None)
        why = {s.id: said for s in every if (said := unfit(s))} if callable(unfit) else {}
        if why:
            first, reason = next(iter(why.items()))
            many = f"{len(why)} of {len(every)} samples; {first}" if len(why) > 1 else first
            raise SetupError(
                f"The scorer {one.name} cannot judge {many}: {reason}.",
                expected="samples that say what is right, as this scorer reads it",
                todo="mend the dataset, leave them out by dataset.where(...), or take another"
                " scorer",
            )


def alike(one: Any, two: Any) -> bool:
    """Whether two JSON values are equal; True is not 1, and 1.0 is."""
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(alike, one, two))
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(alike(one[name], two[name]) for name in one)
    return bool(one == two)
