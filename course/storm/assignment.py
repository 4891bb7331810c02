"""An endpoint in bad weather: calls fail, break off, and come back damaged; the answer holds."""

from __future__ import annotations

import random
from collections.abc import Iterator

from agentkit.grading import Assignment, Case, Rule, Seen
from agentkit.grading.assignment import seed_of
from agentkit.grading.port import right
from agentkit.sim.world import world

FAILS = ({"500": 0.3}, {"drop": 0.2})
DAMAGED = ({"malformed": 0.2}, {"wrong_type": 0.2}, {"unknown_tool": 0.2})
WORLDS, QUESTIONS = 5, 2
MOST = 40
"""Requests of a case, look-ups among them: who asks again and again makes the storm worse."""


def cases(secret: str) -> Iterator[Case]:
    """Questions of two and three steps in worlds that nobody knows, each in every weather."""
    for n in range(WORLDS):
        public = n == 0
        port = world(7 if public else seed_of(secret, n))
        rng = random.Random(seed_of(secret, n, "drawn"))
        known = [
            q
            for q in (*port.questions_at(2), *port.questions_at(3))
            if not q.facts[0].startswith("sailings")
        ]
        for weather in (*FAILS, *DAMAGED):
            for q in rng.sample(known, QUESTIONS):
                (kind,) = weather
                yield Case(
                    f"{n}-{kind}-{q.id}", q.text, tools=tuple(port.functions()), faults=weather,
                    seed=seed_of(secret, n, kind), public=public, data=q,
                )  # fmt: skip


def failing(case: Case) -> bool:
    """Whether calls fail there; elsewhere replies are damaged."""
    return case.faults in FAILS


def calm(seen: Seen) -> bool:
    """Whether the answer is right without asking more than it must."""
    return right(seen) and seen.requests <= MOST


assignment = Assignment(
    name="storm",
    cases=cases,
    own_s=60,  # who asks again waits in between
    rules=(
        Rule("right although calls fail", 4, right, failing),
        Rule("right although replies are damaged", 4, right, lambda case: not failing(case)),
        Rule("and without a storm of its own", 2, calm),
    ),
)
