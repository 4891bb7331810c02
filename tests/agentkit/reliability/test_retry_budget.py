from __future__ import annotations

import asyncio

import pytest

from agentkit.errors import Overloaded, SetupError, TimedOut
from agentkit.reliability.breaker import Breaker, breaker
from agentkit.reliability.concurrency import concurrency
from agentkit.reliability.deadline import deadline
from agentkit.reliability.retry import retry
from agentkit.reliability.retrybudget import RetryBudget
from tests.agentkit.reliability.doubles import Endpoint, ask, noted, simulated

DOWN = Overloaded("down")


class Recovering(Endpoint):
    """Down until a time, then well."""

    def __init__(self, at_s: float) -> None:
        super().__init__()
        self.up_s = at_s

    async def __call__(self, request: object, on_text: object = None) -> object:  # type: ignore[override]
        up = asyncio.get_running_loop().time() >= self.up_s
        self.lines = [(0.05, "hi" if up else DOWN)]
        return await super().__call__(request, on_text)  # type: ignore[arg-type]


def test_retries_stay_a_part_of_the_calls() -> None:
    async def trial(budget: RetryBudget | bool) -> int:
        endpoint = Endpoint(DOWN)
        model = retry(endpoint, 10, base_s=0.01, budget=budget)
        await asyncio.gather(*[model(ask(str(n))) for n in range(500)], return_exceptions=True)
        return len(endpoint.asked)

    assert simulated(trial(False)) == 5000
    how = RetryBudget(ratio=0.1, least_per_s=0, most=10)
    assert 500 < simulated(trial(how)) <= 500 * 1.1 + 10


def test_who_asks_rarely_may_retry_all_the_same() -> None:
    endpoint = Endpoint(DOWN, DOWN, "hi")
    assert simulated(retry(endpoint, budget=True)(ask())).text == "hi"


def test_a_refused_retry_is_noted_and_the_error_comes_out() -> None:
    model = retry(Endpoint(DOWN), budget=RetryBudget(ratio=0, least_per_s=0, most=1))
    notes = simulated(noted(model(ask()), model(ask("b"))))
    assert sorted(one.topic for one in notes) == ["retry", "retry_budget", "retry_budget"]


def test_a_storm_of_agents_costs_few_requests_more_than_are_useful() -> None:
    async def trial() -> tuple[int, int]:
        endpoint = Recovering(5.0)
        model = retry(
            concurrency(breaker(endpoint, Breaker(open_s=0.5)), 50), 5, base_s=0.2, budget=True
        )
        found = await asyncio.gather(
            *[model(ask(str(n), actor=str(n))) for n in range(300)], return_exceptions=True
        )
        return len(endpoint.asked), sum(1 for one in found if not isinstance(one, Exception))

    asked, useful = simulated(trial())
    assert useful >= 250 and asked < 2 * useful


def test_a_turn_ends_in_time_whatever_its_attempts_do() -> None:
    async def trial() -> float:
        model = deadline(retry(Endpoint((3.0, DOWN)), 100), 10.0)
        with pytest.raises(TimedOut, match="within the 10 s of a turn") as caught:
            await model(ask())
        assert not caught.value.retryable
        return asyncio.get_running_loop().time()

    assert simulated(trial()) == 10.0


@pytest.mark.parametrize("wrong", [-1, "few", 11])
def test_a_retry_budget_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(SetupError, match="retry_budget="):
        retry(Endpoint(), budget=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [0, -1, float("inf"), "soon"])
def test_a_deadline_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(SetupError, match="turn_s="):
        deadline(Endpoint(), wrong)  # type: ignore[arg-type]
