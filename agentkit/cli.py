"""The command line: `agentkit log` reads event logs; `sim`, `local`, `mcp` and `a2a` serve."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import agentkit
from agentkit import asking, costs, pictures, retention, tracing, views
from agentkit.dispatch import PLACES, dispatch
from agentkit.errors import AgentkitError, LogCorrupt, LogError, LogRedacted, SetupError, error_text
from agentkit.log import Log, RunInfo
from agentkit.logs import open_log
from agentkit.logs.erasing import SHORT
from agentkit.logs.files import FOLDER, HOME
from agentkit.logs.leftover import still_within
from agentkit.messages import canonical
from agentkit.place import here
from agentkit.questions import asked_in
from agentkit.words import for_terminal

WIDTH = 100
SERVING = {
    "sim": "serve the simulated endpoint",
    "local": "language models on this machine",
    "mcp": "serve tools, agents and teams over MCP",
    "a2a": "serve an agent or team to agents elsewhere, over A2A",
    "acp": "serve an agent or team to a chat or editor over ACP",
    "eval": "measure a team on a suite, and fail when it became worse",
    "worker": "perform submitted runs",
    "fleet": "see and mend what workers do",
    "grade": "grade submissions, each in a sandbox",
    "assignment": "check an assignment, build its notebooks for students and teachers",
    "receipts": "sign what an endpoint served, and check a log by it",
    "leaderboard": "teams at equal budget, on other cases each week",
    "class": "what a class spent and handed in, and who needs help",
}
"""Commands that have a parser of their own."""

ACTIONS = {
    "list": "one line per run, newest first",
    "show": "the events of a run",
    "transcript": "who said what to whom in a run",
    "export": "the events of a run, or of all, as JSON lines",
    "verify": "check the file, every event, every message and every run",
    "head": "a short text that names all that is recorded, for verify --head",
    "copy": "copy the log into a new file or database, also while it is in use",
    "redact": "take out what was said in runs, or a text wherever it stands, beyond recovery",
}
"""Of `agentkit log`, with what each does."""


class CommandParser(argparse.ArgumentParser):
    """Says what was wrong with the words it was given without letting them act."""

    def _print_message(self, message: str, file: Any = None) -> None:
        super()._print_message(for_terminal(message), file)


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = CommandParser(prog="agentkit", description=agentkit.__doc__)
    top.add_argument("--version", action="version", version=agentkit.__version__)
    commands = top.add_subparsers(dest="command", required=True)
    [commands.add_parser(name, help=text, add_help=False) for name, text in SERVING.items()]
    log = commands.add_parser("log", help="read an event log").add_subparsers(
        dest="action", required=True
    )
    ours = (costs.COMMANDS, tracing.COMMANDS, asking.COMMANDS, retention.COMMANDS)
    for name, text in {k: v for one in (ACTIONS, *ours) for k, v in one.items()}.items():
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
        if name == "verify":
            action.add_argument("--head", help="what `agentkit log head` once printed")
        if name == "copy":
            action.add_argument("to", help="the new file, or the URL of a database")
        if name == "redact":
            redaction(action)
        if name in asking.COMMANDS:
            asking.options(action, name)
        for module in (costs, tracing, retention):
            if name in module.COMMANDS:
                module.options(action)
    return top


def redaction(action: argparse.ArgumentParser) -> None:
    """The options of `agentkit log redact`."""
    action.epilog = (
        "What happened stays: who was asked when, names of actors, tools and models, tokens and"
        " costs. Such a run is listed and verified as before, and cannot be gone on from."
    )
    action.add_argument("runs", metavar="run", nargs="*", help="id, start or end of an id, 'last'")
    action.add_argument(
        "--text",
        action="append",
        default=[],
        help="erase this text instead, in every run; '-' reads it from standard input. Below"
        f" {SHORT} characters it goes only where it is all that stands there; the rest is told",
    )
    action.add_argument("--related", action="store_true", help="reruns and forks of them too")
    action.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    action.add_argument("--yes", action="store_true", help="remove it")


def told(text: str = "") -> None:
    """Print lines of ours with foreign words in them: nothing in them acts on the terminal."""
    print(for_terminal(text))


def moment(at: float, form: str) -> str:
    """A Unix time in local time; one that no clock shows, as the number it is."""
    try:
        return datetime.fromtimestamp(at).strftime(form)
    except (ValueError, OverflowError, OSError):
        return f"{at:g}"


def listed(info: RunInfo, asks: bool = False) -> str:
    """A run in one line, which says too whether it waits for a person."""
    started = moment(info.started, "%Y-%m-%d %H:%M:%S")
    took = f"{info.ended - info.started:8.2f} s" if info.ended else "   going on"
    cost = "unknown" if info.cost_usd is None else f"${info.cost_usd:.6f}"
    tokens = f"{info.tokens_in}+{info.tokens_out}"
    stands = "waiting" if asks else info.status
    line = (
        f"{info.id}  {started}  {stands:<9} {took}  {info.calls:>4} calls"
        f" {tokens:>12} tokens  {cost:>10}  {info.name}"
    )
    return for_terminal(line, one_line=True)


def shown(event: Any) -> str:
    """An event in one line."""
    skip = {"run", "seq", "at", "kind", "scope", "nodes"}
    fields = event.model_dump(mode="json", exclude=skip, exclude_defaults=True)
    at = moment(event.at, "%H:%M:%S.%f")[:12]
    words = " ".join(f"{k}={v if isinstance(v, str) else canonical(v)}" for k, v in fields.items())
    said = "".join(f" | {n.message.role}: {n.message.text}" for n in event.nodes)
    line = f"{event.seq:>5} {at} {event.kind:<13} {words}{said}".replace("\n", " ")
    line = line if len(line) <= WIDTH * 2 else line[: WIDTH * 2 - 1] + "…"
    return for_terminal(line, one_line=True)


def verify(log: Log, head: str | None) -> int:
    """Print what is wrong with a log; 1 when something is."""
    wrong = log.verify(head)
    for line in wrong:
        told(line)
    if log.unchained:
        told(log.unchained)
    try:
        runs = [*log.runs(), *log.runs(streams=True)]
        told(f"{len(runs)} runs, {sum(r.events for r in runs)} events: {len(wrong)} problems")
    except LogError as error:
        wrong.append(error_text(error))
        told(error_text(error))
    return 1 if wrong else 0


def copy(log: Log, to: str) -> int:
    """Copy a log, and check the copy; 1 when that is not sound."""
    from agentkit.logs.copying import copy as entered
    from agentkit.logs.copying import copy_to_file

    name, head = to.removeprefix("sqlite:///"), log_head(log)
    if "://" in name:
        made = open_log(to)
        entered(log, made)
        told(f"copied to {made.url}")
    else:
        path = Path(name).expanduser().absolute()
        copy_to_file(log, path)
        made = open_log(str(path), write=False)
        told(f"copied to {path}")
    return verify(made, head)


def log_head(log: Log) -> str | None:
    """The head that the copy of a log must go on from; None of one that has none."""
    try:
        return log.head()
    except LogError:
        return None


def redact(log: Log, options: argparse.Namespace) -> int:
    """Redact runs, or erase texts, and say what was removed; 1 when that was not asked for yet."""
    ids = list(dict.fromkeys(log.find(run) for run in options.runs))
    texts = [sys.stdin.read() if text == "-" else text for text in options.text]
    if bool(ids) == bool(texts) or not all(map(str.strip, texts)):
        raise SetupError(
            "It is not said what to redact.",
            expected="runs of a log's file, or --text",
            todo="find them with `agentkit log list`",
        )
    infos = {info.id: info for info in log.runs()}
    while options.related and (more := kin(infos, ids)):
        ids += more
    dry = options.dry_run or not options.yes
    if dry:
        done = log.redact(ids, dry=True) if ids else log.erase(texts, dry=True)
    else:
        writing = open_log(options.log or default()) if getattr(log, "read_only", False) else log
        try:
            done = writing.redact(ids) if ids else writing.erase(texts)
        finally:
            if writing is not log:
                writing.close()
    infos = {info.id: info for info in log.runs()}
    for id in ids:
        told(("would redact " if dry else "redacted ") + listed(infos[id]))
    files = f", {done.files} images and files" if done.files else ""
    changed = f"{done.events} events, {done.messages} messages{files}"
    told(f"{'would change' if dry else 'changed'} {changed}")
    short = [text.strip() for text in texts if len(text.strip()) < SHORT]
    within = still_within(log, short, dry=dry)
    for left in (*done.left, *within):
        told(f"{'would be left' if dry else 'left'}: {left}")
    told("not looked into: files of memories, and copies of the log")
    if dry and not options.dry_run:
        print("agentkit: nothing was removed yet; add --yes", file=sys.stderr)
        return 1
    return int(bool(within) and not dry)


def kin(infos: dict[str, RunInfo], ids: Sequence[str]) -> list[str]:
    """The runs that some runs were made from, or that were made from them, and no others."""
    origins = {infos[id].origin for id in ids if id in infos}
    return [
        id for id, one in infos.items() if id not in ids and (id in origins or one.origin in ids)
    ]


def doubted(log: Log, run: str) -> None:
    """Say on stderr that a run is not as it was recorded; it is shown all the same."""
    try:
        log.trust(run)
    except (LogCorrupt, LogRedacted) as error:
        print(for_terminal(f"agentkit: {error.what}"), file=sys.stderr)


def read(action: str, log: Log, run: str) -> int:
    """Perform one of the `agentkit log` commands that read."""
    if action == "head":
        told(log.head())
        return 0
    if action == "list":
        asking_runs = {one.run for one in asked_in(log)}
        lines = [listed(info, info.id in asking_runs) for info in log.runs()]
        lines = lines or [f"{log.url} has no runs yet."]
        told("\n".join(lines))
        return 0
    if action == "export":
        ids = [log.find(run)] if run else [info.id for info in reversed(log.runs())]
        for id in ids:
            doubted(log, id)
        for event in (event for id in ids for event in log.read(id)):
            told(event.model_dump_json(exclude_defaults=False))
        return 0
    run = log.find(run)
    doubted(log, run)
    events = log.read(run)
    if action == "transcript":
        told(str(views.fold(pictures.TranscriptPicture(), events)))
    else:
        told("\n".join(map(shown, events)))
    return 0


def perform(options: argparse.Namespace) -> int:
    """Open the log and do what is asked with it.

    Raises:
        AgentkitError: what is wrong; also for a log that nobody of ours can have written.
    """
    log = open_log(options.log or default(), write=False)
    if (note := getattr(log, "note", "")) and options.action != "verify":
        print(for_terminal(f"agentkit: {note}"), file=sys.stderr)
    try:
        if options.action == "verify":
            return verify(log, options.head)
        if options.action == "copy":
            return copy(log, options.to)
        if options.action == "redact":
            return redact(log, options)
        for module in (costs, tracing):
            if options.action in module.COMMANDS:
                return int(module.perform(log, options))
        if options.action in asking.COMMANDS:
            return asking.perform(log, options, options.log or default())
        if options.action in retention.COMMANDS:
            return retention.perform(log, options, options.log or default())
        return read(options.action, log, getattr(options, "run", ""))
    except (AgentkitError, BrokenPipeError):
        raise
    except Exception as error:
        raise LogCorrupt(
            f"The log {log.url} holds what agentkit does not write: {type(error).__name__}:"
            f" {error_text(error)}.",
            todo="check the file with `agentkit log verify`",
        ) from error
    finally:
        if getattr(log, "read_only", False):
            log.close()  # one that this process writes is its own


def default() -> str | None:
    """In a cell that has left its notebook's folder, that one's log, if there is none here."""
    if os.environ.get("AGENTKIT_LOG") or (Path(FOLDER) / "log.db").exists():
        return None
    home = os.environ.get(HOME) or os.path.dirname(here() or "")
    path = Path(home, FOLDER, "log.db")
    return str(path) if path.is_absolute() and path.exists() else None


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; errors go to stderr as text, without a stack."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["sim"]:
        from agentkit.sim import __main__ as sim

        return (sim.command if argv is None else sim.main)(words[1:])
    try:
        found = dispatch(words) if words and words[0] in PLACES else own(words)
        sys.stdout.flush()
        return found
    except AgentkitError as error:
        print(for_terminal(f"agentkit: {error_text(error)}"), file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read has read enough, as `head` does; what Python still has of it goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def own(words: list[str]) -> int:
    """Run a command of this module's parser, or of one that is told its words alone."""
    if words[:1] in (["worker"], ["fleet"]):
        from agentkit.fleet.commands import main as fleet

        return fleet(words)
    top, models = parser(), words[:1] == ["local"]
    options, rest = top.parse_known_args(words[:1] if models else words)
    if rest and not asking.take(options, rest):
        top.error(f"unrecognized arguments: {' '.join(rest)}")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if models:
        from agentkit.local.commands import main as local

        return local(words[1:])
    return perform(options)


if __name__ == "__main__":
    sys.exit(main())
