"""What several event loops share: one that ends, stops or is thrown away holds up no other."""

from __future__ import annotations

import asyncio
import gc
import random
import threading

import pytest

from agentkit.reliability.breaker import Breaker, breaker
from agentkit.reliability.concurrency import Bulkhead, concurrency
from agentkit.reliability.limit import Limit, Pace
from tests.agentkit.reliability.doubles import Endpoint, ask


def test_a_loop_that_ends_takes_no_timer_of_another_along() -> None:
    pace = Pace(Limit(requests_per_minute=240, burst_s=0.01))
    first_waits, second_waits = threading.Event(), threading.Event()
    done: list[str] = []

    async def first() -> None:
        await pace.enter("a")
        waiting = asyncio.ensure_future(pace.enter("a"))
        await asyncio.sleep(0)
        first_waits.set()
        second_waits.wait(5)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    async def second() -> None:
        waiting = asyncio.ensure_future(pace.enter("b"))
        await asyncio.sleep(0)
        second_waits.set()
        await asyncio.wait_for(waiting, 5)
        done.append("b")

    def later() -> None:
        first_waits.wait(5)
        asyncio.run(second())

    threads = [threading.Thread(target=asyncio.run, args=[first()]), threading.Thread(target=later)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(10)
    assert done == ["b"]


def thrown_away(work: object) -> None:
    """Begin work in a loop that is closed under way, and forget both."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)  # type: ignore[arg-type]
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.run_until_complete(asyncio.sleep(0.001))
    loop.close()
    del task, loop, work
    gc.collect()


def test_a_call_that_is_thrown_away_under_way_gives_its_place_back() -> None:
    endpoint = Endpoint((60.0, "never"), "hi")
    model = concurrency(endpoint, 1)
    thrown_away(model(ask()))
    found = asyncio.run(asyncio.wait_for(model(ask()), 5))  # type: ignore[arg-type]
    assert found.text == "hi"


def test_a_trial_of_which_nobody_hears_any_more_does_not_keep_the_circuit_open() -> None:
    from agentkit.errors import Overloaded

    endpoint = Endpoint(Overloaded("down"), (60.0, "never"), "hi")
    how = Breaker(failures=1, open_s=0.001, longest_s=0.05, patience_s=5)
    model = breaker(endpoint, how)

    async def fail() -> None:
        with pytest.raises(Overloaded):
            await model(ask())
        await asyncio.sleep(0.01)

    asyncio.run(fail())
    stopped = asyncio.new_event_loop()
    trial = stopped.create_task(model(ask()))  # type: ignore[arg-type]
    # As where somebody interrupts a script: the loop is not closed, and never goes on.
    stopped.run_until_complete(asyncio.sleep(0.001))
    assert model.circuit.state == "half-open"  # type: ignore[attr-defined]
    assert asyncio.run(model(ask())).text == "hi"  # type: ignore[arg-type]
    trial.cancel()
    stopped.run_until_complete(asyncio.gather(trial, return_exceptions=True))
    stopped.close()


@pytest.mark.parametrize("seed", range(3))
def test_loops_that_come_and_go_leave_the_room_as_it_was(seed: int) -> None:
    rng = random.Random(seed)
    places, pace = Bulkhead(2), Pace(Limit(requests_per_minute=60_000, burst_s=0.01))
    finished: list[int] = []

    def work(number: int) -> None:
        dice = random.Random(rng.random())

        async def one() -> None:
            await pace.enter(f"p{number}")
            await places.enter(f"p{number}")
            try:
                await asyncio.sleep(dice.random() * 0.002)
            finally:
                places.leave(asyncio.get_running_loop().time())

        async def several() -> None:
            tasks = [asyncio.ensure_future(one()) for _ in range(8)]
            await asyncio.sleep(dice.random() * 0.01)
            for task in dice.sample(tasks, 3):
                task.cancel()
            await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
            finished.append(number)

        asyncio.run(several())

    threads = [threading.Thread(target=work, args=[n]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    assert len(finished) == 6
    assert places.taken == places.waiting == pace.waiting == 0
    assert not places.lanes and not pace._alarms and not pace._loops
