"""The four guarantees of a session (Terry et al. 1994, section 3), as the paper states them.

DB(S, t) are the writes that server S has at time t. They are not looked up but inferred: a read at
S shows what S has (`seeing`), and S loses nothing, so that a later read at S shows it, too.
"""

from __future__ import annotations

from consistency.checks.seeing import Sight
from consistency.history import History, Op


def guaranteed(history: History, consistency: str) -> list[str]:
    """Find what contradicts the guarantees that each session asked for."""
    sight = Sight(history, consistency)
    found: list[str] = []
    for ops in history.sessions():
        asked = ops[0].guarantees
        if "read_your_writes" in asked:
            found += read_your_writes(ops, sight)
        if "monotonic_reads" in asked:
            found += monotonic_reads(ops, sight)
        if "writes_follow_reads" in asked:
            found += ordered_writes(ops, sight, history, follow_reads=True)
        if "monotonic_writes" in asked:
            found += ordered_writes(ops, sight, history, follow_reads=False)
    return found


def read_your_writes(ops: list[Op], sight: Sight) -> list[str]:
    """If read R follows write W in a session, and R is at S at t, then W is in DB(S, t)."""
    return [
        f"read_your_writes: {read.id} in session {read.session} does not show its write {write.id}"
        for n, read in enumerate(ops)
        if read.f == "read" and read.ok
        for write in ops[:n]
        if write.writes and write.ok and write.key == read.key and not sight.shows(read, write.id)
    ]


def monotonic_reads(ops: list[Op], sight: Sight) -> list[str]:
    """If R1 comes before R2 in a session, RelevantWrites(S1, t1, R1) are in DB(S2, t2)."""
    reads = [op for op in ops if op.f == "read" and op.ok]
    return [
        f"monotonic_reads: {later.id} in session {later.session} does not show {write},"
        f" which {earlier.id} showed"
        for n, later in enumerate(reads)
        for earlier in reads[:n]
        if earlier.key == later.key
        for write in sorted(sight.read_from(earlier))
        if not sight.shows(later, write)
    ]


def ordered_writes(
    ops: list[Op], sight: Sight, history: History, *, follow_reads: bool
) -> list[str]:
    """Check writes follow reads, or monotonic writes.

    If W1 was read by (or: made by) the session before its write W2, then for any server S: where W2
    is in DB(S), W1 is, too, and WriteOrder(W1, W2).
    """
    found = []
    name = "writes_follow_reads" if follow_reads else "monotonic_writes"
    by_id = {op.id: op for op in history.ops}
    for n, second in enumerate(ops):
        if not second.writes or second.id not in sight.number:
            continue
        firsts: set[int] = set()
        for op in ops[:n]:
            # An update has read what it changed.
            if follow_reads and op.ok and (op.f == "read" or op.f == "update"):
                firsts |= sight.read_from(op) - {op.id}
            if not follow_reads and op.ok and op.writes:
                firsts.add(op.id)
        for first in sorted(firsts):
            if first not in by_id or first not in sight.number:
                continue
            found += _together(by_id[first], second, sight, history, name)
    return found


def _together(first: Op, second: Op, sight: Sight, history: History, name: str) -> list[str]:
    """Where the second write is, the first one is, and in the order of both it comes first."""
    if sight.consistency in ("lww", "cas") and first.key == second.key:
        ranks = [sight.rank(sight.number[one.id]) for one in (first, second)]
        if ranks[0] >= ranks[1]:
            return [f"{name}: {second.id} is ordered before {first.id}"]
    shown = [
        op for op in history.ops
        if op.ok and op.f == "read" and op.key == second.key and sight.shows(op, second.id)
    ]  # fmt: skip
    return [
        f"{name}: at {late.at}, {early.id} shows {second.id}, but {late.id} does not show"
        f" {first.id}, which comes before it"
        for early in shown
        # What replaced it may be there without it: then it is not in DB(S), though it is seen.
        if second.id in sight.read_from(early)
        for late in history.ops
        if late.ok and late.f == "read" and late.key == first.key and late.at == early.at
        and (late.start > early.end or late is early) and not sight.shows(late, first.id)
    ]  # fmt: skip
