"""check: what an exercise asks for, claim by claim, with a hint where it is not met yet.

A check judges one try by itself: it looks at what this try did and said, and at what it makes of
inputs that the exercise does not show, so that an answer written in by hand is not enough.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from agentkit.errors import SetupError
from agentkit.messages import Frozen
from agentkit.pictures.svg import clean
from agentkit.words import UNREAD, for_terminal

if TYPE_CHECKING:
    from agentkit.grading import Assignment
    from agentkit.grading.selfcheck import TriedAnswer

MET, OPEN = "✓", "○"


class Requirement(Frozen):
    """One thing that a solution has to reach."""

    text: str
    met: bool
    hint: str = ""
    """Said while it is not met."""


class ExerciseResult(Frozen):
    """Which claims hold; it shows itself and never raises, so that Run All goes on."""

    claims: tuple[Requirement, ...]

    @property
    def solved(self) -> bool:
        """Whether all of them hold."""
        return all(claim.met for claim in self.claims)

    @property
    def headline(self) -> str:
        """How far it is."""
        met = sum(claim.met for claim in self.claims)
        return "Solved." if self.solved else f"Not yet: {met} of {len(self.claims)}."

    def __repr__(self) -> str:
        lines = [f"{tick_of(c)} {c.text}{'' if c.met else hinted(c)}" for c in self.claims]
        return for_terminal("\n".join([self.headline, *lines]))

    __str__ = __repr__

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<div style="color:{"#2e9e6b" if c.met else "inherit"}">{tick_of(c)} {clean(c.text)}'
            f'<span style="opacity:.75">{"" if c.met else clean(hinted(c))}</span></div>'
            for c in self.claims
        )
        return f'<div class="{UNREAD}"><b>{self.headline}</b>{rows}</div>'


def tick_of(claim: Requirement) -> str:
    """A tick, or an empty circle."""
    return MET if claim.met else OPEN


def hinted(claim: Requirement) -> str:
    """The hint after a claim that does not hold."""
    return f" - {claim.hint}" if claim.hint else ""


def check(*claims: tuple[str, object] | tuple[str, object, object]) -> ExerciseResult:
    """Judge an exercise: each claim is (what should hold, whether it does[, a hint]).

    What calls the reader's own code is given as a function: it is called here, and an error
    that it raises is told as what is missing, instead of ending the cell.

    Example:
        check(
            ("the editor was asked once", len(asked) == 1, "look for step.started events"),
            ("any order gives the same", lambda: merged([a, b]) == merged([b, a])),
        )
    """
    return ExerciseResult(claims=tuple(judged(*claim) for claim in claims))


def judged(text: str, met: object, hint: object = "") -> Requirement:
    """A claim, looked at; a function is called, and what it raises is a hint."""
    try:
        held = bool(met() if callable(met) else met)
    except Exception as error:
        return Requirement(
            text=text, met=False, hint=f"{hint or 'it raised'}: {told(error)}".strip(": ")
        )
    return Requirement(
        text=text, met=held, hint=told(hint) if isinstance(hint, Exception) else str(hint)
    )


def told(error: Exception) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


async def outcome(work: Callable[[], Any]) -> Any:
    """What comes of a call, or the error that it ends with, so that a check can judge either.

    Example:
        ruling = await outcome(lambda: quorum(clerks, k)(question))
    """
    try:
        found = work()
        return await found if inspect.isawaitable(found) else found
    except Exception as error:
        return error


async def tried(assignment: str | Assignment, *, each: int = 4) -> TriedAnswer:
    """Put fresh cases of an assignment to what this notebook defines, with the rules of its grade.

    Args:
        assignment: it, or its FILE.py:NAME.
        each: cases of each rule.

    Raises:
        SetupError: no such assignment, or nothing here that answers it.

    Example:
        await tried("harbour.py:assignment")

    What is tried is what the executed cells define: imports, functions, classes and constants, as
    they are taken of a notebook that is handed in. Each try draws other cases.
    """
    from IPython import get_ipython

    from agentkit.entrypoints import objects_meant
    from agentkit.grading import Assignment, selfcheck
    from agentkit.grading.handed import definitions

    chosen = objects_meant(assignment)[0] if isinstance(assignment, str) else assignment
    shell = get_ipython()
    if not isinstance(chosen, Assignment) or shell is None:
        raise SetupError(
            f"{chosen!r} cannot be tried here.", expected="an Assignment, in a notebook"
        )
    cells = [definitions(str(cell)) for cell in shell.user_ns["In"]]
    return await selfcheck.tried("\n\n".join(filter(None, cells)), chosen, each=each)
