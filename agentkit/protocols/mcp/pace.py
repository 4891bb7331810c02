"""How fast messages of a server are taken that nobody waits for.

A server that floods would keep the kernel busy for as long as the connection lives, also after the
call that met it was given up. So it is read no faster than so many a second, and waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable

BURST, RATE = 2_000, 500
"""Messages that are taken at once, and in a second from then on, beside answers to requests."""

GET_S = 0.1
"""Between two requests for a server's own stream: it may end each at once and ask for the next."""


class ConnectionPace:
    """Of one connection."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._left, self._at = clock, float(BURST), clock()

    def sent(self) -> None:
        """A request was sent, whose answer is waited for."""
        self._left = min(BURST, self._left + 1)

    def taken(self) -> float:
        """Take a message; returns the seconds to wait before the next."""
        now = self._clock()
        self._left = min(BURST, self._left + (now - self._at) * RATE) - 1
        self._at = now
        return max(0.0, -self._left / RATE)
