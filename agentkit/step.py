"""A step that is asked for, and what performing it gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from agentkit.deprecated import moved
from agentkit.errors import SetupError, safe_repr
from agentkit.events import Effect, Failure, StepEnded, StepKind, Usage
from agentkit.messages import JSON, Thread, ThreadMessage
from agentkit.record import call_as_text
from agentkit.scope import Scope

PAID: tuple[StepKind, ...] = ("model", "remote", "trial")
"""Steps that a budget is about."""


KINDS, EFFECTS = frozenset(get_args(StepKind)), frozenset(get_args(Effect))


def check_step(kind: str, name: str, effect: str) -> None:
    """See to it that a step can be recorded as it is called.

    Raises:
        SetupError: it cannot.
    """
    for what, value, known in (("kind", kind, KINDS), ("effect", effect, EFFECTS)):
        if type(value) is not str or value not in known:
            expected = ", ".join(sorted(known))
            raise SetupError(
                f"There is no {what} of step called {safe_repr(value)}.", expected=expected
            )
    if type(name) is not str:
        raise SetupError(f"A step is called {safe_repr(name)}.", expected="a text")


@dataclass(
    slots=True
)  # to make a frozen one, or to read a named tuple, takes several times as long
class StepRequest:
    """A step that is asked for; see `Run.step` for what it is made of. Nobody changes it."""

    kind: StepKind
    name: str
    request: JSON
    effect: Effect
    nodes: Thread
    made: str
    scope: Scope
    """Who asks for it."""
    key: str
    turn: int
    """How many model steps came before it there."""

    @property
    def call(self) -> str:
        """What makes it the same as another one to the world."""
        return call_as_text(self.name, self.request)

    def edited(self, done: StepEnded) -> bool:
        """Whether other code performed it than would now."""
        return bool(self.made and done.made and self.made != done.made)


@dataclass(frozen=True)
class Outcome:
    """What performing a step gave."""

    result: JSON = None
    """A JSON value; of a tool also content, with an image or file in it."""
    nodes: tuple[ThreadMessage, ...] = ()
    error: Failure | None = None
    """A failure that is itself the answer, as a tool's is to a model."""
    usage: Usage | None = None
    cost_usd: float | None = None
    estimated: bool = False
    """Whether usage and cost hold an estimate of an attempt that was cut in flight."""
    doubt: bool = False
    """Whether a `once` step that failed so may have happened all the same."""
    made: str = ""
    """A mark of the code that performed it."""
    first_s: float | None = None
    """Seconds to the first piece of a reply that was streamed."""

    def with_result(self, result: JSON) -> Outcome:
        """The same with another result, as `replace` makes it, in a fifth of its time."""
        one = object.__new__(Outcome)
        one.__dict__.update(self.__dict__, result=result)
        return one


__getattr__ = moved(__name__, {"Step": f"{__name__}:StepRequest"})
