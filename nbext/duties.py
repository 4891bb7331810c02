"""Lines of a cell's body that say who does what: a crew's jobs, a procedure's duties, phases."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from agentkit.actor import Actor
from agentkit.errors import AgentkitError, SetupError
from nbext.options import meant
from nbext.session import Session

if TYPE_CHECKING:
    from agentkit.patterns.chatchain import Phase
    from agentkit.patterns.parts.jobs import Job
    from agentkit.patterns.sop import Duty

ASKED = "Task"
"""Stands for what the team is asked, where a duty reads no document."""


@dataclass(frozen=True)
class LabelledLine:
    """A line `label: text` of a body."""

    number: int
    label: str
    text: str

    def wrong(self, why: str, form: str, todo: str | None = None) -> SetupError:
        """The error that points at the line."""
        line = f"{self.label}: {self.text}"
        return SetupError(f"Line {self.number} of the body, {line!r}: {why}.",
                          expected=form, todo=todo)  # fmt: skip

    def sides(self, mark: str, form: str) -> tuple[str, str]:
        """What stands before and after a mark.

        Raises:
            SetupError: the mark or what stands after it is missing.
        """
        before, found, behind = self.text.partition(mark)
        if not found or not behind.strip():
            raise self.wrong(f"nothing stands after {mark!r}", form)
        return before.strip(), behind.strip()

    def actor(self, session: Session, name: str, form: str) -> Actor:
        """The actor of a name.

        Raises:
            SetupError: none is called so.
        """
        try:
            return session.actor(name)
        except AgentkitError as error:
            raise type(error)(
                f"Line {self.number} of the body: {error.what}", expected=form, todo=error.todo
            ) from error


JOB = "ACTOR: TASK -> RESULT"
DUTY = "ACTOR: TYPE, TYPE -> TYPE: INSTRUCTION"
PHASE = "PHASE: ACTOR + ACTOR: GOAL"


def job(session: Session, said: LabelledLine) -> Job:
    """`searcher: find the home port -> the port`: who, what to do, what comes of it."""
    from agentkit.patterns.parts.jobs import Job

    who = said.actor(session, said.label, JOB)
    task, result = said.sides("->", JOB)
    if not task:
        raise said.wrong("no task stands before '->'", JOB)
    return Job(result, task, result, by=who.name)


def duty(session: Session, said: LabelledLine) -> Duty:
    """`writer: Finding, Tariff -> Letter: be brief`: who, what it reads, writes, and how."""
    from agentkit.patterns.sop import Duty

    who = said.actor(session, said.label, DUTY)
    reads, result = said.sides("->", DUTY)
    name, _, instruction = result.partition(":")
    types = {
        one: value
        for one, value in session.namespace.items()
        if isinstance(value, type) and issubclass(value, BaseModel)
    }

    def document(name: str) -> type[BaseModel]:
        if name not in types:
            known = ", ".join(types) or "none is defined"
            raise said.wrong(f"{name!r} is no type of document",
                             f"a pydantic model of the notebook: {known}",
                             meant(name, types))  # fmt: skip
        return types[name]

    wanted = [one for one in re.split(r"[,\s]+", reads) if one and (one != ASKED or one in types)]
    needed = tuple(document(one) for one in wanted)
    return Duty(who, document(name.strip()), needed, instruction.strip())


def phase(session: Session, said: LabelledLine) -> Phase:
    """`design: mate + clerk: agree on a berth`: who instructs whom, and to what end."""
    from agentkit.patterns.chatchain import Phase

    pair, goal = said.sides(":", PHASE)
    names = [one.strip() for one in pair.split("+")]
    if len(names) != 2 or not all(names):
        raise said.wrong("a phase is a chat of two", PHASE)
    instructor, assistant = (said.actor(session, one, PHASE) for one in names)
    return Phase(said.label, instructor, assistant, goal)


Reader = Callable[[Session, LabelledLine], Any]


@cache
def readers() -> Mapping[Any, tuple[str, Reader]]:
    """What a line is written as and read by, by what a pattern takes a list of.

    The patterns are imported with the first team, not with the extension.
    """
    from agentkit.patterns.chatchain import Phase
    from agentkit.patterns.parts.jobs import Job
    from agentkit.patterns.sop import Duty

    return {Job: (JOB, job), Duty: (DUTY, duty), Phase: (PHASE, phase)}
