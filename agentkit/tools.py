"""Tools: Python functions that a model may call, with their effect declared.

The effect says what a second performance does, and everything else follows from
it: a `pure` or `idempotent` tool in doubt after a crash is performed again, a
`once` tool in doubt is settled by a person.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, get_type_hints, overload

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticUserError

from agentkit.errors import ToolError
from agentkit.events import Effect
from agentkit.messages import JSON, jsonable, mended
from agentkit.model import ToolSpec
from agentkit.threads import in_thread

Approve = bool | Callable[[dict[str, Any]], bool]
"""Whether a person must agree to a call: always, never, or as a function of the arguments."""


class BadArguments(ToolError):
    """The model's arguments do not fit; the text goes back to the model."""


@dataclass(frozen=True)
class Tool:
    """A function with its name, schema and effect; still callable as the function it is."""

    fn: Callable[..., Any]
    name: str
    description: str
    parameters: dict[str, Any]
    effect: Effect
    timeout_s: float | None
    approve: Approve
    arguments: type[BaseModel] = field(repr=False)
    actor: Any = None
    """The actor that is asked, of a tool made by as_tool()."""
    own_steps: bool = False
    """Whether what it does is recorded step by step, as a memory's is; the call is then not."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.fn(*args, **kwargs)

    @functools.cached_property
    def spec(self) -> ToolSpec:
        return ToolSpec(name=self.name, description=self.description, parameters=self.parameters)

    def check(self, arguments: str) -> dict[str, JSON]:
        """The arguments as validated JSON values.

        Raises:
            BadArguments: not a JSON object, or not what the signature says.
        """
        try:
            raw = mended(json.loads(arguments or "{}"))
        except (ValueError, RecursionError) as error:
            raise BadArguments(f"The arguments of {self.name} are not JSON: {error}.") from error
        try:
            checked = self.arguments.model_validate(raw)
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors()
            )
            raise BadArguments(
                f"The arguments of {self.name} are not accepted: {wrong}. "
                f"It takes {self.signature}."
            ) from error
        return checked.model_dump(mode="json", exclude_unset=True)

    @property
    def signature(self) -> str:
        """Such as "tariff(port, tonnes)"."""
        names = self.parameters.get("properties", {})
        return f"{self.name}({', '.join(names)})"

    def needs_approval(self, arguments: dict[str, Any]) -> bool:
        return self.approve(arguments) if callable(self.approve) else self.approve

    async def perform(self, arguments: dict[str, JSON]) -> JSON:
        """Call the function and return its result as a JSON value.

        A synchronous function runs in a thread, so that parallel calls overlap.

        Raises:
            ToolError: the result is no JSON value, or the time-out passed.
            Exception: whatever the function raises.
        """
        checked = self.arguments.model_validate(arguments)
        values = {name: getattr(checked, name) for name in checked.model_fields_set}
        try:
            async with asyncio.timeout(self.timeout_s) as limit:
                result = await self._call(values)
        except TimeoutError as error:
            if not limit.expired():
                raise
            late = "; what it does may still happen" if self.effect == "once" else ""
            raise ToolError(
                f"{self.name} did not return within {self.timeout_s:g} s{late}.",
                todo="raise timeout_s of the tool, or make the tool faster",
            ) from error
        except SystemExit as error:
            raise ToolError(f"{self.name} wanted to end the process: exit({error}).") from error
        try:
            return jsonable(result)
        except (ValueError, RecursionError) as error:
            raise ToolError(
                f"{self.name} returned {type(result).__name__}, which is not a JSON value.",
                expected="None, bool, int, float, str, list, dict, a dataclass or a pydantic model",
            ) from error

    async def _call(self, values: dict[str, Any]) -> Any:
        if inspect.iscoroutinefunction(self.fn):
            return await self.fn(**values)
        call = functools.partial(contextvars.copy_context().run, self._here, values)
        result = await in_thread(call)
        return await result if isinstance(result, Awaitable) else result

    def _here(self, values: dict[str, Any]) -> Any:
        try:
            return self.fn(**values)
        except StopIteration as error:
            # A future cannot carry it: whoever waited would wait for ever.
            raise RuntimeError(f"{self.name} raised StopIteration") from error

    def _repr_markdown_(self) -> str:
        return f"**{self.signature}** · {self.effect}\n\n{self.description}"


@overload
def tool(fn: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *,
    effect: Effect = ...,
    timeout_s: float | None = ...,
    approve: Approve = ...,
    name: str | None = ...,
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    fn: Callable[..., Any] | None = None,
    /,
    *,
    effect: Effect = "once",
    timeout_s: float | None = 60.0,
    approve: Approve = False,
    name: str | None = None,
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Make a function a tool; its schema comes from the annotations and the docstring.

    Args:
        fn: plain or async function with annotated parameters and a docstring.
        effect: what a second performance does: "pure" nothing, "idempotent" the same
            again, "once" harm. The default is the careful one.
        timeout_s: seconds until the call counts as failed; None waits for ever.
        approve: whether a person must agree first: True, or a function of the arguments.
        name: what the model calls it; the function's name by default.

    Raises:
        ToolError: no docstring, an unknown effect, or parameters without a JSON schema.
    """
    if fn is None:
        return lambda function: _make(function, effect, timeout_s, approve, name)
    if isinstance(fn, Tool):
        return fn
    return _make(fn, effect, timeout_s, approve, name)


def _make(
    fn: Callable[..., Any],
    effect: Effect,
    timeout_s: float | None,
    approve: Approve,
    name: str | None,
) -> Tool:
    if isinstance(fn, Tool):
        name, fn = name or fn.name, fn.fn
    name = name or str(getattr(fn, "__name__", ""))
    if effect not in ("pure", "idempotent", "once"):
        raise ToolError(
            f"The tool {name} has the effect {effect!r}.",
            expected="'pure', 'idempotent' or 'once'",
        )
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise ToolError(
            f"A tool cannot be called {name!r}.",
            expected="1 to 64 letters, digits, '_' and '-'",
            todo="give it a name: @tool(name='...')",
        )
    text = inspect.cleandoc(fn.__doc__ or "")
    if not text:
        raise ToolError(
            f"The tool {name} has no docstring.",
            expected="a sentence that tells the model what it does and returns",
        )
    description, notes = _split(text)
    model = _arguments(fn, name, notes)
    schema = model.model_json_schema()
    schema.pop("title", None)
    for prop in schema.get("properties", {}).values():
        prop.pop("title", None)
    return Tool(fn, name, description, schema, effect, timeout_s, approve, model)


def _split(text: str) -> tuple[str, dict[str, str]]:
    """The description of a Google-style docstring, and its notes per argument."""
    head, _, rest = text.partition("\nArgs:\n")
    body, *after = re.split(r"\n(?=\S)", rest, maxsplit=1)
    notes = {
        match[1]: " ".join(match[2].split())
        for match in re.finditer(r"^ +(\w+)(?: \([^)]*\))?: (.+(?:\n {6,}.+)*)", body, re.M)
    }
    return "\n".join([head.strip(), *(part.strip() for part in after)]).strip(), notes


def _arguments(fn: Callable[..., Any], name: str, notes: dict[str, str]) -> type[BaseModel]:
    """A pydantic model of the parameters."""
    try:
        hints = get_type_hints(fn, include_extras=True)
    except (NameError, TypeError) as error:
        raise ToolError(f"The annotations of {name} cannot be read: {error}.") from error
    fields: dict[str, Any] = {}
    for parameter in inspect.signature(fn).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ToolError(
                f"The parameter {parameter} of {name} cannot be offered to a model.",
                expected="named parameters, no * or / ones",
            )
        default = ... if parameter.default is parameter.empty else parameter.default
        hint = hints.get(parameter.name, Any)
        fields[parameter.name] = (hint, Field(default, description=notes.get(parameter.name)))
    try:
        model: type[BaseModel] = create_model(
            name, __config__=ConfigDict(extra="forbid", protected_namespaces=()), **fields
        )
        model.model_json_schema()
    except (PydanticUserError, TypeError, NameError) as error:
        raise ToolError(
            f"The parameters of {name} have no JSON schema: {error}.",
            expected="JSON types, enums, dataclasses or pydantic models",
        ) from error
    return model


def named(tools: Iterable[Tool | Callable[..., Any]]) -> dict[str, Tool]:
    """Tools by name; plain functions become tools.

    Raises:
        ToolError: two tools of one name.
    """
    found: dict[str, Tool] = {}
    for one in tools:
        made = one if isinstance(one, Tool) else tool(one)
        if made.name in found:
            raise ToolError(
                f"Two tools are called {made.name!r}.",
                todo="rename one: @tool(name='...')",
            )
        found[made.name] = made
    return found
