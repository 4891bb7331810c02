"""Time-outs that keep nothing of who set them."""

from __future__ import annotations

import asyncio
import gc

import httpx
import pytest

from agentkit import Agent, connect, pattern
from agentkit.errors import AgentkitError
from agentkit.logs.memory import MemoryLog
from agentkit.run import Run
from agentkit.threads import in_thread, put
from tests.fakes import EchoModel


async def test_a_time_out_that_was_put_runs_out_and_one_that_was_left_does_not() -> None:
    loop = asyncio.get_running_loop()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(None) as clock:
            put(clock, loop.time() + 0.01)
            await asyncio.sleep(5)
    assert clock.expired()
    async with asyncio.timeout(None) as clock:
        put(clock, loop.time() + 60)
    assert not clock.expired()


@pytest.mark.parametrize("kind", [StopIteration, GeneratorExit])
async def test_what_no_coroutine_can_be_told_is_told_by_its_name(kind: type[BaseException]) -> None:
    def call() -> None:
        raise kind

    async with asyncio.timeout(5):
        with pytest.raises(RuntimeError, match=f"it raised {kind.__name__}") as told:
            await in_thread(call)
    assert isinstance(told.value.__cause__, kind)


async def test_a_run_that_is_over_is_not_kept_by_the_timers_of_its_calls() -> None:
    said = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=said))
    model = connect("m", base_url="http://127.0.0.1:9/v1", transport=transport)
    clerk = Agent("clerk", model=model)
    # The loop drops cancelled timers at once only where no other is due before.
    alarm = asyncio.get_running_loop().call_later(30, print)
    over = {(await clerk(f"hello {n}", log=MemoryLog())).run_id for n in range(5)}
    await asyncio.sleep(0)
    gc.collect()
    alarm.cancel()
    assert not [one for one in gc.get_objects() if isinstance(one, Run) and one.id in over]


async def test_a_cancellation_in_the_middle_of_plain_code_is_no_failure_of_the_next_ask() -> None:
    clerk = Agent("clerk", model=EchoModel())

    @pattern
    async def team(task: str) -> str:
        current = asyncio.current_task()
        assert current is not None
        current.cancel()  # as an interrupt does
        try:
            return (await clerk(task)).text
        except AgentkitError:
            return "it went on"

    task = asyncio.ensure_future(team("go", log=MemoryLog()))
    with pytest.raises(asyncio.CancelledError):
        await task
