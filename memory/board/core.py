"""What a board is below its sessions: what was declared of it, its network, its events.

Sessions, the delivery of writes and the making of an event need this much of a board and no
more; so they take it, and the board, which makes them, adds what agents and people call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import get_args

from agentkit import Log
from agentkit.errors import SetupError
from agentkit.events import StateChanged
from agentkit.messages import JSON
from memory.board.network import Network
from memory.board.saving import join, load, save, save_part
from memory.board.state import WRITTEN, BoardState, apply
from memory.board.versions import SAID, Consistency, Version, unsaid, version_of
from memory.declared import Declared
from memory.doors import doors
from memory.errors import ReadOnly, StoreUnreachable
from memory.journal import Journal, shared
from memory.naming import checked

Merge = Callable[[list[JSON]], JSON]
"""From the values of concurrent writes, oldest first, the one value they come to."""


@doors
class BoardCore:
    """A declared board: its replicas, the network between them, and the fold of its events."""

    writes = True
    """Whether this object may write it, see `read_only`; others may all the same."""

    def __init__(
        self,
        name: str,
        consistency: Consistency,
        replicas: Sequence[str],
        merge: Merge | None,
        seed: int,
        log: Log | None,
    ) -> None:
        """Check the declaration and open the stream of events; see Board for the arguments.

        Raises:
            SetupError, BegunOtherwise: as Board says. LogError: the log cannot be read.
        """
        if consistency not in get_args(Consistency):
            raise SetupError(
                f"No consistency is called {consistency!r}.",
                expected=", ".join(map(repr, get_args(Consistency))),
            )
        names = (replicas,) if isinstance(replicas, str) else tuple(replicas)
        if not names or len(set(names)) != len(names) or not all(map(str.isidentifier, names)):
            raise SetupError(
                f"The replicas of {name} are {names}.", expected="one name or several, each once"
            )
        if merge is not None and consistency != "vector":
            raise SetupError(f"{name} has a merge, but {consistency!r} keeps no siblings.")
        self.name, self.consistency, self.names = checked(name), consistency, names
        self.declared = Declared("board", consistency, names)
        self.merge = merge
        self.network = Network(names, seed)
        self._log = log
        self.journal  # noqa: B018  an unreadable log is told here, not at the first write

    def to_write(self) -> None:
        """See to it that this object may write.

        Raises:
            ReadOnly: it may not.
        """
        if not self.writes:
            raise ReadOnly(f"{self.name} is only read.", todo="write the one it was made from")

    @property
    def about(self) -> str:
        """What becomes of concurrent writes, in words."""
        return SAID[self.consistency]

    @property
    def journal(self) -> Journal[BoardState]:
        """Its events; shared by all boards of this name in this process."""

        def make(log: Log) -> Journal[BoardState]:
            return Journal(
                self.name,
                lambda: BoardState(self.consistency, self.names),
                apply,
                save=save,
                load=lambda saved: load(self.consistency, self.names, saved),
                part=save_part,
                join=join,
                show=self._shown,
                log=log,
                declared=self.declared,
            )

        return shared(self.name, make, self._log, self.declared)

    @property
    def state(self) -> BoardState:
        """What every replica holds now."""
        return self.journal.state

    @property
    def lost(self) -> list[dict[str, JSON]]:
        """The updates that were overwritten without having been seen, oldest first."""
        self.journal.look()
        return [{"n": n, **told} for n, told in sorted(self.state.lost.items())]

    def keys(self) -> list[str]:
        """List every key that was written."""
        self.journal.look()
        return sorted(self.state.written)

    def history(self, key: str | None = None) -> list[Version]:
        """List every write, oldest first: who, when, and on what it was based.

        Cost: one read of the whole stream.
        """
        found, state = list[Version](), BoardState(self.consistency, self.names)
        for event in self.journal.events():
            if self.consistency == "crdt":
                state = apply(state, event)
            if event.name == WRITTEN:
                found.append(self._whole(event, state))
        return [one for one in found if key is None or one.key == key]

    def version(self, event: StateChanged) -> Version:
        """Return the write that an event in the log tells of.

        Cost: of a CRDT that was written since, a read of the events since the last snapshot.
        """
        state = self.state
        if self.consistency == "crdt" and event.seq not in numbers(state, event, self.names[0]):
            state = self.journal.at(event.seq)
        return self._whole(event, state)

    def _whole(self, event: StateChanged, state: BoardState) -> Version:
        """The write of an event, from the state after it: a CRDT's event has the change alone."""
        if self.consistency != "crdt":
            return version_of(event, **unsaid(self.consistency, self.names[0]))
        return numbers(state, event, self.names[0])[event.seq]

    def primary(self, replica: str) -> str:
        """Return where a write at a replica goes.

        Raises:
            StoreUnreachable: to the primary, which a partition cuts off.
        """
        if self.consistency != "cas":
            return replica
        if not self.network.reaches(replica, self.names[0]):
            raise StoreUnreachable(
                f"{replica} cannot reach {self.names[0]}, the primary of {self.name}.",
                expected="a primary in reach: compare-and-swap gives up availability for it",
                todo="heal the partition, or declare another consistency",
            )
        return self.names[0]

    def _held(self, state: BoardState) -> dict[str, dict[str, JSON]]:
        return {
            name: {key: state.value(name, key) for key in sorted(state.held[name])}
            for name in self.names
        }

    def _shown(self, state: BoardState) -> dict[str, dict[str, JSON]]:
        """Show all siblings where there are some; leave out replicas that nobody wrote to."""
        place = "{0}" if len(self.names) == 1 else "{0} on {1}"
        return {
            place.format(self.name, name): {
                key: state.value(name, key)
                if len(state.held[name][key]) == 1 or self.consistency == "crdt"
                else [one.value for one in state.held[name][key]]
                for key in sorted(state.held[name])
            }
            for name in self.names
            if state.held[name]
        }


def numbers(state: BoardState, event: StateChanged, only: str) -> dict[int, Version]:
    """The writes that the replica of an event's write holds of its key, by number."""
    said = event.value["value"]
    held = state.held[said.get("replica", only)].get(said["key"], ())
    return {one.n: one for one in held}
