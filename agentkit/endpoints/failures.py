"""The one place where what HTTP, a server or a socket did becomes an EndpointError."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

import httpx
from pydantic import SecretStr

from agentkit.endpoints.shapes import Malformed, decode
from agentkit.errors import (
    BadReply,
    EndpointError,
    Overloaded,
    RateLimited,
    Rejected,
    TimedOut,
    Unreachable,
)
from agentkit.messages import JSON, canonical
from agentkit.regex import regex

LONGEST = 500
"""Characters of a server's words that are passed on in a text."""
LONGEST_KEPT = 8000
"""Characters that are kept as the error's `words`."""
SPENT = (
    *("insufficient_quota", "billing_hard_limit", "insufficient_credits"),
    *("exceeded_current_quota", "insufficient_balance"),
)


@dataclass(frozen=True, slots=True)
class Site:
    """Which endpoint it was, for the texts."""

    model: str
    """As in connect(name)."""
    url: str
    """Without user, password and query."""
    key_variable: str = "AGENTKIT_API_KEY"
    secret: SecretStr | None = None
    start: str = "check that the server runs and that base_url is right"
    """What to do when nobody answers."""
    get: str = "check the model's name and base_url"
    """What to do when the model is not there."""
    proxy: str = ""
    """Through which it is reached, without user and password."""
    hidden: tuple[SecretStr, ...] = ()
    """What else its words must not show."""

    def __str__(self) -> str:
        through = f" (through the proxy {self.proxy})" if self.proxy else ""
        return f"{self.model} at {self.url}{through}"

    def words(self, text: str, longest: int = LONGEST) -> str:
        """A stranger's words, bounded, on one line, without the key if it is in them."""
        for secret in filter(None, (self.secret, *self.hidden)):
            # A header may be "Bearer KEY", and a server may tell the key alone.
            for part in {secret.get_secret_value(), secret.get_secret_value().split(" ")[-1]}:
                text = text.replace(part, "***") if len(part) > 3 else text
        text = re.sub(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]+", " ", text).strip()
        return text if len(text) <= longest else text[: longest - 1] + "…"


def message_of(value: JSON) -> str:
    """The message in an error object, whichever of the usual shapes it has."""
    if isinstance(value, dict):
        if isinstance(value.get("loc"), list) and value.get("msg"):
            # pydantic's, by which many servers say which field they know not.
            place = ".".join(str(part) for part in value["loc"] if part != "body")
            return f"{place}: {value['msg']}".removeprefix(": ")
        for name in ("message", "error", "detail", "msg", "type", "code"):
            if value.get(name):
                told, about = message_of(value[name]), value.get("param")
                named = isinstance(about, str) and about and about not in told
                return f"{told} ({about})" if named else told
        return str(value) if value else ""
    if isinstance(value, list):
        return "; ".join(message_of(item) for item in value[:3])
    return "" if value is None else str(value)


def words_of(body: bytes) -> str:
    """What an error body says: its JSON message, the title of its HTML, or its text."""
    try:
        return message_of(decode(body))
    except Malformed:
        text = body.decode("utf-8", "replace")
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    return title[1] if title else re.sub(r"<[^>]*>", " ", text)


def wait_s(headers: Mapping[str, str], body: bytes = b"") -> float | None:
    """Seconds that retry-after-ms or Retry-After (RFC 9110, section 10.2.3) asks for, or None.

    A header that makes no sense does not hide one that does. Where there is none, the time at
    which a limit is reset counts, or what the body says.
    """
    known = {name.lower(): value for name, value in headers.items()}
    for name, unit in (("retry-after-ms", 0.001), *((name, 1.0) for name in WAITS)):
        seconds = seconds_of(known.get(name, ""), unit)
        if seconds is not None:
            return seconds
    text = body.decode("utf-8", "replace")
    return next((seconds_of(found[1], 1.0) for found in ASKED.finditer(text)), None)


WAITS = ("retry-after", "ratelimit-reset", "x-ratelimit-reset-after", "x-ratelimit-reset")
ASKED = regex(
    r'(?:"retryDelay":\s*"|(?:try again|retry) (?:in|after) )'
    r"((?:\d+(?:\.\d+)?\s*(?:ms|seconds?|sec|s|min|m|h)\s*)+)(?![a-z])",
    re.IGNORECASE,
)
"""A time to wait in a body: Google's RetryInfo, or OpenAI's and Groq's words."""


def seconds_of(text: str, unit: float) -> float | None:
    """A header's time from now in seconds; None if it is none.

    Args:
        text: a number, numbers with units ("1m30s"), or a date; the first of a list.
        unit: of a bare number, in seconds.
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
                seconds = seconds / (1000 if seconds > 1000 * LONG_AGO_S else 1) - time.time()
    except ValueError:
        try:
            when = parsedate_to_datetime(text)
            # Without a zone it is UTC (RFC 9110, section 5.6.7), not this machine's time.
            when = when if when.tzinfo else when.replace(tzinfo=UTC)
            seconds = when.timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if seconds < float("inf") else None


LONG_AGO_S = 1e9
"""Unix time in 2001: a number beyond is no span."""
SPAN = regex(r"(\d+(?:\.\d+)?)\s*(ms|seconds?|sec|s|min|m|h)(?![a-z])", re.IGNORECASE)
UNITS = {"ms": 0.001, "m": 60.0, "min": 60.0, "h": 3600.0} | dict.fromkeys(
    ("s", "sec", "second", "seconds"), 1.0
)


def refused(site: Site, status: int, headers: Mapping[str, str], body: bytes) -> EndpointError:
    """From an HTTP status other than 200."""
    words = site.words(words_of(body))
    said = f"{site} answered {status}" + (f": {words}" if words else "")
    if status == 429 and any(code.encode() in body for code in SPENT) or status == 402:
        return Rejected(
            said,
            expected="an account with credit left",
            todo='add credit, or go on without: connect("sim:careful")',
            status=status,
        )
    if status == 429:
        pause = wait_s(headers, body)
        return RateLimited(
            said,
            expected="fewer calls in this time",
            todo=f"wait {pause:g} s" if pause is not None else "wait, or ask with fewer at once",
            status=status,
            retry_after_s=pause,
        )
    if status >= 500 or status in (408, 409, 425):
        pause = wait_s(headers, body)
        return Overloaded(
            said,
            expected="200",
            todo="it is the endpoint's own trouble: try later, or use another model",
            status=status,
            retry_after_s=pause,
            words=site.words(words_of(body), LONGEST_KEPT),
        )
    if 300 <= status < 400:
        return Rejected(
            f"{site} answered {status}, a redirect to "
            f"{site.words(headers.get('location', 'nowhere'))}",
            expected="the address of the API itself; redirects are not followed with a key",
            todo="pass that address as base_url if you trust it",
            status=status,
        )
    if status < 300:
        return BadReply(
            f"{site} answered {status} instead of a reply",
            expected="200 and a reply in JSON",
            todo=site.get,
            status=status,
        )
    expected, todo = ADVICE.get(status, ("a request that the endpoint accepts", site.get))
    return Rejected(
        said,
        expected=expected.format(key=site.key_variable),
        todo=todo.format(key=site.key_variable, get=site.get),
        status=status,
        words=site.words(words_of(body), LONGEST_KEPT),
    )


ADVICE = {
    400: (
        "a request that the endpoint accepts",
        "see its words above; its model may lack tools, output schemas or an option that was set",
    ),
    401: (
        "a valid API key in {key}",
        'set {key} in the environment or in .env, or use connect("sim:careful"), which needs none',
    ),
    403: (
        "an API key that may use this model, in {key}",
        "check what the key in {key} is allowed",
    ),
    404: ("a model and an address that exist", "{get}"),
    413: ("a shorter conversation", "shorten the history, or use a model with a longer context"),
    422: (
        "a request that the endpoint accepts",
        "see its words above; its model may lack tools, output schemas or an option that was set",
    ),
}


def announced(site: Site, error: JSON) -> EndpointError:
    """From an error object inside a reply that HTTP calls a success."""
    status = status_of(error)
    if status:
        known = error if isinstance(error, dict) else {}
        pause = known.get("retry_after") or known.get("retry_after_s")
        headers = {"retry-after": str(pause)} if pause else {}
        return refused(site, status, headers, canonical(error).encode("utf-8", "replace"))
    return BadReply(
        f"{site} reported an error inside its reply: {site.words(message_of(error)) or 'no words'}",
        expected="a reply",
        todo="see the endpoint's words; try again or use another model",
        status=200,
    )


def status_of(error: JSON) -> int | None:
    """The HTTP status that an error object stands for; None where nothing in it tells."""
    if isinstance(error, list) and error:
        return status_of(error[0])
    if not isinstance(error, dict):
        return None
    inner = error.get("error")
    told = [str(error.get(name)) for name in CODES]
    numbers = [int(code) for code in told if re.fullmatch(r"[45]\d\d", code)]
    names = [status for code in told if (status := named(code))]
    found = next(iter(numbers + names), None) or (status_of(inner) if inner else None)
    return found or heard(message_of(error))


CODES = ("code", "error_code", "status", "status_code", "http_code", "type", "error_type", "error")
"""Where servers put a code, the most exact first; it may be a number or a name."""


def named(code: str) -> int | None:
    """The status that the name of an error stands for, however it is spelt."""
    for name in (code, code.partition(".")[0]):
        bare = re.sub("[^a-z]+", "", name.lower())
        if status := NAMED.get(re.sub("(error|exception)$", "", bare)):
            return status
    return None


def heard(words: str) -> int | None:
    """The status that the words of an error without any code speak of."""
    if code := re.search(r"\b(?:error code|status|http)(?: code)?[: ]+([45]\d\d)\b", words, re.I):
        return int(code[1])
    return next((status for sign, status in SIGNS if re.search(sign, words, re.IGNORECASE)), None)


SIGNS = (
    ("rate.?limit|too many requests|throttl", 429),
    ("overloaded|(over|at) capacity", 529),
    ("(service|temporarily|currently) (is )?unavailable", 503),
    ("time(d |d-)?out", 504),
)
NAMED = {
    **dict.fromkeys(("badrequest", "invalidrequest", "invalidargument"), 400),
    **dict.fromkeys(("contextlengthexceeded", "exceedcontextsize"), 400),
    **dict.fromkeys(("invalidapikey", "unauthenticated", "authentication"), 401),
    **dict.fromkeys(("insufficientquota", "exceededcurrentquota", "insufficientbalance"), 402),
    **dict.fromkeys(("permissiondenied", "permission"), 403),
    **dict.fromkeys(("modelnotfound", "notfound"), 404),
    "requesttoolarge": 413,
    **dict.fromkeys(("ratelimit", "ratelimited", "ratelimitexceeded", "toomanyrequests"), 429),
    **dict.fromkeys(("tokensexceeded", "resourceexhausted", "throttling", "throttled"), 429),
    **dict.fromkeys(("internal", "internalserver", "api", "server"), 500),
    "badgateway": 502,
    **dict.fromkeys(("serviceunavailable", "unavailable"), 503),
    **dict.fromkeys(("serveroverloaded", "engineoverloaded"), 503),
    **dict.fromkeys(("deadlineexceeded", "timeout", "gatewaytimeout"), 504),
    "overloaded": 529,
}
"""Statuses of errors by name, without "error" and what parts its words (Anthropic API reference,
"Errors"; google.rpc.Code; OpenAI's and gateways' streams use others)."""


def malformed(site: Site, what: str, body: bytes = b"") -> BadReply:
    """From a 200 that is not what the dialect promises."""
    start = body[:2000].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<body")):
        what = f"it is a web page, {site.words(words_of(body[:100_000]))!r}"
    return BadReply(
        f"{site} answered 200, but {what}",
        expected="a reply in the dialect of this API",
        todo="check base_url (most end in /v1) and that no proxy or log-in page is in between",
        status=200,
    )


def cut(
    site: Site, what: str = "the stream ended before the reply was whole", again: bool = True
) -> BadReply:
    """From a reply that ended politely without being an answer."""
    error = BadReply(
        f"{site} answered 200, but {site.words(what)}",
        expected="an answer, and the reason why it ended",
        todo="ask again; what came so far was thrown away" if again else "ask otherwise",
        status=200,
    )
    # Unlike other bad replies, the next attempt may well be whole.
    error.retryable = again
    return error


def too_big(site: Site, limit: int) -> BadReply:
    """From a reply beyond any reason."""
    return BadReply(
        f"the reply from {site} is larger than {limit >> 20} MiB and was dropped",
        expected="a reply of a model",
        todo="check what answers at that address",
        status=200,
    )


def silent(site: Site, timeout_s: float) -> TimedOut:
    """From no further bytes, or bytes that lead nowhere."""
    return TimedOut(
        f"{site} did not get on with its reply within {timeout_s:g} s",
        expected="a reply, or the next piece of one, in that time",
        todo="try again, or give it longer: connect(..., timeout_s=...)",
        status=None,
    )


def broken(site: Site, error: Exception) -> EndpointError:
    """From what the transport raised."""
    cause = error.__cause__ or error
    words = site.words(reason(cause))
    if isinstance(error, httpx.DecodingError):
        return malformed(site, f"its compression is broken ({words})")
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return Unreachable(
            f"{site.url} is no address of a server ({words})",
            expected="http://host:port/v1 or https://host/v1",
            todo="correct base_url",
            status=None,
        )
    # Over aiohttp a refused connection comes as a time-out; only its cause has an os_error.
    refused = isinstance(error, httpx.ConnectError) or hasattr(cause, "os_error")
    refused = refused or isinstance(cause, TimeoutError | httpx.ConnectTimeout)
    proxied = isinstance(error, httpx.ProxyError) or "Proxy" in type(cause).__name__
    if site.proxy and (refused or proxied):
        return Unreachable(
            f"no connection to the proxy {site.proxy} on the way to {site.model} at {site.url}: "
            f"{words}",
            expected="a proxy that listens there and lets this through",
            todo="start it, or take it out of the environment (HTTPS_PROXY, HTTP_PROXY, "
            "ALL_PROXY), or name the host in NO_PROXY",
            status=None,
        )
    if refused:
        return Unreachable(
            f"no connection to {site}: {words}",
            expected="a server that listens there",
            todo=site.start,
            status=None,
        )
    return Unreachable(
        f"the connection to {site} broke before the reply was whole: {words}",
        expected="a connection that holds so long",
        todo="ask again; the server may have done the work already, and charged it",
        status=None,
        under_way=True,
    )


def reason(cause: BaseException) -> str:
    """A transport's error in the words of the operating system, where it has them."""
    number = getattr(getattr(cause, "os_error", cause), "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number)
    return f"{type(cause).__name__}: {cause}".rstrip(": ")
