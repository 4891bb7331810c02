"""Whether the operations of a key can stand in one order in which each is told what it should be.

Linearizability (Herlihy and Wing 1990): an order that keeps real time; an operation that ended
before another began comes before it. Sequential consistency (Lamport 1979): an order that keeps
each session's own. The search is that of Wing and Gong 1993 with the memory of Lowe 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from consistency.history import History, Op

Precedes = Callable[[Op, Op], bool]

UNCHANGED = object()


def linearizable(history: History) -> list[str]:
    """Find the keys whose operations have no order that keeps real time.

    By locality (Herlihy and Wing 1990, theorem 1) a history is linearizable if it is key by key.
    """
    return _ordered(history, lambda one, other: one.end < other.start, "linearizable")


def sequential(history: History) -> list[str]:
    """Find the keys whose operations have no order that keeps that of each session."""
    return _ordered(
        history,
        lambda one, other: one.session == other.session and one.start < other.start,
        "sequentially consistent",
    )


def _ordered(history: History, precedes: Precedes, name: str) -> list[str]:
    found = []
    for key in history.keys:
        ops = [op for op in history.of_key(key) if op.type != "fail"]
        if not order_of(ops, precedes):
            found.append(f"{key} is not {name}")
    return found


def order_of(ops: Sequence[Op], precedes: Precedes) -> bool:
    """Search an order of operations on one register; those that are `info` may be left out."""
    before = [
        frozenset(n for n, one in enumerate(ops) if one.ok and precedes(one, other))
        for other in ops
    ]
    needed = frozenset(n for n, op in enumerate(ops) if op.ok)
    seen: set[tuple[frozenset[int], str]] = set()
    todo: list[tuple[frozenset[int], Any]] = [(frozenset(), None)]
    while todo:
        done, value = todo.pop()
        if needed <= done:
            return True
        if (done, repr(value)) in seen:
            continue
        seen.add((done, repr(value)))
        for n, op in enumerate(ops):
            if n not in done and before[n] <= done:
                after = applied(op, value)
                if after is not UNCHANGED:
                    todo.append((done | {n}, after))
    return False


def applied(op: Op, value: Any) -> Any:
    """Return a register's value after an operation; UNCHANGED where it could not happen then."""
    match op.f:
        case "read" | "value":
            return value if (op.value or None) == value else UNCHANGED
        case "record":
            after = [*value, op.expect] if value else [op.expect]
            return after if not op.ok or op.value == after else UNCHANGED
    # Compare-and-swap: what the writer believed is what is there.
    return op.value if op.expect == value else UNCHANGED
