"""Check the levels with many histories: make check-consistency ARGS="--histories 10000 --from 0".

Each history comes from a seed; one that goes wrong is told with its seed, shrunk and shown, and
`--from SEED --histories 1 LEVEL` plays it again.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from consistency.levels import LEVELS
from consistency.plan import Plan
from consistency.shrink import shrunk

BATCH = 50

SHOWN = 3
"""So many violations of a level are shrunk and shown."""


@dataclass(frozen=True)
class Batch:
    """Some histories of a level, and what was wrong with them."""

    level: str
    seeds: range
    operations: int
    refused: int
    wrong: tuple[int, ...]


def batch(level: str, seeds: range) -> Batch:
    """Play the trials of some seeds."""
    logging.disable(logging.CRITICAL)
    # Trials are short and leave cycles: one look for them at the end is cheaper than many.
    gc.disable()
    operations = refused = 0
    wrong = []
    for seed in seeds:
        history, violations = LEVELS[level].violations(LEVELS[level].plan(seed))
        operations += len(history.ops)
        refused += sum(op.type == "fail" for op in history.ops)
        if violations:
            wrong.append(seed)
    gc.collect()
    return Batch(level, seeds, operations, refused, tuple(wrong))


def told(level: str, seed: int) -> str:
    """Shrink a trial that goes wrong and tell its history."""
    judge = LEVELS[level]

    def kinds(plan: Plan) -> set[str]:
        return {one.partition(":")[0] for one in judge.violations(plan)[1]}

    whole = judge.plan(seed)
    first = kinds(whole)
    plan = shrunk(whole, lambda smaller: bool(first & kinds(smaller)))
    history, violations = judge.violations(plan)
    again = f"python -m consistency {level} --from {seed} --histories 1"
    facts = "\n".join(f"  {one}" for one in plan.faults) or "  nothing"
    return (
        f"{level}, seed {seed} ({again})\n{history}\nwhat went wrong meanwhile:\n{facts}\n"
        f"violated: {judge.says}\n" + "\n".join(f"  {one}" for one in violations)
    )


def checked(names: list[str], start: int, count: int, workers: int) -> Iterator[list[Batch]]:
    """Play all levels, each on all workers; gives what became of one level after the other."""
    with ProcessPoolExecutor(workers) as pool:
        for name in names:
            seeds = range(start, start + count)
            parts = [seeds[n : n + BATCH] for n in range(0, count, BATCH)]
            yield list(pool.map(batch, [name] * len(parts), parts))


def main() -> int:
    """Play the levels that are asked for; 0 only if nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m consistency", description=__doc__)
    parser.add_argument("levels", nargs="*", help=f"all of {', '.join(LEVELS)}")
    parser.add_argument("--histories", type=int, default=10_000, help="of each level")
    parser.add_argument("--from", type=int, default=0, dest="start", help="the first seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    if unknown := [name for name in asked.levels if name not in LEVELS]:
        print(f"no level {', '.join(unknown)}; there are: {', '.join(LEVELS)}", file=sys.stderr)
        return 2
    failed = 0
    began = time.monotonic()
    names = asked.levels or list(LEVELS)
    for batches in checked(names, asked.start, asked.histories, asked.workers):
        name = batches[0].level
        wrong = [seed for one in batches for seed in one.wrong]
        failed += len(wrong)
        print(
            f"{name:<16} {sum(len(one.seeds) for one in batches):>7,} histories"
            f" {sum(one.operations for one in batches):>9,} operations"
            f" {sum(one.refused for one in batches):>8,} refused"
            f" {len(wrong):>4} wrong  {time.monotonic() - began:6.0f} s",
            flush=True,
        )
        for seed in wrong[:SHOWN]:
            print(told(name, seed), flush=True)
        if wrong[SHOWN:]:
            print(f"and the seeds {', '.join(map(str, wrong[SHOWN:]))}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
