"""What no mechanism takes: each is refused with what would be right, before anything is asked."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import Any

import pytest

from agentkit import Agent, connect, tool
from agentkit.errors import AgentkitError, BudgetSpent, SetupError, UnknownPrice
from agentkit.evaluate import chaos, slo
from agentkit.logs.memory import MemoryLog
from agentkit.model import OnText, Reply, Request
from agentkit.reliability import shared
from agentkit.reliability.breaker import Breaker, breaker
from agentkit.reliability.cache import Cache, cache
from agentkit.reliability.concurrency import concurrency
from agentkit.reliability.deadline import deadline
from agentkit.reliability.fallback import fallback
from agentkit.reliability.hedge import Hedge, hedge
from agentkit.reliability.limit import Limit, limit
from agentkit.reliability.retry import retry
from agentkit.reliability.retrybudget import RetryBudget
from agentkit.reliability.timeouts import Timeouts

WRAPPERS: list[Any] = [
    breaker, cache, limit, hedge, retry,
    lambda one: concurrency(one, 1), lambda one: deadline(one, 1.0),
    lambda one: fallback(one, [connect("sim:careful")]),
    lambda one: fallback(connect("sim:careful"), [one]),
]  # fmt: skip
QUESTIONS = [("What is 2 + 2?", "4")]


@tool(effect="once")
def pay(euros: int) -> int:
    """Pay."""
    return euros


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_a_tool_an_actor_or_anything_else_that_is_no_model_is_not_wrapped(wrap: Any) -> None:
    clerk = Agent("clerk", model="sim:careful", tools=[pay])
    for strange, words in ((pay, "tool pay.*'once'"), (clerk, "clerk"), (print, "print"), (3, "3")):
        with pytest.raises(SetupError, match=words):
            wrap(strange)


@pytest.mark.parametrize("kind", [Breaker, Cache, Hedge, Limit, RetryBudget, Timeouts])
def test_a_truth_value_is_no_number(kind: Any) -> None:
    flags = {name for name, one in kind.model_fields.items() if one.annotation is bool}
    for name in kind.model_fields.keys() - flags:
        with pytest.raises(SetupError, match=f"{kind.__name__}.{name}=True.: {name}:"):
            kind(**{name: True})


@pytest.mark.parametrize("others", [0, True, 0.5, {"a": 1}, [3], [None]])
def test_a_fallback_is_models_or_their_names(others: Any) -> None:
    with pytest.raises(SetupError):
        connect("sim:careful", fallback=others)


@pytest.mark.parametrize(
    "wrong",
    [
        {"team": "clerk"}, {"questions": None}, {"questions": "What?"}, {"faults": None},
        {"faults": 5}, {"mechanisms": {"retry": 3}}, {"mechanisms": [1]}, {"speed": -1},
        {"speed": "fast"}, {"patience_s": 0}, {"patience_s": float("nan")}, {"concurrency": 0},
    ],
)  # fmt: skip
async def test_chaos_that_cannot_be_measured(wrong: dict[str, Any]) -> None:
    given = {"team": Agent("clerk"), "questions": QUESTIONS, "faults": "429=5%", **wrong}
    with pytest.raises(SetupError):
        await chaos(**given)


@pytest.mark.parametrize(
    "wrong",
    [{"p95_s": "fast"}, {"success": True}, {"success": "all"}, {"cost_usd": "x"}, {"p95_s": True},
     {"p95_s": 1, "since": "now"}, {"p95_s": 1, "team": 5}],
)  # fmt: skip
def test_promises_that_are_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(SetupError, match="expected"):
        slo(**{"team": "clerk", "log": MemoryLog(), **wrong})


async def test_an_unknown_price_is_that_of_whose_price_is_unknown() -> None:
    strange = connect("strange", base_url="http://127.0.0.1:9/v1")
    clerk = Agent("clerk", model=connect("sim:careful", fallback=[strange]))
    with pytest.raises(UnknownPrice, match="price of strange is unknown"):
        await clerk("hello", log=MemoryLog(), budget_usd=1)


async def test_a_budget_of_next_to_nothing_is_not_told_as_nothing() -> None:
    with pytest.raises(BudgetSpent, match="of 3e-09 USD"):
        await Agent("clerk")("hello", log=MemoryLog(), budget_usd=3e-9)


@dataclass
class Plain:
    """A model as many write one: equal to others of its kind, and without a hash."""

    name: str = "plain"

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        raise AgentkitError("not asked")


def test_equal_models_without_a_hash_are_each_one_of_their_own() -> None:
    shared.forget()
    one, other = Plain(), Plain()
    assert limit(one, 10).pace is limit(one, 20).pace  # type: ignore[attr-defined]
    assert limit(one, 10).pace is not limit(other, 20).pace  # type: ignore[attr-defined]
    del one, other
    gc.collect()
    assert not shared.UNNAMED


async def test_chaos_leaves_others_their_rates_and_circuits() -> None:
    shared.forget()
    mine = limit(connect("sim:careful", retries=0), 10)
    await chaos(Agent("clerk"), QUESTIONS, "", mechanisms={}, speed=0)
    again = limit(connect("sim:careful", retries=0), 10)
    assert mine.pace is again.pace  # type: ignore[attr-defined]
