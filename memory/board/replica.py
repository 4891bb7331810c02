"""A session on one replica of a board: what an agent holds, and what it may rely on.

The session guarantees (`session.GUARANTEES`) are those of Terry et al. 1994. Moving to a replica
that lags, or being on one, breaks them unless they are asked for.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Sequence
from typing import Any, Self
from weakref import WeakKeyDictionary

from agentkit import Memory, Tool
from agentkit.errors import SetupError, error_text
from agentkit.messages import JSON, Message, Thread, canonical, jsonable, mended
from agentkit.scope import current_scope, in_run, note
from agentkit.threads import FairLock
from memory.board.beliefs import believe, believed
from memory.board.core import BoardCore
from memory.board.delivery import Carrier
from memory.board.diffing import is_long, ready
from memory.board.notes import Merged, Redirected, StaleRead, WriteRefused
from memory.board.serving import ReplicaClient
from memory.board.session import CAUSAL, GUARANTEES
from memory.board.tools import tools_of
from memory.board.versions import ReadVersions, Version, unsaid, version_of
from memory.board.writing import NOTHING_READ, Draft, decision
from memory.doors import doors
from memory.errors import Conflict, Stale
from memory.passages import before_task, passages
from memory.steps import step
from memory.stores import Item

SHOWN_KEYS, SHOWN_CHARS = 50, 4000
"""A board up to this size is shown to an agent whole, as JSON."""

ATTEMPTS = 100
"""How often an update is tried again after a conflict."""

UPDATE_S = 10.0
"""How long an update waits for a replica that lags, if its session waits no longer."""

Turns = dict[tuple[int, str, str], asyncio.Lock]

TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = WeakKeyDictionary()
"""Whose turn it is after a conflict, by journal, replica and key; a lock belongs to one loop."""


@doors
class Replica(ReplicaClient, Memory):
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
            guarantees: of GUARANTEES, over all keys; "causal" is all of them.
            wait_s: how long a read or write waits for a replica that lags, in seconds.
            otherwise: what happens then: "error" raises Stale, "redirect" reads or writes at a
                replica in reach that does not lag.

        Raises:
            SetupError: a guarantee or a way out that does not exist.
        """
        asked = (guarantees,) if isinstance(guarantees, str) else tuple(guarantees)
        wrong = [one for one in asked if one not in (*GUARANTEES, CAUSAL)]
        if wrong or otherwise not in ("error", "redirect") or not wait_s >= 0:
            raise SetupError(
                f"A session cannot have guarantees={list(asked)}, wait_s={wait_s},"
                f" otherwise={otherwise!r}.",
                expected=f"guarantees of {', '.join(GUARANTEES)}, or {CAUSAL!r};"
                " 'error' or 'redirect'",
            )
        given = GUARANTEES if CAUSAL in asked else asked
        super().__init__(board, delivery, replica, given, wait_s, otherwise)
        self._turns: dict[str, FairLock] = {}

    async def read(self, key: str) -> ReadVersions:
        """Read what this replica holds of a key. Notes: stale_read, merged, redirected.

        Raises:
            Stale: it lags behind what the session may rely on, for longer than wait_s.
            SetupError: no key.
        """
        check_key(key, self.name)

        async def perform(_key: str) -> JSON:
            where, journal = await self.serving(self.known.to_read), self.board.journal
            state = journal.state
            return {**self.look(where, key, state).model_dump(),
                    "heard": self.heard(where, key, state),
                    "stream": journal.id, "seq": journal.seq}  # fmt: skip

        request: JSON = {"key": key, "replica": self.replica}
        found = await step(f"{self.name}.read", request, perform, effect="pure")
        seen = ReadVersions(**{name: found[name] for name in ReadVersions.model_fields})
        at = max((one.at for one in seen.siblings), default=self.known.read_at)
        self.known.saw(key, seen.versions, seen.value, found.get("heard", seen.versions), at)
        believe(self.known, key, seen.versions, seen.value)
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
            based_on: versions that the writer had seen; by default what this task, or else this
                session, read last of the key. () writes blindly.

        Raises:
            Conflict: compare-and-swap, and somebody wrote since; or on a CRDT, and somebody
                gave another number where this writer gives one, or this writer has not read
                the text or number that is there. Stale: the replica lags behind what the
                session's write must come after, for longer than wait_s. StoreUnreachable: the
                primary is cut off. StoreTaken: another process writes the board.
            SetupError: no key, or a value without a JSON form. ReadOnly: it is not to be written.
        """
        check_key(key, self.name)
        self.board.to_write()
        try:
            value = jsonable(value)
        except ValueError as error:
            raise SetupError(
                f"{self.name} cannot hold this under {key}: {error_text(error)}."
            ) from error
        base, before = self.basis(key, based_on)
        by = (current_scope().path if in_run() else "") or "you"
        request: JSON = {
            "key": key, "value": value, "based_on": list(base), "replica": self.replica,
        }  # fmt: skip

        async def perform(step_key: str) -> JSON:
            board = self.board
            where = board.primary(await self.serving(self.known.to_write, spread=False))
            journal = board.journal
            after = frozenset(self.known.to_write(journal.state, self.guarantees))
            draft = Draft(where, key, value, by, base, before, after,
                          self.known.later_than(self.guarantees))  # fmt: skip
            long = board.consistency == "crdt" and is_long(value)
            async with ready(journal.state.value(where, key) if long else None, value):
                event = await journal.append(step_key, decision(board, draft))
            # What the writer gave: of a merge it does not know what else came of it.
            version = version_of(event, **{**unsaid(board.consistency, where), "value": value})
            self.delivery.tell(key, where, event.seq)
            await self.delivery.spread()
            # The value is in the request.
            told = version.model_dump(exclude={"value"}, exclude_defaults=True)
            return {**told, "stream": journal.id, "seq": event.seq}

        try:
            found = await step(f"{self.name}.write", request, perform, effect="idempotent")
        except Conflict as error:
            note(WriteRefused(board=self.name, key=key, based_on=tuple(base), told=error.what))
            raise
        given = {"value": value, **found}
        version = Version(**{name: given[name] for name in Version.model_fields if name in given})
        self.known.wrote(version)
        believe(self.known, key, (version.n,), version.value)
        return version

    def basis(
        self, key: str, based_on: Sequence[int] | None = None
    ) -> tuple[tuple[int, ...], tuple[JSON] | None]:
        """Return the versions that a write is based on, and their value where that is known."""
        mine = believed(self.known, key)
        reads = [(mine.versions, mine.value)] if mine else []
        if key in self.known.values:
            reads.append((self.seen[key], self.known.values[key]))
        if based_on is not None:
            base = tuple(sorted(based_on))
            known = [value for versions, value in reads if tuple(sorted(versions)) == base]
            return base, (known[0],) if known else None
        if not reads:
            return (), NOTHING_READ
        versions, value = reads[0]
        # A version from before a clear() is no longer there to be based on.
        left = tuple(sorted(n for n in versions if n in self.board.state.parents))
        return left, (value,) if len(left) == len(versions) else NOTHING_READ

    async def update(
        self, key: str, change: Callable[[JSON], JSON], *, wait_s: float = UPDATE_S
    ) -> Version:
        """Read a key, change its value and write it; after a conflict again from the read.

        Updates of one session take turns, so that they conflict with others' only; and so do
        all that met a conflict, so that each is soon done, however many they are. Where the
        replica has not heard of what the conflict is with, it waits for that.

        Args:
            key: any text.
            change: from the value to the new one; called again after a conflict.
            wait_s: how long it waits for a replica that lags, in seconds, if the session does
                not wait longer.

        Raises:
            Conflict: it was tried a hundred times. Stale: the replica lagged all the time.
        """
        async with self._turns.setdefault(key, FairLock()):
            end = asyncio.get_running_loop().time() + max(wait_s, self.wait_s)
            try:
                return await self._change(key, change)
            except (Conflict, Stale) as error:
                await self.catch_up(key, error, end)
            turns = TURNS.setdefault(asyncio.get_running_loop(), {})
            place = (id(self.board.journal), self.replica, key)
            async with turns.setdefault(place, asyncio.Lock()):
                for left in reversed(range(ATTEMPTS)):
                    try:
                        return await self._change(key, change)
                    except (Conflict, Stale) as error:
                        if not left:
                            raise
                        await self.catch_up(key, error, end)
        raise AssertionError("the last attempt returns or raises")

    async def _change(self, key: str, change: Callable[[JSON], JSON]) -> Version:
        seen = await self.read(key)
        return await self.write(key, change(seen.value), based_on=seen.versions)

    def moved(self, replica: str) -> Replica:
        """Go on with the session on another replica, as a client that is sent elsewhere."""
        self.board.network.known([replica])
        other = Replica(
            self.board, self.delivery, replica, self.guarantees, self.wait_s, self.otherwise
        )
        other.known = self.known
        return other

    def read_only(self) -> Self:
        """Return this session as one that reads, and never writes; what it has read stays known."""
        made = copy.copy(self)
        made.board = copy.copy(self.board)
        made.board.writes = False
        return made

    @property
    def tools(self) -> Sequence[Tool]:
        return tools_of(self.name, lambda: self, writes=self.board.writes)

    async def on_task(self, thread: Thread) -> Thread:
        """Show the agent what this replica holds; of a large board the keys only.

        What it writes then is based on what it was shown, until it reads again. It is a read: of
        a session with guarantees the replica must have what they ask for.
        """
        request: JSON = {"replica": self.replica}

        async def perform(_key: str) -> JSON:
            where, journal = await self.serving(self.known.to_read), self.board.journal
            state = journal.state
            held = sorted(state.held[where])
            seen = [self.look(where, key, state) for key in held[:SHOWN_KEYS]]
            shown = [{"key": one.key, "value": one.value, "versions": list(one.versions),
                      "heard": self.heard(where, one.key, state),
                      "at": max(version.at for version in one.siblings)}
                     for one in seen]  # fmt: skip
            small = len(held) <= SHOWN_KEYS and len(canonical(shown)) <= SHOWN_CHARS
            return {"shown": shown if small else [], "keys": [] if small else held,
                    "stream": journal.id, "seq": journal.seq}  # fmt: skip

        found = await step(f"{self.name}.look", request, perform, effect="pure")
        for one in found["shown"]:
            heard, at = one.get("heard", one["versions"]), one.get("at", self.known.read_at)
            self.known.saw(one["key"], one["versions"], one["value"], heard, at)
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
    if mended(key) != key:  # in the log two such keys would be one
        raise SetupError(
            f"{board} was given the key {key!r}, with half of a character in it.",
            todo="decode it with errors='replace' where it comes from",
        )


def line(value: JSON) -> str:
    """Return a value as an agent reads it."""
    return value if isinstance(value, str) else canonical(value)
