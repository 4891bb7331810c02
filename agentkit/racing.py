"""Asks that race: which answer in time, which failed, and which are made a second time."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

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
from agentkit.messages import JSON
from agentkit.scope import copied

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


class Race:
    """Asks at work, and how far their join is.

    A task's place is its number in `tasks`: first come the asks in their order, then the copies
    in the order in which they were made. So a recorded join names tasks by their places.
    """

    def __init__(
        self,
        asks: Sequence[Ask],
        tasks: list[asyncio.Future[Any]],
        enough: Until,
        needed: int,
        stragglers: Stragglers,
    ) -> None:
        self.asks, self.tasks = asks, tasks
        self.enough, self.needed, self.stragglers = enough, needed, stragglers
        self.ended: asyncio.Queue[int] = asyncio.Queue()
        self.copies: list[int] = []
        """Asks that were made a second time."""
        self.gave_up = set[int]()
        """Copies that came to a step that must not happen twice."""
        self.arrived: dict[int, int] = {}
        """By ask, the place of the task that answered."""
        self.took: list[float] = []
        self.failed: dict[int, BaseException] = {}
        self.joined = False
        self.begin = self.now()
        self.waiting = {index: [self.watch(started(ask))] for index, ask in enumerate(asks)}

    @staticmethod
    def now() -> float:
        """The time of the event loop."""
        return asyncio.get_running_loop().time()

    def watch(self, task: asyncio.Future[Any]) -> int:
        """Take in a task, and return its place."""
        place = len(self.tasks)
        self.tasks.append(task)
        task.add_done_callback(lambda _: self.ended.put_nowait(place))
        return place

    def copy(self, index: int) -> None:
        """Make an ask a second time. The copy may not do what must happen once: then it ends."""
        place = len(self.tasks)

        def give_up() -> None:
            self.gave_up.add(place)
            self.tasks[place].cancel()

        self.waiting[index].append(self.watch(copied(awaitable_of(self.asks[index]), give_up)))
        self.copies.append(index)

    async def run(self, deadline_s: float | None) -> dict[str, JSON]:
        """Wait until the join is satisfied, or cannot be, or the time is up.

        Returns:
            Which asks made it, and why the others did not; the order of arrival is recorded.
        """
        end = None if deadline_s is None else self.begin + deadline_s
        while self.waiting and (not self.joined or self.stragglers == "wait"):
            slow = self.slow_at()
            if slow is not None and self.now() >= slow:
                for index in [index for index in self.waiting if index not in self.copies]:
                    self.copy(index)
                # All that wait have a copy now, so the next look waits for an answer.
                continue
            wakes = [at for at in (end, slow) if at is not None and at != float("inf")]
            done = await next_of(self.ended, min(wakes) if wakes else None)
            if not done and end is not None and self.now() >= end:
                if self.stragglers == "wait" and not self.joined:
                    late = f"{len(self.waiting)} of {len(self.asks)} asks"
                    raise DeadlinePassed(f"{late} took over {deadline_s:g} s.")
                break
            for place in done:
                self.arrive(place)
            answers = [self.tasks[place].result() for place in self.arrived.values()]
            self.joined = self.joined or self.enough(answers)
            # An error at once: waiting for the deadline would change nothing.
            hopeless = len(self.arrived) + len(self.waiting) < self.needed
            if not self.joined and self.failed and hopeless:
                raise list(self.failed.values())[-1]
        if not self.joined and not self.arrived:
            none = f"None of {len(self.asks)} asks was answered"
            raise DeadlinePassed(f"{none} within {deadline_s:g} s.")
        return self.found()

    def slow_at(self) -> float | None:
        """When those that still wait are to be copied; None if never, or no more."""
        if self.stragglers != "duplicate" or set(self.waiting) <= set(self.copies):
            return None
        return self.begin + slowness(self.took, len(self.asks))

    def arrive(self, place: int) -> None:
        """Enter the end of a task. Of an ask and its copy the first answer counts.

        Raises:
            Exception: a failure that no join goes on without.
        """
        index = place if place < len(self.asks) else self.copies[place - len(self.asks)]
        # A copy that gave up was cancelled, and has neither a result nor an error to ask for.
        error = None if place in self.gave_up else self.tasks[place].exception()
        if index not in self.waiting:
            return
        if error is not None and not survivable(error):
            raise error
        # An ask has failed when all of its tasks have: while its copy works, it waits.
        self.waiting[index].remove(place)
        if error is not None:
            self.failed[index] = error
        elif place not in self.gave_up:
            self.arrived[index] = place
            self.took.append(self.now() - self.begin)
            self.waiting[index] = []
            self.failed.pop(index, None)
        if not self.waiting[index]:
            del self.waiting[index]

    def found(self) -> dict[str, JSON]:
        """The join as it is recorded."""
        missing = {str(index): full_text(error) for index, error in self.failed.items()}
        missing |= {str(index): "late" for index in sorted(self.waiting)}
        order = sorted(self.arrived)
        found: dict[str, JSON] = {"joined": order, "missing": missing}
        if self.copies:
            found |= {"copies": self.copies, "places": [self.arrived[index] for index in order]}
        return found


def awaitable_of(ask: Ask) -> Awaitable[Any]:
    """The ask, ready to be awaited."""
    return ask() if callable(ask) else ask


def started(ask: Ask) -> asyncio.Future[Any]:
    """The ask as a task of its own."""
    return asyncio.ensure_future(awaitable_of(ask))


async def next_of(ended: asyncio.Queue[int], until_s: float | None) -> list[int]:
    """The tasks that ended since the last look, in their order; none when the time is up."""
    try:
        async with asyncio.timeout_at(until_s):
            done = [await ended.get()]
    except TimeoutError:
        return []
    while not ended.empty():
        done.append(ended.get_nowait())
    # In one turn of the loop none was first; by their places the same replies give the same join.
    return sorted(done)


def survivable(error: BaseException) -> bool:
    """Whether a join may go on without the ask that failed so."""
    return isinstance(error, AgentkitError) and not isinstance(error, ALWAYS_RAISED)


def slowness(took: Sequence[float], count: int) -> float:
    """Seconds after which an ask counts as a straggler, by how long the others took."""
    if len(took) < max(1, int(DUPLICATE_QUANTILE * count)):
        return float("inf")
    return max(DUPLICATE_MIN_S, DUPLICATE_FACTOR * statistics.median(took))
