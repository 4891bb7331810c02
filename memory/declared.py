"""What a shared state was declared as: its stream begins with that.

Who opens it otherwise is told so. A board that is opened with other replicas, or as one of another
kind, would fold the same events to something else, in each process its own. Streams that were begun
before this was recorded are known by their first events, as far as these tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentkit.errors import safe_repr
from agentkit.messages import JSON
from memory.errors import BegunOtherwise

OF_BOARD, OF_STATE = ("written", "delivered", "cleared"), ("recorded", "reset")
"""Names of the events of each, but for snapshots."""

OF_CRDT = ("given", "patch", "update")
"""Fields of which a write on a CRDT board has one, and no other."""

FIRST = 20
"""Events at which a stream is looked at that does not say what it is."""


@dataclass(frozen=True)
class Declared:
    """What somebody means a stream to be."""

    what: str
    """board or state"""
    consistency: str = ""
    replicas: tuple[str, ...] = ()

    def recorded(self) -> JSON:
        """As the beginning of a stream has it."""
        if self.what != "board":
            return {"what": self.what}
        about: JSON = {"consistency": self.consistency, "replicas": list(self.replicas)}
        return {"what": self.what, **about}

    def check(self, name: str, events: Sequence[Any]) -> None:
        """See to it that a stream is what is declared here.

        Args:
            name: of the state.
            events: the first of its events, oldest first.

        Raises:
            BegunOtherwise: it is something else.
        """
        begun = events[0].declared if events else None
        if begun is None:
            begun = self.deduced(events)
        if begun != self.recorded():
            raise declared_otherwise(name, begun, self.recorded())

    def deduced(self, events: Sequence[Any]) -> JSON:
        """What an older stream was begun as; where that cannot be told, what is declared here."""
        found: dict[str, Any] = self.recorded()
        kinds = [one for one in (getattr(event, "name", "") for event in events[1:])
                 if one in OF_BOARD + OF_STATE]  # fmt: skip
        if not kinds or (kinds[0] in OF_BOARD) != (self.what == "board"):
            return {"what": "board" if kinds[0] in OF_BOARD else "state"} if kinds else found
        if self.what != "board":
            return found
        for event in events[1:]:
            value = event.value if event.name == "written" else None
            said = value.get("value") if isinstance(value, dict) else None
            if isinstance(said, dict):
                self.told_by(said, found)
                break
        if found == self.recorded() and self.consistency == "cas" and overwrites(events):
            found["consistency"] = "lww"
        return found

    def told_by(self, said: dict[str, Any], found: dict[str, Any]) -> None:
        """Put into what was found what the first write of an older board tells."""
        # The oldest say all of their fields, those that are empty too.
        crdt = any(said.get(name, "") != "" for name in OF_CRDT)
        clock = bool(said.get("clock"))
        if crdt != (self.consistency == "crdt"):
            found["consistency"] = "crdt" if crdt else "vector" if clock else "cas or lww"
        elif not crdt and clock != (self.consistency == "vector"):
            found["consistency"] = "vector" if clock else "cas or lww"
        # Older boards of CRDTs told it even where there was one.
        one = said.get("replica")
        if one is not None and one not in self.replicas:
            found["replicas"] = [one, "…"]
        elif one is None and len(self.replicas) > 1:
            found["replicas"] = ["main"]


def overwrites(events: Sequence[Any]) -> bool:
    """Whether a write was taken that does not build on the newest of its key, as cas refuses it.

    So it tells `lww` from `cas`, where it is found; of writes in turn nobody can tell.
    """
    newest: dict[Any, int] = {}
    for event in events[1:]:
        name, value = getattr(event, "name", ""), getattr(event, "value", None)
        if name == "cleared":
            newest.clear()
        if name != "written" or not isinstance(value, dict):
            continue
        said = value.get("value")
        if isinstance(said, dict) and "key" in said:
            before = newest.get(said["key"])
            if before is not None and before not in (said.get("based_on") or ()):
                return True
            newest[said["key"]] = event.seq
    return False


def declared_otherwise(name: str, begun: JSON, wanted: JSON) -> BegunOtherwise:
    """Make the error for a state that is something else than was declared."""
    return BegunOtherwise(
        f"{name} was begun as {spoken(begun)}.",
        expected=f"the same, not {spoken(wanted)}",
        todo="declare it as it was begun, give it another name, or use another log",
    )


def spoken(declared: JSON) -> str:
    """What was declared, in words."""
    if declared.get("what") != "board":
        return "a state with a fold of its own"
    if "consistency" not in declared:
        return "a board"
    return f"a board, {safe_repr(declared['consistency'])} on {', '.join(declared['replicas'])}"
