"""Odd kinds of tools: what is wrong with one is said when it is given, or to its model."""

from __future__ import annotations

import asyncio
import functools
from collections import namedtuple
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from agentkit import Agent, Tool, open_log, tool
from agentkit.errors import Interrupted, ToolError
from agentkit.events import StepEnded
from agentkit.messages import JSON
from agentkit.model import ToolSpec
from agentkit.tools import Arguments, BadArguments, CallFailed, tools_by_name
from tests.fakes import ScriptedModel, call


def spec(name: str = "dig", **more: Any) -> ToolSpec:
    schema = {"type": "object", "properties": {"deep": {"type": "integer"}}, **more}
    return ToolSpec(name=name, description="Dig.", parameters=schema)


class Spade(Tool):
    """A kind of which single parts are made odd below."""

    effect = "pure"

    def __init__(self, result: Any = "dug", **parts: Any) -> None:
        self.spec, self.result = spec(), result
        vars(self).update(parts)

    def check(self, arguments: str) -> Arguments:
        return Arguments({"deep": 1})

    async def perform(self, arguments: Arguments, context: Any) -> Any:
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result() if callable(self.result) else self.result


async def heard(*tools: Any, log: Any = None) -> str:
    model = ScriptedModel([call("dig", '{"deep": 1}')], "Done.")
    answer = await Agent("hand", model=model, tools=tools)("Dig.", log=log or open_log("memory:"))
    return str(answer.thread[-2].message.content)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"effect": "twice"}, "the effect 'twice'"),
        ({"timeout_s": -1}, "timeout_s of dig is -1"),
        ({"timeout_s": float("nan")}, "timeout_s of dig is nan"),
        ({"timeout_s": True}, "timeout_s of dig is True"),
        ({"on_error": None}, "on_error of dig"),
        ({"takes_context": "maybe"}, "takes_context of dig is 'maybe'"),
        ({"spec": {"name": "dig"}}, "spec of a Spade is of the type dict"),
        ({"spec": None}, "spec of a Spade is of the type NoneType"),
        ({"spec": spec("dig it")}, "cannot be called 'dig it'"),
        ({"spec": spec("")}, "cannot be called ''"),
        ({"spec": spec("x" * 65)}, "cannot be called"),
        ({"spec": spec(type="array")}, "no JSON Schema of an object"),
        ({"spec": ToolSpec(name="dig", description="", parameters=[])}, "no JSON Schema"),
        ({"perform": lambda arguments, context: "dug"}, "perform of dig is a plain function"),
    ],
)
def test_what_a_kind_declares_wrongly_is_said_when_it_is_given(
    parts: dict[str, Any], words: str
) -> None:
    with pytest.raises(ToolError) as refused:
        tools_by_name([Spade(**parts)])
    assert words in str(refused.value) and "expected" in str(refused.value)


def test_functions_of_the_wrong_colour_are_said() -> None:
    class Waits(Spade):
        async def check(self, arguments: str) -> Arguments:  # type: ignore[override]
            return Arguments({})

    class Asks(Spade):
        async def approve(self, arguments: Any) -> bool:  # type: ignore[override]
            return True

    class Yields(Spade):
        async def perform(self, arguments: Any, context: Any) -> Any:
            yield 1

    for kind, words in ((Waits, "check of dig is an async"), (Asks, "approve of dig is an async")):
        with pytest.raises(ToolError, match=words):
            tools_by_name([kind()])
    with pytest.raises(ToolError, match="perform of dig"):
        tools_by_name([Yields()])


def test_a_spec_that_raises_is_said_with_its_error() -> None:
    class Broken(Spade):
        @property
        def spec(self) -> ToolSpec:  # type: ignore[override]
            raise KeyError("map")

        @spec.setter
        def spec(self, _: Any) -> None: ...

    with pytest.raises(ToolError, match="What a Broken is as a tool cannot be read: KeyError"):
        tools_by_name([Broken()])


def test_parts_that_are_missing_are_listed() -> None:
    class Half:
        spec = spec()

        def check(self, arguments: str) -> Any: ...
        async def perform(self, arguments: Any, context: Any) -> Any: ...

    with pytest.raises(ToolError, match=r"has no effect, timeout_s, approve, on_error, own_steps"):
        tools_by_name([Half()])
    for one in (3, None, object(), "dig", [Spade()], namedtuple("Row", "spec")(spec())):
        with pytest.raises(ToolError, match="is no tool: ") as refused:
            tools_by_name([one])
        assert "agentkit.Tool" in str(refused.value) and len(str(refused.value)) < 400
    with pytest.raises(ToolError, match="Spade is a kind of tools"):
        tools_by_name([Spade])


@pytest.mark.parametrize("given", ["dig", b"dig", {"dig": Spade()}, Spade(), None, 3, len])
def test_what_is_no_list_of_tools_is_said(given: Any) -> None:
    with pytest.raises(ToolError, match=r"Tools were given as a .*\n  expected: a list of") as said:
        Agent("hand", model=ScriptedModel(), tools=given)
    assert type(given).__name__ in str(said.value)


def test_two_of_one_name_are_refused_whatever_their_kinds() -> None:
    @tool(effect="pure")
    def dig(deep: int) -> str:
        """Dig."""
        return "dug"

    for pair in ([Spade(), dig], [dig, Spade()], [Spade(), Spade()]):
        with pytest.raises(ToolError, match="Two tools are called 'dig'"):
            tools_by_name(pair)


def test_what_makes_up_its_attributes_is_not_believed() -> None:
    with pytest.raises(ToolError, match=r"as_tool\(\) of a Mock gave a Mock"):
        tools_by_name([Mock()])


async def test_parts_of_an_object_may_be_its_own() -> None:
    async def perform(arguments: Any, context: Any) -> str:
        return f"dug {arguments['deep']}"

    parts = dict(effect="pure", timeout_s=None, approve=False, on_error="tell")
    made = SimpleNamespace(
        spec=spec(), **parts, own_steps=False, takes_context="never",
        check=lambda arguments: {"deep": 2}, perform=perform,
    )  # fmt: skip
    assert await heard(made) == "dug 2"
    assert await heard(Spade(perform=functools.partial(perform))) == "dug 1"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (object, "returned object, which is not a JSON value"),
        (lambda: {1: {2, 3}}, '{"1":[2,3]}'),
        (lambda: float("nan"), "NaN"),
        (lambda: [s := [], s.append(s)][0], "which is not a JSON value"),
        ("\ud800", "\ufffd"),
        (None, "null"),
        (OSError("shaft is wet"), "shaft is wet"),
        (KeyError("map"), "KeyError: 'map'"),
        (asyncio.CancelledError(), "dig failed: something inside it was cancelled"),
        (SystemExit(3), "dig wanted to end the process: exit(3)"),
        (ExceptionGroup("two", [OSError("wet"), OSError("dark")]), "wet; dark"),
    ],
)
async def test_whatever_it_returns_or_raises_its_model_can_read(result: Any, words: str) -> None:
    assert words in await heard(Spade(result))


async def test_what_was_done_once_never_failed_by_its_result() -> None:
    said = await heard(Spade(object, effect="once"))
    assert said.startswith("dig is done. It returned a object without JSON form")


async def test_a_failure_of_the_call_is_told_where_others_end_the_ask() -> None:
    assert await heard(Spade(CallFailed("no shovel"), on_error="raise")) == "no shovel"
    with pytest.raises(OSError, match="wet"):
        await heard(Spade(OSError("wet"), on_error="raise"))
    with pytest.raises(Interrupted):
        await heard(Spade(Interrupted("stop")))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (BadArguments("Deeper."), "Deeper."),
        (KeyError("deep"), "The arguments of dig are not accepted: KeyError: 'deep'"),
        (RecursionError("x"), "not accepted: x"),
    ],
)
async def test_a_check_that_raises_is_told_to_the_model(given: Exception, words: str) -> None:
    def check(arguments: str) -> Any:
        raise given

    assert words in await heard(Spade(check=check))


async def test_a_check_that_stops_the_run_stops_it() -> None:
    def check(arguments: str) -> Any:
        raise Interrupted("stop")

    with pytest.raises(Interrupted):
        await heard(Spade(check=check))


@pytest.mark.parametrize(
    "given", [None, "deep", [1], Arguments({"deep": object()}), {"a": {1: b""}}]
)
async def test_a_check_that_gives_no_arguments_ends_the_ask_before_anything_is_done(
    given: Any,
) -> None:
    done = []
    spade = Spade(lambda: done.append(1), check=lambda arguments: given)
    with pytest.raises(ToolError, match="dig was not called: its check gave"):
        await heard(spade)
    assert done == []


async def test_an_approval_that_fails_ends_the_ask_before_anything_is_done() -> None:
    done = []
    spade = Spade(lambda: done.append(1), approve=lambda arguments: arguments["colour"])
    with pytest.raises(ToolError, match=r"dig was not called: its approve= function raised"):
        await heard(spade)
    assert done == []


async def test_what_a_kind_performs_with_may_be_anything_and_only_the_shown_is_kept() -> None:
    seen, log = list[Any](), open_log("memory:")
    thing = object()

    class Keen(Spade):
        async def perform(self, arguments: Arguments, context: Any) -> JSON:
            seen.append(arguments.objects)
            return "dug"

    given = Arguments({"deep": "•••"}, objects={"deep": thing}, asked="deep")
    assert await heard(Keen(check=lambda arguments: given), log=log) == "dug"
    assert seen == [{"deep": thing}]
    ends = [e for e in log.read(log.runs()[0].id) if isinstance(e, StepEnded) and e.step == "tool"]
    assert ends[0].result == "dug"
