"""Servers from a file as other programs keep them: `mcp.json`, with `mcpServers` or `servers`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agentkit.errors import SetupError, error_text
from agentkit.protocols.mcp.address import Address, address

VARIABLE = re.compile(r"\$\{(?:env:)?(\w+)(?::-([^}]*))?\}")
"""`${NAME}`, `${env:NAME}` and `${NAME:-otherwise}`."""

LARGEST = 1_000_000


def mcp_servers(path: str | os.PathLike[str]) -> dict[str, Address]:
    """The servers that a file describes, by name; nothing is started.

    `McpServer(servers["files"], name="files")` is one of them. Those that are switched off
    (`"disabled": true`) are left out.

    Args:
        path: of a file such as {"mcpServers": {"files": {"command": "npx", "args": [...],
            "env": {...}}, "web": {"url": "https://…", "headers": {...}}}}; `${NAME}` in a value
            is that variable of this process.

    Raises:
        SetupError: it cannot be read, or describes something else.
    """
    place = Path(path).expanduser()
    try:
        text = place.read_text(encoding="utf-8")
        if len(text) > LARGEST:
            raise ValueError(f"it has {len(text):,} characters")
        found = json.loads(text)
        servers = found.get("mcpServers", found.get("servers"))
        if not isinstance(servers, dict):
            raise ValueError("it has no mcpServers")
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise SetupError(
            f"{place} describes no servers: {error_text(error)}.",
            expected='{"mcpServers": {"NAME": {"command": "…", "args": […]}, …}}',
        ) from error
    return {
        name: described(name, one, place)
        for name, one in servers.items()
        if not (isinstance(one, dict) and one.get("disabled") is True)
    }


def described(name: str, one: Any, place: Path) -> Address:
    """The address of one entry.

    Raises:
        SetupError: it is none.
    """
    what = f"The server {name} in {place}"
    if not isinstance(one, dict):
        raise SetupError(f"{what} is described by a {type(one).__name__}.", expected="an object")
    url = one.get("url") or one.get("serverUrl") or one.get("httpUrl")
    if one.get("type") == "sse":
        raise SetupError(
            f"{what} is reached by the old transport over HTTP and SSE.",
            expected="streamable HTTP, which took its place in 2025, or a command",
        )
    command, args = one.get("command"), one.get("args", [])
    kinds = (isinstance(url, str), isinstance(command, str) and isinstance(args, list))
    if sum(kinds) != 1 or not all(isinstance(arg, str) for arg in args):
        raise SetupError(f"{what} has no command, and no URL.", expected="one of them, as texts")
    if url:
        return address(filled(str(url), what), headers=texts(one, "headers", what))
    words = [filled(str(command), what), *(filled(arg, what) for arg in args)]
    cwd = filled(str(one.get("cwd") or ""), what)
    return address(words, env=texts(one, "env", what), cwd=cwd)


def texts(one: Mapping[str, Any], part: str, what: str) -> dict[str, str]:
    """A part of an entry that maps names to texts.

    Raises:
        SetupError: it does not.
    """
    found = one.get(part) or {}
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise SetupError(f"{part} of {what} is no object of texts.")
    return {name: filled(value, what) for name, value in found.items()}


def filled(text: str, what: str) -> str:
    """A text with its variables.

    Raises:
        SetupError: one is not set.
    """

    def value(found: re.Match[str]) -> str:
        name, otherwise = found[1], found[2]
        if (given := os.environ.get(name, otherwise)) is None:
            raise SetupError(
                f"{what} wants the variable {name}, which is not set.",
                todo=f"set it, or write ${{{name}:-otherwise}}",
            )
        return str(given)

    return VARIABLE.sub(value, text)
