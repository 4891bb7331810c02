"""Where a log's database is, as its URL says; what of that may be shown."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from agentkit.errors import SetupError
from agentkit.urls import SECRET

SCHEMES = ("postgresql", "postgres")

SCHEMA = "agentkit"
"""Where a log's tables are, if its URL names no schema."""

NAME = re.compile(r"[a-z_][a-z0-9_]{0,47}")

OPTION = re.compile(r"[a-z_]+")
PLACES = re.compile(r"(?:(?:[^:\[\],]*|\[[^\[\],]*\])(?::[0-9]*)?(?:,|$))*")
"""Hosts with their ports, as libpq takes them."""


@dataclass(frozen=True)
class DatabaseAddress:
    """A database, a schema in it, and how they are named to people."""

    conninfo: str
    """For libpq; with all secrets."""
    schema: str
    url: str
    """Without any secret: this one is shown, logged and kept."""

    @property
    def key(self) -> str:
        """Tells it from others, secrets included, and shows none."""
        return f"{self.url}#{hashlib.sha256(self.conninfo.encode()).hexdigest()}"

    def __repr__(self) -> str:
        return f"DatabaseAddress({self.url!r})"


def is_postgres(url: str) -> bool:
    """Whether a URL names a log in Postgres."""
    return url.partition("://")[0] in SCHEMES


def address_of(url: str) -> DatabaseAddress:
    """What a URL says; all that it leaves out libpq takes from the environment or a service file.

    Args:
        url: "postgresql://user@host:port/database?schema=course&sslmode=verify-full", with any
            option of libpq; `schema` is ours.

    Raises:
        SetupError: it is no such URL.
    """
    split, options = parts(url)
    schema = dict(options).get("schema", SCHEMA)
    if not NAME.fullmatch(schema) or schema.startswith("pg_"):
        raise SetupError(
            f"A log cannot be in a schema called {schema!r}.",
            expected="small letters, digits and underscores, at most 48",
        )
    rest = [(name, value) for name, value in options if name != "schema"]
    conninfo = whole(split.netloc, split.path, rest)
    shown = [(name, value) for name, value in rest if not SECRET.search(name)]
    if schema != SCHEMA:
        shown.append(("schema", schema))  # last, however it came: one log has one name
    user, at, host = split.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}{at}{host}"
    return DatabaseAddress(conninfo, schema, whole(netloc, split.path, shown))


def parts(url: str) -> tuple[SplitResult, list[tuple[str, str]]]:
    """A URL's parts, and its options.

    Raises:
        SetupError: a part cannot be what it stands for. It is not shown then as if it were a host,
            a port or an option: it may be a piece of a password.
    """
    try:
        split = urlsplit(url)
    except ValueError:  # its text may show the password
        raise unreadable() from None
    options = parse_qsl(split.query, keep_blank_values=True)
    host = split.netloc.rpartition("@")[2]
    if split.fragment or "@" in split.path or "@" in split.query or not PLACES.fullmatch(host):
        raise unreadable()
    for name, value in options:
        if not OPTION.fullmatch(name) or "password" in value.casefold():
            raise unreadable()
    return split, options


def unreadable() -> SetupError:
    """The error of a URL that is none, or whose password is written as it stands."""
    return SetupError(
        "The URL of the log's database cannot be read.",
        expected="postgresql://user:password@host:port/database?option=value&option=value",
        todo="write signs such as / ? # @ [ % in a password as %2F %3F %23 %40 %5B %25; or leave"
        " it out, and give it by PGPASSWORD or ~/.pgpass",
    )


def whole(netloc: str, path: str, options: list[tuple[str, str]]) -> str:
    """A URL as libpq reads it: it knows no plus sign for a blank."""
    some = "&".join(f"{quote(name, safe='')}={quote(value, safe='/,')}" for name, value in options)
    return f"postgresql://{netloc}{path}{'?' if some else ''}{some}"
