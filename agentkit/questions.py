"""Questions to a person as facts in the log: which are open, and what was answered, by whom.

A question is a step of its run, so it is known by an id that stays the same when the run goes on
in another process. Its answer is a sequence of events of its own, with one commit: whoever
begins it has answered, and whoever comes later is told (`AlreadyAnswered`). So a person may answer
in the cell, in another process or by a web page; the first answer counts, also one that was given
while nobody was there to hear it.

    for question in await pending():
        await question.approve(by="ann")
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import PrivateAttr

from agentkit.errors import AlreadyAnswered, RunTaken, SetupError, UnknownQuestion, safe_repr
from agentkit.events import (
    ANSWER,
    Event,
    Noted,
    Ref,
    RunEnded,
    RunStarted,
    ScopeClosed,
    ScopeOpened,
    StepEnded,
    StepStarted,
)
from agentkit.lease import owner_gone
from agentkit.log import Log, RunInfo
from agentkit.logs import open_log
from agentkit.messages import JSON, Frozen, digest
from agentkit.notes import Note
from agentkit.person import Person, Question, persons_answer

ID = 16
"""Digits of a question's id."""

YES, NO = "yes", "no"


class GivenAnswer(Note):
    """What a question was answered."""

    topic = "answer"
    says = "{by} answered {text!r}"
    text: str
    by: str = ""
    """Who answered; empty where nobody said it, or whoever sat before the process that asked."""
    words: str = ""
    """What was said besides."""
    reason: str = ""
    """Why the text is the question's default; empty where somebody gave it."""


class Pending(Frozen):
    """A question that waits for a person."""

    id: str
    """The same when its run goes on in another process."""
    run: str
    agent: str
    """Who asks."""
    text: str
    options: tuple[str, ...] = ()
    """The answers allowed; none means free text."""
    default: str = ""
    words: bool = False
    """Whether other words than the options are an answer too."""
    tool: str = ""
    """The tool that may be called, if that is the question."""
    arguments: JSON = None
    """What it is called with, every field of it, secrets hidden."""
    asked: float = 0.0
    """When it was asked last: Unix time in seconds."""
    waiting: bool = True
    """Whether its run waits for it now. Else an answer is used when the run is resumed."""
    _log: Any = PrivateAttr(default=None)

    async def approve(self, words: str = "", *, by: str = "", log: Log | None = None) -> None:
        """Say yes; see `approve`."""
        await approve(self, words, by=by, log=log or self._log)

    async def refuse(self, words: str = "", *, by: str = "", log: Log | None = None) -> None:
        """Say no; see `refuse`."""
        await refuse(self, words, by=by, log=log or self._log)

    async def answer(self, text: str, *, by: str = "", log: Log | None = None) -> None:
        """Answer it; see `answer`."""
        await answer(self, text, by=by, log=log or self._log)


class OpenQuestions:
    """The questions of a run that are open, kept up to date by `add`.

    One whose run was stopped stays open, for a resume asks it again. One that was given up while
    who asked went on, as by a join, does not.
    """

    def __init__(self) -> None:
        self.open: dict[str, StepStarted] = {}
        self.stopped: dict[str, StepStarted] = {}
        self.scopes: dict[str, ScopeOpened] = {}

    def add(self, event: Any) -> None:
        """Take one event into account."""
        match event:
            case StepStarted(step="person"):
                self.open[event.key] = event
            case StepEnded(step="person"):
                one = self.open.pop(event.key, None)
                if event.status != "ok" and one is not None:
                    self.stopped[event.key] = one
            case ScopeOpened():
                self.scopes[event.scope] = event
            case ScopeClosed(status="ok"):
                for key, one in list(self.stopped.items()):
                    if event.scope in self.around(one.scope):
                        del self.stopped[key]
            case RunEnded():
                self.open = {} if event.status == "ok" else self.open | self.stopped
                self.stopped = {}

    def around(self, scope: str) -> list[str]:
        """A scope and those around it."""
        found: list[str] = []
        while scope in self.scopes and scope not in found:
            found.append(scope)
            scope = self.scopes[scope].parent
        return found

    def listed(self, info: RunInfo, log: Log | None = None) -> list[Pending]:
        """What is open, the oldest first."""
        waiting = info.status == "open" and not owner_gone(info.owner)
        return [self._pending(one, waiting, log) for one in self.open.values()]

    def _pending(self, step: StepStarted, waiting: bool, log: Log | None) -> Pending:
        told = step.request if isinstance(step.request, dict) else {}
        scope = self.scopes.get(step.scope)
        fields = {name: one for name, one in told.items() if name in Pending.model_fields}
        agent = fields.pop("agent", "") or (scope.actor if scope else "")
        made = Pending(
            **{"text": step.name, **fields},
            agent=agent,
            id=question_id(step.run, step.key),
            run=step.run,
            asked=step.at,
            waiting=waiting,
        )
        made._log = log
        return made


def question_id(run: str, key: str) -> str:
    """The id of a question, by its run and step."""
    return digest(run, key)[:ID]


def open_in(events: Iterable[Event], info: RunInfo, log: Log | None = None) -> list[Pending]:
    """The questions of a run that are open, by its events."""
    asked = OpenQuestions()
    for event in events:
        asked.add(event)
    return asked.listed(info, log)


async def pending(log: Log | None = None, run: str | None = None) -> list[Pending]:
    """List the questions that wait for a person, the oldest first, whichever process asks them.

    Args:
        log: the default log without one.
        run: only those of this run.

    Raises:
        UnknownRun, LogError: it cannot be read.
    """
    log = log or open_log()
    await log.settled()
    return asked_in(log, run)


def asked_in(log: Log, run: str | None = None) -> list[Pending]:
    """The same, at once."""
    if run is not None:
        log.read(run, upto=1)  # says which runs there are, if it is none of them
    ids = {run} if run is not None else set(log.asking())
    infos = [info for info in log.runs() if info.id in ids and info.status != "ok"]
    found = [one for info in infos for one in open_in(log.read(info.id), info, log)]
    return sorted((one for one in found if not log.has(ANSWER + one.id)), key=lambda one: one.asked)


async def approve(
    question: Pending | str, words: str = "", *, by: str = "", log: Log | None = None
) -> None:
    """Say yes to a question, from wherever.

    Args:
        question: it, or its id or the beginning of that.
        words: kept with the answer. Where a tool may be called, the model is told them behind
            the result of the call: such as "yes, but send her the receipt".
        by: who answers, for the record.
        log: the default log without one.

    Raises:
        AlreadyAnswered: somebody was faster, or its default was taken.
        UnknownQuestion: no such question is open.
        SetupError: it is not answered by yes or no.
        LogError: the answer could not be recorded.
    """
    log, found = looked_up(question, log)
    await give(log, found, worded(text=decided(found, YES), words=words, by=by))


async def refuse(
    question: Pending | str, words: str = "", *, by: str = "", log: Log | None = None
) -> None:
    """Say no to a question, from wherever; the words, if any, are told to whoever asks.

    Raises:
        AlreadyAnswered, UnknownQuestion, SetupError, LogError: as `approve`.
    """
    log, found = looked_up(question, log)
    no = decided(found, NO)
    text = words if words and found.words else no
    await give(log, found, worded(text=text, words=words, by=by))


async def answer(
    question: Pending | str, text: str, *, by: str = "", log: Log | None = None
) -> None:
    """Answer a question in words, from wherever.

    Raises:
        AlreadyAnswered, UnknownQuestion, LogError: as `approve`.
        SetupError: it has options, and this is none.
    """
    log, found = looked_up(question, log)
    if found.options and not found.words and text not in found.options:
        raise SetupError(
            f"{safe_repr(text)} is no answer to {safe_repr(found.text)}.",
            expected=" or ".join(found.options),
        )
    await give(log, found, worded(text=text, by=by))


def decided(question: Pending, word: str) -> str:
    """Yes or no as the question has it.

    Raises:
        SetupError: it is not answered so.
    """
    for option in question.options:
        if option.casefold() == word:
            return option
    raise SetupError(
        f"The question {safe_repr(question.text)} is not answered by {word}.",
        expected=" or ".join(question.options) or "free text",
        todo=f"answer it in words: await answer({safe_repr(question.id)}, ...)",
    )


def looked_up(question: Pending | str, log: Log | None) -> tuple[Log, Pending]:
    """The question, and the log that it is in.

    Raises:
        AlreadyAnswered, UnknownQuestion: it is not open.
    """
    log = log or open_log()
    id: object = question.id if isinstance(question, Pending) else question
    if not isinstance(id, str):
        raise SetupError(
            f"A question is answered that is {safe_repr(id)}.",
            expected="one of `await pending()`, or its id",
        )
    if (known := given(log, id)) is not None:
        raise already(id, known)
    found = [one for one in asked_in(log) if id and one.id.startswith(id)]
    if len(found) != 1:
        known_ids = ", ".join(one.id for one in asked_in(log)) or "none"
        raise UnknownQuestion(
            f"The log {log.url} has no open question {safe_repr(id)}.",
            expected=f"the id of one, or its beginning: {known_ids}; of one that has an answer the"
            " whole id tells what that is",
            todo="list them: await pending(), %pending or `agentkit log pending`",
        )
    return log, found[0]


def worded(**said: str) -> GivenAnswer:
    """What was answered.

    Raises:
        SetupError: some of it is no text.
    """
    for name, one in said.items():
        if not isinstance(one, str):
            raise SetupError(
                f"A question is answered with {name}={safe_repr(one)}.",
                expected="a text, or nothing",
            )
    return GivenAnswer(**said)


async def give(log: Log, question: Pending, said: GivenAnswer) -> None:
    """Record the answer to a question, unless it has one.

    Raises:
        AlreadyAnswered: it has. LogError: it could not be recorded.
    """
    id = ANSWER + question.id
    lease = log.begin(id)
    lease.what = "answer"
    now = log.clock()
    origin = Ref(run=question.run, seq=1)
    log.append(
        lease,
        RunStarted(run=id, seq=1, at=now, scope="", name="answer", origin=origin, what="answer"),
        Noted(run=id, seq=2, at=now, scope="", topic=said.topic, data=said.data()),
        RunEnded(run=id, seq=3, at=now, scope="", status="ok"),
    )
    try:
        await log.flush(lease)
    except RunTaken as error:
        raise already(question.id, given(log, question.id)) from error


def given(log: Log, id: str) -> GivenAnswer | None:
    """The answer to the question of that id; None while there is none."""
    if not log.has(ANSWER + id):
        return None
    for event in log.read(ANSWER + id):
        if isinstance(event, Noted) and isinstance(said := event.note, GivenAnswer):
            return said
    return GivenAnswer(text="", reason="what was answered is gone")


def already(id: str, said: GivenAnswer | None) -> AlreadyAnswered:
    """The error for a second answer to a question."""
    how = "has an answer"
    if said is not None:
        how = f"was answered {safe_repr(said.text)}" + (f" by {said.by}" if said.by else "")
        how += f" (its default: {said.reason})" if said.reason else ""
    return AlreadyAnswered(
        f"The question {id} {how}.",
        expected="one answer; the first one counts",
        key=id,
        said=said.text if said else "",
        by=said.by if said else "",
    )


async def heard(log: Log, key: str, question: Question, person: Person | None) -> GivenAnswer:
    """Put a question to the person here, and take the first answer, from here or from elsewhere.

    Args:
        log: where its run is recorded.
        key: of its step.
        question: with the id of its run.
        person: who answers here; whoever was set for this process without one.

    Raises:
        Exception: what the person here raises.
    """
    id = question_id(question.run, key)
    if (known := given(log, id)) is not None:
        return known
    here = asyncio.ensure_future(persons_answer(question, person))
    elsewhere = asyncio.ensure_future(log.begun(ANSWER + id))
    both: Sequence[asyncio.Future[Any]] = (here, elsewhere)
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if elsewhere.done():
            elsewhere.result()
            if (known := given(log, id)) is not None:
                here.cancel(known)
                return known
        text, reason = await here
        said = GivenAnswer(text=text, reason=reason)
        try:
            await give(log, Pending(id=id, run=question.run, agent="", text=""), said)
        except AlreadyAnswered:
            return given(log, id) or said
        return said
    finally:
        for one in both:
            one.cancel()
        await asyncio.gather(*both, return_exceptions=True)
