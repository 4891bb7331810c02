"""Faults that a language model itself commits: a finished reply in, a damaged one out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from agentkit.sim.server.faults import Kind
from agentkit.sim.server.wire import (
    WireCall,
    WireReply,
    WireRequest,
    read_arguments,
    shortened,
    size_of,
)

REFUSAL = "I cannot help with that. (Refusal injected by the simulated endpoint.)"


def damageable(kind: Kind, reply: WireReply, wanted: WireRequest) -> bool:
    """Whether this reply has the part that this kind of fault damages."""
    if kind == "malformed":
        return bool(reply.calls) or wanted.ask.schema is not None
    if kind == "unknown_tool":
        return bool(reply.calls)
    if kind == "wrong_type":
        return any(read_arguments(call.arguments) for call in reply.calls)
    return True


def damaged(kind: Kind, reply: WireReply, wanted: WireRequest) -> WireReply:
    """The reply with the fault in it, its tokens counted again."""
    if kind == "refusal":
        reply = replace(reply, text="", calls=(), refusal=REFUSAL, finish="refusal")
    elif kind == "truncated":
        reply = shortened(reply, 0.5)
    elif kind == "malformed" and not reply.calls:
        reply = replace(reply, text=broken(reply.text))
    else:
        change = {"malformed": malformed, "unknown_tool": unknown, "wrong_type": mistyped}[kind]
        offered = {offer.name for offer in wanted.ask.offers}
        place = next(
            n
            for n, c in enumerate(reply.calls)
            if kind != "wrong_type" or read_arguments(c.arguments)
        )
        calls = list(reply.calls)
        calls[place] = change(calls[place], offered)
        reply = replace(reply, calls=tuple(calls))
    return replace(reply, tokens_out=size_of(reply))


def broken(text: str) -> str:
    """JSON without its end: what a model that loses the thread produces."""
    return text.rstrip()[:-1] + ","


def malformed(call: WireCall, offered: set[str]) -> WireCall:
    """The call with broken JSON."""
    return replace(call, arguments=broken(call.arguments))


def unknown(call: WireCall, offered: set[str]) -> WireCall:
    """A name close to a real one, but not offered."""
    name = f"{call.name[:56]}_v2"
    while name in offered:
        name += "x"
    return replace(call, name=name)


def mistyped(call: WireCall, offered: set[str]) -> WireCall:
    """The call with its first argument of another type."""
    arguments = json.loads(call.arguments)
    name = next(iter(arguments))
    arguments[name] = other_type(arguments[name])
    return replace(call, arguments=json.dumps(arguments, ensure_ascii=False))


def other_type(value: Any) -> Any:
    """A value that no lenient reader coerces back."""
    if isinstance(value, str):
        return {"value": value}
    if isinstance(value, bool | int | float):
        return f"about {value}"
    return "as discussed"
