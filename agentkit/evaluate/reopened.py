"""An evaluation read from its log alone, also one that was interrupted or that a budget ended."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from agentkit.actor import Actor
from agentkit.deprecated import moved
from agentkit.errors import LogCorrupt, SetupError
from agentkit.evaluate.compare import last_called
from agentkit.evaluate.evaluating import KIND, name_of
from agentkit.evaluate.evaluation import Evaluation, Scored
from agentkit.evaluate.ledger import TrialScored, TrialsScored, TrialsStopped, recorded
from agentkit.evaluate.queue import Unfinished
from agentkit.evaluate.scorers import Score
from agentkit.evaluate.suite import Suite
from agentkit.events import Noted, RunStarted
from agentkit.log import Log
from agentkit.logs import open_log


def so_far(team: Actor, suite: Suite, log: Log) -> Evaluation | None:
    """Return what the last evaluation of a team on a suite has made; None if none was begun.

    Args:
        team, suite: as `evaluate` was given them, without a name.
        log: where it was recorded.
    """
    begun = last_called(log, name_of(team, suite), KIND)
    return None if begun is None else reopen(begun, log)


def reopen(run_id: str, log: Log | None = None) -> Evaluation:
    """Return an earlier evaluation from its log alone, without the suite and without asking.

    Args:
        run_id: of the evaluation.
        log: where it was recorded; the default log without one.

    Raises:
        UnknownRun: there is no such run. SetupError: it is none of an evaluation.
        LogCorrupt: what it recorded cannot be read as one.
    """
    log = log or open_log()
    events = log.read(run_id)
    # It may have been gone on with by other scorers: the last beginning says by which.
    start = next((e for e in reversed(events) if isinstance(e, RunStarted)), None)
    setup = start.task if start and isinstance(start.task, dict) else {}
    if start is None or setup.get("kind") != "evaluation":
        raise SetupError(f"Run {run_id} is no evaluation.", todo="give the run_id of one")
    found: dict[tuple[str, int], Scored] = {}
    try:
        done = {one["run_id"]: one for one in recorded(events).values()}
        for note in scored_in(events):
            failed = {"text": "", "status": "failed", "error": note.error}
            found[note.question, note.seed] = Scored(
                **{**failed, **done.get(note.run_id, {})},
                contender=str(setup["contender"]),
                question=note.question,
                seed=note.seed,
                right=note.right,
                scores={n: Score.model_validate(s) for n, s in note.scores.items()},
                reused=True,
            )
        return Evaluation(
            name=start.name,
            run_id=run_id,
            suite=str(setup["suite"]),
            version=str(setup["version"]),
            contender=str(setup["contender"]),
            scorers=tuple(setup["scorers"]),
            measures=tuple(setup.get("measures", ())),
            **planned_of(setup, found.values(), stopped_in(events)),
            trials=tuple(found.values()),
        ).of_log(log)
    except (ValueError, KeyError, TypeError) as error:
        raise LogCorrupt(
            f"Run {run_id} does not hold an evaluation that can be read: {error}.",
            expected="what evaluate() records",
            run_id=run_id,
        ) from error


def stopped_in(events: Iterable[object]) -> TrialsStopped | None:
    """Return how a budget ended the last attempt at an evaluation; None where none did."""
    found = None
    for event in events:
        if isinstance(event, RunStarted):
            found = None
        elif isinstance(event, Noted) and isinstance(event.note, TrialsStopped):
            found = event.note
    return found


def planned_of(
    setup: dict[str, Any], made: Collection[Scored], stopped: TrialsStopped | None
) -> dict[str, Any]:
    """Return what was planned and not made, as fields of an evaluation; older logs do not say it.

    Raises:
        ValueError, TypeError: a log says something else.
    """
    begun = tuple(map(Unfinished.model_validate, stopped.begun)) if stopped else ()
    names = dict.fromkeys([*(one.question for one in made), *(one.question for one in begun)], "")
    most = max(per_question(made).values(), default=0)
    return {
        "questions": names,
        "planned": max(most, int(setup.get("trials", 0))),
        "unread": max(0, int(setup.get("questions", 0)) - len(names)),
        "stopped": stopped.reason if stopped else "",
        "unfinished": begun,
    }


def scored_in(events: Iterable[object]) -> Iterable[TrialScored]:
    """Return what scorers made of trials, in the order in which it was recorded.

    Raises:
        ValueError: a line says something else.
    """
    for event in events:
        note = event.note if isinstance(event, Noted) else None
        if isinstance(note, TrialScored):
            yield note
        elif isinstance(note, TrialsScored):
            yield from map(TrialScored.model_validate, note.trials)


def per_question(trials: Iterable[Scored]) -> dict[str, int]:
    """Return how many trials each question has."""
    counts: dict[str, int] = {}
    for one in trials:
        counts[one.question] = counts.get(one.question, 0) + 1
    return counts


__getattr__ = moved(__name__, {"opened": f"{__name__}:reopen"})
