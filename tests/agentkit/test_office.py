"""What the context of a tool does in its run: deps, person, budget, progress."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from agentkit import Agent, Context, Question, pattern, run, set_person, tool
from agentkit.errors import NotPerformed, SetupError, TeamChanged
from agentkit.events import Noted, StepEnded, StepStarted
from agentkit.given import Left
from agentkit.logs.memory import MemoryLog
from agentkit.messages import canonical
from agentkit.office import Progressed
from agentkit.testing import ScriptedModel, call


@dataclass
class User:
    name: str
    secret: str = "sk-of-the-user"


@dataclass
class Known(User):
    def step_identity(self) -> Any:
        return self.name


def clerk_with(*tools: Any, lines: int = 1, **how: Any) -> Agent:
    script = [line for _ in range(lines) for line in (call("look"), "done")]
    return Agent("clerk", model=ScriptedModel(*script), tools=tools, **how)


def look_at(seen: list[Any], effect: Any = "pure") -> Any:
    @tool(effect=effect)
    async def look(context: Context[User]) -> str:
        """Look."""
        seen.append(context.deps)
        return context.deps.name

    return look


async def test_deps_reach_tools_and_instructions_and_no_log() -> None:
    seen: list[Any] = []
    told: list[Any] = []

    def instructions(context: Context[User]) -> str:
        told.append((context.deps.name, context.run.id, context.budget))
        return f"You serve {context.deps.name}."

    clerk, log = clerk_with(look_at(seen), instructions=instructions), MemoryLog()
    answer = await clerk("q", deps=User("Ann"), log=log, budget_tokens=1000)
    assert seen == [User("Ann")]
    assert told == [("Ann", answer.run_id, Left(tokens=1000))]
    written = canonical([event.model_dump(mode="json") for event in log.read(answer.run_id)])
    assert "sk-of-the-user" not in written and "You serve Ann." in written


class ByProperty:
    @property
    def step_identity(self) -> str:
        return "ann"


class ByValue:
    step_identity = "ann"


class OfItsOwn:
    def __init__(self) -> None:
        self.step_identity = "ann"


class Failing:
    def step_identity(self) -> Any:
        raise KeyError("away")


class Opaque:
    def step_identity(self) -> Any:
        return object()


@pytest.mark.parametrize(
    ("deps", "told"),
    [
        (ByProperty(), "a ByProperty, is no method"),
        (ByValue(), "a ByValue, is no method"),
        (OfItsOwn(), "a OfItsOwn, is no method"),
        (ByValue, "the class ByValue, is no method"),
        (Failing(), "a Failing, gave nothing that can be recorded: KeyError: 'away'"),
        (Opaque(), "a Opaque, gave nothing that can be recorded: ValueError"),
    ],
)
async def test_an_identity_of_deps_that_is_none_is_refused_and_never_ignored(
    deps: Any, told: str
) -> None:
    log = MemoryLog()
    with pytest.raises(SetupError, match=f"step_identity.* of its deps, {told}"):
        await Agent("clerk", model=ScriptedModel("done"))("q", deps=deps, log=log)
    assert log.runs() == []


ROLES = """
from agentkit import Agent, pattern
from agentkit.logs.memory import MemoryLog
from agentkit.testing import ScriptedModel

class User:
    def step_identity(self):
        return {"ann": {"admin", "clerk", "cook", "mate"}}

@pattern
async def team(task, roles=frozenset()):
    return "done"

log = MemoryLog()
Agent("clerk", model=ScriptedModel("done")).run_sync("q", log=log, deps=User())
print(log.read(log.runs()[0].id)[0].deps)
team.run_sync([{"a", "b", "c", "d"}], roles=frozenset("efgh"), log=log)
print(log.read(log.runs()[0].id)[1].scope)
"""


def test_sets_are_the_same_ask_in_every_process() -> None:
    def told(seed: int) -> str:
        env = os.environ | {"PYTHONHASHSEED": str(seed)}
        command = [sys.executable, "-c", ROLES]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout

    assert len({told(seed) for seed in range(3)}) == 1


async def test_deps_by_either_name_and_never_by_both() -> None:
    seen: list[Any] = []
    clerk = clerk_with(look_at(seen), lines=2)
    await clerk("q", context=User("Ann"), log=MemoryLog())
    with pytest.raises(SetupError, match="deps and context"):
        await clerk("q", context=User("Ann"), deps=User("Ann"), log=MemoryLog())
    with pytest.raises(NotPerformed, match=r"deps=\.\.\."):
        await clerk("q", log=MemoryLog())


async def test_a_tool_that_wants_the_run_alone_needs_no_deps_and_is_reused() -> None:
    ran = []

    @tool(effect="pure")
    async def look(context: Context[None], word: str = "x") -> str:
        """Look."""
        ran.append((context.value, context.agent, bool(context.key)))
        return context.run.id

    clerk, log = clerk_with(look, lines=2), MemoryLog()
    assert "context" not in canonical(clerk.tools["look"].spec.parameters)
    first = await clerk("q", log=log)
    await clerk.rerun(first.run_id, log=log)
    assert ran == [(None, "clerk", True)], "nothing was given, so nothing can be another"
    await clerk.with_(model=ScriptedModel(call("look"), "done"))("q", deps=User("Ann"), log=log)
    assert ran[1][0] is None


async def test_what_deps_say_of_themselves_decides_which_step_it_is() -> None:
    seen: list[Any] = []
    clerk, log = clerk_with(look_at(seen), lines=3), MemoryLog()
    first = await clerk("q", deps=Known("Ann"), log=log)
    await clerk.rerun(first.run_id, log=log, deps=Known("Ann", secret="another"))
    assert [one.name for one in seen] == ["Ann"], "the same customer: reused"
    await clerk.rerun(first.run_id, log=log, deps=Known("Bob"))
    assert [one.name for one in seen] == ["Ann", "Bob"]


async def test_deps_that_say_nothing_decide_nothing_and_a_rerun_performs_their_tools_anew() -> None:
    seen: list[Any] = []
    clerk, log = clerk_with(look_at(seen), lines=2), MemoryLog()
    first = await clerk("q", deps=User("Ann"), log=log)
    await clerk.rerun(first.run_id, log=log, deps=User("Ann"))
    assert len(seen) == 2


async def test_a_run_does_not_go_on_for_another() -> None:
    failing = [True]

    @tool(effect="pure", on_error="raise")
    async def look(context: Context[Known]) -> str:
        """Look."""
        if failing:
            raise KeyError("away")
        return context.deps.name

    clerk, log = clerk_with(look), MemoryLog()
    with pytest.raises(KeyError):
        await clerk("q", deps=Known("Ann"), log=log)
    failing.clear()
    run_id = log.runs()[0].id
    others: list[dict[str, Any]] = [{"deps": Known("Bob")}, {"deps": User("Ann")}, {}]
    for other in others:
        with pytest.raises(TeamChanged, match="other deps"):
            await clerk.resume(run_id, log=log, **other)
    assert (await clerk.resume(run_id, log=log, deps=Known("Ann"))).text == "done"
    assert (await clerk.replay(run_id, log=log, context=Known("Ann"))).text == "done"
    with pytest.raises(TeamChanged, match="other deps"):
        await clerk.replay(run_id, log=log, deps=Known("Bob"))


class Broken:
    def step_identity(self) -> Any:
        raise KeyError("x")


class Opaque:
    def step_identity(self) -> Any:
        return object()


@pytest.mark.parametrize("deps", [Broken(), Opaque()])
async def test_deps_whose_identity_cannot_be_recorded_are_refused_before_the_run(
    deps: Any,
) -> None:
    log = MemoryLog()
    with pytest.raises(SetupError, match="step_identity"):
        await clerk_with(look_at([]))("q", deps=deps, log=log)
    assert log.runs() == []


async def test_a_tool_asks_the_person_once() -> None:
    asked: list[Question] = []

    async def person(question: Question) -> str:
        asked.append(question)
        return "two"

    failing = [True]

    @tool(effect="pure", on_error="raise")
    async def look(context: Context[None]) -> str:
        """Look."""
        said = await context.ask("How many?", options=("one", "two"), default="one")
        if failing:
            raise KeyError("away")
        return said

    before = set_person(person)
    try:
        clerk, log = clerk_with(look), MemoryLog()
        with pytest.raises(KeyError):
            await clerk("q", log=log)
        failing.clear()
        answer = await clerk.resume(log.runs()[0].id, log=log)
    finally:
        set_person(before)
    assert [(one.text, one.agent, one.run) for one in asked] == [
        ("How many?", "clerk", answer.run_id)
    ]
    results = [e.result for e in log.read(answer.run_id) if isinstance(e, StepEnded)]
    assert "two" in results


@pytest.mark.parametrize("threaded", [True, False])
async def test_progress_is_an_event_of_its_call_also_from_a_thread(threaded: bool) -> None:
    @tool(effect="pure", name="look")
    async def on_loop(context: Context[None]) -> str:
        """Look."""
        for share in (0, 0.25, 0.5, 0.75, 1):
            await context.progress(share, f"page {share:g}")
        return "x"

    @tool(effect="pure", name="look")
    def in_thread(context: Context[None]) -> str:
        """Look."""
        for share in (0, 0.25, 0.5, 0.75, 1):
            context.progress(share, f"page {share:g}")
        return "x"

    log = MemoryLog()
    answer = await clerk_with(in_thread if threaded else on_loop)("q", log=log)
    events = log.read(answer.run_id)
    (key,) = [e.key for e in events if isinstance(e, StepStarted) and e.step == "tool"]
    told = [e.note for e in events if isinstance(e, Noted)]
    assert told[0] == Progressed(share=0, text="page 0", step=key)
    assert told[-1] == Progressed(share=1, text="page 1", step=key)
    assert len(told) < 5, "those right after another are left out"


async def test_a_share_may_be_a_number_of_another_library() -> None:
    for share in (np.float64(0.5), np.float32(0.5), np.int64(1), Fraction(1, 3)):
        await Context(None).progress(share)


@pytest.mark.parametrize("share", [-0.1, 1.1, "half", None, True, float("nan")])
async def test_a_share_that_is_none_is_refused(share: Any) -> None:
    with pytest.raises(SetupError, match="from 0 to 1"):
        Context(None).progress(share)


async def test_a_tool_called_by_itself_has_no_run() -> None:
    alone = Context(User("Ann"))
    assert alone.deps.name == "Ann" and alone.budget == Left()
    await alone.progress(0.5)
    for part in ("run", "ask"):
        with pytest.raises(SetupError, match=f"no {part}"):
            await alone.ask("x") if part == "ask" else alone.run


async def test_the_budget_is_what_all_around_leave() -> None:
    seen: list[Left] = []

    @tool(effect="pure")
    async def look(context: Context[None]) -> str:
        """Look."""
        seen.append(context.budget)
        return "x"

    @pattern
    async def team(task: str) -> Any:
        await asyncio.sleep(0)
        return await clerk_with(look)(task)

    log = MemoryLog()
    async with run(log=log, budget_usd=1.0, budget_tokens=500):
        await team("q")
        async with run(log=log, budget_tokens=100):
            await team("q")
    assert seen[0] == Left(usd=pytest.approx(0.999), tokens=485)
    assert seen[1] == Left(usd=pytest.approx(0.997), tokens=85)
