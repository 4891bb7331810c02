"""Several event loops on one log, some of them blocked: whoever waits is served."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, open_log, run, tool
from agentkit.events import StepStarted
from agentkit.log import Log
from agentkit.threads import FairLock
from tests.fakes import EchoModel

ASKS = [str(number) for number in range(24)]


@pytest.fixture(params=["memory:", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Log:
    return open_log(f"sqlite:///{tmp_path}/log.db" if request.param == "sqlite" else "memory:")


def agent() -> Agent:
    return Agent("inner", model=EchoModel())


def within(ask: Callable[[str], str]) -> Callable[[str], str]:
    """The same in a copy of this context, so inside of the run that is open here."""
    contexts = {text: contextvars.copy_context() for text in ASKS}
    return lambda text: contexts[text].run(ask, text)


@pytest.mark.parametrize("inside", [False, True])
def test_a_loop_that_waits_for_threads_with_loops_of_their_own_gets_their_answers(
    log: Log, inside: bool
) -> None:
    def ask(text: str) -> str:
        options = {} if inside else {"log": log}
        return asyncio.run(agent()(text, **options)).text

    async def main() -> tuple[list[str], str]:
        async with run(log=log) as current:
            with ThreadPoolExecutor(6) as pool:
                return list(pool.map(within(ask) if inside else ask, ASKS)), current.id

    found, run_id = ended(main)
    assert found == [f"echo: {text}" for text in ASKS]
    events = log.read(run_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    keys = [event.key for event in events if isinstance(event, StepStarted)]
    assert len(keys) == len(set(keys)) == (len(ASKS) if inside else 0)


def test_tools_in_threads_ask_actors_of_the_same_run_on_loops_of_their_own(log: Log) -> None:
    @tool(effect="pure")
    def ask(text: str) -> str:
        """Ask an agent."""
        return asyncio.run(agent()(text)).text

    async def main() -> tuple[list[Any], int]:
        async with run(log=log) as current:
            asks = [ask.perform({"text": text}) for text in ASKS]
            return await asyncio.gather(*asks), current.usage.calls

    assert ended(main) == ([f"echo: {text}" for text in ASKS], len(ASKS))


def ended(main: Callable[[], Any]) -> Any:
    """What it gives, from a thread: a deadlock must not stop the tests."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(main())), daemon=True)
    thread.start()
    thread.join(20)
    assert found, "it had not ended after 20 s"
    return found[0]


def test_a_turn_is_taken_by_one_task_after_the_other_on_any_loop() -> None:
    turn, inside, most = FairLock(), [0], [0]

    async def work() -> None:
        for _ in range(20):
            async with turn:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                await asyncio.sleep(0)
                inside[0] -= 1

    async def main() -> bool:
        with ThreadPoolExecutor(4) as pool:
            done = [pool.submit(asyncio.run, work()) for _ in range(4)]
            await asyncio.gather(work(), work(), *map(asyncio.wrap_future, done))
        return True

    assert ended(main)
    assert most == [1]


async def test_a_turn_that_was_given_up_goes_to_the_next() -> None:
    turn, order = FairLock(), list[int]()

    async def work(number: int) -> None:
        async with turn:
            order.append(number)

    async with turn:
        waiting = [asyncio.create_task(work(number)) for number in range(4)]
        await asyncio.sleep(0)
        waiting[1].cancel()
        await asyncio.sleep(0)
    # The first has its turn, and has not begun: cancelled now, it hands it on.
    waiting[0].cancel()
    await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
    assert order == [2, 3]
