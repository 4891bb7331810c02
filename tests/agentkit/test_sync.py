"""Answers without await."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest

from agentkit import Agent, pattern
from agentkit.errors import DeadlinePassed, SetupError, UnknownRun
from agentkit.logs.memory import MemoryLog
from agentkit.sync import wait
from agentkit.testing import FunctionModel, ScriptedModel


def test_a_script_asks_twice_in_a_row_and_resumes() -> None:
    log = MemoryLog()
    clerk = Agent("clerk", model=ScriptedModel("one", "two"))
    first = clerk.run_sync("go", log=log)
    assert (first.text, clerk.run_sync("go on", log=log).text) == ("one", "two")
    assert wait(clerk.resume(first.run_id, log=log)).text == "one"


async def test_inside_a_running_loop_it_waits_in_another_thread() -> None:
    clerk = Agent("clerk", model=ScriptedModel("7"))

    @pattern
    async def team(task: str) -> str:
        return clerk.run_sync(task, output=int).text + "!"

    with pytest.raises(AssertionError, match="beside"):
        wait(failing())
    log = MemoryLog()
    async with asyncio.timeout(5):
        answer = await team("go", log=log)
    assert answer.text == "7!"
    assert len(log.runs()) == 1, "it belongs to the run that it was asked in"


async def test_the_time_of_an_ask_holds_although_its_loop_stands_still() -> None:
    slow = FunctionModel(lambda request: asyncio.sleep(5, "late"), name="m")
    clerk, log = Agent("clerk", model=slow), MemoryLog()

    @pattern
    async def team(task: str) -> str:
        return clerk.run_sync(task).text

    @pattern
    async def office(task: str) -> str:
        try:
            return (await team(task, deadline_s=0.1)).text
        except DeadlinePassed:
            return "without"

    began = time.monotonic()
    with pytest.raises(DeadlinePassed, match="team was not done within 0.1 s: .* of team/clerk"):
        await team("go", log=log, deadline_s=0.1)
    assert (await office("go", log=log, deadline_s=9)).text == "without"
    assert time.monotonic() - began < 3
    clerk.model = ScriptedModel("in time", name="m")
    failed = next(one for one in log.runs() if one.actor == "team")
    assert (await team.resume(failed.id, log=log)).text == "in time"


async def test_a_call_that_its_own_loop_holds_up_is_refused_and_waits_for_no_place() -> None:
    clerk = Agent("clerk", model=FunctionModel(lambda request: asyncio.sleep(0.5, "done")))

    @pattern
    async def team(task: str) -> str:
        other = asyncio.ensure_future(clerk("beside"))
        await asyncio.sleep(0.1)
        try:
            clerk.run_sync(task)
        except SetupError as error:
            return f"{(await other).text}: {error.what}"
        return "no"

    async with asyncio.timeout(20):
        answer = await team("go", log=MemoryLog(), concurrency=1)
    assert answer.text.startswith("done: A model call waits for its place")


async def failing() -> None:
    raise AssertionError("beside the loop")


def test_an_error_is_raised_as_it_is() -> None:
    with pytest.raises(UnknownRun):
        wait(Agent("clerk", model=ScriptedModel()).resume("nowhere", log=MemoryLog()))


INTERRUPTED = """
import asyncio, signal, threading
from agentkit.sync import wait

# A shell starts what it puts into the background with interrupts ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
ended = []

async def long():
    try:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(30)
    except asyncio.CancelledError:
        ended.append("cancelled")
        raise

async def main():
    wait(long())

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", ended)
"""


def test_an_interrupt_ends_the_work_too() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.stdout.startswith("interrupted"), done.stderr
