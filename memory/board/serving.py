"""Which replica can serve a session, and waiting until one can."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from agentkit.messages import jsonable
from memory.board.core import BoardCore
from memory.board.delivery import Carrier
from memory.board.session import Knowledge
from memory.board.state import BoardState
from memory.board.versions import ReadVersions
from memory.errors import Conflict, Stale, StoreUnreachable

Wanted = Callable[[BoardState, Collection[str]], dict[int, str]]
"""The writes that a replica must have, with their keys, for the guarantees asked for."""

SHORTEST_S, LONGEST_S = 0.005, 0.5
"""The first pause of whoever waits for a replica, and the longest; each is twice the one before."""


class ReplicaClient:
    """A session's place at a replica, below what it reads and writes there."""

    def __init__(
        self,
        board: BoardCore,
        delivery: Carrier,
        replica: str,
        guarantees: tuple[str, ...],
        wait_s: float,
        otherwise: str,
    ) -> None:
        self.board, self.delivery = board, delivery
        self.replica, self.name = replica, board.name
        self.guarantees, self.wait_s, self.otherwise = guarantees, wait_s, otherwise
        self.known = Knowledge()

    @property
    def seen(self) -> dict[str, tuple[int, ...]]:
        """The versions that the session read last, by key."""
        return self.known.seen

    @seen.setter
    def seen(self, seen: dict[str, tuple[int, ...]]) -> None:
        self.known.seen = seen

    @property
    def own(self) -> dict[str, set[int]]:
        """The session's writes that some replica may not have heard of, by key."""
        return self.known.own

    @own.setter
    def own(self, own: dict[str, set[int]]) -> None:
        self.known.own = own

    def last(self, key: str) -> tuple[int, ...] | None:
        """Return the versions that the session saw last of a key; None if it never did."""
        seen = self.known.seen.get(key)
        # A version from before a clear() is no longer there to be based on.
        return seen and (tuple(n for n in seen if n in self.board.state.parents) or None)

    def look(self, replica: str, key: str, state: BoardState | None = None) -> ReadVersions:
        """Look up what a replica holds of a key, in a state of the board: by default that of now.

        To find that of now asks where the log is, which an operation does once.
        """
        state = self.board.state if state is None else state
        held = state.held[replica].get(key, ())
        value = state.value(replica, key)
        if len(held) > 1 and self.board.merge is not None:
            value = jsonable(self.board.merge([one.value for one in held]))
        return ReadVersions(
            key=key,
            value=value,
            versions=tuple(one.n for one in held),
            # What a CRDT merged is one value, whoever wrote it.
            siblings=held[-1:] if self.board.consistency == "crdt" else held,
            replica=replica,
            behind=state.behind(replica, key),
        )

    def heard(self, replica: str, key: str, state: BoardState) -> list[int]:
        """List the writes that the value of a key at a replica is made of, the newest last."""
        held = {one.n for one in state.held[replica].get(key, ())}
        if self.board.consistency == "crdt":
            heard = state.has(replica, key)
            held |= {n for n in heard if n in state.waiting} | {
                one.n for early in state.early.values() for one in early if one.n in heard
            }
        return sorted(held)

    async def serving(self, wanted: Wanted, *, spread: bool = True) -> str:
        """Find a replica that has what the session may rely on: this one, soon, or another."""
        journal = self.board.journal
        journal.look()
        if spread:
            await self.delivery.spread()
        loop = asyncio.get_running_loop()
        end, pause_s = loop.time() + self.wait_s, SHORTEST_S
        while missing := self.missing(self.replica, wanted, journal.state):
            left = end - loop.time()
            if left > 0:
                await self.news(min(left, pause_s))
                pause_s = min(2 * pause_s, LONGEST_S)
                continue
            n, key = missing[0]
            if self.otherwise == "redirect":
                for name in self.board.names:
                    reached = self.board.network.reaches(self.replica, name)
                    if reached and not self.missing(name, wanted, journal.state):
                        return name
                raise StoreUnreachable(
                    f"No replica in reach of {self.replica} has what the session saw of {key}.",
                    todo="heal the partition, or ask for fewer guarantees",
                )
            raise Stale(
                f"{self.replica} has not heard of version {n} of {key}, which the"
                " session wrote or read before.",
                expected=" and ".join(self.guarantees),
                todo="wait longer (wait_s=), otherwise='redirect', or ask for fewer guarantees",
                key=key,
            )
        return self.replica

    def missing(self, replica: str, wanted: Wanted, state: BoardState) -> list[tuple[int, str]]:
        """List the writes that the session may rely on and a replica has not heard of.

        All of them, not the last: a replica can have heard of a later write and not of an earlier.
        """
        found = wanted(state, self.guarantees)
        return sorted((n, key) for n, key in found.items() if state.unheard(n, replica))

    async def news(self, timeout_s: float) -> None:
        """Wait for something to arrive, and send again what has not: a partition may have ended."""
        await self.delivery.news(timeout_s)
        self.board.journal.look()
        await self.delivery.spread()

    async def catch_up(self, key: str, error: Conflict | Stale, end: float) -> None:
        """Wait until the replica lags no more, with pauses that grow; at once where it does not.

        Raises:
            Stale: it still lags at the end.
        """
        loop, pause_s = asyncio.get_running_loop(), SHORTEST_S
        state = self.board.state
        mine, wanted = self.replica, self.known.to_read
        while state.behind(mine, key) or self.missing(mine, wanted, state):
            left = end - loop.time()
            if left <= 0:
                if isinstance(error, Stale):
                    raise error
                raise Stale(
                    f"{self.replica} has not heard of the newest version of {key}, which an update"
                    " must be based on.",
                    expected=f"it to arrive while the update waits: {error.what}",
                    todo="wait longer (wait_s=), or update at the primary",
                    key=key,
                ) from error
            await self.news(min(left, pause_s))
            pause_s, state = min(2 * pause_s, LONGEST_S), self.board.state
