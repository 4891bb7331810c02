"""`agentkit log pending|approve|refuse`: questions to a person, answered from a shell."""

from __future__ import annotations

import argparse
import asyncio
import getpass
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any

from agentkit.errors import SetupError
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.questions import Pending, answer, approve, asked_in, refuse
from agentkit.words import for_terminal

COMMANDS = {
    "pending": "the questions that wait for a person, the oldest first",
    "approve": "say yes to a question; words besides are told to the model after the result",
    "refuse": "say no to a question; words besides are told to whoever asks",
    "answer": "answer a question in words",
}


SAYING: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {
    "approve": approve,
    "refuse": refuse,
    "answer": answer,
}


def options(action: argparse.ArgumentParser, name: str) -> None:
    """What the commands take."""
    if name == "pending":
        action.add_argument("run", nargs="?", default="", help="only those of this run")
        return
    action.add_argument("question", help="its id, or the beginning of that")
    action.add_argument("words", nargs="*")
    action.add_argument("--by", default="", help="who answers; by default whoever is logged in")


def take(given: argparse.Namespace, rest: Sequence[str]) -> bool:
    """Take words that stand after `--by NAME`, which argparse leaves over; False if none may."""
    fits = hasattr(given, "words") and not any(one.startswith("-") for one in rest)
    if fits:
        given.words += rest
    return fits


def perform(log: Log, given: argparse.Namespace, url: str | None) -> int:
    """Do what is asked, and say so.

    Args:
        log: as it was opened, which may be to read it only.
        given: the words of the command.
        url: opens it.

    Raises:
        AlreadyAnswered, UnknownQuestion, LogError: it cannot be done.
    """
    if given.action == "pending":
        found = asked_in(log, log.find(given.run) if given.run else None)
        print("\n".join(map(told, found)) or f"No question is open in {for_terminal(log.url)}.")
        return 0
    words, by = " ".join(given.words), given.by or who()
    if given.action == "answer" and not words:
        raise SetupError("There is no answer.", expected="agentkit log answer QUESTION WORDS")
    writing = open_log(url) if getattr(log, "read_only", False) else log
    try:
        asyncio.run(SAYING[given.action](given.question, words, by=by, log=writing))
    finally:
        if writing is not log:
            writing.close()
    print("recorded")
    return 0


def told(one: Pending) -> str:
    """A question in two lines."""
    at = datetime.fromtimestamp(one.asked).strftime("%Y-%m-%d %H:%M:%S")
    how = "waits" if one.waiting else "its process is gone, or it was stopped: resume the run"
    choice = f" [{'/'.join(one.options)}]" if one.options else ""
    head = for_terminal(f"{one.id}  {at}  {one.agent}  run {one.run}  {how}", one_line=True)
    return f"{head}\n    {for_terminal(one.text + choice, one_line=True)}"


def who() -> str:
    """Whoever is logged in; empty where nobody knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
