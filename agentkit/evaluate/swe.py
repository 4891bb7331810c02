"""SWE-bench: an issue and a repository; the answer is a patch, and the tests judge it.

An instance counts as resolved if, with the patch, all tests of FAIL_TO_PASS and all of
PASS_TO_PASS pass. `predictions` writes what the official harness takes. Of the official
repositories each wants an environment of its own, which that harness makes; here run instances
that bring their `files`, as those of `mini()`, which are ours.

Source: Jimenez et al. 2024, SWE-bench: can language models resolve real-world GitHub issues?
(arXiv 2310.06770), sections 2.1 and 2.2. The official instances are on the Hugging Face hub, in
princeton-nlp/SWE-bench and its Lite and Verified subsets; agentkit fetches nothing.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict

from agentkit.actor import Actor
from agentkit.errors import SetupError
from agentkit.evaluate.evaluation import Evaluation
from agentkit.evaluate.samples import Dataset, lines_in
from agentkit.evaluate.scorers import FunctionScorer, Score, ScorerInput
from agentkit.messages import JSON, Frozen
from agentkit.pattern import Pattern, pattern
from agentkit.sandbox import Limits, Sandbox, SandboxError
from agentkit.workbench.files import Workbench, repository
from agentkit.workbench.testing import run_tests

LIMITS = Limits(wall_s=120, cpu_s=120, memory_mb=1024, disk_mb=256)

COMMIT = "git init -q . && git add -A && git -c user.name=base -c user.email=base commit -qm base"


def listed(value: Any) -> Any:
    """Return a list that may be written as JSON in a text, as the official files have it."""
    return json.loads(value) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(listed)]


class Instance(Frozen):
    """One task, by the official names; what else a row has is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    instance_id: str
    repo: str
    base_commit: str = ""
    problem_statement: str
    hints_text: str = ""
    patch: str = ""
    """The one that its authors made."""
    test_patch: str = ""
    FAIL_TO_PASS: Names = ()
    PASS_TO_PASS: Names = ()
    files: dict[str, str] = {}
    """The repository, where it is small enough to be a part of the row. Ours; not official."""


class PatchVerdict(Frozen):
    """What the tests say of a patch."""

    resolved: bool = False
    applied: bool = False
    failed: dict[str, str] = {}
    """Why, by the name of each test that should pass and does not."""
    error: str = ""

    @property
    def why(self) -> str:
        """What speaks against it, in a line."""
        named = [f"{name}: {why}" for name, why in self.failed.items()]
        return (self.error or "; ".join(named))[:300]


def instances(path: str | Path) -> tuple[Instance, ...]:
    """Return the instances of a file of JSON lines, or of one JSON list, as it is published.

    Raises:
        SetupError: there is none, or it has another form.
    """
    number = 0
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        rows = json.loads(text) if text.lstrip().startswith("[") else lines(text)
        found = []
        for number, row in enumerate(rows, 1):  # noqa: B007  # told in the error
            found.append(Instance.model_validate(row))
    except (OSError, ValueError, RecursionError) as error:
        where = f"Row {number} of {path}" if number else str(path)
        raise SetupError(
            f"{where} is no instance of SWE-bench: {str(error)[:300]}",
            expected="JSON lines with instance_id, repo, problem_statement, test_patch,"
            " FAIL_TO_PASS and PASS_TO_PASS",
            todo="look whether the file is of a newer format",
        ) from error
    return tuple(found)


def lines(text: str) -> list[Any]:
    """Return what the lines of a text hold."""
    return [json.loads(line) for _, line in lines_in(text)]


def mini() -> tuple[Instance, ...]:
    """Return our own small instances, which run without a network."""
    return instances(Path(__file__).with_name("mini") / "swe.jsonl")


def dataset(given: Iterable[Instance], name: str = "SWE-bench") -> Dataset:
    """Return instances as a dataset: what is asked is the id and the issue."""
    rows = [
        {
            "id": one.instance_id,
            "input": {"instance_id": one.instance_id, "problem_statement": one.problem_statement},
            "split": one.repo,
        }
        for one in given
    ]
    return Dataset(rows, name=name)


def mender(
    make: Callable[[Workbench], Actor], given: Iterable[Instance], limits: Limits = LIMITS
) -> Pattern:
    """Return a team that is asked for a row of `dataset`, and answers with a patch.

    Args:
        make: makes the actor that does it, on a workbench; it is asked the issue.
        given: the instances, each with its files.
        limits: what each of its commands may take.
    """
    known = {one.instance_id: one for one in given}

    @pattern
    async def mend(task: dict[str, Any]) -> str:
        """Mend a repository, and return the patch."""
        instance = known[task["instance_id"]]
        with tempfile.TemporaryDirectory() as folder:
            repository(instance.files, folder)
            box = Sandbox(folder, limits=limits)
        async with box:
            (await box.run(["/bin/sh", "-c", COMMIT])).check()
            bench = Workbench(box)
            await make(bench)(task["problem_statement"])
            return await bench.patch()

    return mend


async def verdict(instance: Instance, patch: str, limits: Limits = LIMITS) -> PatchVerdict:
    """Return what the tests say of a patch: it is applied, then the tests of the instance.

    Raises:
        SetupError: the instance does not bring its files.
    """
    if not instance.files:
        raise SetupError(
            f"{instance.instance_id} does not bring its repository.",
            expected="an instance with files, as those of mini()",
            todo="judge it by the official harness: predictions(...) writes what that takes",
        )
    with tempfile.TemporaryDirectory() as folder:
        repository(instance.files, folder)
        box = Sandbox(folder, limits=limits)
    async with box:
        try:
            (await box.run(["/bin/sh", "-c", COMMIT])).check()
            if not await applied(box, patch):
                return PatchVerdict(error="the patch cannot be applied" if patch else "no patch")
            tests = touched(instance.test_patch)
            undo = [one for one in tests if one in instance.files]
            if undo:
                (await box.run(["git", "checkout", "-q", "HEAD", "--", *undo])).check()
            await box.run(["rm", "-f", "--", *(one for one in tests if one not in undo)])
            if not await applied(box, instance.test_patch):
                return PatchVerdict(applied=True, error="the patch stands against its tests")
            wanted = (*instance.FAIL_TO_PASS, *instance.PASS_TO_PASS)
            files = sorted({name.partition("::")[0] for name in wanted})
            found = await run_tests(box, files)
        except SandboxError as error:
            return PatchVerdict(applied=True, error=f"{type(error).__name__}: {error}")
    return resolved(instance, found)


def resolved(instance: Instance, found: Mapping[str, str]) -> PatchVerdict:
    """Return what tests that ran say of an instance: all that it names must have passed.

    Args:
        instance: names the tests.
        found: by test, or by file that could not be run, what went wrong; "" where it passed.
    """
    wanted = (*instance.FAIL_TO_PASS, *instance.PASS_TO_PASS)
    whole = {name: found.get(name.partition("::")[0], "did not run") for name in wanted}
    failed = {name: why for name in wanted if (why := found.get(name, whole[name]))}
    return PatchVerdict(resolved=bool(wanted) and not failed, applied=True, failed=failed)


async def applied(box: Sandbox, patch: str) -> bool:
    """Apply a patch in the folder, and return whether that could be."""
    text = patch if patch.endswith("\n") else f"{patch}\n"
    order = ["git", "apply", "--whitespace=nowarn", "-"]
    return bool(patch.strip()) and (await box.run(order, stdin=text)).ok


def touched(patch: str) -> list[str]:
    """Return the files that a patch leaves or takes away."""
    return sorted(set(re.findall(r"^(?:\+\+\+ b|--- a)/(.+?)(?:\t.*)?$", patch, re.M)))


def swe(given: Iterable[Instance], limits: Limits = LIMITS) -> FunctionScorer:
    """Return the scorer: the answer is a patch, and resolves its instance or does not.

    Raises:
        SetupError: an instance names no test that a patch is to mend, so that all would be wrong.
    """
    given = tuple(given)
    bare = [one.instance_id for one in given if not one.FAIL_TO_PASS]
    if bare:
        raise SetupError(
            f"{bare[0]} has no FAIL_TO_PASS, so no patch would count.",
            expected="names of tests for every instance, as the official files have them",
            todo="look whether the file is of a newer format, or write `predictions` of it alone",
        )
    known = {one.instance_id: one for one in given}

    async def judge(case: ScorerInput) -> Score:
        found = await verdict(known[case.sample.id], case.text, limits)
        return Score(value=float(found.resolved), passed=found.resolved, why=found.why)

    return FunctionScorer("swe", judge)


def predictions(result: Evaluation, path: str | Path) -> int:
    """Write the patches of an evaluation as the official harness takes them.

    Args:
        result: an evaluation on `dataset(...)`; of several trials of an instance the first counts.
        path: a file of JSON lines; what it holds is replaced.

    Returns:
        How many were written.
    """
    first: dict[str, dict[str, JSON]] = {}
    for one in result.trials:
        if one.status == "answered":
            first.setdefault(
                one.question,
                {
                    "instance_id": one.question,
                    "model_name_or_path": result.contender,
                    "model_patch": one.text,
                },
            )
    text = "".join(json.dumps(one) + "\n" for one in first.values())
    Path(path).write_text(text, encoding="utf-8")
    return len(first)
