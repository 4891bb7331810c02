"""Answers that are programs, judged by unit tests in a sandbox."""

from __future__ import annotations

import pytest

from agentkit import Agent
from agentkit.errors import SetupError
from agentkit.evaluate import Suite, code, evaluate
from agentkit.sandbox import Limits
from agentkit.testing import FunctionModel
from tests.agentkit.sandbox.here import bubblewrap

pytestmark = bubblewrap

TESTS = """
import unittest

class Doubling(unittest.TestCase):
    def test_numbers(self):
        self.assertEqual(double(2), 4)

    def test_texts(self):
        self.assertEqual(double("a"), "aa")
"""

SAID = {
    "right": "Here:\n```python\ndef double(x):\n    return x * 2\n```\nThat is it.",
    "half": "def double(x):\n    return x + 2",
    "none": "I do not know.",
    "early": "import os\nos._exit(0)",
    "endless": "while True: pass",
    "false": "class Liar(int):\n    pass\ndef double(x): raise SystemExit(0)",
}


async def test_the_share_of_tests_that_pass_is_the_score() -> None:
    model = FunctionModel(lambda request: SAID[request.thread[-1].message.text])
    rows = [{"id": one, "input": one, "tests": TESTS} for one in SAID]
    suite = Suite(rows, [code(limits=Limits(wall_s=1.5))])
    result = await evaluate(Agent("coder", model=model), suite)
    scores = {one.question: one.scores["code"] for one in result.trials}
    assert {name: score.value for name, score in scores.items() if score.value} == {
        "right": 1.0,
        "half": 0.5,
    }
    assert [name for name, score in scores.items() if score.passed] == ["right"]
    assert "can only concatenate" in scores["half"].why
    assert "SyntaxError" in scores["none"].why and "before its tests" in scores["early"].why
    assert "TimeSpent" in scores["endless"].why and not scores["endless"].error


def test_a_sample_without_tests_is_refused() -> None:
    with pytest.raises(SetupError, match="it has no tests"):
        Suite([{"input": "Write it"}], [code()])
