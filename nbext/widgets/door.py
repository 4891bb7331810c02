"""How a widget's front end is heard while a cell waits, where the kernel lives in a page.

JupyterLite gives its kernel one message after the other, so what a front end sends over its comm
waits for the cell that runs: a click on "yes" would come after the cell that waits for it. A page
and its kernel share a browser, so there a front end speaks through a channel of that
(`BroadcastChannel`, see `tell.js`), which the kernel hears whenever its loop is free.
"""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Callable
from typing import Any

from agentkit.machine import in_page


def door(hear: Callable[[Any], None]) -> tuple[str, Callable[[], None]]:
    """Open a channel: its name, for the front end, and what closes it; "" where none is needed.

    Args:
        hear: takes what the front end says, as it would come over the comm.
    """
    if not in_page():
        return "", lambda: None
    js: Any = importlib.import_module("js")
    ffi: Any = importlib.import_module("pyodide.ffi")
    name = f"agentkit-{uuid.uuid4().hex}"
    channel = js.BroadcastChannel.new(name)
    told = ffi.create_proxy(lambda event: hear(plain(event.data)))
    channel.onmessage = told

    def close() -> None:
        channel.close()
        told.destroy()

    return name, close


def plain(data: Any) -> object:
    """What JavaScript said, as Python's own values."""
    return data.to_py() if hasattr(data, "to_py") else data
