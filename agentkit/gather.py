"""Ask several at once and join their answers: all, the first, a quorum, or until enough."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, Literal

from typing_extensions import TypeVar

from agentkit.errors import (
    AgentkitError,
    DeadlinePassed,
    Interrupted,
    LogError,
    SetupError,
    TooDeep,
    Unsettled,
    full_text,
)
from agentkit.messages import JSON, Frozen
from agentkit.notes import Note
from agentkit.run import current_run
from agentkit.scope import copied, dormant, in_run, lacking, note
from agentkit.step import Outcome
from agentkit.words import for_terminal

Until = Callable[[list[Any]], bool]

T = TypeVar("T", default=Any)

Ask = Awaitable[T] | Callable[[], Awaitable[T]]
"""An ask not yet awaited, or a function that makes one, as often as it is called."""

Stragglers = Literal["wait", "drop", "duplicate"]

ALWAYS_RAISED = (SetupError, LogError, Unsettled, Interrupted, TooDeep)
"""Failures that no join goes on without: they are about the run, not about one answer."""

DUPLICATE_QUANTILE, DUPLICATE_FACTOR, DUPLICATE_MIN_S = 0.75, 1.5, 0.1
"""When a straggler gets a copy: this share has answered, it has taken this many times their
median, and at least this long. The defaults of Apache Spark 3's speculation.quantile,
.multiplier and .minTaskRuntime (Spark 4 waits longer)."""


class AskedTwice(Note):
    """Asks that took much longer than the others were made a second time."""

    topic = "duplicate"
    asks: tuple[int, ...]
    won: tuple[int, ...]
    """Those whose second ask was faster."""
    reason: str = ""


class LeftOut(Note):
    """A join went on without some of its asks."""

    topic = "missing"
    grave = True
    whole = "reasons"
    reasons: dict[str, JSON]
    """Why, by the number of the ask."""


class Missing(Frozen):
    """An answer that a join went on without."""

    index: int
    """Which of the asks, from 0."""
    reason: str
    """"late", or what went wrong."""


class Gathered(list[T], Generic[T]):
    """The answers, in the order of the asks, and what is missing among them."""

    def __init__(self, answers: Sequence[T], missing: Sequence[Missing] = ()) -> None:
        super().__init__(answers)
        self.missing = list(missing)

    def __repr__(self) -> str:
        lost = "".join(f"\nmissing {m.index}: {m.reason}" for m in self.missing)
        return for_terminal(f"{list(self)!r}{lost}")


def until(predicate: Until) -> Until:
    """Join as soon as the predicate holds for the answers so far."""
    return predicate


async def gather(
    *asks: Ask[T],
    join: str | Until = "all",
    deadline_s: float | None = None,
    stragglers: Stragglers = "drop",
) -> Gathered[T]:
    """Wait for several asks at once.

    Args:
        asks: each not yet awaited: gather(*[worker(step) for step in steps]); or
            functions that make one: gather(*[partial(worker, step) for step in steps]).
        join: "all"; "settled": all have answered or failed; "first" answer; "quorum:k";
            "majority"; or until(predicate) over the answers so far.
        deadline_s: seconds after which it goes on with what there is.
        stragglers: once joined, "drop" cancels the others (their cost is counted), "wait"
            lets them finish first. With "wait" a deadline that passes is an error.
            "duplicate" drops too, and asks a second time what takes much longer than the
            others did (backup tasks: Dean & Ghemawat 2004, MapReduce, section 3.6); the
            first of the two to answer counts. It needs functions. A copy that comes to a
            `once` step, or to a question to a person, goes no further: the first ask counts.

    Returns:
        The answers, and in `.missing` every one that is not among them. With join="all"
        and no deadline nothing is ever missing: the first failure is raised, and the
        others are cancelled. Where it went on before the join was satisfied, because the
        time was up or asks failed, the answer of the pattern that gathers says so, too
        (`Answer.missing`); `discard(found)` takes that back.

    Raises:
        DeadlinePassed: no more can come in time, and the join is not satisfied.
        AgentkitError: so many failed that the join cannot be satisfied; the last failure.
        SetupError: a quorum that is 0 or larger than the number of asks, or asks that
            cannot be duplicated.
    """
    tasks: list[asyncio.Future[Any]] = []
    try:
        enough, needed = rule(join, len(asks))
        if stragglers == "duplicate" and not all(callable(ask) for ask in asks):
            raise SetupError(
                "An ask that is already made cannot be duplicated.",
                expected="functions that make asks",
                todo="gather(*[partial(worker, step) for step in steps], ...)",
            )
        if not asks:
            return Gathered([])
        if join == "all" and deadline_s is None and stragglers != "duplicate":
            tasks += [started(ask) for ask in asks]
            return Gathered(await asyncio.gather(*tasks))

        async def race(_key: str) -> Outcome:
            return Outcome(result=await _race(asks, tasks, enough, needed, deadline_s, stragglers))

        request = {"join": join if isinstance(join, str) else "until", "of": len(asks)}
        if in_run():
            redo = wanting if join == "settled" else None
            step = current_run().step
            outcome = await step("join", "join", request, race, effect="pure", redo=redo)
        else:
            outcome = await race("")
        joined, lost, copies = (outcome.result.get(k, {}) for k in ("joined", "missing", "copies"))
        places = outcome.result.get("places", joined)
        if not tasks:
            for place, ask in enumerate([*asks, *(asks[index] for index in copies)]):
                tasks.append(started(ask) if place in places else dormant(made(ask)))
        if copies:
            won = [index for index, place in zip(joined, places, strict=True) if place != index]
            note(AskedTwice(asks=copies, won=tuple(won), reason="slower than the others"))
        if lost:
            note(LeftOut(reasons=lost))
        answers = [await tasks[place] for place in places]
        missing = [Missing(index=int(i), reason=why) for i, why in lost.items()]
        found = Gathered(answers, missing)
        if missing and not enough(answers):
            words = [f"ask {one.index + 1} of {len(asks)} ({one.reason})" for one in missing]
            lacking(*words, source=found)
        return found
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for ask in asks:
            if asyncio.iscoroutine(ask):
                ask.close()


def made(ask: Ask) -> Awaitable[Any]:
    """The ask, ready to be awaited."""
    return ask() if callable(ask) else ask


def started(ask: Ask) -> asyncio.Future[Any]:
    """The ask as a task of its own."""
    return asyncio.ensure_future(made(ask))


async def _race(
    asks: Sequence[Ask],
    tasks: list[asyncio.Future[Any]],
    enough: Until,
    needed: int,
    deadline_s: float | None,
    stragglers: Stragglers,
) -> dict[str, JSON]:
    """Which asks made it, and why the others did not; the order of arrival is recorded."""
    loop = asyncio.get_running_loop()
    begin = loop.time()
    end = None if deadline_s is None else begin + deadline_s
    ended: asyncio.Queue[int] = asyncio.Queue()

    gave_up = set[int]()
    """Copies that came to a step that must not happen twice."""

    def watched(task: asyncio.Future[Any]) -> int:
        place = len(tasks)
        tasks.append(task)
        task.add_done_callback(lambda _: ended.put_nowait(place))
        return place

    def start(index: int) -> int:
        return watched(started(asks[index]))

    def copy(index: int) -> int:
        place = len(tasks)

        def give_up() -> None:
            gave_up.add(place)
            tasks[place].cancel()

        return watched(copied(made(asks[index]), give_up))

    waiting = {index: [start(index)] for index in range(len(asks))}
    copies: list[int] = []
    arrived: dict[int, int] = {}
    took: list[float] = []
    failed: dict[int, BaseException] = {}
    joined = False
    while waiting and (not joined or stragglers == "wait"):
        slow = begin + slowness(took, len(asks)) if stragglers == "duplicate" else None
        if slow is not None and set(waiting) <= set(copies):
            slow = None
        if slow is not None and loop.time() >= slow:
            for index in [index for index in waiting if index not in copies]:
                waiting[index].append(copy(index))
                copies.append(index)
            continue
        wakes = [at for at in (end, slow) if at is not None and at != float("inf")]
        done = await next_of(ended, min(wakes) if wakes else None)
        if not done and end is not None and loop.time() >= end:
            if stragglers == "wait" and not joined:
                raise DeadlinePassed(
                    f"{len(waiting)} of {len(asks)} asks took over {deadline_s:g} s."
                )
            break
        for place in done:
            index = place if place < len(asks) else copies[place - len(asks)]
            error = None if place in gave_up else tasks[place].exception()
            if index not in waiting:
                continue
            if error is not None and not survivable(error):
                raise error
            waiting[index].remove(place)
            if error is not None:
                failed[index] = error
            elif place not in gave_up:
                arrived[index] = place
                took.append(loop.time() - begin)
                waiting[index] = []
                failed.pop(index, None)
            if not waiting[index]:
                del waiting[index]
        joined = joined or enough([tasks[place].result() for place in arrived.values()])
        if not joined and failed and len(arrived) + len(waiting) < needed:
            raise list(failed.values())[-1]
    if not joined and not arrived:
        raise DeadlinePassed(f"None of {len(asks)} asks was answered within {deadline_s:g} s.")
    missing = {str(i): full_text(e) for i, e in failed.items()}
    missing |= {str(i): "late" for i in sorted(waiting)}
    order = sorted(arrived)
    found: dict[str, JSON] = {"joined": order, "missing": missing}
    if copies:
        found |= {"copies": copies, "places": [arrived[index] for index in order]}
    return found


def wanting(found: JSON) -> bool:
    """Whether a recorded join went on without asks that failed, which may be mended."""
    return any(why != "late" for why in found["missing"].values())


async def next_of(ended: asyncio.Queue[int], until_s: float | None) -> list[int]:
    """The tasks that ended since the last look, in their order; none when the time is up."""
    try:
        async with asyncio.timeout_at(until_s):
            done = [await ended.get()]
    except TimeoutError:
        return []
    while not ended.empty():
        done.append(ended.get_nowait())
    return sorted(done)


def survivable(error: BaseException) -> bool:
    """Whether a join may go on without the ask that failed so."""
    return isinstance(error, AgentkitError) and not isinstance(error, ALWAYS_RAISED)


def slowness(took: Sequence[float], count: int) -> float:
    """Seconds after which an ask counts as a straggler, by how long the others took."""
    if len(took) < max(1, int(DUPLICATE_QUANTILE * count)):
        return float("inf")
    return max(DUPLICATE_MIN_S, DUPLICATE_FACTOR * statistics.median(took))


def rule(join: str | Until, count: int) -> tuple[Until, int]:
    """When a join is satisfied, and how many answers that takes at least.

    Raises:
        SetupError: an unknown join, or a quorum that cannot be reached.
    """
    if callable(join):
        return join, 1
    if join == "settled":
        return (lambda _: False), 1
    kind, _, size = join.partition(":")
    sizes = {"all": count, "first": 1, "majority": count // 2 + 1}
    needed = int(size) if kind == "quorum" and size.isdecimal() else sizes.get(kind, -1)
    if needed < 0:
        raise SetupError(
            f"There is no join {join!r}.",
            expected="'all', 'settled', 'first', 'majority', 'quorum:k' or until(predicate)",
        )
    if count and not 1 <= needed <= count:
        raise SetupError(f"{join} of {count} asks cannot be reached.", expected=f"1 to {count}")
    return (lambda answers: len(answers) >= needed), needed
