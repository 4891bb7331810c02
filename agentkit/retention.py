"""`agentkit log prune`: old runs go, and a line about each stays."""

from __future__ import annotations

import argparse
import sys

from agentkit.errors import SetupError
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.words import for_terminal

COMMANDS = {"prune": "take away what was said and done in old runs; a line about each stays"}

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


def options(action: argparse.ArgumentParser) -> None:
    """What the command takes."""
    action.epilog = (
        "Runs stay that are open, wait for a worker or a person, or have a rerun or fork that is"
        " newer. Nobody writes the log meanwhile."
    )
    action.add_argument("--older", required=True, help="that ended so long ago: 30d, 12h, 2w")
    action.add_argument(
        "--keep-answers", action="store_true", help="keep what was asked and answered, and costs"
    )
    action.add_argument("--dry-run", action="store_true", help="only say what would be taken")
    action.add_argument("--yes", action="store_true", help="take it")


def age_s(text: str) -> float:
    """A duration such as 30d, in seconds.

    Raises:
        SetupError: it is none.
    """
    number, unit = text[:-1], text[-1:]
    try:
        found = float(number) * UNITS[unit]
    except (ValueError, KeyError):
        found = -1.0
    if not 0 <= found < float("inf"):
        raise SetupError(
            f"{text!r} is no age.", expected=f"a number and one of {', '.join(UNITS)}, as 30d"
        )
    return found


def perform(log: Log, given: argparse.Namespace, url: str | None) -> int:
    """Prune, and say what was taken; 1 when that was not asked for yet.

    Raises:
        SetupError: no age. LogError: see Log.prune.
    """
    before = log.clock() - age_s(given.older)
    dry = given.dry_run or not given.yes
    writing = log if dry or not getattr(log, "read_only", False) else open_log(url)
    try:
        done = writing.prune(before, answers=given.keep_answers, dry=dry)
    finally:
        if writing is not log:
            writing.close()
    would = "would take" if dry else "took"
    messages = "" if dry else f", {done.messages} messages, {done.files} images and files"
    print(for_terminal(f"{would} away {done.events} events of {done.runs} runs{messages}"))
    for left in done.left:
        print(for_terminal(f"left: {left}"))
    if dry and not given.dry_run:
        print("agentkit: nothing was taken yet; add --yes", file=sys.stderr)
        return 1
    return 0
