"""Opening a run: a new one, or one that goes on from what a log has recorded."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from agentkit.budget import CallRefused, checked
from agentkit.committing import LOCK_S
from agentkit.doubts import Doubts, in_doubt, spoken_of
from agentkit.errors import LogLocked, SetupError, error_text
from agentkit.events import STREAMS, Noted, Ref, RunEnded, RunStarted, StepStarted, Usage, uuid7
from agentkit.lease import LEASE_S, Lease
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import JSON, Content, jsonable
from agentkit.parts import as_content
from agentkit.past import Finished, Forked, Fresh, Past, Replayed, Rerun
from agentkit.place import here
from agentkit.record import Recorded, edited, recorded
from agentkit.resumed import Resumed
from agentkit.run import Run
from agentkit.scope import within
from agentkit.step import PAID


@contextlib.asynccontextmanager
async def run(
    name: str = "",
    *,
    log: Log | None = None,
    budget_usd: float | None = None,
    budget_tokens: int | None = None,
    seed: int | None = None,
    resume: str | None = None,
    rerun: str | None = None,
    replay: str | None = None,
    fork: str | None = None,
    at: int | None = None,
    edit: dict[Any, Any] | None = None,
    settle: dict[str, JSON] | None = None,
    extend: bool = False,
    id: str | None = None,
    actor: str | None = None,
    task: JSON = None,
    output: JSON = None,
    sample: int = 0,
    arguments: JSON = None,
    model: str | None = None,
) -> AsyncIterator[Run]:
    """Open a run; every ask inside belongs to it.

    Args:
        name: shown in lists.
        log: where its events go; the default log without one.
        budget_usd: a model is called only if the most that it may cost fits, with what is
            spent and what other calls have reserved; see `agentkit.budget`.
        budget_tokens: the same for tokens, in and out. A run opened inside another one is
            bound by both.
        seed: given to the endpoints and to `random`.
        resume: go on with this run; what it recorded is not performed again. One that has
            finished performs and writes nothing more; asks give what they gave. Where a
            budget held it back, it goes on when another one is given.
        rerun: a new run that reuses the steps of this one whose key is unchanged.
        replay: perform and write nothing; every step must be recorded in this run.
        fork: a new run that shares the steps of this one up to event `at`.
        at: seq of the last event shared; by default the last one, so that only what is
            downstream of an edit is performed.
        edit: for a fork: {seq of a step.ended: its new text or result}.
        settle: {tool name or step key: result, or NOT_DONE}, what a person says of steps in
            doubt; by name only where one step of that name is in doubt. Each word is about
            the attempt that was asked about, and about no later one.
        extend: let a run that is resumed although it has finished perform more, as a study
            that gets further questions does.
        id: the run's id; a new UUIDv7 by default.
        actor, task, output, sample, arguments, model: what is asked, kept so that the ask can be
            repeated.

    Raises:
        UnknownRun, RunTaken: the run named cannot be read, or resumed now.
        LogCorrupt: it, or a run that it goes back to, is not as it was recorded.
        Unsettled: `once` steps may have happened; all are named before anything is performed.
        SetupError: options that exclude each other, or a budget that is none.
    """
    checked(budget_usd, budget_tokens)
    checked_words(at=at, edit=edit, settle=settle, seed=seed)
    checked_id(id)
    edits, contents = as_kept(edit)
    content = as_content(task)
    task = task if content is None else str(content)
    log = log or open_log()
    source = one_of(resume=resume, rerun=rerun, replay=replay, fork=fork)
    if not fork and (at is not None or edit):
        raise SetupError(
            "at= and edit= are about a fork, and this run is none.",
            expected="them beside fork=",
            todo="actor.fork(run_id, at=..., edit=...)",
        )
    if settle and not (resume or rerun or fork):
        raise SetupError(
            f"settle= speaks of {', '.join(settle)}, and this run goes back to no other.",
            expected="it beside resume=, rerun= or fork=",
        )
    if source:
        await log.settled()
        log.trust(source)
    events = log.read(source) if source else []
    more = bool(resume) and (budget_usd or budget_tokens) is not None and held_back(events)
    finished = bool(resume) and ended_well(events) and not (more or extend)
    lease = None
    if not replay and not finished:
        id = resume or id or uuid7()
        lease = await claimed(log, id) if resume else log.begin(id)
        if resume:
            events += log.read(resume, after=events[-1].seq if events else 0)
    first = next((e for e in events if isinstance(e, RunStarted)), None)
    last = next((e for e in reversed(events) if isinstance(e, RunStarted)), None)
    kept = last if resume or replay else None
    start = RunStarted(
        run=id or source or "",
        seq=(events[-1].seq if resume and events else 0) + 1,
        at=log.clock(),
        scope="",
        name=name
        or (first.name if first and first.task == task else "")
        or (titled(actor, task) if actor else "run"),
        actor=actor,
        task=task,
        content=content,
        output=output,
        sample=sample,
        arguments=arguments or None,
        model=model,
        origin=Ref(run=source, seq=at or events[-1].seq) if source and (rerun or fork) else None,
        edits=edits or None,
        edited=contents,
        how="resume" if resume else "rerun" if rerun else "fork" if fork else "ask",
        seed=seed if seed is not None else last.seed if last else None,
        budget_usd=budget_usd if budget_usd is not None else kept.budget_usd if kept else None,
        budget_tokens=budget_tokens
        if budget_tokens is not None
        else kept.budget_tokens
        if kept
        else None,
        place=here(),
    )
    past: Past = Fresh()
    if finished:
        past = Finished(start.run, recorded(events), tuple(events))
    elif replay:
        past = Replayed(start.run, recorded(events))
    elif source:
        past = begun_with(log, *((first, None) if resume else (start, events)))
        if resume:
            past = Resumed(start.run, recorded(events), past, more=more)
        others = functools.partial(others_of, log, source, start.run)
        past.doubts = Doubts(start.run, start.how, past.records, others, settle or {})
    current = Run(log, lease, start, past)
    if resume:
        charge(current, past.records[0])
    if lease:
        log.append(lease, start)
    beat = heartbeat(log, lease) if lease else None
    failure: BaseException | None = None
    try:
        if not edit:
            # What is edited may lead elsewhere; then a doubt is put where it is met.
            current.judge()
        with within(current, current.root):
            yield current
    except BaseException as error:
        failure = error
        raise
    finally:
        if beat:
            beat()
        current.end(failure)
        if lease and failure is not None:
            log.catch_up()
        elif lease:
            await current.flush()


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


def charge(current: Run, own: Recorded) -> None:
    """Enter what earlier attempts at a run have paid."""
    for lost in own.cut:
        current.root.spend(lost.usage or Usage(), lost.cost_usd)
    if current.budget.limited:
        for end in own.ended.values():
            if end.step in PAID and end.usage is not None and end.reused is None:
                current.beside.spend(end.usage, end.cost_usd)


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
        given = {**(start.edits or {}), **start.edited}.items()
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


def titled(actor: str, task: JSON) -> str:
    """A run's name in lists: who was asked what."""
    lines = ("" if task is None else str(task)).strip().splitlines() or [""]
    cut = lines[0] if len(lines[0]) <= 60 else lines[0][:59] + "…"
    return f"{actor}: {cut}".removesuffix(": ")


WORDS: dict[str, tuple[type, str]] = {
    "at": (int, "the seq of an event, a whole number from 1"),
    "edit": (dict, "{seq of a step.ended: its new text or result}, or {'task': the new task}"),
    "settle": (dict, "{tool name or step key: result, or NOT_DONE}"),
    "seed": (int, "a whole number"),
}
"""Options of a run that the record keeps or a fork looks up, with what each may be."""


def checked_words(**given: Any) -> None:
    """See to it that options are of their kind, before a run is begun or taken over for them.

    Raises:
        SetupError: one is not.
    """
    for name, value in given.items():
        kind, expected = WORDS[name]
        if value is None:
            continue
        early = name == "at" and isinstance(value, int) and value < 1
        if early or type(value) is bool or not isinstance(value, kind):
            raise SetupError(f"{name}={value!r} of a run cannot be.", expected=expected)


def checked_id(id: str | None) -> None:
    """See to it that a run is not called as streams are.

    Raises:
        SetupError: it would be.
    """
    if id is not None and id.startswith(STREAMS):
        raise SetupError(
            f"A run cannot be called {id!r}: so are streams of shared state.",
            expected=f"an id that does not begin with {STREAMS!r}, or none",
        )


def as_kept(edit: dict[Any, Any] | None) -> tuple[dict[str, JSON], dict[str, Content]]:
    """The edits of a fork as its record keeps them: JSON, and contents with parts.

    Raises:
        SetupError: a result has no JSON form.
    """
    given = {str(seq): new for seq, new in (edit or {}).items() if seq != "task"}
    contents = {seq: content for seq, new in given.items() if (content := as_content(new))}
    try:
        return {seq: jsonable(new) for seq, new in given.items() if seq not in contents}, contents
    except ValueError as error:
        raise SetupError(
            f"An edit of a fork has no JSON form: {error_text(error)}.", expected=WORDS["edit"][1]
        ) from error


def one_of(**sources: str | None) -> str | None:
    """The one run named, or None.

    Raises:
        SetupError: several.
    """
    given = {how: run for how, run in sources.items() if run}
    if len(given) > 1:
        raise SetupError(f"A run cannot {' and '.join(given)} at once.", expected="one of them")
    return next(iter(given.values()), None)


async def claimed(log: Log, run: str) -> Lease:
    """The lease of an earlier run; a locked log is tried for as long as an append is.

    Raises:
        UnknownRun, RunTaken, LogLocked: it cannot be had.
    """
    end = time.monotonic() + LOCK_S
    while True:
        try:
            return log.claim(run)
        except LogLocked:
            if time.monotonic() > end:
                raise
        await asyncio.sleep(0.02)


def heartbeat(log: Log, lease: Lease) -> Callable[[], None]:
    """Renew the lease until the function returned is called."""
    loop = asyncio.get_running_loop()
    handle: asyncio.TimerHandle | None = None

    def beat() -> None:
        nonlocal handle
        log.append(lease)
        handle = loop.call_later(LEASE_S / 3, beat)

    handle = loop.call_later(LEASE_S / 3, beat)
    return lambda: handle.cancel() if handle else None
