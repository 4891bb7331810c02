"""`agentkit acp`: an actor that a file or module defines, in a chat or editor."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from agentkit.actor import Actor
from agentkit.entrypoints import objects_meant
from agentkit.errors import SetupError
from agentkit.protocols.acp.serving import serve_acp
from agentkit.protocols.commands import log_of, run_command, take_log


def parser() -> argparse.ArgumentParser:
    """The options of `agentkit acp`."""
    made = argparse.ArgumentParser(
        prog="agentkit acp",
        description="Serve an agent or team to a chat or an editor, over the Agent Client Protocol"
        " on standard input and output.",
    )
    made.add_argument("what", metavar="FILE_OR_MODULE:NAME", help="such as harbour.py:team")
    take_log(made)
    return made


def one_in(entry: str) -> Actor:
    """The one actor that a file or module defines under a name.

    Raises:
        SetupError: there is none, or several.
    """
    things = objects_meant(entry)
    if len(things) != 1 or not isinstance(things[0], Actor):
        raise SetupError(
            f"{entry} is no actor to talk with.", expected="one agent, team or pattern"
        )
    return things[0]


def main(argv: Sequence[str]) -> int:
    """Run the command; errors go to stderr as text."""
    options = parser().parse_args(argv)
    return run_command(lambda: serve_acp(one_in(options.what), log_of(options)))
