"""How long a server asks to be left alone, whichever way it says so."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from agentkit.regex import lazy_regex
from agentkit.reliability.headers import moment, server_time

WAITS = ("retry-after", "ratelimit-reset", "x-ratelimit-reset-after", "x-ratelimit-reset")
ASKED = lazy_regex(
    r'(?:"retryDelay":\s*"|(?:try again|retry) (?:in|after) )'
    r"((?:\d+(?:\.\d+)?\s*(?:ms|seconds?|sec|s|min|m|h)\s*)+)(?![a-z])",
    re.IGNORECASE,
)
"""A time to wait in a body: Google's RetryInfo, or OpenAI's and Groq's words."""
LONG_AGO_S = 1e9
"""Unix time in 2001: a number beyond is no span."""
SPAN = lazy_regex(r"(\d+(?:\.\d+)?)\s*(ms|seconds?|sec|s|min|m|h)(?![a-z])", re.IGNORECASE)
UNITS = {"ms": 0.001, "m": 60.0, "min": 60.0, "h": 3600.0} | dict.fromkeys(
    ("s", "sec", "second", "seconds"), 1.0
)


def wait_s(headers: Mapping[str, str], body: bytes = b"") -> float | None:
    """Seconds that retry-after-ms or Retry-After (RFC 9110, section 10.2.3) asks for, or None.

    A header that makes no sense does not hide one that does. Where there is none, the time at
    which a limit is reset counts, or what the body says.
    """
    known = {name.lower(): value for name, value in headers.items()}
    now = server_time(known, time.time)
    for name, unit in (("retry-after-ms", 0.001), *((name, 1.0) for name in WAITS)):
        seconds = seconds_of(known.get(name, ""), unit, now)
        if seconds is not None:
            return seconds
    text = body.decode("utf-8", "replace")
    return next((seconds_of(found[1], 1.0, now) for found in ASKED.finditer(text)), None)


def seconds_of(text: str, unit: float, now: float) -> float | None:
    """A header's time from now in seconds; None if it is none.

    Args:
        text: a number, numbers with units ("1m30s"), or a date; the first of a list.
        unit: of a bare number, in seconds.
        now: Unix time, at the server.
    """
    text = text.strip()
    first = text.partition(",")[0].strip().strip('"')
    spans = SPAN.findall(first)
    try:
        if spans and not SPAN.sub("", first).strip():
            seconds = sum(float(number) * UNITS[name.lower()] for number, name in spans)
        else:
            seconds = float(first) * unit
            if LONG_AGO_S < seconds < float("inf"):
                # Some servers tell the time of day, in seconds or in milliseconds.
                seconds = seconds / (1000 if seconds > 1000 * LONG_AGO_S else 1) - now
    except ValueError:
        when = moment(text)
        if when is None:
            return None
        seconds = when - now
    return max(0.0, seconds) if seconds < float("inf") else None
