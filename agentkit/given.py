"""What a tool, or a function of instructions, is given beside what the model says.

    @tool(effect="pure")
    async def orders(context: Context[User], status: str) -> list[str]:
        \"\"\"The orders of the customer.\"\"\"
        await context.progress(0.5, "looking")
        return context.deps.orders(status)

    await clerk("Which of my orders are late?", deps=User("Ann"))

No model is offered it and no log stores what the caller gave, so a run that goes on later is given
it again. A tool that wants the run only, and nothing of the caller, takes a Context[None].
"""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Generic, Protocol, TypeVar, get_args, get_origin

from agentkit.errors import SetupError, error_text
from agentkit.events import Usage
from agentkit.messages import JSON, canonical, digest, jsonable
from agentkit.values import in_order

T = TypeVar("T")


class Running(Protocol):
    """The run, as far as a tool needs it."""

    id: str
    seed: int | None

    @property
    def usage(self) -> Usage:
        """What it has used so far."""
        ...

    @property
    def cost_usd(self) -> float | None:
        """What it has cost so far; None where a price is unknown."""
        ...

    async def now(self) -> float:
        """The time, recorded."""
        ...

    async def random(self) -> float:
        """A random number in [0, 1), recorded."""
        ...

    def note(self, what: Any, data: JSON = None) -> None:
        """Record a decision worth showing."""
        ...


@dataclass(frozen=True)
class Left:
    """What of a budget is left; None where there is no bound, or nobody knows what was spent."""

    usd: float | None = None
    tokens: int | None = None


class Office(Protocol):
    """Where a context belongs to: what it asks, tells and reads there."""

    @property
    def run(self) -> Running:
        """The run."""
        ...

    def left(self) -> Left:
        """What of the budget is left."""
        ...

    def left_s(self) -> float | None:
        """The seconds that are left."""
        ...

    async def ask(self, text: str, options: tuple[str, ...], default: str) -> str:
        """Put a question to a person."""
        ...

    def progress(self, share: float, text: str) -> None:
        """Show how far the work is."""
        ...


@dataclass(frozen=True)
class Context(Generic[T]):
    """A tool's parameter of this type brings what the caller gave to this ask, and the run."""

    value: T
    """As given: agent(task, deps=value)."""
    agent: str = ""
    """Who was asked."""
    run_id: str = ""
    key: str = ""
    """Of this call of a tool, the same when it is made again: for services that tell by such an
    idempotency key that they have done it already."""
    office: Office | None = field(default=None, repr=False, compare=False)
    """None where a tool is called by itself, as in a test of it."""

    @property
    def deps(self) -> T:
        """What the caller gave: agent(task, deps=value)."""
        return self.value

    @property
    def run(self) -> Running:
        """The run: what it has used and cost; its time and chance, which are recorded."""
        return self._office("run").run

    @property
    def budget(self) -> Left:
        """What of the run's budget is left."""
        return self.office.left() if self.office is not None else Left()

    @property
    def left_s(self) -> float | None:
        """The seconds that are left until a deadline around; None where there is none."""
        return self.office.left_s() if self.office is not None else None

    async def ask(self, text: str, *, options: tuple[str, ...] = (), default: str = "") -> str:
        """Put a question to the person; asked once, ever, and recorded.

        Args:
            text: the question.
            options: the answers allowed; none means free text.
            default: the answer where nobody is there.
        """
        return await self._office("ask").ask(text, tuple(options), default)

    def progress(self, share: float, text: str = "") -> Awaitable[None]:
        """Show how far the work is, in the cell: `await context.progress(0.4, "page 4 of 10")`.

        A plain function calls it without `await`. Where a tool tells it very often, some are
        left out. Outside of a run it does nothing.

        Args:
            share: of the work that is done, from 0 to 1.
            text: what is being done.

        Raises:
            SetupError: no number from 0 to 1.
        """
        if not isinstance(share, Real) or isinstance(share, bool) or not 0 <= share <= 1:
            raise SetupError(
                f"The progress of a tool of {self.agent or 'an agent'} is {share!r}.",
                expected="the share of the work that is done, from 0 to 1",
            )
        if self.office is not None:
            self.office.progress(float(share), text)
        return DONE

    def _office(self, wanted: str) -> Office:
        if self.office is None:
            raise SetupError(
                f"This context has no {wanted}: it belongs to no run.",
                expected="the context that an agent gives to its tool",
                todo="ask an agent that has the tool; a test can give a ScriptedModel",
            )
        return self.office


class Completed:
    """Something that may be awaited, and need not be."""

    def __await__(self) -> Generator[Any, None, None]:
        yield from ()


DONE = Completed()


class NotGiven:
    """Says that an ask was given no context; None may be one."""

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Any = NotGiven()


def is_context(hint: Any) -> bool:
    """Whether an annotation means the context: Context, Context[User], or None as well."""
    return hint is Context or get_origin(hint) is Context or any(map(is_context, get_args(hint)))


def wants_nothing(hint: Any) -> bool:
    """Whether an annotation means a context without what the caller gives: Context[None]."""
    if get_origin(hint) is Context:
        return get_args(hint) == (type(None),)
    return any(map(wants_nothing, get_args(hint)))


def identity_of(deps: Any, actor: str) -> str:
    """What of the caller's deps decides a step's identity: a digest of their `step_identity()`.

    Returns:
        "" where they have no such method.

    Raises:
        SetupError: it failed, or returned what has no JSON form.
    """
    named = getattr(type(deps), "step_identity", None)
    if named is None and "step_identity" not in getattr(deps, "__dict__", ()):
        return ""
    if not callable(named):
        raise SetupError(
            f"{actor} was not asked: step_identity of its deps, {shown(deps)}, is no method.",
            expected="def step_identity(self): return self.id",
        )
    try:
        return digest(canonical(jsonable(in_order(deps.step_identity()))))
    except Exception as error:
        raise SetupError(
            f"{actor} was not asked: step_identity() of its deps, {shown(deps)}, gave"
            f" nothing that can be recorded: {type(error).__name__}: {error_text(error)}.",
            expected="a value that has a JSON form, such as the id of a customer",
        ) from error


def shown(deps: Any) -> str:
    """Deps in an error: never what is in them."""
    return f"the class {deps.__name__}" if isinstance(deps, type) else f"a {type(deps).__name__}"
