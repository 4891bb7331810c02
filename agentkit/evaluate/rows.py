"""What each contender of a comparison achieved: a row, and what rows say together."""

from __future__ import annotations

from collections.abc import Sequence

from agentkit.amounts import count, money, seconds
from agentkit.messages import Frozen


class Row(Frozen):
    """What one contender achieved. Costs, tokens and latencies are of one trial."""

    contender: str
    trials: int
    right: int
    out_of_budget: int
    """Counted as wrong."""
    partial_right: int
    """Of those, with a partial answer that was right."""
    failed: int
    """Counted as wrong."""
    accuracy: float
    """Share of right trials."""
    low: float
    high: float
    """Wilson interval of the accuracy at 95 %, seeds of one question clustered."""
    difference: float | None
    """In accuracy to the first contender, over the trials that both had; None for the first."""
    difference_low: float | None
    difference_high: float | None
    """Interval of it at 95 %, see `statistics.difference`."""
    p: float | None
    """Of the sign-flip test against the first, as a mid-p; one seed: McNemar's mid-p test."""
    p_adjusted: float | None
    """The same after Holm, for as many tests as there are."""
    cost_usd: float | None
    """Mean; None when some price is unknown."""
    cost_p50_usd: float | None
    cost_p95_usd: float | None
    latency_p50_s: float | None
    latency_p95_s: float | None
    """Of the trials that did not fail; None without any."""
    tokens: float
    """Mean, in and out."""


def cells(row: Row) -> list[str]:
    """Return a row as texts."""
    gap = p = "–"
    if (
        row.difference is not None
        and row.difference_low is not None
        and row.difference_high is not None
    ):
        points = [100 * one for one in (row.difference, row.difference_low, row.difference_high)]
        gap = "{:+.1f} ({:+.1f} to {:+.1f})".format(*points)
    if row.p_adjusted is not None:
        p = f"{row.p_adjusted:.3f}" if row.p_adjusted >= 0.001 else "< 0.001"
    return [
        row.contender,
        f"{row.accuracy:.1%}",
        f"{row.low:.1%}–{row.high:.1%}",
        gap,
        p,
        money(row.cost_p50_usd, int(row.cost_p50_usd is None)),
        money(row.cost_p95_usd, int(row.cost_p95_usd is None)),
        seconds(row.latency_p50_s),
        seconds(row.latency_p95_s),
        count(round(row.tokens)),
        count(row.out_of_budget),
        count(row.failed),
    ]


def front(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the contenders that none matches in both and beats in one, by their cost."""
    priced = all(row.cost_usd is not None for row in rows)
    found = [
        ((row.cost_usd or 0.0) if priced else row.tokens, -row.accuracy, row.contender)
        for row in rows
    ]
    return tuple(
        name
        for cost, wrong, name in sorted(found)
        if not any(
            other <= cost and others <= wrong and (other, others) != (cost, wrong)
            for other, others, _ in found
        )
    )


def per_point(row: Row, first: Row) -> float | None:
    """Return what each point of accuracy costs more than with the first, in USD per trial.

    None where it is not more accurate, or some price is unknown; below 0 where it is cheaper, too.
    """
    if row.difference is None or row.difference <= 0:
        return None
    if row.cost_usd is None or first.cost_usd is None:
        return None
    return (row.cost_usd - first.cost_usd) / (100 * row.difference)
