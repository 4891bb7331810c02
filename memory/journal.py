"""A journal: shared state as a stream of events in the log, and the state as their fold.

Event sourcing (Fowler 2005): the events are the truth, the state is computed from them and
may be thrown away. A stream stands in the same log as the runs, as a kind of its own; each of
its events carries the key of the step that made it, so that a step performed twice writes
once. Snapshots stand at fixed places, so that opening reads few events, see `memory.snapshots`.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar, cast

from agentkit import Log, open_log
from agentkit.committing import AGAIN_S, LOCK_S
from agentkit.errors import LogGone, LogLocked, RunTaken, SetupError, safe_repr
from agentkit.events import RunStarted, StateChanged
from agentkit.garbage import uncollected
from agentkit.lease import LEASE_S, Lease
from agentkit.log import stream_id
from agentkit.messages import JSON
from memory.declared import FIRST, Declared, declared_otherwise
from memory.errors import StoreTaken
from memory.naming import checked
from memory.snapshots import AFTER, Due, SnapshotForm

EVERY = 500
"""A snapshot stands only where seq is a multiple of this, so that it is found by its seq."""

KEYS = 2 * EVERY
"""Newest step keys that a snapshot carries. A step repeated after more events than that would
be written twice; a run is resumed long before."""

SNAPSHOT = "snapshot"

AT_ONCE = 1000
"""Events are read and folded in parts of so many, so that few are in memory at a time."""

T = TypeVar("T")

Show = Callable[[T], dict[str, dict[str, JSON]]]
"""A state for people: values by place and key."""

Apply = Callable[[T, StateChanged], T]
"""The state after an event; it may change the state it is given and return it."""


class Journal(Generic[T]):
    """One stream and the fold of its events, shared by whoever opens it in this process.

    The fold must depend on the events alone, and the state must have a JSON form: `save` and
    `load` say which, for snapshots.
    """

    def __init__(
        self,
        name: str,
        initial: Callable[[], T],
        apply: Apply[T],
        *,
        save: Callable[[T], JSON] = lambda state: state,
        load: Callable[[JSON], T] = lambda saved: saved,
        part: Callable[[T, int], JSON] | None = None,
        join: Callable[[T, JSON], T] | None = None,
        show: Show[T] | None = None,
        log: Log | None = None,
        every: int = EVERY,
        declared: Declared | None = None,
    ) -> None:
        """Open the stream of that name; it begins with its first event.

        Args:
            name: an identifier.
            initial: makes the state before the first event.
            apply: the fold.
            save, load, part, join: how it is written down, see `memory.snapshots.SnapshotForm`.
            show: the state for people.
            log: where the events are; the default log without one.
            every: seqs at which a snapshot may stand.
            declared: what it is; kept at its beginning.

        Raises:
            SetupError: a name that no memory can have. LogError: the log cannot be read.
            BegunOtherwise: there is one of that name which was declared as something else.
        """
        self.name, self.id = checked(name), stream_id(name)
        self.log = log or open_log()
        self.initial, self.apply, self.save = initial, apply, save
        self.snapshots = Due(SnapshotForm(save, load, part, join))
        self.show = show or self._plain
        self.every, self.declared = every, declared
        self.lease: Lease | None = None
        self.state: T = initial()
        self.seq = 0
        self.now = 0.0
        """When the event is made that is being decided, in Unix seconds."""
        self.keys: dict[str, int] = {}
        """The seq that each of the newest step keys wrote."""
        self.ahead: list[T] = []
        """The state after the event that is being decided, if `decide` came to it already."""
        self._erasure = self.log.erasure
        self.refresh()

    def refresh(self) -> None:
        """Read what is new in the log; all from the last snapshot on, at first."""
        last = self.last()
        if last <= self.seq:
            return
        self._agree()
        with uncollected():
            for event in self._from_snapshot(last, self.seq):
                self._take(event)

    def look(self) -> None:
        """Take in what other processes wrote since.

        Cost: one read by seq, which is empty while nobody else writes.
        """
        self._unlearn()
        self._there()
        if self.seq or self.log.has(self.id):
            self._agree()
            for event in self._read(self.seq, None):
                # Reading stored what was pending, or found that another writer came before it.
                if self.lease is not None and self.lease.lost is not None:
                    break
                self._take(event)
            if self.lease is not None and self.lease.lost is not None:
                self.forget()

    def last(self) -> int:
        """Return the seq of the newest event in the log; 0 before the first."""
        return self.log.length(self.id)

    async def append(self, key: str, decide: Callable[[T], tuple[str, JSON]]) -> StateChanged:
        """Write an event, durable when this returns; or return the one this key has written.

        Args:
            key: of the step; "" writes without looking.
            decide: from the state to the event's name and value, called again whenever
                somebody else wrote before; it raises what it refuses.

        Raises:
            StoreTaken: another process writes this stream. LogError: it was not stored yet.
            LogLocked: others wrote the log without a pause, for as long as a commit waits.
        """
        while True:
            self.lease = await self._owned()
            # The step was performed before, perhaps by a process that died: its event stands.
            if key and key in self.keys:
                await self.log.flush(self.lease)
                return self.event(self.keys[key])
            lease = self.lease
            self.now = self.log.clock()
            # Before it is decided: to make an event may prepare the state for it.
            self._snapshot(lease)
            self.ahead.clear()
            name, value = decide(self.state)
            if name == SNAPSHOT:
                raise SetupError(
                    f"An event cannot be called {safe_repr(name)}.", expected="another name"
                )
            made = self._made(name, {"key": key, "value": value} if key else {"value": value})
            # Folded before it is durable, so that the next writer builds on it; forget() undoes it.
            self._take(made)
            self.log.append(lease, made)
            try:
                await self.log.flush(lease)
            except RunTaken:
                # Another writer waiting here may have taken it back already.
                if self.lease is lease:
                    self.forget()
                continue
            return made

    async def _owned(self) -> Lease:
        """The lease to write; a log that others write at the moment is tried as a commit is.

        Raises:
            StoreTaken, LogLocked: it cannot be had.
        """
        end = time.monotonic() + LOCK_S
        while True:
            try:
                return self.own()
            except LogLocked:
                if time.monotonic() > end:
                    raise
            await asyncio.sleep(AGAIN_S)

    def own(self) -> Lease:
        """Return the lease to write, and claim it if this process does not have it.

        Raises:
            StoreTaken: another process is, and was active in the last seconds.
        """
        self._unlearn()
        self._there()
        if self.lease is not None and self.lease.lost is None:
            return self.lease
        if self.lease is not None:
            self.forget()
        if self.last():
            self._agree()
            try:
                # A lease without a release is waited for: its owner may be alive and slow.
                lease = self.log.claim(self.id)
            except RunTaken as error:
                raise StoreTaken(
                    f"{self.name} is being written by {error.owner}.",
                    expected=f"one writer at a time; another may follow after {LEASE_S:g} s",
                    todo="stop it there, or wait and try again",
                ) from error
            self.refresh()
            return lease
        lease = self.log.begin_stream(self.name)
        now = self.log.clock()
        start = RunStarted(
            run=self.id, seq=1, at=now, scope="", name=self.name, what="stream",
            declared=self.declared.recorded() if self.declared else None,
        )  # fmt: skip
        self.log.append(lease, start)
        self.seq = 1
        return lease

    def _agree(self) -> None:
        """See to it, before the first event is taken, that the stream is what is declared here.

        Raises:
            BegunOtherwise: it is something else.
        """
        if self.seq == 0 and self.declared is not None:
            self.declared.check(self.name, self.log.read(self.id, 0, FIRST))

    def _there(self) -> None:
        """See to it that what is read is what is there, and what is written will be found.

        Raises:
            LogGone: the file of the log was deleted or replaced.
        """
        if getattr(self.log, "gone", False):
            raise LogGone(
                f"The log {self.log.url}, in which {self.name} is kept, was deleted or replaced.",
                expected="the file as it was opened",
                todo="bring it back, or open the log again, and what is kept in it",
            )

    def forget(self) -> None:
        """Give up what was computed from events that were not stored, and read again."""
        self.lease, self.seq = None, 0
        self.state, self.keys = self.initial(), {}
        self.snapshots.reset()
        self.refresh()

    def _unlearn(self) -> None:
        """Read all again where something was erased: the next snapshot would bring it back."""
        if (erasure := self.log.erasure) != self._erasure:
            self._erasure = erasure
            self.read_again()

    def read_again(self) -> None:
        """Compute the state anew, where what changed it failed half-way; the lease stays."""
        lease = self.lease
        self.forget()
        self.lease = lease

    def event(self, seq: int) -> StateChanged:
        """Read the event with that seq."""
        return cast(StateChanged, self.log.read(self.id, seq - 1, seq)[0])

    def events(self, upto: int | None = None) -> list[StateChanged]:
        """Read all events, oldest first, without the snapshots."""
        if not self.last():
            return []
        found = self.log.read(self.id, 0, upto)
        return [e for e in found if isinstance(e, StateChanged) and e.name != SNAPSHOT]

    def at(self, seq: int) -> T:
        """Compute the state after the event with that seq, from the snapshot before it.

        Raises:
            SetupError: there was no such event yet.
        """
        if not 0 <= seq <= self.last():
            raise SetupError(f"{self.name} has no event {seq}.", expected=f"0 to {self.last()}")
        if seq == 0:
            return self.initial()
        state = self.initial()
        for event in self._from_snapshot(seq, 0):
            if isinstance(event, StateChanged):
                state = self._after(state, event)
        return state

    def shown(self, seq: int) -> dict[str, dict[str, JSON]]:
        """The state after the event with that seq, for people.

        Raises:
            SetupError: there was no such event yet.
        """
        return self.show(self.at(seq))

    def _plain(self, state: Any) -> dict[str, dict[str, JSON]]:
        """Show the fields of an object, and the one value of anything else."""
        value = self.save(state)
        fields = value if isinstance(value, dict) else {"value": value}
        return {self.name: {str(key): one for key, one in fields.items()}}

    def rebuild(self) -> T:
        """Compute the state from all events, snapshots left out, and keep it."""
        self.state = self.project(self.initial, self.apply)
        return self.state

    def project(self, initial: Callable[[], Any], apply: Callable[[Any, StateChanged], Any]) -> Any:
        """Compute another fold of the same events."""
        state = initial()
        for event in self.events():
            state = apply(state, event)
        return state

    def _from_snapshot(self, seq: int, after: int) -> Iterator[Any]:
        """Read the events up to one, from the newest snapshot after another, or else after that.

        Cost: one read more for each place between that holds no snapshot.
        """
        place = seq // self.every * self.every
        while place > after:
            event = self._at_place(place)
            if event is not None and (chain := self._chain(event, after)):
                return itertools.chain(chain, self._read(place, seq))
            place -= self.every
        return self._read(after, seq)

    def _at_place(self, place: int) -> StateChanged | None:
        """The snapshot with a seq, if one stands there."""
        # A read gives what stands after a seq, so the snapshot itself is after the one before.
        for event in self.log.read(self.id, place - 1, place):
            if isinstance(event, StateChanged) and event.name == SNAPSHOT:
                return event
        return None

    def _chain(self, event: StateChanged, after: int) -> list[StateChanged]:
        """A snapshot, and before it those that it builds on; nothing where one is read already."""
        found = [event]
        while (before := found[-1].value.get(AFTER)) is not None:
            one = self._at_place(before) if after < before < found[-1].seq else None
            if one is None:
                return []
            found.append(one)
        return found[::-1]

    def _read(self, after: int, upto: int | None) -> Iterator[Any]:
        """Read the events with after < seq <= upto, a part at a time."""
        while upto is None or after < upto:
            end = after + AT_ONCE if upto is None else min(after + AT_ONCE, upto)
            part = self.log.read(self.id, after, end)
            yield from part
            if len(part) < end - after:
                return
            after = end

    def _made(self, name: str, value: JSON) -> StateChanged:
        return StateChanged(
            run=self.id, seq=self.seq + 1, at=self.now, scope="", name=name, value=value
        )

    def _snapshot(self, lease: Lease) -> None:
        """Write a snapshot where the next event would stand in its place, if it is due."""
        if (self.seq + 1) % self.every:
            return
        if (value := self.snapshots.made(self.state, self.keys, KEYS)) is None:
            return
        made = self._made(SNAPSHOT, value)
        self.seq += 1
        self.snapshots.stands(self.seq, value)
        self.log.append(lease, made)

    def _take(self, event: Any) -> None:
        known, self.seq = self.seq == event.seq - 1, event.seq
        if not isinstance(event, StateChanged):
            return
        if event.name == SNAPSHOT:
            self.snapshots.stands(event.seq, event.value)
            if AFTER not in event.value:
                self.keys = {}
            self.keys.update(event.value["keys"])
            if known:
                return
        else:
            self.snapshots.take(event.value)
            if key := event.value.get("key"):
                self.keys[key] = event.seq
        if self.ahead:
            self.state = self.ahead.pop()
            return
        self.state = self._after(self.state, event)

    def _after(self, state: T, event: StateChanged) -> T:
        if event.name == SNAPSHOT:
            return self.snapshots.form.after(state, event.value)
        return self.apply(state, event)


JOURNALS: dict[tuple[int, str], Journal[Any]] = {}
"""The journals of this process, by log and name: one fold, one writer."""


def shared(
    name: str, make: Callable[[Log], Journal[T]], log: Log | None, declared: Declared
) -> Journal[T]:
    """Return the journal of that name in a log, opened once per process.

    Raises:
        BegunOtherwise: it was opened here, or begun in the log, as something else.
    """
    log = log or open_log()
    found = JOURNALS.get((id(log), name))
    if found is None or found.log is not log:
        found = JOURNALS[id(log), name] = make(log)
    if found.declared is not None and found.declared != declared:
        raise declared_otherwise(name, found.declared.recorded(), declared.recorded())
    return found
