"""Lost updates of an "lww" board: which they are, and what it costs to know."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from agentkit.events import StateChanged
from memory.board.saving import load, save
from memory.board.state import DELIVERED, WRITTEN, BoardState, apply
from memory.board.versions import Version


class Plainly(BoardState):
    """The same, by the definition: all that any lost write or the winner had seen is replaced."""

    def count_lost(self, replica: str, winner: Version, others: Sequence[Version]) -> None:
        seen = self.ancestors([winner.n, *self.lost])
        for one in others:
            if one.n not in (winner.n, *winner.based_on, *self.lost, *seen):
                self.lose(one, winner, replica)


class Counted(dict[int, Any]):
    looks = 0

    def get(self, *args: Any) -> Any:
        self.looks += 1
        return super().get(*args)


def written(n: int, key: str, replica: str = "a", **more: Any) -> StateChanged:
    value = {"replica": replica, "key": key, "value": n, "by": "you", "based_on": [], **more}
    return StateChanged(run="s", seq=n, at=float(n), scope="", name=WRITTEN, value={"value": value})


def history(seed: int, names: Sequence[str]) -> list[StateChanged]:
    """Writes, blind or based on some that were before, by clocks that are off, in any order."""
    r = random.Random(seed)
    events: list[StateChanged] = []
    writes: list[tuple[int, str]] = []
    waiting: list[tuple[int, str]] = []
    for n in range(2, 50):
        if waiting and r.random() < 0.5:
            one, to = waiting.pop(r.randrange(len(waiting)))
            told = {"value": {"n": one, "to": to}}
            events.append(
                StateChanged(run="s", seq=n, at=float(n), scope="", name=DELIVERED, value=told)
            )
            continue
        replica, key = r.choice(list(names)), r.choice("xy")
        mine = [one for one, where in writes if where == key]
        based = sorted(r.sample(mine, min(len(mine), r.randint(0, 2))))
        made = written(n, key, replica, based_on=based)
        events.append(made.model_copy(update={"at": float(n) - r.choice([0, 0, 5])}))
        writes.append((n, key))
        waiting += [(n, name) for name in names if name != replica]
    return events


@pytest.mark.parametrize("names", ["a", "ab", "abc"])
def test_what_is_lost_is_what_the_definition_says(names: str) -> None:
    for seed in range(40):
        states = Plainly("lww", tuple(names)), BoardState("lww", tuple(names))
        for event in history(seed, names):
            first, second = (apply(state, event) for state in states)
            again = load("lww", tuple(names), save(second))
            assert first.lost == second.lost == again.lost
            states = first, again if event.seq % 3 else second  # type: ignore[assignment]


def test_who_overwrites_unseen_for_long_pays_for_each_write_alike() -> None:
    looks = []
    for many in (200, 800):
        state = BoardState("lww", ("a", "b"))
        state.parents = Counted()
        for n in range(2, many + 2):
            apply(state, written(n, f"key{n % 10}"))
        assert len(state.lost) == many - 10
        looks.append(state.parents.looks / many)
    assert looks[1] <= looks[0] * 1.1 < 5
