"""Board: keys that agents share, on replicas, with declared consistency."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Self

from agentkit import Log, Memory, Tool
from agentkit.deprecated import Renamed
from agentkit.events import StateChanged
from agentkit.messages import JSON, Thread
from agentkit.scope import current_scope, in_run
from agentkit.words import for_line
from memory.asks import PerAsk
from memory.board.core import BoardCore, Merge
from memory.board.delivery import Carrier
from memory.board.replica import UPDATE_S, Replica
from memory.board.state import CLEARED, WRITTEN
from memory.board.tools import tools_of
from memory.board.versions import Consistency, ReadVersions, Version
from memory.doors import doors
from memory.steps import step


@doors
class Board(BoardCore, Memory):
    """Shared state with declared consistency; an agent that is given it has a session on it.

    - "cas": one primary, the first replica, numbers the writes; a write that is not based on
      the newest version is a Conflict. Nothing is lost.
    - "lww": any replica takes writes, the one with the latest clock stays. What is lost is
      counted in `lost` and noted.
    - "vector": any replica takes writes; concurrent ones are kept as siblings, which `merge`
      or a later write resolves.
    - "crdt": any replica takes writes; objects, lists and texts merge by themselves. What a write
      means is what it changed of what its writer had read; two numbers for one place, at one
      replica, are a Conflict.
    """

    kind = "board"

    def __init__(
        self,
        name: str,
        consistency: Consistency = "cas",
        *,
        replicas: Sequence[str] = ("main",),
        merge: Merge | None = None,
        seed: int = 0,
        log: Log | None = None,
    ) -> None:
        """Open the board of that name, or begin it.

        Args:
            name: an identifier; it names the stream, the steps and the tools.
            consistency: what becomes of concurrent writes.
            replicas: names of the copies, the first is the primary of "cas".
            merge: of "vector": resolves siblings when they are read.
            seed: of what the network drops and delays.
            log: where its events are; the default log without one.

        Raises:
            SetupError: no such consistency, no replica or one twice, or a merge where nothing
                is to merge.
            BegunOtherwise: there is one of that name with another consistency or other replicas.
        """
        super().__init__(name, consistency, replicas, merge, seed, log)
        self.delivery = Carrier(self)
        self._yours = Replica(self, self.delivery, self.names[0])
        self._sessions: PerAsk[Replica] = PerAsk()

    def at(
        self,
        replica: str,
        *,
        guarantees: Sequence[str] = (),
        wait_s: float = 0.0,
        otherwise: str = "error",
    ) -> Replica:
        """Begin a session on one replica.

        Args:
            replica: where it reads and writes.
            guarantees: "read_your_writes", "monotonic_reads", "monotonic_writes",
                "writes_follow_reads", or "causal" for all of them (Terry et al. 1994).
            wait_s: how long it waits for a replica that lags, in seconds.
            otherwise: what it does then: "error" raises Stale, "redirect" goes to another replica.

        Raises:
            SetupError: no such replica, guarantee or way out.
        """
        self.network.known([replica])
        return Replica(self, self.delivery, replica, guarantees, wait_s, otherwise)

    def read_only(self) -> Self:
        """Return this board as one that is read, and never written or cleared.

        `Agent(..., memory=prices.read_only())`: such an agent has the tool NAME_read alone.
        """
        made = copy.copy(self)
        made.writes = False
        made._yours = Replica(made, self.delivery, self.names[0])
        made._sessions = PerAsk()
        return made

    @property
    def session(self) -> Replica:
        """Whoever runs this, on the first replica: each actor at work has a session of its own.

        So nobody's write counts as based on what only somebody else has read.
        """
        # Outside of any actor there is one person: their reads and writes are one session.
        if not in_run() or not current_scope().key:
            return self._yours
        found = self._sessions.get()
        return found or self._sessions.set(Replica(self, self.delivery, self.names[0]))

    async def read(self, key: str) -> ReadVersions:
        """Read at the first replica; see Replica.read."""
        return await self.session.read(key)

    async def write(
        self, key: str, value: JSON, *, based_on: Sequence[int] | None = None
    ) -> Version:
        """Write at the first replica; see Replica.write."""
        return await self.session.write(key, value, based_on=based_on)

    async def update(
        self, key: str, change: Callable[[JSON], JSON], *, wait_s: float = UPDATE_S
    ) -> Version:
        """Read, change and write at the first replica; see Replica.update."""
        return await self.session.update(key, change, wait_s=wait_s)

    async def clear(self) -> None:
        """Empty every replica; what was written stays in the history.

        Raises:
            ReadOnly: it is not to be written.
        """
        self.to_write()

        async def perform(key: str) -> JSON:
            self.delivery.stop()
            event = await self.journal.append(key, lambda _state: (CLEARED, None))
            return {"stream": self.journal.id, "seq": event.seq}

        await step(f"{self.name}.clear", None, perform, effect="idempotent")

    @property
    def tools(self) -> Sequence[Tool]:
        return tools_of(self.name, lambda: self.session, writes=self.writes)

    async def on_task(self, thread: Thread) -> Thread:
        return await self.session.on_task(thread)

    def past(self, seq: int) -> dict[str, dict[str, JSON]]:
        """Return what each replica held of each key after the event with that seq.

        Raises:
            SetupError: there was no such event yet.
        """
        return self._held(self.journal.at(seq))

    async def changes(self, key: str | None = None) -> AsyncIterator[Version]:
        """Yield every write from now on, as it is committed."""
        queue: asyncio.Queue[StateChanged] = asyncio.Queue()

        def put(events: list[Any]) -> None:
            for event in events:
                if isinstance(event, StateChanged) and event.name == WRITTEN:
                    queue.put_nowait(event)

        remove = self.journal.log.subscribe(put, self.journal.id)
        try:
            while True:
                event = await queue.get()
                version = self.version(event)
                if key is None or version.key == key:
                    yield version
        finally:
            remove()

    async def reconcile(self) -> int:
        """Deliver what can reach each replica, at once; returns how many messages that were.

        The anti-entropy of Demers et al. 1987: afterwards all replicas on one side of a
        partition have the same writes.
        """
        return await self.delivery.reconcile()

    settle = Renamed("reconcile")

    def __repr__(self) -> str:
        on = ", ".join(self.names)
        count = len(self.keys())
        keys = "1 key" if count == 1 else f"{count} keys"
        return f"Board({self.name!r}, {self.consistency}, on {on}, {keys})"

    def _repr_markdown_(self) -> str:
        held = {key: str(self.state.value(self.names[0], key)) for key in self.keys()}
        rows = [f"| {for_line(key)} | {for_line(value)} |" for key, value in held.items()]
        table = "\n\n| key | value |\n|---|---|\n" + "\n".join(rows) if rows else ""
        head = f"**{for_line(self.name)}** · board on {for_line(', '.join(self.names))}"
        return f"{head} · {self.about}{table}"
