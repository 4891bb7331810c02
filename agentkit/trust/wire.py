"""Labels on their way to other processes and back: the seam of the protocols.

They go in `_meta` under "ifc", as {"integrity": "trusted" or "untrusted", "confidentiality":
"public", "private" or a list of readers}, which is what MCP servers that tell labels use; no
specification has it yet. What cannot be read counts as the worst. What a peer says can only make
its words worse, unless the policy `believes` it.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from agentkit.causes import performing
from agentkit.guarding import ARRIVING, Everywhere, kept_in
from agentkit.log import Log
from agentkit.messages import JSON
from agentkit.scope import here
from agentkit.trust.flow import flow_of
from agentkit.trust.labels import Label
from agentkit.trust.metadata import KEY, from_wire, to_wire
from agentkit.trust.notes import labelled

__all__ = [
    "KEY",
    "arrived",
    "arriving",
    "from_wire",
    "joined",
    "leaving",
    "to_wire",
    "told_in",
    "told_of",
]


def leaving() -> dict[str, JSON]:
    """What goes along with what is sent from here: the label of what whoever sends it has read.

    Nothing outside of a run, and in one without a policy.
    """
    around = here.get()
    if around is None or around[0].guard is None:
        return {}
    return to_wire(around[0].guard.leaving())


def arrived(source: str, *metas: Any) -> None:
    """Put the label of the result of the step that is performed into the log, before it is read.

    Args:
        source: who sent it, "mcp:files" or "remote:partner".
        metas: what came along with it, and with each of its parts.
    """
    around, place = here.get(), performing.get()
    if around is None:
        return
    run, said = around[0], joined(metas)
    step = place.step if place is not None and place.run == run.id else ""
    if run.guard is not None:
        run.guard.arrived(source, said, step)
    elif said is not None:
        label = said | Label(integrity="untrusted")
        run.note(labelled(label, source, step))


def joined(metas: Iterable[Any]) -> Label | None:
    """The label of what has several parts, as their sender says; None where it says nothing."""
    said = [label for one in metas if (label := from_wire(one)) is not None]
    return functools.reduce(Label.__or__, said) if said else None


def told_of(log: Log, run: str) -> dict[str, JSON]:
    """What goes along with the answer of a run that was served; nothing without a policy."""
    return told_in(log.read(run), run) if Everywhere.policy is not None else {}


def told_in(events: Sequence[Any], run: str) -> dict[str, JSON]:
    """The same from the events of the run, where they name a policy."""
    if not kept_in(events):
        return {}
    return to_wire(flow_of(events).label(run))


@contextlib.contextmanager
def arriving(source: str, meta: Any = None) -> Iterator[None]:
    """Let the run that is opened inside know that its task comes from a peer.

    Args:
        source: who sent it, "client:NAME".
        meta: what came along with it.
    """
    token = ARRIVING.set((from_wire(meta), source))
    try:
        yield
    finally:
        ARRIVING.reset(token)
