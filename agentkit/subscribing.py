"""Who wants to know what a log stores, and is told on the loop that it runs on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agentkit.events import What
from agentkit.lease import Lease

LOGGER = logging.getLogger("agentkit")

Subscriber = Callable[[list[Any]], None]
"""Given events once they are durable, and Deltas as they stream; on the loop that subscribed.

One that raises is reported to the logger "agentkit", and everything goes on.
"""


@dataclass(eq=False)
class LogSubscription:
    """Somebody who wants to know."""

    run: str | None
    what: What | None
    callback: Subscriber
    loop: asyncio.AbstractEventLoop | None

    def wants(self, lease: Lease) -> bool:
        """Whether it is told what is written by that lease."""
        return self.run in (None, lease.run) and self.what in (None, lease.what)

    def tell(self, items: list[Any]) -> None:
        """Call back, on the loop that subscribed while that runs."""
        if self.loop and self.loop is not running_loop() and self.loop.is_running():
            self.loop.call_soon_threadsafe(self._call, items)
        else:
            self._call(items)

    def _call(self, items: list[Any]) -> None:
        try:
            self.callback(items)
        except Exception:
            LOGGER.exception("A subscriber of the log failed; the run goes on.")


def running_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop of this thread, if one runs."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
