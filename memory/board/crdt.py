"""Values that merge by themselves: conflict-free replicated data types, by Yjs through pycrdt.

Shapiro et al. 2011; the algorithm is YATA (Nicolaescu et al. 2016). An object merges by
field, a text by character, a list by element; other values are registers, where all
replicas agree on one of the writes. The value is diffed against what its replica holds, so
that a write says what changed and nothing of the rest.
"""

from __future__ import annotations

import base64
import difflib
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agentkit.extras import lacking
from agentkit.messages import JSON, canonical

if TYPE_CHECKING:
    import pycrdt

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
        raise lacking(error, "choose another policy") or error from None

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
    # Yjs holds every number as a double.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def change(doc: pycrdt.Doc[Any], key: str, value: JSON) -> str:
    """Make a key have a value, and return the change as bytes in base64."""
    before, kind, kinds = doc.get_state(), kind_of(value), register(doc, KINDS)
    # Root types must exist before the transaction that writes into them.
    target = register(doc, VALUES) if kind == "value" else root(doc, key, kind)
    with doc.transaction():
        if key not in kinds or kinds[key] != kind:
            kinds[key] = kind
        if kind == "value":
            put(target, key, value)
        else:
            merge(target, value)
    return base64.b64encode(doc.get_update(before)).decode("ascii")


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
    return value


def put(inside: Any, name: str, value: JSON) -> None:
    """Make a field of a map have a value."""
    old = inside[name] if name in inside else None
    if kind_of(value) != "value" and kind_of(plain(old)) == kind_of(value):
        merge(old, value)
    elif name not in inside or plain(old) != value:
        inside[name] = shared(value)


def merge(old: Any, value: JSON) -> None:
    """Change a shared type to a value by what differs."""
    if isinstance(value, dict):
        for field in [one for one in old.keys() if one not in value]:
            del old[field]
        for field, one in value.items():
            put(old, field, one)
    elif isinstance(value, str):
        edit_text(old, str(old), value)
    else:
        edit_list(old, plain(old), value)


def edits(before: Sequence[str], after: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    """Find what differs between two texts or lists, as difflib's opcodes without the equal ends.

    Cost: linear in what is equal at both ends, quadratic only in what lies between.
    """
    most = min(len(before), len(after))
    start = next((n for n in range(most) if before[n] != after[n]), most)
    most -= start
    end = next((n for n in range(most) if before[-1 - n] != after[-1 - n]), most)
    inner = before[start : len(before) - end], after[start : len(after) - end]
    matcher = difflib.SequenceMatcher(None, *inner, autojunk=False)
    return [
        (verb, i + start, j + start, k + start, m + start)
        for verb, i, j, k, m in matcher.get_opcodes()
    ]


def edit_text(old: Any, before: str, after: str) -> None:
    """Insert and delete what differs, from the end, so that the places before stay right."""
    for verb, i, j, k, m in reversed(edits(before, after)):
        # The library counts bytes of UTF-8.
        start, end = (len(before[:n].encode()) for n in (i, j))
        if verb in ("replace", "delete"):
            del old[start:end]
        if verb in ("replace", "insert"):
            old.insert(start, after[k:m])


def edit_list(old: Any, before: list[JSON], after: list[JSON]) -> None:
    """Insert and delete the elements that differ, from the end, as `edit_text` does."""
    named = [[canonical(one) for one in side] for side in (before, after)]
    for verb, i, j, k, m in reversed(edits(named[0], named[1])):
        if verb in ("replace", "delete"):
            del old[i:j]
        if verb in ("replace", "insert"):
            for offset, one in enumerate(after[k:m]):
                old.insert(i + offset, shared(one))
