from __future__ import annotations

import asyncio
import re
from xml.etree import ElementTree

import pytest

from agentkit import Agent, run
from agentkit.errors import Overloaded
from agentkit.logs.memory import MemoryLog
from agentkit.model import OnText, Reply, Request
from agentkit.pictures.bill import Bill
from agentkit.pictures.spans import segments
from agentkit.pictures.spending import SpendingPicture
from agentkit.pictures.waterfall import MOST, WaterfallPicture
from agentkit.reliability.concurrency import concurrency
from agentkit.reliability.hedge import hedge
from agentkit.reliability.retry import retry
from agentkit.views.calls import calls
from agentkit.views.fold import fold
from agentkit.views.spending import Spending
from agentkit.views.waterfall import Waterfall
from consistency.virtual import VirtualLoop, play
from tests.agentkit.reliability.doubles import Endpoint, said
from tests.agentkit.reliability.test_hedge import Priced


def timed() -> MemoryLog:
    """A log whose clock is that of the event loop, so that simulated time counts."""

    def clock() -> float:
        try:
            return 1000.0 + asyncio.get_running_loop().time()
        except RuntimeError:
            return 1000.0

    return MemoryLog(clock=clock)


class Speaking(Endpoint):
    """Says its first piece after a second, the second one two seconds later."""

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        for wait_s, piece in ((1.0, "6 * 7"), (2.0, " = 42")):
            await asyncio.sleep(wait_s)
            if on_text is not None:
                on_text(piece)
        return said("6 * 7 = 42")


def test_the_time_of_a_call_is_explained_to_its_last_second() -> None:
    log = timed()
    down = Overloaded("down", retry_after_s=5.0)
    model = retry(concurrency(Endpoint((3.0, down), (4.0, "hi"), (4.0, "ho")), 1), base_s=0)

    async def work() -> None:
        async with run(log=log):
            await asyncio.gather(Agent("ada", model=model)("go"), Agent("bo", model=model)("go"))

    play(work(), VirtualLoop())
    ada, bo = fold(Waterfall(), log.read(log.runs()[0].id)).calls
    # bo's turn comes when ada's first attempt has failed; ada's second waits for nobody.
    assert [(part, end - start) for part, start, end in ada.parts] == [
        ("failed", 3.0), ("pause", 5.0), ("reply", 4.0),
    ]  # fmt: skip
    assert [(part, end - start) for part, start, end in bo.parts] == [
        ("queue", 3.0), ("reply", 4.0),
    ]  # fmt: skip
    for call in (ada, bo):
        assert call.end is not None
        assert sum(end - start for _, start, end in call.parts) == call.end - call.start


async def test_the_first_token_is_recorded_where_somebody_listens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, now = MemoryLog(), [0.0]
    monkeypatch.setattr("agentkit.streams.time.perf_counter", lambda: now[0])

    class Clocked(Endpoint):
        async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
            for at, piece in ((1.5, "6 * 7"), (4.0, " = 42")):
                now[0] = at
                if on_text is not None:
                    on_text(piece)
            return said("6 * 7 = 42")

    silent = await Agent("ada", model=Clocked())("go", log=log)
    now[0] = 0.0
    heard = [one async for one in Agent("bo", model=Clocked()).stream("go", log=log)]
    rows = {row["actor"]: row["first_s"] for row in calls(log)}
    assert silent.text and heard and rows == {"ada": None, "bo": 1.5}


def test_a_call_that_a_crash_left_open_ends_where_it_is_told_again() -> None:
    log = timed()
    answer = play(Agent("ada", model=Endpoint((2.0, "hi")))("go", log=log), VirtualLoop())
    events = log.read(answer.run_id)
    cut = next(n for n, event in enumerate(events) if event.kind == "step.started")
    view = fold(Waterfall(), events[: cut + 1])
    assert view.calls[0].end is None and "–" in str(WaterfallPicture(view))
    ElementTree.fromstring(WaterfallPicture(view).to_svg())


def test_of_many_calls_the_slowest_are_drawn() -> None:
    log = timed()
    model = Endpoint(*[(float(n), "hi") for n in range(MOST + 20)])

    async def work() -> None:
        async with run(log=log):
            for _ in range(MOST + 20):
                await Agent("ada", model=model)("go")

    play(work(), VirtualLoop())
    picture = fold(WaterfallPicture(), log.read(log.runs()[0].id))
    assert len(picture.shown()) == MOST and f"the slowest {MOST}" in picture.said()
    assert min((one.end or 0) - one.start for one in picture.shown()) == 20.0


def test_spending_rises_with_each_call_and_shows_the_budget() -> None:
    log = timed()

    async def work() -> None:
        async with run(log=log, budget_usd=5):
            for name, cost in (("ada", 1.0), ("bo", 2.0), ("ada", 0.5)):
                await Agent(name, model=Endpoint((1.0, said("hi", cost)), name=name))("go")
        free = said("hi").model_copy(update={"cost_usd": None})
        await Agent("cy", model=Endpoint(free))("go", log=log)

    play(work(), VirtualLoop())
    first, second = log.runs()[1].id, log.runs()[0].id
    view = fold(Spending(), log.read(first))
    assert view.lines() == {"bo": [(1002.0, 2.0)], "ada": [(1001.0, 1.0), (1003.0, 1.5)]}
    assert view.budget == 5.0
    picture = SpendingPicture(view)
    assert "$3.50 in 3.0 s, budget $5.00" in str(picture) and "total" in str(picture)
    ElementTree.fromstring(picture.to_svg())
    fold(view, log.read(second))
    # One of the runs has none, so no line bounds them both.
    assert view.budget is None and "1 unknown" in str(picture)


def test_pictures_of_nothing_say_so() -> None:
    for picture in (WaterfallPicture(), SpendingPicture()):
        ElementTree.fromstring(picture.to_svg())
        assert str(picture)
    assert "No model calls" in str(Bill([], ["actor"]))


def test_the_bill_says_how_money_was_wasted() -> None:
    log = MemoryLog()
    model = hedge(Priced((60.0, "slow"), (0.5, "quick")), 2.0)
    play(Agent("slow", model=model)("go", log=log), VirtualLoop())
    told = Bill(calls(log), ["actor", "day"])
    assert "Wasted $4.00 (80%): the slower of two requests $4.00." in str(told)
    assert "Of the cost $4.00 is estimated" in str(told)
    ElementTree.fromstring(told.to_svg())
    assert "<table" in told.to_html()


def test_long_pauses_are_cut_out_and_short_ones_are_not() -> None:
    assert segments([(0, 10), (9, 12), (13, 14)]) == [[0, 14]]
    assert segments([(0, 10), (500, 510)]) == [[0, 10], [500, 510]]
    assert segments([]) == [[0.0, 0.0]]


@pytest.mark.parametrize("jump_s", [-3600.0, -2.0, 3600.0])
def test_a_clock_that_jumps_makes_no_time_negative(jump_s: float) -> None:
    """The wall clock of a laptop is set while calls wait; queues and limits go by another one."""
    jumped = [0.0]

    def clock() -> float:
        return 1e9 + jumped[0]

    class Jumping(Endpoint):
        async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
            jumped[0] += jump_s
            return await super().__call__(request, on_text)

    log = MemoryLog(clock=clock)
    down = Overloaded("down", retry_after_s=1.0)
    model = retry(concurrency(Jumping(down, said("hi", 0.5)), 1), base_s=0)

    async def work() -> None:
        async with run(log=log, budget_usd=1):
            await asyncio.gather(Agent("ada", model=model)("go"), Agent("bo", model=model)("go"))

    play(work(), VirtualLoop())
    events = log.read(log.runs()[0].id)
    for call in fold(Waterfall(), events).calls:
        assert call.end is not None and call.end >= call.start
        assert all(call.start <= start <= end for _, start, end in call.parts)
    assert all(row["took_s"] is None or row["took_s"] >= 0 for row in calls(log))
    assert all(row["waited_s"] >= 0 for row in calls(log))
    for picture in (fold(WaterfallPicture(), events), fold(SpendingPicture(), events)):
        ElementTree.fromstring(picture.to_svg())
        assert not re.search(r"-\d", str(picture))
    assert log.frame("costs").usd.sum() == 1.0
