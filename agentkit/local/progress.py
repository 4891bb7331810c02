"""How far it is with what takes long before a first answer: a bar in the terminal or the cell."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from agentkit.words import for_terminal

WIDTH = 24
EVERY_S = 0.2

Report = Callable[[str, int, int], None]
"""Given what is done, how much of it, and of how much; 0 of 0 for what has no measure."""


def silent(what: str, done: int, total: int) -> None:
    """Show nothing."""


class ProgressBar:
    """A line that is written over, where that is possible, and else a line for each stage.

    Args:
        out: where to; by default the cell's output, or stderr of a terminal.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        notebook = "ipykernel" in sys.modules
        self.out = out or (sys.stdout if notebook else sys.stderr)
        self.over = notebook or self.out.isatty()
        self.what, self.at, self.open = "", 0.0, False

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show it; see Report."""
        whole, now = done >= total, time.monotonic()
        if what == self.what and not whole and now - self.at < EVERY_S:
            return
        new = what != self.what
        self.what, self.at = what, now
        if self.over:
            self.out.write("\r" + line(what, done, total))
            self.open = True
        elif new:
            self.out.write(f"{for_terminal(what, one_line=True)} ...\n")
        self.out.flush()

    def say(self, text: str) -> None:
        """Write a line of its own."""
        self.end()
        self.out.write(for_terminal(text) + "\n")
        self.out.flush()

    def end(self) -> None:
        """End the line that was written over."""
        if self.open:
            self.out.write("\r" + " " * 79 + "\r")
            self.out.flush()
            self.open = False


def line(what: str, done: int, total: int) -> str:
    """One state of a bar, 79 characters at most."""
    what = for_terminal(what, one_line=True)[:38]
    if total <= 0:
        return f"{what} ...".ljust(79)
    full = min(WIDTH, WIDTH * done // total)
    bar = "#" * full + "-" * (WIDTH - full)
    return f"{what:<38} [{bar}] {done / 2**20:.0f}/{total / 2**20:.0f} MB".ljust(79)[:79]
