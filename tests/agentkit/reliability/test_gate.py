from __future__ import annotations

import asyncio
import random
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.errors import CircuitOpen, Overloaded, RateLimited, SetupError
from agentkit.reliability.breaker import Breaker, breaker
from agentkit.reliability.concurrency import Bulkhead, concurrency
from agentkit.reliability.limit import Limit, Pace, limit
from agentkit.reliability.retry import retry
from tests.agentkit.reliability.doubles import Endpoint, ask, noted, simulated


async def test_no_more_calls_are_under_way_than_there_are_places() -> None:
    endpoint = Endpoint((0.001, "hi"))
    model = concurrency(endpoint, 3)
    await asyncio.gather(*[model(ask(str(n))) for n in range(20)])
    assert endpoint.most == 3 and len(endpoint.asked) == 20


def test_actors_take_turns_and_each_keeps_its_order() -> None:
    async def trial() -> list[tuple[str, str]]:
        endpoint = Endpoint((1.0, "hi"))
        model = concurrency(endpoint, 1)
        greedy = [model(ask(f"g{n}", actor="greedy")) for n in range(6)]
        modest = [model(ask(f"m{n}", actor="modest")) for n in range(2)]
        await asyncio.gather(*greedy, *modest)
        return [(one.actor, one.thread[-1].message.text) for one in endpoint.asked]

    order = simulated(trial())
    assert [text for _, text in order[:5]] == ["g0", "g1", "m0", "g2", "m1"]
    assert [text for who, text in order if who == "greedy"] == [f"g{n}" for n in range(6)]


async def test_a_place_is_free_again_after_a_failure_and_after_a_cancelled_wait() -> None:
    endpoint = Endpoint((0.0, ValueError("broken")), (10.0, "never"), (0.0, "hi"))
    model = concurrency(endpoint, 1)
    with pytest.raises(ValueError, match="broken"):
        await model(ask())
    held = asyncio.ensure_future(model(ask()))
    waiting = asyncio.ensure_future(model(ask()))
    await asyncio.sleep(0.001)
    for task in (waiting, held):
        task.cancel()
    await asyncio.gather(held, waiting, return_exceptions=True)
    assert (await model(ask())).text == "hi"


async def test_one_endpoint_has_one_bound_for_all_who_wrap_it() -> None:
    endpoint = Endpoint((0.001, "hi"))
    models = [concurrency(endpoint, 2), concurrency(endpoint, 2)]
    await asyncio.gather(*[models[n % 2](ask(str(n))) for n in range(10)])
    assert endpoint.most == 2


def test_loops_in_several_threads_share_a_bound() -> None:
    endpoint = Endpoint((0.002, "hi"))

    def work() -> None:
        async def several() -> None:
            model = concurrency(endpoint, 2)
            await asyncio.gather(*[model(ask(str(n))) for n in range(10)])

        asyncio.run(several())

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(endpoint.asked) == 30 and endpoint.most <= 2


def test_a_rate_holds_over_any_time_and_nobody_starves() -> None:
    async def trial() -> Endpoint:
        endpoint = Endpoint((0.3, "hi"))
        model = limit(endpoint, Limit(requests_per_minute=600, burst_s=1))
        await asyncio.gather(*[model(ask(str(n), actor=f"a{n % 7}")) for n in range(1000)])
        return endpoint

    endpoint = simulated(trial())
    took = endpoint.at[-1] - endpoint.at[0]
    # 10 at once, then 10 per second.
    assert took == pytest.approx(99.0, rel=0.001)
    for first in range(0, 1000, 13):
        within = [at for at in endpoint.at[first:] if at < endpoint.at[first] + 10.0]
        assert len(within) <= 10 * 10 + 10
    for actor in range(7):
        own = [
            int(one.thread[-1].message.text) for one in endpoint.asked if one.actor == f"a{actor}"
        ]
        assert own == sorted(own)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(60, 6000), st.integers(200, 100_000))
def test_no_minute_has_more_tokens_than_stated(seed: int, rpm: int, tpm: int) -> None:
    rng = random.Random(seed)
    needs = [float(rng.randint(1, 400)) for _ in range(60)]

    async def trial() -> list[tuple[float, float]]:
        pace = Pace(Limit(requests_per_minute=rpm, tokens_per_minute=tpm))
        sent: list[tuple[float, float]] = []

        async def one(need: float) -> None:
            await pace.enter(str(rng.randint(0, 3)), need)
            sent.append((asyncio.get_running_loop().time(), need))

        await asyncio.gather(*map(one, needs))
        return sent

    sent = simulated(trial())
    assert len(sent) == 60
    for at, _ in sent:
        window = [need for then, need in sent if at <= then < at + 60.0]
        # What one call has more than the bucket holds is owed, and waited for after it.
        assert sum(window) <= tpm * (1 + 1 / 60) + max(needs) + 1
        assert len(window) <= rpm * (1 + 1 / 60) + 2


def test_a_refusal_stops_all_and_the_rate_comes_back() -> None:
    async def trial() -> tuple[Endpoint, float | None, float | None]:
        endpoint = Endpoint("a", RateLimited("slow down", retry_after_s=5.0), "b")
        model = limit(endpoint, 60)
        await model(ask())
        with pytest.raises(RateLimited):
            await model(ask())
        slowed = model.pace.per_minute  # type: ignore[attr-defined]
        await model(ask())
        await asyncio.sleep(120)
        await model(ask())
        return endpoint, slowed, model.pace.per_minute  # type: ignore[attr-defined]

    endpoint, slowed, after = simulated(trial())
    assert endpoint.at[2] - endpoint.at[1] >= 5.0
    assert slowed == pytest.approx(42.0) and after == pytest.approx(60.0)


def test_refusals_of_calls_under_way_together_slow_down_once_and_are_told_once() -> None:
    endpoint = Endpoint((0.1, RateLimited("slow down", retry_after_s=2.0)))
    model = limit(endpoint, Limit(requests_per_minute=600))
    notes = simulated(noted(*[model(ask(str(n))) for n in range(5)]))
    assert [one.topic for one in notes] == ["limit"]


def test_an_unstated_rate_is_that_at_which_it_was_refused() -> None:
    async def trial() -> float | None:
        endpoint = Endpoint(*["hi"] * 20, RateLimited("slow down"))
        model = limit(endpoint, True)
        with pytest.raises(RateLimited):
            for n in range(50):
                await model(ask(str(n)))
                await asyncio.sleep(0.5)
        return model.pace.per_minute  # type: ignore[attr-defined]

    assert simulated(trial()) == pytest.approx(20 * 60 / 10 * 0.7, rel=0.1)


def test_a_call_that_the_breaker_held_back_is_not_counted() -> None:
    async def trial() -> list[float]:
        endpoint = Endpoint(CircuitOpen("open"), CircuitOpen("open"), "hi")
        model = limit(endpoint, Limit(requests_per_minute=1))
        for _ in range(2):
            with pytest.raises(CircuitOpen):
                await model(ask())
        await model(ask())
        return endpoint.at

    assert simulated(trial()) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), "many", None])
def test_a_limit_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(SetupError, match="limit="):
        limit(Endpoint(), wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True])
def test_places_that_are_none_are_refused(wrong: object) -> None:
    with pytest.raises(SetupError, match="concurrency="):
        concurrency(Endpoint(), wrong)  # type: ignore[arg-type]


def test_a_loop_that_was_closed_with_somebody_waiting_stops_nobody_else() -> None:
    places = Bulkhead(1)
    loop = asyncio.new_event_loop()

    async def leave_waiting() -> None:
        await places.enter("a")
        waiting = asyncio.ensure_future(places.enter("b"))
        await asyncio.sleep(0)
        kept.append(waiting)

    kept: list[object] = []
    loop.run_until_complete(leave_waiting())
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.close()

    async def others() -> None:
        places.leave(0.0)
        await asyncio.wait_for(places.enter("c"), 5)

    asyncio.run(others())


def test_a_rate_that_is_stated_later_owes_nothing_for_calls_before_it() -> None:
    async def trial() -> list[float]:
        endpoint = Endpoint("hi")
        free = limit(endpoint, Limit(tokens_per_minute=1e9))
        for n in range(100):
            await free(ask(str(n)))
        paced = limit(endpoint, 60)
        await asyncio.gather(*[paced(ask(str(n))) for n in range(3)])
        return endpoint.at[100:]

    assert simulated(trial()) == pytest.approx([0.0, 1.0, 2.0])


def test_whoever_waits_goes_on_by_a_bound_that_is_stated_anew() -> None:
    async def trial() -> list[float]:
        endpoint = Endpoint((100.0, "hi"))
        model = concurrency(limit(endpoint, 1), 1)
        calls = [asyncio.ensure_future(model(ask(str(n)))) for n in range(4)]
        await asyncio.sleep(5)
        concurrency(limit(endpoint, 60), 4)
        await asyncio.gather(*calls)
        return endpoint.at

    assert simulated(trial()) == pytest.approx([0.0, 5.0, 6.0, 7.0], abs=1.0)


def test_a_pause_of_a_day_is_told_and_not_waited_for() -> None:
    async def trial() -> None:
        endpoint = Endpoint("a", RateLimited("come tomorrow", retry_after_s=86_400.0), "b")
        model = limit(endpoint, 60)
        await model(ask())
        calls = [asyncio.ensure_future(retry(model)(ask(str(n)))) for n in range(3)]
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(one) for one in found] == [RateLimited] * 3
        assert asyncio.get_running_loop().time() < 5 and len(endpoint.asked) == 2
        with pytest.raises(RateLimited, match="left alone, for 86400 s"):
            await model(ask())
        await asyncio.sleep(86_400)
        assert (await model(ask())).text == "b"

    simulated(trial())


def test_what_waits_elsewhere_does_not_save_up_the_rate() -> None:
    """Calls that wait for a place, or for a circuit to close, are not sent all together then."""

    async def trial() -> list[float]:
        down = [(8.0, "slow"), *[Overloaded("down")] * 2]
        endpoint = Endpoint(*down, (0.1, "hi"))
        how = Breaker(failures=2, open_s=20.0)
        model = concurrency(breaker(limit(endpoint, 60), how), 2)
        calls = [model(ask(str(n))) for n in range(30)]
        await asyncio.gather(*calls, return_exceptions=True)
        return endpoint.at

    at = simulated(trial())
    assert len(at) == 30
    for first in at:
        assert len([one for one in at if first <= one < first + 5.0]) <= 6


def test_a_circuit_that_opens_while_a_call_waits_for_the_rate_holds_it_back() -> None:
    async def trial() -> list[float]:
        endpoint = Endpoint(*[(0.5, Overloaded("down"))] * 2, "hi")
        model = breaker(limit(endpoint, 60), Breaker(failures=2, open_s=30.0))
        calls = [asyncio.ensure_future(model(ask(str(n)))) for n in range(4)]
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(one) for one in found[:2]] == [Overloaded] * 2
        assert [getattr(one, "text", one) for one in found[2:]] == ["hi", "hi"]
        return endpoint.at

    # Two fail by 1.5 s, the trial goes at 31.5 s; both that waited were not sent into the outage.
    assert simulated(trial())[:3] == pytest.approx([0.0, 1.0, 31.5])


def test_a_refusal_before_anything_was_sent_says_nothing_of_the_endpoint() -> None:
    async def trial() -> str:
        endpoint = Endpoint(Overloaded("down"), RateLimited("tomorrow", retry_after_s=3600.0), "hi")
        circuit = breaker(limit(endpoint, 600), Breaker(failures=1, open_s=1.0, patience_s=0))
        for error in (Overloaded, CircuitOpen):
            with pytest.raises(error):
                await circuit(ask())
        await asyncio.sleep(2)
        with pytest.raises(RateLimited, match="tomorrow"):
            await circuit(ask())
        circuit.circuit.failed(0.0, Overloaded("x"), circuit.circuit.turn)  # type: ignore[attr-defined]
        await asyncio.sleep(3)
        with pytest.raises(RateLimited, match="left alone"):
            await circuit(ask())
        return str(circuit.circuit.state)  # type: ignore[attr-defined]

    assert simulated(trial()) == "half-open"
