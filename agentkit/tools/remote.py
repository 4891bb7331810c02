"""A tool that is elsewhere: all that is known of it is its JSON Schema, and how to reach it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from agentkit.code import Works
from agentkit.errors import ToolError, error_text
from agentkit.events import Effect
from agentkit.given import Context
from agentkit.messages import JSON, canonical, mended
from agentkit.model import ToolSpec
from agentkit.schemas import LARGEST, Schema
from agentkit.tools.arguments import arguments_misfit, read
from agentkit.tools.declared import declared
from agentkit.tools.protocol import Approve, Arguments, OnError, TakesContext, Tool

DEPTH = 20
"""References in a row that are followed to a schema."""

KINDS = ("anyOf", "oneOf", "allOf")
"""Where a secret that may be null, for instance, says that it is one."""

HIDDEN = "**********"
"""What the log has of an argument that is `writeOnly`, as pydantic shows a secret."""


def asynchronous(name: str, perform: Callable[..., Any]) -> None:
    """See to it that a tool is performed by an async function, or by an object with such a call.

    Raises:
        ToolError: it is not.
    """
    if not (
        inspect.iscoroutinefunction(perform)
        or inspect.iscoroutinefunction(getattr(perform, "__call__", None))  # noqa: B004
    ):
        raise ToolError(
            f"What performs {name} is no async function.",
            expected="async def perform(arguments), or of (arguments, context)",
        )


def as_json(name: str, parameters: dict[str, JSON]) -> str:
    """The parameters of a tool as a server's schema is kept.

    Raises:
        ToolError: they are not JSON, or so large that no request should repeat them.
    """
    try:
        written = json.dumps(mended(parameters), allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise ToolError(f"The parameters of {name} are not JSON: {error_text(error)}.") from error
    if len(written) > LARGEST:
        raise ToolError(
            f"The parameters of {name} are a schema of {len(written):,} characters.",
            expected=f"at most {LARGEST:,}: every request repeats it",
            todo="offer a model fewer of them",
        )
    return written


class RemoteTool(Works, Tool):
    """A tool of a server: a name, a JSON Schema, and an async function that calls it there."""

    def __init__(
        self,
        name: str,
        description: str,
        parameters: dict[str, JSON],
        perform: Callable[..., Awaitable[Any]],
        *,
        effect: Effect = "once",
        timeout_s: float | None = 60.0,
        approve: Approve = False,
        on_error: OnError = "tell",
    ) -> None:
        """Make one.

        Args:
            name: what the model calls it.
            description: what the model is told of it.
            parameters: JSON Schema of the arguments, an object. What a model writes is checked
                by it, but for regular expressions, which are left to the server.
            perform: async function of the arguments, a dict; and of a Context if it takes two:
                what the caller gave, and the idempotency key of the call.
            effect, timeout_s, approve, on_error: as of `tool`.

        Raises:
            ToolError: a name, a schema or a function that cannot be used.
        """
        declared(name, effect, timeout_s, approve, on_error)
        asynchronous(name, perform)
        written = as_json(name, parameters)
        self.spec = ToolSpec(
            name=name, description=description or "", parameters=json.loads(written)
        )
        self._schema = Schema(name, self.spec.parameters)
        known = {name: one for name, one in self.spec.properties.items() if isinstance(one, dict)}
        self._secret = '"writeOnly": true' in written
        self._defaults = {name: one["default"] for name, one in known.items() if "default" in one}
        self._call, self._told = perform, takes_two(perform)
        self.effect, self.timeout_s, self.approve = effect, timeout_s, approve
        self.on_error = on_error
        self.takes_context: TakesContext = "if given" if self._told else "never"

    @property
    def name(self) -> str:
        """What the model calls it."""
        return self.spec.name

    def _made_of(self) -> tuple[Any, ...]:
        return self._call, canonical(self.spec.parameters)

    def check(self, arguments: str) -> Arguments:
        raw, asked = read(self.spec, arguments)
        if wrong := self._schema.wrong(raw):
            raise arguments_misfit(self.spec, wrong)
        whole = self.spec.parameters
        shown = without_write_only(raw, whole, whole) if self._secret else raw
        return Arguments(shown, objects=raw, asked=asked, defaults=self._defaults)

    async def perform(self, arguments: Arguments, context: Context[Any]) -> Any:
        given = dict(arguments.objects)
        return await (self._call(given, context) if self._told else self._call(given))

    def __repr__(self) -> str:
        return f"RemoteTool({self.spec.signature}, {self.effect})"


def without_write_only(value: JSON, schema: JSON, whole: JSON) -> JSON:
    """A value without what its schema says is `writeOnly`, however deep.

    Args:
        value: the value.
        schema: of it.
        whole: the schema that references are about.
    """
    for _ in range(DEPTH):  # A reference to a reference, which may have no end.
        if not isinstance(schema, dict) or schema.get("writeOnly") is True:
            break
        if not isinstance(reference := schema.get("$ref"), str):
            break
        schema = found_in(whole, reference)
    if not isinstance(schema, dict):
        return value
    kinds = [schema, *(one for key in KINDS for one in listed(schema.get(key)))]
    if any(isinstance(one, dict) and one.get("writeOnly") is True for one in kinds):
        return HIDDEN
    if isinstance(value, dict) and isinstance(inside := schema.get("properties"), dict):
        return {
            name: without_write_only(one, inside.get(name), whole) for name, one in value.items()
        }
    if isinstance(value, list):
        return [without_write_only(one, schema.get("items"), whole) for one in value]
    return value


def listed(value: JSON) -> list[JSON]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def found_in(whole: JSON, reference: str) -> JSON:
    """What a reference such as "#/$defs/pin" leads to; None where it is of another kind."""
    if not reference.startswith("#/"):
        return whole if reference == "#" else None
    for part in unquote(reference[2:]).split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        whole = whole.get(name) if isinstance(whole, dict) else None
    return whole


def takes_two(perform: Callable[..., Any]) -> bool:
    """Whether a function can be given a context after the arguments."""
    try:
        inspect.signature(perform).bind({}, None)
    except (TypeError, ValueError):
        return False
    return True
