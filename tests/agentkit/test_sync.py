"""Answers without await."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from agentkit import Agent, pattern
from agentkit.errors import UnknownRun
from agentkit.logs.memory import MemoryLog
from agentkit.sync import wait
from agentkit.testing import ScriptedModel


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
