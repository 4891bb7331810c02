"""What an actor is made of, so that one that was edited is measured anew.

A name is not enough: an agent may get other instructions and a pattern other options. This
reads what can be read: instructions, tools and options of agents; of patterns the members,
the code, and the plain values, actors and functions of the same module that it refers to.
What hides deeper (the temperature inside a connected model, a table in a file) is not seen.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from pydantic import BaseModel

from agentkit.actor import Actor
from agentkit.agent import Agent
from agentkit.constants import code_digest
from agentkit.delegation import ActorTool
from agentkit.messages import JSON, canonical, digest, jsonable
from agentkit.pattern import Pattern
from agentkit.tools import FunctionTool, Tool

Seen = dict[int, Any]
"""What was described, by id; kept, so that no id is given away again."""


def fingerprint(actor: Actor) -> str:
    """Return a digest of what the actor is made of."""
    return digest(canonical(jsonable(described(actor, "", {}))))


def described(value: Any, module: str, seen: Seen) -> JSON:
    """Return what a value is made of, as JSON; what was described before only by its type."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if id(value) in seen:
        return type(value).__qualname__
    seen[id(value)] = value
    match value:
        case Actor():
            return actor_parts(value, seen)
        case FunctionType():
            return function_parts(value, module, seen)
        case MethodType():
            bound = dict(getattr(value.__self__, "__dict__", {}))
            return [described(one, module, seen) for one in (value.__func__, bound)]
        case partial():
            return [
                described(one, module, seen) for one in (value.func, value.args, value.keywords)
            ]
        case Mapping():
            return {str(name): described(one, module, seen) for name, one in value.items()}
        case list() | tuple():
            return [described(one, module, seen) for one in value]
        case BaseModel():
            return described(dict(value), module, seen)
    if is_dataclass(value) and not isinstance(value, type):
        values = {
            field.name: getattr(value, field.name) for field in fields(value) if field.compare
        }
        return described(values, module, seen)
    return type(value).__qualname__


def actor_parts(actor: Actor, seen: Seen) -> JSON:
    """Return what an actor is made of."""
    parts: dict[str, JSON] = {
        "name": actor.name,
        "what": actor.what,
        "model": actor.model_name,
        "members": [described(one, "", seen) for one in actor.members],
    }
    if isinstance(actor, Agent):
        parts["instructions"] = described(actor.instructions, "", seen)
        parts["turns"] = actor.max_turns
        parts["options"] = actor.options.model_dump()
        parts["tools"] = [
            {**one.spec.model_dump(), "does": described(does(one), "", seen)}
            for one in actor.tools.values()
        ]
    if isinstance(actor, Pattern):
        parts["does"] = described(actor.fn, "", seen)
    if not isinstance(actor, Agent | Pattern):
        parts["holds"] = described(dict(vars(actor)), "", seen)
    return parts


def does(tool: Tool) -> Any:
    """Return what a call of a tool is done by."""
    match tool:
        case ActorTool():
            return tool.actor
        case FunctionTool():
            return tool.fn
    return tool.check, tool.perform


def function_parts(function: FunctionType, module: str, seen: Seen) -> JSON:
    """Return a function's code and what it refers to; of another module's only its options."""
    home = function.__module__ or ""
    try:
        around = inspect.getclosurevars(function)
    except ValueError:  # It refers to a name that is not bound yet.
        return {"code": code_digest(function.__code__)}
    own = not home.startswith("agentkit.") and module in ("", home)
    outside = {**(around.globals if own else {}), **around.nonlocals}
    return {
        "code": code_digest(function.__code__),
        "defaults": described(function.__defaults__ or (), home, seen),
        "around": {name: described(one, home, seen) for name, one in sorted(outside.items())},
    }
