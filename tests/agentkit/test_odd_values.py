"""Values of another kind in every option: a typed error, or an answer; and the next ask goes on."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from agentkit import Agent, connect, gather, open_log, pattern, run, tool
from agentkit.errors import AgentkitError, SetupError
from agentkit.log import Log
from tests.fakes import EchoModel

ODD: list[Any] = [
    *(5, -1, 2**70, 1.5, float("nan"), float("inf"), True, b"x", "", " ", "\ud800", "a\0b", "\n"),
    *("x" * 2000, "a/b", "state:x", "json", object(), [], [1], {}, {"a": 1}, (), set(), repr, None),
]


def clerk(**more: Any) -> Agent:
    return Agent(**{"name": "clerk", "instructions": "x", "model": EchoModel(), **more})


async def asked(log: Log, **more: Any) -> None:
    await clerk()(more.pop("task", "hi"), log=log, **more)


async def opened(log: Log, **more: Any) -> None:
    async with run(log=log, **more):
        await clerk()("hi")


async def gathered(log: Log, **more: Any) -> None:
    async with run(log=log):
        await gather(clerk()("a"), clerk()("b"), **more)


async def made(log: Log, **more: Any) -> None:
    await clerk(**more)("hi", log=log)


async def patterned(log: Log, **more: Any) -> None:
    async def team(task: str) -> str:
        return task

    await pattern(**more)(team)("hi", log=log)


async def equipped(log: Log, **more: Any) -> None:
    def double(n: int) -> int:
        return 2 * n

    await clerk(tools=[tool(**more)(double)])("hi", log=log)


async def connected(log: Log, **more: Any) -> None:
    connect("openai:gpt-4o-mini", api_key="k", **more)


def options_of(callable: Callable[..., Any], *without: str) -> list[str]:
    known = inspect.signature(callable).parameters.values()
    return [
        one.name for one in known if one.kind is not one.VAR_KEYWORD and one.name not in without
    ]


BACK = ("resume", "rerun", "replay", "fork", "id", "name", "settle", "edit", "at", "person")
DOORS = [
    *((made, one) for one in options_of(Agent)),
    *((opened, one) for one in options_of(run, "log")),
    *((asked, one) for one in (*options_of(Agent.__call__, "self"), *BACK)),
    *((gathered, one) for one in options_of(gather, "asks")),
    *((patterned, one) for one in ("name", "members")),
    *((equipped, one) for one in options_of(tool, "fn")),
    *((connected, one) for one in options_of(connect, "name", "api_key", "transport")),
]


@pytest.mark.parametrize(("door", "option"), DOORS, ids=lambda one: getattr(one, "__name__", one))
async def test_an_odd_value_is_told_by_a_typed_error_and_stops_nobody_else(
    door: Callable[..., Any], option: str
) -> None:
    log = open_log("sqlite:///odd.db")
    untyped = {}
    for value in ODD:
        try:
            await door(log, **{option: value})
        except AgentkitError as error:
            assert str(error)
        except Exception as error:
            untyped[ascii(value)[:40]] = f"{type(error).__name__}: {error}"
    assert not untyped
    await asked(log)
    assert log.verify() == []
    log.close()


@pytest.mark.parametrize(
    ("ask", "wrong"),
    [
        (lambda: Agent(5, model=EchoModel()), "An actor cannot be called 5"),  # type: ignore[arg-type]
        (lambda: clerk(max_turns="3"), "max_turns of clerk is '3'"),
        (
            lambda: clerk(output="json"),
            "output='json' has no JSON Schema: it is a text, and no type",
        ),
        (lambda: connect("openai:x", base_url=5), "base_url='5' is no web address"),
        (lambda: connect("openai:x", api_key="k", stop=5), "stop"),
    ],
    ids=["name", "turns", "output", "base_url", "stop"],
)
def test_what_it_is_and_what_is_expected_is_said(ask: Callable[[], Any], wrong: str) -> None:
    with pytest.raises(SetupError, match=wrong) as told:
        ask()
    assert "expected" in str(told.value)


class Unspeakable:
    """Has no repr and no text."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    __str__ = __repr__


@pytest.mark.parametrize("door, name", DOORS)
async def test_a_value_that_cannot_be_shown_is_told_as_what_it_is(door: Any, name: str) -> None:
    log = open_log("memory:")
    try:
        await door(log, **{name: Unspeakable()})
    except AgentkitError as error:
        assert str(error)
    await clerk()("hi", log=log)


@pytest.mark.parametrize("transport", [" ", "", 0, 5, object(), {}])
def test_a_transport_of_another_kind_is_refused_before_any_call(transport: Any) -> None:
    with pytest.raises(SetupError, match="transport="):
        connect("openai:gpt-4o-mini", api_key="k", transport=transport)
