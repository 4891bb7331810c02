"""breaker(model): leave an endpoint alone that keeps failing, and try it with single calls.

closed: calls go through. After `failures` failures in a row, or when `share` of the last `window`
calls failed, it opens.
open: no call is sent, for `open_s`; each time that a trial fails, twice as long, up to `longest_s`.
half-open: `probes` calls are sent as trials. When one succeeds it closes.

Calls that come meanwhile wait for up to `patience_s`, in turn, and are sent when it closes; without
patience they fail at once (`CircuitOpen`), as a fallback wants it. The state is one for all who use
the endpoint in this process. A refusal for too many calls (429) is no failure of the endpoint, nor
is one for what was asked (4xx): a limit and the asker see to these. A kept connection that was
closed while it was idle says nothing of it either.
Source: Nygard 2018, "Release It!", 2nd edition, section "Circuit Breaker".
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Literal

from pydantic import Field

from agentkit.errors import (
    BadReply,
    CircuitOpen,
    EndpointError,
    Overloaded,
    SetupError,
    TimedOut,
    Unreachable,
    safe_repr,
)
from agentkit.model import Model, OnText, Reply, Request
from agentkit.notes import Note, Number
from agentkit.reliability.across import LANE
from agentkit.reliability.admission import Outdated, let_go, queued, still
from agentkit.reliability.gate import Gate
from agentkit.reliability.setting import Setting
from agentkit.reliability.shared import shared
from agentkit.reliability.wrapper import Wrapper
from agentkit.scope import note

FAILING = (Overloaded, Unreachable, TimedOut, BadReply)
"""What says that something is wrong with the endpoint."""

State = Literal["closed", "open", "half-open"]


class Switched(Note):
    """A circuit breaker changed its state."""

    topic = "breaker"
    model: str
    state: State
    failures: int = 0
    """In a row."""
    open_s: Number | None = None
    """For how long nothing is sent."""
    error: str = ""

    def sentence(self) -> str:
        """What changed, and why."""
        if self.state == "closed":
            return f"{self.model} answers again; calls go through."
        if self.state == "half-open":
            return f"{self.model} is tried with one call."
        because = f" ({self.error})" if self.error else ""
        alone = f"it is left alone for {self.open_s:g} s."
        return f"{self.model} failed {self.failures} times{because}; {alone}"


class Breaker(Setting):
    """When a circuit opens, and when it is tried again."""

    failures: int = Field(default=5, ge=1)
    """In a row."""
    share: float = Field(default=0.5, gt=0, le=1)
    """Of the last `window` calls."""
    window: int = Field(default=20, ge=1, le=10_000)
    open_s: float = Field(default=1.0, gt=0, le=86_400)
    longest_s: float = Field(default=30.0, gt=0, le=86_400)
    probes: int = Field(default=1, ge=1, le=1000)
    patience_s: float | None = Field(default=None, ge=0, le=86_400)
    """How long a call waits for it to close; by default 60 s, and 0 where there is a fallback."""


PATIENCE_S = 60.0


class Circuit(Gate):
    """The state of one endpoint's breaker."""

    def __init__(self, how: Breaker) -> None:
        super().__init__()
        self.how = how
        self.state: State = "closed"
        self.in_a_row = self.probing = self.opened = 0
        self.until = 0.0
        """When it is tried again."""
        self.turn = 0
        """Counts the changes of its state: a call that was sent before one says nothing of now."""
        self.tried = 0.0
        """When the last trial was sent."""
        self.last: deque[bool] = deque(maxlen=how.window)
        """Of the last calls, whether each failed."""

    def set(self, how: Breaker) -> None:
        """Set it anew; its state stays."""
        with self.lock:
            self.how = how
            self.last = deque(self.last, maxlen=how.window)

    def admit(self, need: float, now: float) -> bool:
        if self.state == "closed":
            return True
        if self.state == "open":
            if now < self.until:
                return False
            self.switch("half-open")
        if self.probing >= self.how.probes:
            if now < self.tried + self.how.longest_s:
                return False
            # Nobody has heard of them for so long: their loop may have stopped under way.
            self.probing = 0
        self.probing += 1
        self.tried = now
        return True

    def switch(self, state: State) -> None:
        """Go into another state."""
        self.state, self.probing = state, 0
        self.turn += 1

    def give_back(self, need: float) -> None:
        self.probing = max(0, self.probing - 1)

    def delay(self, need: float, now: float) -> float | None:
        # Once its trials are under way, their end lets the others in.
        again = self.until if self.state == "open" else self.tried + self.how.longest_s
        return again - now

    def succeeded(self, now: float, turn: int) -> Switched | None:
        """A call was answered that was sent in this turn."""
        with self.lock:
            if turn != self.turn:
                return None
            self.in_a_row = 0
            self.last.append(False)
            if self.state != "half-open":
                return None
            self.switch("closed")
            self.opened = 0
            self.last.clear()
            self.pump(now)
            return Switched(model="", state="closed")

    def failed(self, now: float, error: BaseException, turn: int) -> Switched | None:
        """A call failed in a way that says something of the endpoint."""
        with self.lock:
            if turn != self.turn:
                return None
            self.in_a_row += 1
            self.last.append(True)
            how = self.how
            full = len(self.last) == how.window
            too_many = full and sum(self.last) >= how.share * how.window
            trial = self.state == "half-open"
            if not (trial or self.in_a_row >= how.failures or too_many):
                return None
            open_s = min(how.longest_s, how.open_s * 2.0 ** min(self.opened, 60))
            self.switch("open")
            self.until = now + open_s
            self.opened += 1
            self.pump(now)
            return Switched(
                model="",
                state="open",
                failures=self.in_a_row,
                open_s=round(open_s, 3),
                error=type(error).__name__,
            )

    def withdrawn(self, now: float, turn: int) -> None:
        """A call ended without saying anything of the endpoint, as one that was cancelled."""
        with self.lock:
            if self.state == "half-open" and turn == self.turn:
                self.give_back(1.0)
                self.pump(now)


class Breaking(Wrapper):
    """A Model behind a circuit breaker; see the module."""

    technique = "breaker"
    queues = True

    def __init__(self, model: Model, how: Breaker) -> None:
        super().__init__(model)
        self.patience_s = PATIENCE_S if how.patience_s is None else how.patience_s
        self.circuit = shared("breaker", model, lambda: Circuit(how))
        self.circuit.set(how)
        self.paced = getattr(model, "technique", "") == "limit"
        """Whether a call that it lets go on may wait once more."""

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Ask, unless the circuit is open; see agentkit.model.Model."""
        circuit, first = self.circuit, True
        while True:
            was = circuit.state
            turn = await self.through(LANE.get() or request.actor)
            if was != "closed" and circuit.state == "half-open":
                note(Switched(model=self.name, state="half-open"))
            if first:
                let_go()
            first = False
            try:
                return await self.sent(request, on_text, turn)
            except Outdated:
                # It waited for the rate, and the circuit opened meanwhile.
                continue

    async def sent(self, request: Request, on_text: OnText | None, turn: int) -> Reply:
        """Send it, and learn from what becomes of it."""
        circuit, clock = self.circuit, asyncio.get_running_loop().time
        token = still.set(lambda: circuit.turn == turn) if self.paced else None
        try:
            reply = await self.model(request, on_text)
        except EndpointError as error:
            if error.context.get("unsent") or error.context.get("stale"):
                circuit.withdrawn(clock(), turn)
                raise
            # One that refuses has answered; a filter that withholds a reply is no failure either.
            ill = isinstance(error, FAILING) and not error.context.get("withheld")
            now = clock()
            told = circuit.failed(now, error, turn) if ill else circuit.succeeded(now, turn)
            self.tell(told)
            raise
        except BaseException:
            circuit.withdrawn(clock(), turn)
            raise
        finally:
            if token is not None:
                still.reset(token)
        self.tell(circuit.succeeded(clock(), turn))
        return reply

    async def through(self, actor: str) -> int:
        """Wait until calls are sent; return in which turn of the circuit this one is.

        Raises:
            CircuitOpen: that takes longer than anybody waits.
        """
        if self.circuit.try_enter():
            return self.circuit.turn
        if self.patience_s > 0:
            clock = asyncio.timeout(self.patience_s)
            try:
                async with clock:
                    await queued(self.circuit.enter(actor))
                return self.circuit.turn
            except TimeoutError:
                if not clock.expired():
                    raise
        left_s = max(0.0, self.circuit.until - asyncio.get_running_loop().time())
        raise CircuitOpen(
            f"{self.name} was not called: it failed {self.circuit.in_a_row} times in a row, and is"
            f" tried again in {left_s:.3g} s.",
            todo="wait, look at %endpoint; or name another model: connect(..., fallback=[...])",
            retry_after_s=round(left_s, 3),
        )

    def tell(self, switched: Switched | None) -> None:
        """Record that the state changed."""
        if switched is not None:
            note(switched.model_copy(update={"model": self.name}))

    def set_to(self) -> str:
        how = self.circuit.how
        return f"opens after {how.failures} failures in a row, for {how.open_s:g} s"

    def state(self) -> str:
        circuit = self.circuit
        waiting = f", {circuit.waiting} waiting" if circuit.waiting else ""
        return f"{circuit.state}{waiting}"


def breaker(model: Model, how: Breaker | int | bool = True) -> Model:
    """Make a model that is left alone while its endpoint keeps failing.

    Args:
        model: its endpoint is what the circuit is about.
        how: a Breaker, or after how many failures in a row it opens.

    Raises:
        SetupError: that is none, or the wrapper is out of order.
    """
    return Breaking(model, as_breaker(how))


def as_breaker(how: Any) -> Breaker:
    """A Breaker of what was given.

    Raises:
        SetupError: it is none.
    """
    if how is True:
        return Breaker()
    if isinstance(how, Breaker):
        return how
    if type(how) is int and how >= 1:
        return Breaker(failures=how)
    raise SetupError(
        f"breaker={safe_repr(how)}",
        expected="after how many failures in a row it opens, from 1; or Breaker(failures=...,"
        " open_s=...); or True",
    )
