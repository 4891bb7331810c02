"""`agentkit a2a`: an actor that a file or module defines, served to agents elsewhere."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentkit.entrypoints import objects_meant
from agentkit.errors import SetupError
from agentkit.log import Log
from agentkit.protocols.a2a.serve import serve_a2a
from agentkit.protocols.a2a.signing import SigningKey
from agentkit.protocols.commands import (
    REPEATED,
    listening,
    log_of,
    run_command,
    take_listening,
    take_log,
    until_stopped,
)

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
    take_listening(made, TOKEN)
    made.add_argument("--url", default="", help="under which it is reached, where that differs")
    made.add_argument(
        "--push-host", help="a host that may be told of changes; may be repeated", **REPEATED
    )
    made.add_argument(
        "--key",
        metavar="FILE",
        help="sign the card with this private key; a new one is written where there is none",
    )
    made.add_argument("--name", default="", help="as others are told")
    made.add_argument("--budget-usd", type=float, help="what one task may spend")
    made.add_argument("--deadline-s", type=float, help="seconds that one task may take")
    take_log(made)
    return made


async def served(options: argparse.Namespace, actor: Any, log: Log | None) -> None:
    """Serve until the end."""
    key = key_in(options.key)
    service = await serve_a2a(
        actor,
        port=options.port,
        name=options.name,
        url=options.url,
        log=log,
        key=key,
        push_hosts=options.push_host,
        budget_usd=options.budget_usd,
        deadline_s=options.deadline_s,
        **listening(options),
    )
    many = len(service.tasks)
    went_on = f", {many} task{' goes' if many == 1 else 's go'} on" if many else ""
    told = [f"{actor.name} at {service.url}{went_on}"]
    told += [f"the card is signed with {key.public}"] if key is not None else []
    await until_stopped(service, *told)


def key_in(file: str | None) -> SigningKey | None:
    """The private key in a file, which is made where there is none."""
    if not file:
        return None
    if not Path(file).exists():
        SigningKey.new().save(file)
    return SigningKey.load(file)


def one_in(entry: str) -> Any:
    """The one thing that a file or module defines under a name.

    Raises:
        SetupError: there is none, or several.
    """
    things = objects_meant(entry)
    if len(things) != 1:
        raise SetupError(f"{entry} names several.", expected="one actor")
    return things[0]


def main(argv: Sequence[str]) -> int:
    """Run the command; errors go to stderr as text."""
    options = parser().parse_args(argv)
    return run_command(lambda: served(options, one_in(options.what), log_of(options)))
