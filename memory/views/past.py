"""State at a past event: what a run had written itself, and what the shared state it used held.

A run is a list of events; its state at event n is the fold of the first n of them. Of a
board or other shared state the run tells, with each read and write, how far it was; what it
held then is the fold of that stream, up to there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentkit import Log, open_log
from agentkit.errors import SetupError
from agentkit.events import (
    Event,
    Noted,
    RunStarted,
    ScopeClosed,
    ScopeOpened,
    StateChanged,
    StepEnded,
    StepStarted,
)
from agentkit.log import RunInfo
from agentkit.messages import JSON
from memory.journal import JOURNALS, SNAPSHOT, Journal
from memory.past import StateAt

OWN = "the run"
"""Where values stand that the run itself changed."""


def state_at(name: str, seq: int | None = None, *, log: Log | None = None) -> StateAt:
    """The state of a run, or of a board or other shared state, after an event.

    Args:
        name: id of a run, the start of one, "last", or the name of a shared state.
        seq: number of the event; the newest without one.
        log: where it is; the default log without one.

    Raises:
        UnknownRun: nothing is called so. SetupError: there was no such event.
    """
    log = log or open_log()
    streams = log.runs(streams=True)
    found = next((info for info in streams if name in (info.id, info.name)), None)
    if found is None:
        run = log.find(name)
        found = next(info for info in log.runs() if info.id == run)
    if seq is None:
        seq = found.events
    if not 1 <= seq <= found.events:
        raise SetupError(f"{name} has no event {seq}.", expected=f"1 to {found.events}")
    return of_stream(log, found, seq) if found.what == "stream" else of_run(log, found.id, seq)


def of_run(log: Log, run: str, seq: int) -> StateAt:
    """The state of a run: what it changed itself, and the shared state as it last saw it."""
    values: dict[str, dict[str, JSON]] = {}
    seen: dict[str, int] = {}
    changes = []
    names = {info.id: info.name for info in log.runs(streams=True)}
    events = log.read(run, 0, seq)
    for event in events:
        if isinstance(event, StateChanged):
            values.setdefault(OWN, {})[event.name] = event.value
            changes.append(event.seq)
        elif (place := used(event)) is not None:
            stream, n = place
            if stream in names and n > seen.get(stream, 0):
                seen[stream] = n
                changes.append(event.seq)
    unread = {}
    for stream, n in seen.items():
        journal = opened(log, names[stream])
        if journal is None:
            unread[names[stream]] = n
        else:
            values |= journal.shown(n)
    return StateAt(
        name=started_in(events).name,
        seq=seq,
        after_s=events[-1].at - events[0].at,
        event=told(events[-1]),
        values=values,
        changes=tuple(changes),
        unread=unread,
    )


def started_in(events: Sequence[Event]) -> RunStarted:
    """The event that a run begins with."""
    return next(event for event in events if isinstance(event, RunStarted))


def of_stream(log: Log, stream: RunInfo, seq: int) -> StateAt:
    """The state of a shared state."""
    name, journal = stream.name, opened(log, stream.name)
    events = log.read(stream.id, 0, seq)
    past = [e for e in events if isinstance(e, StateChanged)]
    changes = [e.seq for e in past if e.name != SNAPSHOT]
    return StateAt(
        name=name,
        seq=seq,
        after_s=events[-1].at - events[0].at,
        event=told(events[-1]),
        values=journal.shown(seq) if journal else {},
        changes=tuple(changes),
        unread={} if journal else {name: seq},
    )


def used(event: Any) -> tuple[str, int] | None:
    """The stream that a step of a memory read or wrote, and how far that was."""
    if isinstance(event, StepEnded) and event.status == "ok" and isinstance(event.result, dict):
        stream, seq = event.result.get("stream"), event.result.get("seq")
        if isinstance(stream, str) and isinstance(seq, int):
            return stream, seq
    return None


def opened(log: Log, name: str) -> Journal[Any] | None:
    """The journal of the stream of that name, if somebody opened it in this process."""
    found = JOURNALS.get((id(log), name))
    return found if found is not None and found.log is log else None


def told(event: Any) -> str:
    """An event in a few words."""
    match event:
        case StepStarted() | StepEnded():
            return f"{event.kind} {event.name}"
        case StateChanged():
            return f"{event.kind} {event.name}"
        case Noted():
            return f"{event.kind} {event.topic}"
        case ScopeOpened() | ScopeClosed():
            return f"{event.kind} {event.scope}".strip()
    return str(event.kind)
