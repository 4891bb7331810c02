"""Values that merge by themselves: conflict-free replicated data types, by Yjs through pycrdt.

Shapiro et al. 2011; the algorithm is YATA (Nicolaescu et al. 2016). An object merges by
field, a text by character, a list by element; other values are registers, where all
replicas agree on one of the writes. The value is diffed against what its replica holds, so
that a write says what changed and nothing of the rest.
"""

from __future__ import annotations

import base64
import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agentkit.extras import missing_extra
from agentkit.messages import JSON, canonical
from memory.board.diffing import edits as edits
from memory.board.diffing import few

if TYPE_CHECKING:
    import pycrdt

LARGEST = 2**53
"""Up to here every whole number is a double."""

WHOLE = "$int"
"""Names a larger whole number, which a document keeps as text."""

EMPTY = bytes(2)
"""The update that changes nothing."""

KINDS, VALUES = "kinds", "values"
"""Root maps: the kind of each key, and the values of keys that are registers.

A key's text, list or object is a root type of its own, because two replicas that make it at
the same time then mean the same one; a nested one that both make is a register, and one of
the two stays.
"""


def document(replica: str) -> pycrdt.Doc[Any]:
    """Make an empty document; its client id is the replica's, so that a rebuild gives the same."""
    try:
        import pycrdt
    except ImportError as error:
        raise missing_extra(error, "choose another policy") or error from None

    return pycrdt.Doc(client_id=zlib.crc32(replica.encode()) or 1)


def root(doc: pycrdt.Doc[Any], key: str, kind: str) -> Any:
    """Return the root type of a key."""
    import pycrdt

    types: dict[str, Any] = {"map": pycrdt.Map, "array": pycrdt.Array, "text": pycrdt.Text}
    return doc.get(f"{kind}:{key}", type=types[kind])


def register(doc: pycrdt.Doc[Any], name: str) -> Any:
    """Return one of the two root maps, `KINDS` or `VALUES`."""
    import pycrdt

    return doc.get(name, type=pycrdt.Map)


def kind_of(value: JSON) -> str:
    """Name the type by which a value is shared: map, array, text, or value for a register."""
    kinds: dict[type, str] = {dict: "map", list: "array", str: "text"}
    return kinds.get(type(value), "value")


def value_of(doc: pycrdt.Doc[Any], key: str) -> JSON:
    """Return the value of a key; None where there is none."""
    kinds = register(doc, KINDS)
    if key not in kinds:
        return None
    kind = kinds[key]
    return plain(register(doc, VALUES)[key] if kind == "value" else root(doc, key, kind))


def plain(value: Any) -> JSON:
    """Return a shared type as JSON."""
    import pycrdt

    if isinstance(value, pycrdt.Map):
        return {name: plain(value[name]) for name in sorted(value.keys())}
    if isinstance(value, pycrdt.Array):
        return [plain(one) for one in value]
    if isinstance(value, pycrdt.Text):
        return str(value)
    if isinstance(value, dict):
        return int(value[WHOLE])
    # Yjs holds every number as a double; larger whole ones than these stand as texts.
    whole = isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST
    return int(value) if whole else value


@dataclass
class ChangedPlaces:
    """Where in a value a change was made."""

    sets: list[tuple[str, ...]] = field(default_factory=list)
    """Places that now hold another value or none: of concurrent changes there, one stays."""
    edits: list[tuple[str, ...]] = field(default_factory=list)
    """Texts and lists that were edited: of concurrent changes there, all stay."""


def change(doc: pycrdt.Doc[Any], key: str, value: JSON, places: ChangedPlaces | None = None) -> str:
    """Make a key have a value, and return the change as bytes in base64.

    Args:
        doc: of a replica.
        key: of the board.
        value: the new one.
        places: are told where something changed.

    Cost: in proportion to the value and to what differs, not to what was ever written.
    """
    updates: list[bytes] = []
    made = places or ChangedPlaces()
    kind, kinds = kind_of(value), register(doc, KINDS)
    # Root types must exist before the transaction that writes into them.
    target = register(doc, VALUES) if kind == "value" else root(doc, key, kind)
    # What the transaction itself did: the difference to a state would repeat every deletion.
    watch = doc.observe(lambda event: updates.append(event.update))
    with doc.transaction():
        if key not in kinds or kinds[key] != kind:
            kinds[key] = kind
        if kind == "value":
            made.sets.append(())
            target[key] = shared(value)
        else:
            merge(target, value, (), made)
    doc.unobserve(watch)
    return base64.b64encode(updates[0] if updates else EMPTY).decode("ascii")


def at_place(value: JSON, place: Sequence[str]) -> tuple[JSON, ...]:
    """Return what stands at a place of a value, alone in a tuple; () where nothing does."""
    for name in place:
        if not isinstance(value, dict) or name not in value:
            return ()
        value = value[name]
    return (value,)


def take(doc: pycrdt.Doc[Any], update: str) -> None:
    """Apply a change; one that was applied before changes nothing."""
    doc.apply_update(base64.b64decode(update))


def whole(doc: pycrdt.Doc[Any]) -> str:
    """Encode all of a document, for a snapshot.

    Cost: in proportion to everything ever written to it, deletions included.
    """
    return base64.b64encode(doc.get_update()).decode("ascii")


def shared(value: JSON) -> Any:
    """Make a shared type of a value."""
    import pycrdt

    match value:
        case dict():
            return pycrdt.Map({str(name): shared(one) for name, one in value.items()})
        case list():
            return pycrdt.Array([shared(one) for one in value])
        case str():
            return pycrdt.Text(value)
        case int() if abs(value) > LARGEST:
            # What a user gives as an object is a Map, so that this cannot be meant.
            return {WHOLE: str(value)}
    return value


def kind_in(value: Any) -> str:
    """Name the kind of what a document holds at some place."""
    import pycrdt

    kinds: dict[type, str] = {pycrdt.Map: "map", pycrdt.Array: "array", pycrdt.Text: "text"}
    return kinds.get(type(value), "value")


def put(inside: Any, name: str, value: JSON, place: tuple[str, ...], made: ChangedPlaces) -> None:
    """Make a field of a map have a value."""
    if name in inside:
        old = inside[name]
        kind = kind_in(old)
        if kind == kind_of(value) != "value":
            merge(old, value, place, made)
            return
        if kind == "value" and same(plain(old), value):
            return
    inside[name] = shared(value)
    made.sets.append(place)


def same(one: JSON, other: JSON) -> bool:
    """Say whether two registers are alike; true is no number."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def merge(old: Any, value: JSON, place: tuple[str, ...], made: ChangedPlaces) -> None:
    """Change a shared type to a value by what differs."""
    if isinstance(value, dict):
        for name in [one for one in old.keys() if one not in value]:
            del old[name]
            made.sets.append((*place, name))
        for name, one in value.items():
            put(old, name, one, (*place, name), made)
    elif edit_text(old, value) if isinstance(value, str) else edit_list(old, value):
        made.edits.append(place)


def edit_text(old: Any, after: str) -> bool:
    """Insert and delete what differs, from the end, so that the places before stay right."""
    before = str(old)
    found = few([one for one in edits(before, after) if one[0] != "equal"], len(before))
    # The library counts bytes of UTF-8.
    marks = sorted({n for _, i, j, _, _ in found for n in (i, j)})
    sizes = [len(before[i:j].encode()) for i, j in itertools.pairwise([0, *marks])]
    at = dict(zip(marks, itertools.accumulate(sizes), strict=True))
    for _, i, j, k, m in reversed(found):
        if i < j:
            del old[at[i] : at[j]]
        if k < m:
            old.insert(at[i], after[k:m])
    return bool(found)


def edit_list(old: Any, after: list[JSON]) -> bool:
    """Insert and delete the elements that differ, from the end, as `edit_text` does."""
    named = [[canonical(one) for one in side] for side in (plain(old), after)]
    found = few([one for one in edits(named[0], named[1]) if one[0] != "equal"], len(named[0]))
    for _, i, j, k, m in reversed(found):
        if i < j:
            del old[i:j]
        for offset, one in enumerate(after[k:m]):
            old.insert(i + offset, shared(one))
    return bool(found)
