"""Where a server of the Model Context Protocol is: a command to start it by, or a URL."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from agentkit.errors import SetupError
from agentkit.protocols.hosts import Hosts


@dataclass(frozen=True)
class Address:
    """How to reach a server; what may be secret in it is not shown."""

    command: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str = ""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: Any = field(default=None, repr=False)
    """An `httpx2.Auth`, such as an OAuthClientProvider of the SDK."""
    hosts: Hosts = field(default_factory=lambda: Hosts(private=True), repr=False, compare=False)
    """Which addresses may be called for a URL; by default any but those of clouds' metadata."""

    def __str__(self) -> str:
        if self.command:
            # Arguments may hold keys: `--token …` is common.
            return " ".join(self.command[:1]) + (" …" if self.command[1:] else "")
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host}{parts.path}"

    @property
    def short(self) -> str:
        """A name, where none was given: of the host, or of the program that is started."""
        if self.url:
            return urlsplit(self.url).hostname or "server"
        first, *rest = self.command
        words = [one for one in rest if not one.startswith("-") and one not in VERBS]
        word = words[0] if words and LAUNCHERS.fullmatch(plain(first)) else first
        return plain(word).removesuffix(".py").removesuffix(".js") or "server"


LAUNCHERS = re.compile(r"python[\d.]*|node|npx|bunx?|deno|uvx?|pipx|docker|podman")
VERBS = ("run", "tool", "exec")


def plain(word: str) -> str:
    """The last part of a path, without what Windows adds to a program."""
    return word.replace("\\", "/").rstrip("/").rpartition("/")[2].removesuffix(".exe")


def address(
    where: str | Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str = "",
    headers: Mapping[str, str] | None = None,
    auth: Any = None,
    hosts: Sequence[str] = (),
) -> Address:
    """The address that a command, a command line or a URL means.

    Raises:
        SetupError: it is none of them, or what does not belong to it is given.
    """
    if isinstance(where, str) and "://" in where.split(" ")[0]:
        parts = urlsplit(where)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise wrong(f"{parts.scheme}://…")
        if env or cwd:
            raise SetupError(
                f"{where} is a URL, and env= or cwd= is given.",
                expected="them for a command, headers= for a URL",
            )
        known = Hosts(hosts, private=True)
        return Address(url=where, headers=dict(headers or {}), auth=auth, hosts=known)
    words = shlex.split(where) if isinstance(where, str) else where
    if not words or not all(isinstance(one, str) and "\0" not in one for one in words):
        raise wrong(where)
    if headers or auth is not None or hosts:
        raise SetupError(
            f"{words[0]} is a command, and headers=, auth= or hosts= is given.",
            expected="env= for a command, them for a URL",
        )
    return Address(command=tuple(words), env=dict(env or {}), cwd=cwd)


def wrong(where: Any) -> SetupError:
    """The error of what is no address."""
    return SetupError(
        f"{where!r} is no server of the Model Context Protocol.",
        expected='a command such as ["python", "server.py"], or a URL with http or https',
    )
