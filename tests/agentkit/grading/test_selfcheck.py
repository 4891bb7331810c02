"""A student's own try: the rules of the grade, other cases each time, and what did not hold."""

from __future__ import annotations

import asyncio

import pytest

from agentkit.errors import SetupError
from agentkit.grading import Assignment, Case, Rule, Seen
from agentkit.grading.assignment import ToolUse, seed_of
from agentkit.grading.selfcheck import called, chosen, tried
from agentkit.sandbox import bubblewrap
from tests.agentkit.grading.test_referee import GOOD, multiply


def holds(seen: Seen) -> bool:
    return seen.case.data in seen.text and seen.by_model


def cases(secret: str) -> list[Case]:
    made = []
    for n in range(8):
        a, b = 11 + seed_of(secret, n) % 80, 12 + n
        task = f"Use the tool to multiply {a} and {b}."
        made.append(Case(str(n), task, (multiply,), data=str(a * b)))
    return made


MADE = Assignment(
    "products", cases,
    (Rule("right <b>", 4, holds), Rule("even", 1, holds, lambda case: int(case.id) % 2 == 0)),
)  # fmt: skip


def test_each_rule_has_its_cases() -> None:
    found = chosen(MADE.rules, MADE.drawn("s"), 2)
    assert [case.id for case in found] == ["0", "4"]
    assert len(chosen(MADE.rules, MADE.drawn("s"), 100)) == 8


def test_what_cannot_be_handed_in_is_said_before_anything_runs() -> None:
    for code in ("x = 1", "def build(:"):
        with pytest.raises(SetupError, match="cannot be handed in"):
            asyncio.run(tried(code, MADE))
    with pytest.raises(SetupError, match="shows nothing"):
        asyncio.run(tried(GOOD, MADE, each=0))


def test_a_call_is_told_with_what_and_not_at_length() -> None:
    assert called(ToolUse("pay", {"to": "Frost", "eur": 147})) == "pay(Frost, 147)"
    assert called(ToolUse("look", {}, error="x")) == "look() (failed)"
    assert len(called(ToolUse("say", {"text": "a" * 500}))) == len("say()") + 60


@pytest.mark.skipif(bubblewrap.launcher() is None, reason="no sandbox here: install bubblewrap")
def test_a_try_shows_how_often_each_rule_held_and_a_case_in_which_it_did_not() -> None:
    good = asyncio.run(tried(GOOD, MADE, each=1))
    assert good.solved and good.remarks() == [], str(good)
    lazy = GOOD.replace(", tools=tools", "")
    first, second = (asyncio.run(tried(lazy, MADE, each=1)) for _ in range(2))
    assert not first.solved and "Not yet" in str(first)
    assert "called no tool" in first.remarks()[0]
    assert first.remarks()[0] != second.remarks()[0]  # other cases each time
    assert "<b>" not in first.to_html() and "0 of 1" in first.to_svg()
