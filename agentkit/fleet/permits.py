"""The rates of an endpoint for all workers of a log: what may be taken from them, and when, ahead.

What is bounded comes in units, a call or a token, each at a time of its own. A call takes those
that it needs and costs no round trip; the next ones are asked for before the last is used. In any
time t all workers together take at most rate * (t + burst_s) and the largest call of each, clocks
that drift and answers that are late aside: a unit that was not used within `burst_s` is gone, but
for those that are kept for the call whose turn is next, and a worker reads the log's clock as late
as its answer may have been.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from agentkit.errors import LogError
from agentkit.log import LOGGER, Log
from agentkit.offers import Stamps
from agentkit.reliability.across import Rates
from agentkit.reliability.gate import Gate

AHEAD_S = 0.5
"""How long the units that a worker takes at once last it."""

AGAIN_S = 0.5
"""When a log that is away is asked again."""

EXACT = 1e-6
"""Units less than which do not count: times are sums of floats."""


@dataclass(slots=True)
class PermitBlock:
    """Units one after the other at the rate."""

    start: float
    """When the first may be used."""
    many: int


class Units:
    """What a worker has of one rate: for calls, or for tokens."""

    def __init__(self, name: str, per_minute: float, burst_s: float) -> None:
        self.name = name
        self.set(per_minute, burst_s)
        self.spans: deque[PermitBlock] = deque()
        self.saved = 0.0
        """Units that are kept for the call whose turn is next; below nothing, what is owed."""
        self.used: deque[tuple[float, float]] = deque(maxlen=10_000)
        self.not_before = 0.0

    def set(self, per_minute: float, burst_s: float) -> None:
        """State the rate anew."""
        self.per_s, self.burst_s = per_minute / 60.0, burst_s

    def enough(self, need: float, now: float) -> bool:
        """Keep units that are due for a call, as far as it needs them; whether these are all."""
        self._expire(now)
        while self.saved < need - EXACT and self.spans and self.spans[0].start <= now:
            due = math.floor((now - self.spans[0].start) * self.per_s + EXACT) + 1
            self.saved += self._cut(min(due, math.ceil(need - self.saved - EXACT)))
        return self.saved >= need - EXACT

    def take(self, need: float, now: float) -> None:
        """Use them for the call."""
        self.saved = max(0.0, self.saved - need)
        self.used.append((now, need))

    def settle(self, need: float, took: float) -> None:
        """Correct what a call was taken to need: the next ones need so much less, or more."""
        most = max(self.per_s * self.burst_s, 1.0)
        self.saved = min(self.saved + need - took, max(self.saved, most))

    def low(self, need: float) -> bool:
        """Whether more is to be asked for; `need` is of a call that waits."""
        left = sum(one.many for one in self.spans)
        return not left or left < max(self.per_s * AHEAD_S / 2, need - self.saved)

    def want(self, waited: float, now: float) -> int:
        """How many to ask for, when so many are waited for."""
        recent = sum(many for at, many in self.used if at > now - AHEAD_S)
        return max(1, math.ceil(min(waited + recent, self.per_s * AHEAD_S) - EXACT))

    def wait_s(self, need: float, now: float) -> float | None:
        """Seconds until there is enough, or something of it; None: when more was given."""
        missing = need - self.saved
        if missing <= EXACT:
            return 0.0
        for span in self.spans:
            if missing <= span.many:
                return span.start + (missing - 1) / self.per_s - now
            missing -= span.many
        if not self.spans:
            return None
        # What is there is kept for the call before it passes.
        last = self.spans[-1]
        until = min(
            last.start + (last.many - 1) / self.per_s, self.spans[0].start + self.burst_s / 2
        )
        return until - now

    def _expire(self, now: float) -> None:
        """Give up what was not used in time."""
        late = now - self.burst_s
        while self.spans and self.spans[0].start < late:
            self._cut(math.ceil((late - self.spans[0].start) * self.per_s - EXACT) or 1)

    def _cut(self, many: int) -> int:
        """Take units off the first span; how many there were."""
        span = self.spans[0]
        taken = min(many, span.many)
        span.start += taken / self.per_s
        span.many -= taken
        if not span.many:
            self.spans.popleft()
        return taken


class Permits(Gate):
    """When this worker may call one endpoint; what a call needs is its tokens."""

    def __init__(self, log: Log, name: str, rates: Rates) -> None:
        super().__init__()
        self.log, self.name = log, name
        self.rates = Rates()
        self.calls: Units | None = None
        self.tokens: Units | None = None
        self.state(rates)
        self.asking: dict[str, asyncio.Task[None]] = {}
        self._answers: dict[str, asyncio.Future[Stamps]] = {}
        self.asked = 0
        """How often the log was asked."""

    def state(self, rates: Rates) -> None:
        """State the rates anew; what is there now is kept."""
        if rates != self.rates:
            self.rates = rates
            self.calls = renewed(self.calls, self.name, rates.requests_per_minute, rates.burst_s)
            name = f"{self.name} tokens"
            self.tokens = renewed(self.tokens, name, rates.tokens_per_minute, rates.burst_s)

    def parts(self, need: float) -> list[tuple[Units, float]]:
        """What is bounded, and what a call takes of it."""
        both = (self.calls, 1.0), (self.tokens, need)
        return [(units, many) for units, many in both if units is not None]

    def admit(self, need: float, now: float) -> bool:
        parts = self.parts(need)
        fits = all([units.enough(many, now) for units, many in parts])
        for units, many in parts:
            if fits:
                units.take(many, now)
            if units.low(0.0 if fits else many):
                self.ask(units, now)
        return fits

    def give_back(self, need: float) -> None:
        """The time passes."""

    def settle(self, need: float, took: float) -> None:
        """Correct what a call was taken to need."""
        with self.lock:
            if self.tokens is not None:
                self.tokens.settle(need, took)
        self.stir()

    def delay(self, need: float, now: float) -> float | None:
        waits = [units.wait_s(many, now) for units, many in self.parts(need)]
        known = [one for one in waits if one is not None and one > 0]
        # Whoever asks the log lets the next in.
        return min(known) if known else None

    def ask(self, units: Units, now: float) -> None:
        """Ask for more, if nobody does."""
        if units.name not in self.asking:
            waiting = [one.need for lane in self.lanes.values() for one in lane]
            want = units.want(sum(waiting) if units is self.tokens else len(waiting), now)
            task = asyncio.get_running_loop().create_task(self._ask(units, want))
            self.asking[units.name] = task

    async def _ask(self, units: Units, want: int) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, units.not_before - loop.time()))
        try:
            answer = asyncio.ensure_future(asyncio.to_thread(self._taken, units, want))
            self._answers[units.name] = answer
            found = await asyncio.shield(answer)
        except LogError as error:
            LOGGER.warning("A rate is not known: %s", error.what)
            await asyncio.sleep(AGAIN_S)
        else:
            # As late as it may be meant: a worker is never early.
            offset = loop.time() - found.now
            with self.lock:
                if found.many:
                    units.spans.append(PermitBlock(found.start + offset, found.many))
                else:
                    units.not_before = found.start + offset
        with self.lock:
            self.asking.pop(units.name, None)
            self.pump(loop.time())
            if self.waiting and not units.spans:
                self.ask(units, loop.time())

    async def close(self) -> None:
        """Ask for no more; when this returns the log is not being asked."""
        for one in self.asking.values():
            one.cancel()
        waited: list[asyncio.Future[Any]] = [*self.asking.values(), *self._answers.values()]
        await asyncio.gather(*waited, return_exceptions=True)

    def _taken(self, units: Units, want: int) -> Stamps:
        self.asked += 1
        return self.log.work.quotas.stamps(units.name, units.per_s, units.burst_s, want)


def renewed(
    units: Units | None, name: str, per_minute: float | None, burst_s: float
) -> Units | None:
    """Units at a rate that is stated anew; None where there is none."""
    if per_minute is None:
        return None
    if units is None:
        return Units(name, per_minute, burst_s)
    units.set(per_minute, burst_s)
    return units


class LogAcross:
    """The rates that the workers of a log share; see agentkit.reliability.across."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.gates: dict[str, Permits] = {}

    async def close(self) -> None:
        """Ask the log for no more."""
        for gate in self.gates.values():
            await gate.close()

    async def enter(self, name: str, rates: Rates, lane: str, tokens: float = 0.0) -> float:
        gate = self.gates.get(name)
        if gate is None:
            self.log.work.quotas  # noqa: B018  raises where a log has none
            gate = self.gates[name] = Permits(self.log, name, rates)
        gate.state(rates)
        began = time.monotonic()
        await gate.enter(lane, tokens)
        return time.monotonic() - began

    def settle(self, name: str, tokens: float, took: float) -> None:
        if (gate := self.gates.get(name)) is not None:
            gate.settle(tokens, took)
