"""What happens in a run, on its way into the log, and what it costs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, cast

from agentkit.budget import AROUND, Budget, Spent
from agentkit.code import CodeMark
from agentkit.errors import AgentkitError
from agentkit.events import Base, Noted, RunEnded, RunStarted, Usage
from agentkit.guarding import Guard
from agentkit.lease import Lease
from agentkit.log import LOGGER, Log
from agentkit.messages import JSON, Thread
from agentkit.notes import Note
from agentkit.past import Past
from agentkit.person import Person
from agentkit.record import Unused
from agentkit.scope import YOU, Expenses, Scope, asleep, current_scope, here
from agentkit.standing import ACTING, Marks
from agentkit.traces import failure_of
from agentkit.values import built


class Recorder:
    """The side of a run that is written: events in order, notes, sums."""

    def __init__(self, log: Log, lease: Lease | None, start: RunStarted, past: Past) -> None:
        self.id, self.log, self.lease, self.past = start.run, log, lease, past
        self.start = start
        self.kept: list[Any] | None = None
        """What happens in it, for whoever opened it and put a list here; no event is read again."""
        self.cause = start.cause
        """The call from elsewhere that it answers."""
        self.seed, self.how = start.seed, start.how
        """How it came to be: "ask", "resume", "rerun" or "fork"."""
        self.root = Scope("", YOU, "", seed=start.seed)
        around = here.get()
        self.outer: Recorder | None = around[0] if around and not around[0].ended else None
        """The run in which this one is opened; its budget binds here, too."""
        self.person: Person | None = None
        """Who answers the questions of this run here; None is whoever was set for the process."""
        if around and self.outer:
            self.root.places = around[1].places
            self.person = self.outer.person
        self.beside = Expenses()
        """What runs that were opened in this one spent, and what recorded steps cost that a
        resumed run has not come by again."""
        spent = partial(spent_in, self.root, self.beside)
        self.within: Scope | None = around[1] if around and self.outer else None
        """The activation in which it is opened."""
        outer = self.outer.budget if self.outer else AROUND.get()
        if self.within is not None and self.within.budget is not None:
            outer = self.within.budget
        self.budget: Budget = Budget(
            self.id, start.budget_usd, start.budget_tokens, spent, outer, calls=start.budget_calls
        )
        self.stored, self.attempts = past.kept()
        """Ids of the messages in the log, and how often each step was begun."""
        self.charged: set[str] = set()
        """Runs opened inside, of which `beside` has what they paid before this one went on."""
        self.cleared: set[str] = set()
        """Keys of steps of which this attempt at a run knows what became of them."""
        self.told = past.told()
        """Calls that may have happened, as the run was told."""
        acting = ACTING.get()
        self._marks: Marks = {} if acting is None else acting.marks
        self.ended: bool = False
        self.guard: Guard | None = None
        """The policy that looks at what happens here; most runs have none."""
        self.monitor: Any = None
        """The rules that must hold here; most runs have none. See `agentkit.requiring`."""
        self._seq = start.seq
        self.emitting = threading.RLock()
        """Tools in threads may ask actors, each on a loop of its own."""

    @property
    def usage(self) -> Usage:
        return self.root.usage

    @property
    def cost_usd(self) -> float | None:
        return self.root.cost_usd

    def emit(self, kind: type[Base], scope: str, **fields: Any) -> None:
        """Append an event, unless an earlier attempt at this run recorded the same.

        Nothing is waited for: it is durable after the next `flush`, like all that came before it.

        Args:
            kind: the class of the event.
            scope: the key of the activation in which it happened; "" for the run itself.
            fields: of that class, except run, seq, at and scope.
        """
        if self.lease is None or self.ended or asleep.get():
            return
        with self.emitting:
            seq = self._seq + 1
            at = self.log.clock()
            event = built(kind, {"run": self.id, "seq": seq, "at": at, "scope": scope, **fields})
            if self.past.bound and self.past.has(event):
                return  # and take no number: a gap would look like a missing event
            self._seq = seq
            if event.nodes:
                self.stored.update([n.id for n in event.nodes])
            self.log.append(self.lease, event)
            if self.kept is not None:
                self.kept.append(event)
            if self.guard is not None:
                self.guard.take(event)
            if self.monitor is not None:
                self.monitor.take(event)

    @property
    def seq(self) -> int:
        """Of the last event."""
        return self._seq

    def again(self, events: Sequence[Any]) -> None:
        """Append what a run recorded that was the same until here; see `agentkit.verify`."""
        with self.emitting:
            self._seq = events[-1].seq
            for event in events:
                self.stored.update([n.id for n in event.nodes])
            self.log.append(cast("Lease", self.lease), *events)
            if self.kept is not None:
                self.kept += events

    def fresh(self, nodes: Thread) -> Thread:
        """Those messages at the end of a conversation that the run has not stored yet."""
        count = 0
        while count < len(nodes) and nodes[-1 - count].id not in self.stored:
            count += 1
        return nodes[len(nodes) - count :]

    async def flush(self) -> None:
        """Wait until everything so far is durable."""
        if self.lease is not None:
            await self.log.flush(self.lease)

    async def held(self) -> None:
        """See to it that no other writer may have the run by now: before an effect begins.

        A process that was stopped, or a laptop that slept, may wake up after its lease.

        Raises:
            RunTaken: somebody went on with it.
        """
        if self.lease is not None and self.lease.stale:
            self.log.append(self.lease)
            await self.flush()

    def note(self, what: str | Note, data: JSON = None, *, scope: str | None = None) -> None:
        """Record a decision worth showing.

        Args:
            what: the note; or any topic, of a user's own.
            data: JSON to go with a topic.
            scope: the activation that it is about; by default this one.
        """
        topic, data = (what.topic, what.data()) if isinstance(what, Note) else (what, data)
        place = current_scope().key if scope is None else scope
        self.emit(Noted, place, topic=topic, data=data)

    def spend(self, scope: Scope, usage: Usage, cost_usd: float | None) -> None:
        """Enter what a step cost, here and in the runs around this one.

        Args:
            scope: the activation that took the step.
            usage: tokens and calls.
            cost_usd: None where a price is unknown; then sums are unknown, too.
        """
        scope.spend(usage, cost_usd)
        self.spend_around(usage, cost_usd)

    def spend_around(self, usage: Usage, cost_usd: float | None, *, again: bool = False) -> None:
        """Enter what a step cost in the runs around this one.

        Args:
            usage, cost_usd: of the step.
            again: it was taken before; runs that know so have it since they went on.
        """
        inner: Recorder = self
        around = self.outer
        while around is not None:
            if not (again and self.id in around.charged):
                around.beside.spend(usage, cost_usd)
            for budget in inner.within.allotted() if inner.within else ():
                budget.beside.spend(usage, cost_usd)
            inner = around
            around = around.outer
        self.tell_around(usage, cost_usd)

    def tell_around(self, usage: Usage, cost_usd: float | None) -> None:
        """Let the asks around this run say what it cost; see `Answer.inside`."""
        inner: Recorder | None = self
        while inner is not None and inner.outer is not None:
            if inner.within is not None:
                inner.within.spend_inside(usage, cost_usd)
            inner = inner.outer

    def mark(self, called: Any, mark: CodeMark, beside: Iterable[Any] = ()) -> str:
        """The mark of what is called, the same for all of a run; "" if there can be none."""
        if id(called) not in self._marks:
            try:
                self._marks[id(called)] = (called, mark.of(called, beside))
            except Exception as error:
                self._marks[id(called)] = (called, "")
                LOGGER.debug("%r has no mark", called, exc_info=error)
        return self._marks[id(called)][1]

    def end(self, error: BaseException | None) -> None:
        """Close it; whoever works on in it gets an error."""
        self._emit_end(error)
        self.ended = True

    def _emit_end(self, error: BaseException | None) -> None:
        stopped = isinstance(error, asyncio.CancelledError | KeyboardInterrupt | GeneratorExit)
        foreign = not isinstance(error, AgentkitError) and not stopped
        if error is None and (unused := self.past.unused()):
            self.note(Unused(steps=unused), scope="")
        self.emit(
            RunEnded,
            "",
            status="cancelled" if stopped else "failed" if error else "ok",
            error=failure_of(error, traced=foreign) if error else None,
        )


def spent_in(*parts: Scope | Expenses) -> Spent:
    """What several parts took in all."""
    tokens = sum(part.usage.tokens_in + part.usage.tokens_out for part in parts)
    known = [part.cost_usd for part in parts if part.cost_usd is not None]
    calls = sum(part.usage.calls for part in parts)
    return Spent(sum(known) if len(known) == len(parts) else None, tokens, calls)
