"""What endpoints say in their headers of what is left of a rate.

OpenAI and others: x-ratelimit-remaining-requests, x-ratelimit-reset-requests ("1s", "6m0s"), and
the same with -tokens. Anthropic: anthropic-ratelimit-requests-remaining, and -reset as RFC 3339.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime

NAMES = tuple(
    (form.format(what=what, told="remaining"), form.format(what=what, told="reset"))
    for form in ("x-ratelimit-{told}-{what}", "anthropic-ratelimit-{what}-{told}")
    for what in ("requests", "tokens")
)
SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
LONGEST_S = 120.0
"""A longer pause is not taken from a header: it may be about a day's allowance."""


def pause_s(headers: Mapping[str, str], clock: Callable[[], float] = time.time) -> float:
    """Seconds until an endpoint has anything left, by its headers; else 0."""
    longest = 0.0
    for remaining, reset in NAMES:
        left = headers.get(remaining)
        if left is None or left.strip() not in ("0", "0.0"):
            continue
        seconds = span_s(headers.get(reset) or "", clock)
        if seconds is not None and seconds <= LONGEST_S:
            longest = max(longest, seconds)
    return longest


def span_s(text: str, clock: Callable[[], float]) -> float | None:
    """A time from now: "250ms", "6m0s", a number of seconds, or a date; None if it is none."""
    text = text.strip()
    found = SPAN.findall(text)
    if found and not SPAN.sub("", text):
        return sum(float(number) * UNITS[unit] for number, unit in found)
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, datetime.fromisoformat(text).timestamp() - clock())
    except (ValueError, OverflowError):
        return None
