"""A scorer of programs: the answer is code, and unit tests judge it in a sandbox."""

from __future__ import annotations

from agentkit.errors import SetupError
from agentkit.evaluate.samples import Sample
from agentkit.evaluate.scorers import FunctionScorer, Score, ScorerInput
from agentkit.sandbox import Limits, Sandbox, SandboxError
from agentkit.workbench.actions import code_in
from agentkit.workbench.testing import run_tests

HEAD = "from answer import *\n"
"""Tests see what the answer defines; they may import it as `answer`, too."""


def code(
    tests: str | None = None, *, passes_at: float = 1.0, limits: Limits | None = None
) -> FunctionScorer:
    """Return a scorer of code: the share of unit tests that the answer passes.

    The code is what stands in the fences of the answer, or all of it; it is the module `answer`.
    What it takes too much of is its own fault, and no pass.

    Args:
        tests: text of the tests, for all samples; else each sample's `tests`, or its target.
        passes_at: from which share on it passes.
        limits: what an answer and its tests may take.
    """

    async def judge(case: ScorerInput) -> Score:
        judged_by = HEAD + tests_for(case.sample, tests)
        files = {"answer.py": code_in(case.text) or case.text, "test_answer.py": judged_by}
        async with Sandbox(limits=limits) as box:
            try:
                found = await run_tests(box, ["test_answer.py"], files)
            except SandboxError as error:
                return Score(why=f"{type(error).__name__}: {error}"[:300])
        failed = [f"{name.rpartition('::')[2]}: {why}" for name, why in found.items() if why]
        value = 1 - len(failed) / len(found)
        return Score(value=value, passed=value >= passes_at, why="; ".join(failed)[:300])

    return FunctionScorer("code", judge, passes_at, unfit=lambda sample: untested(sample, tests))


def untested(sample: Sample, given: str | None) -> str:
    """Say that a sample has no tests, if so."""
    try:
        tests_for(sample, given)
    except SetupError:
        return "it has no tests"
    return ""


def tests_for(sample: Sample, given: str | None) -> str:
    """Return the tests of a sample.

    Raises:
        SetupError: it has none.
    """
    found = given or sample.meta.get("tests") or sample.target
    if not isinstance(found, str) or not found.strip():
        raise SetupError(
            f"Sample {sample.id} has no tests.",
            expected="text of Python as its `tests` or target, or code(tests=...)",
        )
    return found
