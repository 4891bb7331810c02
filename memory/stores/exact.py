"""Floating numbers as they were, of a store that reads some a last bit off, as Chroma does.

It keeps them exactly and compares them so; only what it returns differs, for one in five of the
numbers with sixteen digits or more. Shorter ones are told from their fifteen digits, which a last
bit does not change; the others are kept a second time, as text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

EXACT = "agentkit_f"
"""Our metadata of an item: its longer numbers, as JSON."""


def digits(number: float) -> float:
    """A number by fifteen of its digits."""
    return float(f"{number:.15g}")


def exactly(metadata: Mapping[str, Any]) -> dict[str, str]:
    """What is kept beside metadata so that all its numbers can be told."""
    long = {n: one for n, one in metadata.items() if type(one) is float and digits(one) != one}
    return {EXACT: json.dumps(long)} if long else {}


def restored(read: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata as it was given, of what a store returned."""
    own = dict(read)
    long = own.pop(EXACT, None)
    for name, one in own.items():
        # What was stored before this was kept is left as it is.
        if type(one) is float and abs((short := digits(one)) - one) <= 1.5 * math.ulp(one):
            own[name] = short
    return own if long is None else {**own, **json.loads(long)}
