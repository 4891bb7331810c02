"""Budgets bind: reserved before a call, settled after it, whatever is cut in flight."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import Agent, gather, pattern, run, tool
from agentkit.budget import Bound
from agentkit.errors import (
    BudgetSpent,
    Overloaded,
    SetupError,
    TimedOut,
    UnknownPrice,
    Unreachable,
)
from agentkit.estimates import Cut
from agentkit.events import Noted, StepEnded, Usage
from agentkit.logs.memory import MemoryLog
from agentkit.messages import Message
from agentkit.model import OnText, Reply, Request
from agentkit.reliability.retry import retry
from agentkit.tokens import conversation_tokens
from tests.fakes import EchoModel, ScriptedModel


class Priced:
    """A model that tells its bound: a dollar a token out, nothing for tokens in."""

    name = "priced"

    def __init__(self, *takes: int, max_tokens: int | None = None, usd: float | None = 1.0) -> None:
        self.takes, self.max_tokens, self.usd = list(takes), max_tokens, usd
        self.calls, self.at_once, self.most = 0, 0, 0
        self.go = asyncio.Event()
        self.go.set()
        self.fails: list[BaseException] = []

    def bound(self, request: Request) -> Bound:
        tokens = conversation_tokens(one.message for one in request.thread)
        return Bound(tokens, self.max_tokens, self.price)

    def price(self, usage: Usage) -> float | None:
        return None if self.usd is None else usage.tokens_out * self.usd

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        self.calls += 1
        out = self.takes[min(self.calls, len(self.takes)) - 1]
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await self.go.wait()
            for _ in range(50):  # long enough that others can begin
                await asyncio.sleep(0)
            if self.fails:
                raise self.fails.pop(0)
        finally:
            self.at_once -= 1
        usage = Usage(tokens_in=10, tokens_out=out, calls=1)
        return Reply(
            message=Message(role="assistant", content="yes"),
            usage=usage,
            cost_usd=self.price(usage),
        )


async def many(agent: Agent, count: int, **options: Any) -> list[Any]:
    async with run(log=MemoryLog(), **options):
        asks = (agent(f"q{n}") for n in range(count))
        return await asyncio.gather(*asks, return_exceptions=True)


async def test_of_fifty_at_once_only_those_that_fit_are_called() -> None:
    for model in (Priced(1, max_tokens=1), Priced(1)):
        found = await many(Agent("clerk", model=model), 50, budget_usd=2.0)
        assert model.calls == 2
        assert [type(one) for one in found].count(BudgetSpent) == 48


async def test_calls_that_do_not_fit_now_wait_for_refunds() -> None:
    model = Priced(1, max_tokens=5)
    found = await many(Agent("clerk", model=model), 6, budget_usd=10.0)
    assert model.most == 2, "two bounds of 5 fit into 10"
    assert not any(isinstance(one, BaseException) for one in found)


async def test_without_max_tokens_the_first_call_is_made_alone_and_tells_the_others() -> None:
    model = Priced(2)
    await many(Agent("clerk", model=model), 5, budget_usd=9.0)
    assert model.calls == 4
    assert model.most == 3, "after the first, three of two dollars fit into the seven left"


async def test_without_a_budget_nobody_waits() -> None:
    model = Priced(1)
    model.go.clear()
    asking = asyncio.ensure_future(many(Agent("clerk", model=model), 9))
    async with asyncio.timeout(5):
        while model.at_once < 9:
            await asyncio.sleep(0)
    model.go.set()
    await asking


@given(
    budget=st.integers(0, 40),
    bound=st.integers(1, 9),
    takes=st.lists(st.integers(1, 9), min_size=1, max_size=30),
)
@settings(max_examples=60, deadline=None)
async def test_a_bound_that_holds_is_never_passed(
    budget: int, bound: int, takes: list[int]
) -> None:
    model = Priced(*[min(one, bound) for one in takes], max_tokens=bound)
    async with run(log=MemoryLog(), budget_usd=float(budget)) as r:
        clerk = Agent("clerk", model=model)
        asks = [clerk(f"q{n}") for n in range(len(takes))]
        found = await asyncio.gather(*asks, return_exceptions=True)
        refused = [one for one in found if isinstance(one, BaseException)]
        assert all(isinstance(one, BudgetSpent) for one in refused)
        spent = r.cost_usd
    assert spent is not None and spent <= budget
    assert not refused or spent + bound > budget, "what would have fitted was not refused"


async def test_a_call_cut_in_flight_counts_as_its_bound_here_and_when_resumed() -> None:
    model, log = Priced(1, max_tokens=3), MemoryLog()
    model.go.clear()
    clerk = Agent("clerk", model=model)
    for attempt in range(3):
        ask = clerk.resume("r", log=log) if attempt else clerk("go", log=log, id="r", budget_usd=8)
        task = asyncio.ensure_future(ask)
        async with asyncio.timeout(5):
            while not task.done() and model.at_once == 0:
                await asyncio.sleep(0)
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(ended, BudgetSpent if attempt == 2 else asyncio.CancelledError)
    assert model.calls == 2
    (info,) = log.runs()
    assert (info.calls, info.cost_usd) == (2, 6.0)
    ends = [e for e in log.read("r") if isinstance(e, StepEnded)]
    assert [e.estimated for e in ends] == [True, True]
    model.go.set()
    answer = await clerk.resume("r", log=log, budget_usd=20)
    assert (answer.cost_usd, log.runs()[0].cost_usd) == (7.0, 7.0)


async def test_a_timed_out_attempt_counts_and_one_without_connection_does_not() -> None:
    async def at_once(_: float) -> None: ...

    for error, cost in ((TimedOut("silent"), 4.0), (Unreachable("no connection"), 1.0)):
        model, log = Priced(1, max_tokens=3), MemoryLog()
        model.fails = [error]
        clerk = Agent("clerk", model=retry(model, sleep=at_once))
        assert (await clerk("go", log=log)).cost_usd == cost
        (end,) = (e for e in log.read(log.runs()[0].id) if isinstance(e, StepEnded))
        assert end.estimated is (cost == 4.0)


async def test_an_unknown_price_under_a_budget_in_dollars_is_refused_at_once() -> None:
    model = Priced(1, usd=None)
    with pytest.raises(UnknownPrice, match=r"price of priced is unknown") as caught:
        await Agent("clerk", model=model)("go", log=MemoryLog(), budget_usd=1)
    assert model.calls == 0 and "price=" in str(caught.value)
    await Agent("clerk", model=model)("go", log=MemoryLog(), budget_tokens=100)


async def test_a_model_that_cannot_tell_its_price_before_is_stopped_after_one_call() -> None:
    class Silent(EchoModel):
        async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
            reply = await super().__call__(request, on_text)
            return reply.model_copy(update={"cost_usd": None})

    model = Silent()
    found = await many(Agent("clerk", model=model), 5, budget_usd=1.0)
    assert len(model.keys) == 1
    assert [type(one) for one in found[1:]] == [UnknownPrice] * 4


async def test_a_request_larger_than_what_is_left_is_refused() -> None:
    model = Priced(1)
    with pytest.raises(BudgetSpent, match="may cost"):
        await Agent("clerk", model=model)("word " * 500, log=MemoryLog(), budget_tokens=300)
    assert model.calls == 0


async def test_a_refusal_says_what_is_spent_and_what_is_needed_and_is_noted() -> None:
    log = MemoryLog()
    with pytest.raises(BudgetSpent, match=r"0\.0+ of 2\.0+ USD, and the next call may cost 3\.0"):
        await Agent("clerk", model=Priced(1, max_tokens=3))("go", log=log, budget_usd=2)
    (noted,) = (e for e in log.read(log.runs()[0].id) if isinstance(e, Noted))
    assert noted.topic == "budget" and noted.data["refused"] == "priced"


async def test_someone_who_stops_waiting_lets_the_next_one_in() -> None:
    model = Priced(1, max_tokens=2)
    model.go.clear()
    clerk = Agent("clerk", model=model)
    async with run(log=MemoryLog(), budget_usd=3.0):
        first, second, third = (asyncio.ensure_future(clerk(f"q{n}")) for n in range(3))
        async with asyncio.timeout(5):
            while model.at_once == 0:
                await asyncio.sleep(0)
            second.cancel()
            model.go.set()
            await asyncio.gather(first, third)
    assert model.calls == 2 and second.cancelled()


async def test_a_call_made_while_performing_another_waits_for_nobody() -> None:
    inner = Agent("inner", model=ScriptedModel("1", "2"))

    class Asking(EchoModel):
        async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
            await inner("go")
            return await super().__call__(request, on_text)

    async with asyncio.timeout(5):
        await Agent("outer", model=Asking())("go", log=MemoryLog(), budget_usd=1.0)


async def test_threads_with_loops_of_their_own_share_a_budget_and_end() -> None:
    model = ScriptedModel(*["yes"] * 50)
    clerk = Agent("clerk", model=model)

    @tool(effect="pure", timeout_s=30)
    def survey() -> int:
        """Ask many from threads."""
        import contextvars
        from concurrent.futures import ThreadPoolExecutor

        def one(number: int) -> int:
            try:
                asyncio.run(clerk(f"q{number}"))
            except BudgetSpent:
                return 0
            return 1

        with ThreadPoolExecutor(4) as pool:
            tasks = [
                pool.submit(contextvars.copy_context().run, one, number) for number in range(8)
            ]
            return sum(task.result() for task in tasks)

    async with asyncio.timeout(30), run(log=MemoryLog(), budget_usd=0.005):
        assert await survey.perform({}) == 5
    assert threading.active_count() < 200


async def test_the_budget_of_a_team_is_one() -> None:
    model = Priced(1, max_tokens=1)
    team = [Agent(f"a{n}", model=model) for n in range(9)]
    async with run(log=MemoryLog(), budget_usd=4.0):
        found = await gather(*[one("go") for one in team], join="settled")
    assert (len(found), len(found.missing), model.calls) == (4, 5, 4)


async def test_a_resume_counts_what_is_recorded_before_it_comes_by_it() -> None:
    log, down = MemoryLog(), True

    def answer(request: Request) -> Any:
        failing = down and request.thread[-1].message.content == "first"
        return Overloaded("down") if failing else "yes"

    model = ScriptedModel(answer)
    clerk = Agent("clerk", model=model)

    @pattern
    async def team(task: str) -> str:
        asks = (clerk(one) for one in ("first", "second", "third", "fourth"))
        found = await asyncio.gather(*asks, return_exceptions=True)
        if failed := [one for one in found if isinstance(one, BaseException)]:
            raise failed[0]
        return "done"

    with pytest.raises(Overloaded):
        await team("go", log=log, id="r", budget_usd=0.003)
    assert len(model.requests) == 4
    down = False
    with pytest.raises(BudgetSpent, match=r"0\.003000 of 0\.003000"):
        await team.resume("r", log=log)
    assert len(model.requests) == 4
    assert (await team.resume("r", log=log, budget_usd=0.004)).text == "done"
    assert len(model.requests) == 5


async def test_an_attempt_that_no_longer_fits_is_not_made_after_one_that_was_cut() -> None:
    async def at_once(_: float) -> None: ...

    model = Priced(1, max_tokens=3)
    model.fails = [TimedOut("silent") for _ in range(9)]
    clerk = Agent("clerk", model=retry(model, attempts=9, sleep=at_once))
    with pytest.raises(BudgetSpent):
        await clerk("go", log=MemoryLog(), budget_usd=7)
    assert model.calls == 2


@pytest.mark.parametrize("usd", [None, 100.0])
async def test_a_run_inside_another_is_bound_by_both_budgets(usd: float | None) -> None:
    model = Priced(1, max_tokens=1)
    clerk = Agent("clerk", model=model)

    async def inside(n: int) -> None:
        async with run(log=MemoryLog(), budget_usd=usd):
            await clerk(f"q{n}")

    async with run(log=MemoryLog(), budget_usd=2.0) as outer:
        found = await asyncio.gather(*(inside(n) for n in range(20)), return_exceptions=True)
        assert outer.id in str(found[-1])
    assert model.calls == 2
    assert [type(one) for one in found if one is not None] == [BudgetSpent] * 18


async def test_an_inner_budget_binds_within_a_larger_one() -> None:
    model = Priced(1, max_tokens=1)
    clerk = Agent("clerk", model=model)
    async with run(log=MemoryLog(), budget_usd=10.0):
        async with run(log=MemoryLog(), budget_usd=1.0):
            await clerk("q")
            with pytest.raises(BudgetSpent):
                await clerk("another")
        await clerk("outside")
    assert model.calls == 2


class Uncounting(Priced):
    """A model whose server says nothing of tokens."""

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        reply = await super().__call__(request, on_text)
        return reply.model_copy(update={"usage": Usage(calls=1), "cost_usd": None})


async def test_a_call_that_no_server_counted_counts_as_estimated() -> None:
    log = MemoryLog()
    for budget in ({"budget_tokens": 60}, {"budget_usd": 5.0}):
        model = Uncounting(1)
        clerk = Agent("clerk", model=model)
        with pytest.raises(BudgetSpent):
            async with run(log=log, **budget):
                for n in range(100):
                    await clerk(f"q{n}")
        assert 1 <= model.calls <= 5
    ends = [e for info in log.runs() for e in log.read(info.id) if isinstance(e, StepEnded)]
    assert all(end.estimated and end.usage and end.usage.tokens_in for end in ends)
    free = await Agent("clerk", model=Uncounting(1))("q", log=log)
    assert free.usage.tokens_in == 0 and free.cost_usd is None


@pytest.mark.parametrize(
    "budget",
    [
        *({"budget_usd": usd} for usd in (-1, float("nan"), float("inf"), "5", True)),
        *({"budget_tokens": tokens} for tokens in (-1, 1.5, float("nan"), "5", True)),
    ],
)
async def test_a_budget_that_is_none_is_refused(budget: dict[str, Any]) -> None:
    with pytest.raises(SetupError, match=next(iter(budget))):
        await Agent("clerk", model=Priced(1))("q", log=MemoryLog(), **budget)


class Unbound:
    """A user's own model, which tells nothing beforehand and never answers."""

    name = "unbound"

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        self.calls += 1
        await asyncio.Event().wait()
        raise AssertionError


async def test_calls_of_a_model_without_a_bound_that_were_cut_count_as_calls() -> None:
    model, log = Unbound(), MemoryLog()
    clerk = Agent("clerk", model=model)
    for attempt in range(3):
        ask = (
            clerk.resume("r", log=log) if attempt else clerk("go", log=log, id="r", budget_calls=2)
        )
        task = asyncio.ensure_future(ask)
        async with asyncio.timeout(5):
            while not task.done() and model.calls == attempt:
                await asyncio.sleep(0)
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(ended, BudgetSpent if attempt > 1 else asyncio.CancelledError)
    assert model.calls == 2
    (info,) = log.runs()
    assert (info.calls, info.cost_usd) == (2, None)


async def test_they_count_in_the_budget_of_a_run_around_theirs_too() -> None:
    model = Unbound()
    clerk = Agent("clerk", model=model)
    async with run(log=MemoryLog(), budget_calls=2):
        for expected in (TimeoutError, TimeoutError, BudgetSpent):
            with pytest.raises(expected):
                async with asyncio.timeout(0.05), run("inner"):
                    await clerk("go")
    assert model.calls == 2


class Cutting:
    """Fails in flight after so many characters; says what a call may take, if it was told."""

    name = "cutting"

    def __init__(self, *lines: str | None, most: int | None = None) -> None:
        self.lines, self.most = list(lines), most

    def bound(self, request: Request) -> Bound:
        return Bound(tokens_in=10, tokens_out=self.most, price=lambda used: used.tokens_out / 100)

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        line = self.lines.pop(0)
        if line is None:
            if on_text is not None:
                on_text("x" * 4000)
            raise TimedOut("silent")
        usage = Usage(tokens_in=10, tokens_out=len(line), calls=1)
        message = Message(role="assistant", content=line)
        return Reply(message=message, usage=usage, cost_usd=len(line) / 100)


@pytest.mark.parametrize(
    ("model", "listened", "by", "tokens", "usd"),
    [
        (Cutting(None, most=700), False, "max_tokens", 710, 7.0),
        (Cutting("hello", None), False, "longest reply", 15, 0.05),
        (Cutting(None), False, "guess", 510, 5.0),
        # What came of it was more than that, and is billed.
        (Cutting(None), True, "guess", 1010, 10.0),
    ],
)
async def test_a_cut_call_says_what_it_is_entered_as_and_by_what_grounds(
    model: Cutting, listened: bool, by: str, tokens: int, usd: float
) -> None:
    log = MemoryLog()
    heard: list[Any] = []
    if listened:
        log.subscribe(heard.append)
    clerk = Agent("clerk", model=model)
    async with run(log=log, budget_usd=50) as here:
        for _ in range(len(model.lines)):
            with contextlib.suppress(TimedOut):
                await clerk("go")
    events = log.read(here.id)
    (told,) = [one.note for one in events if isinstance(one, Noted) and one.topic == "cut"]
    assert isinstance(told, Cut)
    assert (told.by, told.tokens, told.cost_usd) == (by, tokens, usd)
    end = [one for one in events if isinstance(one, StepEnded)][-1]
    assert end.cost_usd == usd and end.estimated and end.status == "failed"
    assert ("the most that it can be" in told.sentence()) == (by == "max_tokens")
