"""Questions whose answers can be checked: of the world, pairs, or with a check of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from agentkit.errors import SetupError, full_text
from agentkit.messages import digest
from agentkit.sim.world.questions import PortQuestion

Check = Callable[[str], bool]
"""Whether an answer's text is right."""


@runtime_checkable
class CheckedQuestion(Protocol):
    """A question with its own check, such as those of the port of Amber."""

    @property
    def text(self) -> str:
        """What is asked."""
        ...

    def check(self, text: str) -> bool:
        """Return whether an answer's text is right."""
        ...


@dataclass(frozen=True)
class AskedQuestion:
    """A question as `compare` asks it."""

    id: str
    text: str
    check: Check


def items(questions: Sequence[Any]) -> tuple[AskedQuestion, ...]:
    """Return the questions, checked and each with an id.

    Args:
        questions: Checked ones; or (text, answer) with a name, which must occur in the
            reply's words, or a number, which must be its last; or (text, check).

    Raises:
        SetupError: none, one of another form, or one twice.
    """
    if isinstance(questions, str) or not isinstance(questions, Iterable):
        raise SetupError(f"{questions!r} are no questions.", expected="a list of them")
    found = tuple(item(one) for one in questions)
    if not found:
        raise SetupError("There are no questions.", expected="at least one")
    for kind in ("id", "text"):
        seen = [getattr(one, kind) for one in found]
        twice = sorted({one for one in seen if seen.count(one) > 1})
        if twice:
            raise SetupError(
                f"The {kind} {twice[0]!r} occurs twice among the questions.",
                expected="every question once",
                todo="for repeated measurements give several seeds",
            )
    return found


def item(question: Any) -> AskedQuestion:
    """Return one question.

    Raises:
        SetupError: it has no text, or no way to check an answer.
    """
    match question:
        case str():
            pass
        case (str(text), check) if callable(check):
            return AskedQuestion(text_id(text), text, check)
        case (str(text), bool(answer)):
            return item((text, "yes" if answer else "no"))
        case (str(text), str() | int() | float() as answer):
            known = answer if isinstance(answer, str) else float(answer)
            return AskedQuestion(
                text_id(text), text, PortQuestion("", 0, text, known, 0.0, ()).check
            )
        case CheckedQuestion():
            id = str(getattr(question, "id", text_id(question.text)))
            return AskedQuestion(id, question.text, question.check)
    raise SetupError(
        f"{question!r} is no question whose answer can be checked.",
        expected="a question of the world, (text, answer), or (text, check)",
    )


def text_id(text: str) -> str:
    """Return an id for a question that has none."""
    return digest(text)[:8]


def judged(one: AskedQuestion, text: str) -> bool:
    """Return whether an answer's text is right.

    Raises:
        SetupError: the question's own check failed.
    """
    try:
        return bool(one.check(text))
    except Exception as error:
        raise SetupError(
            f"The check of question {one.id} failed on {text[:80]!r}: {full_text(error)}.",
            expected="a function of the answer's text that returns True or False",
            todo="mend it and call again; the answers are recorded and not paid again",
        ) from error
