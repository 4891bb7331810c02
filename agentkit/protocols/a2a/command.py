"""`agentkit a2a`: an actor that a file or module defines, served to agents elsewhere."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentkit.entrypoints import found
from agentkit.errors import AgentkitError, SetupError, error_text
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.protocols.a2a.serve import serve_a2a
from agentkit.protocols.a2a.signing import SigningKey
from agentkit.words import for_terminal

TOKEN = "AGENTKIT_A2A_TOKEN"


def parser() -> argparse.ArgumentParser:
    """The options of `agentkit a2a`."""
    made = argparse.ArgumentParser(
        prog="agentkit a2a", description="Serve an agent or team to agents elsewhere, over A2A."
    )
    made.add_argument(
        "what",
        metavar="FILE_OR_MODULE:NAME",
        help="such as harbour.py:team, or package.module:team",
    )
    made.add_argument("--port", type=int, default=0, help="0 takes a free port")
    made.add_argument("--host", default="127.0.0.1", help="address to listen on")
    made.add_argument("--url", default="", help="under which it is reached, where that differs")
    repeated: Any = {"action": "append", "default": [], "metavar": "NAME:PORT"}
    made.add_argument(
        "--allow-host", help="a name under which it is reached; may be repeated", **repeated
    )
    made.add_argument(
        "--push-host", help="a host that may be told of changes; may be repeated", **repeated
    )
    made.add_argument(
        "--token-env",
        default=TOKEN,
        metavar="VARIABLE",
        help=f"variable with the token that callers must bring; {TOKEN} by default",
    )
    made.add_argument(
        "--key",
        metavar="FILE",
        help="sign the card with this private key; a new one is written where there is none",
    )
    made.add_argument("--name", default="", help="as others are told")
    made.add_argument("--budget-usd", type=float, help="what one task may spend")
    made.add_argument("--deadline-s", type=float, help="seconds that one task may take")
    made.add_argument("--log", metavar="URL", help="default: $AGENTKIT_LOG or .agentkit/log.db")
    return made


async def served(options: argparse.Namespace, actor: Any, log: Log | None) -> None:
    """Serve until the end."""
    key = None
    if options.key:
        if not Path(options.key).exists():
            SigningKey.new().save(options.key)
        key = SigningKey.load(options.key)
    service = await serve_a2a(
        actor,
        port=options.port,
        host=options.host,
        name=options.name,
        url=options.url,
        log=log,
        token=os.environ.get(options.token_env, ""),
        key=key,
        push_hosts=options.push_host,
        allowed_hosts=options.allow_host,
        budget_usd=options.budget_usd,
        deadline_s=options.deadline_s,
    )
    went_on = f", {len(service.tasks)} tasks go on" if service.tasks else ""
    print(f"agentkit: {actor.name} at {service.url}{went_on}", file=sys.stderr, flush=True)
    if key is not None:
        print(f"agentkit: the card is signed with {key.public}", file=sys.stderr, flush=True)
    try:
        await service.wait()
    finally:
        await service.stop()


def main(argv: Sequence[str]) -> int:
    """Run the command; errors go to stderr as text."""
    options = parser().parse_args(argv)
    try:
        things = found(options.what)
        if len(things) != 1:
            raise SetupError(f"{options.what} names several.", expected="one actor")
        log = open_log(options.log) if options.log else None
        asyncio.run(served(options, things[0], log))
    except AgentkitError as error:
        print(for_terminal(f"agentkit: {error_text(error)}"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0
