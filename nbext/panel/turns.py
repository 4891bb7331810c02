"""How soon a kernel's threads get their turn while a front end follows it.

Python lets a thread that computes go on for 5 ms whenever another one wants to work. What is told
of a run changes threads some ten times on its way out (the log, the loop of the news, the thread
that sends), so a cell that computes would hold it up by that many turns.
"""

from __future__ import annotations

import sys

USUAL_S, QUICK_S = 0.005, 0.001
"""Python's own interval, and ours: a cell that computes then loses up to one part in a hundred, and
only while other threads have work."""


class ShortTurns:
    """Keeps the turns of threads short while somebody wants them so.

    An interval that somebody else has set is left alone.
    """

    def __init__(self) -> None:
        self.wanted = 0

    def shorten(self) -> None:
        """Somebody wants short turns."""
        self.wanted += 1
        if self.wanted == 1 and near(USUAL_S):
            sys.setswitchinterval(QUICK_S)

    def lengthen(self) -> None:
        """Somebody wants them no more; after the last one all is as before."""
        self.wanted -= 1
        if self.wanted == 0 and near(QUICK_S):
            sys.setswitchinterval(USUAL_S)


def near(seconds: float) -> bool:
    """Whether the interval is so long."""
    return abs(sys.getswitchinterval() - seconds) < 1e-6
