"""Who may say, before a request is sent, that it must not be: tests do, nothing else."""

from __future__ import annotations

from collections.abc import Callable


class SendGuard:
    """The one place that says it."""

    check: Callable[[str, str, bool], None] | None = None
    """Given the model, the address and whether it is simulated; raises to refuse."""
