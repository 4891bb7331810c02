"""The rate of an endpoint for all workers of a log: times to call, taken from it a few ahead.

A call takes the next time that is there and costs no round trip; the next ones are asked for
before the last is used. In any time t all workers together make at most rate * (t + burst_s) + 1
calls, clocks that drift and answers that are late aside: a time that was not used within `burst_s`
is gone, and a worker reads the log's clock as late as its answer may have been.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

from agentkit.errors import LogError
from agentkit.log import LOGGER, Log
from agentkit.offers import Stamps
from agentkit.reliability.gate import Gate

AHEAD_S = 0.5
"""How long the times that a worker takes at once last it."""

AGAIN_S = 0.5
"""When a log that is away is asked again."""


class Permits(Gate):
    """The times at which this worker may call one endpoint."""

    def __init__(self, log: Log, name: str, per_minute: float, burst_s: float) -> None:
        super().__init__()
        self.log, self.name = log, name
        self.per_s, self.burst_s = per_minute / 60.0, burst_s
        self.times: deque[float] = deque()
        self.used: deque[float] = deque(maxlen=10_000)
        self.not_before = 0.0
        self.asking: asyncio.Task[None] | None = None
        self._answer: asyncio.Future[Stamps] | None = None
        self.asked = 0
        """How often the log was asked."""

    def admit(self, need: float, now: float) -> bool:
        while self.times and self.times[0] < now - self.burst_s:
            self.times.popleft()
        fits = bool(self.times) and self.times[0] <= now
        if fits:
            self.times.popleft()
            self.used.append(now)
        if len(self.times) < self.per_s * AHEAD_S / 2 or not self.times:
            self.ask(now)
        return fits

    def give_back(self, need: float) -> None:
        """The time passes."""

    def delay(self, need: float, now: float) -> float | None:
        if self.times:
            return self.times[0] - now
        # Whoever asks the log lets the next in.
        return None

    def ask(self, now: float) -> None:
        """Ask for more times, if nobody does and they are wanted."""
        if self.asking is not None and not self.asking.done():
            return
        recent = sum(1 for at in self.used if at > now - AHEAD_S)
        want = min(self.waiting + recent, int(self.per_s * AHEAD_S))
        self.asking = asyncio.get_running_loop().create_task(self._ask(max(1, want)))

    async def _ask(self, want: int) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self.not_before - loop.time()))
        try:
            self._answer = asyncio.ensure_future(asyncio.to_thread(self._taken, want))
            found = await asyncio.shield(self._answer)
        except LogError as error:
            LOGGER.warning("A rate is not known: %s", error.what)
            await asyncio.sleep(AGAIN_S)
        else:
            # As late as it may be meant: a worker is never early.
            offset = loop.time() - found.now
            with self.lock:
                if found.many:
                    first = found.start + offset
                    self.times.extend(first + n / self.per_s for n in range(found.many))
                else:
                    self.not_before = found.start + offset
        with self.lock:
            self.asking = None
            self.pump(loop.time())
            if self.waiting and not self.times:
                self.ask(loop.time())

    async def close(self) -> None:
        """Ask for no more; when this returns the log is not being asked."""
        if self.asking is not None:
            self.asking.cancel()
        waited = [one for one in (self.asking, self._answer) if one is not None]
        await asyncio.gather(*waited, return_exceptions=True)

    def _taken(self, want: int) -> Stamps:
        self.asked += 1
        return self.log.work.quotas.stamps(self.name, self.per_s, self.burst_s, want)


class LogAcross:
    """The rates that the workers of a log share; see agentkit.reliability.across."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.gates: dict[str, Permits] = {}

    async def close(self) -> None:
        """Ask the log for no more times."""
        for gate in self.gates.values():
            await gate.close()

    async def enter(self, name: str, per_minute: float, burst_s: float, lane: str) -> float:
        gate = self.gates.get(name)
        if gate is None:
            self.log.work.quotas  # noqa: B018  raises where a log has none
            gate = self.gates[name] = Permits(self.log, name, per_minute, burst_s)
        gate.per_s, gate.burst_s = per_minute / 60.0, burst_s
        began = time.monotonic()
        await gate.enter(lane)
        return time.monotonic() - began
