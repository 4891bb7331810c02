"""`agentkit log cost`: what calls cost, by actor, model, run, day or notebook."""

from __future__ import annotations

import argparse

from agentkit.amounts import count, money, seconds
from agentkit.log import Log
from agentkit.pictures.table import text_table
from agentkit.views.calls import KEYS, Row, bill, calls, prometheus
from agentkit.words import for_terminal

COMMANDS = {"cost": "what model calls cost, by actor, model, run, day or notebook"}

HEAD = ("calls", "tokens", "cost", "wasted", "saved", "retries", "hedges", "failed", "waited")


def options(action: argparse.ArgumentParser) -> None:
    """What the command takes."""
    action.add_argument("run", nargs="?", default="", help="only this run; by default all")
    action.add_argument(
        "--by", default="actor,model", help=f"columns, of {', '.join(KEYS)}; default actor,model"
    )
    action.add_argument(
        "--prometheus", action="store_true", help="in the text format that Prometheus reads"
    )


def perform(log: Log, given: argparse.Namespace) -> int:
    """Print the bill.

    Raises:
        SetupError: no such column. UnknownRun: no such run.
    """
    rows = calls(log, [log.find(given.run)] if given.run else None)
    if given.prometheus:
        print(for_terminal(prometheus(rows)), end="")
        return 0
    by = tuple(one.strip() for one in given.by.split(",") if one.strip())
    found = bill(rows, *by)
    if not found:
        print("no model calls")
        return 0
    lines = [[str(one[name]) for name in by] + cells(one) for one in found]
    if len(found) > 1:
        total = bill(rows)[0]
        lines.append(["total", *[""] * (len(by) - 1), *cells(total)])
    right = range(len(by), len(by) + len(HEAD))
    print(for_terminal("\n".join(text_table([[*by, *HEAD], *lines], right))))
    return 0


def cells(one: Row) -> list[str]:
    """Sums as texts."""
    return [
        count(one["calls"]),
        f"{count(one['tokens_in'])}+{count(one['tokens_out'])}",
        money(one["cost_usd"], one["unpriced"]),
        money(one["wasted_usd"]),
        money(one["saved_usd"]),
        count(one["retries"]),
        count(one["hedges"]),
        count(one["failed"]),
        seconds(one["waited_s"]),
    ]
