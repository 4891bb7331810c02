"""The state of a board as JSON, for snapshots, and back.

Snapshots are written of all keys, and read when a board is opened. So versions stand in columns, a
list for each of their fields, which pack to half of the size and are read in half of the time;
and they are checked all at once. Numbers and times stand there as their differences, and what most
keys have alike is left out: that packs to less than half once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import Any

from agentkit.messages import JSON
from memory.board.holding import HeldVersions, Plain, from_columns, in_columns
from memory.board.state import BoardState
from memory.board.versions import GIVEN, Consistency, Version, encoded, version_from

STEPS = "_steps"
"""Ends the name of a column of differences."""

TICK = 2**22
"""Times are counted in this part of a second where that is exact, as it is until 2038."""


def save(state: BoardState) -> JSON:
    """Encode the state as JSON, for a snapshot."""
    from memory.board.crdt import whole

    written, counts = unusual(state)
    return {
        "versions": stepped(all_columns(state)),
        "held": {replica: keys.sizes() for replica, keys in state.held.items()},
        "heard": {
            replica: {key: sorted(ns) for key, ns in keys.items()}
            for replica, keys in state.heard.items()
        },
        "written": {key: list(ns) for key, ns in written.items()},
        "parents": [[n, list(ns)] for n, ns in state.parents.items() if ns],
        # Their versions stand in the columns, after those that are held; see `rows`.
        "waiting": [list(others) for _, others in state.waiting.values()],
        "lost": [[n, dict(told)] for n, told in state.lost.items()],
        "counts": {key: dict(one) for key, one in counts.items()},
        "taken": {replica: dict(clock) for replica, clock in state.taken.items()},
        "early": {replica: len(kept) for replica, kept in state.early.items()},
        "recent": {key: len(kept) for key, kept in state.recent.items()},
        "docs": {name: whole(doc) for name, doc in state.docs.items()} if state.merges else {},
    }


def unusual(state: BoardState) -> tuple[dict[str, list[int]], dict[str, dict[str, int]]]:
    """Which keys were written otherwise than once, as on one replica most are; and their counts."""
    if len(state.replicas) > 1:
        return state.written, state.counts
    held = state.held[state.replicas[0]]
    often = {key: ns for key, ns in state.written.items() if len(ns) != 1 or key not in held}
    return often, {key: one for key, one in state.counts.items() if key in often}


def all_columns(state: BoardState) -> dict[str, list[Any]]:
    """Every version of a state as columns."""
    only = state.held[state.replicas[0]]
    plain = only.plain() if len(state.replicas) == 1 and only else None
    if plain is None:
        return columns(rows(state))
    return plain_columns(state, plain)


def plain_columns(state: BoardState, plain: list[Plain]) -> dict[str, list[Any]]:
    """Plain versions as columns."""
    found = in_columns(plain)
    if state.consistency == "crdt":
        found[GIVEN] = found.pop("value")
    # It stands there as a sign that these are versions: an erasure leaves their names alone.
    return {**found, "replica": []}


def save_part(state: BoardState, after: int) -> JSON:
    """Encode what changed since an event as JSON: keys of one replica, most of them new.

    None where other things changed, or mostly keys that were there: then all is to be saved, or
    snapshots of changes would come to more than twice what they hold.
    """
    held = state.held[state.replicas[0]]
    if len(state.replicas) > 1 or state.odd > after or state.docs:
        return None
    changed = [key for key in held.changed if state.written[key][-1] > after]
    held.changed = dict.fromkeys(changed)
    new = sum(state.written[key][0] > after for key in changed)
    if not changed or 2 * new < len(changed) or (plain := held.plain(changed)) is None:
        return None
    numbers = {key: [n for n in state.written[key] if n > after] for key in changed}
    often = [key for key in changed if len(state.written[key]) > 1]
    return {
        "versions": stepped(plain_columns(state, plain)),
        "held": {held.replica: dict.fromkeys(changed, 1)},
        "written": {key: numbers[key] for key in often},
        "parents": [
            [n, list(state.parents[n])] for ns in numbers.values() for n in ns if state.parents[n]
        ],
        "counts": {key: dict(state.counts[key]) for key in often if key in state.counts},
    }


def join(state: BoardState, saved: JSON) -> BoardState:
    """The state of `after` with what `save_part` said of it, which is changed and returned."""
    (only,) = state.replicas
    kind, fields = state.consistency, value_columns(saved)
    added, _ = all_held(fields, kind, (only,), saved["held"])
    written, counts = all_written(added[only], kind, saved)
    state.held[only].update_from(added[only])
    for key, ns in written.items():
        state.parents.update((n, ()) for n in ns)
        if key in saved["written"] and key in state.written:
            state.written[key] += ns
        else:
            state.written[key] = ns
    state.parents.update((n, tuple(ns)) for n, ns in saved["parents"])
    state.counts.update(counts)
    return state


def value_columns(saved: JSON) -> dict[str, list[Any]]:
    """The columns of a snapshot, by the names of a version's fields."""
    return {"value" if n == GIVEN else n: one for n, one in summed(saved["versions"]).items()}


def stepped(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Columns with numbers and times as differences, where that is exact."""
    found = dict(columns)
    if "n" in found and set(map(type, found["n"])) == {int}:
        found[f"n{STEPS}"] = differences(found.pop("n"))
    if "at" in found and set(map(type, found["at"])) == {float}:
        ticks = [at * TICK for at in found["at"]]
        if all(map(float.is_integer, ticks)):
            del found["at"]
            found[f"at{STEPS}"] = differences(list(map(int, ticks)))
    return found


def differences(numbers: list[int]) -> list[int]:
    """The first number, and of each other by how much it is larger than the one before."""
    return [now - before for now, before in zip(numbers, [0, *numbers], strict=False)]


def summed(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """What `stepped` was given."""
    found = {name: one for name, one in columns.items() if not name.endswith(STEPS)}
    if f"n{STEPS}" in columns:
        found["n"] = list(accumulate(columns[f"n{STEPS}"]))
    if f"at{STEPS}" in columns:
        found["at"] = [ticks / TICK for ticks in accumulate(columns[f"at{STEPS}"])]
    return found


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
        saved = from_older(saved)
    held, versions = all_held(value_columns(saved), consistency, replicas, saved["held"])
    waiting = [(next(versions), list(others)) for others in saved["waiting"]]
    early = {replica: list(islice(versions, n)) for replica, n in saved["early"].items()}
    recent = {key: list(islice(versions, n)) for key, n in saved["recent"].items()}
    written, counts = all_written(held[replicas[0]], consistency, saved)
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
        counts=counts,
        taken={replica: dict(clock) for replica, clock in saved["taken"].items()},
        early=early,
        recent=recent,
    )
    documents(state, saved["docs"])
    return state


def all_held(
    fields: dict[str, list[Any]],
    consistency: Consistency,
    replicas: tuple[str, ...],
    sizes: dict[str, dict[str, int]],
) -> tuple[dict[str, HeldVersions], Iterator[Version]]:
    """What each replica holds, and the versions that follow these in the columns."""
    held = {replica: HeldVersions(replica, consistency) for replica in replicas}
    first = sizes.get(replicas[0], {})
    if len(replicas) == 1 and set(first.values()) <= {1}:
        plain = from_columns(fields, consistency, replicas[0])
        if plain is not None and len(plain) == len(first):
            held[replicas[0]].fill(first, plain)
            return held, iter(())
    keys = [key for each in sizes.values() for key, n in each.items() for _ in range(n)]
    versions = iter(one_by_one(fields, keys, replicas[0]))
    for replica, each in sizes.items():
        for key, n in each.items():
            held[replica][key] = tuple(islice(versions, n))
    return held, versions


def all_written(
    held: HeldVersions, consistency: Consistency, saved: JSON
) -> tuple[dict[str, list[int]], dict[str, dict[str, int]]]:
    """The numbers of all writes by key, and how many each replica took; see `unusual`."""
    often: dict[str, list[int]] = saved["written"]
    written, counts = dict[str, list[int]](), dict[str, dict[str, int]]()
    for key, n in held.numbers():
        if key not in often:
            written[key] = [n]
    if consistency == "vector":
        counts = {key: {held.replica: 1} for key in written}
    written.update((key, list(ns)) for key, ns in often.items())
    counts.update((key, dict(one)) for key, one in saved["counts"].items())
    return written, counts


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


def one_by_one(fields: dict[str, list[JSON]], keys: Sequence[str], only: str) -> list[Version]:
    """The versions of a snapshot, whatever they have.

    Args:
        fields: their columns.
        keys: of those that stand under their keys.
        only: the replica of all, where none is named.
    """
    told = {name: one for name, one in fields.items() if one or name != "replica"}
    names, each = [*told], iter(keys)
    rest = {} if "replica" in told else {"replica": only}
    return [
        version_from(rest | row_fields(names, row, next(each, "")))
        for row in zip(*told.values(), strict=True)
    ]


def row_fields(names: list[str], row: tuple[JSON, ...], key: str) -> dict[str, JSON]:
    """The fields that a row has: of a version only the value may be None."""
    found = {name: one for name, one in zip(names, row, strict=True) if one is not None}
    found.setdefault("key", key)
    found.setdefault("value", None)
    return found


def from_older(saved: JSON) -> JSON:
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
