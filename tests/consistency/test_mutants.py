"""The checker finds what is wrong: each level is broken in the ways that it could be.

A checker that has never failed says nothing. Each of these is the board with one thing left out
that a level stands on, and some history of few must show it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from consistency.levels import LEVELS
from memory.board import policies, replica, serving, writing
from memory.board.delivery import Carrier
from memory.board.session import Knowledge
from memory.board.state import BoardState
from memory.journal import Journal

Patch = pytest.MonkeyPatch
SEEDS = 400


def nothing(*_: Any, **__: Any) -> Any:
    return {}


def without(guarantee: str, method: str) -> Callable[[Patch], None]:
    """Sessions that do not keep one of their guarantees."""

    def broken(patch: Patch) -> None:
        whole = getattr(Knowledge, method)
        patch.setattr(
            Knowledge,
            method,
            lambda self, state, asked: whole(self, state, [a for a in asked if a != guarantee]),
        )

    return broken


def key_by_key(patch: Patch) -> None:
    """Sessions that look at the key that is read, and at no other."""
    whole = serving.ReplicaClient.missing
    asking: list[str] = []
    read = replica.Replica.read

    async def reading(self: Any, key: str) -> Any:
        asking.append(key)
        return await read(self, key)

    patch.setattr(replica.Replica, "read", reading)
    patch.setattr(
        serving.ReplicaClient,
        "missing",
        lambda self, name, wanted: [
            one for one in whole(self, name, wanted) if not asking or one[1] == asking[-1]
        ],
    )


def out_of_order(patch: Patch) -> None:
    """Replicas that take a write before what it must come after."""
    patch.setattr(BoardState, "ready", lambda self, version, name: True)


def by_the_clock(patch: Patch) -> None:
    """Writes that are ordered by a wrong clock, whatever their session has seen."""
    patch.setattr(Knowledge, "later_than", lambda self, asked: -math.inf)


def unconditional(patch: Patch) -> None:
    """Compare-and-swap that does not compare."""
    whole = writing.decision

    def decide(board: Any, draft: Any) -> Any:
        held = board.state.held[draft.replica].get(draft.key, ())
        based_on = tuple(one.n for one in held)
        return whole(board, replace(draft, based_on=based_on))

    patch.setattr(replica, "decision", decide)


def blind_to_others(patch: Patch) -> None:
    """Processes that do not look at what others wrote."""
    patch.setattr(Journal, "look", lambda self: None)


def acknowledged_early(patch: Patch) -> None:
    """Writes that are acknowledged before they are durable."""

    async def append(self: Any, key: str, decide: Any) -> Any:
        self.lease = self.own()
        name, value = decide(self.state)
        made = self._made(name, {"key": key, "value": value})
        self._take(made)
        self.waiting = [*getattr(self, "waiting", []), made]
        if len(self.waiting) > 2:
            self.log.append(self.lease, *self.waiting)
            self.waiting = []
            await self.log.flush(self.lease)
        return made

    patch.setattr(Journal, "append", append)


def twice(patch: Patch) -> None:
    """Writes that are performed twice."""
    whole = Journal.append

    async def append(self: Any, key: str, decide: Any) -> Any:
        await whole(self, "", decide)
        return await whole(self, key, decide)

    patch.setattr(Journal, "append", append)


def replacing(patch: Patch) -> None:
    """A CRDT board on which a write replaces whatever is there."""
    whole = writing.decision
    patch.setattr(
        replica,
        "decision",
        lambda board, draft: whole(board, replace(draft, known=None, based_on=())),
    )


def uncounted(method: str) -> Callable[[Patch], None]:
    """A board that does not count what is lost."""
    return lambda patch: patch.setattr(BoardState, method, nothing)


def last_one_wins(patch: Patch) -> None:
    """A board of siblings that keeps one of them."""
    patch.setitem(policies.POLICIES, "vector", policies.newest)


def first_come(patch: Patch) -> None:
    """Replicas that keep what they have: they never agree."""
    patch.setitem(policies.POLICIES, "lww", lambda held, new, past: (*held, new)[:1])


def forgetful(patch: Patch) -> None:
    """A network that loses every third message for ever."""
    whole = Carrier.carriers
    patch.setattr(
        Carrier,
        "carriers",
        lambda self, version, to: whole(self, version, to) if version.n % 3 else [],
    )


def boasting(patch: Patch) -> None:
    """Replicas that are never behind, as they say."""
    patch.setattr(BoardState, "behind", lambda self, name, key: 0)


MUTANTS: list[tuple[str, Callable[[Patch], None], int]] = [
    ("cas-primary", unconditional, 0),
    ("cas-primary", blind_to_others, 0),
    ("cas-primary", acknowledged_early, 0),
    ("cas-session", without("read_your_writes", "to_read"), 0),
    ("cas-session", without("monotonic_reads", "to_read"), 190),
    ("cas-sessions", out_of_order, 62),
    ("cas-causal", key_by_key, 79),
    ("lww-sessions", without("read_your_writes", "to_read"), 95),
    ("lww-sessions", without("monotonic_reads", "to_read"), 78),
    ("lww-sessions", without("writes_follow_reads", "to_write"), 132),
    ("lww-sessions", without("monotonic_writes", "to_write"), 14),
    ("lww-sessions", by_the_clock, 53),
    ("lww-sessions", uncounted("count_lost"), 0),
    ("lww-sessions", first_come, 0),
    ("lww-causal", key_by_key, 39),
    ("lww-causal", out_of_order, 0),
    ("vector-sessions", last_one_wins, 0),
    ("vector-sessions", without("monotonic_writes", "to_write"), 15),
    ("vector-sessions", forgetful, 0),
    ("vector-causal", key_by_key, 25),
    ("crdt-sessions", replacing, 0),
    ("crdt-sessions", without("read_your_writes", "to_read"), 46),
    ("crdt-sessions", boasting, 0),
    ("crdt-causal", without("writes_follow_reads", "to_write"), 137),
    ("crdt-registers", uncounted("count_dropped"), 0),
    ("state", twice, 0),
    ("state", acknowledged_early, 0),
    ("state", blind_to_others, 0),
]
"""A level, how it is broken, and a seed from which on it soon shows: others would, too, later."""


@pytest.mark.parametrize(
    ("level", "broken", "first"), MUTANTS, ids=[f"{n}-{one[0]}" for n, one in enumerate(MUTANTS)]
)
def test_what_breaks_a_level_is_found(
    level: str, broken: Callable[[Patch], None], first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    judge = LEVELS[level]
    assert any(judge.violations(judge.plan(seed))[1] for seed in range(first, first + SEEDS))
