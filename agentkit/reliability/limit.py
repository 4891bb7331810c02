"""limit(model, Limit(requests_per_minute=60, tokens_per_minute=40_000)): stay below a rate.

Two token buckets, for requests and for tokens. Each fills evenly and holds what `burst_s` brings,
so that in any time t at most rate * (t + burst_s) goes out. They are one for all who use the
endpoint in this process, in whichever run, and actors take turns (see gate).

It adapts: a 429 stops everybody for as long as the endpoint asks, and lowers the rate by a part
(multiplicative decrease), which then comes back evenly (additive increase; source: Chiu and Jain
1989). A header that says nothing is left until some time stops everybody until then. Where that is
longer than anybody waits (`LONGEST_S`), as after a day's allowance, calls are refused at once
instead, and a fallback takes over. A Limit that states no rate has none until the first 429; then
it is that at which it was refused.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field, model_validator

from agentkit.errors import CircuitOpen, RateLimited, SetupError, safe_repr
from agentkit.holds import bound_of
from agentkit.model import Model, OnText, Reply, Request
from agentkit.notes import Note, Number
from agentkit.reliability.across import ACROSS, LANE, Rates
from agentkit.reliability.admission import TOLD_S, Outdated, Queued, let_go, queued, still
from agentkit.reliability.gate import Gate
from agentkit.reliability.headers import LONGEST_S, pause_s
from agentkit.reliability.setting import Setting
from agentkit.reliability.shared import shared
from agentkit.reliability.wrapper import Wrapper, endpoint_of
from agentkit.scope import note

DECREASE = 0.7
"""What is left of the rate after a 429."""
AGAIN_S = 1.0
"""Refusals this close together are one."""
RECOVERY_S = 60.0
"""Seconds in which the whole rate comes back."""
LEAST = 0.05
"""The rate never falls below this part of what was stated."""
LOOKED_S = 10.0
"""Seconds over which a rate that nobody stated is measured."""
GUESS_OUT = 200
"""Tokens of a reply, where neither max_tokens nor an earlier one tells more."""


class Slowed(Note):
    """An endpoint refused a call as one too many, so all calls of it go slower for a while."""

    topic = "limit"
    says = "{model} answered 429; nothing is sent for {pause_s} s, then {rate} per minute."
    grave = True
    model: str
    pause_s: Number
    rate: Number
    """Requests per minute from now on."""


class Limit(Setting):
    """What an endpoint allows; None is no bound, other than what it says itself."""

    requests_per_minute: float | None = Field(default=None, gt=0, le=1e9)
    tokens_per_minute: float | None = Field(default=None, gt=0, le=1e12)
    burst_s: float = Field(default=1.0, gt=0, le=60.0)
    """How many seconds' worth may go out at once after a pause; at least one request."""
    fleet: bool = False
    """Whether the rates are for all workers of a fleet together, not for each process; see
    agentkit.fleet.permits. Their log must be one in Postgres."""

    @model_validator(mode="after")
    def _together(self) -> Limit:
        if self.fleet and self.requests_per_minute is None and self.tokens_per_minute is None:
            raise SetupError(
                "A limit for a whole fleet needs a rate.",
                expected="Limit(requests_per_minute=..., tokens_per_minute=..., fleet=True), or one"
                " of the two",
            )
        return self


class Bucket:
    """So much of something per second, and what is there of it now."""

    def __init__(self, per_minute: float | None, burst_s: float, least: float) -> None:
        self.rate = None if per_minute is None else per_minute / 60.0
        self.most = max(least, (self.rate or 0.0) * burst_s)
        self.level = self.most

    def take(self, need: float) -> None:
        """Take out what a call needs, or give it back; without a rate nobody counts."""
        if self.rate is not None:
            self.level -= need

    def fill(self, seconds: float, share: float) -> None:
        """Take in what has come since."""
        if self.rate is not None:
            self.level = min(self.most, self.level + self.rate * share * seconds)

    def has(self, need: float) -> bool:
        """Whether a call fits; one larger than the bucket goes when it is full, and is owed."""
        return self.rate is None or self.level >= min(need, self.most) - 1e-9

    def wait_s(self, need: float, share: float) -> float:
        """Seconds until it fits."""
        if self.rate is None:
            return 0.0
        return max(0.0, (min(need, self.most) - self.level) / (self.rate * share))


class Pace(Gate):
    """The rate of an endpoint; what a call needs is its tokens."""

    def __init__(self, limit: Limit, name: str = "The endpoint") -> None:
        super().__init__()
        self.name = name
        self.set(limit)
        self.share = 1.0
        """Of the stated rate, what is used now."""
        self.at: float | None = None
        self.paused_until = self.slowed_at = float("-inf")
        self.sent: deque[float] = deque(maxlen=10_000)
        self.known_out = GUESS_OUT

    def set(self, limit: Limit) -> None:
        """State the rate anew; what is there now is kept."""
        with self.lock:
            old = getattr(self, "requests", None), getattr(self, "tokens", None)
            self.limit = limit
            self.requests = Bucket(limit.requests_per_minute, limit.burst_s, 1.0)
            self.tokens = Bucket(limit.tokens_per_minute, limit.burst_s, 1.0)
            for before, now in zip(old, (self.requests, self.tokens), strict=True):
                if before is not None and before.rate is not None:
                    now.level = min(now.most, before.level)
        self.stir()

    def tick(self, now: float) -> None:
        """Let time pass; a clock of another loop may be behind."""
        passed = 0.0 if self.at is None else max(0.0, now - self.at)
        self.at = now if self.at is None else max(now, self.at)
        self.share = min(1.0, self.share + passed / RECOVERY_S)
        self.requests.fill(passed, self.share)
        self.tokens.fill(passed, self.share)

    def admit(self, need: float, now: float) -> bool:
        self.tick(now)
        if now < self.paused_until or not (self.requests.has(1.0) and self.tokens.has(need)):
            return False
        self.requests.take(1.0)
        self.tokens.take(need)
        self.sent.append(now)
        return True

    def give_back(self, need: float) -> None:
        self.requests.take(-1.0)
        self.tokens.take(-need)

    def delay(self, need: float, now: float) -> float | None:
        waits = self.requests.wait_s(1.0, self.share), self.tokens.wait_s(need, self.share)
        return max(*waits, self.paused_until - now)

    def settle(self, need: float, took: float) -> None:
        """Correct what a call was taken to need by what it took."""
        with self.lock:
            self.tokens.take(took - need)

    def refund(self, need: float, now: float) -> None:
        """A call was not sent after all."""
        with self.lock:
            self.give_back(need)
            self.pump(now)

    def pause(self, seconds: float, now: float) -> None:
        """Nobody is sent on for so long."""
        with self.lock:
            self.paused_until = max(self.paused_until, now + seconds)
            if seconds > LONGEST_S:
                self.turn_away(lambda: self.barred(now) or RateLimited())

    def barred(self, now: float) -> RateLimited | None:
        """Why a call is refused at once; None where it may wait for its turn."""
        left_s = self.paused_until - now
        if left_s <= LONGEST_S:
            return None
        return RateLimited(
            f"{self.name} was not called: it asked to be left alone, for {left_s:.0f} s more.",
            expected=f"a pause of at most {LONGEST_S:g} s, which calls wait for",
            todo="ask again then, or name another model: connect(..., fallback=[...])",
            retry_after_s=round(left_s, 3),
            status=None,
            unsent=True,
        )

    def slow(self, asked_s: float, now: float) -> bool:
        """Go slower after a 429; False where another one said so just before."""
        with self.lock:
            self.pause(asked_s, now)
            if now - self.slowed_at < max(AGAIN_S, asked_s):
                return False
            self.slowed_at = now
            if self.requests.rate is None:
                seen = sum(1 for at in self.sent if at > now - LOOKED_S)
                self.requests = Bucket(60.0 * max(1, seen) / LOOKED_S, self.limit.burst_s, 1.0)
            self.share = max(LEAST, self.share * DECREASE)
            return True

    @property
    def per_minute(self) -> float | None:
        """Requests per minute at present; None: no bound is known."""
        return None if self.requests.rate is None else self.requests.rate * self.share * 60.0


class Limited(Wrapper):
    """A Model that stays below a rate; see the module."""

    technique = "limit"
    queues = True

    def __init__(self, model: Model, most: Limit) -> None:
        super().__init__(model)
        self.pace = shared("limit", model, lambda: Pace(most, model.name))
        self.pace.set(most)
        endpoint: Any = endpoint_of(model)
        if hasattr(endpoint, "heard"):
            endpoint.heard = hearing(self.pace)

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Ask when it is its turn; see agentkit.model.Model."""
        pace, need = self.pace, self.need(request)
        clock = asyncio.get_running_loop().time
        if (barred := pace.barred(clock())) is not None:
            raise barred
        waited_s = await queued(pace.enter(LANE.get() or request.actor, need))
        if pace.limit.fleet:
            try:
                waited_s += await queued(self.across(request, need))
            except BaseException:
                pace.refund(need, clock())
                raise
        check = still.get() if waited_s else None
        if check is not None and not check():
            pace.refund(need, clock())
            raise Outdated
        if waited_s >= TOLD_S:
            note(Queued(model=self.name, wait_s=round(waited_s, 3), cause="limit"))
        let_go()
        try:
            reply = await self.model(request, on_text)
        except CircuitOpen:
            pace.refund(need, clock())
            self.settle_across(need, 0.0)
            raise
        except RateLimited as error:
            self.refused(error)
            raise
        if need:
            took = reply.usage.tokens_in + reply.usage.tokens_out
            pace.settle(need, took or need)
            self.settle_across(need, took or need)
            pace.known_out = max(pace.known_out, reply.usage.tokens_out)
        return reply

    async def across(self, request: Request, need: float) -> float:
        """Wait for the turn among all workers of a fleet; elsewhere there is nobody else."""
        all_of_them, stated = ACROSS.get(), self.pace.limit
        if all_of_them is None:
            return 0.0
        rates = Rates(stated.requests_per_minute, stated.tokens_per_minute, stated.burst_s)
        lane = LANE.get() or request.actor
        return await all_of_them.enter(self.place, rates, lane, need)

    @property
    def place(self) -> str:
        """What all workers know the endpoint by."""
        return f"{self.name} {getattr(endpoint_of(self.model), 'account', '')[:16]}"

    def settle_across(self, need: float, took: float) -> None:
        """Correct for all workers what a call was taken to need."""
        all_of_them = ACROSS.get() if self.pace.limit.fleet else None
        if all_of_them is not None:
            all_of_them.settle(self.place, need, took)

    def need(self, request: Request) -> float:
        """The tokens that a call may take; they are counted only where they are bounded."""
        if self.pace.tokens.rate is None:
            return 0.0
        found = bound_of(self.model, request)
        if found is None:
            return float(self.pace.known_out)
        return float(found.tokens_in + (found.tokens_out or self.pace.known_out))

    def refused(self, error: RateLimited) -> None:
        """Go slower, and say so once."""
        asked_s = error.context.get("retry_after_s") or 0.0
        if self.pace.slow(asked_s, asyncio.get_running_loop().time()):
            rate = round(self.pace.per_minute or 0.0, 1)
            note(Slowed(model=self.name, pause_s=round(asked_s, 3), rate=rate))

    def set_to(self) -> str:
        stated = self.pace.limit
        parts = [
            f"{value:g} {what}/min"
            for value, what in (
                (stated.requests_per_minute, "requests"),
                (stated.tokens_per_minute, "tokens"),
            )
            if value is not None
        ]
        whose = " for the whole fleet" if stated.fleet else ""
        return (", ".join(parts) or "what the endpoint says") + whose

    def state(self) -> str:
        now = self.pace.per_minute
        pace = "no bound known" if now is None else f"{now:.3g} requests/min now"
        return f"{pace}, {self.pace.waiting} waiting"


def hearing(pace: Pace) -> Callable[[Mapping[str, str]], None]:
    """What an endpoint tells its headers to."""

    def heard(headers: Mapping[str, str]) -> None:
        seconds = pause_s(headers)
        if seconds:
            pace.pause(seconds, asyncio.get_running_loop().time())

    return heard


def limit(model: Model, most: float | Limit | bool = True) -> Model:
    """Make a model that stays below a rate, which all who use its endpoint here share.

    Args:
        model: its endpoint is what the rate is about.
        most: requests per minute, or a Limit; True learns from the endpoint's refusals and headers.

    Raises:
        SetupError: the rate is none, or the wrapper is out of order.
    """
    return Limited(model, as_limit(most))


def as_limit(most: Any) -> Limit:
    """A Limit of what was given.

    Raises:
        SetupError: it is none.
    """
    if most is True:
        return Limit()
    if isinstance(most, Limit):
        return most
    if isinstance(most, int | float) and 0 < most <= 1e9:
        return Limit(requests_per_minute=float(most))
    raise SetupError(
        f"limit={safe_repr(most)}",
        expected="requests per minute, more than 0; or Limit(requests_per_minute=...,"
        " tokens_per_minute=...); or True, to learn from the endpoint",
    )
