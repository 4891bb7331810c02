"""Each definition, on the histories from which the textbooks explain it."""

from __future__ import annotations

from typing import Any

import pytest

from consistency.checks.causal import causal
from consistency.checks.keeping import atomic, eventual, nothing_lost, once, truthful
from consistency.checks.order import linearizable, sequential
from consistency.checks.sessions import guaranteed
from consistency.history import Fact, History, Op
from consistency.plan import GUARANTEES


class Told:
    """A history as it is told: who did what, one after the other or at the same time."""

    def __init__(self, guarantees: tuple[str, ...] = GUARANTEES) -> None:
        self.history, self.guarantees = History(), guarantees

    def op(self, session: int, f: str, key: str, value: Any, **more: Any) -> Op:
        """Begin an operation; replicas are named by their sessions unless something is said."""
        number = value[-1] if f != "read" and value else 100 + len(self.history.ops)
        given: dict[str, Any] = {"at": f"r{session}", "guarantees": self.guarantees, **more}
        return self.history.begin(
            Op(id=number, client=session, session=session, process=0, replica=given["at"], f=f,
               key=key, value=value, **given)
        )  # fmt: skip

    def done(self, session: int, f: str, key: str, value: Any, **more: Any) -> Op:
        """Begin an operation and end it."""
        op = self.op(session, f, key, value, **more)
        self.history.finish(op, "ok")
        return op

    def happened(self, *ops: Op, based_on: tuple[int, ...] = (), at: float | None = None) -> None:
        """Let the board have writes, in this order."""
        for op in ops:
            n = op.id
            time = float(n) if at is None else at
            self.history.facts[n] = Fact(n, n, op.key, op.at, time, based_on)


def test_a_register_that_is_read_as_it_was_before_a_write_ended_is_not_linearizable() -> None:
    told = Told()
    told.done(1, "write", "x", [1])
    told.done(2, "read", "x", None)
    assert linearizable(told.history) and not sequential(told.history)
    told.done(1, "read", "x", None)
    assert sequential(told.history)


def test_what_is_concurrent_may_come_in_either_order() -> None:
    told = Told()
    write = told.op(1, "write", "x", [1])
    told.done(2, "read", "x", [1])
    told.history.finish(write, "ok")
    assert not linearizable(told.history)
    told.done(3, "read", "x", None)
    assert linearizable(told.history)


@pytest.mark.parametrize("seen", [None, [1]])
def test_a_write_that_nobody_was_told_of_may_have_happened_or_not(seen: Any) -> None:
    told = Told()
    told.history.finish(told.op(1, "write", "x", [1]), "info")
    told.done(2, "read", "x", seen)
    assert not linearizable(told.history)
    told.done(2, "read", "x", None if seen else [1])
    assert bool(linearizable(told.history)) is bool(seen)


def test_two_writes_that_follow_from_one_value_are_a_lost_update() -> None:
    told = Told()
    told.done(1, "update", "x", [1])
    told.done(2, "update", "x", [2])
    assert linearizable(told.history) and atomic(told.history, "cas")


def test_a_session_that_does_not_see_its_write() -> None:
    told = Told()
    write = told.done(1, "write", "x", [1])
    told.happened(write)
    told.done(1, "read", "x", None)
    assert [one.partition(":")[0] for one in guaranteed(told.history, "lww")] == [
        "read_your_writes"
    ]


def test_a_session_that_goes_back_in_time() -> None:
    told = Told()
    told.happened(told.done(1, "write", "x", [1]), told.done(1, "write", "x", [1, 2]))
    told.done(2, "read", "x", [1, 2])
    assert not guaranteed(told.history, "lww")
    told.done(2, "read", "x", [1])
    assert [one.partition(":")[0] for one in guaranteed(told.history, "lww")] == ["monotonic_reads"]


@pytest.mark.parametrize("follows", ["writes_follow_reads", "monotonic_writes"])
def test_a_write_that_is_seen_without_the_one_before_it(follows: str) -> None:
    told = Told((follows,))
    first = told.done(1, "write", "x", [1])
    writer = 2 if follows == "writes_follow_reads" else 1
    told.done(writer, "read", "x", [1])
    second = told.done(writer, "write", "y", [2])
    told.happened(first, second)
    told.done(3, "read", "y", [2], guarantees=())
    assert not guaranteed(told.history, "lww")
    told.done(3, "read", "x", None, guarantees=())
    assert [one.partition(":")[0] for one in guaranteed(told.history, "lww")] == [follows]
    assert causal(told.history, "lww")


@pytest.mark.parametrize("follows", ["writes_follow_reads", "monotonic_writes"])
def test_a_write_that_is_ordered_before_the_one_it_follows(follows: str) -> None:
    told = Told((follows,))
    first = told.done(1, "write", "x", [1])
    told.done(1, "read", "x", [1])
    second = told.done(1, "write", "x", [1, 2])
    told.happened(first, at=9.0)
    told.happened(second, at=3.0)
    assert guaranteed(told.history, "lww") == [f"{follows}: 2 is ordered before 1"]


def test_replies_that_are_seen_before_what_they_reply_to() -> None:
    told = Told()
    question = told.done(1, "write", "x", [1])
    told.done(2, "read", "x", [1])
    answer = told.done(2, "write", "y", [2])
    told.happened(question, answer)
    told.done(3, "read", "y", [2])
    assert not causal(told.history, "vector")
    told.done(3, "read", "x", None)
    assert causal(told.history, "vector") == [
        "causal: 104 does not show 1, which happened before it"
    ]


def test_siblings_show_what_they_are_based_on() -> None:
    told = Told()
    first, second = told.done(1, "write", "x", [1]), told.done(1, "write", "x", [1, 2])
    told.happened(first)
    told.happened(second, based_on=(1,))
    other = told.done(2, "write", "x", [3])
    told.happened(other)
    told.done(1, "read", "x", {"siblings": [[1, 2], [3]]})
    assert not guaranteed(told.history, "vector")
    told.done(1, "read", "x", [3])
    kinds = [one.partition(":")[0] for one in guaranteed(told.history, "vector")]
    assert kinds == [*["read_your_writes"] * 2, "monotonic_reads", "monotonic_writes"]


def test_what_nobody_replaced_knowingly_and_nobody_counted_is_lost() -> None:
    told = Told()
    first, second = told.done(1, "write", "x", [1]), told.done(2, "write", "x", [2])
    told.happened(first, second)
    told.done(3, "read", "x", [2], final=True)
    assert nothing_lost(told.history, "lww") == ["lost: 1 is gone without a word"]
    told.history.lost = {1}
    assert not nothing_lost(told.history, "lww")
    told.history.lost = set()
    told.happened(second, based_on=(1,))
    assert not nothing_lost(told.history, "lww")


def test_a_write_that_was_refused_and_happened_or_the_other_way_round() -> None:
    told = Told()
    refused = told.op(1, "write", "x", [1])
    told.history.finish(refused, "fail")
    told.happened(refused)
    told.done(1, "write", "x", [2])
    assert nothing_lost(told.history, "lww") == [
        "lost: 2 was told to have happened, and the board has no such write",
        "lost: 1 was told to have failed, and it happened",
    ]


def test_a_merged_value_that_lacks_a_part_or_counts_one_that_is_there() -> None:
    told = Told()
    told.happened(told.done(1, "write", "list", [1]), told.done(2, "write", "list", [2]))
    told.done(3, "read", "list", [1], final=True)
    assert nothing_lost(told.history, "crdt") == ["lost: 2 is gone without a word"]
    told.history.lost = {1, 2}
    assert nothing_lost(told.history, "crdt") == ["lost: 1 is counted as lost, and it is there"]


def test_replicas_that_do_not_agree_in_the_end() -> None:
    told = Told()
    told.history.final = {(0, "a", "x"): [1], (0, "b", "x"): [1], (1, "b", "x"): [1]}
    assert not eventual(told.history, "lww")
    told.history.final[1, "b", "x"] = None
    assert eventual(told.history, "lww")


def test_a_lag_that_is_not_told() -> None:
    told = Told()
    told.happened(told.done(1, "write", "x", [1]))
    told.done(2, "read", "x", None, behind=1)
    assert not truthful(told.history, "lww")
    told.done(2, "read", "x", None)
    assert truthful(told.history, "lww") == ["truthful: 102 is behind [1] and does not say so"]


def test_a_write_that_stands_twice() -> None:
    told = Told()
    told.done(1, "read", "text", "w1;w2;")
    assert not once(told.history, "crdt")
    told.done(1, "read", "text", "w1;w2;w1;")
    assert once(told.history, "crdt")
