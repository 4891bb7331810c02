from __future__ import annotations

import asyncio

import pytest

from agentkit.errors import (
    CircuitOpen,
    EndpointError,
    Overloaded,
    RateLimited,
    Rejected,
    SetupError,
    Unreachable,
)
from agentkit.reliability.breaker import Breaker, breaker
from agentkit.reliability.concurrency import concurrency
from agentkit.reliability.retry import retry
from tests.agentkit.reliability.doubles import Endpoint, ask, noted, simulated

DOWN = Overloaded("down")
AT_ONCE = Breaker(failures=3, open_s=10.0, patience_s=0.0)


async def failing(model: object, times: int) -> list[str]:
    """The names of what comes out of so many calls."""
    found = []
    for _ in range(times):
        try:
            found.append((await model(ask())).text)  # type: ignore[operator]
        except (EndpointError, CircuitOpen) as error:
            found.append(type(error).__name__)
    return found


def test_it_opens_after_so_many_failures_and_sends_nothing_then() -> None:
    endpoint = Endpoint(DOWN)
    model = breaker(endpoint, AT_ONCE)
    assert simulated(failing(model, 6)) == ["Overloaded"] * 3 + ["CircuitOpen"] * 3
    assert len(endpoint.asked) == 3


def test_kept_connections_that_were_closed_while_idle_say_nothing_of_the_endpoint() -> None:
    idle = Unreachable("closed", under_way=True, stale=True)
    endpoint = Endpoint(*[idle] * 5, "up", *[DOWN] * 3)
    model = breaker(endpoint, AT_ONCE)
    assert simulated(failing(model, 10)) == [
        *["Unreachable"] * 5, "up", *["Overloaded"] * 3, "CircuitOpen",
    ]  # fmt: skip


def test_a_trial_closes_it_or_opens_it_for_twice_as_long() -> None:
    async def trial() -> list[float]:
        endpoint = Endpoint(DOWN, DOWN, DOWN, DOWN, "up")
        model = breaker(endpoint, AT_ONCE)
        await failing(model, 4)
        await asyncio.sleep(10.0)
        assert await failing(model, 2) == ["Overloaded", "CircuitOpen"]
        await asyncio.sleep(19.0)
        assert await failing(model, 1) == ["CircuitOpen"]
        await asyncio.sleep(1.0)
        assert await failing(model, 2) == ["up", "up"]
        return endpoint.at

    assert simulated(trial()) == [0.0, 0.0, 0.0, 10.0, 30.0, 30.0]


def test_one_trial_at_a_time_while_the_others_wait_and_then_go() -> None:
    async def trial() -> Endpoint:
        endpoint = Endpoint(DOWN, DOWN, DOWN, (1.0, "up"))
        model = breaker(endpoint, Breaker(failures=3, open_s=5.0))
        await failing(model, 3)
        replies = await asyncio.gather(*[model(ask(str(n))) for n in range(4)])
        assert [one.text for one in replies] == ["up"] * 4
        return endpoint

    assert simulated(trial()).at == [0.0, 0.0, 0.0, 5.0, 6.0, 6.0, 6.0]


def test_a_trial_that_is_cancelled_leaves_room_for_another() -> None:
    async def trial() -> str:
        endpoint = Endpoint(DOWN, DOWN, DOWN, (60.0, "never"), "up")
        model = breaker(endpoint, Breaker(failures=3, open_s=5.0, patience_s=0))
        await failing(model, 3)
        await asyncio.sleep(5)
        probe = asyncio.ensure_future(model(ask()))
        await asyncio.sleep(1)
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        return (await model(ask())).text

    assert simulated(trial()) == "up"


def test_patience_has_an_end_and_says_when_it_is_tried_again() -> None:
    async def trial() -> CircuitOpen:
        model = breaker(
            Endpoint(DOWN), Breaker(failures=1, open_s=60.0, longest_s=60, patience_s=9)
        )
        await failing(model, 1)
        with pytest.raises(CircuitOpen, match=r"tried again in 51 s") as caught:
            await model(ask())
        return caught.value

    assert simulated(trial()).retry_after_s == 51.0


def test_a_share_of_failures_opens_it_too() -> None:
    lines = [DOWN, "hi"] * 50
    endpoint = Endpoint(*lines)
    model = breaker(endpoint, Breaker(failures=5, window=10, share=0.5, patience_s=0))
    found = simulated(failing(model, 20))
    assert found.index("CircuitOpen") == 11


@pytest.mark.parametrize("error", [RateLimited("429"), Rejected("401", status=401)])
def test_what_is_no_fault_of_the_endpoint_does_not_open_it(error: Exception) -> None:
    assert "CircuitOpen" not in simulated(failing(breaker(Endpoint(error), 2), 10))


def test_each_change_is_noted() -> None:
    async def trial() -> None:
        model = breaker(Endpoint(DOWN, DOWN, "up"), Breaker(failures=2, open_s=1.0))
        await failing(model, 3)

    notes = simulated(noted(trial()))
    assert [(one.topic, one.data["state"]) for one in notes] == [
        ("breaker", "open"),
        ("breaker", "half-open"),
        ("breaker", "closed"),
    ]


def test_all_who_use_the_endpoint_share_its_circuit() -> None:
    endpoint = Endpoint(DOWN)
    first, second = breaker(endpoint, AT_ONCE), breaker(endpoint, AT_ONCE)
    assert simulated(failing(first, 3))[-1] == "Overloaded"
    assert simulated(failing(second, 1)) == ["CircuitOpen"]


@pytest.mark.parametrize("wrong", [0, -3, "often", 2.5])
def test_a_breaker_that_is_none_is_refused(wrong: object) -> None:
    with pytest.raises(SetupError, match="breaker="):
        breaker(Endpoint(), wrong)  # type: ignore[arg-type]


def test_wrappers_out_of_order_are_refused_with_the_order() -> None:
    with pytest.raises(SetupError, match="A breaker cannot be put around a retry") as caught:
        breaker(retry(Endpoint()))
    assert "from the outside in: fallback, cache, deadline, retry, hedge" in str(caught.value)
    with pytest.raises(SetupError, match="has a concurrency already"):
        concurrency(concurrency(Endpoint(), 2), 3)


def test_time_outs_of_an_outage_that_is_over_do_not_open_it_again() -> None:
    async def trial() -> str:
        late = [(60.0, DOWN)] * 20
        endpoint = Endpoint(*late, DOWN, DOWN, DOWN, "up")
        model = breaker(endpoint, Breaker(failures=3, open_s=5.0))
        hanging = [asyncio.ensure_future(model(ask(f"h{n}"))) for n in range(20)]
        await asyncio.sleep(1)
        await failing(model, 3)
        assert (await model(ask())).text == "up"
        await asyncio.gather(*hanging, return_exceptions=True)
        return str(model.circuit.state)  # type: ignore[attr-defined]

    assert simulated(trial()) == "closed"


def test_calls_of_before_are_no_trials() -> None:
    async def trial() -> tuple[int, float]:
        endpoint = Endpoint((9.0, DOWN), (9.0, "old"), DOWN, DOWN, DOWN, (20.0, "up"), "up")
        model = breaker(endpoint, Breaker(failures=3, open_s=5.0))
        old = [asyncio.ensure_future(model(ask(f"o{n}"))) for n in range(2)]
        cancelled = asyncio.ensure_future(model(ask("c")))
        await asyncio.sleep(0)
        await failing(model, 2)
        asks = [asyncio.ensure_future(model(ask(str(n)))) for n in range(5)]
        await asyncio.sleep(7)
        under_way = endpoint.under_way
        await asyncio.gather(*old, cancelled, *asks, return_exceptions=True)
        return under_way, endpoint.at[6]

    under_way, second = simulated(trial())
    # The two old ones and one trial; nobody else is sent before that has ended.
    assert under_way == 3 and second == 25.0
