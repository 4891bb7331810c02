"""`agentkit log cost`: what calls cost, by actor, model, run, day or notebook."""

from __future__ import annotations

import argparse

from agentkit.errors import SetupError
from agentkit.log import Log
from agentkit.pictures.bill import Bill
from agentkit.views.calls import KEYS, calls, prometheus
from agentkit.words import for_terminal

COMMANDS = {"cost": "what model calls cost, by actor, model, run, day or notebook"}


def options(action: argparse.ArgumentParser) -> None:
    """What the command takes."""
    action.add_argument("run", nargs="?", default="", help="only this run; by default all")
    action.add_argument("--by", help=f"columns, of {', '.join(KEYS)}; default actor,model")
    action.add_argument(
        "--prometheus", action="store_true", help="in the text format that Prometheus reads"
    )


def perform(log: Log, given: argparse.Namespace) -> int:
    """Print the bill.

    Raises:
        SetupError: no such column. UnknownRun: no such run.
    """
    rows = calls(log, [log.find(given.run)] if given.run else None)
    if given.prometheus and given.by:
        raise SetupError(
            f"--prometheus --by {given.by}", expected="one of them: its labels are actor and model"
        )
    if given.prometheus:
        print(for_terminal(prometheus(rows)), end="")
        return 0
    by = tuple(one.strip() for one in (given.by or "actor,model").split(",") if one.strip())
    found = Bill(rows, by)
    print(for_terminal(str(found)) if found.sums else "no model calls")
    return 0
