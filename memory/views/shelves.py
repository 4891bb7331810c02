"""What the replicas of a board hold, brought into the form that the board view shows."""

from __future__ import annotations

from memory.board import versions
from memory.board.core import BoardCore
from memory.board.network import Network
from memory.board.state import BoardState
from memory.views.replicas import Replicas, ShownReplica, ShownVersion


async def fill_replicas(view: Replicas, board: BoardCore) -> None:
    """Fill the view of a board with what its replicas hold now. Not a step of a run.

    Args:
        view: which shows it.
        board: or a session on it.
    """
    view.stale = False
    board.journal.look()
    view.fill(shelves(board.state, board.network), len(board.lost))


def shelves(state: BoardState, network: Network | None = None) -> list[ShownReplica]:
    """The replicas with their keys; of a network also what is wrong with it."""
    found = []
    # Of a CRDT the versions held name what one value is made of.
    merged = state.consistency == "crdt"
    for name in state.replicas:
        keys = {
            key: [shown(state, name, one) for one in (kept[-1:] if merged else kept)]
            for key, kept in state.held[name].items()
        }
        behind = sum(state.behind(name, key) for key in state.written)
        wrong = trouble(network, name) if network is not None else ""
        found.append(ShownReplica(name, keys, behind, wrong))
    return found


def shown(state: BoardState, replica: str, one: versions.Version) -> ShownVersion:
    """A version as people read it: by its number, or by its vector clock."""
    clock = " ".join(f"{name}:{count}" for name, count in sorted(one.clock.items()))
    name = clock if state.consistency == "vector" and clock else f"v{one.n}"
    merged = state.consistency == "crdt"
    value = state.value(replica, one.key) if merged else one.value
    based_on = ", ".join(f"v{n}" for n in one.based_on)
    return ShownVersion(value, name, one.by, one.at, based_on)


def trouble(network: Network, name: str) -> str:
    """What is wrong with the network around a replica."""
    facts = []
    cut_off = [other for other in network.replicas if not network.reaches(name, other)]
    if cut_off:
        facts.append(f"cut off from {', '.join(cut_off)}")
    link = network.links[name]
    if link.delay_s:
        facts.append(f"{link.delay_s:g} s late{', out of order' if link.reorder else ''}")
    if link.drop:
        facts.append(f"loses {link.drop:.0%}")
    if link.skew_s:
        facts.append(f"clock {link.skew_s:+g} s")
    return ", ".join(facts)
