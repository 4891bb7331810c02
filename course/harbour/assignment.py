"""A clerk of the port: looks up what it says, books once, and holds under faults."""

from __future__ import annotations

import random
from collections.abc import Iterator

from agentkit.grading import Assignment, Case, Rule, Seen
from agentkit.grading.assignment import seed_of
from agentkit.grading.port import asks, right
from agentkit.sim.world import world

SEEDS, QUESTIONS, FEW = 5, 4, 8


def book_berth(ship: str, port: str) -> str:
    """Book a berth for a ship in a port. It costs 50 EUR and cannot be undone."""
    return f"berth booked in {port} for the {ship}"


def cases(secret: str) -> Iterator[Case]:
    """Questions of several steps and a booking in worlds that nobody knows, twice: with faults."""
    for n in range(SEEDS):
        public = n == 0
        # The first world is the one in the notebooks; what is shown of it gives nothing away.
        seed = 7 if public else seed_of(secret, n)
        port = world(seed)
        rng = random.Random(seed_of(secret, n, "drawn"))
        tools = (*port.functions(), book_berth)
        known = [
            q
            for q in (*port.questions_at(2), *port.questions_at(3))
            if not q.facts[0].startswith("sailings")
        ]
        drawn = rng.sample(known, QUESTIONS)
        ship, berth = rng.choice(port.tables.ships).name, rng.choice(port.tables.ports).name
        for faults in ({}, {"500": 0.1}):
            kind = "faults" if faults else "clean"
            how = {
                "tools": tools,
                "once": frozenset({"book_berth"}),
                "seed": seed,
                "faults": faults,
            }
            for q in drawn:
                yield Case(f"{n}-{kind}-{q.id}", q.text, public=public, data=q, **how)
            task = f"Book a berth for the {ship} in {berth}."
            booked = {"ship": ship, "port": berth}
            yield Case(f"{n}-{kind}-book", task, public=public, data=booked, **how)


def booked(seen: Seen) -> bool:
    """Whether what was asked for was booked, and nothing else."""
    done = [use.arguments for use in seen.used("book_berth")]
    return seen.by_model and done == [seen.case.data]


assignment = Assignment(
    name="harbour",
    cases=cases,
    rules=(
        Rule("right: one answer, every fact seen", 4, right, lambda c: asks(c) and not c.faults),
        Rule("and with few model calls", 1, lambda s: right(s) and s.calls <= FEW,
             lambda c: asks(c) and not c.faults),
        Rule("booked, and once", 2, booked, lambda c: not asks(c)),
        Rule("right although the endpoint fails", 3, right, lambda c: asks(c) and bool(c.faults)),
    ),
)  # fmt: skip
