"""What the commands that serve have in common: options, errors as text, and their end."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from agentkit.errors import AgentkitError, error_text
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.words import for_terminal

if TYPE_CHECKING:  # A chat needs no server, and none of what brings one.
    from agentkit.protocols.serving import Served

REPEATED: dict[str, Any] = {"action": "append", "default": [], "metavar": "NAME:PORT"}
"""An option that may be given several times."""


def take_listening(made: argparse.ArgumentParser, token: str) -> None:
    """Let a command take where it listens, and for whom.

    Args:
        made: its options.
        token: the variable that holds the token of callers, where none is named.
    """
    made.add_argument("--host", default="127.0.0.1", help="address to listen on")
    made.add_argument(
        "--allow-host", help="a name under which it is reached; may be repeated", **REPEATED
    )
    made.add_argument(
        "--token-env",
        default=token,
        metavar="VARIABLE",
        help=f"variable with the token that callers must bring; {token} by default",
    )


def take_log(made: argparse.ArgumentParser) -> None:
    """Let a command take the log that its runs go to."""
    made.add_argument("--log", metavar="URL", help="default: $AGENTKIT_LOG or .agentkit/log.db")


def listening(options: argparse.Namespace) -> dict[str, Any]:
    """What `take_listening` took, as the functions that serve take it."""
    return {
        "host": options.host,
        "token": os.environ.get(options.token_env, ""),
        "allowed_hosts": options.allow_host,
    }


def log_of(options: argparse.Namespace) -> Log | None:
    """The log named; None is the default one."""
    return open_log(options.log) if options.log else None


async def until_stopped(service: Served, *told: str) -> None:
    """Say what is served, and wait for its end.

    Args:
        service: what runs.
        told: lines for whoever started it.
    """
    for line in told:
        print(f"agentkit: {line}", file=sys.stderr, flush=True)
    try:
        await service.wait()
    finally:
        await service.stop()


def run_command(work: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Do the work of a command, and tell its errors as text; its exit status.

    Args:
        work: called once, before there is an event loop, for what is awaited then: a user's file
            that is loaded there may run a loop of its own. It may raise, too.
    """
    try:
        asyncio.run(work())
    except AgentkitError as error:
        print(for_terminal(f"agentkit: {error_text(error)}"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0
