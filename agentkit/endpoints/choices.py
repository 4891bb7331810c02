"""The options of a model: known ones typed, misspelt ones refused, keys in none of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr, ValidationError

from agentkit.endpoints.dialect import Dialect
from agentkit.endpoints.fields import Fields
from agentkit.errors import SetupError, safe_repr
from agentkit.model import DEFAULTS, Options
from agentkit.regex import lazy_regex

TYPED = tuple(name for name in Options.model_fields if name != "extra")
OURS = (
    *("base_url", "api_key", "timeout_s", "retries", "headers", "extra_body", "price", "dialect"),
    *("prompt_cache", "retry_budget", "timeouts", "fallback", "on_refusal", "cache", "hedge"),
    *("limit", "concurrency", "breaker"),
)
FIELDS = frozenset(Fields.__annotations__)
MEANT = {
    **dict.fromkeys(("timeout", "request_timeout"), "timeout_s"),
    **dict.fromkeys(("max_retries", "num_retries", "retry"), "retries"),
    **dict.fromkeys(("max_completion_tokens", "max_output_tokens", "num_predict"), "max_tokens"),
    **dict.fromkeys(("stop_sequences", "stop_sequence"), "stop"),
    **dict.fromkeys(("default_headers", "extra_headers", "http_headers"), "headers"),
    **dict.fromkeys(("extra", "body", "model_kwargs", "extra_fields"), "extra_body"),
    **dict.fromkeys(("api_base", "endpoint", "url", "host", "base", "azure_endpoint"), "base_url"),
    **dict.fromkeys(("key", "token", "apikey", "api_token", "secret"), "api_key"),
    **dict.fromkeys(("effort", "reasoning_level"), "reasoning_effort"),
    **dict.fromkeys(("random_state",), "seed"),
    **dict.fromkeys(("fallbacks", "fallback_models"), "fallback"),
    **dict.fromkeys(("rate_limit", "rpm", "max_rpm"), "limit"),
    **dict.fromkeys(("max_concurrency", "max_parallel"), "concurrency"),
    **dict.fromkeys(("api", "use_responses_api", "wire_api"), "dialect"),
    **dict.fromkeys(("prompt_caching", "cache_prompt", "caching"), "prompt_cache"),
}
"""Other libraries' names of our options."""
OWNED = {
    **dict.fromkeys(("messages", "prompt", "input", "system"), "ask the agent"),
    "model": 'connect("provider:model")',
    **dict.fromkeys(("tools", "functions", "function_call"), "Agent(tools=[...])"),
    **dict.fromkeys(("response_format", "output_config", "output_format"), "ask with output=..."),
    **dict.fromkeys(("previous_response_id", "conversation"), "ask with after=answer"),
    "instructions": "Agent(name, instructions)",
    **dict.fromkeys(("stream", "stream_options"), "agent.stream(...)"),
    "n": "ask with sample=1, sample=2, ... for independent answers",
}
"""Fields of the body that agentkit writes itself, and what to use instead."""
KEYS = lazy_regex(
    r"(^|[-_. ])(api[-_]?key|apikey|authorization|auth|(auth|access|api|bearer)[-_]?token"
    r"|password|passwd|secret|client[-_]?secret|credentials?|(default|extra)?[-_]?headers)$",
    re.IGNORECASE,
)
INSTEAD = {
    "seed": "use temperature=0",
    "stop": 'leave it out, or ask the same model in another dialect: dialect="openai"',
}
"""What to do where a dialect lacks an option."""
HOP = ("host", "content-length", "content-type", "transfer-encoding", "connection")
"""Headers that belong to a request's form."""


def options(
    typed: dict[str, Any], extra_body: Any, fields: dict[str, Any], dialect: Dialect
) -> Options:
    """The default options of a model.

    Args:
        typed: values of the fields of Options; None leaves one open.
        extra_body: further fields of the request body, as given.
        fields: options that connect does not name.
        dialect: what the server is spoken to in.

    Raises:
        SetupError: one is unknown, out of range, belongs elsewhere, or is a key.
    """
    for name in fields:
        check_all_known(name)
    if extra_body is not None and not isinstance(extra_body, Mapping):
        raise SetupError(
            f"extra_body is {type(extra_body).__name__}", expected="a dict of body fields"
        )
    extra = {**(extra_body or {}), **fields}
    refuse_keys(extra, "extra_body")
    for name in extra:
        if name in OWNED:
            raise SetupError(f"{name} is written by agentkit", todo=f"instead: {OWNED[name]}")
    for name in [name for name in TYPED if name in extra]:
        if typed.get(name) is not None:
            raise SetupError(f"{name} is given twice", todo=f"leave it out of extra_body: {name}=")
        typed = {**typed, name: extra.pop(name)}
    for name in dialect.lacks:
        if typed.get(name) is not None:
            raise SetupError(
                f"{name} is no part of this dialect", expected=f"no {name}", todo=INSTEAD[name]
            )
    if dialect.longest is not None and typed.get("max_tokens") is None:
        # Who is cut by it is told which one it was.
        typed = {**typed, "max_tokens": dialect.longest}
    return checked(typed, extra)


def checked(typed: dict[str, Any], extra: dict[str, Any]) -> Options:
    """The options, if they are in range."""
    if isinstance(typed.get("stop"), str):
        typed = {**typed, "stop": (typed["stop"],)}
    if isinstance(typed.get("stop"), list | tuple) and "" in typed["stop"]:
        raise SetupError("stop holds an empty text", expected="texts at which the reply ends")
    if typed.get("stop") is not None and not typed["stop"]:
        typed = {**typed, "stop": None}
    try:
        made = Options(**typed, extra=extra or None)
        # Who asks each time whether there is anything to merge sees that at once.
        return DEFAULTS if made == DEFAULTS else made
    except ValidationError as error:
        first = error.errors()[0]
        raise SetupError(
            f"{first['loc'][0]}={safe_repr(first['input'])}: {first['msg']}",
            expected="temperature, top_p and seed as numbers, max_tokens as a whole number from 1, "
            "stop as a text or several, reasoning_effort and tool_choice as texts",
        ) from error


def closest(word: str, known: Sequence[str], cutoff: float = 0.6) -> str | None:
    """The word among those known that may have been meant."""
    import difflib  # only ever needed for an error

    return next(iter(difflib.get_close_matches(word, known, 1, cutoff)), None)


def check_all_known(*names: str) -> None:
    """Refuse options that nobody knows, rather than send them along.

    Raises:
        SetupError: with what was meant, where that can be guessed.
    """
    for name in names:
        check_known(name)


def check_known(name: str) -> None:
    """Refuse one that nobody knows."""
    if name in FIELDS or name in OWNED:
        return
    meant = MEANT.get(name.lower())
    if meant is None:
        meant = closest(name.lower(), (*TYPED, *OURS, *FIELDS), 0.7)
    raise SetupError(
        f"connect() knows no option {safe_repr(name)}",
        expected=", ".join((*TYPED, *OURS)),
        todo=(f"did you mean {meant}=? " if meant else "")
        + f"A field of the server's own goes into the body as extra_body={{{name!r}: ...}}",
    )


def refuse_keys(value: Any, place: str) -> None:
    """Refuse what looks like a key: a body is stored, shown and compared.

    Raises:
        SetupError: with where a key belongs; its value is not shown.
    """
    if isinstance(value, SecretStr):
        raise SetupError(f"{place} holds a secret", expected="keys as api_key= or in headers=")
    if isinstance(value, Mapping):
        for name, item in value.items():
            if KEYS.search(str(name)):
                raise SetupError(
                    f"{place} holds {safe_repr(name)}, which would travel in the request's body",
                    expected="no keys there",
                    todo="give a key as api_key=..., or as headers={'name': key}",
                )
            refuse_keys(item, f"{place}[{safe_repr(name)}]")
    elif isinstance(value, list | tuple):
        for item in value:
            refuse_keys(item, place)


def headers_of(given: Any) -> dict[str, SecretStr]:
    """Further headers of every call, in small letters; their values are kept as secrets.

    Raises:
        SetupError: one that no request can carry, or that belongs to its form.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise SetupError(f"headers is {type(given).__name__}", expected="a dict of texts")
    found: dict[str, SecretStr] = {}
    for name, value in given.items():
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
            raise SetupError(
                f"{safe_repr(name)} is no name of a header", expected="letters, digits and -"
            )
        if name.lower() in HOP:
            raise SetupError(f"the header {name} is written by agentkit", todo="leave it out")
        found[name.lower()] = header_value(name, value)
    return found


def header_value(name: str, value: Any) -> SecretStr:
    """A header's value, checked without being shown."""
    secret = value if isinstance(value, SecretStr) else SecretStr(str(value))
    if not isinstance(value, str | SecretStr) or not is_printable(secret):
        del value
        raise SetupError(
            f"the header {name} has a value that no header can carry",
            expected="a text of printable ASCII",
        )
    return secret


def is_printable(secret: SecretStr) -> bool:
    """Whether a header may carry it."""
    text = secret.get_secret_value()
    return text.isascii() and (text.isprintable() or "\t" in text) and "\n" not in text
