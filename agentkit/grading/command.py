"""`agentkit grade` and `agentkit assignment check`."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import re
import secrets
import sys
from collections.abc import Sequence, Set
from dataclasses import replace
from pathlib import Path

from agentkit.entrypoints import objects_meant
from agentkit.errors import SetupError
from agentkit.grading import reports
from agentkit.grading.assignment import Assignment, Case
from agentkit.grading.grade import Grade
from agentkit.grading.handed import student_of
from agentkit.grading.judging import AGAIN, Grader
from agentkit.grading.selfcheck import chosen
from agentkit.words import for_terminal

SECRET = "AGENTKIT_SECRET"
LONGEST = 60
"""Letters of the name of a file that is about a student; each may take four bytes of 255."""

FEW, LEAST_S = 4, 20.0
"""Cases of each rule, and seconds of a program's own, in a quick check."""


def main(arguments: Sequence[str]) -> int:
    """`agentkit grade`: grade submissions, and write what came of it.

    Raises:
        SetupError: no such assignment, no submission, no sandbox.
    """
    parser = argparse.ArgumentParser(
        prog="agentkit grade",
        description="Grade submissions, each in a sandbox, over cases that nobody knows.",
    )
    parser.add_argument("submissions", nargs="+", help="files, or folders of one submission each")
    parser.add_argument("--assignment", required=True, metavar="FILE.py:NAME")
    parser.add_argument("--out", default="grades", help="folder of grades; gone on with if there")
    parser.add_argument("--parallel", type=int, default=2, help="at once (default 2)")
    parser.add_argument(
        "--trusted", action="store_true", help="without a sandbox: code that is your own"
    )
    given = parser.parse_args(arguments)
    paths, several = apart(there(given.submissions))
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    grader = Grader(
        assignment_of(given.assignment), secret=secret_in(out), kept=out / "grades.jsonl",
        parallel=given.parallel, strength="none" if given.trusted else "bubblewrap",
    )  # fmt: skip
    grades = asyncio.run(graded(grader, paths))
    grades += [
        grader.nothing(some[0], f"not graded: handed in as {', '.join(one.name for one in some)}")
        for some in several
    ]
    write(out, grades)
    print(reports.table(grades))
    return 0


def there(submissions: Sequence[str]) -> list[Path]:
    """The submissions that a command names.

    Raises:
        SetupError: one is not there.
    """
    paths = [Path(one) for one in submissions]
    if missing := [str(one) for one in paths if not os.path.lexists(one)]:
        raise SetupError(f"There is no {', '.join(missing[:5])}.", expected="files or folders")
    return paths


def apart(paths: Sequence[Path]) -> tuple[list[Path], list[list[Path]]]:
    """Submissions whose name nobody else has, and those of each name that several have.

    A student who hands in a notebook and a program has not said which counts; the others are
    graded all the same.
    """
    by: dict[str, list[Path]] = {}
    for one in paths:
        by.setdefault(student_of(one), []).append(one)
    return (
        [some[0] for some in by.values() if len(some) == 1],
        [some for some in by.values() if len(some) > 1],
    )


def submission_files(submissions: Sequence[str]) -> list[Path]:
    """The submissions that a command names, each by a name of its own.

    Raises:
        SetupError: one is not there, or two have the same name.
    """
    paths = there(submissions)
    if twice := [student_of(some[0]) for some in apart(paths)[1]]:
        raise SetupError(f"Several submissions are called {', '.join(sorted(twice)[:5])}.")
    return paths


def assignment_of(name: str) -> Assignment:
    """The assignment that a command names.

    Raises:
        SetupError: there is none.
    """
    (one,) = objects_meant(name)
    if not isinstance(one, Assignment):
        raise SetupError(f"{name} is a {type(one).__name__}.", expected="an Assignment")
    return one


def secret_in(out: Path) -> str:
    """The secret of a term: $AGENTKIT_SECRET, or that of the folder, made once for its owner."""
    if given := os.environ.get(SECRET, ""):
        return given
    kept = out / "secret"
    if not kept.exists():
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(16))
    return kept.read_text("utf-8").strip()


async def graded(grader: Grader, paths: Sequence[Path]) -> list[Grade]:
    """The grades over submissions; each is told as it comes."""
    grades = []
    async for one in grader.grade(paths):
        grades.append(one)
        line = f"{len(grades)}/{len(paths)}  {one.student}: {one.points:g}/{one.of:g}, {one.end}"
        print(for_terminal(line, one_line=True), file=sys.stderr)
    return grades


def write(out: Path, grades: Sequence[Grade]) -> None:
    """Write marks and feedback into the folder."""
    (out / "grades.csv").write_text(reports.grades_csv(grades), "utf-8")
    for kind in ("feedback", "gradescope"):
        (out / kind).mkdir(exist_ok=True)
    for one in grades:
        name = filed(one.student)
        (out / "feedback" / f"{name}.html").write_text(reports.feedback_html(one), "utf-8")
        (out / "feedback" / f"{name}.ipynb").write_text(reports.feedback_notebook(one), "utf-8")
        (out / "gradescope" / f"{name}.json").write_text(reports.gradescope(one), "utf-8")


def filed(student: str) -> str:
    """How a student's files are called, no two students' alike.

    What cannot stand in every name is replaced, and a digest of the whole name stands behind it.
    """
    name = re.sub(r"[^\w.@-]+", "_", student).lstrip(".")[:LONGEST]
    digest = hashlib.sha256(student.encode()).hexdigest()[:12]
    return name if name == student and name else f"{name}-{digest}"


def check(arguments: Sequence[str]) -> int:
    """`agentkit assignment check`: whether an assignment may be released.

    Returns:
        0 if each reference got every point and each attack none, and all were run; else 1.
    """
    parser = argparse.ArgumentParser(
        prog="agentkit assignment check",
        description="Whether an assignment may be released: its reference answers get every point,"
        " and the attacks on it none.",
    )
    parser.add_argument("assignment", metavar="FILE.py:NAME")
    parser.add_argument("--references", help="folder; default: `references` beside the file")
    parser.add_argument(
        "--attacks", action="append", metavar="FOLDER",
        help="may be repeated; default: `attacks` beside the file and, for a course, above it",
    )  # fmt: skip
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument(
        "--quick", action="store_true",
        help=f"{FEW} cases of each rule, and less time: to see while one writes, not to release",
    )  # fmt: skip
    given = parser.parse_args(arguments)
    beside = Path(given.assignment.rpartition(":")[0]).parent
    good = answers(Path(given.references or beside / "references"), 2, "reference answers")
    common = [one for one in (beside.parent / "attacks",) if one.is_dir()]
    folders = [Path(one) for one in given.attacks or ()] or [beside / "attacks", *common]
    bad = [path for folder in folders for path in answers(folder, 1, "attacks")]
    submission_files([str(path) for path in (*good, *bad)])
    assignment = assignment_of(given.assignment)
    if given.quick:
        assignment = quick(assignment)
    grader = Grader(assignment, secret=secrets.token_hex(16), parallel=given.parallel)
    grades = asyncio.run(graded(grader, [*good, *bad]))
    print(reports.table(grades))
    wrong = faults(grades, {path.stem for path in good}, assignment.of)
    print("".join(for_terminal(f"{line}\n") for line in wrong), end="")
    fit = "holds in a few cases; run it without --quick" if given.quick else "may be released"
    print(fit if not wrong else "may not be released")
    return 1 if wrong else 0


def faults(grades: Sequence[Grade], good: Set[str], of: float) -> list[str]:
    """Why an assignment may not be released, a line each.

    An attack that could not be run has no points, and nothing is known of it.

    Args:
        grades: over references and attacks.
        good: names of the references.
        of: points that there are.
    """
    kinds: dict[str, list[Grade]] = {"nothing is known of": [], "not every point for": [],
                                       "points for the attack": []}  # fmt: skip
    unseen, short, fooled = kinds.values()
    for one in grades:
        if one.end.startswith(AGAIN):
            unseen.append(one)
        elif one.student in good and one.points < of - 1e-9:
            short.append(one)
        elif one.student not in good and one.points > 0:
            fooled.append(one)
    return [
        f"{what} {one.student}: {one.points:g} ({one.end})"
        for what, some in kinds.items()
        for one in some
    ]


def quick(assignment: Assignment) -> Assignment:
    """The same with a few cases of each rule, and a share of the time that is the share of cases.

    What holds in a few need not hold in all, and an attack may be lucky in one of the others.
    """

    def few(secret: str) -> list[Case]:
        return chosen(assignment.rules, assignment.drawn(secret), FEW)

    share = len(few("any")) / len(assignment.drawn("any"))
    return replace(assignment, cases=few, own_s=max(LEAST_S, assignment.own_s * share))


def answers(folder: Path, least: int, what: str) -> list[Path]:
    """The answers in a folder.

    Raises:
        SetupError: there are fewer than asked for.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix in (".py", ".ipynb"))
    if len(paths) < least:
        raise SetupError(
            f"{folder} has {len(paths)} {what}.", expected=f"{least} at least, .py or .ipynb"
        )
    return paths
