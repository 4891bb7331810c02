"""The one place where what HTTP, a server or a socket did becomes an EndpointError."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from agentkit.endpoints.complaints import message_of, status_of, words_of
from agentkit.endpoints.overflow import numbers, overflows
from agentkit.endpoints.waits import wait_s
from agentkit.errors import (
    BadReply,
    ContextTooLong,
    EndpointError,
    Overloaded,
    RateLimited,
    Rejected,
    TimedOut,
    Unreachable,
)
from agentkit.messages import JSON, canonical
from agentkit.regex import lazy_regex

LONGEST = 500
"""Characters of a server's words that are passed on in a text."""
LONGEST_KEPT = 8000
"""Characters that are kept as the error's `words`."""
SPENT = (
    *("insufficient_quota", "billing_hard_limit", "insufficient_credits"),
    *("exceeded_current_quota", "insufficient_balance"),
)


BLIND = lazy_regex(
    r"image_url|image input|\b0 image|input_audio|multi-?modal|reads text|text only"
    r"|(support|accept|provided)[^.]{0,40}\b(image|audio|pdf)"
    r"|\b(image|audio|pdf)[^.]{0,40}\bnot (support|accept|allow)",
    re.IGNORECASE,
)
"""How servers say that a model takes no images, sounds or files (OpenAI, vLLM, Groq, DeepSeek,
OpenRouter, llama.cpp, and the simulation)."""

TOOLLESS = lazy_regex(
    r"does not support (the |any )?(tools|function)|tool (use|calling|calls?).{0,30}not support"
    r"|\btools?\b.{0,40}(not supported|unsupported)|no endpoints? found that supports? tool"
    r"|unsupported (parameter|field|value)s?:? ['`\"]?tools|function calling is not"
    r"|\btools?\b (choice|param\w*) requires"
)
"""How servers say that a model has no tools (Ollama, OpenRouter, Groq, Gemini, vLLM and llama.cpp
without their switches for it), in small letters."""

OF_WORDS = (
    "a model that calls tools; this one has none",
    'have it asked for its calls in words: connect(..., tools="prompted"); or use another model,'
    " or an agent without tools",
)

BLIND_AT = (400, 404, 415, 422)
OF_TEXT = (
    "content that this model takes; it seems to take text alone",
    "use a model that sees, say it in words, or give a tool that looks at it",
)


class StaleConnection(httpx.NetworkError):
    """A connection that had been used before broke, and nothing of a reply had come.

    Most likely its server closed it, as it was idle for so long, while the request was on its way.
    """


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


def status_error(site: Site, status: int, headers: Mapping[str, str], body: bytes) -> EndpointError:
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
    if status < 500 and b"budget_exceeded" in body:
        return key_spent(said, status, site.words(words_of(body), LONGEST_KEPT))
    if status == 429:
        return limited(said, status, wait_s(headers, body))
    kept = site.words(words_of(body), LONGEST_KEPT)
    if overflows(status, kept):
        return too_long(said, status, kept)
    if status >= 500 or status in (408, 409, 425):
        return Overloaded(
            said,
            expected="200",
            todo="it is the endpoint's own trouble: try later, or use another model",
            status=status,
            retry_after_s=wait_s(headers, body),
            words=kept,
        )
    if status < 400:
        return elsewhere(site, status, headers)
    lacks = refused_kind(status, kept)
    expected, todo = LACKED.get(lacks) or ADVICE.get(status, (ACCEPTED, site.get))
    return Rejected(
        said,
        expected=expected.format(key=site.key_variable),
        todo=todo.format(key=site.key_variable, get=site.get),
        status=status,
        words=kept,
        lacks=lacks,
    )


def refused_kind(status: int, words: str) -> str:
    """What a model cannot do, by the words of its server: a kind of parts, tools, or nothing."""
    if status in BLIND_AT and BLIND.search(words):
        return "parts"
    return "tools" if TOOLLESS.search(words.lower()) else ""


def key_spent(said: str, status: int, words: str) -> Rejected:
    """From a proxy that has given the key a budget, as LiteLLM's does."""
    return Rejected(
        said,
        expected="a key whose budget at this proxy is not spent",
        todo="ask whoever gave you the key for more, then go on: %resume, or agent.resume(run);"
        " what is recorded is not paid again",
        status=status,
        words=words,
    )


def too_long(said: str, status: int, words: str) -> ContextTooLong:
    """From a refusal of a conversation for its length."""
    limit, sent = numbers(words)
    return ContextTooLong(
        said,
        expected=f"a conversation of at most {limit} tokens" if limit else "a shorter conversation",
        todo="give the agent a memory that pages or compacts (PagedMemory, Compaction), shorten"
        " the history, or use a model with a longer context",
        status=status,
        words=words,
        limit_tokens=limit,
        sent_tokens=sent,
    )


def limited(said: str, status: int, pause: float | None) -> RateLimited:
    """From a refusal of a server that is asked too often."""
    return RateLimited(
        said,
        expected="fewer calls in this time",
        todo=f"wait {pause:g} s" if pause is not None else "wait, or ask with fewer at once",
        status=status,
        retry_after_s=pause,
    )


def elsewhere(site: Site, status: int, headers: Mapping[str, str]) -> EndpointError:
    """From a status that is neither a reply nor an error: a redirect, or a success without one."""
    if status < 300:
        return BadReply(
            f"{site} answered {status} instead of a reply",
            expected="200 and a reply in JSON",
            todo=site.get,
            status=status,
        )
    return Rejected(
        f"{site} answered {status}, a redirect to {site.words(headers.get('location', 'nowhere'))}",
        expected="the address of the API itself; redirects are not followed with a key",
        todo="pass that address as base_url if you trust it",
        status=status,
    )


LACKED = {"parts": OF_TEXT, "tools": OF_WORDS}
ACCEPTED = "a request that the endpoint accepts"
ADVICE = {
    400: (
        ACCEPTED,
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
        ACCEPTED,
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
        return status_error(site, status, headers, canonical(error).encode("utf-8", "replace"))
    return BadReply(
        f"{site} reported an error inside its reply: {site.words(message_of(error)) or 'no words'}",
        expected="a reply",
        todo="see the endpoint's words; try again or use another model",
        status=200,
    )


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
        withheld=not again,
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
        stale=isinstance(error, StaleConnection),
    )


def reason(cause: BaseException) -> str:
    """A transport's error in the words of the operating system, where it has them."""
    number = getattr(getattr(cause, "os_error", cause), "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number)
    return f"{type(cause).__name__}: {cause}".rstrip(": ")
