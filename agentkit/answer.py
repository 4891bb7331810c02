"""What an actor answers."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Generic, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeVar

from agentkit import words
from agentkit.events import Calling, Delta, Event, Partial, Thought, Usage
from agentkit.inline import pictures
from agentkit.lacks import listed
from agentkit.messages import Content, Thread
from agentkit.model import Stop

FAULTS: dict[Stop, str] = {
    "length": "cut by max_tokens",
    "refusal": "refused",
    "other": "ended for an unknown reason",
}
"""What is said of an answer whose last reply ended otherwise than by the model being done."""


T = TypeVar("T", default=Any)

NOTHING: Any = None
"""The data of an answer in free text; of any type, so that typed answers need no check for None."""


def billed(used: Usage, cost: float | None) -> str:
    """Calls, tokens and cost in one line."""
    price = "price unknown" if cost is None else f"${cost:.6f}" if cost else "$0"
    calls = f"{used.calls} call{'' if used.calls == 1 else 's'}"
    return f"{calls} · {used.tokens_in} + {used.tokens_out} tokens · {price}"


class Answer(BaseModel, Generic[T]):
    """What an actor answered; an Answer[int] to a type checker where `output=int` was asked for."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    text: str
    data: T = NOTHING
    """The answer as the type asked for; None for free text."""
    actor: str = ""
    run_id: str = ""
    usage: Usage = Usage()
    """Of this ask, everything below it included, but for runs that were opened inside it
    (`async with run(...)` in a pattern): those have bills of their own."""
    cost_usd: float | None = None
    """In USD; None when the price of some call is unknown."""
    inside: Usage = Usage()
    """Of the runs that were opened inside this ask, in all; `usage` has none of it."""
    inside_usd: float | None = 0.0
    """What those cost in USD; None when the price of some call is unknown."""
    thread: Thread = ()
    """The conversation so far; ask with after=answer to go on with it."""
    stop: Stop = "stop"
    """Why the last reply ended: "stop" when it was whole, "length" when max_tokens cut it."""
    doubts: tuple[str, ...] = ()
    """Calls below it that may have happened although nobody knows; a person has to look."""
    missing: tuple[str, ...] = ()
    """What was given up at a bound or not reached, in words; () when nothing is missing."""
    content: Content | None = Field(default=None, repr=False)
    """The answer where it is more than text, as an image; `text` is it in words then."""
    reasoning: str = Field(default="", repr=False)
    """What the model thought before it answered, where the endpoint tells."""

    def __str__(self) -> str:
        return self.text

    @property
    def said(self) -> str | Content:
        """The answer as its message has it."""
        return self.text if self.content is None else self.content

    @property
    def fault(self) -> str:
        """What is wrong with the answer, in a few words; "" when it is whole and sure."""
        doubts = [f"{made} may have happened" for made in self.doubts]
        missing = f"missing: {listed(self.missing)}" if self.missing else ""
        return " · ".join(filter(None, [FAULTS.get(self.stop, ""), missing, *doubts]))

    @property
    def bill(self) -> str:
        """Tokens, calls and cost in one line, after what is wrong with the answer."""
        fault = f"{self.fault} · " if self.fault else ""
        known = self.inside != Usage() or self.inside_usd != 0
        more = f" · runs opened inside: {billed(self.inside, self.inside_usd)}" if known else ""
        return f"{fault}{billed(self.usage, self.cost_usd)}{more}"

    @property
    def kind(self) -> Literal["answer"]:
        """Tells it from the events that stream before it."""
        return "answer"

    def __await__(self) -> Generator[Any, None, Answer[T]]:
        """Itself: an ask in the background may be done before somebody awaits it."""
        yield from ()
        return self

    def __repr__(self) -> str:
        return words.for_terminal(f"Answer from {self.actor}: {self.text}\n[{self.bill}]")

    def _repr_markdown_(self) -> str:
        about = words.for_line(f"{self.actor} · {self.bill}")
        parts = (words.for_markdown(self.text), pictures(self.content), f"<sub>{about}</sub>")
        return "\n\n".join(filter(None, parts)).lstrip()


Streamed: TypeAlias = Event | Delta | Thought | Calling | Partial[Any] | Answer[T]
"""What `stream` of an actor yields: events and pieces as they come, the answer last. Agents below
it may have other types than it has, so their partial objects are of any."""

StreamedBy: TypeAlias = Event | Delta | Thought | Calling | Partial[T] | Answer[T]
"""What `stream` of an agent yields."""
