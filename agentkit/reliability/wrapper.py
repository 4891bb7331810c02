"""What all wrappers of a model share, and the order in which they are put around each other.

From the outside in:

| place | wrapper | why there |
|---|---|---|
| 1 | fallback | another model takes over only when all else failed |
| 2 | cache | what is known costs nothing and waits for nobody |
| 3 | deadline | bounds a turn with all its attempts and waits |
| 4 | retry | each attempt goes through all that follows |
| 5 | hedge | two requests of one attempt; their clock starts when the first is sent |
| 6 | concurrency | requests at once: whoever has a place waits inside for the rest |
| 7 | breaker | lets nobody wait for the rate in vain, and looks once more when a request is sent |
| 8 | limit | counts requests and tokens when they are sent, so no queue bunches them up later |

Each may be left out; one that is put in another place is a SetupError.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from agentkit.errors import SetupError, safe_repr
from agentkit.holds import Bound, bound_of
from agentkit.messages import JSON
from agentkit.model import Model, OnText, Options, Reply, Request

ORDER = ("fallback", "cache", "deadline", "retry", "hedge", "concurrency", "breaker", "limit")
"""The wrappers from the outside in."""


class Wrapper:
    """A Model around another one. A subclass has its `technique` and its `__call__`."""

    technique: ClassVar[str] = ""
    """Its name in ORDER."""
    queues: ClassVar[bool] = False
    """Whether a call may wait in it for others before it is sent on."""

    def __init__(self, model: Model) -> None:
        """Wrap a model.

        Raises:
            SetupError: it is no model, or this wrapper belongs inside those around it already.
        """
        checked_order(self.technique, model)
        self.model, self.name = model, model.name
        self.options: Options = getattr(model, "options", None) or Options()

    @property
    def settings(self) -> JSON:
        """What was set on the model it wraps: a wrapper changes no step's identity."""
        return getattr(self.model, "settings", None)

    async def __call__(self, request: Request, on_text: OnText | None = None) -> Reply:
        """Ask; see agentkit.model.Model."""
        raise NotImplementedError

    def bound(self, request: Request) -> Bound | None:
        """The most that one attempt may take."""
        return bound_of(self.model, request)

    def set_to(self) -> str:
        """How it was set, in words."""
        return ""

    def state(self) -> str:
        """What it is like now, in words; empty where it has no state."""
        return ""

    def __repr__(self) -> str:
        return f"{self.model!r}.{self.technique}({self.set_to()})"

    async def aclose(self) -> None:
        """Close the model it wraps."""
        close = getattr(self.model, "aclose", None)
        if close is not None:
            await close()


def layers(model: Model) -> Iterator[Model]:
    """A model, what it wraps, and so on: from the outside in, the endpoint last.

    What gives tools to a model is a layer too, as whatever keeps a model as its `model`.
    """
    here: Any = model
    seen: set[int] = set()
    # An endpoint's `model` is a name.
    while callable(here) and hasattr(here, "name") and id(here) not in seen:
        yield here
        seen.add(id(here))
        here = getattr(here, "model", None)


def endpoint_of(model: Model) -> Model:
    """What all wrappers are around; of a fallback, the first."""
    return list(layers(model))[-1]


def endpoints_of(model: Model) -> Iterator[Model]:
    """All that a model may ask in the end: with a fallback in it, several."""
    inside = list(layers(model))
    yield inside[-1]
    for one in inside:
        for other in getattr(one, "chain", ())[1:]:
            yield from endpoints_of(other)


def checked_model(technique: str, model: Any) -> None:
    """Refuse what is no model.

    Raises:
        SetupError: what it is, and where a wrapper belongs.
    """
    what, name = repr(model), getattr(model, "name", None)
    if hasattr(model, "act"):
        what = f"the actor {name}"
    elif hasattr(model, "effect"):
        what = f"the tool {name}, whose effect is {safe_repr(model.effect)}"
    elif callable(model) and isinstance(name, str):
        return
    raise SetupError(
        f"{technique} was given {what}.",
        expected="a model, such as what connect(...) returns",
        todo="give it to connect(...), or wrap the model that an agent has",
    )


def checked_order(technique: str, model: Model) -> None:
    """Refuse to put a wrapper around what belongs around it.

    Raises:
        SetupError: with the order, from the outside in.
    """
    checked_model(technique, model)
    techniques = (str(getattr(one, "technique", "")) for one in layers(model))
    inside = next(filter(None, techniques), "")
    if not inside or ORDER.index(technique) < ORDER.index(inside):
        return
    same = technique == inside
    raise SetupError(
        f"{model.name} has a {technique} already."
        if same
        else f"A {technique} cannot be put around a {inside}.",
        expected=f"from the outside in: {', '.join(ORDER)}",
        todo="set it once, in connect(...)" if same else "let connect(...) put them in order",
    )


def described(model: Model) -> list[tuple[str, str, str]]:
    """The wrappers of a model from the outside in: name, how it was set, what it is like now."""
    return [
        (one.technique, one.set_to(), one.state())
        for one in layers(model)
        if isinstance(one, Wrapper)
    ]
