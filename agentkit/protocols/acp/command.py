"""`agentkit acp`: an actor that a file or module defines, in a chat or editor."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from agentkit.actor import Actor
from agentkit.entrypoints import found
from agentkit.errors import AgentkitError, SetupError, error_text
from agentkit.logs import open_log
from agentkit.protocols.acp.serving import serve_acp
from agentkit.words import for_terminal


def parser() -> argparse.ArgumentParser:
    """The options of `agentkit acp`."""
    made = argparse.ArgumentParser(
        prog="agentkit acp",
        description="Serve an agent or team to a chat or an editor, over the Agent Client Protocol"
        " on standard input and output.",
    )
    made.add_argument("what", metavar="FILE_OR_MODULE:NAME", help="such as harbour.py:team")
    made.add_argument("--log", metavar="URL", help="default: $AGENTKIT_LOG or .agentkit/log.db")
    return made


def main(argv: Sequence[str]) -> int:
    """Run the command; errors go to stderr as text."""
    options = parser().parse_args(argv)
    try:
        things = found(options.what)
        if len(things) != 1 or not isinstance(things[0], Actor):
            raise SetupError(
                f"{options.what} is no actor to talk with.", expected="one agent, team or pattern"
            )
        asyncio.run(serve_acp(things[0], open_log(options.log) if options.log else None))
    except AgentkitError as error:
        print(for_terminal(f"agentkit: {error_text(error)}"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0
