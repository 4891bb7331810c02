"""What endpoints say in their headers of what is left of a rate.

OpenAI and others: x-ratelimit-remaining-requests, x-ratelimit-reset-requests ("1s", "6m0s"), and
the same with -tokens. Anthropic: anthropic-ratelimit-requests-remaining, and -reset as RFC 3339.
A time of day is one of the server's clock, which this machine's may differ from by hours: it counts
from the server's own `Date`, where there is one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

NAMES = tuple(
    (form.format(what=what, told="remaining"), form.format(what=what, told="reset"))
    for form in ("x-ratelimit-{told}-{what}", "anthropic-ratelimit-{what}-{told}")
    for what in ("requests", "tokens")
)
SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
LONGEST_S = 120.0
"""A longer pause is not taken from a header, and not waited for: it may be a day's allowance."""


def pause_s(headers: Mapping[str, str], clock: Callable[[], float] = time.time) -> float:
    """Seconds until an endpoint has anything left, by its headers; else 0."""
    longest = 0.0
    for remaining, reset in NAMES:
        left = headers.get(remaining)
        if left is None or not nothing(left):
            continue
        seconds = span_s(headers.get(reset) or "", lambda: server_time(headers, clock))
        if seconds is not None and seconds <= LONGEST_S:
            longest = max(longest, seconds)
    return longest


def nothing(left: str) -> bool:
    """Whether a number says that nothing is left; some servers count below 0."""
    try:
        return float(left) <= 0
    except ValueError:
        return False


def server_time(headers: Mapping[str, str], clock: Callable[[], float] = time.time) -> float:
    """The Unix time at the server when it answered, as it says itself; else this machine's."""
    told = moment(headers.get("date", ""))
    return clock() if told is None else told


def moment(text: str) -> float | None:
    """The Unix time of a date of HTTP (RFC 9110, section 5.6.7); None if it is none."""
    try:
        when = parsedate_to_datetime(text)
        # Without a zone it is UTC, not this machine's time.
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None  # whatever a stranger's words make the parser stumble over


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
        when = datetime.fromisoformat(text)
        return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - clock())
    except (ValueError, OverflowError):
        return None
