from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agentkit.agent import Agent
from agentkit.budget import Bound
from agentkit.errors import DeadlinePassed, Overloaded, RateLimited, SetupError, TimedOut
from agentkit.events import Noted, StepEnded, Usage
from agentkit.logs.memory import MemoryLog
from agentkit.model import Request
from agentkit.reliability.concurrency import concurrency
from agentkit.reliability.hedge import Hedge, Latencies, hedge
from agentkit.reliability.limit import limit
from agentkit.tools import tool
from tests.agentkit.reliability.doubles import Endpoint, ask, noted, said, simulated

SLOW = (60.0, "slow")


class Priced(Endpoint):
    """One that says what a call may cost: 4 USD."""

    def bound(self, request: Request) -> Bound:
        return Bound(tokens_in=3, tokens_out=5, price=lambda usage: usage.tokens_out * 0.8)


def test_the_second_request_wins_and_the_first_is_cancelled() -> None:
    endpoint = Endpoint(SLOW, (0.5, "quick"))
    model = hedge(endpoint, 2.0)
    assert simulated(model(ask())).text == "quick"
    assert endpoint.at == [0.0, 2.0] and endpoint.cancelled == 1
    assert endpoint.asked[0].key != endpoint.asked[1].key


def test_a_quick_reply_makes_no_second_request() -> None:
    endpoint = Endpoint((1.9, "in time"))
    assert simulated(hedge(endpoint, 2.0)(ask())).text == "in time"
    assert len(endpoint.asked) == 1


def test_without_a_number_it_learns_what_is_slow() -> None:
    async def trial() -> list[float]:
        endpoint = Endpoint(*[(2.0 - n / 100, "hi") for n in range(100)], SLOW, (0.5, "quick"))
        model = hedge(endpoint)
        for _ in range(100):
            await model(ask())
        before = asyncio.get_running_loop().time()
        assert (await model(ask())).text == "quick"
        return [at - before for at in endpoint.at[-2:]]

    assert simulated(trial()) == pytest.approx([0.0, 1.95])


def test_time_in_a_queue_does_not_count() -> None:
    endpoint = Endpoint((1.0, "hi"))
    model = hedge(concurrency(endpoint, 1), 1.5)

    async def trial() -> None:
        await asyncio.gather(*[model(ask(str(n))) for n in range(5)])

    simulated(trial())
    assert len(endpoint.asked) == 5


def test_a_failure_is_told_at_once_and_one_of_two_is_waited_for() -> None:
    broken = Endpoint(Overloaded("down"))
    with pytest.raises(Overloaded):
        simulated(hedge(broken, 1.0)(ask()))
    assert len(broken.asked) == 1
    late = Endpoint((3.0, Overloaded("down")), (5.0, "late"))
    assert simulated(hedge(late, 1.0)(ask())).text == "late"
    both = Endpoint((3.0, TimedOut("first")), (3.0, Overloaded("second")))
    with pytest.raises(TimedOut):
        simulated(hedge(both, 1.0)(ask()))


def test_what_streams_first_is_heard_alone() -> None:
    class Speaking(Endpoint):
        async def __call__(self, request: Request, on_text: Any = None) -> Any:
            first = not self.asked
            self.asked.append(request)
            for n in range(3):
                await asyncio.sleep(4.0 if first else 1.5)
                on_text(f"{'first' if first else 'second'} {n} ")
            return said("first" if first else "second")

    heard: list[str] = []
    reply = simulated(hedge(Speaking(), 1.0)(ask(), heard.append))
    assert reply.text == "second" and heard == ["second 0 ", "second 1 ", "second 2 "]


def test_the_loser_is_paid_for_as_its_bound_and_told() -> None:
    endpoint, log = Priced(SLOW, (0.5, "quick")), MemoryLog()
    clerk = Agent("clerk", model=hedge(endpoint, 2.0))
    answer = simulated(clerk("go", log=log))
    assert (answer.text, answer.cost_usd) == ("quick", 5.0)
    events = log.read(answer.run_id)
    (told,) = [one.data for one in events if isinstance(one, Noted) and one.topic == "hedge"]
    assert (told["won"], told["lost"], told["lost_usd"]) == ("second", "cancelled", 4.0)
    (end,) = [one for one in events if isinstance(one, StepEnded)]
    assert end.estimated and end.usage == Usage(tokens_in=6, tokens_out=7, calls=2)


def test_a_loser_that_was_refused_costs_nothing_and_one_that_answered_its_true_price() -> None:
    for first, cost in ((RateLimited("no"), 1.0), (said("late", 0.25), 1.25)):
        endpoint = Priced((2.5, first), (0.5, said("quick")))
        log = MemoryLog()
        clerk = Agent("clerk", model=hedge(endpoint, 2.0))
        answer = simulated(clerk("go", log=log))
        assert answer.cost_usd == cost


def test_no_second_request_for_which_the_budget_has_no_room() -> None:
    endpoint, log = Priced((9.0, "slow")), MemoryLog()
    clerk = Agent("clerk", model=hedge(endpoint, 2.0))
    answer = simulated(clerk("go", log=log, budget_usd=6))
    assert (answer.text, answer.cost_usd, len(endpoint.asked)) == ("slow", 1.0, 1)
    (told,) = [one for one in log.read(answer.run_id) if isinstance(one, Noted)]
    assert told.data["why"] == "budget"


def test_a_cancelled_call_cancels_both() -> None:
    async def trial() -> Endpoint:
        endpoint = Endpoint(SLOW)
        asking = asyncio.ensure_future(hedge(endpoint, 1.0)(ask()))
        await asyncio.sleep(5)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return endpoint

    endpoint = simulated(trial())
    assert (len(endpoint.asked), endpoint.cancelled, endpoint.under_way) == (2, 2, 0)


def test_an_actor_and_a_stateful_endpoint_are_refused() -> None:
    @tool(effect="once")
    def pay(amount: float) -> str:
        """Pay."""
        return "paid"

    with pytest.raises(SetupError, match="its tools pay must not be used twice"):
        hedge(Agent("clerk", model=Endpoint(), tools=[pay]))  # type: ignore[arg-type]
    stateful = Endpoint()
    stateful.stateful = True  # type: ignore[attr-defined]
    with pytest.raises(SetupError, match="state of its own"):
        hedge(stateful)


@pytest.mark.parametrize("wrong", [0, -1.0, "soon", float("inf")])
def test_a_hedge_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(SetupError, match="hedge="):
        hedge(Endpoint(), wrong)  # type: ignore[arg-type]


def test_percentiles_are_those_of_the_last_calls_sorted() -> None:
    seen = Latencies(50)
    import random

    rng = random.Random(3)
    given = [rng.random() for _ in range(300)]
    for one in given:
        seen.add(one)
    assert seen.percentile(0.95) == sorted(given[-50:])[47]
    assert Hedge().least == 20


def test_outside_of_a_run_it_works_as_well() -> None:
    assert simulated(noted(hedge(Endpoint(), 1.0)(ask()))) == []


def test_the_other_one_ends_when_one_begins_to_speak() -> None:
    class Speaking(Endpoint):
        async def __call__(self, request: Request, on_text: Any = None) -> Any:
            first = not self.asked
            self.asked.append(request)
            try:
                await asyncio.sleep(3.0 if first else 9.0)
                on_text("word ")
                await asyncio.sleep(60.0)
            except asyncio.CancelledError:
                self.at.append(asyncio.get_running_loop().time())
                raise
            return said("first" if first else "second")

    endpoint = Speaking()
    assert simulated(hedge(endpoint, 1.0)(ask(), print)).text == "first"
    assert len(endpoint.asked) == 2 and endpoint.at == [3.0]


def test_where_the_one_that_was_heard_fails_the_reply_is_told_anew() -> None:
    class Heard(list[str]):
        def __call__(self, text: str) -> None:
            self.append(text)

        def again(self) -> None:
            self.clear()

    class Failing(Endpoint):
        async def __call__(self, request: Request, on_text: Any = None) -> Any:
            self.asked.append(request)
            await asyncio.sleep(4.0)
            on_text("first " if len(self.asked) < 2 else "")
            if request.key == "key hello":
                raise TimedOut("cut")
            await asyncio.sleep(1.0)
            on_text("second")
            return said("second")

    heard = Heard()
    reply = simulated(hedge(Failing(), 1.0)(ask(), heard))
    assert reply.text == "second" and heard == ["second"]


async def test_whoever_waits_for_a_turn_and_is_given_up_has_not_paid() -> None:
    for wrap in (lambda e: limit(e, 1), lambda e: concurrency(e, 1)):
        endpoint = Priced((0.0, "hi"), (5.0, "never"))
        model, log = wrap(endpoint), MemoryLog()
        clerk = Agent("clerk", model=model)
        held = asyncio.ensure_future(clerk("first", log=log))
        assert (await held).cost_usd == 1.0
        busy = asyncio.ensure_future(clerk("busy", log=log))
        await asyncio.sleep(0.01)
        with pytest.raises(DeadlinePassed) as late:
            await clerk("second", log=log, deadline_s=0.05)
        (end,) = [o for o in log.read(late.value.run_id) if isinstance(o, StepEnded)]
        assert end.status == "cancelled" and end.usage is None and end.cost_usd in (None, 0.0)
        busy.cancel()
        await asyncio.gather(busy, return_exceptions=True)
