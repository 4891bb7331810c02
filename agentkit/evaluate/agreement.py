"""How far judges agree beyond chance: with each other, and with the labels of people.

A judge is a measuring instrument. Before its verdicts are counted it is held against labels, as
a share of agreement, as Cohen's kappa, and with several judges or gaps as Krippendorff's alpha.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any, Literal

from agentkit.errors import SetupError

Level = Literal["nominal", "ordinal", "interval"]


def agreement(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Return the share of cases in which two judges say the same.

    Raises:
        SetupError: no cases, or not the same ones.
    """
    paired(first, second)
    return sum(a == b for a, b in zip(first, second, strict=True)) / len(first)


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Return Cohen's kappa of two judges: 1 is agreement, 0 what chance alone would give.

    Where both say always the same one thing there is nothing to agree about; that counts as 1.

    Raises:
        SetupError: no cases, or not the same ones.

    Source: Cohen 1960, A Coefficient of Agreement for Nominal Scales.
    """
    seen = agreement(first, second)
    mine, theirs = Counter(first), Counter(second)
    chance = sum(mine[one] * theirs[one] for one in mine) / len(first) ** 2
    return 1.0 if chance == 1 else (seen - chance) / (1 - chance)


def krippendorff_alpha(judges: Sequence[Sequence[Any]], level: Level = "nominal") -> float:
    """Return Krippendorff's alpha: 1 is agreement, 0 what chance alone would give.

    Args:
        judges: one sequence of verdicts each, over the same cases; None where one said nothing.
        level: of measurement; verdicts of the others than "nominal" are numbers.

    Raises:
        SetupError: fewer than two judges, not the same cases, or no case with two verdicts.

    Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability.
    """
    if len(judges) < 2 or len({len(one) for one in judges}) != 1:
        raise SetupError(
            f"{len(judges)} judges with {[len(one) for one in judges]} verdicts.",
            expected="two judges or more, over the same cases",
        )
    units = [[v for v in unit if v is not None] for unit in zip(*judges, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    if not units:
        raise SetupError("No case has two verdicts.", expected="cases that several judges judged")
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


def paired(first: Sequence[Any], second: Sequence[Any]) -> None:
    """See to it that two judges judged the same cases.

    Raises:
        SetupError: they did not.
    """
    if not first or len(first) != len(second):
        raise SetupError(
            f"{len(first)} and {len(second)} verdicts.",
            expected="the same number of both, at least one",
        )
