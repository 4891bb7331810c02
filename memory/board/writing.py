"""What a write becomes: its event, with all that its consistency asks for, or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agentkit.errors import SetupError
from agentkit.messages import JSON
from memory.board.core import BoardCore
from memory.board.policies import clock_of
from memory.board.state import WRITTEN, BoardState
from memory.board.versions import Version
from memory.errors import Conflict

LARGEST = 2**53
"""Up to here every whole number is a double."""


def decision(
    board: BoardCore,
    replica: str,
    key: str,
    value: JSON,
    by: str,
    based_on: tuple[int, ...],
    known: tuple[JSON] | None = None,
) -> Callable[[BoardState], tuple[str, JSON]]:
    """Make the function that turns a write into its event, or refuses it, given the state.

    Args:
        board: where it is written.
        replica: which takes the write.
        key: of the board.
        value: what the writer gives.
        by: path of the writer.
        based_on: numbers of the versions that the writer had read.
        known: of a CRDT, the value that the writer had read; None for a blind write, which
            replaces whatever is there.
    """
    if board.consistency == "crdt":
        check_numbers(value, board.name)

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
            from memory.board.crdt import change, document, take, value_of, whole
            from memory.board.merging import Concurrent, merged

            # The event is made on a copy; the state changes when the event is folded.
            copy = document(replica)
            take(copy, whole(state.docs[replica]))
            clock = {**state.taken[replica]}
            clock[replica] = clock.get(replica, 0) + 1
            now = value_of(copy, key)
            try:
                joined = value if known is None else merged(known[0], now, value)
            except Concurrent:
                raise refused(board.name, version, held) from None
            told = {"update": change(copy, key, joined), "clock": clock}
            version = version.model_copy(update=told)
        return WRITTEN, version.model_dump(exclude={"n"})

    return decide


def check_numbers(value: JSON, board: str) -> None:
    """Check that a document can hold the numbers of a value exactly: it keeps doubles.

    Raises:
        SetupError: a whole number of more than 53 bits.
    """
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            check_numbers(one, board)
    elif isinstance(value, int) and abs(value) > LARGEST:
        raise SetupError(
            f"The CRDT board {board} cannot hold {value} exactly.",
            expected=f"whole numbers from -{LARGEST:,} to {LARGEST:,}",
            todo="write it as a text, or use another consistency",
        )


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
