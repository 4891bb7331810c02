"""Errors as data: what they said, where they came from, bounded, and never a second failure."""

from __future__ import annotations

import asyncio
import json
import site
from typing import Any

import pytest

from agentkit import Agent, AgentkitError, gather, pattern
from agentkit.errors import Interrupted, error_text
from agentkit.events import RunEnded
from agentkit.logs.memory import MemoryLog
from agentkit.sim.world import world
from agentkit.traces import LIBRARIES, TRACE, failure_of, told
from tests.fakes import EchoModel


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class Halt(Interrupted):
    def __init__(self) -> None:
        """Call nobody's __init__."""


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as failure:
        return failure


@pytest.mark.parametrize(
    "error, text",
    [
        (Mute(), "(Mute, whose text cannot be made)"),
        (ValueError("\ud800"), "\ufffd"),
        (Interrupted(), ""),
        (Halt(), ""),
        (Interrupted(7), "7"),  # type: ignore[arg-type]
    ],
)
def test_every_error_has_a_text_that_is_json(error: Exception, text: str) -> None:
    failure = failure_of(raised(error), traced=True)
    assert failure.text == text
    assert json.loads(failure.model_dump_json())["type"] == type(error).__name__
    assert isinstance(told(error), str) and isinstance(error_text(error), str)


def test_a_failure_says_where_it_came_from() -> None:
    def average(marks: list[int]) -> float:
        return sum(marks) / len(marks)

    try:
        average([])
    except ZeroDivisionError as error:
        failure = failure_of(error, traced=True)
    assert failure.where.startswith("average, line ")
    assert failure.where.endswith(": return sum(marks) / len(marks)")
    assert failure.trace.endswith("ZeroDivisionError: division by zero")
    assert failure_of(ZeroDivisionError()).trace == ""


def test_a_failure_below_code_of_the_kit_is_told_by_the_line_of_the_user_who_called_it() -> None:
    def dues(port: str) -> float:
        return float(world().tool("tariff")(port, 1.0))

    try:
        dues("Atlantis")
    except ValueError as error:
        failure = failure_of(error, traced=True)
    assert failure.where.startswith("dues, line ")
    assert failure.where.endswith(': return float(world().tool("tariff")(port, 1.0))')


def test_a_long_trace_is_cut_in_its_middle() -> None:
    def down(depth: int) -> None:
        return up(depth - 1) if depth else raised_here()

    def up(depth: int) -> None:
        return down(depth - 1) if depth else raised_here()

    def raised_here() -> None:
        raise ValueError("x" * 10_000)

    try:
        down(200)
    except ValueError as error:
        trace = failure_of(error, traced=True).trace
    assert len(trace) < TRACE + 10
    assert trace.startswith("Traceback")
    assert "test_a_long_trace" in trace


async def cancels_its_own() -> None:
    work = asyncio.ensure_future(asyncio.Event().wait())
    asyncio.get_running_loop().call_soon(work.cancel)
    await work


class Library(EchoModel):
    async def __call__(self, request: Any, on_text: Any = None) -> Any:
        await cancels_its_own()


class MuteModel(EchoModel):
    async def __call__(self, request: Any, on_text: Any = None) -> Any:
        raise Mute


@pytest.mark.parametrize("where", ["model", "pattern", "gather"])
async def test_an_error_without_a_text_ends_a_run_by_its_name(where: str) -> None:
    agent = Agent("a", model=MuteModel())

    @pattern
    async def team(task: str) -> Any:
        if where == "pattern":
            raise Mute
        if where == "gather":
            return await gather(agent(task), agent("b"), join="settled")
        return await agent(task)

    log = MemoryLog()
    with pytest.raises(Mute):
        await team("go", log=log)
    ended = [e for e in log.read(log.find("last")) if isinstance(e, RunEnded)]
    assert ended[0].error is not None and ended[0].error.type == "Mute"


@pytest.mark.parametrize("inner", ["model", "pattern"])
async def test_what_a_library_cancels_fails_and_cancels_no_run(inner: str) -> None:
    agent = Agent("a", model=Library())

    @pattern
    async def team(task: str) -> Any:
        if inner == "pattern":
            await cancels_its_own()
        return await agent(task)

    log = MemoryLog()
    with pytest.raises(AgentkitError, match="cancelled"):
        await team("go", log=log)
    ended = [e for e in log.read(log.find("last")) if isinstance(e, RunEnded)]
    assert ended[0].status == "failed"


def test_what_a_user_installed_for_himself_is_a_library() -> None:
    assert f"{site.getusersitepackages()}/" in LIBRARIES
