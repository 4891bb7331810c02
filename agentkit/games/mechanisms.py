"""Mechanisms: rules that turn what bidders say into what is done and who pays what.

    found = vcg({"ann": {"north": 3, "south": 1}, "bo": {"north": 0, "south": 2}})
    lies(first_price, {"ann": [1, 2, 3], "bo": [1, 2, 3]})   # who gains by a lie

A report is what a bidder says that something is worth to it. A mechanism is truthful if nobody ever
gains by saying otherwise, whatever the others say; `lies` tries it all, for finitely many values.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentkit.errors import SetupError
from agentkit.games.game import MOST, is_number

LARGEST = 200_000
"""Profiles of reports that are tried, at most."""
GAIN = 1e-9
"""A gain below this is none."""

Bids = Mapping[str, float]


@dataclass(frozen=True)
class Decision:
    """What a mechanism decides."""

    outcome: Any
    """Who gets the good; or what is done; None where nothing is."""
    payments: dict[str, float]
    """By bidder what it pays; below 0 what it is paid."""

    @property
    def revenue(self) -> float:
        """What all pay together."""
        return sum(self.payments.values())

    def gain(self, bidder: str, worth: float) -> float:
        """What a bidder has of it to whom the outcome is worth so much."""
        return worth - self.payments.get(bidder, 0.0)


Mechanism = Callable[[Mapping[str, Any]], Decision]


def checked(bids: Bids, least: int = 1) -> list[str]:
    """The bidders, the highest first; equal ones in the order in which they are given.

    Raises:
        SetupError: too few, or a bid that is no finite number.
    """
    for who, bid in bids.items():
        if not is_number(bid):
            raise SetupError(f"{who} bids {bid!r}.", expected=f"a number, none beyond {MOST:g}")
    if len(bids) < least:
        raise SetupError(f"There are {len(bids)} bidders.", expected=f"{least} or more")
    return sorted(bids, key=lambda who: -bids[who])


def priced(bids: Bids, price: Callable[[list[str]], float], reserve: float) -> Decision:
    """The good goes to the highest bid, if that is not below the reserve, at a price."""
    order = checked(bids)
    checked({"the seller's reserve": reserve})
    payments = dict.fromkeys(bids, 0.0)
    if bids[order[0]] < reserve:
        return Decision(None, payments)
    return Decision(order[0], {**payments, order[0]: max(reserve, price(order))})


def first_price(bids: Bids, reserve: float = 0.0) -> Decision:
    """The highest bid wins, and pays itself. Of equal ones the first that is given wins.

    Raises:
        SetupError: no bidder, or a bid that is no number.
    """
    return priced(bids, lambda order: bids[order[0]], reserve)


def second_price(bids: Bids, reserve: float = 0.0) -> Decision:
    """The highest bid wins, and pays the second (Vickrey 1961); alone, the reserve.

    Raises:
        SetupError: no bidder, or a bid that is no number.
    """
    return priced(bids, lambda order: bids[order[1]] if len(order) > 1 else reserve, reserve)


def all_pay(bids: Bids) -> Decision:
    """The highest bid wins, and everybody pays its own, as in a race or a war.

    Raises:
        SetupError: no bidder, or a bid that is no number.
    """
    return Decision(checked(bids)[0], {who: float(bid) for who, bid in bids.items()})


def vcg(reports: Mapping[str, Mapping[Any, float]]) -> Decision:
    """Do what is worth most to all together; each pays what the others lose by its being there.

    Vickrey 1961, Clarke 1971, Groves 1973. Truthful whatever is decided about; the payments need
    not cover a cost, and bidders who act together can gain.

    Args:
        reports: by bidder what each outcome is worth to it; all of the same outcomes.

    Raises:
        SetupError: no bidder, no outcome, or outcomes that some did not speak of.
    """
    every = [set(one) for one in reports.values()]
    if not every or not every[0] or any(one != every[0] for one in every):
        raise SetupError(
            "Not all bidders speak of the same outcomes.",
            expected='{"ann": {"a": 1, "b": 0}, "bo": {"a": 0, "b": 2}}',
        )
    for report in reports.values():
        checked({str(outcome): worth for outcome, worth in report.items()})
    outcomes = list(next(iter(reports.values())))

    def best(who: Sequence[str]) -> tuple[Any, float]:
        sums = {one: sum(reports[name][one] for name in who) for one in outcomes}
        chosen = max(outcomes, key=lambda one: sums[one])
        return chosen, sums[chosen]

    chosen, _ = best(list(reports))
    payments = {}
    for name in reports:
        others = [one for one in reports if one != name]
        payments[name] = best(others)[1] - sum(reports[one][chosen] for one in others)
    return Decision(chosen, payments)


@dataclass(frozen=True)
class Lie:
    """A report that pays better than the truth."""

    bidder: str
    truth: Any
    said: Any
    others: dict[str, Any]
    """What the others say then."""
    gain: float
    """How much better."""

    def __str__(self) -> str:
        told = ", ".join(f"{who} {said}" for who, said in self.others.items())
        return (
            f"{self.bidder} gains {self.gain:.4g} by saying {self.said} where {self.truth} is true,"
            f" the others saying {told or 'nothing'}"
        )


def lies(
    mechanism: Mechanism,
    values: Mapping[str, Sequence[Any]],
    worth: Callable[[str, Any, Decision], float] | None = None,
) -> list[Lie]:
    """Find every report that pays better than the truth, the best first; none: it is truthful.

    All values of all bidders are tried, so "none" is a proof for these values and no others.

    Args:
        mechanism: that is tried.
        values: by bidder the values that it may have, and may say.
        worth: what a decision is worth to a bidder with a value, before it pays; by default the
            value if it gets the good, and for values by outcome that of the outcome.

    Raises:
        SetupError: no bidder, more profiles than can be tried, or an answer that is no Decision.
    """
    sizes = math.prod(len(one) for one in values.values())
    if not values or not sizes or sizes > LARGEST:
        raise SetupError(
            f"There are {sizes if values else 0} profiles of reports.",
            expected=f"1 to {LARGEST}",
            todo="fewer bidders or values",
        )
    worth = worth or usual
    names, found = list(values), []
    decided = {}
    for reports in itertools.product(*[range(len(values[one])) for one in names]):
        said = {name: values[name][n] for name, n in zip(names, reports, strict=True)}
        decided[reports] = mechanism(said)
        if not isinstance(decided[reports], Decision):
            raise SetupError(
                f"The mechanism answers {decided[reports]!r}.",
                expected="Decision(outcome, {bidder: what it pays})",
            )
    for reports, honest in decided.items():
        for seat, name in enumerate(names):
            true = values[name][reports[seat]]
            fair = honest.gain(name, worth(name, true, honest))
            for n, said in enumerate(values[name]):
                other = decided[(*reports[:seat], n, *reports[seat + 1 :])]
                gain = other.gain(name, worth(name, true, other)) - fair
                if gain > GAIN:
                    rest = {
                        one: values[one][reports[k]] for k, one in enumerate(names) if k != seat
                    }
                    found.append(Lie(name, true, said, rest, gain))
    return sorted(found, key=lambda one: -one.gain)


def usual(bidder: str, value: Any, decision: Decision) -> float:
    """What a decision is worth: the value of the good to who gets it, or of the outcome."""
    if isinstance(value, Mapping):
        return float(value.get(decision.outcome, 0.0))
    return float(value) if decision.outcome == bidder else 0.0
