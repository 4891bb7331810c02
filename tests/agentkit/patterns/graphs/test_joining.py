"""Actors are joined by operators that come after them."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from agentkit.pattern import pattern

@pattern
async def a(task):
    return task

@pattern
async def b(task):
    return task

print("agentkit.patterns" in sys.modules)
made = [a >> b, [a] >> b, a.when(bool), a >> [b]]
print(*(type(one).__module__ for one in made))
"""


def test_the_code_of_graphs_is_loaded_when_two_actors_are_joined_and_not_before() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["False", *4 * ["agentkit.patterns.graphs.graph"]]
