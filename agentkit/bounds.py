"""Bounds of an ask or a run beside its budget: how long it may take, how much it does at once.

The time is that of one attempt: a resume has it anew. Neither bound is a part of what is asked, so
no step's identity knows of them. A call to a model waits until fewer than `concurrency` others
are under way in the ask and below it; what a call makes while it is performed needs no
further place, or it would wait for its own caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextvars import ContextVar
from typing import Any, Literal, NamedTuple, TypeVar

from agentkit.budget import checked
from agentkit.errors import DeadlinePassed, LogError, SetupError, safe_repr
from agentkit.events import QUIET, RunStarted, ScopeOpened, StepEnded, StepKind, StepStarted
from agentkit.record import Recorded
from agentkit.scope import YOU, Scope, here
from agentkit.threads import FairLock, put
from agentkit.traces import revived
from agentkit.unmet import retell_unmet

V = TypeVar("V")

SHOWN = 5
"""Calls that an error names; it counts the others."""

AT_ONCE: tuple[StepKind, ...] = ("model", "remote")
"""Kinds of step that `concurrency` is about. A trial makes runs, whose calls are counted."""

PATIENCE_S = 2.0
"""How long a call waits for a place before it asks whether those who have one still turn."""

_placed: ContextVar[tuple[Places, ...]] = ContextVar("agentkit.placed", default=())
"""The places that the calls around this code have taken."""


Contract = Literal["finish", "cancel"]
"""What becomes of calls under way when a budget is spent."""


class Bounds(NamedTuple):
    """What one ask was given."""

    deadline_s: float | None = None
    concurrency: int | None = None
    budget_usd: float | None = None
    budget_tokens: int | None = None
    budget_calls: int | None = None
    stop: Contract = "finish"
    partial: bool = False
    """Whether it answers with what there is when its budget is spent."""

    @property
    def bounds_money(self) -> bool:
        """Whether it has a budget of its own."""
        return not (self.budget_usd is self.budget_tokens is self.budget_calls is None)

    @property
    def contract(self) -> Bounds | None:
        """What holds of an ask whose run has the budget; None where a refusal is all."""
        if self.stop == "finish" and not self.partial:
            return None
        return Bounds(stop=self.stop, partial=self.partial)

    def recorded(self) -> dict[str, Any]:
        """As the beginning of the ask keeps it."""
        found = {name: one for name, one in self._asdict().items() if one is not None}
        return {name: REAL.get(name, int)(found[name]) for name in RECORDED if name in found}


REAL = {"deadline_s": float, "budget_usd": float}
"""Bounds that need not be whole numbers, and are recorded as fractions."""

RECORDED = ("deadline_s", "concurrency", "budget_usd", "budget_tokens", "budget_calls")


def bounds_of(who: str, deadline_s: float | None, concurrency: int | None, **budget: Any) -> Bounds:
    """The bounds that an ask or a run was given.

    Args:
        who: for errors.
        deadline_s, concurrency: see `Bounds`.
        budget: its other fields.

    Raises:
        SetupError: they bind nothing, or cannot be kept.
    """
    amounts = (budget.get(f"budget_{name}") for name in ("usd", "tokens", "calls"))
    checked(*amounts)
    if budget.get("stop", "finish") not in ("finish", "cancel"):
        raise SetupError(
            f"stop of {who} is {safe_repr(budget['stop'])}.", expected='"finish" or "cancel"'
        )
    number = isinstance(deadline_s, int | float) and not isinstance(deadline_s, bool)
    if deadline_s is not None and not (number and 0 < deadline_s < float("inf")):
        raise SetupError(
            f"deadline_s of {who} is {safe_repr(deadline_s)}.",
            expected="seconds, more than 0; None is no bound",
        )
    if concurrency is not None and (type(concurrency) is not int or concurrency < 1):
        raise SetupError(
            f"concurrency of {who} is {safe_repr(concurrency)}.",
            expected="a whole number of model calls at once, 1 or more; None is no bound",
        )
    return Bounds(deadline_s, concurrency, **budget)


def bind(scope: Scope, bounds: Bounds) -> None:
    """Let a scope, and all that are opened in it, be bound."""
    if bounds.concurrency is not None:
        scope.places = (*scope.places, Places(bounds.concurrency))


class Places(FairLock):
    """Places of model calls, which know the event loops of those that have one."""

    def __init__(self, places: int) -> None:
        super().__init__(places)
        self.loops: list[asyncio.AbstractEventLoop] = []

    async def take(self) -> None:
        """Wait for a place.

        Raises:
            SetupError: nobody gives one back.
        """
        if not self.taken():
            entering = asyncio.ensure_future(self.__aenter__())
            try:
                await self._given(entering)
            except BaseException:
                if not entering.cancel():
                    self.leave()  # It was given in this very moment.
                raise
        self.loops.append(asyncio.get_running_loop())

    async def _given(self, entering: asyncio.Future[None]) -> None:
        """Wait for the end of a wait, as long as those who have places can come to an end."""
        while True:
            heard: list[bool] = []
            for loop in (loops := set(self.loops)):
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(heard.append, True)
            if (await asyncio.wait({entering}, timeout=PATIENCE_S))[0]:
                return
            if loops and not heard:
                raise SetupError(
                    "A model call waits for its place (concurrency=) after calls of an event loop"
                    " that stands still.",
                    expected="`await agent(task)` wherever an event loop runs",
                    todo="run_sync there, and whatever else blocks, holds up all that goes on"
                    " beside it, and so the calls that it waits for",
                )

    def give_back(self) -> None:
        """Let the next one have it."""
        with contextlib.suppress(ValueError):
            self.loops.remove(asyncio.get_running_loop())
        self.leave()


async def take(places: Sequence[Places]) -> tuple[Places, ...]:
    """Wait for a place in each, the innermost first; who holds an outer one waits for none.

    Raises:
        SetupError: nobody gives one back.
    """
    wanted = [one for one in reversed(places) if one not in _placed.get()]
    taken: list[Places] = []
    try:
        for one in wanted:
            await one.take()
            taken.append(one)
    except BaseException:
        give_back(taken)
        raise
    return tuple(taken)


def give_back(places: Sequence[Places]) -> None:
    """Let the next ones have them."""
    for one in reversed(places):
        one.give_back()


class placed:
    """Perform a call that has taken these places; see `uncancelled` for why it is a class."""

    def __init__(self, places: tuple[Places, ...]) -> None:
        """Make one."""
        self.places = places

    def __enter__(self) -> None:
        self.token = _placed.set((*_placed.get(), *self.places))

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ValueError):
            _placed.reset(self.token)
        give_back(self.places)


class Deadline:
    """The time that an ask, or a block of code in a run, may take."""

    def __init__(self, run: Any, scope: Scope, who: str, deadline_s: float) -> None:
        """Make one: of the run, for what is done in the scope and below."""
        self.run, self.scope, self.who, self.deadline_s = run, scope, who, deadline_s
        self.limit = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self.limit.__aenter__()
        put(self.limit, asyncio.get_running_loop().time() + self.deadline_s)
        until = time.monotonic() + self.deadline_s
        self.scope.until_s = min(until, self.scope.until_s or until)

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        try:
            await self.limit.__aexit__(kind, error, trace)
        except TimeoutError:
            raise passed(self.run, self.scope, self.who, self.deadline_s) from None


def left_s(scope: Scope) -> float | None:
    """The seconds that are left to what works in a scope; None where nothing bounds it."""
    ends = [one.until_s for one in scope.lineage() if one.until_s is not None]
    return max(0.0, min(ends) - time.monotonic()) if ends else None


async def in_time(work: Coroutine[Any, Any, V]) -> V:
    """Do work of an event loop of its own within the time of the ask around it.

    The clock of that ask is on its own loop, which may stand still meanwhile.

    Raises:
        DeadlinePassed: the time is up.
    """
    around = here.get()
    left = None if around is None else left_s(around[1])
    if around is None or left is None:
        return await work
    run, scope = around
    began = time.monotonic()
    try:
        async with asyncio.timeout(left) as limit:
            return await work
    except TimeoutError:
        if not limit.expired():
            raise
        bounds = [one for one in scope.lineage() if one.until_s is not None]
        bound = min(bounds, key=lambda one: one.until_s or 0.0)
        who = bound.actor if bound.parent else run.start.actor or "The block of code"
        raise passed(run, bound, who, round(began + left - bound.begun_s, 3)) from None


def passed(run: Any, scope: Scope, who: str, deadline_s: float) -> DeadlinePassed:
    """The error of an ask that took too long: what was done, what was cut off, how to go on."""
    ended = steps_in(run, scope.key)
    done = Counter(one.step for one, _ in ended if one.status != "cancelled")
    cut = [f"{one.name} of {path}" for one, path in ended if one.status == "cancelled"]
    doubts = list(scope.doubts_in_order)
    counts = [f"{n} {kind} step{'' if n == 1 else 's'}" for kind, n in done.items()]
    told = f"{', '.join(counts) or 'nothing'} done"
    if cut:
        told += f", cut off under way: {listed(cut)}"
    if doubts:
        told += f"; {listed(doubts)} may have happened, and nobody knows"
    go_on = f"resume run {run.id}, with a longer deadline_s"
    if scope.parent is not None:
        go_on = f"give {scope.actor} a longer deadline_s, or catch DeadlinePassed; or {go_on}"
    look = "look whether that happened; then " if doubts else ""
    return DeadlinePassed(
        f"{who} was not done within {deadline_s:g} s: {told}.",
        todo=f"{look}{go_on}: nothing that was done is paid again",
        run_id=run.id,
        key=scope.key,
        deadline_s=deadline_s,
        done=sum(done.values()),
        cut=cut,
        doubts=doubts,
    )


def told_late(run: Any, scope: Scope) -> None:
    """Fail as an ask did whose time was up, where somebody has acted on that already.

    Raises:
        DeadlinePassed: as it was raised then; what was done in it counts as it did.
    """
    found = run.past.late(scope)
    if found is None:
        return
    failure, _ = found
    retell_unmet(run, scope)
    raise revived(failure) or DeadlinePassed(failure.text)


def listed(what: Sequence[str]) -> str:
    """Some things in a sentence."""
    more = len(what) - SHOWN
    return ", ".join(what[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def steps_in(run: Any, scope: str) -> list[tuple[StepEnded, str]]:
    """The ends of the steps that this attempt took in a scope and below, and whose they are."""
    try:
        events = run.log.read(run.id)
    except LogError:
        return []  # the error about the log comes to whoever flushes
    parents, paths = dict[str, str](), {"": YOU}
    found: dict[str, tuple[StepEnded, str]] = {}
    for event in events:
        match event:
            case RunStarted():
                found = {}
            case ScopeOpened():
                parents[event.scope], paths[event.scope] = event.parent, event.path
            case StepStarted():
                found.pop(event.key, None)
            case StepEnded(reused=None) if event.step not in QUIET:
                if not scope or scope in above(event.scope, parents):
                    found[event.key] = event, paths.get(event.scope, "")
    return list(found.values())


def above(scope: str, parents: dict[str, str]) -> list[str]:
    """A scope and those around it."""
    way = []
    while scope and scope not in way:
        way.append(scope)
        scope = parents.get(scope, "")
    return way


def ends_below(known: Recorded, scope: str) -> list[StepEnded]:
    """The recorded steps of a scope and of those in it."""
    return [one for one in known.ended.values() if scope in above(one.scope, known.way.parents)]
