"""The tools of one agent, by name."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from agentkit.code import CodeMark, Works
from agentkit.deprecated import moved
from agentkit.errors import ToolError, full_text, safe_repr
from agentkit.model import ToolSpec
from agentkit.tools.declared import declared
from agentkit.tools.function import FunctionTool, tool, unbound
from agentkit.tools.protocol import TakesContext, Tool

PARTS = (
    "spec", "effect", "timeout_s", "approve", "on_error", "own_steps", "takes_context", "check",
    "perform",
)  # fmt: skip
"""Of the protocol."""


class Toolbox(dict[str, Tool]):
    """Tools by name, with the marks of the code of those that keep none themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: dict[int, tuple[Tool, CodeMark]] = {}
        """By id, with the tool, so that no other gets its id."""


def mark_in(tools: Mapping[str, Tool], one: Tool) -> CodeMark:
    """The mark of a tool, kept from run to run where there is a place for it."""
    if isinstance(one, Works):
        return one.mark
    if not isinstance(tools, Toolbox):
        return CodeMark()
    return tools.marks.setdefault(id(one), (one, CodeMark()))[1]


def tools_by_name(*several: Iterable[Tool | Callable[..., Any]]) -> Toolbox:
    """Tools by name, of one or more lists; plain functions and actors become tools.

    Raises:
        ToolError: two tools of one name, or something that cannot be a tool.
    """
    found = Toolbox()
    for tools in several:
        if isinstance(tools, str | bytes | Mapping) or not isinstance(tools, Iterable):
            raise ToolError(
                f"Tools were given as a {type(tools).__name__}.",
                expected="a list of functions, actors or tools of any kind: tools=[tariff]",
            )
        for one in tools:
            made = tool_of(one)
            name = made.spec.name
            if name in found:
                raise ToolError(
                    f"Two tools are called {safe_repr(name)}.",
                    todo="rename one: @tool(name='...')",
                )
            found[name] = made
    return found


def tool_of(one: Any) -> Tool:
    """A tool of any kind, or what has one or can be made one.

    Raises:
        ToolError: it cannot.
    """
    if isinstance(one, FunctionTool):
        if one.binds and unbound(one.fn):
            raise ToolError(
                f"{one.name} is a method, and no object was given.",
                todo=f"give it as an attribute of one: tools=[desk.{one.name}]",
            )
        return one
    if not isinstance(one, type):
        if is_tool(one):
            return fulfils(one)
        if callable(as_tool := getattr(one, "as_tool", None)):
            return given_as(one, as_tool())
    elif Tool in one.__mro__:
        raise ToolError(
            f"{one.__name__} is a kind of tools, and no tool.", todo="give an object of it"
        )
    return tool_of(tool(one)) if callable(one) else fulfils(one)


def given_as(one: Any, made: Any) -> Tool:
    """What as_tool() of something gave.

    Raises:
        ToolError: it is no tool.
    """
    if not is_tool(made):
        raise ToolError(
            f"as_tool() of a {type(one).__name__} gave a {type(made).__name__}.",
            expected="an agentkit.Tool",
        )
    return tool_of(made)


def shown_in_short(value: Any) -> str:
    """A value as Python writes it, cut where it is long."""
    try:
        return textwrap.shorten(repr(value), 80, placeholder="…")
    except Exception as error:
        return full_text(error)


def is_tool(one: Any) -> bool:
    """Whether it is meant as a tool of some kind.

    Told by its class alone: one that makes its attributes when they are asked for is not asked.
    """
    kind = type(one)
    return callable(getattr(kind, "perform", None)) and callable(getattr(kind, "check", None))


def spec_of(one: Any) -> ToolSpec:
    """What something is called and takes, if it has all the parts of a tool.

    Raises:
        ToolError: it lacks one, or its spec is none.
    """
    kind = type(one).__name__
    try:
        lacks = [part for part in PARTS if not hasattr(one, part)]
        spec = None if "spec" in lacks else one.spec
    except Exception as error:
        raise ToolError(f"What a {kind} is as a tool cannot be read: {full_text(error)}") from error
    if lacks == list(PARTS):
        raise ToolError(
            f"A {kind} is no tool: {shown_in_short(one)}.",
            expected="a function with a docstring, an actor, or a tool of any kind (agentkit.Tool)",
        )
    if lacks:
        raise ToolError(
            f"A {kind} is no tool: it has no {', '.join(lacks)}.",
            expected="what agentkit.Tool lists",
            todo=f"class {kind}(Tool) has the careful value of all but spec, check and perform",
        )
    if not isinstance(spec, ToolSpec):
        raise ToolError(
            f"The spec of a {kind} is of the type {type(spec).__name__}.",
            expected="an agentkit.model.ToolSpec(name=..., description=..., parameters=...)",
        )
    return spec


def fulfils(one: Any) -> Tool:
    """A tool of a kind of one's own, if it is all that a tool has to be.

    Raises:
        ToolError: something is missing, or cannot be.
    """
    spec = spec_of(one)
    if one.takes_context not in get_args(TakesContext):
        raise ToolError(
            f"takes_context of {spec.name} is {safe_repr(one.takes_context)}.",
            expected=", ".join(map(repr, get_args(TakesContext))),
        )
    declared(spec.name, one.effect, one.timeout_s, one.approve, one.on_error)
    if not isinstance(spec.parameters, dict) or spec.parameters.get("type", "object") != "object":
        raise ToolError(
            f"The parameters of {spec.name} are no JSON Schema of an object.",
            expected='such as {"type": "object", "properties": {"port": {"type": "string"}}}',
        )
    for part, waits, how in (("check", False, "def"), ("perform", True, "async def")):
        if inspect.iscoroutinefunction(getattr(one, part)) is not waits:
            raise ToolError(
                f"{part} of {spec.name} is {'a plain' if waits else 'an async'} function.",
                expected=f"{how} {part}(...)",
            )
    return one  # type: ignore[no-any-return]


__getattr__ = moved(__name__, {"named": f"{__name__}:tools_by_name"})
