"""What the runs of one origin know: those that a run goes back to, and their other offspring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from agentkit.budget import CallRefused
from agentkit.doubts import in_doubt, spoken_of
from agentkit.errors import LogCorrupt
from agentkit.events import Noted, RunEnded, RunStarted, StepStarted
from agentkit.log import Log
from agentkit.past import Forked, Fresh, Past, Rerun
from agentkit.record import Recorded, edited, recorded


def beginning_of(events: Iterable[Any], run: str) -> RunStarted:
    """The event that a run begins with.

    Raises:
        LogCorrupt: it has none.
    """
    found = next((one for one in events if isinstance(one, RunStarted)), None)
    if found is None:
        raise LogCorrupt(
            f"Run {run} has no event that begins it, so nobody knows what was asked.",
            expected="a log as it was written",
            todo="`agentkit log verify` says what else is wrong; restore a copy",
            run_id=run,
        )
    return found


def held_back(events: Sequence[Any]) -> bool:
    """Whether a budget refused a call, so that with another one a run that ended goes on."""
    return any(isinstance(e, Noted) and isinstance(e.note, CallRefused) for e in events)


def ended_well(events: Sequence[Any]) -> bool:
    """Whether the last attempt at a run came to its end."""
    last = next((e for e in reversed(events) if isinstance(e, RunStarted | RunEnded)), None)
    return isinstance(last, RunEnded) and last.status == "ok"


def begun_with(log: Log, start: RunStarted | None, events: Sequence[Any] | None) -> Past:
    """What a run knew when it was begun; see `ancestry`."""
    if start is None or start.how not in ("rerun", "fork"):
        return Fresh()
    before = recorded(ancestry(log, start, events))
    return Rerun(before) if start.how == "rerun" else Forked(before)


def ancestry(
    log: Log,
    start: RunStarted | None,
    events: Sequence[Any] | None = None,
    *,
    way: frozenset[str] = frozenset(),
) -> list[Any]:
    """The events of the runs that a run goes back to, oldest first, as forks cut and edited them.

    Args:
        log: where they are; one that is gone counts as empty.
        start: how the run began.
        events: of the run that it goes back to, where they were read already.
        way: the runs gone through; a log made to mislead may lead in a circle.
    """
    if start is None or start.origin is None or start.origin.run in way:
        return []
    if not log.has(start.origin.run):
        return []
    if events is None:
        log.trust(start.origin.run)
    found = list(log.read(start.origin.run) if events is None else events)
    own = next((e for e in found if isinstance(e, RunStarted)), None)
    if start.how == "fork":
        given = {**(start.edits or {}), **(start.edited or {})}.items()
        edits = {int(seq) if seq.isdigit() else seq: new for seq, new in given}
        found = edited(found, start.origin.seq, edits)
    return [*ancestry(log, own, way=way | {start.origin.run}), *found]


def others_of(log: Log, run: str, but: str) -> list[Recorded]:
    """What the runs of one origin recorded, but for one of them."""
    origins = {info.id: info.origin for info in log.runs()}

    def root(one: str) -> str:
        way = {one}  # a log made to mislead may lead in a circle
        while (origin := origins.get(one)) is not None and origin not in way:
            way.add(one := origin)
        return one

    kin = [one for one in origins if one != but and root(one) == root(run)]
    return [recorded(log.read(one)) for one in kin]


def doubts_of(log: Log, run: str) -> list[StepStarted]:
    """The `once` steps of a run that may have happened, and that a person must speak of."""
    events = log.read(run)
    first = next((e for e in events if isinstance(e, RunStarted)), None)
    own = (recorded(events), recorded(ancestry(log, first)))
    records = (*own, *others_of(log, run, run)) if in_doubt(own) else own
    return [one for one in in_doubt(records) if not spoken_of(records, one)]
