"""What the caller gives to an ask besides its task: for whom it works, which database it uses.

    @tool(effect="pure")
    def orders(user: Context[User], status: str) -> list[str]:
        \"\"\"The orders of the customer.\"\"\"
        return user.value.orders(status)

    await clerk("Which of my orders are late?", context=User("Ann"))

No model is offered it and no log stores it, so a run that goes on later is given it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args, get_origin

T = TypeVar("T")


@dataclass(frozen=True)
class Context(Generic[T]):
    """A tool's parameter of this type brings what the caller gave to this ask."""

    value: T
    """As given: agent(task, context=value)."""
    agent: str = ""
    """Who was asked."""
    run_id: str = ""
    key: str = ""
    """Of this call of a tool, the same when it is made again: for services that tell by such an
    idempotency key that they have done it already."""


class NotGiven:
    """Says that an ask was given no context; None may be one."""

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Any = NotGiven()


def is_context(hint: Any) -> bool:
    """Whether an annotation means the context: Context, Context[User], or None as well."""
    return hint is Context or get_origin(hint) is Context or any(map(is_context, get_args(hint)))
