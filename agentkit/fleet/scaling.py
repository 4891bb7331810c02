"""How many workers there shall be, by the runs that are open."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from agentkit.errors import LogError
from agentkit.log import LOGGER
from agentkit.offers import Counts

LOOK_S = 1.0
"""How often it is looked how many runs are open."""

CALM_S = 30.0
"""How long fewer must have sufficed before there are fewer."""


class Scaling:
    """A number of workers that follows the queue: up at once, down after a calm time."""

    def __init__(self, slots: int, most: int, *, calm_s: float = CALM_S) -> None:
        """Make one.

        Args:
            slots: runs that a worker has at once.
            most: how many workers there may be.
            calm_s: how long fewer must have sufficed before there are fewer, in seconds.
        """
        self.slots, self.most, self.calm_s = slots, most, calm_s
        self._there, self._peaks = 0, list[tuple[float, int]]()

    def wanted(self, counts: Counts, now: float) -> int:
        """How many it takes to have all runs under way that are not; at most `most`.

        Args:
            counts: the queue now.
            now: the time, in seconds.
        """
        need = min(self.most, math.ceil((counts.open + counts.running) / self.slots))
        self._peaks = [one for one in self._peaks if one[0] > now - self.calm_s and one[1] > need]
        self._peaks.append((now, need))
        self._there = max(peak for _, peak in self._peaks)
        return self._there


class Demand(threading.Thread):
    """Looks at the queue in a thread: a log that does not answer holds up no supervisor."""

    def __init__(self, counts: Callable[[], Counts], scaling: Scaling) -> None:
        super().__init__(name="agentkit-demand", daemon=True)
        self.counts, self.scaling = counts, scaling
        self.wanted, self.ended = 0, threading.Event()

    def run(self) -> None:
        while not self.ended.wait(LOOK_S):
            try:
                self.wanted = self.scaling.wanted(self.counts(), time.monotonic())
            except LogError as error:
                LOGGER.warning("The number of workers stays as it is: %s", error.what)
