"""`agentkit mcp`: what a file or module defines, served to clients of the protocol."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from agentkit.entrypoints import objects_meant
from agentkit.log import Log
from agentkit.protocols.commands import (
    listening,
    log_of,
    run_command,
    take_listening,
    take_log,
    until_stopped,
)
from agentkit.protocols.mcp.serve import serve_mcp, serve_stdio

TOKEN = "AGENTKIT_MCP_TOKEN"


def parser() -> argparse.ArgumentParser:
    """The options of `agentkit mcp`."""
    made = argparse.ArgumentParser(
        prog="agentkit mcp",
        description="Serve tools, agents, teams and memories to clients of the Model Context"
        " Protocol: over standard input and output, or over HTTP.",
    )
    made.add_argument(
        "what",
        nargs="+",
        metavar="FILE_OR_MODULE:NAME",
        help="such as harbour.py:tariff,clerk or package.module:team; a list of such is one, too",
    )
    made.add_argument("--http", type=int, metavar="PORT", help="over HTTP; 0 takes a free port")
    take_listening(made, TOKEN)
    made.add_argument("--name", default="agentkit", help="of the server, as clients are told")
    take_log(made)
    return made


async def served(options: argparse.Namespace, things: list[Any], log: Log | None) -> None:
    """Serve until the end."""
    if options.http is None:
        await serve_stdio(things, name=options.name, log=log)
        return
    service = await serve_mcp(
        things, http=options.http, name=options.name, log=log, **listening(options)
    )
    await until_stopped(service, f"{', '.join(service.names)} at {service.url}")


def things_in(entries: Sequence[str]) -> list[Any]:
    """What files or modules define under these names.

    Raises:
        SetupError: there is no such thing.
    """
    return [one for entry in entries for one in objects_meant(entry)]


def main(argv: Sequence[str]) -> int:
    """Run the command; errors go to stderr as text."""
    options = parser().parse_args(argv)
    return run_command(lambda: served(options, things_in(options.what), log_of(options)))
