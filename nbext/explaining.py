"""What a cell's error does not say itself: a file that hides a package, or what a page lacks."""

from __future__ import annotations

from agentkit.extras import EXTRAS, missing_extra
from agentkit.machine import in_page
from nbext.hidden import explain_import_error

NO_PROCESS = ("can't start new thread", "does not support processes")
"""What Python says in a page where it is asked for a thread or a process."""


def advice_on(error: BaseException | None) -> str | None:
    """What to add to an error in a cell; None where it says all itself."""
    return explain_page(error) if in_page() else explain_import_error(error)


def explain_page(error: BaseException | None) -> str | None:
    """What to add to an error that comes of what a page in a browser has not."""
    if isinstance(error, ModuleNotFoundError):
        known = (error.name or "").partition(".")[0] in EXTRAS
        return str(missing_extra(error)) if known else None
    words = str(error)
    if isinstance(error, RuntimeError | OSError) and any(one in words for one in NO_PROCESS):
        return (
            "A page in a browser starts no threads and no processes.\n"
            "  to do:    go on with cells that need none; an installation has them"
        )
    return None
