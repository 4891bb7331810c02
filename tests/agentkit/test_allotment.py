"""Budgets of asks inside a run: a tree of what may be spent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentkit import Agent, AgentkitError, gather, pattern, run
from agentkit.budget import Bound
from agentkit.errors import BudgetSpent, DeadlinePassed, SetupError
from agentkit.events import ScopeOpened, Usage
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Message
from agentkit.model import OnText, Reply, Request
from agentkit.reliability.withbudget import with_budget
from consistency.virtual import VirtualLoop, play
from tests.agentkit.reliability.doubles import simulated
from tests.budgets import trial


class Priced:
    """Answers after a time; each call costs 1 USD and 10 tokens, and is bounded by 2 USD."""

    name = "priced"

    def __init__(self, takes_s: float = 0.0, most: float = 2.0) -> None:
        self.takes_s, self.most = takes_s, most
        self.calls = self.cancelled = 0

    def bound(self, request: Request) -> Bound:
        return Bound(5, 5, lambda usage: self.most)

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        self.calls += 1
        try:
            await asyncio.sleep(self.takes_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        text = f"{request.actor} answers"
        return Reply(
            message=Message(role="assistant", content=text),
            usage=Usage(tokens_in=5, tokens_out=5, calls=1),
            cost_usd=1.0,
        )


def members(model: Priced, count: int) -> list[Agent]:
    return [Agent(f"m{n}", model=model) for n in range(count)]


async def one_by_one(actors: list[Any]) -> list[str]:
    said = []
    for actor in actors:
        said.append((await actor("go")).text)
    return said


async def test_an_ask_in_a_run_has_a_part_of_what_is_there() -> None:
    model, log = Priced(), MemoryLog()
    first, second = members(model, 2)

    @pattern
    async def worker(task: str) -> str:
        return " ".join(await one_by_one([first, second, first]))

    async with run(log=log, budget_usd=100) as here:
        with pytest.raises(BudgetSpent, match=r"budget of worker in run .* 2\.0+ of 3\.0+ USD"):
            await worker("go", budget_usd=3)
        assert here.cost_usd == 2.0
        assert (await second("on")).text == "m1 answers"
    (opened,) = [e for e in log.read(here.id) if isinstance(e, ScopeOpened) and e.actor == "worker"]
    assert opened.budget_usd == 3


async def test_what_is_not_used_stays_with_the_asker_and_both_must_have_room() -> None:
    model = Priced()
    clerk = Agent("clerk", model=model)
    async with run(log=MemoryLog(), budget_usd=4) as here:
        for n in range(3):
            await clerk(f"{n}", budget_usd=2)
        with pytest.raises(BudgetSpent, match=r"3\.0+ of 4\.0+ USD"):
            await clerk("more", budget_usd=50)
        assert (model.calls, here.cost_usd) == (3, 3.0)


async def test_calls_and_tokens_are_bounds_too() -> None:
    for bound, words in (
        ({"budget_calls": 2}, "2 of 2 calls"),
        ({"budget_tokens": 25}, "20 of 25"),
    ):
        model = Priced()
        a, b, c = members(model, 3)

        @pattern
        async def team(task: str, a: Any = a, b: Any = b, c: Any = c) -> str:
            return " ".join(await one_by_one([a, b, c]))

        with pytest.raises(BudgetSpent, match=words):
            await team("go", log=MemoryLog(), **bound)  # type: ignore[arg-type]
        assert model.calls == 2


async def test_runs_opened_inside_an_ask_draw_from_its_part() -> None:
    model = Priced()
    clerk = Agent("clerk", model=model)

    @pattern
    async def outer(task: str) -> str:
        for n in range(5):
            async with run(log=MemoryLog()):
                await clerk(str(n))
        return "all"

    async with run(log=MemoryLog(), budget_usd=100) as here:
        with pytest.raises(BudgetSpent, match="budget of outer"):
            await outer("go", budget_usd=4)
    assert model.calls == 3 and here.cost_usd == 0.0


def test_finish_lets_calls_under_way_end_and_cancel_ends_them() -> None:
    async def trial(stop: Any) -> tuple[Priced, Any]:
        model = Priced(takes_s=5.0)

        @pattern
        async def team(task: str) -> str:
            found = await asyncio.gather(
                *[one("go") for one in members(model, 2)], late(), return_exceptions=True
            )
            return " ".join(str(getattr(one, "text", type(one).__name__)) for one in found)

        async def late() -> Any:
            await asyncio.sleep(1)
            return await Agent("late", model=Priced(most=50))("go")

        try:
            return model, (await with_budget(team, usd=4, stop=stop)("go", log=MemoryLog())).text
        except AgentkitError as error:
            return model, error

    model, found = simulated(trial("finish"))
    assert found == "m0 answers m1 answers BudgetSpent" and model.cancelled == 0
    model, found = simulated(trial("cancel"))
    assert isinstance(found, BudgetSpent) and model.cancelled == 2


async def test_a_partial_answer_has_what_there_is_and_says_what_is_missing() -> None:
    model, log = Priced(), MemoryLog()

    @pattern
    async def team(task: str) -> str:
        return " ".join(await one_by_one(members(model, 5)))

    answer = await with_budget(team, usd=3.5, partial=True)("go", log=log)
    assert answer.text == "m0 answers\n\nm1 answers".replace("m0 a", "m0: m0 a").replace(
        "\n\nm1 a", "\n\nm1: m1 a"
    )
    assert "the rest of the work of team" in answer.missing[0] and "missing" in answer.fault
    replayed = await with_budget(team, usd=3.5, partial=True).replay(answer.run_id, log=log)
    assert replayed.text == answer.text
    more = await with_budget(team, usd=50).resume(answer.run_id, log=log)
    assert (more.missing, model.calls, more.cost_usd) == ((), 5, 5.0)


async def test_a_part_in_a_run_goes_on_after_an_interruption_without_being_paid_twice() -> None:
    model, log = Priced(), MemoryLog()
    broken = [True]

    @pattern
    async def worker(task: str) -> str:
        said = await one_by_one(members(model, 2))
        if broken[0]:
            raise ValueError("broken")
        return " ".join(said + await one_by_one([Agent("last", model=model)] * 2))

    @pattern
    async def team(task: str) -> str:
        return (await worker("go", budget_usd=4)).text

    with pytest.raises(ValueError, match="broken"):
        await team("go", log=log, id="r")
    broken[0] = False
    with pytest.raises(BudgetSpent, match=r"3\.0+ of 4\.0+ USD"):
        await team.resume("r", log=log)
    assert model.calls == 3


def test_seconds_bound_an_ask_too() -> None:
    with pytest.raises(DeadlinePassed):
        simulated(with_budget(Agent("slow", model=Priced(60)), seconds=5)("go", log=MemoryLog()))


async def test_nothing_and_nonsense_is_refused_before_anything_is_paid() -> None:
    clerk = Agent("clerk", model=(model := Priced()))
    with pytest.raises(SetupError, match="bounds nothing"):
        with_budget(clerk)
    for wrong in ({"usd": -1}, {"calls": 1.5}, {"tokens": float("nan")}, {"seconds": 0}):
        with pytest.raises(SetupError):
            with_budget(clerk, **wrong)  # type: ignore[arg-type]
    with pytest.raises(SetupError, match='"finish" or "cancel"'):
        with_budget(clerk, usd=1, stop="now")  # type: ignore[arg-type]
    with pytest.raises(BudgetSpent, match="may cost"):
        await with_budget(clerk, usd=0.5)("go", log=MemoryLog())
    assert model.calls == 0 and not clerk.allowed


async def test_a_team_of_any_width_keeps_its_part() -> None:
    model = Priced(0.001)

    @pattern
    async def wide(task: str) -> str:
        found = await gather(*[one("go") for one in members(model, 30)], join="first")
        return str(len(found))

    async with run(log=MemoryLog(), budget_usd=1000) as here:
        try:
            await wide("go", budget_usd=7)
        except AgentkitError:
            pass
        assert (here.cost_usd or 0) <= 7


@pytest.mark.parametrize("seed", range(100))
def test_no_random_team_passes_a_budget_under_faults(seed: int) -> None:
    """A thousand of them: python -m tests.budgets."""
    assert play(trial(seed), VirtualLoop()).wrong() == []
