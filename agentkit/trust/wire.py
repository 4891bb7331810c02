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
from agentkit.events import Effect, StepKind
from agentkit.guarding import ARRIVING, Everywhere, kept_in
from agentkit.log import Log
from agentkit.messages import JSON
from agentkit.scope import here
from agentkit.step import StepRequest
from agentkit.trust.flow import flow_of
from agentkit.trust.guard import PolicyRefused
from agentkit.trust.labels import CLEAN, Label
from agentkit.trust.metadata import KEY, from_wire, to_wire
from agentkit.trust.notes import labelled

__all__ = [
    "KEY",
    "arrived",
    "arriving",
    "from_wire",
    "joined",
    "known_here",
    "leaving",
    "may_follow",
    "noted",
    "to_wire",
    "told_in",
    "told_of",
]


def known_here() -> Label:
    """The label of what whoever works here has read; clean outside of a run with a policy."""
    around = here.get()
    if around is None or around[0].guard is None:
        return CLEAN
    found: Label = around[0].guard.leaving()
    return found


def leaving() -> dict[str, JSON]:
    """What goes along with what is sent from here: the label of what whoever sends it has read.

    Nothing outside of a run, and in one without a policy.
    """
    return to_wire(known_here())


async def may_follow(kind: StepKind, name: str, effect: Effect, known: Label) -> Label:
    """See to it that the answers to a peer's questions may be told to it, in a step under way.

    What the person here says may. An answer that came from elsewhere, as of a client that is
    served, is decided on like the step itself.

    Args:
        kind, name, effect: of the step.
        known: the label of what it has told so far.

    Returns:
        The label of all that it tells.

    Raises:
        PolicyRefused: the policy does not allow it.
    """
    around = here.get()
    if around is None or around[0].guard is None:
        return known
    run, scope = around
    mark = run.guard.answered()
    if mark.label <= known:
        return known
    place = performing.get()
    key = place.step if place is not None and place.run == run.id else ""
    step = StepRequest(kind, name, None, effect, (), "", scope, key, 0)
    if (why := await run.guard.against(step, mark)) is not None:
        raise PolicyRefused(f"A question of {name} was not answered: {why}", run_id=run.id)
    label: Label = known | mark.label
    return label


def arrived(source: str, *metas: Any) -> None:
    """Put the label of the result of the step that is performed into the log, before it is read.

    Args:
        source: who sent it, "mcp:files" or "remote:partner".
        metas: what came along with it, and with each of its parts.
    """
    around, place = here.get(), performing.get()
    if around is None:
        return
    run = around[0]
    step = place.step if place is not None and place.run == run.id else ""
    noted(run, source, joined(metas), step, around[1].key)


def noted(run: Any, source: str, said: Label | None, step: str, scope: str) -> None:
    """Put the label of what a peer sent to a run into its log, before anything follows from it.

    Args:
        run: whose step waits for it.
        source: who sent it, "client:ann".
        said: what that says of it, if anything.
        step: the key of the step whose result it is.
        scope: of the step.
    """
    if run.guard is not None:
        run.guard.arrived(source, said, step, scope)
    elif said is not None:
        label = said | Label(integrity="untrusted")
        run.note(labelled(label, source, step), scope=scope)


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
