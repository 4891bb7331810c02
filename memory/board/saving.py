"""The state of a board as JSON, for snapshots, and back.

Snapshots are written of all keys, and read when a board is opened. So versions stand in columns, a
list for each of their fields, which pack to half of the size and are read in half of the time;
and they are checked all at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from agentkit.messages import JSON
from memory.board.state import BoardState
from memory.board.versions import GIVEN, Consistency, Version, all_made, encoded, made


def save(state: BoardState) -> JSON:
    """Encode the state as JSON, for a snapshot."""
    from memory.board.crdt import whole

    return {
        "versions": columns(rows(state)),
        "held": {
            replica: {key: len(kept) for key, kept in keys.items()}
            for replica, keys in state.held.items()
        },
        "heard": {
            replica: {key: sorted(ns) for key, ns in keys.items()}
            for replica, keys in state.heard.items()
        },
        "written": {key: list(ns) for key, ns in state.written.items()},
        "parents": [[n, list(ns)] for n, ns in state.parents.items() if ns],
        "waiting": [list(others) for _, others in state.waiting.values()],
        "lost": [[n, dict(told)] for n, told in state.lost.items()],
        "counts": {key: dict(counts) for key, counts in state.counts.items()},
        "taken": {replica: dict(clock) for replica, clock in state.taken.items()},
        "early": {replica: len(kept) for replica, kept in state.early.items()},
        "recent": {key: len(kept) for key, kept in state.recent.items()},
        "docs": {name: whole(doc) for name, doc in state.docs.items()} if state.merges else {},
    }


def rows(state: BoardState) -> Iterator[dict[str, JSON]]:
    """The JSON of every version of a state, in the order in which `load` takes them."""
    for keys in state.held.values():
        for kept in keys.values():
            for one in kept:
                found = encoded(one)
                del found["key"]  # It stands under its key.
                if state.consistency == "crdt" and not state.merges:
                    found[GIVEN] = found.pop("value")
                yield found
    yield from (encoded(one) for one, _ in state.waiting.values())
    for place in (state.early, state.recent):
        yield from (encoded(one) for kept in place.values() for one in kept)


def columns(rows: Iterable[dict[str, JSON]]) -> dict[str, list[JSON]]:
    """Rows as a list for each field that some of them have; None where one has it not."""
    found: dict[str, list[JSON]] = {}
    count = 0
    for row in rows:
        for name, one in row.items():
            column = found.setdefault(name, [])
            column.extend([None] * (count - len(column)))
            column.append(one)
        count += 1
    return {name: [*one, *[None] * (count - len(one))] for name, one in found.items()}


def load(consistency: Consistency, replicas: tuple[str, ...], saved: JSON) -> BoardState:
    """Decode a state from its JSON; of older snapshots too, which say all."""
    if "versions" not in saved:
        saved = counted(saved)
    fields = {"value" if n == GIVEN else n: one for n, one in saved["versions"].items()}
    keys = [key for held in saved["held"].values() for key, n in held.items() for _ in range(n)]
    versions = iter(all_made(fields, keys) or one_by_one(fields, keys))
    held: dict[str, dict[str, tuple[Version, ...]]] = {
        replica: {key: tuple(islice(versions, n)) for key, n in keys.items()}
        for replica, keys in saved["held"].items()
    }
    waiting = [(next(versions), list(others)) for others in saved["waiting"]]
    early = {replica: list(islice(versions, n)) for replica, n in saved["early"].items()}
    recent = {key: list(islice(versions, n)) for key, n in saved["recent"].items()}
    written = {key: list(ns) for key, ns in saved["written"].items()}
    parents: dict[int, tuple[int, ...]] = {n: () for ns in written.values() for n in ns}
    parents.update((n, tuple(ns)) for n, ns in saved["parents"])
    state = BoardState(
        consistency,
        replicas,
        held=held,
        heard={
            replica: {key: set(ns) for key, ns in keys.items()}
            for replica, keys in saved["heard"].items()
        },
        written=written,
        parents=parents,
        waiting={one.n: (one, others) for one, others in waiting},
        lost={n: dict(told) for n, told in saved["lost"]},
        counts={key: dict(counts) for key, counts in saved["counts"].items()},
        taken={replica: dict(clock) for replica, clock in saved["taken"].items()},
        early=early,
        recent=recent,
    )
    documents(state, saved["docs"])
    return state


def documents(state: BoardState, saved: dict[str, str]) -> None:
    """Load the documents of a CRDT.

    Older boards have one on one replica, too. Their versions had what a writer gave, before it was
    merged with what stood there; so the values are the document's.
    """
    from memory.board.crdt import take, value_of

    for replica, doc in saved.items():
        take(state.document(replica), doc)
    if state.merges:
        return
    for only, doc in state.docs.items():
        for key, kept in state.held[only].items():
            newest = kept[-1].model_copy(update={"value": value_of(doc, key)})
            state.held[only][key] = (newest,)


def one_by_one(fields: dict[str, list[JSON]], keys: Sequence[str]) -> list[Version]:
    """The versions of a snapshot, whatever they have."""
    names, each = [*fields], iter(keys)
    return [made(known(names, row, next(each, ""))) for row in zip(*fields.values(), strict=True)]


def known(names: list[str], row: tuple[JSON, ...], key: str) -> dict[str, JSON]:
    """The fields that a row has: of a version only the value may be None."""
    found = {name: one for name, one in zip(names, row, strict=True) if one is not None}
    found.setdefault("key", key)
    found.setdefault("value", None)
    return found


def counted(saved: JSON) -> JSON:
    """A state as an older snapshot has it, with its versions where they stand, as newer ones do."""
    held = [one for keys in saved["held"].values() for kept in keys.values() for one in kept]
    waiting = [one for one, _ in saved["waiting"]]
    recent = saved.get("recent", {})
    others = [one for place in (saved["early"], recent) for kept in place.values() for one in kept]
    return {
        **saved,
        "versions": columns([*held, *waiting, *others]),
        "held": {
            replica: {key: len(kept) for key, kept in keys.items()}
            for replica, keys in saved["held"].items()
        },
        "waiting": [others for _, others in saved["waiting"]],
        "early": {replica: len(kept) for replica, kept in saved["early"].items()},
        "recent": {key: len(kept) for key, kept in recent.items()},
    }
