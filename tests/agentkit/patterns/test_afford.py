from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import Agent, Answer
from agentkit.budget import Bound
from agentkit.errors import SetupError, TimedOut
from agentkit.events import Noted, Usage
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Message
from agentkit.model import OnText, Reply, Request
from agentkit.patterns import afford
from agentkit.patterns.parts.affording import planned
from consistency.virtual import VirtualLoop, play
from tests.agentkit.reliability.doubles import simulated


class Priced:
    """Costs the same each time, and takes a time."""

    def __init__(self, name: str, usd: float, takes_s: float = 1.0) -> None:
        self.name, self.usd, self.takes_s = name, usd, takes_s
        self.asked: list[str] = []

    def bound(self, request: Request) -> Bound:
        return Bound(5, 5, lambda usage: self.usd)

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        self.asked.append(request.thread[-1].message.text)
        await asyncio.sleep(self.takes_s)
        return Reply(
            message=Message(role="assistant", content=self.name),
            usage=Usage(tokens_in=5, tokens_out=5, calls=1),
            cost_usd=self.usd,
        )


def asked(team: Any, tasks: Any, log: MemoryLog | None = None, **how: Any) -> Answer:
    loop = VirtualLoop()
    answer: Answer = play(team(tasks, log=log or MemoryLog(clock=loop.wall), **how), loop)
    return answer


TASKS = [f"task {n}" for n in range(10)]


def worth(task: Any) -> float:
    return float(str(task).split()[1]) + 1


def team(dear: Priced, cheap: Priced, **how: Any) -> Any:
    workers = [(Agent("dear", model=dear), 1.0), (Agent("cheap", model=cheap), 0.7)]
    return afford(workers, value=worth, **how)


def test_with_enough_of_all_the_best_does_everything() -> None:
    dear, cheap = Priced("dear", 1.0), Priced("cheap", 0.1)
    answer = asked(team(dear, cheap), TASKS)
    assert len(answer.data["done"]) == 10 and not answer.missing and not cheap.asked


def test_what_is_worth_most_is_done_best_and_what_does_not_fit_is_named() -> None:
    dear, cheap, log = Priced("dear", 1.0), Priced("cheap", 0.1), MemoryLog()
    answer = asked(team(dear, cheap, budget_usd=3.4, concurrency=1), TASKS, log)
    done = answer.data["done"]
    assert answer.cost_usd is not None and answer.cost_usd <= 3.4
    assert done["9"] == "dear" and len(done) == 10
    assert {done[n] for n in answer.data["downgraded"]} == {"cheap"}
    few = team(Priced("dear", 1.0), Priced("cheap", 0.1), budget_usd=1.35, concurrency=1)
    short = asked(few, TASKS)
    assert set(short.data["skipped"].values()) == {"no budget left for it"}
    assert {"9", "8", "7"} <= set(short.data["done"]) and "task 0 (no budget" in short.missing[0]
    (told,) = [e for e in log.read(answer.run_id) if isinstance(e, Noted) and e.topic == "skipped"]
    assert told.data["downgraded"] == answer.data["downgraded"]


def test_many_at_once_wait_until_a_price_is_known_and_are_not_skipped() -> None:
    dear, cheap = Priced("dear", 0.3), Priced("cheap", 0.0)
    answer = asked(team(dear, cheap, budget_usd=1.0, concurrency=8), TASKS)
    assert not answer.missing and len(dear.asked) == 3 and answer.data["done"]["9"] == "dear"


def test_a_worker_that_is_too_dear_is_left_out_once_that_is_known() -> None:
    dear, cheap = Priced("dear", 50.0), Priced("cheap", 0.1)
    answer = asked(team(dear, cheap, budget_usd=1.05), TASKS)
    assert not dear.asked and len(answer.data["done"]) == 10 and not answer.missing
    assert len(answer.data["downgraded"]) == 10


def test_the_asks_own_budget_counts_where_none_was_given() -> None:
    answer = asked(team(Priced("d", 1.0), Priced("c", 0.1), concurrency=1), TASKS, budget_usd=2.0)
    assert (answer.cost_usd or 0) <= 2.0 and answer.data["done"]


def test_a_deadline_cuts_off_what_is_late_and_starts_nothing_then() -> None:
    slow = Priced("slow", 0.0, takes_s=4.0)
    answer = asked(afford(Agent("a", model=slow), deadline_s=10, concurrency=2), TASKS)
    reasons = list(answer.data["skipped"].values())
    assert len(answer.data["done"]) == 4 and len(slow.asked) <= 6
    assert set(reasons) <= {"not done in time", "no time left"}


def test_with_more_budget_the_run_goes_on_and_pays_nothing_twice() -> None:
    dear, cheap, log = Priced("d", 1.0), Priced("c", 0.2), MemoryLog()
    first = asked(team(dear, cheap, concurrency=1), TASKS, log, budget_usd=1.9)
    assert first.missing
    before = len(dear.asked) + len(cheap.asked)
    same = simulated(team(dear, cheap, concurrency=1).replay(first.run_id, log=log))
    assert (same.missing, same.data) == (first.missing, first.data)
    again = simulated(team(dear, cheap, concurrency=1).resume(first.run_id, log=log, budget_usd=50))
    assert len(again.data["done"]) == 10 and not again.missing
    assert len(dear.asked) + len(cheap.asked) <= before + 10 - len(first.data["done"])


def test_what_is_no_list_or_no_bound_is_refused() -> None:
    agent = Agent("a", model=Priced("a", 1))
    with pytest.raises(SetupError, match="a list of tasks"):
        asked(afford(agent), "one task")
    for wrong in ({"budget_usd": -1}, {"deadline_s": float("nan")}):
        with pytest.raises(SetupError):
            afford(agent, **wrong)  # type: ignore[arg-type]
    with pytest.raises(SetupError, match="not above 0"):
        afford([(agent, 0.0)])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.1, 10), min_size=1, max_size=4),
    st.lists(st.tuples(st.floats(0.1, 1), st.floats(0.1, 5)), min_size=1, max_size=3),
    st.floats(0, 12),
)
def test_a_plan_is_near_the_best_there_is(
    values: list[float], workers: list[tuple[float, float]], left: float
) -> None:
    workers.sort()
    qualities, costs = [q for q, _ in workers], [c for _, c in workers]
    tasks = list(range(len(values)))

    def total(plan: Any) -> tuple[float, float]:
        given = [(n, w) for n, w in plan if w is not None]
        return sum(values[n] * qualities[w] for n, w in given), sum(costs[w] for _, w in given)

    gain, paid = total(planned(tasks, values, qualities, costs, left).items())
    assert paid <= left + 1e-9
    options = [None, *range(len(workers))]
    plans = (zip(tasks, one, strict=True) for one in itertools.product(options, repeat=len(tasks)))
    best = max(worth for worth, cost in map(total, plans) if cost <= left + 1e-9)
    # A greedy plan of a knapsack lacks at most what one task is worth.
    assert gain >= best - max(values) * max(qualities) - 1e-9


def test_what_turns_out_dearer_than_before_passes_the_budget_of_all_no_more_than_one_would() -> (
    None
):
    class Dearer(Priced):
        async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
            reply = await super().__call__(request, on_text)
            return reply if len(self.asked) > 1 else reply.model_copy(update={"cost_usd": 0.05})

    clerk = Dearer("clerk", 0.5)
    answer = asked(afford(Agent("a", model=clerk), budget_usd=1.2, concurrency=8), TASKS)
    assert (answer.cost_usd or 0) <= 1.2 and len(answer.data["done"]) == 3


def test_what_failed_and_was_paid_counts_too() -> None:
    class Failing(Priced):
        async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
            await super().__call__(request, on_text)
            raise TimedOut("silent")

    clerk = Failing("clerk", 0.5)
    answer = asked(afford(Agent("a", model=clerk), budget_usd=1.2, concurrency=1), TASKS)
    assert len(clerk.asked) == 2 and answer.cost_usd == 1.0


def test_a_clock_that_jumps_changes_nothing_of_a_deadline() -> None:
    loop, jumps = VirtualLoop(), itertools.count()
    log = MemoryLog(clock=lambda: loop.wall() + 3600.0 * (-1) ** next(jumps))
    desk = afford(Agent("a", model=Priced("a", 0.0, takes_s=1.0)), deadline_s=100, concurrency=2)
    answer: Answer = play(desk(TASKS, log=log), loop)
    assert len(answer.data["done"]) == 10


def test_a_value_that_is_no_number_is_refused_and_what_is_worth_nothing_is_not_done() -> None:
    clerk = Priced("a", 0.1)
    with pytest.raises(SetupError, match="The value of the task 'task 0' is nan"):
        asked(afford(Agent("a", model=clerk), value=lambda task: float("nan")), TASKS)
    desk = afford(Agent("a", model=clerk), value=lambda task: worth(task) - 5, budget_usd=9)
    answer = asked(desk, TASKS)
    assert len(answer.data["done"]) == 5
    assert set(answer.data["skipped"].values()) == {"it is worth nothing"}
