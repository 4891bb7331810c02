"""A label as an entry of `_meta`, or of the metadata of a message, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentkit.messages import JSON
from agentkit.trust.labels import Label

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
