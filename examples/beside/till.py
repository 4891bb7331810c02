"""What the programs of this folder pay with; a file named `die` kills them behind a payment."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def pay(order: str, eur: float) -> None:
    """Pay, and write it down."""
    with Path("paid.txt").open("a", encoding="utf-8") as book:
        book.write(f"{order} {eur:g}\n")
    if (die := Path("die")).exists():
        die.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
