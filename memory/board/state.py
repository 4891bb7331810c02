"""The state of a board as the fold of its events: what every replica holds of every key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentkit.errors import LogCorrupt
from agentkit.events import StateChanged
from agentkit.messages import JSON
from memory.board.holding import HeldVersions, Plain, plain_of
from memory.board.patching import patched
from memory.board.policies import POLICIES, builds_on, newest
from memory.board.versions import GIVEN, PATCH, Consistency, Version, unsaid, version_of

WRITTEN, DELIVERED, CLEARED = "written", "delivered", "cleared"

FEW = 16
"""Below so many recent writes of a key none is looked at to forget it."""


@dataclass
class BoardState:
    """What every replica holds and has heard of; see the module."""

    consistency: Consistency
    replicas: tuple[str, ...]
    held: dict[str, HeldVersions] = field(default_factory=dict)
    """By replica and key."""
    heard: dict[str, dict[str, set[int]]] = field(default_factory=dict)
    """Numbers of the writes that a replica has, by replica and key; see `has`. Empty where there is
    one replica, which has all."""
    written: dict[str, list[int]] = field(default_factory=dict)
    """Numbers of all writes, by key."""
    parents: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """What each write was based on."""
    waiting: dict[int, tuple[Version, list[str]]] = field(default_factory=dict)
    """Writes that some replicas have not heard of, and which."""
    lost: dict[int, dict[str, JSON]] = field(default_factory=dict)
    """Updates that were overwritten unseen: by their number, by what, where
    and at which event."""
    outlived: set[int] = field(default_factory=set, repr=False, compare=False)
    """What lost updates were based on, directly or not: it was replaced, and is not lost."""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Of vector clocks: how many writes of a key each replica took, by key and replica."""
    seq: int = 0
    """Of the newest event."""
    docs: dict[str, Any] = field(default_factory=dict)
    """Of a CRDT on several replicas: a document for each."""
    taken: dict[str, dict[str, int]] = field(default_factory=dict)
    """Likewise: the vector clock of each, over all keys."""
    odd: int = 0
    """Seq of the newest event that was not plain, see `takes_plain`."""
    early: dict[str, list[Version]] = field(default_factory=dict)
    """What arrived before a write that it must come after, by replica."""
    recent: dict[str, list[Version]] = field(default_factory=dict)
    """Of a CRDT: writes that one on its way may be concurrent with, by key."""

    def __post_init__(self) -> None:
        for name in self.replicas:
            self.held.setdefault(name, HeldVersions(name, self.consistency))
            self.heard.setdefault(name, {})
            self.taken.setdefault(name, {})
            self.early.setdefault(name, [])
            if self.merges:
                self.document(name)
        self.ancestors(self.lost, found=self.outlived)

    @property
    def merges(self) -> bool:
        """Whether writes merge by documents.

        One replica never has two that do not know of each other: what its writers did not read is
        merged before it is written.
        """
        return self.consistency == "crdt" and len(self.replicas) > 1

    def document(self, replica: str) -> Any:
        """Return the document of a replica; it is made where there is none."""
        if replica not in self.docs:
            from memory.board.crdt import document

            self.docs[replica] = document(replica)
        return self.docs[replica]

    def value(self, replica: str, key: str) -> JSON:
        """Return what a replica holds of a key; of siblings the newest."""
        held = self.held[replica].get(key, ())
        if self.merges and held:
            from memory.board.crdt import value_of

            return value_of(self.docs[replica], key)
        return held[-1].value if held else None

    def behind(self, replica: str, key: str) -> int:
        """Count the writes of a key that a replica has not heard of: its lag."""
        return len(self.written.get(key, ())) - len(self.has(replica, key))

    def has(self, replica: str, key: str) -> Collection[int]:
        """Return the numbers of the writes of a key that a replica has heard of."""
        if len(self.replicas) == 1:
            return self.written.get(key, ())
        return self.heard[replica].get(key, ())

    def unheard(self, n: int, replica: str) -> bool:
        """Say whether a write is not at a replica yet."""
        _, others = self.waiting.get(n, (None, ()))
        return replica in others or any(one.n == n for one in self.early[replica])

    def travelling(self, n: int) -> bool:
        """Say whether some replica does not have a write yet."""
        return n in self.waiting or any(
            one.n == n for early in self.early.values() for one in early
        )

    def arrive(self, replica: str, version: Version) -> None:
        """Let a replica have a version, once it has what that must come after.

        Causal delivery as in Birman, Schiper and Stephenson 1991: a change of a document
        that the replica does not hold yet could not be applied, and a session may have asked
        that its writes are nowhere without what it wrote and read before.
        """
        if len(self.replicas) == 1:
            self.install(replica, version)
            return
        early = self.early[replica]
        if not early and self.ready(version, replica):
            self.receive(replica, version)
            return
        # It may be what an earlier arrival waits for, so it goes through the same door as those.
        early.append(version)
        # Each one that is applied may be what another waited for: look again until none is ready.
        while ready := next((one for one in early if self.ready(one, replica)), None):
            early.remove(ready)
            self.receive(replica, ready)

    def receive(self, replica: str, version: Version) -> None:
        """Let a replica have a version whose turn it is."""
        if self.merges:
            self.taken[replica][version.replica] = version.clock[version.replica]
        self.install(replica, version)

    def ready(self, version: Version, replica: str) -> bool:
        """Say whether a replica has all that a version must come after."""
        if self.merges and not follows(version, self.taken[replica]):
            return False
        return not version.after or not any(self.unheard(n, replica) for n in version.after)

    def install(self, replica: str, version: Version) -> None:
        """Let a replica hold a version, as the policy has it."""
        # Whatever the policy makes of it: `has` counts what arrived, not what is held.
        if len(self.replicas) > 1:
            self.heard[replica].setdefault(version.key, set()).add(version.n)
        if self.merges:
            from memory.board.crdt import take

            take(self.docs[replica], version.update)
            # The document has it now; held once more, a snapshot would carry it twice.
            version = version.model_copy(update={"update": ""})
        before = self.held[replica].get(version.key, ())
        policy = newest if len(self.replicas) == 1 and self.consistency == "crdt" else None
        kept = (policy or POLICIES[self.consistency])(before, version, self.ancestors)
        self.held[replica][version.key] = kept
        if self.consistency == "lww" and before:
            self.count_lost(replica, kept[0], [*before, version])
        if self.consistency == "crdt":
            self.count_dropped(replica, version, before)

    def count_dropped(self, replica: str, version: Version, before: Sequence[Version]) -> None:
        """Count the concurrent writes of a CRDT that an arrival dropped, or that dropped it."""
        if replica == version.replica:
            for one in before:
                if one.n in version.over:
                    self.lose(one, version, replica)
        if len(self.replicas) == 1:
            return
        from memory.board.crdt import value_of
        from memory.board.overwriting import dropped

        recent = self.recent.setdefault(version.key, [])
        heard = self.heard[replica][version.key]
        others = [one for one in recent if one.n in heard and one.n != version.n]
        if not all(builds_on(version, one) for one in others):
            now = value_of(self.docs[replica], version.key)
            for loser, winner in dropped(now, version, others, self.lost):
                self.lose(loser, winner, replica)
        if replica == version.replica:
            recent.append(version)
            # A power of two: to look what is still needed costs a look at all of them.
            if len(recent) >= FEW and len(recent) & (len(recent) - 1) == 0:
                self.recent[version.key] = self.needed(version.key)

    def needed(self, key: str) -> list[Version]:
        """List the writes of a CRDT's key that one on its way may be concurrent with."""
        arriving = [one for one, _ in self.waiting.values() if one.key == key]
        arriving += [one for early in self.early.values() for one in early if one.key == key]
        return [
            one
            for one in self.recent[key]
            if self.travelling(one.n) or not all(builds_on(other, one) for other in arriving)
        ]

    def written_in(self, event: StateChanged) -> Version:
        """Return the write that an event tells of, the next one after this state.

        Raises:
            LogCorrupt: it changes what is not there.
        """
        said, only = event.value["value"], self.replicas[0]
        if self.consistency != "crdt":
            return version_of(event, **unsaid(self.consistency, only))
        replica, key = said.get("replica", only), said["key"]
        if "update" in said:
            # On several replicas, or an event as older boards have it: with the value, too.
            from memory.board.crdt import take, value_of

            take(self.document(replica), said["update"])
            value = value_of(self.docs[replica], key)
            version = version_of(event, replica=replica, value=None)
            less = {} if self.merges else {"update": "", "sets": (), "edits": (), "clock": {}}
            return version.model_copy(update={"value": value, **less})
        self.docs.clear()
        if GIVEN in said:
            return version_of(event, replica=replica, value=said[GIVEN])
        try:
            value = patched(self.value(replica, key), said[PATCH])
        except (KeyError, ValueError) as error:
            raise LogCorrupt(
                f"The write {event.seq} of {key} cannot be applied: {error}.",
                expected="a change of what was written before it",
                todo="check the file with `agentkit log verify`",
            ) from error
        return version_of(event, replica=replica, value=value)

    def takes_plain(self, event: StateChanged) -> bool:
        """Take a write at the only replica that is one of a new key, or follows what is there.

        As most do when a large board is opened: nothing is made of them but what they say.
        """
        (replica,) = self.replicas
        plain = plain_of(event, self.consistency, replica)
        key = event.value["value"]["key"] if plain else ""
        if plain is None or (key in self.written and not self.replaces(key, plain)):
            return False
        self.docs.clear()
        self.parents[plain[0]] = tuple(plain[4] or ())
        self.written.setdefault(key, []).append(plain[0])
        self.held[replica].keep(key, plain)
        if self.consistency == "vector":
            counts = self.counts.setdefault(key, {replica: 0})
            counts[replica] += 1
        return True

    def replaces(self, key: str, plain: Plain) -> bool:
        """Whether a write takes the place of the only one that is held of its key, unlost."""
        before = self.held[self.replicas[0]].only(key)
        if before is None or self.docs:
            return False
        if self.consistency in ("cas", "crdt"):
            return plain[0] > before[0]
        n, at = before
        return n in (plain[4] or ()) and (self.consistency == "vector" or plain[1] >= at)

    def lose(self, one: Version, winner: Version, replica: str) -> None:
        """Count a write as lost, once."""
        if one.n not in self.lost:
            self.lost[one.n] = {
                "key": one.key, "replica": replica, "by": one.by, "value": one.value,
                "winner": winner.n, "winner_by": winner.by, "seq": self.seq,
            }  # fmt: skip
            self.ancestors([one.n], found=self.outlived)

    def count_lost(self, replica: str, winner: Version, others: Sequence[Version]) -> None:
        """Find the versions that went without the winner, or one lost before, having seen them."""
        # What the winner had seen is replaced, not lost; and nothing is lost twice.
        replaced = {winner.n, *winner.based_on}
        gone = [one for one in others if one.n not in replaced and one.n not in self.lost]
        if not gone:
            return
        seen = self.ancestors([winner.n], least=min(one.n for one in gone))
        for one in gone:
            if one.n not in seen and one.n not in self.outlived:
                self.lose(one, winner, replica)

    def ancestors(
        self, numbers: Iterable[int], *, least: int = 0, found: set[int] | None = None
    ) -> set[int]:
        """Find every write that these were based on, directly or not.

        Args:
            numbers: of writes.
            least: smaller numbers are not looked for; a write is based on earlier ones.
            found: what was found before, with all that it was based on; it is added to.
        """
        found = set() if found is None else found
        todo = [n for one in numbers for n in self.parents.get(one, ())]
        while todo:
            n = todo.pop()
            if n >= least and n not in found:
                found.add(n)
                todo += self.parents.get(n, ())
        return found


def follows(version: Version, taken: Mapping[str, int]) -> bool:
    """Say whether a replica with that clock has all that a write builds on, and not the write."""
    return all(
        taken.get(name, 0) == count - 1 if name == version.replica else taken.get(name, 0) >= count
        for name, count in version.clock.items()
    )


def apply(state: BoardState, event: StateChanged) -> BoardState:
    """Fold an event into the state, which it changes, and return it."""
    state.seq = event.seq
    value = event.value["value"]
    if event.name == WRITTEN:
        if len(state.replicas) == 1 and state.takes_plain(event):
            return state
        state.odd = event.seq
        version = state.written_in(event)
        state.parents[version.n] = version.based_on
        state.written.setdefault(version.key, []).append(version.n)
        if state.consistency == "vector":
            counts = state.counts.setdefault(version.key, {})
            counts[version.replica] = counts.get(version.replica, 0) + 1
        if len(state.replicas) > 1:
            others = [name for name in state.replicas if name != version.replica]
            state.waiting[version.n] = (version, others)
        state.arrive(version.replica, version)
    elif event.name == DELIVERED and value["n"] in state.waiting:
        version, others = state.waiting[value["n"]]
        if value["to"] in others:
            state.waiting[version.n] = (version, [one for one in others if one != value["to"]])
            # Everybody has it now: forgotten, or a snapshot would carry every write for ever.
            if others == [value["to"]]:
                del state.waiting[version.n]
            state.arrive(value["to"], version)
    elif event.name == CLEARED:
        return BoardState(state.consistency, state.replicas, seq=event.seq, odd=event.seq)
    return state
