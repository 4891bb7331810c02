"""Ask several at once and join their answers: all, the first, a quorum, or until enough."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Generic

from agentkit.deprecated import moved
from agentkit.errors import SetupError, safe_repr
from agentkit.messages import JSON, Frozen
from agentkit.notes import Note
from agentkit.racing import Ask, Race, Stragglers, T, Until, awaitable_of, started
from agentkit.run import current_run
from agentkit.scope import dormant, in_run, lacking, note
from agentkit.step import Outcome
from agentkit.words import for_terminal


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
        enough, needed = rule(join, len(asks), deadline_s)
        if stragglers == "duplicate" and not all(callable(ask) for ask in asks):
            raise SetupError(
                "An ask that is already made cannot be duplicated.",
                expected="functions that make asks",
                todo="gather(*[partial(worker, step) for step in steps], ...)",
            )
        if not asks:
            return Gathered([])
        if join == "all" and deadline_s is None and stragglers != "duplicate":
            # No step: which asks make this join is no matter of time, so nothing is to be recorded.
            tasks += [started(ask) for ask in asks]
            return Gathered(await asyncio.gather(*tasks))

        async def race(_key: str) -> Outcome:
            racing = Race(asks, tasks, enough, needed, stragglers)
            return Outcome(result=await racing.run(deadline_s))

        request = {"join": join if isinstance(join, str) else "until", "of": len(asks)}
        if in_run():
            # A rerun may mend what failed; any other join was satisfied without it.
            redo = wanting if join == "settled" else None
            step = current_run().step
            outcome = await step("join", "join", request, race, effect="pure", redo=redo)
        else:
            outcome = await race("")
        return await join_result(asks, tasks, outcome.result, enough)
    finally:
        # No ask outlives its join: its scope is closed in the log before the caller goes on.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for ask in asks:
            # One that was never begun warns otherwise that nobody awaited it.
            if asyncio.iscoroutine(ask):
                ask.close()


async def join_result(
    asks: Sequence[Ask], tasks: list[asyncio.Future[Any]], found: JSON, enough: Until
) -> Gathered[Any]:
    """The answers of a join that was won just now, or is on record.

    A recorded one is not won again: those that made it are asked, and find their answers in the
    record. The others are there and perform nothing, because the key of an ask counts its
    equals before it.
    """
    order, lost, copies = (found.get(name, {}) for name in ("joined", "missing", "copies"))
    places = found.get("places", order)
    if not tasks:
        for place, ask in enumerate([*asks, *(asks[index] for index in copies)]):
            tasks.append(started(ask) if place in places else dormant(awaitable_of(ask)))
    if copies:
        won = [index for index, place in zip(order, places, strict=True) if place != index]
        note(AskedTwice(asks=copies, won=tuple(won), reason="slower than the others"))
    if lost:
        note(LeftOut(reasons=lost))
    answers = [await tasks[place] for place in places]
    missing = [Missing(index=int(i), reason=why) for i, why in lost.items()]
    gathered = Gathered(answers, missing)
    if missing and not enough(answers):
        words = [f"ask {one.index + 1} of {len(asks)} ({one.reason})" for one in missing]
        lacking(*words, source=gathered)
    return gathered


def wanting(found: JSON) -> bool:
    """Whether a recorded join went on without asks that failed, which may be mended."""
    return any(why != "late" for why in found["missing"].values())


def rule(join: str | Until, count: int, deadline_s: float | None = None) -> tuple[Until, int]:
    """When a join is satisfied, and how many answers that takes at least.

    Raises:
        SetupError: an unknown join, a quorum that cannot be reached, or a deadline that is no time.
    """
    number = isinstance(deadline_s, int | float) and deadline_s == deadline_s  # which NaN is not
    if deadline_s is not None and (not number or isinstance(deadline_s, bool)):
        raise SetupError(
            f"deadline_s of a gather is {safe_repr(deadline_s)}.", expected="seconds, or None"
        )
    if callable(join):
        return join, 1
    if join == "settled":
        # Never satisfied early, so that it ends when nobody is waited for any more.
        return (lambda _: False), 1
    kind, _, size = join.partition(":") if isinstance(join, str) else ("", "", "")
    sizes = {"all": count, "first": 1, "majority": count // 2 + 1}
    needed = int(size) if kind == "quorum" and size.isdecimal() else sizes.get(kind, -1)
    if needed < 0:
        raise SetupError(
            f"There is no join {safe_repr(join)}.",
            expected="'all', 'settled', 'first', 'majority', 'quorum:k' or until(predicate)",
        )
    if count and not 1 <= needed <= count:
        raise SetupError(f"{join} of {count} asks cannot be reached.", expected=f"1 to {count}")
    return (lambda answers: len(answers) >= needed), needed


MOVED = ("ALWAYS_RAISED", "slowness", "survivable")
__getattr__ = moved(__name__, {name: f"agentkit.racing:{name}" for name in MOVED})
