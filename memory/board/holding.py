"""What a replica holds, by key: versions, made of what the log says when they are asked for.

A board of many keys is opened to look at a few of them. Most versions have the usual fields alone
(see `Plain`): these are kept as they were read, and stand in a snapshot as they are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from itertools import chain, repeat
from typing import Any

from agentkit.events import StateChanged
from agentkit.messages import JSON
from memory.board.versions import GIVEN, REST, Consistency, Version

Kept = tuple[Version, ...]

Plain = tuple[int, float, JSON, str | None, Any, Any]
"""Of a version with the usual fields: number, time, value, by whom, what it was based on, clock.
The last three are None where they are what most are: "you", nothing, that of a first write."""

FIELDS = ("n", "at", "value", "by", "based_on", "clock")
"""What these are called where they stand in columns."""

SAID = frozenset(("key", "value", "by", "at", "replica", "based_on", "clock"))
"""Fields of a plain version's event."""

new, put = object.__new__, object.__setattr__


class HeldVersions(MutableMapping[str, Kept]):
    """The versions that a replica holds."""

    __slots__ = ("_all", "changed", "clocks", "replica")

    def __init__(self, replica: str, consistency: Consistency) -> None:
        self.replica, self.clocks = replica, consistency == "vector"
        self._all: dict[str, Kept | Plain] = {}
        self.changed: dict[str, None] = {}
        """Keys that `keep` was called with; whoever takes note of them may forget them."""

    def __getitem__(self, key: str) -> Kept:
        kept: Any = self._all[key]
        if type(kept[0]) is int:
            kept = self._all[key] = (self._made(key, *kept),)
        return kept  # type: ignore[no-any-return]

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self._all else default

    def __setitem__(self, key: str, kept: Kept) -> None:
        self._all[key] = kept

    def __delitem__(self, key: str) -> None:
        del self._all[key]

    def __contains__(self, key: object) -> bool:
        return key in self._all

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __repr__(self) -> str:
        return repr(dict(self))

    def keep(self, key: str, plain: Plain) -> None:
        """Hold a plain version alone."""
        self._all[key] = plain
        self.changed[key] = None

    def fill(self, keys: Iterable[str], plain: Iterable[Plain]) -> None:
        """Hold many, as they stand in a snapshot."""
        self._all.update(zip(keys, plain, strict=True))

    def update_from(self, other: HeldVersions) -> None:
        """Hold what another one of this replica holds, beside what it has not."""
        self._all.update(other._all)

    def only(self, key: str) -> tuple[int, float] | None:
        """Number and time of the only version that is held of a key; None if there are others."""
        kept: Any = self._all[key]
        if type(kept[0]) is int:
            return kept[0], kept[1]
        return (kept[0].n, kept[0].at) if len(kept) == 1 else None

    def numbers(self) -> Iterator[tuple[str, int]]:
        """Each key with the number of the newest version that is held of it."""
        for key, kept in self._all.items():
            one: Any = kept[0] if type(kept[0]) is int else kept[-1].n
            yield key, one

    def sizes(self) -> dict[str, int]:
        """How many versions are held of each key."""
        return {key: 1 if type(kept[0]) is int else len(kept) for key, kept in self._all.items()}

    def plain(self, keys: Iterable[str] | None = None) -> list[Plain] | None:
        """The versions of some keys, or of all, as `keep` takes them; None where one is not so."""
        found = list[Plain]()
        for kept in self._all.values() if keys is None else map(self._all.__getitem__, keys):
            if type(kept[0]) is not int:
                one = self._plain(kept[0]) if len(kept) == 1 else None
                if one is None:
                    return None
                found.append(one)
            else:
                found.append(kept)
        return found

    def _plain(self, one: Version) -> Plain | None:
        if one.replica != self.replica or one.after or one.update or one.sets or one.edits:
            return None
        if one.over or (bool(one.clock) != self.clocks):
            return None
        by = None if one.by == "you" else one.by
        clock = None if one.clock == self._first() else one.clock
        return one.n, one.at, one.value, by, list(one.based_on) or None, clock

    def _first(self) -> dict[str, int]:
        """The clock of a first write."""
        return {self.replica: 1} if self.clocks else {}

    def _made(
        self, key: str, n: int, at: float, value: JSON, by: str | None, based_on: Any, clock: Any
    ) -> Version:
        """A version without the machinery of a model, in a third of its time."""
        fields = {
            **REST, "n": n, "key": key, "value": value, "by": "you" if by is None else by, "at": at,
            "replica": self.replica, "based_on": tuple(based_on or ()),
            "clock": self._first() if clock is None else clock,
        }  # fmt: skip
        one = new(Version)
        put(one, "__dict__", fields)
        put(one, "__pydantic_fields_set__", set(SAID) | {"n"})
        put(one, "__pydantic_extra__", None)
        put(one, "__pydantic_private__", None)
        return one


def plain_of(event: StateChanged, consistency: Consistency, replica: str) -> Plain | None:
    """The version of an event, on a board with one replica, if it is plain.

    Whatever is not as it should be is none, so that it is told by who looks at it closely.
    """
    said = event.value["value"]
    if consistency == "crdt":
        if GIVEN not in said or "value" in said:
            return None
        said = dict(said)
        said["value"] = said.pop(GIVEN)
    get = said.get
    at, by, based_on = get("at", event.at), get("by"), get("based_on")
    if not (
        SAID.issuperset(said)
        and "value" in said
        and type(at) is float
        and type(get("key")) is str
        and (by is None or type(by) is str)
        and get("replica", replica) == replica
        and (not based_on or all([type(n) is int for n in based_on]))
    ):
        return None
    clock = get("clock")
    if clock is not None and (consistency != "vector" or not clock or not is_clock(clock)):
        return None
    return event.seq, at, said["value"], by, based_on, clock


def is_clock(clock: Any) -> bool:
    """Whether something is the clock of a version."""
    return type(clock) is dict and all(type(count) is int for count in clock.values())


def in_columns(plain: list[Plain]) -> dict[str, list[Any]]:
    """Plain versions as columns; those that say nothing are left out."""
    found = dict(zip(FIELDS, map(list, zip(*plain, strict=True)), strict=False))
    return {name: one for name, one in found.items() if name == "value" or set_of(one) != {None}}


def set_of(column: list[Any]) -> set[Any]:
    """What a column has; of lists and objects only that they are."""
    return {None if one is None else True for one in column}


def from_columns(
    columns: dict[str, list[Any]], consistency: Consistency, replica: str
) -> list[Plain] | None:
    """The plain versions of columns, which are checked each as a whole.

    None where some have more than what most have, or are not as they should be.
    """
    get = columns.get
    if not {"n", "at", "value"} <= set(columns) <= {*FIELDS, "replica"}:
        return None
    based_on, clocks = get("based_on", ()), get("clock", ())
    if not (
        set(get("replica", ())) <= {replica}
        and set(map(type, columns["n"])) <= {int}
        and set(map(type, columns["at"])) <= {float}
        and set(map(type, get("by", ()))) <= {str, type(None)}
        and set(map(type, based_on)) <= {list, type(None)}
        and set(map(type, chain.from_iterable(filter(None, based_on)))) <= {int}
        and (not any(clocks) or consistency == "vector")
        and all([is_clock(one) for one in clocks if one is not None])
    ):
        return None
    count = len(columns["n"])
    if any(len(one) != count for name, one in columns.items() if one or name != "replica"):
        return None
    return list(zip(*(get(name) or repeat(None, count) for name in FIELDS), strict=True))
