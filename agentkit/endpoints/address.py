"""Base URLs: where a server is, with a query kept apart, because it may hold a key."""

from __future__ import annotations

import os
import re
from typing import NamedTuple
from urllib.parse import unquote_plus

import httpx
from pydantic import SecretStr

from agentkit.endpoints.dialect import Dialect
from agentkit.errors import SetupError, error_text

EXPECTED = "such as http://127.0.0.1:8000/v1"
PUBLIC = ("api-version", "version", "api_version", "alt")
"""Parameters of a query that are no secrets."""


class BaseAddress(NamedTuple):
    """Where a server is."""

    base: str
    """Without the path that a dialect appends, user, query and fragment."""
    query: SecretStr = SecretStr("")
    local: str = ""
    """The variable of .env that names it, where one does: its author need not be the reader."""


def hidden(text: str | SecretStr | None) -> SecretStr | None:
    """A text that may hold a key, in a form that no traceback shows."""
    return text if text is None or isinstance(text, SecretStr) else SecretStr(error_text(text))


def parsed(given: SecretStr, dialect: Dialect, what: str = "base_url") -> BaseAddress:
    """The address that a base URL names.

    Args:
        given: the URL; hidden, because it may hold a key.
        dialect: whose own path is left out of it.
        what: its name in errors.

    Raises:
        SetupError: it is no address of a server, or holds a password.
    """
    if wrong := fault_of(given):
        raise SetupError(
            f"{what}={shown(given)!r} {wrong}",
            expected=EXPECTED,
            todo="give a key as api_key=...",
        )
    url = httpx.URL(given.get_secret_value().strip())
    base = str(url.copy_with(query=None, fragment=None)).rstrip("/").removesuffix(dialect.path)
    # Both habits exist for this dialect: with /v1 and without.
    base = base.removesuffix("/v1") if dialect.name == "anthropic" else base
    return BaseAddress(base, SecretStr(url.query.decode("ascii")))


def fault_of(given: SecretStr) -> str | None:
    """What is wrong with a URL, in words; nothing is raised here, where it is in a variable."""
    try:
        url = httpx.URL(given.get_secret_value().strip())
    except (httpx.InvalidURL, UnicodeEncodeError) as error:
        return re.sub(r"'.*'", "...", f"is no URL: {error}")
    if url.userinfo:
        return "holds a user name or a password"
    if url.scheme not in ("http", "https") or not url.host or (url.port or 1) > 65535:
        return "is no web address"
    return None


def shown(given: SecretStr) -> str:
    """A URL that may be malformed, without what may be a secret."""
    text = re.sub(r"[?#].*", "", str(given.get_secret_value()), flags=re.DOTALL)
    return re.sub(r"//[^/]*@", "//***@", text)


def secrets_in(query: SecretStr) -> tuple[SecretStr, ...]:
    """What is to be hidden in a server's words, of an address's query."""
    pairs = (part.partition("=") for part in query.get_secret_value().split("&"))
    values = [value for name, _, value in pairs if name.lower() not in PUBLIC and len(value) > 5]
    return tuple(SecretStr(text) for value in values for text in {value, unquote_plus(value)})


def ollama() -> SecretStr:
    """Ollama's address, as its own programs read it."""
    host = os.environ.get("OLLAMA_HOST", "").strip() or "127.0.0.1:11434"
    try:
        url = httpx.URL(host if "://" in host else f"http://{host}")
    except httpx.InvalidURL as error:
        raise SetupError(
            f"OLLAMA_HOST={shown(SecretStr(host))!r} is no address", expected=EXPECTED
        ) from error
    if url.port is None and "://" not in host:
        url = url.copy_with(port=11434)
    if url.host in ("0.0.0.0", "::"):
        # That is what the server binds; nobody can connect to it everywhere.
        url = url.copy_with(host="127.0.0.1")
    return SecretStr(str(url).rstrip("/") + "/v1")
