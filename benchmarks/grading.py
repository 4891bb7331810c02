"""A class that hands in: how long grading takes, whether it comes out the same again, what leaks.

python -m benchmarks.grading --submissions 300 --repeats 1
python -m benchmarks.grading --submissions 40 --repeats 3

Three in five work, one in five is hasty, the rest are attacks and what cannot be graded. It fails
if an attack gets a point, if a repeat gives another grade, or if feedback tells a hidden case.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import shutil
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from agentkit.entrypoints import objects_meant
from agentkit.grading import Assignment, Case, Grade, Grader
from agentkit.grading.reports import feedback_html, gradescope

ROOT = Path(__file__).resolve().parent.parent
HARBOUR = ROOT / "course" / "harbour"

HEAD = "from agentkit import Agent\n\n\ndef build(tools):\n"
AGENT = '    return Agent({name!r}, {words!r}, model="sim:{model}", tools=tools)\n'
WORDS = (
    "Look up what you say with your tools.",
    "You work in a port. Use your tools, one step after the other, and answer in a sentence.",
    "Never guess. Use your tools.",
    "Answer questions about ships and ports with your tools, and book berths when asked to.",
)


def handed_in(folder: Path, number: int, rng: random.Random) -> dict[str, str]:
    """Write submissions; what kind each student's is."""
    attacks = sorted(
        [*(HARBOUR / "attacks").glob("*.py"), *(HARBOUR.parent / "attacks").glob("*.py")]
    )
    kinds = {}
    for n in range(number):
        student = f"student-{n:03d}"
        drawn = rng.random()
        words = rng.choice(WORDS)
        if drawn < 0.6:
            kind = "works"
            code = HEAD + AGENT.format(name=f"clerk{n}", words=words, model="careful")
            if drawn < 0.15:
                code = (HARBOUR / "references" / "two_desks.py").read_text()
        elif drawn < 0.8:
            kind = "hasty"
            code = HEAD + AGENT.format(name=f"clerk{n}", words=words, model="hasty")
        elif drawn < 0.85:
            kind, code = "unusable", rng.choice(["{", "def build(:", "x = 1", "\0"])
        else:
            attack = rng.choice(attacks)
            kind, code = f"attack {attack.stem}", attack.read_text()
        kinds[student] = kind
        if kind != "unusable" and rng.random() < 0.5:
            cell = {"cell_type": "code", "metadata": {"tags": ["answer"]}, "source": code}
            book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
            (folder / f"{student}.ipynb").write_text(json.dumps(book))
        else:
            (folder / f"{student}.py").write_text(code)
    return kinds


def leaked(cases: Sequence[Case], grade: Grade) -> Iterator[str]:
    """The hidden cases whose words stand in what the student gets to read."""
    public = {case.task for case in cases if case.public}
    text = feedback_html(grade) + gradescope(grade)
    for case in cases:
        if not case.public and case.task not in public and case.task in text:
            yield case.id


def plain(grade: Grade) -> tuple[object, ...]:
    """A grade without what the clock says."""
    return (grade.student, grade.points, tuple((m.rule, m.held) for m in grade.marks))


async def graded(
    assignment: Assignment, paths: Sequence[Path], kept: Path, parallel: int
) -> list[Grade]:
    """Grade once, and say how far it is."""
    grader = Grader(assignment, secret="a term", kept=kept, parallel=parallel)
    grades: list[Grade] = []
    async for one in grader.grade(paths):
        grades.append(one)
        if len(grades) % 10 == 0:
            print(f"  {len(grades)} of {len(paths)}", flush=True)
    return sorted(grades, key=lambda one: one.student)


def told(grades: Sequence[Grade], kinds: dict[str, str]) -> None:
    """Print points and seconds by kind."""
    by = defaultdict(list)
    for one in grades:
        by[kinds[one.student].split()[0]].append(one)
    print(f"{'kind':<10}{'n':>4}{'least':>8}{'mean':>8}{'most':>8}{'s median':>10}{'s most':>8}")
    for kind, some in sorted(by.items()):
        points, took = [one.points for one in some], [one.seconds for one in some]
        print(
            f"{kind:<10}{len(some):>4}{min(points):>8.2f}{statistics.fmean(points):>8.2f}"
            f"{max(points):>8.2f}{statistics.median(took):>10.1f}{max(took):>8.1f}"
        )
    ends = Counter(one.end[:40] for one in grades if not kinds[one.student].startswith("attack"))
    print("ends of those that are no attack:", dict(ends))


def cpu_s() -> float:
    """Seconds of processor time, of this process and of those that it waited for."""
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def main() -> int:
    """Grade a class."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--kept", help="folder of grades, to go on after a break")
    given = parser.parse_args()
    (assignment,) = objects_meant(f"{HARBOUR / 'assignment.py'}:assignment")
    assert isinstance(assignment, Assignment)
    kept = Path(given.kept or tempfile.mkdtemp(prefix="grading-"))
    folder = kept / "handed-in"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    kinds = handed_in(folder, given.submissions, random.Random(given.submissions))
    rounds = []
    for n in range(given.repeats):
        began, cpu = time.monotonic(), cpu_s()
        paths = sorted(folder.iterdir())
        rounds.append(
            asyncio.run(graded(assignment, paths, kept / f"round-{n}.jsonl", given.parallel))
        )
        took, used = time.monotonic() - began, cpu_s() - cpu
        print(f"round {n + 1}: {len(paths)} submissions in {took / 60:.1f} min, {used:.0f} s CPU")
        told(rounds[-1], kinds)
    cases = assignment.drawn("a term")
    wrong = [
        f"{one.student} ({kinds[one.student]}) got {one.points:g}"
        for one in rounds[0] if kinds[one.student].startswith(("attack", "unusable")) and one.points
    ]  # fmt: skip
    leaks = [f"{one.student}: case {case}" for one in rounds[0] for case in leaked(cases, one)]
    pairs = [pair for some in rounds[1:] for pair in zip(rounds[0], some, strict=True)]
    other = sum(plain(a) != plain(b) for a, b in pairs)
    print(f"points for attacks: {len(wrong)}; hidden cases in feedback: {len(leaks)};"
          f" other grades in repeats: {other}", *wrong, *leaks[:5], sep="\n")  # fmt: skip
    return 1 if wrong or leaks or other else 0


if __name__ == "__main__":
    raise SystemExit(main())
