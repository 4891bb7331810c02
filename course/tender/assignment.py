"""A tender: who asks least gets the freight, at the second lowest price (lesson 08)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agentkit.grading import Assignment, Case, Rule, Seen
from agentkit.grading.assignment import seed_of
from agentkit.sim.world.tables import LAST_NAMES

CASES, PUBLIC = 44, 4
TASK = (
    "Award the freight to the carrier who asks least, at the second lowest price. The carriers"
    " are {}."
)


def market(asks: Mapping[str, int]) -> tuple[Callable[..., Any], ...]:
    """Carriers with their prices, and the contract."""

    def quote(carrier: str) -> int:
        """What a carrier asks for the freight, in EUR."""
        if carrier not in asks:
            raise ValueError(f"there is no carrier {carrier}")
        return asks[carrier]

    def award(carrier: str, price_eur: int) -> str:
        """Award the contract to a carrier at a price in EUR. It cannot be undone."""
        return f"awarded to {carrier} at {price_eur} EUR"

    return quote, award


def cases(secret: str) -> Iterator[Case]:
    """Three to six carriers, no two of whom ask the same."""
    for n in range(CASES):
        public = n < PUBLIC
        rng = random.Random(seed_of("public" if public else secret, n, "tender"))
        carriers = rng.sample(sorted(LAST_NAMES), 3 + n % 4)
        asks = dict(zip(carriers, rng.sample(range(101, 400), len(carriers)), strict=True))
        least, second = sorted(asks, key=lambda name: asks[name])[:2]
        named = f"{', '.join(carriers[:-1])} and {carriers[-1]}"
        yield Case(
            f"{n}-{len(carriers)}", TASK.format(named), tools=market(asks),
            once=frozenset({"award"}), seed=rng.randrange(1 << 30), public=public,
            data={"asks": asks, "award": {"carrier": least, "price_eur": asks[second]}},
        )  # fmt: skip


def awarded(seen: Seen) -> bool:
    """Whether all were asked before it was awarded, once, and as the rule says."""
    done = [n for n, use in enumerate(seen.tools) if use.name == "award"]
    if len(done) != 1 or seen.tools[done[0]].arguments != seen.case.data["award"]:
        return False
    before = [use for use in seen.tools[: done[0]] if use.name == "quote" and not use.error]
    asked = {use.arguments["carrier"] for use in before}
    return asked == set(seen.case.data["asks"]) and seen.by_model and bool(seen.text.strip())


def sparing(seen: Seen) -> bool:
    """Whether each carrier was asked once."""
    return awarded(seen) and len(seen.used("quote")) == len(seen.case.data["asks"])


assignment = Assignment(
    name="tender",
    cases=cases,
    rules=(
        Rule("awarded to the right one at the right price", 6, awarded),
        Rule("among six carriers, too", 2, awarded, lambda c: len(c.data["asks"]) == 6),
        Rule("and each carrier was asked once", 2, sparing),
    ),
)
