"""`agentkit eval run FILE.py`: measure a team from a shell, and fail when it became worse.

The file defines `team` and `suite`, or others are named: FILE.py:TEAM,SUITE.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from agentkit.actor import Actor
from agentkit.entrypoints import objects_meant
from agentkit.errors import AgentkitError, SetupError, error_text
from agentkit.evaluate.compare import Progress
from agentkit.evaluate.evaluating import evaluate
from agentkit.evaluate.evaluation import Evaluation
from agentkit.evaluate.fitting import share_of
from agentkit.evaluate.measures import Measure
from agentkit.evaluate.regression import (
    Baseline,
    baseline_of,
    in_common,
    junit,
    questions_of,
    regression,
    stored,
)
from agentkit.evaluate.reopened import so_far
from agentkit.evaluate.suite import Suite
from agentkit.logs import open_log
from agentkit.logs.memory import MemoryLog
from agentkit.testing import RecordedModel, forbid_real_endpoints, stand_in
from agentkit.words import for_line, for_terminal

WORSE, WRONG = 1, 2
"""Exit statuses: worse than the baseline or below the bar; it could not be measured."""


def parser() -> argparse.ArgumentParser:
    """The command and its options."""
    top = argparse.ArgumentParser(prog="agentkit eval", description=__doc__)
    run = top.add_subparsers(dest="action", required=True).add_parser(
        "run", help="evaluate a team on a suite"
    )
    run.add_argument("what", metavar="FILE.py[:TEAM,SUITE]", help="by default :team,suite")
    run.add_argument("--trials", type=int, default=1, help="of each sample; 1 by default")
    run.add_argument("--budget-usd", type=float, help="for all of it")
    run.add_argument("--concurrency", type=int, default=8)
    run.add_argument("--baseline", metavar="FILE", help="fail if it is worse than this one")
    run.add_argument("--at-least", type=float, metavar="SHARE", help="fail below this accuracy")
    run.add_argument("--save", metavar="FILE", help="keep it as a baseline, if it is whole")
    run.add_argument("--markdown", metavar="FILE", help="write a summary")
    run.add_argument("--junit", metavar="FILE", help="write the questions as test cases")
    run.add_argument("--log", metavar="URL", help="default: $AGENTKIT_LOG or .agentkit/log.db")
    run.add_argument(
        "--recorded", metavar="LOG", help="take all replies from this log; pay nothing"
    )
    run.add_argument(
        "--other-instructions",
        action="store_true",
        help="with --recorded: where nothing but an agent's instructions was edited since, take the"
        " replies to the old ones",
    )
    return top


def team_and_suite(what: str) -> tuple[Actor, Suite]:
    """Return the team and the suite.

    Raises:
        SetupError: there are none by these names.
    """
    things = objects_meant(what if ":" in what.rpartition("/")[2] else f"{what}:team,suite")
    if len(things) != 2 or not isinstance(things[0], Actor):
        raise SetupError(
            f"{what} names no team and suite.", expected="FILE.py:TEAM,SUITE, an actor and a Suite"
        )
    team, suite = things
    return team, suite if isinstance(suite, Suite) else Suite(suite)


def told(progress: Progress) -> None:
    """Say how far it is, on stderr."""
    print(for_terminal(str(progress)), file=sys.stderr)


def checked(options: argparse.Namespace, suite: Suite, before: Baseline | None) -> None:
    """See to it, before anything is paid, that all that was asked for can be said.

    Raises:
        SetupError: it cannot.
    """
    if all(isinstance(one, Measure) for one in suite.scorers):
        judging = [o for o in ("baseline", "at_least", "junit", "save") if getattr(options, o)]
        if judging:
            raise SetupError(
                f"--{judging[0].replace('_', '-')} is about right and wrong, and the suite"
                f" {suite.name} only measures {', '.join(one.name for one in suite.scorers)}.",
                expected="a scorer that passes or fails, as lambda data: data > 2",
            )
    if options.at_least is not None:
        share_of("--at-least", options.at_least)
    if before is not None:
        in_common(questions_of(suite), before)
    if options.recorded and options.log:
        raise SetupError(
            "--recorded keeps nothing, as its replies are none to the team of now.",
            expected="--recorded or --log",
        )
    if options.other_instructions and not options.recorded:
        raise SetupError("--other-instructions is about a recording.", expected="--recorded LOG")
    if options.other_instructions and options.save:
        raise SetupError(
            "Replies to other instructions are no baseline.",
            expected="--save without --other-instructions",
        )
    for option in ("save", "markdown", "junit"):
        path = getattr(options, option)
        if path and (Path(path).is_dir() or not Path(path).absolute().parent.is_dir()):
            raise SetupError(
                f"--{option} {path} cannot be written.", expected="a file in a folder that there is"
            )


def measured(options: argparse.Namespace, team: Actor, suite: Suite) -> Evaluation:
    """Evaluate; who interrupts it is told what was made until then.

    Raises:
        AgentkitError: it could not be measured. KeyboardInterrupt: somebody interrupted it.
    """
    log = MemoryLog() if options.recorded else open_log(options.log)
    try:
        return asyncio.run(
            evaluate(
                team,
                suite,
                trials=options.trials,
                budget_usd=options.budget_usd,
                concurrency=options.concurrency,
                log=log,
                on_progress=told,
            )
        )
    except KeyboardInterrupt:
        part = so_far(team, suite, log)
        if part is not None:
            print(for_terminal(str(part)))
        print("agentkit: interrupted; the same command goes on, and what is recorded is not paid"
              " again", file=sys.stderr)  # fmt: skip
        raise


@contextmanager
def replies(options: argparse.Namespace) -> Iterator[list[str]]:
    """Take all replies from a recording, if there is to be one; no endpoint is asked then.

    Yields:
        What is to be said of it, once all is asked.

    Raises:
        SetupError: there is none, or no reply in it. RealEndpointAsked, NotRecorded: from the asks.
    """
    told: list[str] = []
    if not options.recorded:
        yield told
        return
    model = RecordedModel(options.recorded, other_instructions=options.other_instructions)
    with forbid_real_endpoints(), stand_in(model):
        yield told
        exact = len(model.requests) - model.outdated.total()
        parts = [f"{exact} asks were answered as they were recorded in {options.recorded}"]
        parts += [f"{n} of {actor} as under other instructions"
                  for actor, n in model.outdated.items()]  # fmt: skip
        told.append(f"{', '.join(parts)}. Nothing was paid; costs and times are no new ones.")


def perform(options: argparse.Namespace) -> int:
    """Evaluate, write what was asked for, and return the exit status.

    Raises:
        AgentkitError: it could not be measured.
    """
    team, suite = team_and_suite(options.what)
    before = stored(options.baseline) if options.baseline else None
    checked(options, suite, before)
    with replies(options) as told:
        result = measured(options, team, suite)
    now = baseline_of(result, suite)
    change = regression(now, before) if before else None
    more = [*told, *([change.to_markdown()] if change else [])]
    parts = [result.to_markdown(), *map(for_line, told), *more[len(told) :]]
    print(for_terminal("\n\n".join([str(result), *more])))
    for path, text in (
        (options.save if result.complete else None, now.model_dump_json(indent=1)),
        (options.markdown, "\n\n".join(parts)),
        (options.junit, junit(result)),
    ):
        if path:
            Path(path).write_text(text + "\n", encoding="utf-8")
    if not result.complete:
        print("agentkit: not every trial was made and scored", file=sys.stderr)
        if options.save:
            kept = "is as it was" if Path(options.save).exists() else "was not written"
            print(f"agentkit: {options.save} {kept}", file=sys.stderr)
        return WRONG
    low = options.at_least is not None and result.accuracy < options.at_least
    return WORSE if low or (change and change.worse) else 0


def main(argv: Sequence[str]) -> int:
    """Run the command; errors go to stderr as text."""
    options = parser().parse_args(argv)
    try:
        return perform(options)
    except (AgentkitError, OSError) as error:
        print(for_terminal(f"agentkit: {error_text(error)}"), file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        return 130
