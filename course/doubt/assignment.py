"""A booking of which nobody knows whether it was made: find out, and then book once (lesson 02)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from agentkit.grading import Assignment, Case, Rule, Seen
from agentkit.grading.assignment import seed_of
from agentkit.sim.world.tables import PORT_NAMES, SHIP_NAMES

CASES, PUBLIC, FEW = 44, 4, 8
UNKNOWN = "no answer within 5 s; whether it was booked is not known"


def office(done: bool) -> list[Callable[..., Any]]:
    """The harbour's books, and a line to them that breaks off at the first booking.

    Args:
        done: whether that booking was made all the same.
    """
    kept: list[dict[str, str]] = []
    tries: list[str] = []

    def book_berth(ship: str, port: str) -> str:
        """Book a berth for a ship in a port. It costs 50 EUR and cannot be undone."""
        tries.append(ship)
        if len(tries) > 1 or done:
            kept.append({"ship": ship, "port": port})
        if len(tries) == 1:
            raise TimeoutError(UNKNOWN)
        return f"berth booked in {port} for the {ship}"

    def bookings(ship: str) -> list[dict[str, str]]:
        """The berths that are booked for a ship."""
        return [one for one in kept if one["ship"] == ship]

    return [book_berth, bookings]


def cases(secret: str) -> Iterator[Case]:
    """Bookings that break off; every other one was made."""
    for n in range(CASES):
        public = n < PUBLIC
        rng = random.Random(seed_of("public" if public else secret, n, "doubt"))
        ship, port, done = rng.choice(SHIP_NAMES), rng.choice(PORT_NAMES), n % 2 == 0
        yield Case(
            f"{n}-{'done' if done else 'not'}", f"Book a berth for the {ship} in {port}.",
            fresh=partial(office, done), once=frozenset({"book_berth"}),
            seed=rng.randrange(1 << 30), public=public,
            data={"ship": ship, "port": port, "done": done},
        )  # fmt: skip


def settled(seen: Seen) -> bool:
    """Whether one berth is booked, and nobody booked again before he had looked."""
    ship, port, done = (seen.case.data[name] for name in ("ship", "port", "done"))
    books = [n for n, use in enumerate(seen.tools) if use.name == "book_berth"]
    if len(books) != (1 if done else 2) or not seen.by_model or port not in seen.text:
        return False
    asked = all(seen.tools[n].arguments == {"ship": ship, "port": port} for n in books)
    between = seen.tools[books[0] + 1 : None if done else books[1]]
    looked = [use for use in between if use.name == "bookings" and not use.error]
    return asked and any(use.arguments == {"ship": ship} for use in looked)


assignment = Assignment(
    name="doubt",
    cases=cases,
    rules=(
        Rule("booked once although it was done already", 4, settled, lambda c: c.data["done"]),
        Rule("booked once although it was not done", 4, settled, lambda c: not c.data["done"]),
        Rule("and with few model calls", 2, lambda s: settled(s) and s.calls <= FEW),
    ),
)
