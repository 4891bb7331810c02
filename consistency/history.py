"""A history: what clients asked and what they were told, in the order it happened.

As in Jepsen (Kingsbury) an operation is an `invoke` and then `ok` (it happened), `fail` (it did not
happen) or `info` (nobody knows: its client died in between).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

Value = Any
"""A value as JSON; of registers a list whose last element is the number of the write."""


@dataclass
class Op:
    """One operation of one client; see the module."""

    id: int
    client: int
    session: int
    """Changes when a client dies and begins anew."""
    process: int
    replica: str
    """Where the session was."""
    f: str
    """read, write, blind, update, look, record, value."""
    key: str
    guarantees: tuple[str, ...] = ()
    type: str = "info"
    start: int = 0
    """Place of the invocation in the history."""
    end: float = math.inf
    """Place of the completion; never, where nobody knows."""
    expect: Value = None
    """Of a write: the value that the client believed to be there."""
    value: Value = None
    """Of a write what was written, of a read what was read."""
    told: str = ""
    """Of a failure its error."""
    at: str = ""
    """The replica that answered."""
    behind: int = 0
    versions: tuple[int, ...] = ()
    """Of a read the versions seen, of a write its own number."""
    final: bool = False
    """A read after everything was healed and delivered."""

    @property
    def ok(self) -> bool:
        """Whether it happened, for sure."""
        return self.type == "ok"

    @property
    def writes(self) -> bool:
        """Whether it changes something, if it happens."""
        return self.f in ("write", "blind", "update", "record")

    def __str__(self) -> str:
        took = f"{self.start}-{'?' if self.end == math.inf else int(self.end)}"
        where = self.replica if self.at in ("", self.replica) else f"{self.replica}→{self.at}"
        said = {"ok": "", "fail": f" FAIL {self.told}", "info": " INFO"}[self.type]
        seen = f" v{list(self.versions)}" if self.versions else ""
        lag = f" {self.behind} behind" if self.behind else ""
        final = " (final)" if self.final else ""
        return (
            f"{took:>8}  p{self.process} s{self.session:<3} {where:<5} {self.f:<6} {self.key}"
            f" {self.value!r}{seen}{lag}{said}{final}"
        )


@dataclass(frozen=True)
class Fact:
    """A write as the board has it."""

    n: int
    op: int
    key: str
    replica: str
    at: float
    based_on: tuple[int, ...]


@dataclass
class History:
    """All operations of one trial, and what the board says of its writes."""

    ops: list[Op] = field(default_factory=list)
    facts: dict[int, Fact] = field(default_factory=dict)
    """Writes by their number on the board."""
    lost: set[int] = field(default_factory=set)
    """Numbers of the writes that the board counts as lost."""
    final: dict[tuple[int, str, str], Value] = field(default_factory=dict)
    """The values in the end, by process, replica and key."""
    wrong: list[str] = field(default_factory=list)
    """What was seen to be wrong while the trial ran."""
    clock: int = 0

    def begin(self, op: Op) -> Op:
        """Record an invocation."""
        op.start, self.clock = self.clock, self.clock + 1
        self.ops.append(op)
        return op

    def finish(self, op: Op, type: str, told: str = "") -> None:
        """Record its completion; one that is `info` has none."""
        op.type, op.told = type, told
        if type != "info":
            op.end, self.clock = self.clock, self.clock + 1

    def of_key(self, key: str) -> list[Op]:
        """List the operations of a key."""
        return [op for op in self.ops if op.key == key]

    @property
    def keys(self) -> list[str]:
        """List the keys in use."""
        return sorted({op.key for op in self.ops if op.key})

    def sessions(self) -> list[list[Op]]:
        """List the operations of each session in their order, those that failed left out."""
        found: dict[int, list[Op]] = {}
        for op in self.ops:
            if op.type != "fail":
                found.setdefault(op.session, []).append(op)
        return list(found.values())

    def ancestors(self, numbers: Iterable[int]) -> set[int]:
        """Find the writes that these were based on, directly or not."""
        found: set[int] = set()
        todo = [n for one in numbers if one in self.facts for n in self.facts[one].based_on]
        while todo:
            n = todo.pop()
            if n not in found:
                found.add(n)
                todo += self.facts[n].based_on if n in self.facts else ()
        return found

    def __str__(self) -> str:
        return "\n".join(map(str, self.ops))


def tail(value: Value) -> int | None:
    """Return the number of the write that a register's value is from; None of nothing."""
    return value[-1] if isinstance(value, Sequence) and value else None
