"""Texts that were typed piece by piece: no event has them whole, and an erasure finds them yet.

Of a write on a board an event may have the change alone, as a list of operations: a value at a
place, or a piece instead of what was from one sign to another. So the changes are applied in their
order, each sign with where it came from; where a text comes to hold what is to be erased, the
pieces that it is made of are blanked, each sign by one as long, because later changes count them.
"""

from __future__ import annotations

import base64
import json
from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from os.path import commonprefix
from typing import Any

from agentkit.logs.documents import CrdtDocument, Id, SequenceElement, Update, read, signs
from agentkit.messages import JSON

GIVEN, PATCH, UPDATE = "given", "patch", "update"
"""Fields of a write that has its value whole, what it changed of the one before, or the change of
a document."""

CHANGED = '{"kind":"state.changed","name":"'
WRITTEN, DELIVERED, CLEARED = (f'{CHANGED}{name}"' for name in ("written", "delivered", "cleared"))
"""How the event of a write begins, that of its arrival at a replica, and of an emptied board."""

Path = tuple[str | int, ...]
Spans = Callable[[str], Iterable[tuple[int, int]]]
"""Where in a text something stands that is to be erased."""

Row = tuple[int, str]
"""Of an event its seq and body."""


@dataclass
class Leaf:
    """A text on a board, and which sign of which piece each of its signs is."""

    text: str
    ids: array[int]
    looked: bool = False
    """Whether it was looked for what is to be erased."""


@dataclass(frozen=True)
class TypedText:
    """A text in an event, whose signs are numbered from `base` on."""

    seq: int
    path: Path
    base: int
    text: str


@dataclass
class Typed:
    """What is to be blanked in one stream."""

    pieces: dict[int, dict[Path, str]] = field(default_factory=dict)
    """By seq and place in the write: the text as it is without what is erased."""
    earlier: dict[str, str] = field(default_factory=dict)
    """Texts as they were at some time, and without what is erased: snapshots have them."""
    ids: set[Id] = field(default_factory=set)
    """Of documents, the signs."""

    def within(self, seq: int, body: str) -> str:
        """The body of an event without it."""
        if seq in self.pieces:
            event = json.loads(body)
            for path, text in self.pieces[seq].items():
                replace(event["value"]["value"], path, text)
            return json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        return body


class TypedValues:
    """The values of a stream's keys, sign by sign."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.pieces: list[TypedText] = []
        self.count = 0
        self.again: list[tuple[int, array[int]]] = []
        """Signs that a value has which was given whole, and which of the one before they repeat."""

    def take(self, seq: int, body: str) -> list[Leaf]:
        """Take an event; return the texts of its key as they are then."""
        if body.startswith(CLEARED):
            self.values.clear()
        if not body.startswith(WRITTEN):
            return []
        try:
            said = json.loads(body)["value"]["value"]
            key = said["key"]
            whole = next((name for name in (GIVEN, "value") if name in said), None)
            if whole is not None:
                before = self.values.get(key)
                self.values[key] = self.adopted(said[whole], seq, (whole,))
                self.repeat(before, self.values[key])
            elif PATCH in said:
                for n, (place, *what) in enumerate(said[PATCH]):
                    made = [*what[:-1], *(self.adopted(one, seq, (PATCH, n, len(what)))
                                          for one in what[-1:])]  # fmt: skip
                    self.values[key] = within(self.values[key], place, made)
            else:
                self.values.pop(key, None)
            return list(leaves(self.values.get(key)))
        except (TypeError, LookupError, ValueError, RecursionError):
            # What was altered says nothing; from the next whole value on it does again.
            return []

    def repeat(self, before: Any, now: Any) -> None:
        """Take down what a value repeats of the one before, at its ends."""
        if isinstance(before, dict) and isinstance(now, dict):
            for name in before.keys() & now.keys():
                self.repeat(before[name], now[name])
        elif isinstance(before, Leaf) and isinstance(now, Leaf) and before.text and now.text:
            one, other = before.text, now.text
            begin = len(commonprefix((one, other)))
            end = len(commonprefix((one[begin:][::-1], other[begin:][::-1])))
            self.again.append((now.ids[0], before.ids[:begin]))
            if end:
                self.again.append((now.ids[-end], before.ids[-end:]))

    def mark(self, marked: set[int], all_of: Collection[int]) -> None:
        """Mark what some writes brought, and in all writes what is the same as what is marked."""
        repeated = {n for begin, ids in self.again for n in range(begin, begin + len(ids))}
        for one in self.pieces:
            if one.seq in all_of:
                marked |= set(range(one.base, one.base + len(one.text))) - repeated
        for begin, ids in reversed(self.again):
            marked.update(id for n, id in enumerate(ids, begin) if n in marked)
        for begin, ids in self.again:
            marked.update(n for n, id in enumerate(ids, begin) if id in marked)

    def adopted(self, value: JSON, seq: int, path: Path) -> Any:
        """A value of an event, with its texts as leaves."""
        if isinstance(value, dict):
            return {name: self.adopted(one, seq, (*path, name)) for name, one in value.items()}
        if isinstance(value, list):
            return [self.adopted(one, seq, (*path, n)) for n, one in enumerate(value)]
        if not isinstance(value, str):
            return value
        self.pieces.append(TypedText(seq, path, self.count, value))
        self.count += len(value)
        return Leaf(value, array("q", range(self.count - len(value), self.count)))


def within(value: Any, place: Sequence[str], what: list[Any]) -> Any:
    """A value with an operation done at a place inside of it, in copies of what it is in."""
    if place:
        made, (name, *rest) = dict(value), place
        if rest or len(what) == 3:
            made[name] = within(made[name], rest, what)
        elif what:
            made[name] = what[0]
        else:
            del made[name]
        return made
    if len(what) == 1:
        return what[0]
    i, j, piece = what
    if isinstance(value, Leaf):
        return Leaf(
            value.text[:i] + piece.text + value.text[j:], value.ids[:i] + piece.ids + value.ids[j:]
        )
    return value[:i] + piece + value[j:]


def leaves(value: Any) -> Iterator[Leaf]:
    """Every text in a value."""
    if isinstance(value, Leaf):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from leaves(one)


def replace(value: Any, path: Path, text: str) -> None:
    """Put a text in its place in a value."""
    *outer, last = path
    for name in outer:
        value = value[name]
    value[last] = text


def typed(
    rows: Sequence[Row], spans: Spans, as_long: Callable[[str], str], all_of: Collection[int] = ()
) -> Typed:
    """Find what is to be blanked in a stream.

    Args:
        rows: its events, in their order.
        spans: of what is to be erased.
        as_long: a sign that stands for another one.
        all_of: seqs of writes of which every sign is to be erased.

    Cost: in proportion to the texts of a key for each of its writes; nothing without changes.
    """
    found, writes = Typed(), [body for _, body in rows if body.startswith(WRITTEN)]
    if any(f'"{UPDATE}":"' in body for body in writes):
        found.ids = in_documents(rows, spans, all_of)
    if found.ids:
        # Beside the documents snapshots have what each write gave.
        for _, _, texts in written(rows):
            for nodes in texts:
                text = "".join(node.sign for node in nodes)
                found.earlier[text] = blanked(text, (node.id for node in nodes), found.ids, as_long)
    if not any(f'"{PATCH}":[' in body or f'"{GIVEN}":' in body for body in writes):
        return found
    fold, marked = TypedValues(), set[int]()
    for seq, body in rows:
        for leaf in fold.take(seq, body):
            for begin, end in () if leaf.looked else spans(leaf.text):
                marked.update(leaf.ids[begin:end])
            leaf.looked = True
    fold.mark(marked, all_of)
    for one in fold.pieces:
        ids = range(one.base, one.base + len(one.text))
        if (made := blanked(one.text, ids, marked, as_long)) != one.text:
            found.pieces.setdefault(one.seq, {})[one.path] = made
    if marked:
        found.earlier.update(earlier(rows, marked, as_long))
    return found


def in_documents(rows: Sequence[Row], spans: Spans, all_of: Collection[int]) -> set[Id]:
    """The signs that are to be blanked in the documents of a board's replicas."""
    found = set[Id]()
    for seq, update, texts in written(rows):
        for nodes in texts:
            # A sign and its node have the same place.
            for begin, end in spans("".join(node.sign for node in nodes)):
                found.update(node.id for node in nodes[begin:end])
        if seq in all_of:
            found.update(id for id, *_ in signs(update))
    return found


def written(rows: Sequence[Row]) -> Iterator[tuple[int, Update, list[list[SequenceElement]]]]:
    """Each write into a document: its seq, the change, and the texts that it changed.

    They are as they are then where it was made, after all that had arrived there.
    """
    sent = dict[int, Update]()
    replicas: dict[str, CrdtDocument] = defaultdict(CrdtDocument)
    for seq, body in rows:
        if body.startswith(CLEARED):
            replicas.clear()
        if not body.startswith((WRITTEN, DELIVERED)):
            continue
        try:
            said = json.loads(body)["value"]["value"]
            if body.startswith(DELIVERED):
                replicas[said["to"]].apply(sent.get(said["n"], Update()))
                continue
            replica, data = replicas[said.get("replica", "")], said[UPDATE]
            sent[seq] = read(base64.b64decode(data, validate=True))
        except (TypeError, LookupError, ValueError, RecursionError):
            continue
        yield seq, sent[seq], list(map(replica.shown, replica.apply(sent[seq])))


def earlier(
    rows: Sequence[Row], marked: set[int], as_long: Callable[[str], str]
) -> Iterator[tuple[str, str]]:
    """Texts as they were where a snapshot stands, before and without what is marked."""
    fold = TypedValues()
    for seq, body in rows:
        fold.take(seq, body)
        if body.startswith((WRITTEN, DELIVERED, CLEARED)) or not body.startswith(CHANGED):
            continue
        for leaf in leaves(fold.values):
            if (made := blanked(leaf.text, leaf.ids, marked, as_long)) != leaf.text:
                yield leaf.text, made


def blanked(
    text: str, ids: Iterable[Any], marked: Collection[Any], as_long: Callable[[str], str]
) -> str:
    """A text without the signs that are marked."""
    return "".join(
        as_long(sign) if id in marked else sign for sign, id in zip(text, ids, strict=True)
    )
