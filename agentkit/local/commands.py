"""`agentkit local ...`: which models there are and what is here; pull, serve, remove, train."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from agentkit.amounts import size
from agentkit.errors import SetupError
from agentkit.extras import missing_extra
from agentkit.local.catalogue import Weights, catalogue, weights_of
from agentkit.local.files import check_room, folder, present, runtime
from agentkit.local.progress import ProgressBar
from agentkit.local.pulling import pulled, removed
from agentkit.local.starting import LocalFailed, check_installed, checked, command, failed
from agentkit.sim.server.process import environment, tail_of
from agentkit.words import for_terminal

BANNER = """
{name} at {url}/v1 (OpenAI's Chat Completions)
Key: {key}
Try it:
  curl {url}/v1/chat/completions -H 'authorization: Bearer {key}' \\
    -H 'content-type: application/json' \\
    -d '{{"messages": [{{"role": "user", "content": "What is the capital of France?"}}]}}'
Use it:  export AGENTKIT_BASE_URL={url}/v1 AGENTKIT_API_KEY={key}
Stop with Ctrl-C.
"""

STUDENT = 160 << 20
"""Bytes of a trained model, its matrices in 8 bits."""


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="agentkit local", description="Language models on this machine, without key."
    )
    actions = top.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="models by name, what they take, and which are here")
    for name, text in {
        "pull": "fetch a model now, so that later no network is needed",
        "path": "where the file of a model is",
        "serve": "serve a model to other programs, until Ctrl-C",
        "rm": "remove the file of a model that was fetched",
    }.items():
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("model", help="NAME, hf/OWNER/REPOSITORY/FILE.gguf, or a path")
        if name == "pull":
            action.add_argument(
                "--unknown", action="store_true", help="take a file that has no known digest"
            )
        if name == "serve":
            action.add_argument("--port", type=int, default=0, help="0 takes a free one")
    text = "teach a small model to call tools, on this machine's processor"
    action = actions.add_parser("train", help=text, description=text)
    action.add_argument("to", help="the file *.gguf that the trained model is written to")
    action.add_argument("--minutes", type=float, default=10.0, help="of training")
    action.add_argument("--model", default="smollm2-135m", help="that it begins as")
    action.add_argument("--seed", type=int, default=0, help="of the chats it learns from")
    action.add_argument("--points", default="", help="a file for the checkpoints, as JSON lines")
    return top


def say(text: str) -> None:
    """Print a line in which nothing acts on the terminal."""
    print(for_terminal(text), flush=True)


def listed() -> None:
    """Print the catalogue."""
    rows = [("MODEL", "HERE", "SIZE", "MEMORY", "TOOLS", "LICENCE", "GOOD FOR")]
    for one in catalogue().values():
        tools = "native" if one.native_tools else "prompted"
        rows.append(
            (
                f"local:{one.name}",
                "yes" if present(one) else "",
                size(one.size),
                f"{one.memory_mb} MB",
                tools,
                one.licence,
                one.good_for,
            )
        )
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    say(f"\nFiles are kept in {folder()}. Any other model: local:/path/to/model.gguf, or")
    say("local:hf/OWNER/REPOSITORY/FILE.gguf from a model hub (larger ones need a network once).")


def pull(weights: Weights, unknown: bool) -> int:
    """Fetch a model; the exit status."""
    bar = ProgressBar()
    try:
        path = pulled(weights, bar, unknown=unknown)
    except KeyboardInterrupt:
        bar.end()
        say("Stopped. Nothing that is not whole is used; pull it again to go on.")
        return 130
    finally:
        bar.end()
    say(f"{path} ({size(path.stat().st_size)}, {weights.licence or 'licence: see its page'})")
    return 0


def serve(weights: Weights, port: int) -> int:
    """Serve a model in the foreground.

    Raises:
        SetupError: it cannot be started.
    """
    if not 0 <= port < 1 << 16:
        raise SetupError(f"There is no port {port}", expected="0 for a free one, or 1 to 65535")
    check_installed()
    bar, name = ProgressBar(), f"local:{weights.name}"
    try:
        path = pulled(weights, bar)
    finally:
        bar.end()
    head = checked(name, path, weights.template)
    state = runtime() / f"serve-{os.getpid()}.json"
    words = [*command(name, path, head, state, weights.template), "--port", str(port)]
    log = state.with_suffix(".log")
    given = {**environment(), "AGENTKIT_LOCAL_KEY": secrets.token_urlsafe(24)}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*words, "--foreground"], stdout=subprocess.PIPE, stderr=out, env=given
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode("utf-8", "replace")
        if not line.startswith("READY"):
            raise failed(name, tail_of(log), process.wait())
        told = json.loads(line.removeprefix("READY"))
        say(BANNER.format(name=name, url=told["url"], key=told["key"]))
        process.wait()
        raise LocalFailed(
            f"The server of {name} ended. The end of its log:\n{tail_of(log)}", log=tail_of(log)
        )
    except KeyboardInterrupt:
        say("Stopped.")
        return 0
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
        for file in (state, log):
            file.unlink(missing_ok=True)


def train(options: argparse.Namespace) -> None:
    """Train a model, and print its test at every checkpoint.

    Raises:
        SetupError: it cannot be had or written, or what training needs is not installed.
    """
    try:
        from agentkit.local.training.student import Student
    except ImportError as error:
        raise missing_extra(error) or error from None
    check_target(Path(options.to), options.minutes)
    student = Student.of(options.model.removeprefix("local:"), options.seed)
    say(
        f"{options.minutes:g} minutes of training on {student.threads.count} threads, and the tests"
    )
    with open(options.points or os.devnull, "w", encoding="utf-8") as file:
        for point in student.train(options.minutes):
            say(str(point))
            file.write(point.model_dump_json() + "\n")
            file.flush()
    path = student.save(options.to)
    say(f"{path} ({size(path.stat().st_size)}). Ask it: connect('local:{path}', temperature=0)")


def check_target(path: Path, minutes: float) -> None:
    """See to it that a training of minutes is not lost at its end.

    Raises:
        SetupError: it would be.
    """
    if path.suffix != ".gguf" or not path.absolute().parent.is_dir() or not 0 < minutes < 1e4:
        raise SetupError(
            f"{path} in {minutes:g} minutes cannot be trained",
            expected="a file *.gguf in a folder that exists, and a number of minutes above 0",
            todo="agentkit local train student.gguf --minutes 10",
        )
    check_room(path.absolute().parent, STUDENT)


def main(argv: Sequence[str]) -> int:
    """Run a command; the errors are for who called."""
    options = parser().parse_args(argv)
    if options.action == "list":
        listed()
        return 0
    if options.action == "train":
        train(options)
        return 0
    weights = weights_of(options.model.removeprefix("local:"))
    if options.action == "pull":
        return pull(weights, options.unknown)
    elif options.action == "serve":
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return serve(weights, options.port)
    elif options.action == "rm":
        say(f"removed local:{weights.name}, {size(removed(weights))}")
    elif (path := present(weights)) is not None:
        print(path)
    else:
        print(f"agentkit: local:{weights.name} is not here; agentkit local pull {weights.name}",
              file=sys.stderr)  # fmt: skip
        return 1
    return 0
