"""How many hidden cases tell a right answer from one that guesses, and how often they do not.

python -m benchmarks.separation --secrets 40 --right 10

One reference answer is graded under many secrets, as written and with `sim:hasty` for its model,
which errs in one reasoning step out of four. A pass mark stands between the two; an error is a
right answer below it, or a hasty one above. Fewer cases are drawn from those that were seen.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from agentkit.entrypoints import objects_meant
from agentkit.evaluate.statistics import wilson
from agentkit.grading import Assignment, Grader
from agentkit.grading.assignment import Seen
from agentkit.grading.grade import kept

COURSE = Path(__file__).resolve().parent.parent / "course"
MARK = 0.9
"""The share of hidden cases from which on an answer passes."""
SIZES, DRAWS = (5, 10, 20, 30, 40), 2000

Held = list[bool]
"""Of each hidden case, whether every rule that is about it held."""


def held(assignment: Assignment, seen: Sequence[Seen]) -> Held:
    """Of each hidden case, whether every rule that is about it held."""
    return [
        all(kept(rule.holds, one) for rule in assignment.rules if rule.of(one.case))
        for one in seen
        if not one.case.public
    ]


async def of_secrets(assignment: Assignment, kind: str, code: str, secrets: int) -> list[Held]:
    """What held under each secret; two answers run at a time."""
    places = asyncio.Semaphore(2)

    async def one(n: int) -> Held:
        async with places:
            grader = Grader(assignment, secret=f"separation {n}")
            seen, end = await grader.run(code)
            if end != "ended":
                raise RuntimeError(f"secret {n}: the answer's program {end}")
            found = held(assignment, seen)
            print(f"{kind}, secret {n}: {sum(found)} of {len(found)}", file=sys.stderr)
            return found

    return await asyncio.gather(*[one(n) for n in range(secrets)])


def passed(some: Sequence[bool]) -> bool:
    """Whether an answer in which these held passes."""
    return sum(some) >= MARK * len(some)


def errors(runs: Sequence[Held], size: int, right: bool, rng: random.Random) -> tuple[float, int]:
    """The share of verdicts on so many cases that are wrong, and of how many verdicts it is.

    Fewer cases than there are: drawn anew from a secret's own, secret by secret in turn.
    """
    if size >= len(runs[0]):
        return statistics.fmean(passed(one) != right for one in runs), len(runs)
    drawn = [passed(rng.sample(runs[n % len(runs)], size)) != right for n in range(DRAWS)]
    return statistics.fmean(drawn), DRAWS


def lines(name: str, good: Sequence[Held], hasty: Sequence[Held]) -> Iterator[str]:
    """What was found, line by line."""
    most, rng = len(good[0]), random.Random(1)
    yield f"{name}: {most} hidden cases, pass mark {MARK:.0%}"
    for words, runs in (("right", good), ("hasty", hasty)):
        counts = [sum(one) for one in runs]
        spread = statistics.stdev(counts) if len(counts) > 1 else 0.0
        yield (
            f"  {words}, {len(runs)} secrets: held in {min(counts)} to {max(counts)} of {most},"
            f" mean {statistics.fmean(counts):.1f}, standard deviation {spread:.1f}"
        )
    yield f"  {'cases':>7}{'right fails':>13}{'hasty passes':>14}"
    for size in [*[one for one in SIZES if one < most], most]:
        first, second = (
            errors(*pair, rng)[0] for pair in ((good, size, True), (hasty, size, False))
        )
        yield f"  {size:>7}{first:>13.3f}{second:>14.3f}"
    high = [wilson(errors(runs, most, right, rng)[0], len(runs))[1]
            for runs, right in ((good, True), (hasty, False))]  # fmt: skip
    bounds = f"at most {high[0]:.3f} and {high[1]:.3f} with 95 % confidence (Wilson)"
    yield f"  at {most} cases: {bounds}"


def main() -> int:
    """Measure one assignment; 1 where some verdict on all cases was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assignment", default="harbour", help="a folder of course/")
    parser.add_argument("--reference", help="its answer; the first one by name without")
    parser.add_argument("--secrets", type=int, default=40, help="for the hasty answer")
    parser.add_argument("--right", type=int, default=10, help="secrets for the right one")
    given = parser.parse_args()
    folder = COURSE / given.assignment
    (assignment,) = objects_meant(f"{folder / 'assignment.py'}:assignment")
    assert isinstance(assignment, Assignment)
    references = sorted((folder / "references").glob(f"{given.reference or '*'}.py"))
    code = references[0].read_text("utf-8")
    worse = code.replace("sim:careful", "sim:hasty")
    assert worse != code, f"{references[0].name} names no sim:careful"
    good = asyncio.run(of_secrets(assignment, "right", code, given.right))
    hasty = asyncio.run(of_secrets(assignment, "hasty", worse, given.secrets))
    print(*lines(f"{given.assignment}/{references[0].stem}", good, hasty), sep="\n")
    return int(not all(map(passed, good)) or any(map(passed, hasty)))


if __name__ == "__main__":
    raise SystemExit(main())
