"""Notes that workers leave in runs."""

from __future__ import annotations

from agentkit.notes import Note


class DeadLettered(Note):
    """A run was given up after so many attempts."""

    topic = "given_up"
    says = "given up after {attempts} attempts: {reason}"
    grave = True
    attempts: int
    reason: str
