"""%stop and %resume for runs of a fleet: one, those of a batch, or all."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agentkit.amounts import count
from agentkit.errors import AgentkitError, SetupError
from nbext.magics.fleet import NAME, held
from nbext.options import Line, Option
from nbext.session import Session
from nbext.table import Told

if TYPE_CHECKING:
    from agentkit.fleet import Fleet
    from agentkit.log import Log

OF_FLEET = Option(
    name="--fleet", help="runs of this notebook's fleet: RUN may be a batch; all without one"
)


def fleet_meant(session: Session, line: Line) -> Fleet | None:
    """The fleet whose runs a line means: by --fleet, or by a name that only its log knows.

    Raises:
        SetupError: this notebook has no fleet.
    """
    if line.has(OF_FLEET.name):
        return held(session)
    if not line.words or NAME not in session.namespace:
        return None
    (word,) = line.words
    if word == "last" or any(
        info.id.startswith(word) or info.id.endswith(word) for info in session.log.runs()
    ):
        return None
    try:
        found = held(session)
        batch_ids(found.log, word)
    except AgentkitError:
        return None
    return found


def batch_ids(log: Log, word: str) -> list[str]:
    """The ids of a batch of that name, or of the one run that a word names.

    Raises:
        UnknownRun: there is neither.
    """
    from agentkit.fleet.fleet import MARK

    batch = [info.id for info in log.runs() if info.id.rpartition(MARK)[0] == word]
    return sorted(batch) or [log.find(word)]


def chosen(log: Log, line: Line) -> list[str]:
    """The runs that a line names; without a name all that have not answered."""
    if line.words:
        return batch_ids(log, line.words[0])
    return [info.id for info in log.runs() if info.status != "ok"]


async def stop_theirs(fleet: Fleet, line: Line) -> Told:
    """Stop runs, whichever workers have them."""
    log, who = fleet.log, f"stopped by {somebody()}"

    def stopped() -> int:
        return sum(log.work.stop(one, who) for one in chosen(log, line))

    n = await asyncio.to_thread(stopped)
    if not n:
        return Told(text="None of these runs is open.")
    return Told(
        text=f"Stopped {runs(n)} of the fleet: nothing that a worker does there from now on is"
        f" recorded. {again(line)} goes on."
    )


async def resume_theirs(fleet: Fleet, line: Line) -> Told:
    """Offer runs anew to the workers that failed or were stopped.

    Raises:
        SetupError: the one that is named waits for a person, or the line says more than a name.
    """
    if others := sorted({*line.given} - {OF_FLEET.name}) or (["->"] if line.binding else []):
        raise SetupError(
            f"%resume {OF_FLEET.name} has workers go on, and takes no {others[0]}.",
            todo="in this kernel: await ACTOR.resume(RUN, log=fleet.log, ...)",
        )
    log = fleet.log

    def offered() -> tuple[int, Sequence[str]]:
        ids = chosen(log, line)
        states = log.work.outcomes(ids)
        wait = [one for one in ids if states.get(one) == "waiting"]
        ended = [one for one in ids if states.get(one) in ("dead", "stopped")]
        return sum(log.work.retry(one) for one in ended), wait

    n, waiting = await asyncio.to_thread(offered)
    if waiting and line.words and not n:
        raise SetupError(
            f"Run {waiting[0]} waits for a person: {await asyncio.to_thread(why, log, waiting[0])}",
            todo=f"await ACTOR.resume({waiting[0]!r}, log=fleet.log, settle={{KEY: RESULT}}), or"
            " answer what it asks",
        )
    verb = "waits" if len(waiting) == 1 else "wait"
    more = f" {runs(len(waiting))} {verb} for a person." if waiting else ""
    if not n:
        return Told(text=f"None of these runs has failed or was stopped.{more}")
    return Told(
        text=f"Offered {runs(n)} anew to the workers; what is recorded is not performed again."
        + more
    )


def why(log: Log, run: str) -> str:
    """What a run waits for, in its first line."""
    told = log.work.state(run)
    return next(iter(told[1].splitlines()), "") if told is not None else ""


def again(line: Line) -> str:
    """The magic that goes on with what a line has stopped."""
    return " ".join(["%resume", OF_FLEET.name, *line.words])


def runs(n: int) -> str:
    """So many runs, in words."""
    return f"{count(n)} run{'s' if n != 1 else ''}"


def somebody() -> str:
    """Who works here."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may know no names
        return "somebody"
