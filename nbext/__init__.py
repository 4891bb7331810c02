"""nbext: agents in a notebook. `%load_ext nbext`, then %%agent and %%ask."""

from __future__ import annotations

import gc
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
    # Modules are no garbage, and looking through all that a kernel has takes 20 to 30 ms each time.
    # For `uncollected` it would be too late: with it comes most of agentkit.
    enabled = gc.isenabled()
    gc.disable()
    try:
        from agentkit.garbage import age
        from nbext.loading import load

        load(shell)
        age()
    finally:
        if enabled:
            gc.enable()


def unload_ipython_extension(shell: Any) -> None:
    """Take everything away again: %unload_ext nbext."""
    from nbext.loading import unload

    unload(shell)
