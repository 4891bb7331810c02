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
