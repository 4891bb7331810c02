"""hedge(model): ask a second time when a request takes unusually long; the faster one counts.

The second request goes out when the first has been under way for longer than 95 % of the calls of
this endpoint before it, so about 5 % more requests are made, and the tail is that of the better of
two.
Source: Dean and Barroso 2013, "The Tail at Scale", CACM 56(2).

Only the time since a request was sent counts, not that in a queue before. The request that begins
to speak first, or is there first, is taken, and the other one is cancelled. What was cancelled may
have been paid: it is entered in the bill and in the budget as its bound, and no second request is
made for which the budget has no room. It has an idempotency key of its own, as an endpoint that
keeps keys would let it wait for the first.
"""

from __future__ import annotations

import asyncio
import math
import threading
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
from typing import Any

from pydantic import Field

from agentkit.errors import SetupError, safe_repr
from agentkit.holds import may_have_cost, spare, unspare
from agentkit.listening import Aside, tell, tell_again, tell_whole
from agentkit.messages import digest
from agentkit.model import Model, OnText, Reply, Request
from agentkit.notes import Note, Number
from agentkit.reliability.admission import admitted, beside
from agentkit.reliability.paying import guessed, with_others
from agentkit.reliability.setting import Setting
from agentkit.reliability.shared import shared
from agentkit.reliability.wrapper import Wrapper, endpoint_of, layers
from agentkit.scope import note


class Hedged(Note):
    """A request took long, and a second one was made."""

    topic = "hedge"
    says = (
        "{model} did not answer within {after_s} s and was asked once more; the {won} one counts."
    )
    model: str
    after_s: Number
    won: str
    """first, second, or neither."""
    lost: str = ""
    """What became of the other: cancelled, failed, answered too."""
    lost_tokens: int = 0
    lost_usd: Number | None = None
    """What the other one cost; an estimate where it was cancelled."""


class NotHedged(Note):
    """A request took long, and there was no room in the budget for a second one."""

    topic = "hedge"
    says = "{model} did not answer within {after_s} s; the budget has no room to ask again ({why})."
    model: str
    after_s: Number
    why: str


class Hedge(Setting):
    """When a second request is made."""

    after_s: float | None = Field(default=None, gt=0, le=86_400)
    """Seconds; None is the percentile of what was seen."""
    percentile: float = Field(default=0.95, gt=0, lt=1)
    least: int = Field(default=20, ge=1)
    """Calls that must have been seen before there is a percentile."""
    window: int = Field(default=500, ge=1, le=100_000)
    """Of the last calls so many count."""


class Latencies:
    """How long the last calls took, in order of time and of length."""

    def __init__(self, window: int) -> None:
        self.last: deque[float] = deque()
        self.sorted: list[float] = []
        self.window = window
        self.lock = threading.Lock()

    def add(self, seconds: float) -> None:
        """One more call is done."""
        with self.lock:
            self.last.append(seconds)
            insort(self.sorted, seconds)
            if len(self.last) > self.window:
                del self.sorted[bisect_left(self.sorted, self.last.popleft())]

    def percentile(self, share: float) -> float | None:
        """The time within which this share of them was done; None where there are none."""
        with self.lock:
            if not self.sorted:
                return None
            return self.sorted[max(0, math.ceil(share * len(self.sorted)) - 1)]


class HedgedRequest:
    """One of the two requests: its task, when it was sent, and whether it speaks."""

    def __init__(
        self, model: Model, request: Request, race: HedgeRace, queues: int, second: bool = False
    ) -> None:
        self.model, self.request, self.race, self.left = model, request, race, queues
        self.second = second
        self.sent_s: float | None = None
        self.spoke_s: float | None = None

    def start(self) -> HedgedRequest:
        """Begin, next to others."""
        self.task = asyncio.ensure_future(self.run())
        self.task.add_done_callback(lambda _: self.race.stir())
        return self

    async def run(self) -> Reply:
        """Make the request."""
        token = admitted.set(self.go)
        if self.second:
            beside.set(True)
        try:
            if not self.left:
                self.go()
            return await self.model(self.request, self if self.race.on_text is not None else None)
        finally:
            admitted.reset(token)

    def go(self) -> None:
        """It left a queue; after the last one it is sent."""
        self.left -= 1
        if self.left <= 0:
            self.sent_s = asyncio.get_running_loop().time()
            self.race.stir()

    def __call__(self, text: str) -> None:
        """It speaks; of two the first is heard."""
        if (listener := self.heard()) is not None:
            listener(text)

    def thought(self, text: str) -> None:
        """It thinks aloud; who began with that is heard until another one speaks."""
        race = self.race
        race.thinker = race.thinker or self
        if race.thinker is self and race.speaker in (None, self) and race.on_text is not None:
            tell(race.on_text, Aside("thought", text))

    def call(self, index: int, name: str, arguments: str) -> None:
        """It calls a tool, which is its answer as words are."""
        if (listener := self.heard()) is not None:
            tell(listener, Aside("call", arguments, index, name))

    def again(self) -> None:
        """Its call is made anew."""
        if self.race.speaker is self:
            tell_again(self.race.on_text)

    def heard(self) -> OnText | None:
        """Who listens to it, if it is the one that is heard."""
        race = self.race
        if race.speaker is None:
            race.speaker, self.spoke_s = self, asyncio.get_running_loop().time()
            race.stir()
        return race.on_text if race.speaker is self else None

    @property
    def took_s(self) -> float:
        """From when it was sent until it spoke, or was there."""
        end = self.spoke_s or asyncio.get_running_loop().time()
        return end - (self.sent_s if self.sent_s is not None else end)


class HedgeRace:
    """What the two requests of a call have in common."""

    def __init__(self, on_text: OnText | None) -> None:
        self.on_text = on_text
        self.speaker: HedgedRequest | None = None
        self.thinker: HedgedRequest | None = None
        self.news = asyncio.Event()

    def stir(self) -> None:
        """Something happened: look again."""
        self.news.set()

    async def until(self, holds: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait for something; False where it takes longer than that."""
        clock = asyncio.timeout(seconds)
        try:
            async with clock:
                while not holds():
                    self.news.clear()
                    await self.news.wait()
            return True
        except TimeoutError:
            if not clock.expired():
                raise
            return holds()


class Hedging(Wrapper):
    """A Model that is asked a second time when it is slow; see the module."""

    technique = "hedge"

    def __init__(self, model: Model, how: Hedge) -> None:
        super().__init__(model)
        if getattr(endpoint_of(model), "stateful", False):
            raise SetupError(
                f"{self.name} keeps a state of its own, which a second request would change.",
                expected="an endpoint without a state of its own",
                todo="leave hedge out",
            )
        self.how = how
        self.spoken = shared("hedge spoken", model, lambda: Latencies(how.window))
        self.whole = shared("hedge whole", model, lambda: Latencies(how.window))
        self.before = sum(1 for one in layers(model) if getattr(one, "queues", False))

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Ask once, or twice; see agentkit.model.Model."""
        seen = self.whole if on_text is None else self.spoken
        after_s = self.after_s(seen)
        if after_s is None:
            return await self.alone(request, on_text, seen)
        race = HedgeRace(on_text)
        first = HedgedRequest(self.model, request, race, self.before).start()
        lanes = [first]
        try:
            await race.until(lambda: first.sent_s is not None or first.task.done())
            moved = lambda: first.task.done() or race.speaker is not None  # noqa: E731
            if not await race.until(moved, after_s):
                if spare():
                    key = digest(request.key, "hedge") if request.key else ""
                    again = request.model_copy(update={"key": key})
                    lanes.append(
                        HedgedRequest(self.model, again, race, self.before, second=True).start()
                    )
                else:
                    note(NotHedged(model=self.name, after_s=round(after_s, 3), why="budget"))
            return await self.faster(race, lanes, after_s, seen)
        finally:
            await stopped(lanes)

    async def alone(self, request: Request, on_text: OnText | None, seen: Latencies) -> Reply:
        """Ask once, and learn how long it takes."""
        only = HedgedRequest(self.model, request, HedgeRace(on_text), self.before)
        reply = await only.run()
        seen.add(only.took_s)
        return reply

    def after_s(self, seen: Latencies) -> float | None:
        """When the second request is made; None while nobody knows what is slow."""
        if self.how.after_s is not None:
            return self.how.after_s
        if len(seen.sorted) < self.how.least:
            return None
        return seen.percentile(self.how.percentile)

    async def faster(
        self, race: HedgeRace, lanes: list[HedgedRequest], after_s: float, seen: Latencies
    ) -> Reply:
        """The reply of the one that speaks or is there first."""
        try:
            winner = await self.winner(race, lanes)
            if winner is None:
                # All failed; the first failure is told.
                await asyncio.wait([one.task for one in lanes])
                winner = lanes[0]
            # From here on the other one would only cost.
            await stopped([one for one in lanes if one is not winner])
            reply = await winner.task
        except BaseException:
            if len(lanes) == 2:
                await self.account(lanes, None, after_s)
            raise
        seen.add(winner.took_s)
        if race.speaker not in (None, winner):
            # Whose words were heard has failed since, so all is told anew.
            tell_again(race.on_text)
            if race.on_text is not None:
                tell_whole(race.on_text, reply.message)
        return await self.account(lanes, winner, after_s, reply) if len(lanes) == 2 else reply

    async def winner(self, race: HedgeRace, lanes: list[HedgedRequest]) -> HedgedRequest | None:
        """Who speaks first, or is there first; None where each has failed."""

        def answered() -> HedgedRequest | None:
            speaking = race.speaker
            if speaking is not None and not failed(speaking.task):
                return speaking
            return next((one for one in lanes if one.task.done() and not failed(one.task)), None)

        await race.until(lambda: answered() is not None or all(one.task.done() for one in lanes))
        return answered()

    async def account(
        self,
        lanes: list[HedgedRequest],
        winner: HedgedRequest | None,
        after_s: float,
        reply: Reply | None = None,
    ) -> Any:
        """Enter what the other request cost, and record what was done."""
        loser = lanes[0] if winner is lanes[1] else lanes[1]
        await stopped([loser])
        usage, cost = guessed()
        lost, others = "cancelled", []
        if not loser.task.cancelled():
            error = loser.task.exception()
            if error is None:
                lost, others = "answered too", [loser.task.result()]
                usage, cost = others[0].usage, others[0].cost_usd
                unspare()
            else:
                lost = "failed"
                if not may_have_cost(error):
                    usage, cost = type(usage)(), 0.0
                    unspare()
        elif loser.sent_s is None:
            # It waited in a queue all the time.
            usage, cost = type(usage)(), 0.0
            unspare()
        note(
            Hedged(
                model=self.name,
                after_s=round(after_s, 3),
                won="neither" if winner is None else ("first", "second")[winner is lanes[1]],
                lost=lost,
                lost_tokens=usage.tokens_in + usage.tokens_out,
                lost_usd=cost,
            )
        )
        return with_others(reply, others) if reply is not None else None

    def set_to(self) -> str:
        if self.how.after_s is not None:
            return f"after {self.how.after_s:g} s"
        return f"after the {self.how.percentile:.0%} percentile of {self.how.least} calls or more"

    def state(self) -> str:
        parts = []
        for name, seen in (("spoken", self.spoken), ("whole", self.whole)):
            now = seen.percentile(self.how.percentile)
            if now is not None:
                parts.append(f"{name}: {now:.3g} s of {len(seen.sorted)} calls")
        return ", ".join(parts) or "no call seen yet"


def failed(task: asyncio.Future[Reply]) -> bool:
    """Whether a request is over, and without a reply."""
    return task.done() and (task.cancelled() or task.exception() is not None)


async def stopped(lanes: list[HedgedRequest]) -> None:
    """Cancel what is under way, and wait until it has ended."""
    tasks = [one.task for one in lanes]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def hedge(model: Model, how: Hedge | float | bool = True) -> Model:
    """Make a model that is asked a second time when it is slow.

    Args:
        model: an endpoint, with the wrappers that belong inside.
        how: a Hedge, or seconds after which the second request is made; True is after the 95th
            percentile of the calls of this endpoint, once there are twenty.

    Raises:
        SetupError: it is an actor, keeps a state, or the wrapper is out of order.
    """
    tools = getattr(model, "tools", None)
    if hasattr(model, "act"):
        once = [n for n, t in (tools or {}).items() if getattr(t, "effect", "") == "once"]
        what = f", and its tools {', '.join(once)} must not be used twice" if once else ""
        raise SetupError(
            f"{model.name} is an actor{what}.",
            expected="a model",
            todo='hedge its model, connect(..., hedge=True), or gather(stragglers="duplicate")',
        )
    return Hedging(model, as_hedge(how))


def as_hedge(how: Any) -> Hedge:
    """A Hedge of what was given.

    Raises:
        SetupError: it is none.
    """
    if how is True:
        return Hedge()
    if isinstance(how, Hedge):
        return how
    if isinstance(how, int | float) and not isinstance(how, bool) and 0 < how <= 86_400:
        return Hedge(after_s=float(how))
    raise SetupError(
        f"hedge={safe_repr(how)}",
        expected="seconds after which it is asked again, more than 0; or Hedge(...); or True",
    )
