"""A gate that lets calls through in turn: actors one after the other, each in its own order.

So no actor starves behind another that asks a thousand things at once (fair queueing; source: Nagle
1987, "On Packet Switches with Infinite Storage", RFC 970). What the room behind the gate is, a
subclass says. It may be used from several event loops, in threads, at once; time is the loop's own.
Each loop in which somebody waits has a timer of its own, since a loop may stop at any time, and
nobody else's wait may depend on it.

The libraries for this (aiolimiter, asyncio.Semaphore) are bound to one loop and know one queue.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass


@dataclass(eq=False, slots=True)
class Waiter:
    """A call that waits."""

    lane: str
    need: float
    turn: asyncio.Future[None]
    loop: asyncio.AbstractEventLoop
    let_in: bool = False


class Gate:
    """See the module. Subclasses define `admit`, `give_back` and `delay`; all hold the lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.lanes: OrderedDict[str, deque[Waiter]] = OrderedDict()
        self.waiting = 0
        self._loops: Counter[asyncio.AbstractEventLoop] = Counter()
        """In which loops how many wait."""
        self._alarms: dict[asyncio.AbstractEventLoop, tuple[float, int]] = {}
        """When the timer of each loop rings, and its number; older ones do nothing."""
        self._number = 0

    def admit(self, need: float, now: float) -> bool:
        """Take the room that a call needs, if it is there."""
        raise NotImplementedError

    def give_back(self, need: float) -> None:
        """Give back the room of a call that was let in and did not go."""
        raise NotImplementedError

    def delay(self, need: float, now: float) -> float | None:
        """Seconds until a call may fit; None: when somebody leaves."""
        raise NotImplementedError

    async def enter(self, lane: str, need: float = 1.0) -> float:
        """Wait for the turn of a call; return the seconds that it waited.

        Args:
            lane: who asks; lanes take turns.
            need: the room that it takes, as the subclass counts it.
        """
        loop = asyncio.get_running_loop()
        with self.lock:
            now = loop.time()
            if not self.waiting and self.admit(need, now):
                return 0.0
            waiter = Waiter(lane, need, loop.create_future(), loop)
            self.lanes.setdefault(lane, deque()).append(waiter)
            self.waiting += 1
            self._loops[loop] += 1
            self.pump(now)
        try:
            await waiter.turn
        except BaseException:
            with self.lock:
                if waiter.let_in:
                    self.give_back(need)
                else:
                    self._drop(waiter)
                self.pump(loop.time())
            raise
        return loop.time() - now

    def try_enter(self, need: float = 1.0) -> bool:
        """Go through at once, if nobody waits and there is room."""
        with self.lock:
            return not self.waiting and self.admit(need, asyncio.get_running_loop().time())

    def pump(self, now: float) -> None:
        """Let in whoever fits now, lane after lane, and set a timer for the next."""
        while self.lanes:
            lane, queue = next(iter(self.lanes.items()))
            head = queue[0]
            gone = head.loop.is_closed() or head.turn.done()
            if not gone and not self.admit(head.need, now):
                return self._wake_later(self.delay(head.need, now), now)
            queue.popleft()
            self._left(head)
            if queue:
                self.lanes.move_to_end(lane)
            else:
                del self.lanes[lane]
            if not gone:
                head.let_in = True
                on(head.loop, resolve, head.turn)

    def stir(self) -> None:
        """Look again who fits: the room is another one than it was."""
        with self.lock:
            for loop in list(self._loops):
                on(loop, self._look, loop)

    def turn_away(self, error: Callable[[], Exception]) -> None:
        """Let nobody wait any longer: all who do are told an error, each one of its own."""
        with self.lock:
            waiters = [one for queue in self.lanes.values() for one in queue]
            self.lanes.clear()
            for one in waiters:
                self._left(one)
                on(one.loop, turn_away, one.turn, error())

    def _wake_later(self, delay: float | None, now: float) -> None:
        if delay is None:
            return
        at = now + max(delay, 0.0)
        for loop in list(self._loops):
            if loop in self._alarms and self._alarms[loop][0] <= at:
                continue
            self._number += 1
            self._alarms[loop] = at, self._number
            on(loop, self._set, loop, at - now, self._number)

    def _set(self, loop: asyncio.AbstractEventLoop, delay: float, number: int) -> None:
        loop.call_later(delay, self._ring, loop, number)

    def _ring(self, loop: asyncio.AbstractEventLoop, number: int) -> None:
        with self.lock:
            if loop in self._alarms and self._alarms[loop][1] == number:
                del self._alarms[loop]
                self.pump(loop.time())

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        with self.lock:
            self.pump(loop.time())

    def _left(self, waiter: Waiter) -> None:
        self.waiting -= 1
        self._loops[waiter.loop] -= 1
        if self._loops[waiter.loop] <= 0:
            del self._loops[waiter.loop]
            self._alarms.pop(waiter.loop, None)

    def _drop(self, waiter: Waiter) -> None:
        queue = self.lanes.get(waiter.lane)
        if queue is not None and waiter in queue:
            queue.remove(waiter)
            self._left(waiter)
            if not queue:
                del self.lanes[waiter.lane]


def on(loop: asyncio.AbstractEventLoop, call: object, *given: object) -> None:
    """Call something on a loop, in whichever thread that runs; a closed one hears nothing."""
    try:
        here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    if here is loop:
        call(*given)  # type: ignore[operator]
    else:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(call, *given)  # type: ignore[arg-type]


def resolve(turn: asyncio.Future[None]) -> None:
    """Tell a waiter that it is its turn."""
    if not turn.done():
        turn.set_result(None)


def turn_away(turn: asyncio.Future[None], error: Exception) -> None:
    """Tell a waiter that its turn will not come."""
    if not turn.done():
        turn.set_exception(error)
        # Looked at, so that nobody complains where whoever waited was cancelled meanwhile.
        turn.exception()
