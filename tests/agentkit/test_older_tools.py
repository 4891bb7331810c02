"""Tools as they were written when there was one class, `Tool`, of a function and flags."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import pickle
from typing import Any

import pytest

from agentkit import Agent, Tool, agent, open_log, pattern, tool, tools
from agentkit.context import MemoryTool
from agentkit.delegation import ActorTool
from agentkit.events import StepStarted
from agentkit.tools import FunctionTool
from tests.fakes import ScriptedModel, call


@tool(effect="pure")
def tariff(port: str) -> str:
    """The dues of a port."""
    return f"dues of {port}"


class Audited(Tool):
    """A class as third parties had it: it calls what it overrides."""

    async def perform(self, arguments: Any, context: Any = None) -> Any:
        return f"audited {await super().perform(arguments, context)}"


def fields(of: FunctionTool) -> dict[str, Any]:
    return {one.name: getattr(of, one.name) for one in dataclasses.fields(of) if one.init}


async def heard(made: Any, log: Any = None) -> list[str]:
    model = ScriptedModel([call("tariff", '{"port": "Amber"}')], "Done.")
    answer = await Agent("clerk", model=model, tools=[made])("?", log=log or open_log("memory:"))
    return [one.message.content for one in answer.thread if one.message.role == "tool"]


async def test_a_class_that_builds_upon_the_old_one_works_and_is_told_the_new_name() -> None:
    with pytest.warns(DeprecationWarning, match=r"agentkit\.tools\.FunctionTool") as told:
        made = Audited(**fields(tariff))
    assert told[0].filename == __file__
    assert isinstance(made, Audited) and isinstance(made, FunctionTool)
    assert await heard(made) == ["audited dues of Amber"]
    assert made(port="Amber") == "dues of Amber"
    assert await made.perform({"port": "Amber"}) == "audited dues of Amber"
    assert (copy.copy(made).name, dataclasses.replace(made, name="dues").name) == ("tariff", "dues")


async def test_tool_itself_makes_a_tool_of_a_function() -> None:
    with pytest.warns(DeprecationWarning, match=r"use agentkit\.tool\(") as told:
        made = Tool(**fields(tariff))
    assert told[0].filename == __file__
    assert type(made) is FunctionTool and await heard(made) == ["dues of Amber"]


async def test_the_flag_of_own_steps_makes_a_tool_of_a_memory() -> None:
    log = open_log("memory:")
    with pytest.warns(DeprecationWarning, match="memory_tool") as told:
        made = dataclasses.replace(tariff, own_steps=True)
    assert told[0].filename == __file__
    assert isinstance(made, MemoryTool) and made.own_steps and not tariff.own_steps
    assert await heard(made, log) == ["dues of Amber"]
    steps = [e.step for e in log.read(log.runs()[0].id) if isinstance(e, StepStarted)]
    assert steps == ["model", "model"]
    dataclasses.replace(made, name="more"), dataclasses.replace(tariff, own_steps=False)


async def test_the_flag_of_an_actor_makes_a_tool_that_asks_it() -> None:
    @pattern
    async def desk(task: str) -> str:
        return f"asked {task}"

    @tool(effect="pure", name="tariff")
    async def ask(task: str) -> str:
        """Ask the desk."""
        return str(await desk(task))

    with pytest.warns(DeprecationWarning, match="as_tool"):
        made = dataclasses.replace(ask, actor=desk)
    assert isinstance(made, ActorTool) and made.actor is desk
    model = ScriptedModel([call("tariff", '{"task": "Amber"}')], "Done.")
    answer = await Agent("clerk", model=model, tools=[made])("?", log=open_log("memory:"))
    assert answer.thread[-2].message.content == "asked Amber"


def test_a_subclass_with_flags_stays_what_it_is() -> None:
    class Mine(FunctionTool):
        pass

    with pytest.warns(DeprecationWarning, match="own_steps"):
        made = dataclasses.replace(Mine(**fields(tariff)), own_steps=True)
    assert isinstance(made, Mine) and isinstance(made, MemoryTool)


@pytest.mark.parametrize(
    ("module", "old"),
    [(tools, tools.OLD)]
    + [(agent, {name: f"agentkit.{home}:{name}" for name in names})
       for home, names in agent.MOVED.items()],
)  # fmt: skip
def test_names_that_moved_are_found_where_they_were(module: Any, old: dict[str, str]) -> None:
    for name, place in old.items():
        home, _, new = place.partition(":")
        with pytest.warns(DeprecationWarning, match=rf"use {home}\.{new}\."):
            assert getattr(module, name) is getattr(importlib.import_module(home), new)
    for name in ("nothing", "__path_of_nothing__"):
        with pytest.raises(AttributeError, match=name):
            getattr(module, name)


def test_no_tool_has_what_none_ever_had() -> None:
    with pytest.raises(TypeError, match="no colour"):
        dataclasses.replace(tariff, colour="red")


def test_the_actor_of_a_tool_that_asks_none_is_none() -> None:
    with pytest.warns(DeprecationWarning, match="ActorTool"):
        assert tariff.actor is None


def test_a_kind_without_arguments_takes_none() -> None:
    class Bell(Tool):
        pass

    Bell()
    with pytest.raises(TypeError, match="takes no arguments"):
        Bell("loud")


def test_tools_can_be_copied_and_sent() -> None:
    assert copy.deepcopy(tariff).spec == tariff.spec and copy.copy(tariff) == tariff
    assert hasattr(pickle, "dumps") and tariff.__reduce_ex__(4)
