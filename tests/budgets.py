"""Random teams with budgets at every level, under faults: does the bill keep within what was said?

    python -m tests.budgets [COUNT] [SEED]

The stated bound: a bill passes its budget by no more than what was in flight when a reply turned
out dearer than its bound. Here no reply is, so that no bill may pass its budget at all, whoever is
cancelled, fails, declines, waits for its turn, is hedged or asked again; nor may a bill hold less
than was charged, or more than the calls that were sent can have cost.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sys
from dataclasses import dataclass, field
from typing import Any

from agentkit import Agent, AgentkitError, pattern, run
from agentkit.actor import Actor
from agentkit.budget import Bound
from agentkit.errors import Overloaded, RateLimited, TimedOut, Unreachable
from agentkit.events import Usage
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Message
from agentkit.model import Model, OnText, Reply, Request
from agentkit.reliability.breaker import Breaker, breaker
from agentkit.reliability.concurrency import concurrency
from agentkit.reliability.deadline import deadline
from agentkit.reliability.fallback import fallback
from agentkit.reliability.hedge import hedge
from agentkit.reliability.limit import limit
from agentkit.reliability.retry import retry
from agentkit.reliability.withbudget import with_budget
from consistency.virtual import VirtualLoop, play


@dataclass
class Books:
    """What an endpoint charged, by its own books."""

    usd: float = 0.0
    most: float = 0.0
    """What a bill may hold for the calls that were sent."""
    calls: int = 0


class Faulty:
    """An endpoint that charges for what it performs, and fails as the dice say."""

    def __init__(self, name: str, rng: random.Random, books: Books) -> None:
        self.name, self.rng, self.books = name, rng, books
        self.most = self.entered = rng.choice([1.0, 2.0, 5.0])
        self.known = rng.random() < 0.8

    def bound(self, request: Request) -> Bound:
        return Bound(10, 10 if self.known else None, lambda usage: self.most)

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        drawn = self.rng.random()
        if drawn < 0.1:
            raise RateLimited("no", retry_after_s=self.rng.random())
        cost = self.most * self.rng.uniform(0.3, 1.0)
        self.books.usd += cost
        self.books.most += self.entered
        self.books.calls += 1
        await asyncio.sleep(self.rng.expovariate(1.0) * (20 if drawn > 0.95 else 1))
        if drawn < 0.2:
            raise TimedOut("silent")
        if drawn < 0.25:
            raise Overloaded("down", under_way=True)
        if drawn < 0.27:
            raise Unreachable("closed", under_way=True, stale=True)
        return Reply(
            stop="refusal" if drawn < 0.35 else "stop",
            message=Message(role="assistant", content=f"{drawn}"),
            usage=Usage(tokens_in=10, tokens_out=self.rng.randint(1, 10), calls=1),
            cost_usd=cost,
        )


@dataclass
class Plan:
    """A team of random shape, with random budgets in it."""

    rng: random.Random
    books: Books = field(default_factory=Books)
    made: int = 0

    def model(self) -> Model:
        """An endpoint with random wrappers."""
        endpoint = Faulty(f"e{self.made}", self.rng, self.books)
        found: Model = endpoint
        if self.rng.random() < 0.3:
            found = limit(found, self.rng.choice([True, 30.0, 600.0]))
        if self.rng.random() < 0.3:
            patience = self.rng.choice([None, 0.0, 3.0])
            found = breaker(found, Breaker(failures=2, open_s=2.0, patience_s=patience))
        if self.rng.random() < 0.3:
            found = concurrency(found, self.rng.randint(1, 3))
        if self.rng.random() < 0.5:
            found = hedge(found, self.rng.choice([0.5, 2.0]))
        if self.rng.random() < 0.7:
            found = retry(found, self.rng.randint(2, 4), rng=self.rng)
        if self.rng.random() < 0.3:
            found = deadline(found, self.rng.uniform(0.5, 30))
        if self.rng.random() < 0.3:
            other = Faulty(f"f{self.made}", self.rng, self.books)
            # Nobody knows which of them an attempt that was cut was made at.
            endpoint.entered = other.entered = max(endpoint.most, other.most)
            others = [retry(other, 2, rng=self.rng)]
            found = fallback(found, others, on_refusal=self.rng.random() < 0.7)
        return found

    def actor(self, depth: int) -> Actor[Any]:
        """An agent, or a team of actors that are asked in turn or at once."""
        self.made += 1
        found: Actor[Any]
        if depth == 0 or self.rng.random() < 0.3:
            found = Agent(f"a{self.made}", model=self.model())
        else:
            members = [self.actor(depth - 1) for _ in range(self.rng.randint(1, 4))]
            found = team(f"t{self.made}", members, self.rng.random() < 0.6)
        if self.rng.random() < 0.4:
            stop = self.rng.choice(["finish", "cancel"])
            partial = self.rng.random() < 0.5
            usd = self.rng.uniform(0.5, 20)
            found = with_budget(found, usd=usd, stop=stop, partial=partial)
        return found


def team(name: str, members: list[Actor[Any]], at_once: bool) -> Actor[Any]:
    """A pattern that goes on without members that fail."""

    async def work(task: str) -> str:
        if at_once:
            found = await asyncio.gather(*[one(task) for one in members], return_exceptions=True)
            return " ".join(str(one) for one in found if not isinstance(one, BaseException))
        said = []
        for one in members:
            with contextlib.suppress(AgentkitError):
                said.append((await one(task)).text)
        return " ".join(said)

    return pattern(name=name)(work)


@dataclass
class Outcome:
    """What a trial came to."""

    budget: float
    bill: float | None
    charged: float
    sent: float
    """The most that the calls that were sent can have cost."""
    parts: list[tuple[str, float, float]]
    """Each ask with a part of its own: who, how much, what it came to."""

    def wrong(self) -> list[str]:
        """What passes its bound, or was charged and stands in no bill."""
        found = []
        if self.bill is None or self.bill > self.budget + 1e-6:
            found.append(f"the bill is {self.bill} of {self.budget}")
        if self.charged > self.budget + 1e-6:
            found.append(f"{self.charged} was charged of {self.budget}")
        if self.bill is not None and self.charged > self.bill + 1e-6:
            found.append(f"{self.charged} was charged and {self.bill} is in the bill")
        if self.bill is not None and self.bill > self.sent + 1e-6:
            found.append(f"{self.bill} is in the bill, and {self.sent} is all that was sent")
        found += [f"{who} took {took} of {part}" for who, part, took in self.parts
                  if took > part + 1e-6]  # fmt: skip
        return found


async def trial(seed: int) -> Outcome:
    """Ask a random team, and cancel some of them in the middle."""
    rng = random.Random(seed)
    plan, log = Plan(rng), MemoryLog()
    asked, budget = plan.actor(3), rng.uniform(1, 60)
    with contextlib.suppress(AgentkitError, asyncio.CancelledError, TimeoutError):
        async with run(log=log, budget_usd=budget, id="r"):
            limit = rng.uniform(1, 30) if rng.random() < 0.3 else None
            async with asyncio.timeout(limit):
                await asked("go")
    (info,) = [one for one in log.runs() if one.id == "r"]
    return Outcome(budget, info.cost_usd, plan.books.usd, plan.books.most, parts_of(log))


def parts_of(log: MemoryLog) -> list[tuple[str, float, float]]:
    """What each ask with a part of its own came to, by the events."""
    parents: dict[str, str] = {}
    given: dict[str, tuple[str, float]] = {}
    took: dict[str, float] = {}
    for event in log.read("r"):
        if event.kind == "scope.opened":
            parents[event.scope] = event.parent
            if event.budget_usd is not None:
                given[event.scope] = (event.path, event.budget_usd)
        elif event.kind == "step.ended" and event.cost_usd:
            scope = event.scope
            while scope:
                took[scope] = took.get(scope, 0.0) + event.cost_usd
                scope = parents.get(scope, "")
    return [(path, part, took.get(scope, 0.0)) for scope, (path, part) in given.items()]


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    bad = 0
    for seed in range(first, first + count):
        wrong = play(trial(seed), VirtualLoop()).wrong()
        for line in wrong:
            print(f"seed {seed}: {line}")
        bad += bool(wrong)
    print(f"{count} random teams: {bad} passed a budget")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
