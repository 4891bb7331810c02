"""A session on one replica of a board: what an agent holds, and what it may rely on.

The session guarantees are those of Terry et al. 1994: "read_your_writes", a read sees the
session's own writes; "monotonic_reads", a read sees what earlier reads of it saw. Moving to
a replica that lags, or being on one, breaks them unless they are asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from agentkit import Memory, Tool
from agentkit.errors import SetupError, error_text
from agentkit.messages import JSON, Message, Thread, canonical, jsonable
from agentkit.scope import current_scope, in_run, note
from agentkit.threads import Turn
from memory.board.core import BoardCore
from memory.board.delivery import Carrier
from memory.board.notes import Merged, Redirected, StaleRead, WriteRefused
from memory.board.tools import tools_of
from memory.board.versions import Seen, Version
from memory.board.writing import decision
from memory.errors import Conflict, Stale, StoreUnreachable
from memory.passages import before_task, passages
from memory.steps import step
from memory.stores import Item

GUARANTEES = ("read_your_writes", "monotonic_reads")

SHOWN_KEYS, SHOWN_CHARS = 50, 4000
"""A board up to this size is shown to an agent whole, as JSON."""

ATTEMPTS = 100
"""How often an update is tried again after a conflict."""

Turns = dict[tuple[int, str], asyncio.Lock]

TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = WeakKeyDictionary()
"""Whose turn it is after a conflict, by journal and key; a lock belongs to one loop."""


class Replica(Memory):
    """A session of one reader and writer at one replica; see the module."""

    kind = "board"

    def __init__(
        self,
        board: BoardCore,
        delivery: Carrier,
        replica: str,
        guarantees: Sequence[str] = (),
        wait_s: float = 0.0,
        otherwise: str = "error",
    ) -> None:
        """Begin a session.

        Args:
            board: what was declared of the board, and its events.
            delivery: carries the writes of this session to the other replicas.
            replica: where it reads and writes.
            guarantees: of GUARANTEES; "both" of them are a session that never goes back.
            wait_s: how long a read waits for a replica that lags, in seconds.
            otherwise: what happens then: "error" raises Stale, "redirect" reads at a replica
                in reach that does not lag.

        Raises:
            SetupError: a guarantee or a way out that does not exist.
        """
        wrong = [one for one in guarantees if one not in GUARANTEES]
        if wrong or otherwise not in ("error", "redirect") or wait_s < 0:
            raise SetupError(
                f"A session cannot have guarantees={list(guarantees)}, wait_s={wait_s},"
                f" otherwise={otherwise!r}.",
                expected=f"guarantees of {', '.join(GUARANTEES)}; 'error' or 'redirect'",
            )
        self.board, self.delivery = board, delivery
        self.replica, self.name = replica, board.name
        self.guarantees, self.wait_s, self.otherwise = tuple(guarantees), wait_s, otherwise
        self.seen: dict[str, tuple[int, ...]] = {}
        """The versions that the session read last, by key."""
        self.values: dict[str, JSON] = {}
        """Their values, or what the session wrote since."""
        self.own: dict[str, set[int]] = {}
        """The session's writes that some replica may not have heard of, by key."""
        self.read_before: dict[str, set[int]] = {}
        """What its reads saw, likewise."""
        self._turns: dict[str, Turn] = {}

    async def read(self, key: str) -> Seen:
        """Read what this replica holds of a key. Notes: stale_read, merged, redirected.

        Raises:
            Stale: it lags behind what the session may rely on, for longer than wait_s.
            SetupError: no key.
        """
        check_key(key, self.name)

        async def perform(_key: str) -> JSON:
            self.board.journal.look()
            await self.delivery.spread()
            where = await self._reliable(key)
            seen = self._look(where, key)
            return {**seen.model_dump(), "stream": self.board.journal.id,
                    "seq": self.board.journal.seq}  # fmt: skip

        request: JSON = {"key": key, "replica": self.replica}
        found = await step(f"{self.name}.read", request, perform, effect="pure")
        seen = Seen(**{name: found[name] for name in Seen.model_fields})
        self.seen[key], self.values[key] = seen.versions, seen.value
        self.read_before.setdefault(key, set()).update(seen.versions)
        about: dict[str, Any] = {"board": self.name, "key": key, "replica": seen.replica}
        if seen.replica != self.replica:
            note(Redirected(**about, before=self.replica))
        if seen.behind:
            note(StaleRead(**about, behind=seen.behind, value=seen.value))
        if seen.conflict and self.board.merge is not None:
            values = tuple(one.value for one in seen.siblings)
            note(Merged(**about, values=values, value=seen.value))
        return seen

    async def write(
        self, key: str, value: JSON, *, based_on: Sequence[int] | None = None
    ) -> Version:
        """Write a key, naming who, when, and on what it is based.

        Args:
            key: any text.
            value: a JSON value; None where nothing is to stand.
            based_on: versions that the writer had seen; by default what this session read
                last of the key. () writes blindly.

        Raises:
            Conflict: compare-and-swap, and somebody wrote since; or on a CRDT, and somebody
                gave another number where this writer gives one. StoreUnreachable: the
                primary is cut off. StoreTaken: another process writes the board.
            SetupError: no key, or a value without a JSON form.
        """
        check_key(key, self.name)
        try:
            value = jsonable(value)
        except ValueError as error:
            raise SetupError(
                f"{self.name} cannot hold this under {key}: {error_text(error)}."
            ) from error
        # A version from before a clear() is no longer there to be based on.
        known = [n for n in self.seen.get(key, ()) if n in self.board.state.parents]
        base = tuple(sorted(known if based_on is None else based_on))
        # What it changed is told from what it had read; a blind write replaces all.
        read = key in self.values and base == tuple(sorted(self.seen[key]))
        before = (self.values[key],) if read and len(known) == len(self.seen[key]) else None
        by = (current_scope().path if in_run() else "") or "you"
        request: JSON = {
            "key": key, "value": value, "based_on": list(base), "replica": self.replica,
        }  # fmt: skip

        async def perform(step_key: str) -> JSON:
            board = self.board
            where = board.primary(self.replica)
            decide = decision(board, where, key, value, by, base, before)
            event = await board.journal.append(step_key, decide)
            version = Version(n=event.seq, **event.value["value"])
            self.delivery.tell(key, where, event.seq)
            await self.delivery.spread()
            return {**version.model_dump(), "stream": board.journal.id, "seq": event.seq}

        try:
            found = await step(f"{self.name}.write", request, perform, effect="idempotent")
        except Conflict as error:
            note(WriteRefused(board=self.name, key=key, based_on=tuple(base), told=error.what))
            raise
        version = Version(**{name: found[name] for name in Version.model_fields})
        # Its own write is what the session has seen now: the next one is based on it.
        self.seen[key] = (version.n,)
        self.own.setdefault(key, set()).add(version.n)
        self.values[key] = version.value
        return version

    async def update(self, key: str, change: Callable[[JSON], JSON]) -> Version:
        """Read a key, change its value and write it; after a conflict again from the read.

        Updates of one session take turns, so that they conflict with others' only; and so do
        all that met a conflict, so that each is soon done, however many they are.

        Raises:
            Conflict: it was tried a hundred times.
        """
        async with self._turns.setdefault(key, Turn()):
            try:
                return await self._change(key, change)
            except Conflict:
                turns = TURNS.setdefault(asyncio.get_running_loop(), {})
            async with turns.setdefault((id(self.board.journal), key), asyncio.Lock()):
                for _ in range(ATTEMPTS - 2):
                    with contextlib.suppress(Conflict):
                        return await self._change(key, change)
                return await self._change(key, change)

    async def _change(self, key: str, change: Callable[[JSON], JSON]) -> Version:
        seen = await self.read(key)
        return await self.write(key, change(seen.value), based_on=seen.versions)

    def _look(self, replica: str, key: str) -> Seen:
        """Look up what a replica holds of a key now."""
        state = self.board.state
        held = state.held[replica].get(key, ())
        value = state.value(replica, key)
        if len(held) > 1 and self.board.merge is not None:
            value = jsonable(self.board.merge([one.value for one in held]))
        return Seen(
            key=key,
            value=value,
            versions=tuple(one.n for one in held),
            siblings=held,
            replica=replica,
            behind=state.behind(replica, key),
        )

    async def _reliable(self, key: str) -> str:
        """Find a replica that has what the session may rely on: this one, soon, or another."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.wait_s
        while self._missing(self.replica, key):
            left = end - loop.time()
            if left > 0:
                await self.delivery.news(left)
                continue
            # Read again: something may have arrived in the last moment.
            missing = self._missing(self.replica, key)
            if self.otherwise == "redirect":
                for name in self.board.names:
                    reached = self.board.network.reaches(self.replica, name)
                    if reached and not self._missing(name, key):
                        return name
                raise StoreUnreachable(
                    f"No replica in reach of {self.replica} has what the session saw of {key}.",
                    todo="heal the partition, or ask for fewer guarantees",
                )
            raise Stale(
                f"{self.replica} has not heard of version {missing[0]} of {key}, which the"
                " session wrote or read before.",
                expected=" and ".join(self.guarantees),
                todo="wait longer (wait_s=), otherwise='redirect', or ask for fewer guarantees",
                key=key,
            )
        return self.replica

    def _missing(self, replica: str, key: str) -> list[int]:
        """List the versions that the session may rely on and a replica has not heard of.

        All of them, not the last: a replica can have heard of a later write and not of an earlier.
        """
        wanted: set[int] = set()
        for guarantee, numbers in zip(GUARANTEES, (self.own, self.read_before), strict=True):
            # What every replica has heard of can no longer be missed.
            kept = numbers[key] = numbers.get(key, set()) & self.board.state.waiting.keys()
            if guarantee in self.guarantees:
                wanted |= kept
        heard = self.board.state.heard[replica].get(key, set())
        return sorted(n for n in wanted - heard if n in self.board.state.parents)

    def moved(self, replica: str) -> Replica:
        """Go on with the session on another replica, as a client that is sent elsewhere."""
        self.board.network.known([replica])
        other = Replica(
            self.board, self.delivery, replica, self.guarantees, self.wait_s, self.otherwise
        )
        other.seen, other.own, other.values = self.seen, self.own, self.values
        other.read_before = self.read_before
        return other

    @property
    def tools(self) -> Sequence[Tool]:
        return tools_of(self.name, lambda: self)

    async def on_task(self, thread: Thread) -> Thread:
        """Show the agent what this replica holds; of a large board the keys only.

        What it writes then is based on what it was shown, until it reads again.
        """
        request: JSON = {"replica": self.replica}

        async def perform(_key: str) -> JSON:
            self.board.journal.look()
            await self.delivery.spread()
            held = sorted(self.board.state.held[self.replica])
            seen = [self._look(self.replica, key) for key in held[:SHOWN_KEYS]]
            shown = [{"key": one.key, "value": one.value, "versions": list(one.versions)}
                     for one in seen]  # fmt: skip
            small = len(held) <= SHOWN_KEYS and len(canonical(shown)) <= SHOWN_CHARS
            return {"shown": shown if small else [], "keys": [] if small else held,
                    "stream": self.board.journal.id, "seq": self.board.journal.seq}  # fmt: skip

        found = await step(f"{self.name}.look", request, perform, effect="pure")
        for one in found["shown"]:
            self.seen[one["key"]] = tuple(one["versions"])
            self.values[one["key"]] = one["value"]
            self.read_before.setdefault(one["key"], set()).update(one["versions"])
        if found["shown"]:
            items = [Item(id=one["key"], text=line(one["value"])) for one in found["shown"]]
            return before_task(thread, passages(self.name, items))
        if not found["keys"]:
            return thread
        told = f"The board {self.name} has the keys: {', '.join(map(canonical, found['keys']))}."
        return before_task(thread, Message(role="user", content=told))

    def __repr__(self) -> str:
        asked = f", {', '.join(self.guarantees)}" if self.guarantees else ""
        return f"Replica({self.name!r} at {self.replica}, {self.board.consistency}{asked})"


def check_key(key: str, board: str) -> None:
    """Check that a key is a text with something in it.

    Raises:
        SetupError: it is not.
    """
    if not isinstance(key, str) or not key.strip():
        raise SetupError(f"{board} was given the key {key!r}.", expected="a text")


def line(value: JSON) -> str:
    """Return a value as an agent reads it."""
    return value if isinstance(value, str) else canonical(value)
