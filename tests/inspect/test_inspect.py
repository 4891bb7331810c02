"""Inspect AI as it is: a team in its task, its task on a team, its viewer's log of our results.

Run by `make test-inspect`, in an environment of its own.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, open_log, tool
from agentkit.errors import SetupError
from agentkit.evaluate import Suite, evaluate, inspecting
from agentkit.testing import FunctionModel, call

pytestmark = pytest.mark.inspect

ROWS = [{"id": f"s{n}", "input": f"Twice {n}", "target": str(2 * n)} for n in range(1, 5)]


@tool(effect="pure")
def twice(n: int) -> int:
    """Twice a number."""
    return 2 * n


def doubler() -> Agent:
    """Right for numbers up to 2, by a tool."""

    def say(request: Any) -> Any:
        last = request.thread[-1].message
        if last.role == "tool":
            return last.text
        n = int(last.text.split()[-1])
        return call("twice", n=n) if n < 3 else "I do not know."

    return Agent("doubler", model=FunctionModel(say), tools=[twice])


def test_a_team_is_a_solver_in_a_task_of_inspect(tmp_path: Path) -> None:
    from inspect_ai import Task
    from inspect_ai import eval as inspect_eval
    from inspect_ai.dataset import Sample
    from inspect_ai.scorer import match

    samples = [Sample(id=r["id"], input=r["input"], target=r["target"]) for r in ROWS]
    task = Task(dataset=samples, solver=inspecting.solver(doubler()), scorer=match(), epochs=2)
    (log,) = inspect_eval(task, model="mockllm/model", log_dir=str(tmp_path), display="none")
    assert log.status == "success", log.error
    assert log.results.scores[0].metrics["accuracy"].value == 0.5
    assert len(log.samples) == 8
    first = next(one for one in log.samples if one.id == "s1")
    assert [one.role for one in first.messages] == ["user", "assistant", "tool", "assistant"]
    assert first.messages[1].tool_calls[0].function == "twice"
    assert open_log().has(first.metadata["agentkit_run"])


async def test_a_task_of_inspect_is_a_suite_with_its_scorers() -> None:
    from inspect_ai import Task
    from inspect_ai.dataset import Sample
    from inspect_ai.scorer import f1, match

    samples = [Sample(id=r["id"], input=r["input"], target=r["target"]) for r in ROWS]
    task = Task(dataset=samples, scorer=[match(numeric=True), f1()], name="twice")
    suite = inspecting.suite(task)
    assert suite.name == "twice" and [one.name for one in suite.scorers] == ["match", "f1"]
    result = await evaluate(doubler(), suite)
    assert result.accuracy == 0.5 and not any(one.unscored for one in result.trials)
    with pytest.raises(SetupError, match="no scorer"):
        inspecting.suite(Task(dataset=samples))
    boxed = [Sample(input="a", target="b", sandbox="docker")]
    with pytest.raises(SetupError, match="wants a sandbox"):
        inspecting.suite(Task(dataset=boxed, scorer=match()))


@pytest.mark.parametrize("ending", [".eval", ".json"])
async def test_its_tools_read_our_results(tmp_path: Path, ending: str) -> None:
    import subprocess

    suite = Suite(ROWS, ["exact"], name="twice")
    result = await evaluate(doubler(), suite, trials=2)
    path = inspecting.written(result, suite, tmp_path / f"ours{ending}")
    tools = Path(sys.executable).with_name("inspect")
    env = {**os.environ, "HOME": str(tmp_path)}
    told = subprocess.run([tools, "log", "dump", str(path)], capture_output=True, text=True,
                          check=True, env=env)  # fmt: skip
    log = json.loads(told.stdout)
    assert log["status"] == "success" and len(log["samples"]) == 8
    right = {one["name"]: one for one in log["results"]["scores"]}["right"]
    assert right["metrics"]["accuracy"]["value"] == result.accuracy == 0.5
    roles = [one["role"] for one in log["samples"][0]["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant"]
    assert {one["epoch"] for one in log["samples"]} == {1, 2}
    if ending == ".eval":
        from inspect_ai.analysis import samples_df

        frame = samples_df(str(path))
        assert len(frame) == 8 and set(frame["epoch"]) == {1, 2}
    with pytest.raises(SetupError, match="cannot be a log"):
        inspecting.written(result, suite, tmp_path / "ours.txt")
