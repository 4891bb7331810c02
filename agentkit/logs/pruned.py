"""Runs that were pruned, as a check of the log knows them; see agentkit.logs.pruning."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from agentkit.logs import chain
from agentkit.logs.rows import Statements

LINE = "status, started, ended, events, calls, tokens_in, tokens_out, cost_usd, unpriced"
"""What the line about a pruned run says that its events do not tell any more."""


def key(run: str) -> bytes:
    """Where the seal of a pruned run's line is kept."""
    return chain.hashed(b"pruned", run.encode())


def line_seal(values: Sequence[Any]) -> bytes:
    """Fixes what the line about a pruned run says; see LINE."""
    status, *numbers = values
    return chain.hashed(b"pruned", str(status).encode(), struct.pack("<2d4qdq", *numbers))


def pruned(db: Statements, seals: Mapping[bytes, bytes], n: int, run: str) -> bool | None:
    """Whether a run was pruned; None where it was, and its line was altered since."""
    seal = seals.get(key(run))
    if seal is None:
        return False
    values = db.execute(f"SELECT {LINE} FROM runs WHERE n=?", (n,)).fetchone()
    try:
        return line_seal(values) == seal or None
    except (struct.error, TypeError, ValueError):
        return None
