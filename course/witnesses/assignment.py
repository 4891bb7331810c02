"""Five witnesses, of whom some lie and some are silent: what most say is taken (lesson 06)."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from agentkit.grading import Assignment, Case, Rule, Seen
from agentkit.grading.assignment import seed_of
from agentkit.sim.world.tables import SHIP_NAMES

CASES, PUBLIC, ENOUGH = 44, 4, 3
NAMES = ("pilot", "customs", "watchman", "chandler", "tugmaster")


def witnesses(told: Mapping[str, int]) -> tuple[Callable[..., Any], ...]:
    """The five; one who is not among those that tell is silent."""

    def says(name: str, ship: str) -> dict[str, str | int]:
        if name not in told:
            raise ValueError(f"the {name} is not there")
        return {"ship": ship, "berth": told[name]}

    def pilot(ship: str) -> dict[str, str | int]:
        """The berth of a ship, as the pilot says."""
        return says("pilot", ship)

    def customs(ship: str) -> dict[str, str | int]:
        """The berth of a ship, as the customs say."""
        return says("customs", ship)

    def watchman(ship: str) -> dict[str, str | int]:
        """The berth of a ship, as the watchman says."""
        return says("watchman", ship)

    def chandler(ship: str) -> dict[str, str | int]:
        """The berth of a ship, as the chandler says."""
        return says("chandler", ship)

    def tugmaster(ship: str) -> dict[str, str | int]:
        """The berth of a ship, as the tugmaster says."""
        return says("tugmaster", ship)

    return pilot, customs, watchman, chandler, tugmaster


def cases(secret: str) -> Iterator[Case]:
    """Ships, each with two liars who agree; in every other case one of them is silent."""
    for n in range(CASES):
        public = n < PUBLIC
        rng = random.Random(seed_of("public" if public else secret, n, "witnesses"))
        ship, (berth, lie) = rng.choice(SHIP_NAMES), rng.sample(range(11, 60), 2)
        liars = rng.sample(NAMES, 2)
        told = {name: lie if name in liars else berth for name in NAMES}
        if silent := n % 2 == 1:
            del told[liars[0]]
        yield Case(
            f"{n}-{'silent' if silent else 'lies'}", f"In which berth is the {ship}?",
            tools=witnesses(told), seed=rng.randrange(1 << 30), public=public,
            data={"ship": ship, "berth": berth, "silent": silent},
        )  # fmt: skip


def agreed(seen: Seen) -> bool:
    """Whether the answer is the true berth and no other, and as many as it takes said so."""
    ship, berth = seen.case.data["ship"], seen.case.data["berth"]
    said = {use.name for use in seen.tools
            if not use.error and use.result == {"ship": ship, "berth": berth}}  # fmt: skip
    numbers = {int(one) for one in re.findall(r"\d+", seen.text)}
    return numbers == {berth} and len(said) >= ENOUGH and seen.by_model


def once(seen: Seen) -> bool:
    """Whether nobody who had answered was asked again."""
    told = [use.name for use in seen.tools if not use.error]
    return agreed(seen) and len(set(told)) == len(told)


assignment = Assignment(
    name="witnesses",
    cases=cases,
    rules=(
        Rule("right although two lie", 4, agreed, lambda case: not case.data["silent"]),
        Rule("right although one lies and one is silent", 4, agreed, lambda c: c.data["silent"]),
        Rule("and nobody was asked twice", 2, once),
    ),
)
