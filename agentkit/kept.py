"""Where a page keeps its log: the browser writes down what was committed.

Files in a page live in memory and end with it. What keeps them there (`lite/keep.mjs`) puts an
object `agentkitKeep` into JavaScript; the log tells it of each commit, and a barrier waits until
the browser has it. Without that object, as on an ordinary machine, there is nothing to do.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Protocol

from agentkit.machine import in_page


class Keep(Protocol):
    """What JavaScript gives; see `lite/keep.mjs`."""

    state: str
    """"kept", "full" (not any more) or "refused" (never)."""
    why: str
    name: str
    path: str
    first: bool
    others: str

    def touch(self) -> None:
        """A commit was made."""

    async def settled(self) -> None:
        """Wait until the browser has all that was committed, or cannot have it."""

    async def open(self, name: str, made: bool = False) -> str:
        """Go over to another kept log, or make it: what stands in the way, or ""."""


def keep() -> Keep | None:
    """What keeps this page's log; None on an ordinary machine."""
    if not in_page():
        return None
    try:
        js: Any = importlib.import_module("js")
    except ImportError:
        return None
    found: Keep | None = getattr(js, "agentkitKeep", None)
    return found


def keeper(path: Path) -> Keep | None:
    """What keeps the file of a log; None where nothing does."""
    found = keep()
    return found if found is not None and str(path) == found.path else None


def told(found: Keep | None) -> str:
    """What a visitor has to know of how the log is kept; "" where all is well."""
    if found is None:
        return ""
    if found.state == "refused":
        return (
            f"This browser keeps no log for this page: {found.why}. Runs are recorded until the"
            " page is closed; %log save FILE before that keeps them. Private windows often refuse."
        )
    if found.state == "full":
        return (
            f"The browser could not write the log down: {found.why}. What was committed before is"
            " kept, what comes now ends with the page: %log save FILE, then make room for this"
            " site in the browser's settings; the next commit tries again."
        )
    if not found.first:
        return (
            f"Another notebook of this site, perhaps this lesson in another tab, writes the log;"
            f" this one has a log of its own, {found.name}. %log lists them."
        )
    return ""
