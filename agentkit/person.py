"""Questions that only a person can answer, and who that is in this process."""

from __future__ import annotations

import asyncio
import codecs
import os
import select
import sys
import threading
from collections.abc import Awaitable, Callable

from pydantic import PrivateAttr

from agentkit.errors import SetupError, Waiting, safe_repr
from agentkit.messages import JSON, Frozen
from agentkit.notes import Note
from agentkit.threads import in_thread

LOOK_S = 0.05
"""How often it is looked whether a question on the terminal is still open, in seconds."""


class Question(Frozen):
    """Something that only a person can answer."""

    text: str
    options: tuple[str, ...] = ()
    """The answers allowed; none means free text."""
    default: str = ""
    """The answer when nobody gives one in time."""
    timeout_s: float | None = None
    words: bool = False
    """Whether other words than the options are an answer too, such as "yes, but only 20 t"."""
    run: str = ""
    """The run that waits for the answer."""
    agent: str = ""
    """Who asks."""
    tool: str = ""
    """The tool that may be called, if that is the question."""
    arguments: JSON = None
    """What it is called with, every field of it, secrets hidden."""
    _known_as: str | None = PrivateAttr(default=None)

    def identity(self) -> dict[str, JSON]:
        """What makes two questions of one actor the same."""
        known = self.model_dump(mode="json", include={"text", "options", "default", "timeout_s"})
        return known if self._known_as is None else {**known, "text": self._known_as}

    def known_as(self, text: str) -> Question:
        """The question, which is the same as the one of that text."""
        made = self.model_copy()
        made._known_as = text
        return made


Person = Callable[[Question], Awaitable[str]]
"""Who answers: async (Question) -> answer. Raises Nobody when there is no person."""


class DefaultTaken(Note):
    """Nobody answered a question, so its default is the answer."""

    topic = "default"
    says = "Nobody answered for {actor}, so the answer is {answer!r}: {reason}"
    grave = True
    actor: str = ""
    answer: JSON
    reason: str = ""


class AnsweredBy(Note):
    """Somebody answered a question from elsewhere: in another cell, process or page."""

    topic = "answered_by"
    says = "{by} answered {answer!r}."
    by: str
    answer: JSON
    words: str = ""
    """What was said besides."""


class Nobody(Exception):
    """There is no person to answer; the question's default is the answer."""


async def wait_for_answer(question: Question) -> str:
    """Nobody sits here: the question waits until somebody answers it in the log.

    For a process without a keyboard, as a web server: `set_person(wait_for_answer)`, or for one
    run `await team(task, person=wait_for_answer)`. See `agentkit.pending` and `agentkit.approve`.
    """
    never: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    return await never


async def stop_for_answer(question: Question) -> str:
    """Nobody sits here, and nothing waits: the run stops, and is resumed after an answer.

    Raises:
        Waiting: always.
    """
    raise Waiting(
        f"Run {question.run} waits for an answer to: {question.text}",
        todo="answer it (await pending(), %pending, `agentkit log pending`), then resume the run",
        run_id=question.run,
    )


async def console(question: Question) -> str:
    """Ask on the terminal; one question at a time.

    A question that is given up leaves nothing behind that waits for the keyboard.

    Raises:
        Nobody: there is no terminal, or its input has ended.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise Nobody
    options = f" [{'/'.join(question.options)}]" if question.options else ""
    over = threading.Event()
    try:
        line = await in_thread(lambda: typed(f"{question.text}{options} ", over))
    finally:
        over.set()
    if not line:
        raise Nobody
    return line.strip() or question.default


def typed(prompt: str, over: threading.Event) -> str:
    """A line from the terminal; empty when its input ended, or the question is over."""
    while not _terminal.acquire(timeout=LOOK_S):
        if over.is_set():
            return ""
    try:
        print(prompt, end="", flush=True)
        decoder = codecs.getincrementaldecoder(sys.stdin.encoding or "utf-8")("replace")
        line, file = "", sys.stdin.fileno()
        while not over.is_set() and not line.endswith("\n"):
            if readable(file):
                data = os.read(file, 4096)
                if not data:
                    break
                line += decoder.decode(data)
        return line
    finally:
        _terminal.release()


def readable(file: int) -> bool:
    """Whether a line lies ready, after a short wait; where that cannot be asked, reading waits."""
    if sys.platform == "win32":
        return True
    return bool(select.select([file], [], [], LOOK_S)[0])


_terminal = threading.Lock()

_person: Person = console


def set_person(person: Person | None) -> Person:
    """Who answers questions in this process from now on; returns who did before.

    Args:
        person: async (Question) -> answer; None is the terminal.
    """
    global _person
    before, _person = _person, person or console
    return before


async def persons_answer(question: Question, person: Person | None = None) -> tuple[str, str]:
    """What the person says, and "": or the question's default, and why that is the answer.

    Raises:
        SetupError: it is no text.
        Exception: what the person raises.
    """
    try:
        async with asyncio.timeout(question.timeout_s) as limit:
            said: object = await (person or _person)(question)
    except Nobody:
        return question.default, "nobody is there to answer"
    except TimeoutError:
        if not limit.expired():
            raise
        return question.default, f"no answer within {question.timeout_s:g} s"
    if isinstance(said, str):
        return said, ""
    raise SetupError(
        f"The person= who was asked {safe_repr(question.text)} returned {safe_repr(said)}.",
        expected=" or ".join(map(repr, question.options)) or "a text",
        todo="let person= return a text; to take the question's default: raise Nobody",
    )


def agreed(said: str) -> bool:
    """Whether an answer is a plain yes."""
    return said.strip().rstrip(".!").casefold() in ("yes", "y")


def is_plain_no(said: str) -> bool:
    """Whether an answer is a plain no."""
    return said.strip().rstrip(".!").casefold() in ("", "no", "n")
