"""What the machine underneath can do: a page in a browser has no processes, threads or sockets."""

from __future__ import annotations

import os
import sys

WRITER = os.urandom(6).hex()
"""Names this process where process ids say nothing."""


def in_page() -> bool:
    """Whether this is Python in a browser (Pyodide), or in another WebAssembly of Emscripten."""
    return sys.platform == "emscripten"


def process_name() -> str:
    """What tells this process from others of this machine: its id, or a random word in a page.

    In a page every process has the id 42, and every id looks alive.
    """
    return f"page-{WRITER}" if in_page() else str(os.getpid())
