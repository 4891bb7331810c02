"""What made what, across processes: a run that a step of another run elsewhere began.

A call that leaves this process takes the trace context of the W3C along, and a run that such a call
begins names it (`RunStarted.cause`). All ids are made from the run and the key of the step, so the
caller's log and the other one fit together whenever they are read, and a resumed run says the same.

Source: W3C Recommendation, Trace Context (2021), sections 3.2 and 3.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import NamedTuple

from agentkit.events import Cause, RunStarted
from agentkit.messages import digest

PARENT, STATE = "traceparent", "tracestate"

OURS = "agentkit"
"""Our key in the trace state: the run and the step there."""

FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
MEMBER = re.compile(
    r"(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
    r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
PLACE = re.compile(r"([A-Za-z0-9._-]{1,128}):([0-9a-f]{32})")

LONGEST, MEMBERS = 512, 32
"""Characters, and members, of a trace state that are passed on."""


class CurrentStep(NamedTuple):
    """A step that is being performed."""

    run: str
    step: str
    """Its key."""
    attempt: int
    cause: Cause | None
    """Of its run."""


performing: ContextVar[CurrentStep | None] = ContextVar("agentkit.performing", default=None)
"""The step whose work this code is part of."""

causing: ContextVar[Cause | None] = ContextVar("agentkit.cause", default=None)
"""The call from elsewhere that this code serves: a run that is opened here names it."""


class at_work:
    """Perform a step; a class, as `within` is one, because a coroutine may be closed elsewhere."""

    __slots__ = ("place", "token")

    def __init__(self, place: CurrentStep) -> None:
        self.place = place

    def __enter__(self) -> None:
        self.token = performing.set(self.place)

    def __exit__(self, *_: object) -> None:
        try:
            performing.reset(self.token)
        except ValueError:
            pass


class caused_by:
    """Serve a call from elsewhere: runs that are opened inside name it.

    with caused_by(incoming(request.headers)):
        await team(task)
    """

    __slots__ = ("cause", "token")

    def __init__(self, cause: Cause | None) -> None:
        self.cause = cause

    def __enter__(self) -> None:
        self.token = causing.set(self.cause)

    def __exit__(self, *_: object) -> None:
        try:
            causing.reset(self.token)
        except ValueError:
            pass


def trace_of(run: str, cause: Cause | None = None) -> str:
    """The trace that a run belongs to, 32 hexadecimal digits: that of its cause, or its own."""
    return cause.trace if cause is not None else digest("trace", run)


def traced(started: RunStarted) -> str:
    """The trace of a run, from its first event."""
    return trace_of(started.run, started.cause)


def span_of(run: str, *what: str) -> str:
    """The id of a span, 16 hexadecimal digits: of a run, or of what `what` names in it."""
    return digest("span", run, *what)[:16]


def step_span(run: str, key: str, attempt: int = 1) -> str:
    """The span of one attempt at a step."""
    return span_of(run, "step", key, str(attempt))


def outgoing() -> dict[str, str]:
    """The trace context of the step that is being performed, as headers; {} outside of steps."""
    place = performing.get()
    return {} if place is None else headers_of(place)


class Tracing:
    """Whether somebody follows the runs of this process as traces."""

    exporters = 0
    """How many send their spans."""


def to_model(local: bool) -> dict[str, str]:
    """What a model's endpoint is told of the step that calls it; {} where nobody traces the run.

    Args:
        local: whether the endpoint is on this machine. Another host learns nothing unless spans are
            exported here, and then ids alone: the state names runs, and what others put into it.
    """
    place = performing.get()
    if place is None or not (Tracing.exporters or (local and place.cause is not None)):
        return {}
    found = headers_of(place)
    if not local:
        found.pop(STATE, None)
    return found


def headers_of(place: CurrentStep) -> dict[str, str]:
    """The trace context of a step."""
    run, key, attempt, cause = place
    found = {PARENT: f"00-{trace_of(run, cause)}-{step_span(run, key, attempt)}-01"}
    members = [f"{OURS}={run}:{key}"] if PLACE.fullmatch(f"{run}:{key}") else []
    members += [cause.state] if cause is not None and cause.state else []
    if members:
        found[STATE] = ",".join(members)
    return found


def incoming(given: Mapping[str, object] | None) -> Cause | None:
    """The call that began this, from headers or `_meta`; None where they say nothing that holds.

    Args:
        given: `traceparent` and `tracestate` among other things. They are words of a peer: what
            is malformed counts as not given, as the recommendation has it.
    """
    said = (given or {}).get(PARENT)
    if not isinstance(said, str) or (found := FORM.fullmatch(said.strip())) is None:
        return None
    version, trace, span, _, more = found.groups()
    if version == "ff" or (version == "00" and more) or not (trace.strip("0") and span.strip("0")):
        return None
    state = (given or {}).get(STATE)
    run, step, rest = state_of(state if isinstance(state, str) else "")
    return Cause(trace=trace, span=span, run=run, step=step, state=rest)


def state_of(said: str) -> tuple[str, str, str]:
    """Run and step that a trace state names, and its other members."""
    run = step = ""
    others: dict[str, str] = {}
    for member in (one.strip() for one in said[: LONGEST * 4].split(",")):
        if not MEMBER.fullmatch(member):
            continue
        name, _, value = member.partition("=")
        if name != OURS:
            others.setdefault(name, member)
        elif not run and (found := PLACE.fullmatch(value)) is not None:
            run, step = found.groups()
    kept: list[str] = []
    for member in list(others.values())[: MEMBERS - 1]:
        # Ours goes before them, and whole members are left out rather than cut.
        if len(",".join([*kept, member])) <= LONGEST - 200:
            kept.append(member)
    return run, step, ",".join(kept)
