"""A tiny agent loop over the brain, for tests: tools are plain functions."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from agentkit.sim.brain.responding import respond
from agentkit.sim.brain.thought import BrainRequest, DialogTurn, Json, OfferedTool, WishedCall

TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
MAX_TURNS = 12


@dataclass(frozen=True)
class Talk:
    """What came of a conversation: the last text or refusal, and the calls of each turn."""

    text: str
    turns: tuple[tuple[WishedCall, ...], ...]
    refusal: str = ""

    @property
    def calls(self) -> list[tuple[str, dict[str, Json]]]:
        """All calls in order, by name and arguments."""
        return [(call.name, call.arguments) for turn in self.turns for call in turn]


@cache
def offer(function: Callable[..., Any]) -> OfferedTool:
    """Return a function as an offered tool."""
    hints = typing.get_type_hints(function)
    properties: dict[str, Json] = {}
    required = []
    for name, parameter in inspect.signature(function).parameters.items():
        kind = hints[name]
        literal = typing.get_origin(kind) is typing.Literal
        properties[name] = {"enum": list(kind.__args__)} if literal else {"type": TYPES[kind]}
        if parameter.default is parameter.empty:
            required.append(name)
    schema = {"type": "object", "properties": properties, "required": required}
    return OfferedTool(function.__name__, inspect.getdoc(function) or "", schema)


def talk(
    question: str | Sequence[DialogTurn],
    *tools: Callable[..., Any],
    model: str = "sim:careful",
    system: str = "",
    seed: int = 0,
    **options: Any,
) -> Talk:
    """Let the brain work on a question, performing the calls it asks for."""
    tools = tuple(getattr(one, "fn", one) for one in tools)
    by_name = {tool.__name__: tool for tool in tools}
    offers = tuple(offer(tool) for tool in tools)
    turns = [DialogTurn("user", question)] if isinstance(question, str) else list(question)
    made: list[tuple[WishedCall, ...]] = []
    for number in range(MAX_TURNS):
        say = respond(BrainRequest(model, system, tuple(turns), offers, seed=seed, **options))
        if not say.calls:
            return Talk(say.text, tuple(made), say.refusal)
        calls = tuple(replace(call, id=f"{number}-{n}") for n, call in enumerate(say.calls))
        made.append(calls)
        turns.append(DialogTurn("assistant", say.text, calls))
        turns.extend(perform(by_name, call) for call in calls)
    return Talk("", tuple(made))


def perform(tools: dict[str, Callable[..., Any]], call: WishedCall) -> DialogTurn:
    """Return a tool's turn; whatever it raises becomes an error for the brain to read."""
    try:
        # As agents send it: the keys are sorted, so no column has its place by meaning.
        text, error = json.dumps(tools[call.name](**call.arguments), sort_keys=True), False
    except Exception as problem:
        text, error = f"{type(problem).__name__}: {problem}", True
    return DialogTurn("tool", text, call_id=call.id, name=call.name, error=error)
