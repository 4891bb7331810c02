"""What listens to a model while it speaks: a function of each piece of text, or more than that.

A listener that also wants what is not text has one or more of these methods:

    thought(text)                   a piece of what the model thinks
    call(index, name, arguments)    a piece of its nth call of a tool: its name, of its arguments
    again()                         the call is made anew, and what came so far counts no more

Endpoints tell them, wrappers pass the listener on, and a plain function hears text alone.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from agentkit.messages import Message
from agentkit.model import OnText


class Aside(NamedTuple):
    """A piece of a streamed reply that is no text of its answer."""

    what: Literal["thought", "call"]
    text: str
    """Of a thought; of a call the piece of its arguments."""
    nth: int = 0
    """Which of the calls of the reply, from 0."""
    name: str = ""
    """Of the tool, in the first piece of a call."""


def hears_more(on_text: OnText | None) -> bool:
    """Whether a listener wants what is not text."""
    return hasattr(on_text, "thought") or hasattr(on_text, "call")


def tell(on_text: OnText, aside: Aside) -> None:
    """Tell a listener what is no text, if it wants it."""
    method = getattr(on_text, aside.what, None)
    if method is None:
        return
    if aside.what == "thought":
        method(aside.text)
    else:
        method(aside.nth, aside.name, aside.text)


def tell_whole(on_text: OnText, message: Message, *, text: bool = True) -> None:
    """Tell a listener all of a reply that came in one piece."""
    if message.reasoning:
        tell(on_text, Aside("thought", message.reasoning))
    for index, call in enumerate(message.calls):
        tell(on_text, Aside("call", call.arguments, index, call.name))
    if text and message.text:
        on_text(message.text)


def tell_again(on_text: OnText | None) -> None:
    """Say that the call is made anew."""
    method: Any = getattr(on_text, "again", None)
    if method is not None:
        method()
