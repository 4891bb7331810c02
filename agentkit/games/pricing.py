"""Sellers whose programs learn prices, and learn to keep them high without a word said.

Calvano, Calzolari, Denicolò and Pastorello 2020, Artificial Intelligence, Algorithmic Pricing, and
Collusion (American Economic Review 110, 10): demand, constants and learners are those of its
baseline, two sellers that remember the last prices. The paper was not at hand: its numbers are as
three replications have them that share no code, matteocourthoud/Algorithmic-Collusion-Replication
(rate, forgetting, patience, demand), jeremiahpslewis/AlgorithmicCompetition.jl (demand, patience)
and Maestro-Titarenko/QLearning-Collusion, which quotes the paper section by section (all of them).
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from agentkit.deprecated import moved
from agentkit.errors import SetupError

SMALL = 1e-9
GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Market:
    """Two sellers and buyers who choose by a logit: the cheaper of two sells more, not all."""

    quality: float = 2.0
    cost: float = 1.0
    outside: float = 0.0
    """How good it is to buy nothing."""
    alike: float = 0.25
    """How different the sellers are; towards 0 the cheaper one gets all buyers."""
    prices: int = 15
    beyond: float = 0.1
    """How far the prices go beyond the two benchmarks, in parts of their distance."""

    def __post_init__(self) -> None:
        if not (self.alike > 0 and self.prices >= 2 and self.quality > self.cost):
            raise SetupError(
                f"No market: {self!r}.",
                expected="alike above 0, at least 2 prices, a quality above the cost",
            )

    def profit(self, mine: float, other: float) -> float:
        """What a seller earns in a period, per buyer, by both prices."""
        own = math.exp((self.quality - mine) / self.alike)
        theirs = math.exp((self.quality - other) / self.alike)
        return (mine - self.cost) * own / (own + theirs + math.exp(self.outside / self.alike))

    @cached_property
    def nash(self) -> float:
        """The price from which neither seller would move alone, in a market of one period."""
        price = self.cost
        while True:
            other = price
            reply = highest(lambda mine: self.profit(mine, other), self.cost)  # noqa: B023
            if abs(reply - price) < SMALL:
                return reply
            price = reply

    @cached_property
    def monopoly(self) -> float:
        """The price that is best for both together."""
        return highest(lambda both: self.profit(both, both), self.cost)

    @cached_property
    def grid(self) -> tuple[float, ...]:
        """The prices that may be set."""
        reach = self.monopoly - self.nash
        low = self.nash - self.beyond * reach
        step = reach * (1 + 2 * self.beyond) / (self.prices - 1)
        return tuple(low + k * step for k in range(self.prices))

    def mean(self, place: float) -> float:
        """The price at a place of the grid, which may lie between two."""
        return self.grid[0] + (self.grid[1] - self.grid[0]) * place

    def gain(self, profit: float) -> float:
        """A profit as a part of the way from competition, 0, to monopoly, 1."""
        least, most = self.profit(self.nash, self.nash), self.profit(self.monopoly, self.monopoly)
        return (profit - least) / (most - least)


def highest(pays: Callable[[float], float], low: float, width: float = 4.0) -> float:
    """Where a function with one hill is highest, by golden section."""
    high = low + width
    while high - low > SMALL / 10:
        first, second = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        if pays(first) < pays(second):
            low = first
        else:
            high = second
    return (low + high) / 2


@dataclass(frozen=True)
class PricingSession:
    """Two sellers after they have learned."""

    market: Market
    policies: tuple[tuple[int, ...], tuple[int, ...]]
    """By seller the price that it sets, by the last two prices: mine * prices + other's."""
    ends: tuple[int, int]
    """The prices of the last period."""
    periods: int
    still: int
    """For how many periods, at the end, neither would have set other prices anywhere."""
    path: tuple[float, ...] = field(default=(), repr=False)
    """Mean price of each thousandth part of the time that was allowed."""

    def play(self, start: Sequence[int], periods: int) -> list[tuple[int, int]]:
        """The prices that follow, period by period, without exploring."""
        size, now, found = self.market.prices, (start[0], start[1]), []
        for _ in range(periods):
            now = (
                self.policies[0][now[0] * size + now[1]],
                self.policies[1][now[1] * size + now[0]],
            )
            found.append(now)
        return found

    @property
    def gain(self) -> float:
        """Profit gain of both in the cycle that they come to: 0 competition, 1 monopoly."""
        ahead = self.play(self.ends, 2 * self.market.prices**2)
        first = ahead.index(ahead[-1])
        cycle = ahead[first : len(ahead) - 1] or ahead[-1:]
        grid = self.market.grid
        both = [
            (self.market.profit(grid[a], grid[b]) + self.market.profit(grid[b], grid[a])) / 2
            for a, b in cycle
        ]
        return self.market.gain(sum(both) / len(both))

    def deviate(self, price: int | None = None, periods: int = 15) -> list[tuple[float, float]]:
        """Make the first seller set another price once, and see what both do afterwards.

        Args:
            price: its number in the grid; by default the best one against the other's.
            periods: how many are told, the deviation among them, after two as they were.

        Returns:
            Prices of both, period by period.
        """
        grid, size = self.market.grid, self.market.prices
        usual = self.play(self.ends, 2)
        other = self.policies[1][usual[-1][1] * size + usual[-1][0]]
        if price is None:
            price = max(range(size), key=lambda k: self.market.profit(grid[k], grid[other]))
        cut = (price, other)
        path = [*usual, cut, *self.play(cut, periods - 1)]
        return [(grid[a], grid[b]) for a, b in path]


def learn_prices(
    market: Market | None = None,
    *,
    periods: int = 500_000,
    rate: float = 0.15,
    forget: float = 4e-6,
    patience: float = 0.95,
    rest: int | None = None,
    seed: int = 0,
) -> PricingSession:
    """Let two Q-learners set prices, each seeing the last prices and its own profit.

    Q(state, price) += rate (profit + patience max Q(next) - Q), exploring with probability
    exp(-forget * period). Values begin as if the other drew its prices by chance. Defaults are the
    paper's; its sessions end by `rest=100_000`.

    Args:
        market: the paper's by default.
        periods: to learn for, at most.
        rate: of learning (alpha), in (0, 1].
        forget: how fast exploring ends (beta), at least 0.
        patience: what a profit of the next period is worth now (delta), 0 up to below 1.
        rest: end when neither would have set another price anywhere for so many periods; `still`
            tells how many it were.
        seed: of chance.

    Raises:
        SetupError: a number out of its range.
    """
    market = market or Market()
    good = 0 < rate <= 1 and 0 <= forget < math.inf and (rest is None or rest >= 1)
    if type(periods) is not int or periods < 1000 or not good:
        raise SetupError(
            f"{periods!r} periods, rate {rate!r}, forgetting {forget!r}, rest {rest!r}.",
            expected="at least 1,000 periods, a rate in (0, 1], forgetting from 0, a rest from 1",
        )
    if not 0 <= patience < 1:
        raise SetupError(
            f"patience is {patience!r}: the values would diverge.", expected="0 up to below 1"
        )
    rng, size, grid = random.Random(seed), market.prices, market.grid
    pays = [[market.profit(a, b) for b in grid] for a in grid]
    first = [sum(line) / size / (1 - patience) for line in pays]
    values = [[list(first) for _ in range(size * size)] for _ in (0, 1)]
    best = [[first.index(max(first))] * (size * size) for _ in (0, 1)]
    return run_market(
        market, rng, pays, values, best, periods, rate, forget, patience, rest or periods
    )


def run_market(
    market: Market, rng: random.Random, pays: list[list[float]], values: list[list[list[float]]],
    best: list[list[int]], periods: int, rate: float, forget: float, patience: float, rest: int,
) -> PricingSession:  # fmt: skip
    """The loop of `learn_prices`: what is best is kept, so that a period costs a microsecond."""
    size, chance, still, path = market.prices, rng.random, 0, []
    a, b = rng.randrange(size), rng.randrange(size)
    part, total, keep = periods // 1000, 0, 1.0 - rate
    for period in range(periods):
        if period % 100 == 0:
            explore = math.exp(-forget * period)
        one, two = a * size + b, b * size + a
        c = int(chance() * size) if chance() < explore else best[0][one]
        d = int(chance() * size) if chance() < explore else best[1][two]
        for seller, state, move, other in ((0, one, c, d), (1, two, d, c)):
            line, greedy = values[seller][state], best[seller]
            after = move * size + other
            ahead = values[seller][after][greedy[after]]
            line[move] = keep * line[move] + rate * (pays[move][other] + patience * ahead)
            top = greedy[state]
            if move == top:
                top = line.index(max(line))
            elif line[move] > line[top]:
                top = move
            if top != greedy[state]:
                greedy[state], still = top, -1
        still += 1
        a, b = c, d
        total += a + b
        if period % part == part - 1:
            path.append(market.mean(total / part / 2))
            total = 0
        if still >= rest:
            break
    policies = (tuple(best[0]), tuple(best[1]))
    return PricingSession(market, policies, (a, b), period + 1, still, tuple(path))


__getattr__ = moved(__name__, {"Session": f"{__name__}:PricingSession"})
