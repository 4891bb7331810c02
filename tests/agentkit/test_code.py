"""A tool that was edited since is noticed: its body, and what it uses of the user's own."""

from __future__ import annotations

import functools
import json
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator

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


@pytest.mark.parametrize(
    "source",
    [
        "class C:\n    X = {}\ndef tariff(): return C.X",
        "class C:\n    @property\n    def x(self): return {}\ndef tariff(): return C().x",
        "class C:\n    @staticmethod\n    def x(): return {}\ndef tariff(): return C.x()",
        "class C:\n    @classmethod\n    def x(cls): return {}\ndef tariff(): return C.x()",
        "class B:\n    def x(self): return {}\nclass C(B): pass\ndef tariff(): return C().x()",
        "class C:\n    def x(self): return {}\nc = C()\ndef tariff(): return c.x()",
        "class C:\n    def __init__(self, x): self.x = x\nc = C({})\ndef tariff(): return c.x",
        "import functools\n@functools.cache\ndef of(): return {}\ndef tariff(): return of()",
        "import functools\ndef of(x): return x\nk = functools.partial(of, {})\n"
        "def tariff(): return k()",
        "H = {'a': [lambda: {}]}\ndef tariff(): return H['a'][0]()",
        "import re\nR = re.compile(str({}))\ndef tariff(): return R",
        "from decimal import Decimal\nD = Decimal({})\ndef tariff(): return D",
        "from datetime import date\nD = date(2020, 1, {})\ndef tariff(): return D",
        "import enum\nclass E(enum.Enum):\n    A = {}\ndef tariff(): return E.A",
        "RATES = [{}]\ndef tariff():\n    out = dict()\n    out[1] = RATES[0]\n    return out",
        "rate = {}\ndef edit():\n    global rate\n    rate = 9\ndef tariff(): return rate",
    ],
)
def test_an_edit_of_whatever_it_names_gives_another_mark(source: str) -> None:
    one, two = source.replace("{}", "1"), source.replace("{}", "2")
    assert mark_of(defined(one)) == mark_of(defined(one)) != mark_of(defined(two))


def test_what_validates_a_tool_s_arguments_is_a_part_of_it() -> None:
    def made(least: int) -> Any:
        def check(value: int) -> int:
            return max(value, least)

        def grow(x: Annotated[int, AfterValidator(check)]) -> int:
            """Grow."""
            return x

        return tool(grow)

    assert mark_of(made(1)) == mark_of(made(1)) != mark_of(made(2))


def test_an_agent_that_a_function_asks_is_a_part_of_it() -> None:
    def asks(instructions: str) -> Any:
        helper = Agent("helper", instructions, model=ScriptedModel())

        async def tariff() -> str:
            return (await helper("x")).text

        return tariff

    assert mark_of(asks("a")) == mark_of(asks("a")) != mark_of(asks("b"))


def test_what_no_function_reads_of_an_object_is_no_part() -> None:
    source = "class W:\n    used = 1\n    other = {}\nw = W()\ndef tariff(): return w.used"
    assert mark_of(defined(source.replace("{}", "1"))) == mark_of(
        defined(source.replace("{}", "2"))
    )


STATE = """
import heapq
from dataclasses import dataclass
S = {start}
def book(rows, value):
    rows.append(value)
def read():
    return S
@tool
def change():
    "Change."
    {change}
"""


@pytest.mark.parametrize(
    ("start", "change"),
    [
        ("{'a': 1}", "S['a'] += 1"),
        ("{'a': [1]}", "S['a'].append(2)"),
        ("{'a': 1}", "T = S; T['a'] = 2"),
        ("[1]", "S[:] = [2]"),
        ("[1]", "heapq.heappush(S, 2)"),
        ("[1]", "book(S, 2)"),
        ("1", "global S; S += 1"),
        ("type('W', (), {'n': 1})()", "S.n += 1"),
        ("type('W', (), {'n': 1})()", "setattr(S, 'n', 2)"),
    ],
)
def test_what_another_tool_writes_is_state_and_no_edit(start: str, change: str) -> None:
    space: dict[str, Any] = {"__name__": "__main__", "tool": tool}
    exec(STATE.replace("{start}", start).replace("{change}", change), space)
    before = mark_of(space["read"])
    space["change"].fn()
    assert mark_of(space["read"]) == before


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
    one, same, two = (functools.partial(made(2), x) for x in (1, 1, 2))
    assert mark_of(one) == mark_of(same) != mark_of(two)
    assert mark_of(tool(made(2))) == mark_of(tool(made(2))) != mark_of(tool(made(3)))
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
