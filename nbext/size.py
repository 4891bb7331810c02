"""How much a lesson does: all of it, or a share where a machine or a page is too slow."""

from __future__ import annotations

import math
import os

from agentkit.errors import SetupError

SETTING = "AGENTKIT_SIZE"


def share() -> float:
    """The share of $AGENTKIT_SIZE, above 0 and at most 1; 1 without it.

    Raises:
        SetupError: it is no such number.
    """
    given = os.environ.get(SETTING, "").strip() or "1"
    try:
        found = float(given)
    except ValueError:
        found = math.nan
    if not 0 < found <= 1:
        raise SetupError(
            f"{SETTING} is {given!r}.",
            expected="a number above 0 and at most 1: 0.25 does a quarter of it",
            todo=f"%env {SETTING}=1 does all of it",
        )
    return found


def scaled(times: int) -> int:
    """So many times, or the share of $AGENTKIT_SIZE of them, rounded up; said where it is fewer.

    Raises:
        SetupError: $AGENTKIT_SIZE is no such share.
    """
    fewer = max(1, math.ceil(times * share()))
    if fewer < times:
        print(f"{fewer} times, not {times}: {SETTING} is {share():g}. Figures are less certain.")
    return fewer
