"""A mark is kept while nothing changed that it is made from, and found anew once it did."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, code, tool
from agentkit.code import LONGEST, MOST, CodeBehind, CodeMark, mark_of, opaque
from agentkit.unchanged import Snapshot
from tests.fakes import ScriptedModel

SOURCE = """
import collections, datetime, decimal, enum, fractions, functools, pathlib, re, types
NUMBER, TEXT, PAIR, BIG = 1, "a", (1, 2), [0] * 20_000
RATES, NESTED, LIST, SET = {"a": 1.0}, {"a": {"b": [1]}}, [1, 2], {1, 2}
ORDERED = collections.OrderedDict(a=1)
HALF, TENTH, DAY = fractions.Fraction(1, 2), decimal.Decimal("0.1"), datetime.date(2020, 1, 1)
PLACE, WORD = pathlib.Path("a"), re.compile("a")
def rounded(value, *, digits=2):
    return round(value, digits)
def other(value):
    return value
def late():
    return later
HELD = {"f": [rounded]}
PRESET = functools.partial(other, 1)
@functools.cache
def cached():
    return 1
class Kind(enum.Enum):
    A = [1]
class Base:
    rate = 1
    def of(self): return 1
class Fee(Base):
    pass
class Slots:
    __slots__ = ("n",)
fee, slots, space = Fee(), Slots(), types.ModuleType("space")
fee.n, slots.n, space.part = 1, 1, 1
def closing():
    def inner(): return kept
    kept = 1
    def put(value):
        nonlocal kept
        kept = value
    return inner, put
closed, put = closing()
def tariff(port=None):
    return (NUMBER, TEXT, PAIR, RATES, NESTED, LIST, SET, ORDERED, rounded, late, HELD, PRESET,
            cached, Kind.A, Fee().of, Fee.rate, fee.n, slots.n, closed, space.part, port, BIG, HALF,
            TENTH, DAY, PLACE, WORD)
"""

CHANGES = [
    "NUMBER = 2", "NUMBER = True", "NUMBER = 1.0", "TEXT = 'b'", "PAIR = (1, 3)", "del NUMBER",
    "RATES['a'] = 2.0", "RATES['b'] = 1", "del RATES['a']", "NESTED['a']['b'].append(2)",
    "NESTED['a']['b'][0] = 1.0", "LIST[0] = 3", "LIST.append(1)", "SET.add(3)", "ORDERED['b'] = 2",
    "rounded = lambda value: 9", "rounded.__code__ = (lambda value, *, digits: 1).__code__",
    "rounded.__kwdefaults__['digits'] = 3", "tariff.__defaults__ = (1,)", "later = 1",
    "HELD['f'].append(lambda: 9)", "PRESET = functools.partial(other, 2)",
    "PRESET.keywords['x'] = 1",
    "cached.__wrapped__ = other", "Kind.A.value.append(2)", "Base.of = lambda self: 2",
    "Base.rate = 2", "Fee.rate = 2", "Fee.of = lambda self: 3", "fee.n = 2", "slots.n = 2",
    "put(2)", "space.part = 2", "NUMBER = tool(other_tool)", "BIG[:] = [1]",
    "HALF /= 2", "TENTH += 1", "DAY = DAY.replace(2021)", "PLACE /= 'b'", "WORD = re.compile('b')",
    "Fee.__bases__ = (type('Other', (), {'__module__': '__main__', 'rate': 5}),)",
]  # fmt: skip


def defined() -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "__main__", "tool": tool, "other_tool": lambda: None}
    space["other_tool"].__doc__ = "Do."
    space["other_tool"].__name__ = "other_tool"
    exec(compile(SOURCE, "/tmp/cell.py", "exec"), space)
    return space


@pytest.fixture
def worked_out(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What a mark was worked out of, each time."""
    done, work_out = list[Any](), code.work_out

    def count(called: Any, beside: tuple[Any, ...]) -> Any:
        done.append(called)
        return work_out(called, beside)

    monkeypatch.setattr(code, "work_out", count)
    return done


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_what_it_is_made_from_is_seen(change: str, worked_out: list[Any]) -> None:
    space, mark = defined(), CodeMark()
    tariff = space["tariff"]
    before = mark.of(tariff)
    assert mark.of(tariff) == before == mark_of(tariff)
    exec(change, space)
    assert mark.of(tariff) == mark_of(tariff) != before


def test_a_mark_is_worked_out_once_where_nothing_changed(worked_out: list[Any]) -> None:
    space, mark = defined(), CodeMark()
    marks = {mark.of(space["tariff"]) for _ in range(3)}
    assert (len(marks), len(worked_out)) == (1, 1)


def test_what_another_tool_writes_is_state_from_the_moment_that_the_tool_is_there() -> None:
    space, mark = defined(), CodeMark()
    before = mark.of(space["tariff"])
    exec('def change():\n    "Change."\n    RATES["a"] = 9\nchange = tool(change)', space)
    state = mark.of(space["tariff"])
    space["change"].fn()
    assert before != state == mark.of(space["tariff"])
    added = "def book():\n    'Book.'\n    LIST.append(9)\nbook = tool(book)"
    exec(added, beside := dict(space))
    assert mark.of(space["tariff"], [beside["book"]]) == mark_of(space["tariff"], [beside["book"]])
    assert mark.of(space["tariff"]) == state


def test_an_agent_that_is_asked_differently_is_seen(worked_out: list[Any]) -> None:
    helper, mark = Agent("helper", "a", model=ScriptedModel()), CodeMark()

    async def asks() -> str:
        return (await helper("x")).text

    before = mark.of(asks)
    assert (mark.of(asks), len(worked_out)) == (before, 1)
    helper.max_turns += 1
    assert mark.of(asks) == mark_of(asks) != before


class Table:
    """Stands for a large object of a library's."""


Table.__module__ = "json.tables"


def test_an_object_of_a_library_s_may_be_another_one_and_is_not_held(
    worked_out: list[Any],
) -> None:
    space: dict[str, Any] = {"__name__": "__main__", "rows": Table()}
    sys.modules.setdefault("json.tables", sys.modules["json"])
    try:
        exec("def tariff(): return rows", space)
        mark, gone = CodeMark(), weakref.ref(space["rows"])
        before = mark.of(space["tariff"])
        space["rows"] = Table()
        assert (mark.of(space["tariff"]), len(worked_out)) == (before, 1)
        gc.collect()
        assert gone() is None
    finally:
        del sys.modules["json.tables"]


def test_a_tool_that_is_dropped_takes_its_mark_and_its_cell_with_it() -> None:
    space = defined()
    exec("tariff.__doc__ = 'Tell.'\ntariff.__annotations__ = {'port': str}", space)
    made = tool(space["tariff"])
    assert made.mark.of(made)
    gone = weakref.ref(space["fee"])
    del space, made
    gc.collect()
    assert gone() is None


def test_a_mark_is_not_carried_to_another_process() -> None:
    mark = CodeMark()
    assert mark.of(defined()["tariff"])
    assert vars(pickle.loads(pickle.dumps(mark))) == vars(copy.deepcopy(mark)) == vars(CodeMark())


LIBRARY = """
def f{n}(x):
    for one in range({n}):
        x = g(x, one) + f{next}(x) + f{far}(x)
    return x
"""


def test_of_a_library_that_counts_as_a_user_s_own_only_the_nearest_is_looked_at(
    tmp_path: Path,
) -> None:
    parts = [LIBRARY.format(n=n, next=n + 1, far=2 * n) for n in range(1, 5_000)]
    (tmp_path / "big.py").write_text("def g(x, y): return x\n" + "".join(parts))
    script = "import big; from agentkit.code import mark_of; print(mark_of(big.f1))"
    told = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(
                [str(tmp_path), str(Path(code.__file__).parents[1])])},
            capture_output=True, text=True, check=True, timeout=60,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert told[0] == told[1] != "\n"
    space: dict[str, Any] = {"__name__": "__main__"}
    exec((tmp_path / "big.py").read_text(), space)
    found = CodeBehind(Snapshot(opaque))
    found.search(space["f1"])
    assert 50 < len(found.functions) < MOST
    assert sum(len(one.__code__.co_code) for one in found.functions) < 2 * LONGEST
