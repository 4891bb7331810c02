"""Whether a history of letters is one that queues and streams promise."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

MARGIN_S = 0.02
"""Clocks of a broker and of those who ask it are not read at one moment."""


@dataclass
class Op:
    """What somebody asked, and what they were told."""

    f: str
    """send, take, ack or nak."""
    who: str
    """The sender, or the reader whose place in the channel it is."""
    id: str = ""
    key: str = ""
    seq: int = 0
    delivery: int = 0
    token: str = ""
    duplicate: bool = False
    type: str = "info"
    """ok, or info where nobody knows."""
    start: int = 0
    end: float = math.inf
    """Places in the order of all that was begun and ended."""
    from_s: float = 0.0
    upto_s: float = math.inf
    """The time then, in seconds."""

    def __str__(self) -> str:
        what = f"{self.id} seq {self.seq} delivery {self.delivery}" if self.id else "nothing"
        end = "" if self.type == "ok" else f" ({self.type})"
        return f"{self.start:>4} {self.from_s:7.2f} s  {self.who:<9} {self.f:<5}{what}{end}"


@dataclass
class Letters:
    """A history, what was declared, and what was there in the end."""

    kind: str = "queue"
    ack_wait_s: float = 1.0
    max_deliveries: int = 3
    partitions: int = 1
    copies: bool = False
    """Whether letters may be delivered to a second reader at once, as a fault."""
    ops: list[Op] = field(default_factory=list)
    left: int = 0
    dead: set[str] = field(default_factory=set)
    read: list[list[tuple[int, str]]] = field(default_factory=list)
    """Of a stream, what stands in it, read twice."""
    wrong: list[str] = field(default_factory=list)

    def check(self, held: bool, told: str) -> None:
        """Remember what was seen to be wrong meanwhile."""
        if not held:
            self.wrong.append(told)

    def of(self, f: str) -> list[Op]:
        """The operations of a kind that were answered, and found something."""
        return [op for op in self.ops if op.f == f and op.type == "ok" and op.id]

    def __str__(self) -> str:
        about = f"{self.kind}, ack in {self.ack_wait_s:g} s, {self.max_deliveries} deliveries"
        return "\n".join([about, *map(str, self.ops)])


def judged(history: Letters) -> list[str]:
    """Everything in a history that was not to be."""
    found = [*history.wrong, *stored_once(history), *delivered(history), *held_by_one(history)]
    if history.kind == "stream":
        return [*found, *kept(history), *in_order(history)]
    if history.left:
        found.append(f"left: {history.left} letters in an emptied queue")
    return found


def stored_once(history: Letters) -> Iterator[str]:
    """A letter has one place, however often it is sent, and later ones have later places."""
    sends, places = history.of("send"), dict[int, str]()
    first = defaultdict(list)
    for op in sends:
        first[op.id].append(op)
        if places.setdefault(op.seq, op.id) != op.id:
            yield f"places: {op.id} and {places[op.seq]} both stand at {op.seq}"
    for id, ops in first.items():
        if len({op.seq for op in ops}) > 1:
            yield f"twice: {id} stands at {sorted({op.seq for op in ops})}"
        new = [op for op in ops if not op.duplicate]
        if len(new) > 1:
            yield f"twice: {id} was stored {len(new)} times"
    for one in sends:
        for other in sends:
            if one.end < other.start and not other.duplicate and one.seq >= other.seq:
                yield f"order: {one.id} at {one.seq} was stored before {other.id} at {other.seq}"


def delivered(history: Letters) -> Iterator[str]:
    """Each letter comes to each reader until it is done there, or dead, and then no more."""
    sent = {op.id for op in history.ops if op.f == "send"}
    stored, takes = {op.id for op in history.of("send")}, history.of("take")
    for op in takes:
        if op.id not in sent:
            yield f"invented: {op.id}, which nobody sent"
        if op.delivery > history.max_deliveries:
            yield f"deliveries: {op.id} came a {op.delivery}th time"
    readers = {op.who for op in history.ops if op.f == "take"}
    for reader in readers:
        acked = {op.id: op for op in reversed(history.of("ack")) if op.who == reader}
        for id in stored - acked.keys() - history.dead:
            yield f"lost: {id} never came to {reader}, or was not acknowledged and came no more"
        for op in takes:
            ack = acked.get(op.id)
            if op.who == reader and ack and ack.end < op.start:
                yield f"again: {op.id} came to {reader} at {op.start}, done at {ack.end}"


def held_by_one(history: Letters) -> Iterator[str]:
    """Nobody else gets a letter while a reader has it and its time is not over."""
    if history.copies and history.kind == "queue":
        return
    takes = history.of("take")
    given = [op for op in history.ops if op.f in ("nak", "ack")]
    for one in takes:
        for other in takes:
            same = (one.id, one.who) == (other.id, other.who)
            if not same or one.delivery >= other.delivery:
                continue
            back = any(op.token == one.token and op.start < other.end for op in given)
            if not back and other.upto_s + MARGIN_S < one.from_s + history.ack_wait_s:
                yield f"held: {one.id} was taken at {one.start}, and again at {other.start}"


def kept(history: Letters) -> Iterator[str]:
    """A stream stays as it is, and has what was stored."""
    if history.read[0] != history.read[-1]:
        yield "kept: it was not the same when it was read again"
    ids = [id for _, id in history.read[0]]
    if len(set(ids)) < len(ids):
        yield "kept: a letter stands in it twice"
    if [seq for seq, _ in history.read[0]] != list(range(1, len(ids) + 1)):
        yield "kept: it has gaps, or is out of order"
    there = {id: seq for seq, id in history.read[0]}
    for op in [*history.of("send"), *history.of("take")]:
        if there.get(op.id) != op.seq:
            yield f"kept: {op.id} was at {op.seq}, and is at {there.get(op.id)}"


def in_order(history: Letters) -> Iterator[str]:
    """Letters of one key never overtake each other."""
    sent = {op.id: op.key for op in history.ops if op.f == "send"}
    for op in history.of("take"):
        for seq, id in history.read[0]:
            if seq >= op.seq or sent.get(id) != op.key or id in history.dead:
                continue
            done = (one for one in history.ops if one.f == "ack" and one.id == id)
            if not any(one.who == op.who and one.start < op.end for one in done):
                yield f"overtaken: {op.id} at {op.seq} came to {op.who} before {id} was done"
