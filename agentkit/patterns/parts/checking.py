"""Checks of what somebody said, by a rule, a type or an actor; and what the log keeps of them."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.deprecated import moved
from agentkit.messages import JSON, canonical, digest
from agentkit.notes import Note
from agentkit.patterns.parts.forms import filled
from agentkit.patterns.parts.team import flat, text_of
from agentkit.scope import note
from agentkit.typed import explained, validated

Rule = Callable[[Answer], bool | str | Awaitable[bool | str]]
"""True where an answer may go on; False, or why not, where it may not."""

Check = Actor | type[Any] | Rule
"""Another actor, which is asked for a verdict; a type that the answer must fit; or a rule."""

How = Literal["rule", "schema", "actor"]


class AnswerChecked(Note):
    """Somebody looked at an answer."""

    topic = "checked"
    statement: str
    """Digest of its text; see `statement_of`."""
    of: str
    by: str
    how: How
    passed: bool
    reason: str = ""

    def sentence(self) -> str:
        """Who found what."""
        found = "passes" if self.passed else "does not pass"
        because = f": {self.reason}" if self.reason else ""
        return f"What {self.of} said {found} {self.by} ({self.how}){because}."


class Approved(Note):
    """An answer passed all checks, and goes on."""

    topic = "approved"
    statement: str
    of: str
    by: tuple[str, ...]
    attempt: int

    def sentence(self) -> str:
        """Whose, and by whom."""
        late = f", at attempt {self.attempt}" if self.attempt > 1 else ""
        return f"What {self.of} said was approved by {', '.join(self.by)}{late}."


class Withheld(Note):
    """An answer did not pass, and is in quarantine: only the log has it."""

    topic = "quarantine"
    grave = True
    statement: str
    of: str
    reasons: tuple[str, ...]
    instead: str = ""
    """Who or what stands in its place; empty where the ask failed."""

    def sentence(self) -> str:
        """Whose, why, and what stands there."""
        stands = f"; {self.instead} stands in its place" if self.instead else ""
        return f"What {self.of} said is in quarantine ({'; '.join(self.reasons)}){stands}."


class Acceptance(BaseModel, title="Verdict"):
    """Whether an answer may go on, and why."""

    good: bool
    reason: str


def statement_of(text: str) -> str:
    """What names a statement in the log: a digest of its words."""
    return digest(text)[:16]


async def refusal(checks: Sequence[Check], name: str, task: JSON, answer: Answer) -> str:
    """Why an answer may not go on; "" where all checks pass. Each is a note."""
    statement = statement_of(answer.text)
    for one in checks:
        passed, reason, how = await found_by(one, task, answer)
        note(
            AnswerChecked(
                statement=statement,
                of=name,
                by=name_of(one),
                how=how,
                passed=passed,
                reason=flat(reason),
            )
        )
        if not passed:
            return f"{name_of(one)}: {flat(reason)}"
    return ""


async def found_by(one: Check, task: JSON, answer: Answer) -> tuple[bool, str, How]:
    """Whether a check lets an answer pass, why, and of what kind it is."""
    if isinstance(one, Actor):
        asked = f"Is this answer right?\n\nQuestion: {text_of(task)}\n\nAnswer: {answer.text}"
        verdict = filled(Acceptance, await one(asked, output=Acceptance))
        return verdict.good, verdict.reason or ("" if verdict.good else "it says so"), "actor"
    if isinstance(one, type):
        wrong = misfit(one, answer)
        return not wrong, wrong, "schema"
    try:
        found = one(answer)
        good = await found if inspect.isawaitable(found) else found
    except Exception as error:
        return False, f"it failed with {type(error).__name__}: {error}", "rule"
    if good is True:
        return True, "", "rule"
    return False, good if isinstance(good, str) and good else "the rule says so", "rule"


def misfit(kind: type[Any], answer: Answer) -> str:
    """Why an answer does not fit a type; "" where it does."""
    try:
        if answer.data is None:
            validated(answer.text, kind)
        else:
            data = answer.data
            plain = data.model_dump(mode="json") if isinstance(data, BaseModel) else data
            validated(canonical(plain), kind)
    except ValueError as error:
        return explained(error)
    return ""


def name_of(one: Check) -> str:
    """What a check is called."""
    if isinstance(one, Actor):
        return one.name
    return str(getattr(one, "__name__", type(one).__name__))


__getattr__ = moved(__name__, {"Checked": f"{__name__}:AnswerChecked"})
