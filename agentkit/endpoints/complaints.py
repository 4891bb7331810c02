"""What an error of a server says: its words, and the HTTP status that it stands for."""

from __future__ import annotations

import re

from agentkit.endpoints.shapes import Malformed, decode
from agentkit.messages import JSON

CODES = ("code", "error_code", "status", "status_code", "http_code", "type", "error_type", "error")
"""Where servers put a code, the most exact first; it may be a number or a name."""
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


def status_of(error: JSON) -> int | None:
    """The HTTP status that an error object stands for; None where nothing in it tells."""
    if isinstance(error, list) and error:
        return status_of(error[0])
    if not isinstance(error, dict):
        return None
    inner = error.get("error")
    told = [str(error.get(name)) for name in CODES]
    numbers = [int(code) for code in told if re.fullmatch(r"[45]\d\d", code)]
    names = [status for code in told if (status := status_by_name(code))]
    found = next(iter(numbers + names), None) or (status_of(inner) if inner else None)
    return found or heard(message_of(error))


def status_by_name(code: str) -> int | None:
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
