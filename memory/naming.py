"""The names that memories may have."""

from __future__ import annotations

from agentkit.errors import SetupError, safe_repr


def checked(name: str) -> str:
    """Check that a memory can have a name, and return it: it names steps, tools, collections.

    Raises:
        SetupError: it cannot.
    """
    if not (isinstance(name, str) and name.isidentifier() and 3 <= len(name) <= 48):
        raise SetupError(
            f"A memory cannot be called {safe_repr(name)}.",
            expected="3 to 48 letters, digits and '_', not beginning with a digit",
        )
    return name
