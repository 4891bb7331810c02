"""`agentkit mcp`: what a file or module defines, served to clients of the protocol."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Any

from agentkit.entrypoints import found
from agentkit.errors import AgentkitError, error_text
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.protocols.mcp.serve import serve_mcp, serve_stdio
from agentkit.words import for_terminal

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
    made.add_argument("--host", default="127.0.0.1", help="address to listen on")
    made.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME:PORT",
        help="a name under which it is reached; may be repeated",
    )
    made.add_argument(
        "--token-env",
        default=TOKEN,
        metavar="VARIABLE",
        help=f"variable with the token that callers must bring; {TOKEN} by default",
    )
    made.add_argument("--name", default="agentkit", help="of the server, as clients are told")
    made.add_argument("--log", metavar="URL", help="default: $AGENTKIT_LOG or .agentkit/log.db")
    return made


async def served(options: argparse.Namespace, things: list[Any], log: Log | None) -> None:
    """Serve until the end."""
    if options.http is None:
        await serve_stdio(things, name=options.name, log=log)
        return
    service = await serve_mcp(
        things,
        http=options.http,
        host=options.host,
        name=options.name,
        log=log,
        token=os.environ.get(options.token_env, ""),
        allowed_hosts=options.allow_host,
    )
    print(f"agentkit: {', '.join(service.names)} at {service.url}", file=sys.stderr, flush=True)
    try:
        await service.wait()
    finally:
        await service.stop()


def main(argv: Sequence[str]) -> int:
    """Run the command; errors go to stderr as text."""
    options = parser().parse_args(argv)
    try:
        things = [one for what in options.what for one in found(what)]
        log = open_log(options.log) if options.log else None
        asyncio.run(served(options, things, log))
    except AgentkitError as error:
        print(for_terminal(f"agentkit: {error_text(error)}"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0
