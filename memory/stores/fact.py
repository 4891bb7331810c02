"""What is known of a text beside itself: who stored it, when, where, and for what time it holds.

Stores keep it in the metadata, under names of ours, so that filters and exports have it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from agentkit.messages import Frozen, built, canonical

PREFIX = "fact_"
"""Begins our names in metadata."""

NAMES = {"valid_from": "from", "valid_until": "until"}
NAMED = {short: name for name, short in NAMES.items()}


class Fact(Frozen):
    """Who said something, when, and how long it holds. Times are Unix seconds."""

    author: str = ""
    """Path of the actor that stored it; empty for code outside of any."""
    run: str = ""
    step: str = ""
    """Key of the step that stored it, in that run."""
    created: float = 0.0
    """When it was stored last; 0 for what was stored before this was kept."""
    key: str = ""
    """What it is about: of the facts with one key one holds at a time."""
    root: str = ""
    """Without a key, id of the first item that it goes back to by what it holds instead of."""
    valid_from: float | None = None
    """From when on it holds; None for since it was stored."""
    valid_until: float | None = None
    """Until when it holds; None for on."""
    superseded_by: str = ""
    """Id of what holds instead."""
    supersedes: tuple[str, ...] = ()
    """Ids of what it holds instead of."""
    importance: float | None = None
    """1, mundane, to 10, poignant."""
    ttl: bool = False
    """Whether it is to go once it holds no more."""

    @property
    def since(self) -> float:
        """From when on it holds."""
        return self.created if self.valid_from is None else self.valid_from

    @property
    def until(self) -> float:
        """Until when it holds; infinity for on."""
        return math.inf if self.valid_until is None else self.valid_until

    def holds(self, at: float, *, past: bool = False) -> bool:
        """Whether it holds at a time; `past` also asks when it was stored, as it was then."""
        begun = self.since if past or self.valid_from is not None else at
        return begun <= at and (self.valid_until is None or at < self.valid_until)

    def said(self) -> dict[str, Any]:
        """What is not as it is by default, as model_dump(exclude_defaults=True) gives it."""
        usual = NOTHING.__dict__
        return {name: one for name, one in self.__dict__.items() if one != usual[name]}

    def metadata(self) -> dict[str, str | int | float | bool]:
        """As a store keeps it, in as few fields as can be: each costs a row in Chroma."""
        said = self.model_dump(exclude_defaults=True, exclude={"run", "step", "supersedes"})
        found: dict[str, Any] = {
            f"{PREFIX}{NAMES.get(name, name)}": value
            for name, value in said.items()
            if value is not None
        }
        if self.step:
            found[f"{PREFIX}step"] = f"{self.run}/{self.step}"
        if self.supersedes:
            found[f"{PREFIX}supersedes"] = canonical(list(self.supersedes))
        # A filter cannot ask whether a field is there; it can ask whether it is not true.
        flags = {"begins": self.valid_from is not None, "ends": self.valid_until is not None}
        return found | {f"{PREFIX}{name}": True for name, is_ in flags.items() if is_}


NOTHING = Fact()
"""Where nothing is known."""


KINDS: dict[str, type] = {
    "author": str, "run": str, "step": str, "key": str, "root": str, "superseded_by": str,
    "created": float, "valid_from": float, "valid_until": float, "importance": float,
    "ttl": bool, "supersedes": tuple,
}  # fmt: skip
"""Of each field of a fact what it is where it is known."""


def parted(metadata: Mapping[str, Any]) -> tuple[dict[str, Any], Fact]:
    """Part metadata into what users gave, and what is known beside it."""
    given: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    for name, one in metadata.items():
        if name.startswith(PREFIX):
            name = name[len(PREFIX) :]
            fields[NAMED.get(name, name)] = one
        else:
            given[name] = one
    if not fields:
        return given, NOTHING
    fields["run"], _, fields["step"] = str(fields.get("step", "")).rpartition("/")
    if "supersedes" in fields:
        fields["supersedes"] = tuple(json.loads(fields["supersedes"]))
    known = {name: one for name, one in fields.items() if name in KINDS}
    if all([type(one) is KINDS[name] for name, one in known.items()]):
        # As it was stored: every item of every recall is read here.
        return given, built(Fact, known)
    return given, Fact(**known)


def holding(at: float, *, past: bool = False) -> dict[str, object]:
    """The filter that what holds at a time fits; see Fact.holds."""
    ends = [{f"{PREFIX}ends": {"$ne": True}}, {f"{PREFIX}until": {"$gt": at}}]
    stored: list[dict[str, object]] = [{f"{PREFIX}begins": {"$ne": True}}]
    if past:
        stored.append({f"{PREFIX}created": {"$lte": at}})
    now = stored[0] if len(stored) == 1 else {"$and": stored}
    return {"$and": [{"$or": ends}, {"$or": [now, {f"{PREFIX}from": {"$lte": at}}]}]}
