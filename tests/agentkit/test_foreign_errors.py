"""Errors of a user's own: a replay raises what the same `except` catches."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, AgentkitError, errors, pattern
from agentkit.errors import EndpointError, LimitReached, RateLimited, ReplayMismatch
from agentkit.events import Failure
from agentkit.logs.memory import MemoryLog
from agentkit.traces import failure_of, revived
from tests.fakes import ScriptedModel
from tests.warm import AGENTKIT


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


class Lines(ExceptionGroup):
    """Says of several lines what is wrong with each, and is made in its own way."""

    def __new__(cls, lines: list[int]) -> Lines:
        return super().__new__(cls, "lines", [Coded(line) for line in lines])


GROUPS = [
    ExceptionGroup(
        "two lines", [Busy("busy"), ExceptionGroup("", [ValueError("no"), KeyError("x")])]
    ),
    Lines([3, 7]),
]


@pytest.mark.parametrize("error", GROUPS, ids=lambda error: type(error).__name__)
async def test_a_group_of_errors_that_a_model_raised_is_replayed(error: Any) -> None:
    log, team = MemoryLog(), caught(error)
    live = await team("go", log=log)
    assert (await team.replay(live.run_id, log=log)).text == live.text
    assert live.text == f"{type(error).__name__}: {error}, {error.message}, {shown(error)}"


def shown(error: BaseException) -> str:
    """An error, and all that is in it."""
    inside = ", ".join(map(shown, getattr(error, "exceptions", ())))
    return f"{type(error).__name__} {error} [{inside}]"


def caught(error: Any) -> Any:
    agent = Agent("clerk", model=ScriptedModel(error))

    @pattern
    async def team(task: str) -> str:
        try:
            await agent(task)
        except ExceptionGroup as group:
            return f"{type(group).__name__}: {group}, {group.message}, {shown(group)}"
        return "nothing went wrong"

    return team


def test_numbers_that_an_error_carries_come_back_and_texts_do_not() -> None:
    failure = failure_of(RateLimited("slow", retry_after_s=3.0, status=429, body="secret"))
    assert "secret" not in failure.model_dump_json()
    error: Any = revived(failure)
    assert (type(error), error.retry_after_s, error.status) == (RateLimited, 3.0, 429)


def test_an_error_of_an_unknown_class_is_not_taken_for_another() -> None:
    assert revived(Failure(type="Gone", text="x", kind="nowhere:Gone")) is None
    assert revived(Failure(type="system", text="x", kind="os:system")) is None


class Wordy(LimitReached):
    """Says itself what it says, from what only its __init__ gives."""

    kept = ("port",)

    def __init__(self, port: str, depth_m: float, secret: str) -> None:
        self.port, self.depth_m, self.secret = port, depth_m, secret

    def __str__(self) -> str:
        return f"{self.port} is only {self.depth_m} m deep{self.berths}"

    berths = ""


class Newly(EndpointError):
    """Is made by a __new__ of its own."""

    def __new__(cls, line: int, since: str) -> Newly:
        return super().__new__(cls)

    def __init__(self, line: int, since: str) -> None:
        super().__init__(f"line {line}, {since}", expected="an end", line=line)


class Bare(AgentkitError):
    """Never calls the __init__ above it."""

    def __init__(self) -> None:
        self.count = 3


class Outer:
    """Has an error of its own."""

    class Inner(Busy):
        """Within another class."""


ODD = [
    Picky(7, since="noon"), Wordy("Amber", 4.5, "key"), Newly(3, "noon"), Bare(),
    Outer.Inner("busy", todo="wait", line=2),
]  # fmt: skip


@pytest.mark.parametrize("error", ODD, ids=lambda error: type(error).__name__)
def test_an_error_with_an_odd_constructor_comes_back_as_it_was(error: AgentkitError) -> None:
    failure = Failure.model_validate_json(failure_of(error).model_dump_json())
    again: Any = revived(failure)
    assert isinstance(again, type(error))
    assert (type(again).__name__, str(again)) == (type(error).__name__, str(error))
    carried = {**vars(error), **error.__dict__.get("context", {})}
    kept = {n: v for n, v in carried.items() if isinstance(v, int | float) or n in error.kept}
    assert kept and {name: getattr(again, name) for name in kept} == kept
    assert failure_of(again) == failure_of(error)
    assert "secret" not in (failure.facts or {})
    moved = pickle.loads(pickle.dumps(error))
    assert (type(moved), str(moved), vars(moved)) == (type(error), str(error), vars(error))


def test_a_class_of_the_same_name_as_ours_is_not_taken_for_it() -> None:
    class TimedOut(EndpointError):
        pass

    ours = revived(failure_of(errors.TimedOut("late")))
    theirs = revived(failure_of(TimedOut("late")))
    assert (type(ours), type(theirs)) == (errors.TimedOut, TimedOut)


DEFINED = """
from agentkit.errors import EndpointError
class Middle(EndpointError):
    pass
class Deep(Middle):
    def __init__(self, line, *, since):
        super().__init__(f"line {line} is busy since {since}", todo="wait", line=line)
"""
RECORD = (
    DEFINED
    + """
from agentkit.traces import failure_of
print(failure_of(Deep(7, since="noon")).model_dump_json())
"""
)
RESTORE = """
import sys
from agentkit.events import Failure
from agentkit.traces import revived
error = revived(Failure.model_validate_json(sys.stdin.read()))
print(type(error).__name__, error.line, error.what, error.todo, *error.__notes__, sep="|")
"""


def test_a_process_without_the_class_has_the_nearest_above_it_and_says_so() -> None:
    failure = in_process(RECORD)
    assert in_process(RESTORE, failure).strip().split("|") == [
        "EndpointError", "7", "line 7 is busy since noon", "wait",
        "It was a __main__:Deep, which is not defined in this process; EndpointError is the nearest"
        " class above it here. To catch it as what it was, import what defines it.",
    ]  # fmt: skip
    middle = DEFINED.replace("class Deep", "class Other") + RESTORE
    assert in_process(middle, failure).startswith("Middle|7|line 7 is busy")


def test_an_error_of_memory_in_an_old_log_is_a_store_error_without_memory() -> None:
    failure = Failure(type="Stale", text="2 behind").model_dump_json()
    restore = RESTORE.replace("error.line, ", "")
    assert in_process(restore, failure).strip().split("|") == [
        "StoreError", "Stale: 2 behind", "None",
        "It was a Stale; StoreError is the nearest class known here.",
    ]  # fmt: skip
    assert in_process(f"import memory.errors\n{restore}".replace(", *error.__notes__", ""), failure)


def in_process(code: str, given: str = "") -> str:
    done = AGENTKIT.run("-c", code, cwd=Path.cwd(), env=os.environ, given=given)
    assert done.returncode == 0, done.stderr
    return done.stdout


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
