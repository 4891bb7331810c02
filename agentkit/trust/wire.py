"""Labels on their way to other processes and back: the seam of the protocols.

They go in `_meta` under "ifc", as {"integrity": "trusted" or "untrusted", "confidentiality":
"public", "private" or a list of readers}, which is what MCP servers that tell labels use; no
specification has it yet. What cannot be read counts as the worst. What a peer says can only make
its words worse, unless the policy `believes` it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from agentkit.guarding import ARRIVING
from agentkit.messages import JSON
from agentkit.scope import here
from agentkit.trust.labels import Label
from agentkit.trust.notes import Labelled

KEY = "ifc"
"""In `_meta` of a request, a result, a message or a task."""

WORST = Label(integrity="untrusted", confidentiality="secret")

LEVELS: dict[str, Any] = {
    "public": "public", "low": "public", "private": "private", "secret": "secret",
    "user_identity": "secret", "high": "secret",
}  # fmt: skip


def to_wire(label: Label) -> dict[str, JSON]:
    """A label as an entry of `_meta`; nothing of one that is clean."""
    return {} if label.clean else {KEY: label.form()}


def from_wire(meta: Any) -> Label | None:
    """The label that a peer gave along; None where it gave none.

    Args:
        meta: `_meta`, or metadata of a message, as it came.
    """
    if not isinstance(meta, Mapping) or KEY not in meta:
        return None
    told = meta[KEY]
    if not isinstance(told, Mapping):
        return WORST
    integrity, level = told.get("integrity"), told.get("confidentiality", "public")
    if isinstance(level, list):
        level = "private"
    known = LEVELS.get(level) if isinstance(level, str) else None
    if integrity not in ("trusted", "untrusted") or known is None:
        return WORST
    return Label(integrity=integrity, confidentiality=known)


def leaving() -> dict[str, JSON]:
    """What goes along with what is sent from here: the label of what whoever sends it has read.

    Nothing outside of a run, and in one without a policy.
    """
    around = here.get()
    if around is None or around[0].guard is None:
        return {}
    return to_wire(around[0].guard.leaving())


def arrived(source: str, meta: Any = None, *, step: str = "") -> None:
    """Put the label of what came from a peer into the log, before it is read.

    Args:
        source: who sent it, "mcp:files" or "a2a:partner".
        meta: what came along with it.
        step: the key of the step whose result it is; "" for what the activation reads.
    """
    around = here.get()
    if around is None:
        return
    run, said = around[0], from_wire(meta)
    if run.guard is not None:
        run.guard.arrived(source, said, step)
    elif said is not None:
        label = said | Label(integrity="untrusted")
        run.note(
            Labelled(
                integrity=label.integrity,
                confidentiality=label.confidentiality,
                source=source,
                **({"step": step} if step else {}),
            )  # fmt: skip
        )


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
