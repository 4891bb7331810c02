"""nbext: agents in a notebook. `%load_ext nbext`, then %%agent and %%ask."""

from __future__ import annotations

from typing import Any

from nbext.hidden import explanation, hider

__all__ = ["load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(shell: Any) -> None:
    """Load the magics: %load_ext nbext.

    Raises:
        ImportError: a file of the reader's own hides the package agentkit.
    """
    if file := hider("agentkit"):
        raise ImportError(explanation("agentkit", file))
    from agentkit.garbage import uncollected

    # Modules are no garbage, and looking through all that a kernel has takes 20 to 30 ms each time.
    with uncollected():
        from nbext.loading import load

        load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take everything away again: %unload_ext nbext."""
    from nbext.loading import unload

    unload(shell)
