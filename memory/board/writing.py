"""What a write becomes: its event, with all that its consistency asks for, or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agentkit.messages import JSON
from memory.board.core import BoardCore
from memory.board.policies import clock_of
from memory.board.state import WRITTEN, BoardState
from memory.board.versions import Version
from memory.errors import Conflict


def decision(
    board: BoardCore, replica: str, key: str, value: JSON, by: str, based_on: tuple[int, ...]
) -> Callable[[BoardState], tuple[str, JSON]]:
    """Make the function that turns a write into its event, or refuses it, given the state."""

    def decide(state: BoardState) -> tuple[str, JSON]:
        held = state.held[replica].get(key, ())
        version = Version(
            n=0,
            key=key,
            value=value,
            by=by,
            at=board.journal.log.clock() + board.network.links[replica].skew_s,
            replica=replica,
            based_on=based_on,
        )
        if board.consistency == "cas" and based_on != tuple(one.n for one in held):
            raise refused(board.name, version, held)
        if board.consistency == "vector":
            count = state.counts.get(key, {}).get(replica, 0) + 1
            clock = clock_of(versions(board, state, key, based_on), replica, count)
            version = version.model_copy(update={"clock": clock})
        if board.consistency == "crdt":
            from memory.board.crdt import change, document, take, whole

            # The event is made on a copy; the state changes when the event is folded.
            copy = document(replica)
            take(copy, whole(state.docs[replica]))
            clock = {**state.taken[replica]}
            clock[replica] = clock.get(replica, 0) + 1
            told = {"update": change(copy, key, value), "clock": clock}
            version = version.model_copy(update=told)
        return WRITTEN, version.model_dump(exclude={"n"})

    return decide


def versions(board: BoardCore, state: BoardState, key: str, ns: tuple[int, ...]) -> list[Version]:
    """Find versions by number: mostly some replica still holds them, else the log has them."""
    held = {one.n: one for keys in state.held.values() for one in keys.get(key, ())}
    if all(n in held for n in ns):
        return [held[n] for n in ns]
    return [one for one in board.history(key) if one.n in ns]


def refused(board: str, version: Version, held: Sequence[Version]) -> Conflict:
    """Make the error for a write that is not based on the newest version."""
    now = held[0] if held else None
    told = f"{now.value!r}, version {now.n}, by {now.by}" if now else "nothing"
    based = f"version {version.based_on[0]}" if version.based_on else "nothing read before"
    return Conflict(
        f"{version.key} on {board} is {told}; the write was based on {based}.",
        expected="a write based on the newest version",
        todo="read it again, and write what follows from that",
        key=version.key,
        newest=now.n if now else None,
    )
