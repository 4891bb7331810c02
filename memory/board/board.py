"""Board: keys that agents share, on replicas, with declared consistency."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, get_args

from agentkit import Log, Memory, Tool
from agentkit.amounts import cell
from agentkit.errors import SetupError
from agentkit.events import StateChanged
from agentkit.messages import JSON, Thread
from agentkit.run import current_scope, in_run
from memory.asks import PerAsk
from memory.board.delivery import Delivery
from memory.board.network import Network
from memory.board.replica import Replica, tools_of
from memory.board.state import CLEARED, WRITTEN, BoardState, apply, load, save
from memory.board.versions import SAID, Consistency, Seen, Version
from memory.errors import StoreUnreachable
from memory.journal import Journal, shared
from memory.naming import checked
from memory.steps import step

Merge = Callable[[list[JSON]], JSON]
"""From the values of concurrent writes, oldest first, the one value they come to."""


class Board(Memory):
    """Shared state with declared consistency; an agent that is given it has a session on it.

    - "cas": one primary, the first replica, numbers the writes; a write that is not based on
      the newest version is a Conflict. Nothing is lost.
    - "lww": any replica takes writes, the one with the latest clock stays. What is lost is
      counted in `lost` and noted.
    - "vector": any replica takes writes; concurrent ones are kept as siblings, which `merge`
      or a later write resolves.
    - "crdt": any replica takes writes; objects, lists and texts merge by themselves.
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
            SetupError: no such consistency, no replica or one twice, a merge where nothing
                is to merge, or the board was begun otherwise.
        """
        if consistency not in get_args(Consistency):
            raise SetupError(
                f"No consistency is called {consistency!r}.",
                expected=", ".join(map(repr, get_args(Consistency))),
            )
        names = (replicas,) if isinstance(replicas, str) else tuple(replicas)
        if not names or len(set(names)) != len(names) or not all(map(str.isidentifier, names)):
            raise SetupError(
                f"The replicas of {name} are {names}.", expected="one name or several, each once"
            )
        if merge is not None and consistency != "vector":
            raise SetupError(f"{name} has a merge, but {consistency!r} keeps no siblings.")
        self.name, self.consistency, self.names = checked(name), consistency, names
        self.merge = merge
        self.network = Network(names, seed)
        self._log = log
        self.delivery = Delivery(self)
        self._yours = Replica(self, names[0])
        self._sessions: PerAsk[Replica] = PerAsk()
        self.journal  # noqa: B018  an unreadable log is told here, not at the first write

    @property
    def journal(self) -> Journal[BoardState]:
        """Its events; shared by all of this name in this process."""

        def make(log: Log) -> Journal[BoardState]:
            return Journal(
                self.name,
                lambda: BoardState(self.consistency, self.names),
                apply,
                save=save,
                load=lambda saved: load(self.consistency, self.names, saved),
                show=self._shown,
                log=log,
            )

        found = shared(self.name, make, self._log)
        was = getattr(found.state, "consistency", None), getattr(found.state, "replicas", None)
        if was != (self.consistency, self.names):
            raise SetupError(
                f"The board {self.name} was begun as {was[0]!r} on {was[1]}.",
                expected=f"the same, not {self.consistency!r} on {self.names}",
                todo="give it another name, or use another log",
            )
        return found

    @property
    def state(self) -> BoardState:
        """What every replica holds now."""
        return self.journal.state

    def at(
        self,
        replica: str,
        *,
        guarantees: Sequence[str] = (),
        wait_s: float = 0.0,
        otherwise: str = "error",
    ) -> Replica:
        """A session on one replica; see Replica."""
        self.network.known([replica])
        return Replica(self, replica, guarantees, wait_s, otherwise)

    @property
    def session(self) -> Replica:
        """Whoever runs this, on the first replica: each actor at work has a session of its own.

        So nobody's write counts as based on what only somebody else has read.
        """
        if not in_run() or not current_scope().key:
            return self._yours
        return self._sessions.get() or self._sessions.set(Replica(self, self.names[0]))

    async def read(self, key: str) -> Seen:
        """Read at the first replica; see Replica.read."""
        return await self.session.read(key)

    async def write(
        self, key: str, value: JSON, *, based_on: Sequence[int] | None = None
    ) -> Version:
        """Write at the first replica; see Replica.write."""
        return await self.session.write(key, value, based_on=based_on)

    async def update(self, key: str, change: Callable[[JSON], JSON]) -> Version:
        """Read, change and write at the first replica; see Replica.update."""
        return await self.session.update(key, change)

    async def clear(self) -> None:
        """Empty every replica, and begin anew; what was written stays in the history."""

        async def perform(key: str) -> JSON:
            self.delivery.stop()
            event = await self.journal.append(key, lambda _state: (CLEARED, None))
            return {"stream": self.journal.id, "seq": event.seq}

        await step(f"{self.name}.clear", None, perform, effect="idempotent")

    @property
    def tools(self) -> Sequence[Tool]:
        return tools_of(self.name, lambda: self.session)

    async def on_task(self, thread: Thread) -> Thread:
        return await self.session.on_task(thread)

    @property
    def lost(self) -> list[dict[str, JSON]]:
        """The updates that were overwritten without having been seen, oldest first."""
        return [{"n": n, **told} for n, told in sorted(self.state.lost.items())]

    def keys(self) -> list[str]:
        """Every key that was written."""
        return sorted(self.state.written)

    def history(self, key: str | None = None) -> list[Version]:
        """Every write, oldest first: who, when, and on what it was based."""
        written = [e for e in self.journal.events() if e.name == WRITTEN]
        found = [Version(n=e.seq, **e.value["value"]) for e in written]
        return [one for one in found if key is None or one.key == key]

    def past(self, seq: int) -> dict[str, dict[str, JSON]]:
        """What each replica held of each key after the event with that seq.

        Raises:
            SetupError: there was no such event yet.
        """
        return self._held(self.journal.at(seq))

    def _held(self, state: BoardState) -> dict[str, dict[str, JSON]]:
        return {
            name: {key: state.value(name, key) for key in sorted(state.held[name])}
            for name in self.names
        }

    def _shown(self, state: BoardState) -> dict[str, dict[str, JSON]]:
        """Siblings all, where there are some; a replica that nobody wrote to is left out."""
        place = "{0}" if len(self.names) == 1 else "{0} on {1}"
        return {
            place.format(self.name, name): {
                key: state.value(name, key)
                if len(state.held[name][key]) == 1 or self.consistency == "crdt"
                else [one.value for one in state.held[name][key]]
                for key in sorted(state.held[name])
            }
            for name in self.names
            if state.held[name]
        }

    async def changes(self, key: str | None = None) -> AsyncIterator[Version]:
        """Every write from now on, as it becomes durable."""
        queue: asyncio.Queue[StateChanged] = asyncio.Queue()

        def put(events: list[Any]) -> None:
            for event in events:
                if isinstance(event, StateChanged) and event.name == WRITTEN:
                    queue.put_nowait(event)

        remove = self.journal.log.subscribe(put, self.journal.id)
        try:
            while True:
                event = await queue.get()
                version = Version(n=event.seq, **event.value["value"])
                if key is None or version.key == key:
                    yield version
        finally:
            remove()

    async def settle(self) -> int:
        """Let every replica hear what can reach it, at once; returns how many messages that were.

        The anti-entropy of Demers et al. 1987: afterwards all replicas on one side of a
        partition have the same writes.
        """
        return await self.delivery.settle()

    def primary(self, replica: str) -> str:
        """Where a write at a replica goes.

        Raises:
            StoreUnreachable: to the primary, which a partition cuts off.
        """
        if self.consistency != "cas":
            return replica
        if not self.network.reaches(replica, self.names[0]):
            raise StoreUnreachable(
                f"{replica} cannot reach {self.names[0]}, the primary of {self.name}.",
                expected="a primary in reach: compare-and-swap gives up availability for it",
                todo="heal the partition, or declare another consistency",
            )
        return self.names[0]

    def __repr__(self) -> str:
        on = ", ".join(self.names)
        count = len(self.keys())
        keys = "1 key" if count == 1 else f"{count} keys"
        return f"Board({self.name!r}, {self.consistency}, on {on}, {keys})"

    def _repr_markdown_(self) -> str:
        held = {key: str(self.state.value(self.names[0], key)) for key in self.keys()}
        rows = [f"| {cell(key)} | {cell(value)} |" for key, value in held.items()]
        table = "\n\n| key | value |\n|---|---|\n" + "\n".join(rows) if rows else ""
        said = SAID[self.consistency]
        return f"**{cell(self.name)}** · board on {cell(', '.join(self.names))} · {said}{table}"
