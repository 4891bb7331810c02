"""How far judges agree beyond chance: with each other, and with the labels of people.

A judge is a measuring instrument. Before its verdicts are counted it is held against labels, as
a share of agreement, as Cohen's kappa, and with several judges or gaps as Krippendorff's alpha.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any, Literal, get_args

from agentkit.errors import SetupError
from agentkit.evaluate.fitting import number

Level = Literal["nominal", "ordinal", "interval"]


def agreement(first: Iterable[Hashable], second: Iterable[Hashable]) -> float:
    """Return the share of cases in which two judges say the same.

    Args:
        first, second: their verdicts; lists, or columns of a data frame.

    Raises:
        SetupError: no cases, not the same ones, or one without a verdict.
    """
    mine, theirs = verdict_pairs(first, second)
    alike = sum(bool(a == b) for a, b in zip(mine, theirs, strict=True))
    return alike / len(mine)


def cohen_kappa(first: Iterable[Hashable], second: Iterable[Hashable]) -> float:
    """Return Cohen's kappa of two judges: 1 is agreement, 0 what chance alone would give.

    Where both say always the same one thing there is nothing to agree about; that counts as 1.

    Args:
        first, second: their verdicts; lists, or columns of a data frame.

    Raises:
        SetupError: no cases, not the same ones, or one without a verdict.

    Source: Cohen 1960, A Coefficient of Agreement for Nominal Scales.
    """
    one, two = verdict_pairs(first, second)
    seen, mine, theirs = agreement(one, two), Counter(one), Counter(two)
    chance = sum(mine[name] * theirs[name] for name in mine) / len(one) ** 2
    return 1.0 if chance == 1 else (seen - chance) / (1 - chance)


def krippendorff_alpha(judges: Iterable[Iterable[Any]], level: Level = "nominal") -> float:
    """Return Krippendorff's alpha: 1 is agreement, 0 what chance alone would give.

    Args:
        judges: one sequence of verdicts each, over the same cases; None, or NaN as data frames
            have it, where one said nothing.
        level: of measurement; verdicts of the others than "nominal" are numbers.

    Raises:
        SetupError: fewer than two judges, not the same cases, no case with two verdicts, no such
            level, or verdicts that are no numbers where it takes some.

    Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability.
    """
    units = [unit for unit in units_of(judges) if len(unit) > 1]
    if not units:
        raise SetupError("No case has two verdicts.", expected="cases that several judges judged")
    units = measured(units, level)
    coincidences: Counter[tuple[Any, Any]] = Counter()
    for unit in units:
        for i, a in enumerate(unit):
            for j, b in enumerate(unit):
                if i != j:
                    coincidences[a, b] += 1 / (len(unit) - 1)  # type: ignore[assignment]
    totals: Counter[Any] = Counter()
    for (a, _), count in coincidences.items():
        totals[a] += count
    whole = sum(totals.values())
    away = distance(level, totals)
    seen = sum(count * away(a, b) for (a, b), count in coincidences.items()) / whole
    chance = sum(totals[a] * totals[b] * away(a, b) for a in totals for b in totals)
    chance /= whole * (whole - 1)
    return 1.0 if chance == 0 else 1 - seen / chance


def units_of(judges: Iterable[Iterable[Any]]) -> list[list[Any]]:
    """Return the verdicts that there are of each case.

    Raises:
        SetupError: fewer than two judges, or not the same cases.
    """
    if hasattr(judges, "columns"):
        raise SetupError(
            "A data frame does not say whether its rows or its columns are judges.",
            todo="give one sequence for each judge: [frame[name] for name in frame]",
        )
    every = [told(one) for one in judges]
    if len(every) < 2 or len({len(one) for one in every}) != 1:
        raise SetupError(
            f"{len(every)} judges with {[len(one) for one in every]} verdicts.",
            expected="two judges or more, over the same cases",
        )
    return [[v for v in unit if v is not None] for unit in zip(*every, strict=True)]


def measured(units: list[list[Any]], level: Level) -> list[list[Any]]:
    """Return verdicts as a level of measurement takes them; numbers from -1 to 1.

    Raises:
        SetupError: there is no such level, or they are no numbers.
    """
    if level not in get_args(Level):
        raise SetupError(f"There is no level {level!r}.", expected=", ".join(get_args(Level)))
    if level == "nominal":
        return units
    found = [[number(v) for v in unit] for unit in units]
    odd = [v for unit, read in zip(units, found, strict=True)
           for v, one in zip(unit, read, strict=True) if one is None]  # fmt: skip
    if odd:
        raise SetupError(
            f"A verdict is {odd[0]!r:.80}.", expected=f"finite numbers at the level {level!r}"
        )
    most = max(abs(v or 0.0) for unit in found for v in unit) or 1.0
    return [[(v or 0.0) / most for v in unit] for unit in found]


def told(verdicts: Iterable[Any]) -> list[Any]:
    """Return what a judge said, numbers of numpy as Python's, None where it said nothing."""
    found = [v.item() if getattr(v, "shape", None) == () else v for v in verdicts]
    return [None if missing(v) else v for v in found]


def missing(verdict: Any) -> bool:
    """Return whether a verdict is none: None, NaN, or what pandas has for it."""
    try:
        return verdict is None or bool(verdict != verdict)
    except (TypeError, ValueError):  # what is not to be compared with itself
        return True


def distance(level: Level, totals: Counter[Any]) -> Any:
    """Return the squared difference of two verdicts at a level of measurement."""
    if level == "nominal":
        return lambda a, b: float(a != b)
    if level == "interval":
        return lambda a, b: float(a - b) ** 2
    order = sorted(totals)

    def ranks(a: Any, b: Any) -> float:
        low, high = sorted((order.index(a), order.index(b)))
        between = sum(totals[one] for one in order[low : high + 1])
        return float((between - (totals[a] + totals[b]) / 2) ** 2)

    return ranks


def verdict_pairs(first: Iterable[Any], second: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """Return the verdicts of two judges over the same cases.

    Raises:
        SetupError: they judged none, not the same ones, or one without a verdict.
    """
    mine, theirs = told(first), told(second)
    if not mine or len(mine) != len(theirs):
        raise SetupError(
            f"{len(mine)} and {len(theirs)} verdicts.",
            expected="the same number of both, at least one",
        )
    for place, pair in enumerate(zip(mine, theirs, strict=True), 1):
        if None in pair or not all(isinstance(one, Hashable) for one in pair):
            raise SetupError(
                f"Case {place} has the verdicts {pair[0]!r:.80} and {pair[1]!r:.80}.",
                expected="one of both judges",
                todo="leave out cases that one of them did not judge",
            )
    return mine, theirs
