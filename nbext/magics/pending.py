"""%pending, %approve, %refuse, %answer: questions to a person, answered from another cell."""

from __future__ import annotations

import getpass
import time

from agentkit import questions
from agentkit.amounts import seconds
from agentkit.questions import Pending
from nbext.magics.base import Magic
from nbext.options import Grammar, Line, Option
from nbext.session import Session, short
from nbext.table import Table, Told

BY = Option(name="--by", value="NAME", help="who answers; by default whoever is logged in")


def grammar(magic: str, usage: str) -> Grammar:
    """All that answer take a question and words."""
    return Grammar(
        magic=magic, usage=usage, options=(BY,), takes=("QUESTION",), least=1, most=1, free=True
    )


APPROVING = grammar("%approve", "QUESTION [words]")
REFUSING = grammar("%refuse", "QUESTION [words]")
ANSWERING = grammar("%answer", "QUESTION words")


def pending(session: Session, line: Line, body: str | None) -> Table:
    """List the questions that wait for a person, of all runs or of RUN, the oldest first.

    A question may be answered in the cell that asks, by %approve, %refuse and %answer in another
    one, by another notebook on the same log, or in a shell: agentkit log approve QUESTION. The
    first answer counts. What a stopped run asked stays open: its answer is used by %resume.
    """
    run = session.find(line.words[0]).id if line.words else None
    found = questions.asked_in(session.log, run)
    return Table(
        head=("question", "run", "who asks", "what", "answers", "asked", "status"),
        rows=tuple(row(one) for one in found),
        empty="No question is open.",
        note="%approve QUESTION, %refuse QUESTION why, %answer QUESTION words" if found else "",
    )


def row(one: Pending) -> tuple[str, ...]:
    """A question as a line of the list."""
    status = "waiting" if one.waiting else "stopped: %resume"
    ago = f"{seconds(max(0.0, time.time() - one.asked))} ago"
    choice = " / ".join(one.options) or "words"
    return (one.id, short(one.run), one.agent, one.text, choice, ago, status)


async def approve(session: Session, line: Line, body: str | None) -> Told:
    """Say yes to a question, in another cell than the one that asks.

    Words go to the model behind the result of the call.

    Example:
        %approve 3f2ab1c0 she is a good customer
    """
    await questions.approve(line.words[0], line.rest.strip(), by=who(line), log=session.log)
    return Told(text="Approved.")


async def refuse(session: Session, line: Line, body: str | None) -> Told:
    """Say no to a question; the words, if any, are told to whoever asks.

    Example:
        %refuse 3f2ab1c0 100 EUR at most
    """
    await questions.refuse(line.words[0], line.rest.strip(), by=who(line), log=session.log)
    return Told(text="Refused.")


async def answer(session: Session, line: Line, body: str | None) -> Told:
    """Answer a question in words.

    Example:
        %answer 3f2ab1c0 Briar
    """
    await questions.answer(line.words[0], line.rest.strip(), by=who(line), log=session.log)
    return Told(text="Answered.")


def who(line: Line) -> str:
    """Who answers."""
    try:
        return line.one("--by") or getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""


PENDING = Magic(
    "pending", "line", Grammar(magic="%pending", usage="[RUN]", takes=("RUN",), most=1), pending,
)  # fmt: skip
APPROVE = Magic("approve", "line", APPROVING, approve)
REFUSE = Magic("refuse", "line", REFUSING, refuse)
ANSWER = Magic("answer", "line", ANSWERING, answer)
