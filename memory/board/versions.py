"""What a board holds: versions of keys, per replica."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from pydantic import Field

from agentkit.deprecated import moved
from agentkit.events import StateChanged
from agentkit.messages import JSON, Frozen

Consistency = Literal["lww", "cas", "vector", "crdt"]

SAID: dict[Consistency, str] = {
    "cas": "compare-and-swap: a write based on an old version is refused",
    "lww": "last write wins: what is lost is counted",
    "vector": "vector clocks: concurrent writes are kept as siblings",
    "crdt": "CRDT: concurrent writes merge; where one value must give way, that is counted",
}
"""What becomes of concurrent writes, in words."""


class Version(Frozen):
    """One write of one key."""

    n: int
    """Its number on the board: the seq of its event. Numbers grow, so they name versions."""
    key: str
    value: JSON
    by: str = "you"
    """Path of the actor that wrote, or "you"."""
    at: float
    """Unix seconds by the clock of the replica that took the write."""
    replica: str
    based_on: tuple[int, ...] = ()
    """Numbers of the versions that the writer had seen."""
    clock: dict[str, int] = Field(default_factory=dict)
    """Vector clock (Fidge 1988, Mattern 1988): how many writes of each replica it builds on,
    itself counted; of "vector" those of its key, of "crdt" those of all keys. A CRDT on one
    replica has none."""
    after: tuple[int, ...] = ()
    """Numbers of writes, of any key, that a replica must have before it has this one: what its
    session wrote or read before, where it asked for that and some replica had not heard of it."""
    update: str = ""
    """Of a CRDT on several replicas: the change itself, as bytes in base64."""
    sets: tuple[tuple[str, ...], ...] = ()
    """Likewise: the places in the value where it set something or removed it."""
    edits: tuple[tuple[str, ...], ...] = ()
    """Likewise: the places of the texts and lists that it edited."""
    over: tuple[int, ...] = ()
    """Of a CRDT: what a blind write replaced without having seen it."""


def encoded(version: Version) -> dict[str, JSON]:
    """Encode a version as JSON, without what goes without saying."""
    return version.model_dump(exclude_defaults=True)


GIVEN, PATCH = "given", "patch"
"""Fields of the event of a CRDT's write: its value, or what it changed of the one before. The log
knows them: what is erased in them is replaced by as many signs, which later changes count."""


def told(version: Version, at: float, but: Collection[str] = ()) -> dict[str, JSON]:
    """Encode a write for its event, without what that tells itself or goes without saying.

    Args:
        version: the write.
        at: time of the event, in Unix seconds.
        but: further fields that are left out.
    """
    found = encoded(version)
    gone = ("n", "at", *but) if version.at == at else ("n", *but)
    return {name: one for name, one in found.items() if name not in gone}


def unsaid(consistency: Consistency, replica: str) -> dict[str, JSON]:
    """Fields that the event of a first write leaves out on a board with one replica."""
    return {"replica": replica, **({"clock": {replica: 1}} if consistency == "vector" else {})}


def version_of(event: StateChanged, **known: JSON) -> Version:
    """Decode the write that an event tells of.

    Args:
        event: of a write.
        known: fields that it leaves out, such as the only replica of its board.
    """
    said = {"at": event.at, **known, **event.value["value"], "n": event.seq}
    if GIVEN in said or PATCH in said:
        said.pop(GIVEN, None)
        said.pop(PATCH, None)
    return version_from(said)


USUAL = frozenset(("n", "key", "value", "by", "at", "replica", "based_on"))
"""Fields that most versions have, and no others."""

REST: dict[str, JSON] = {
    name: one.default_factory() if one.default_factory else one.default  # type: ignore[call-arg]
    for name, one in Version.model_fields.items()
}
"""What a field is where nothing is said."""


new, put = object.__new__, object.__setattr__


def version_from(said: dict[str, JSON]) -> Version:
    """Make a version of its fields, as they are in a log.

    Most have the usual ones alone, and are made without the machinery of a model, in a third of its
    time: a board is opened by making one for each of its keys.

    Raises:
        ValidationError: they are none of a version's.
    """
    get = said.get
    based_on = tuple(get("based_on", ()))
    if not (
        USUAL.issuperset(said)
        and "value" in said
        and type(get("n")) is int
        and type(get("at")) is float
        and type(get("key")) is type(get("replica")) is type(get("by", "you")) is str
        and (not based_on or all([type(n) is int for n in based_on]))
    ):
        return Version.model_validate(said)
    found = new(Version)
    put(found, "__dict__", {**REST, **said, "based_on": based_on, "clock": {}})
    put(found, "__pydantic_fields_set__", set(said))
    put(found, "__pydantic_extra__", None)
    put(found, "__pydantic_private__", None)
    return found


class ReadVersions(Frozen):
    """What a read found."""

    key: str
    value: JSON = None
    """The value; None where the key has none. Of siblings without a merge, the newest."""
    versions: tuple[int, ...] = ()
    """Numbers of the versions it stands for: give them to a write as `based_on`."""
    siblings: tuple[Version, ...] = ()
    """The versions themselves; several when concurrent writes were kept."""
    replica: str = ""
    behind: int = 0
    """Writes of this key that the replica has not heard of yet."""

    @property
    def conflict(self) -> bool:
        """Whether there are several values."""
        return len(self.siblings) > 1

    def __str__(self) -> str:
        if not self.siblings:
            return f"{self.key}: nothing"
        told = " | ".join(f"{one.value!r} (v{one.n}, {one.by})" for one in self.siblings)
        return f"{self.key}: {told}" + (f", {self.behind} behind" if self.behind else "")


__getattr__ = moved(__name__, {"Seen": f"{__name__}:ReadVersions"})
