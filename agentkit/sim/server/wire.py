"""What the wire dialects share: the parsed request, the finished reply, the refused body."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from agentkit.sim.brain.temperaments import BYTES_PER_TOKEN, tokens
from agentkit.sim.brain.thought import BrainRequest, Say

MOST_BRACKETS = 600_000
MOST_ENTRIES = 10_000

Stop = Literal["stop", "stop_sequence", "length", "calls", "refusal"]
Body = TypeVar("Body", bound=BaseModel)


class Strict(BaseModel):
    """A piece of a request body: no coercion, unknown fields ignored as the real services do."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class BadRequest(Exception):
    """The request cannot be served; each dialect words it in its own JSON.

    Args:
        message: what is wrong, what was expected.
        field: the path of the offending field, such as `messages.0.role`.
        status: HTTP status.
        code: OpenAI's machine-readable code, if it has one.
    """

    def __init__(
        self, message: str, *, field: str | None = None, status: int = 400, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message, self.field, self.status, self.code = message, field, status, code


@dataclass(frozen=True)
class WireRequest:
    """One request, parsed: the question for the brain and how the reply is to be delivered."""

    ask: BrainRequest
    tokens_in: int
    stream: bool = False
    include_usage: bool = False
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()
    any_json: bool = False


@dataclass(frozen=True)
class WireCall:
    """A tool call as it goes out: the arguments are text, which a fault may have damaged."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class WireReply:
    """A finished reply, the same in every dialect."""

    id: str
    model: str
    text: str
    calls: tuple[WireCall, ...]
    refusal: str
    finish: Stop
    tokens_in: int
    tokens_out: int
    created: int
    stop_sequence: str | None = None


@dataclass(frozen=True)
class Frame:
    """One server-sent event and about how many tokens of the reply it carries."""

    text: str
    tokens: float = 0.0


def read_body(raw: bytes, kind: type[Body]) -> Body:
    """Parse and check a request body.

    Raises:
        BadRequest: not JSON, or a field is missing or wrong; the message names the field.
    """
    if raw.count(b"[") + raw.count(b"{") > MOST_BRACKETS:
        raise BadRequest(f"The body has more than {MOST_BRACKETS} objects and lists; send less.")
    try:
        parsed = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not valid JSON: {error}. Send one JSON object.") from error
    for field in overlong(parsed):
        raise BadRequest(f"{field}: a list of more than {MOST_ENTRIES} entries.", field=field)
    if not isinstance(parsed, dict):
        raise BadRequest(f"The body is a JSON {type(parsed).__name__}; send one JSON object.")
    try:
        return kind.model_validate(parsed)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(step) for step in first["loc"])
        if first["type"] == "missing":
            raise BadRequest(f"{field}: this field is required.", field=field) from error
        got = json.dumps(first["input"], default=str)[:120]
        raise BadRequest(f"{field}: {first['msg']}; got {got}.", field=field) from error


def overlong(parsed: Any) -> Iterator[str]:
    """Give the names of lists too long to be checked one by one; a check lists every error."""
    waiting = [("body", parsed)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.items())
        elif isinstance(value, list):
            if len(value) > MOST_ENTRIES:
                yield str(name)
            waiting.extend((name, one) for one in value)


def read_arguments(text: str) -> dict[str, Any]:
    """The arguments of a past call; the real services accept damaged ones back, so this does."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def as_blocks(value: Any) -> Any:
    """Return the content of a message as a list: a text as one text block, none as no block."""
    if value is None:
        return []
    return [{"type": "text", "text": value}] if isinstance(value, str) else value


def digest(*parts: object) -> str:
    """A hex digest that is the same in every process (unlike `hash`)."""
    return sha256("\x1f".join(str(part) for part in parts).encode("utf-8", "replace")).hexdigest()


def calls_of(say: Say, request: str) -> tuple[WireCall, ...]:
    """The calls as text, with ids that depend on the request only, so that replays agree."""
    return tuple(
        WireCall(
            id=call.id or f"call_{digest(request, call.name, place)[:24]}",
            name=call.name,
            arguments=json.dumps(call.arguments, ensure_ascii=False),
        )
        for place, call in enumerate(say.calls)
    )


def finished(reply: WireReply, wanted: WireRequest) -> WireReply:
    """Apply stop sequences and the token limit, in that order, and count the tokens out."""
    reply = stopped(reply, wanted.stops)
    size = size_of(reply)
    if wanted.max_tokens is not None and size > wanted.max_tokens:
        reply = shortened(reply, wanted.max_tokens / size)
        return replace(reply, tokens_out=wanted.max_tokens)
    return replace(reply, tokens_out=size)


def stopped(reply: WireReply, stops: tuple[str, ...]) -> WireReply:
    """Cut the text before the first stop sequence in it."""
    places = [(reply.text.index(stop), stop) for stop in stops if stop and stop in reply.text]
    if not places:
        return reply
    place, stop = min(places)
    finish: Stop = "calls" if reply.calls else "stop_sequence"
    return replace(reply, text=reply.text[:place], finish=finish, stop_sequence=stop)


def shortened(reply: WireReply, share: float) -> WireReply:
    """Keep the first share (0..1) of the characters, across text and calls, and say "length"."""
    left = int(share * (len(reply.text) + sum(len(c.arguments) for c in reply.calls)))
    text = reply.text[:left]
    left -= len(text)
    calls = []
    for call in reply.calls:
        if left <= 0:
            break
        calls.append(replace(call, arguments=call.arguments[:left]))
        left -= len(call.arguments)
    return replace(reply, text=text, calls=tuple(calls), finish="length")


def size_of(reply: WireReply) -> int:
    """Tokens of everything the reply says, at least 1."""
    said = [reply.text, reply.refusal, *(call.name + call.arguments for call in reply.calls)]
    return max(1, sum(tokens(part) for part in said if part))


def frame(data: dict[str, Any], event: str = "", said: str = "") -> Frame:
    """A server-sent event that carries the part `said` of the reply."""
    named = f"event: {event}\n" if event else ""
    text = f"{named}data: {json.dumps(data, ensure_ascii=False)}\n\n"
    return Frame(text, len(said) / BYTES_PER_TOKEN)


def pieces(text: str) -> Iterator[str]:
    """The text in word-sized pieces, in order; joined they give the text again."""
    return iter(re.findall(r"\s*\S{1,12}|\s+\Z", text))
