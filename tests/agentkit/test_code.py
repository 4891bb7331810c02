"""A tool that was edited since is noticed: its body, and what it uses of the user's own."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest

from agentkit import Agent, tool
from agentkit.code import mark_of
from agentkit.events import Effect, Noted
from agentkit.logs.memory import MemoryLog
from tests.fakes import ScriptedModel, call

PLAIN = """
RATES = {"Amber": 2.64}
SEEN = []
COUNT = 0

def rounded(value, digits=2):
    return round(value, digits)

class Fee:
    def of(self, port):
        return RATES[port]

def tariff(port, tonnes=30):
    global COUNT
    COUNT += 1
    SEEN.append(port)
    return rounded(Fee().of(port) * tonnes)
"""


def defined(source: str) -> Any:
    """The function as a cell of a notebook defines it."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, "/tmp/cell.py", "exec"), namespace)
    return namespace["tariff"]


def test_the_same_source_has_the_same_mark_whatever_it_did_meanwhile() -> None:
    first, again = defined(PLAIN), defined("\n\n" + PLAIN)
    before = mark_of(first)
    first("Amber")
    assert before and mark_of(first) == mark_of(again) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("* tonnes)", "* tonnes + 1)"),
        ("digits=2", "digits=3"),
        ("tonnes=30", "tonnes=40"),
        ("round(value, digits)", "int(value)"),
        ("return RATES[port]", "return RATES.get(port, 1)"),
        ("2.64", "2.65"),
    ],
)
def test_an_edit_of_what_it_uses_gives_another_mark(old: str, new: str) -> None:
    assert old in PLAIN
    assert mark_of(defined(PLAIN)) != mark_of(defined(PLAIN.replace(old, new)))


def test_closures_partials_methods_and_tools_have_marks() -> None:
    def made(factor: int) -> Any:
        def grow(x: int) -> int:
            """Grow."""
            return x * factor

        return grow

    class Shop:
        def price(self) -> int:
            return 3

    assert mark_of(made(2)) == mark_of(made(2)) != mark_of(made(3))
    assert mark_of(functools.partial(made(2), 1)) == mark_of(tool(made(2)))
    assert mark_of(Shop().price) != ""


def test_what_is_no_code_of_a_user_s_own_has_none() -> None:
    assert mark_of(len) == mark_of(json.dumps) == mark_of(7) == ""


def test_functions_that_name_each_other_end() -> None:
    assert mark_of(
        defined("def tariff(n):\n    return other(n)\ndef other(n):\n    return tariff(n)")
    )


def clerk(effect: Effect, factor: int, begun: list[int]) -> Agent:
    @tool(effect=effect)
    def grow(x: int) -> int:
        """Grow."""
        begun.append(x)
        return x * factor

    model = ScriptedModel(*[lambda r: [call("grow", '{"x": 1}')] if len(r.thread) < 2
                            else f"it is {r.thread[-1].message.content}"] * 9)  # fmt: skip
    return Agent("clerk", model=model, tools=[grow])


def changes(log: MemoryLog, run: str) -> list[Any]:
    return [e.data["performed"] for e in log.read(run) if isinstance(e, Noted)]


async def test_a_rerun_performs_an_edited_tool_anew_and_says_so() -> None:
    log, begun = MemoryLog(), list[int]()
    await clerk("pure", 2, begun)("go", log=log, id="r")
    same = await clerk("pure", 2, begun).rerun("r", log=log)
    assert (same.text, begun, changes(log, same.run_id)) == ("it is 2", [1], [])
    other = await clerk("pure", 3, begun).rerun("r", log=log)
    assert (other.text, begun, changes(log, other.run_id)) == ("it is 3", [1, 1], [True])
    last = await clerk("pure", 3, begun).rerun(other.run_id, log=log)
    assert (last.text, begun, changes(log, last.run_id)) == ("it is 3", [1, 1], [])


async def test_what_must_not_happen_twice_is_reused_and_that_is_said() -> None:
    log, begun = MemoryLog(), list[int]()
    await clerk("once", 2, begun)("go", log=log, id="r")
    other = await clerk("once", 3, begun).rerun("r", log=log)
    assert (other.text, begun, changes(log, other.run_id)) == ("it is 2", [1], [False])


async def test_a_fork_shares_what_was_recorded_and_says_that_the_code_is_another() -> None:
    log, begun = MemoryLog(), list[int]()
    await clerk("pure", 2, begun)("go", log=log, id="r")
    fork = await clerk("pure", 3, begun).fork("r", log=log)
    assert (fork.text, begun, changes(log, fork.run_id)) == ("it is 2", [1], [False])
