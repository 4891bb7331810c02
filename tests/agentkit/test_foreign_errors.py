"""Errors of a user's own: a replay raises what the same `except` catches."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agentkit import Agent, AgentkitError, pattern
from agentkit.errors import EndpointError, RateLimited, ReplayMismatch
from agentkit.events import Failure
from agentkit.logs.memory import MemoryLog
from agentkit.traces import failure_of, revived
from tests.fakes import ScriptedModel


class Busy(EndpointError):
    """All lines are busy."""


class Picky(EndpointError):
    """Wants to be made otherwise than its base."""

    def __init__(self, line: int, *, since: str) -> None:
        super().__init__(f"line {line} is busy since {since}", todo="wait", line=line)


class Coded(Exception):
    """Its text needs what only its __init__ gives."""

    def __init__(self, code: int) -> None:
        self.code = code

    def __str__(self) -> str:
        return f"code {self.code}"


def failing(error: Exception, caught: type[Exception]) -> Any:
    clerk = Agent("clerk", model=ScriptedModel(error, "never"))

    @pattern
    async def team(task: str) -> str:
        try:
            return (await clerk(task)).text
        except caught as failure:
            return f"{type(failure).__name__}: {failure}"

    return team


@pytest.mark.parametrize(
    "error",
    [
        RateLimited("slow down", retry_after_s=3.0, status=429),
        Busy("all lines are busy", expected="a free one"),
        Picky(7, since="noon"),
        Coded(9),
        ValueError("no such port"),
        KeyError("Amber"),
        FileNotFoundError(2, "No such file", "a.txt"),
        json.JSONDecodeError("bad", "x", 0),
        UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_replay_takes_the_way_that_the_run_took(error: Exception) -> None:
    log = MemoryLog()
    team = failing(error, type(error))
    live = await team("go", log=log)
    assert (await team.replay(live.run_id, log=log)).text == live.text


async def test_a_class_defined_in_a_function_is_found_too() -> None:
    class Local(ValueError):
        pass

    log, team = MemoryLog(), failing(Local("here"), Local)
    live = await team("go", log=log)
    assert (await team.replay(live.run_id, log=log)).text == "Local: here"


def test_numbers_that_an_error_carries_come_back_and_texts_do_not() -> None:
    failure = failure_of(RateLimited("slow", retry_after_s=3.0, status=429, body="secret"))
    assert "secret" not in failure.model_dump_json()
    error: Any = revived(failure)
    assert (type(error), error.retry_after_s, error.status) == (RateLimited, 3.0, 429)


def test_an_error_of_an_unknown_class_is_not_taken_for_another() -> None:
    assert revived(Failure(type="Gone", text="x", kind="nowhere:Gone")) is None
    assert revived(Failure(type="system", text="x", kind="os:system")) is None


async def test_a_replay_without_the_error_s_class_says_so() -> None:
    log = MemoryLog()

    def begin() -> Any:
        class Fleeting(AgentkitError):
            pass

        return failing(Fleeting("gone"), AgentkitError)

    live = await begin()("go", log=log)
    for event in log.read(live.run_id):
        if event.kind == "step.ended":
            place = log._runs[live.run_id].events.index(event)
            gone = event.error.model_copy(update={"kind": "nowhere:Fleeting"})
            log._runs[live.run_id].events[place] = event.model_copy(update={"error": gone})
    # Its own `except` takes the mismatch for the error; the answer tells the difference.
    with pytest.raises(ReplayMismatch):
        await begin().replay(live.run_id, log=log)
