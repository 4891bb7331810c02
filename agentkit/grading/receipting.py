"""`agentkit receipts ...`: a gateway that signs what it served; logs checked by what it signed."""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from agentkit.errors import SetupError
from agentkit.grading.gateway import Gateway, ReceiptBook
from agentkit.grading.receipts import checked, student_key
from agentkit.logs import open_log
from agentkit.words import for_terminal

UPSTREAM_KEY = "AGENTKIT_UPSTREAM_KEY"
HELP = """usage: agentkit receipts {key,serve,check} ...

  key NAME... --secret FILE        a key for each student; the secret is made if it is not there
  serve --upstream URL --secret FILE --book FILE   the gateway that students ask
  check LOG RECEIPTS --secret FILE --student NAME  which calls of a log it signed
"""


def main(arguments: Sequence[str]) -> int:
    """Run one of the actions.

    Raises:
        SetupError: there is no such action, or it has none to work on.
    """
    actions: dict[str, Callable[[Sequence[str]], int]] = {
        "key": keys, "serve": serve, "check": check,
    }  # fmt: skip
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.stdout.write(HELP)
        return 0
    if arguments[0] not in actions:
        raise SetupError(
            f"There is no agentkit receipts {arguments[0][:40]}.", expected=", ".join(actions)
        )
    return actions[arguments[0]](arguments[1:])


def parser(name: str, text: str) -> argparse.ArgumentParser:
    """The parser of an action, all of which need the secret."""
    made = argparse.ArgumentParser(prog=f"agentkit receipts {name}", description=text)
    made.add_argument("--secret", required=True, metavar="FILE", help="what signs: tell nobody")
    return made


def keys(arguments: Sequence[str]) -> int:
    """Print a key for each student, as CSV."""
    given = parser("key", "A key of the gateway for each student, which follows from the name.")
    given.add_argument("students", nargs="+", metavar="NAME")
    told = given.parse_args(arguments)
    path = Path(told.secret)
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    secret = secret_of(path)
    made = [(name, student_key(secret, name)) for name in told.students]
    csv.writer(sys.stdout, lineterminator="\n").writerows([("name", "key"), *made])
    return 0


def secret_of(path: str | Path) -> bytes:
    """The secret in a file.

    Raises:
        SetupError: there is none, or one that can be guessed.
    """
    try:
        found = Path(path).read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise SetupError(
            f"The secret {path} cannot be read: {type(error).__name__}.",
            expected="a file that `agentkit receipts key NAME --secret FILE` made",
        ) from error
    if len(found) < 32:
        raise SetupError(f"The secret {path} is short.", expected="32 letters and more")
    return found.encode()


def upstream_keys(path: str | None) -> Callable[[str], str | None]:
    """The endpoint's key for each student: of a table of names and keys, else one for all.

    Raises:
        SetupError: there is no such table.
    """
    if path is None:
        one = os.environ.get(UPSTREAM_KEY)
        return lambda student: one
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            rows = {row[0]: row[1] for row in csv.reader(file) if len(row) > 1}
    except (OSError, ValueError, csv.Error) as error:
        raise SetupError(
            f"The keys {path} cannot be read: {type(error).__name__}.", expected="name,key"
        ) from error
    return rows.get


def serve(arguments: Sequence[str]) -> int:
    """Serve the gateway until it is told to stop."""
    given = parser("serve", "A gateway before an endpoint that signs each reply.")
    given.add_argument("--upstream", required=True, metavar="URL", help="an endpoint, with its /v1")
    given.add_argument("--book", default="receipts.jsonl", metavar="FILE")
    given.add_argument(
        "--keys", metavar="CSV",
        help=f"the endpoint's key for each student: name,key; default: ${UPSTREAM_KEY} for all",
    )  # fmt: skip
    given.add_argument("--host", default="127.0.0.1")
    given.add_argument("--port", type=int, default=8020)
    told = given.parse_args(arguments)
    if not told.upstream.startswith(("http://", "https://")):
        raise SetupError(f"{told.upstream[:80]} is no address.", expected="http:// or https://")
    book = ReceiptBook(told.book, secret_of(told.secret))
    app = Gateway(book, told.upstream, upstream_keys(told.keys)).app()
    print(f"signs what {for_terminal(told.upstream)} says: http://{told.host}:{told.port}/v1")
    uvicorn.run(app, host=told.host, port=told.port, log_level="warning", access_log=False)
    return 0


def check(arguments: Sequence[str]) -> int:
    """Compare a log with receipts.

    Returns:
        0 if the gateway signed every call in the log and every receipt is genuine; else 1.
    """
    given = parser("check", "Which model calls of a log that was handed in the gateway signed.")
    given.add_argument("log", help="a file, or the URL of a log")
    given.add_argument("receipts", help="lines of JSON, as GET /receipts gave them")
    given.add_argument("--student", required=True, metavar="NAME")
    told = given.parse_args(arguments)
    if "://" not in told.log and not Path(told.log).is_file():
        raise SetupError(f"There is no log {told.log}.", expected="a file, or a URL")
    try:
        lines = Path(told.receipts).read_text("utf-8", errors="replace").splitlines()
    except OSError as error:
        raise SetupError(
            f"The receipts {told.receipts} cannot be read: {type(error).__name__}."
        ) from error
    url = told.log if "://" in told.log else f"sqlite:///{Path(told.log).resolve()}"
    with contextlib.closing(open_log(url)) as log:
        wrong = log.verify()
        found = checked(log, lines, secret_of(told.secret), told.student)
    print(for_terminal("\n".join([*(f"the log: {one}" for one in wrong[:20]), str(found)])))
    return 0 if found.whole and not wrong else 1
