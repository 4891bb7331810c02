"""What a wire dialect is: pure functions between our data and a server's JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from agentkit.endpoints.shapes import Malformed, decode
from agentkit.listening import Aside
from agentkit.messages import JSON, ToolCall, canonical
from agentkit.model import Options, Reply, Request, Stop
from agentkit.regex import lazy_regex


class Read(NamedTuple):
    """A reply as read."""

    reply: Reply
    paused: dict[str, Any] | None = None
    """What to set in the request that has the endpoint go on, where it paused in mid-turn."""


class Collector(Protocol):
    """Puts a streamed reply together."""

    done: bool
    """Whether the server has said that nothing follows."""
    beside: list[Aside] | None
    """Where to put what is no text; None where nobody wants it."""

    @property
    def finished(self) -> bool:
        """Whether it has said why the reply ended, so that only counts may follow."""
        ...

    def take(self, data: str) -> str:
        """Take the data of one event; return the piece of text in it, often empty."""
        ...

    def read(self) -> Read | None:
        """The reply once the stream is over; None if it was cut before the reply was whole."""
        ...


class ErrorInReply(Exception):
    """The server reports an error inside a reply that HTTP calls a success."""

    def __init__(self, error: JSON) -> None:
        super().__init__(str(error))
        self.error = error


class NoAnswer(Exception):
    """The reply ended without being an answer.

    Args:
        what: is wrong with it.
        again: whether the next attempt may well bring one.
    """

    def __init__(self, what: str, again: bool = True) -> None:
        super().__init__(what)
        self.again = again


def complaint(value: JSON, foreign: bool = False) -> JSON:
    """The error that an object reports, in whichever of the usual shapes; None if it does not.

    Args:
        value: JSON of a reply, or of a piece of a streamed one.
        foreign: whether it lacks what every reply has, so that bare words are an error's too.
    """
    if isinstance(value, list) and value:
        return complaint(value[0], foreign)
    if not isinstance(value, dict):
        return None
    told = value.get("error") or value.get("errors")
    if told:
        return told if isinstance(told, dict | list) else value
    if value.get("object") == "error" or value.get("type") == "error":
        return value
    if found := inside(value):
        return found
    return value if foreign and any(map(complains, value, value.values())) else None


def inside(value: dict[str, Any]) -> JSON:
    """The error in what a gateway adds to a reply under a name of its own; None if there is none.

    Groq's is `x_groq: {"error": ...}`, MiniMax's `base_resp: {"status_code": 1002, ...}`.
    """
    for name in ADDED & value.keys():
        own = value[name] if isinstance(value[name], dict) else {}
        if own.get("error"):
            return own["error"] if isinstance(own["error"], dict) else own
        if own.get("status_code"):
            return {"message": own.get("status_msg"), **own}
    return None


ADDED = {"x_groq", "base_resp"}


def complains(name: str, value: JSON) -> bool:
    """Whether a field of an object that is no reply tells of an error."""
    if name in ("status", "status_code", "statusCode"):
        return value == "error" or bool(re.fullmatch(r"[45]\d\d", str(value)))
    return bool(value) and (name in COMPLAINING or bool(FAULT.search(name)))


FAULT = lazy_regex("error|fault|exception", re.IGNORECASE)
COMPLAINING = ("detail", "message", "msg", "code")


def is_whole(arguments: str) -> bool:
    """Whether a call's arguments are all there."""
    try:
        return isinstance(decode(arguments), dict)
    except Malformed:
        return False


def check_calls(calls: Sequence[ToolCall], stop: Stop, reason: str) -> None:
    """Refuse a reply that was broken off inside a call, or lacks the calls it speaks of.

    Raises:
        NoAnswer: what it holds would be taken for an answer, or be performed by half.
    """
    if not calls and stop == "tools":
        raise NoAnswer("it ended to call a tool, and holds no call")
    if stop == "other" and reason and not all(is_whole(call.arguments) for call in calls):
        raise NoAnswer(f"it ended with the finish reason {reason!r} inside a tool call")


def check_said(text: str, calls: Sequence[ToolCall], stop: Stop, reasoning: str) -> None:
    """Refuse a reply that says nothing and does nothing.

    Raises:
        NoAnswer: it would be an empty answer.
    """
    if text.strip() or calls or stop == "length":
        return
    if stop == "refusal":
        raise NoAnswer("its content filter withheld the reply", again=False)
    if reasoning:
        raise NoAnswer("it holds only what the model thought, and no answer")
    raise NoAnswer("it says nothing")


def without_repeats(items: list[Any], told: Callable[[dict[str, Any]], JSON]) -> list[Any]:
    """The parts of a reply, without calls that are told again: they would be performed twice.

    Args:
        items: the parts, as they came.
        told: the id of a call, and what it calls; None or no id where a part may come again.
    """
    known: set[str] = set()
    found: list[Any] = []
    for item in items:
        what = told(item) if isinstance(item, dict) else None
        name = canonical(what) if isinstance(what, list) and what[0] else ""
        if not name or name not in known:
            found.append(item)
        known.add(name)
    return found


class Dialect(NamedTuple):
    """One way of asking a model over HTTP."""

    name: str
    path: str
    """Appended to the base URL."""
    headers: Callable[[str | None], dict[str, str]]
    """From the API key."""
    body: Callable[[Request, str, Options, bool], dict[str, Any]]
    """From the request, the model's own name, the options, and whether to stream."""
    read: Callable[[JSON, str], Read]
    """From a whole reply and a salt for ids that the server left out; raises Malformed."""
    collector: Callable[[str], Collector]
    """From the salt."""
    cure: Callable[[dict[str, Any], str], str | None]
    """From a refused body and the server's words: the adaptation that may help, by name."""
    adapt: Callable[[dict[str, Any], str], dict[str, Any]]
    """From a body and an adaptation's name."""
    lasting: Callable[[str, dict[str, Any], str], str | None]
    """From an adaptation that helped, the body that was refused and the server's words: the
    requests that it holds for from now on, "all" or as `about` names them; None for no other."""
    about: Callable[[dict[str, Any]], str]
    """What in a body an adaptation may be bound to."""
    lacks: tuple[str, ...] = ()
    """Options that it has no field for."""
    marked: Callable[[dict[str, Any], Any], dict[str, Any]] | None = None
    """From a body and the wish for prompt caching, where that is asked for: the body with marks."""
    go_on: Callable[[dict[str, Any], Read], dict[str, Any]] | None = None
    """From a body and a reply that paused: the body that has the endpoint go on with it."""
    together: Callable[[Read, Read], Read] | None = None
    """From a reply that paused and what came next: both as one."""
    longest: int | None = None
    """The bound of a reply that is sent where none is set, because the dialect demands one."""
