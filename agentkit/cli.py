"""The command line: `agentkit log ...` reads event logs, `agentkit sim` serves the endpoint."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import agentkit
from agentkit.errors import AgentkitError
from agentkit.log import Log, RunInfo
from agentkit.logs import open_log
from agentkit.logs.sqlite import SqliteLog
from agentkit.messages import canonical
from agentkit.views.fold import fold
from agentkit.views.transcript import Transcript

WIDTH = 100


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="agentkit", description=agentkit.__doc__)
    top.add_argument("--version", action="version", version=agentkit.__version__)
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("sim", help="serve the simulated endpoint", add_help=False)
    log = commands.add_parser("log", help="read an event log").add_subparsers(
        dest="action", required=True
    )
    actions = {
        "list": "one line per run, newest first",
        "show": "the events of a run",
        "transcript": "who said what to whom in a run",
        "export": "the events of a run, or of all, as JSON lines",
        "verify": "check the file, every event and every message",
    }
    for name, text in actions.items():
        action = log.add_parser(name, help=text, description=text)
        action.add_argument(
            "--log", metavar="URL", help="default: $AGENTKIT_LOG or .agentkit/log.db"
        )
        if name in ("show", "transcript", "export"):
            action.add_argument(
                "run",
                nargs="?",
                default="" if name == "export" else "last",
                help="id, start or end of an id, or 'last'",
            )
    return top


def listed(info: RunInfo) -> str:
    """A run in one line."""
    started = datetime.fromtimestamp(info.started).strftime("%Y-%m-%d %H:%M:%S")
    took = f"{info.ended - info.started:8.2f} s" if info.ended else "   going on"
    cost = "unknown" if info.cost_usd is None else f"${info.cost_usd:.6f}"
    tokens = f"{info.tokens_in}+{info.tokens_out}"
    return (
        f"{info.id}  {started}  {info.status:<9} {took}  {info.calls:>4} calls"
        f" {tokens:>12} tokens  {cost:>10}  {info.name}"
    )


def shown(event: Any) -> str:
    """An event in one line."""
    skip = {"run", "seq", "at", "kind", "scope", "nodes"}
    fields = event.model_dump(mode="json", exclude=skip, exclude_defaults=True)
    at = datetime.fromtimestamp(event.at).strftime("%H:%M:%S.%f")[:-3]
    told = " ".join(f"{k}={v if isinstance(v, str) else canonical(v)}" for k, v in fields.items())
    said = "".join(f" | {n.message.role}: {n.message.content}" for n in event.nodes)
    line = f"{event.seq:>5} {at} {event.kind:<13} {told}{said}".replace("\n", " ")
    return line if len(line) <= WIDTH * 2 else line[: WIDTH * 2 - 1] + "…"


def verify(log: Log) -> int:
    """Print what is wrong with a log; 1 when something is."""
    wrong = log.verify() if isinstance(log, SqliteLog) else []
    for line in wrong:
        print(line)
    runs = log.runs()
    print(f"{len(runs)} runs, {sum(r.events for r in runs)} events: {len(wrong)} problems")
    return 1 if wrong else 0


def read(action: str, log: Log, run: str) -> int:
    """Perform one of the `agentkit log` commands."""
    if action == "verify":
        return verify(log)
    if action == "list":
        lines = [listed(info) for info in log.runs()] or [f"{log.url} has no runs yet."]
        print("\n".join(lines))
        return 0
    if action == "export":
        ids = [log.find(run)] if run else [info.id for info in reversed(log.runs())]
        for event in (event for id in ids for event in log.read(id)):
            print(event.model_dump_json(exclude_defaults=False))
        return 0
    events = log.read(log.find(run))
    if action == "transcript":
        print(fold(Transcript(), events))
    else:
        print("\n".join(map(shown, events)))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; errors go to stderr as text, without a stack."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["sim"]:
        from agentkit.sim.__main__ import command
        from agentkit.sim.__main__ import main as serve

        return (command if argv is None else serve)(words[1:])
    options = parser().parse_args(words)
    try:
        return read(
            options.action, open_log(options.log, create=False), getattr(options, "run", "")
        )
    except AgentkitError as error:
        print(f"agentkit: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
        return 0


if __name__ == "__main__":
    sys.exit(main())
