"""Tools: Python functions that a model may call, with their effect declared.

The effect says what a second performance does, and everything else follows from
it: a `pure` or `idempotent` tool in doubt after a crash is performed again, a
`once` tool in doubt is settled by a person.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import inspect
import json
import re
import types
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, overload

from pydantic import BaseModel, ValidationError

from agentkit.code import Mark, Works
from agentkit.errors import ToolError, error_text, full_text
from agentkit.events import Effect
from agentkit.forms import shown
from agentkit.given import Context
from agentkit.messages import JSON, canonical, jsonable, mended
from agentkit.model import ToolSpec
from agentkit.signatures import Signature, function_of, signature_of
from agentkit.threads import in_thread, put, uncancelled
from agentkit.words import for_line, for_markdown

Approve = bool | Callable[[dict[str, Any]], bool]
"""Whether a person must agree to a call: always, never, or as a function of the arguments."""


OnError = Literal["tell", "raise"]
"""What follows when a tool raises: its model is told, or the run stops."""

SELF = ("self", "cls")
"""First parameters of methods."""

TEXT = 2_000
"""Characters kept of the text of a result that has no JSON form."""


class BadArguments(ToolError):
    """The model's arguments do not fit; the text goes back to the model."""


class Arguments(dict[str, JSON]):
    """Checked arguments: as JSON, which is what a log may show, with secrets hidden."""

    objects: Mapping[str, Any]
    """What the function is called with, by parameter, in the order of its signature."""
    asked: str
    """What the model wrote, as canonical JSON: what makes two calls the same."""
    defaults: Mapping[str, JSON]
    """What the parameters are that are not given, where that is always the same."""


@dataclass(frozen=True)
class Tool(Works):
    """A function with its name, schema and effect; still callable as the function it is."""

    fn: Callable[..., Any]
    name: str
    description: str
    parameters: dict[str, Any]
    effect: Effect
    timeout_s: float | None
    approve: Approve
    signed: Signature = field(repr=False)
    on_error: OnError = "tell"
    actor: Any = None
    """The actor that is asked, of a tool made by as_tool()."""
    own_steps: bool = False
    """Whether what it does is recorded step by step, as a memory's is; the call is then not."""
    binds: bool = False
    """Whether it is a function of a class that has no object yet."""
    mark: Mark = field(default_factory=Mark, init=False, repr=False, compare=False)
    """Of its code, kept from run to run."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.fn(*args, **kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Tool:
        """A method as a tool of its object, as an attribute of it gives it."""
        if instance is None and not isinstance(self.fn, classmethod):
            return self
        if not self.binds:
            return self
        bound = self.fn.__get__(instance, owner)
        signed: Signature | None = self.__dict__.get("_signed_bound")
        if signed is None:
            signed = self.__dict__["_signed_bound"] = signature_of(bound, self.name)
        return replace(self, fn=bound, parameters=signed.parameters, signed=signed, binds=False)

    @functools.cached_property
    def spec(self) -> ToolSpec:
        return ToolSpec(name=self.name, description=self.description, parameters=self.parameters)

    def _made_of(self) -> tuple[Any, ...]:
        """What its mark is about: the function, and what validates its arguments."""
        fields = self.signed.model.model_fields.values()
        parts = [(one.annotation, one.metadata, one.default_factory) for one in fields]
        return self.fn, tuple(parts)

    def check(self, arguments: str) -> Arguments:
        """The arguments, validated: once, because what validates may have effects.

        Raises:
            BadArguments: not a JSON object, or not what the signature says.
        """
        try:
            raw = mended(json.loads(arguments or "{}"))
            # Some servers write null for no arguments.
            raw = {} if raw is None else raw
            asked = canonical(raw)
        except (ValueError, RecursionError) as error:
            raise BadArguments(f"The arguments of {self.name} are not JSON: {error}.") from error
        if not isinstance(raw, dict):
            raise BadArguments(
                f"The arguments of {self.name} are no dictionary but {type(raw).__name__}."
                f" It takes {self.signature}."
            )
        for name, value in raw.items():
            if type(value) is bool and self._wants_number(name):
                # pydantic takes true for 1.
                raise self._refused(f"{name}: a truth value is no number")
        try:
            checked = self.signed.model.model_validate_json(asked)
            for place, value in vars(checked).items():
                # Of an Iterable; to show it would use it up.
                if isinstance(value, Iterator):
                    vars(checked)[place] = list(value)
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors()
            )
            raise self._refused(wrong) from error
        except Exception as error:
            raise self._refused(full_text(error)) from error
        made = Arguments(self._shown(checked, raw))
        given = checked.model_fields_set | self.signed.always
        made.objects = {
            name: getattr(checked, place)
            for place, name in self.signed.places.items()
            if place in given
        }
        made.asked = asked
        made.defaults = self._defaults
        return made

    @functools.cached_property
    def _defaults(self) -> dict[str, JSON]:
        """The default of each parameter, by its name in JSON; without those that are made anew."""
        found = {}
        for name, one in self.signed.model.model_fields.items():
            if not one.is_required() and one.default_factory is None:
                with contextlib.suppress(Exception):  # It has no JSON form.
                    found[one.serialization_alias or one.alias or name] = jsonable(one.default)
        return found

    def _shown(self, checked: BaseModel, raw: dict[str, JSON]) -> dict[str, JSON]:
        """The arguments as JSON, secrets hidden; as they were written where there is no other."""
        try:
            dumped = checked.model_dump(
                mode="json", by_alias=True, exclude_unset=True, round_trip=True, warnings=False
            )
        except Exception as error:
            if '"writeOnly":true' not in canonical(self.parameters):
                return raw
            dumped = dict.fromkeys(raw, f"(it has no JSON form: {type(error).__name__})")
        return {name: mended(value) for name, value in dumped.items()}

    def _wants_number(self, name: str) -> bool:
        shown = self.parameters.get("properties", {}).get(name, {})
        return shown.get("type") in ("integer", "number")

    def _refused(self, wrong: str) -> BadArguments:
        return BadArguments(
            f"The arguments of {self.name} are not accepted: {wrong}. It takes {self.signature}."
        )

    @property
    def signature(self) -> str:
        """Such as "tariff(port, tonnes)"."""
        names = self.parameters.get("properties", {})
        return f"{self.name}({', '.join(names)})"

    def needs_approval(self, arguments: dict[str, Any]) -> bool:
        """Whether a person must agree; a function of its own is given the defaults, too.

        Raises:
            ToolError: that function failed, so nobody knows whether the call may be made.
        """
        if not callable(self.approve):
            return self.approve
        try:
            return bool(self.approve(self.with_defaults(arguments)))
        except Exception as error:
            raise ToolError(
                f"{self.name} was not called: its approve= function raised {full_text(error)}.",
                expected="a function that says of any arguments whether a person must agree",
                todo=f"mend approve= of {self.name}, which is given the arguments by name",
            ) from error

    def with_defaults(self, arguments: Mapping[str, JSON]) -> dict[str, JSON]:
        """Arguments in the order of the signature, with the defaults of those that are left out.

        A default without a JSON form, or a secret, is not among them.
        """
        offered: dict[str, dict[str, JSON]] = self.parameters.get("properties", {})
        known = {name: one["default"] for name, one in offered.items() if "default" in one}
        full = {**known, **arguments}
        return {name: full[name] for name in (*offered, *arguments) if name in full}

    async def perform(
        self, arguments: dict[str, JSON], context: Context[Any] | None = None
    ) -> JSON:
        """Call the function and return its result as a JSON value.

        A synchronous function runs in a thread, so that parallel calls overlap.

        Args:
            arguments: as `check` gives them, or as JSON values.
            context: for the parameter that takes it.

        Raises:
            ToolError: the result has no JSON form, or the time-out passed. What a `once` tool
                did is never said to have failed: then the text of its result has to do.
            Exception: whatever the function raises.
        """
        checked = arguments if isinstance(arguments, Arguments) else None
        values = dict((checked or self.check(canonical(arguments))).objects)
        if self.signed.context and context is not None:
            values[self.signed.context] = context
        try:
            with uncancelled(self._cancelled):
                async with asyncio.timeout(None) as limit:
                    if self.timeout_s is not None:
                        put(limit, asyncio.get_running_loop().time() + self.timeout_s)
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
            raise ToolError(
                f"{self.name} wanted to end the process: exit({error_text(error)})."
            ) from error
        return self._rendered(result)

    def _cancelled(self, by: str) -> ToolError:
        return ToolError(
            f"{self.name} failed: something inside it was cancelled ({by}).",
            todo=f"catch {by} in the tool where it waits for work of its own",
        )

    def _rendered(self, result: Any) -> JSON:
        result = of_answers(result)
        try:
            return jsonable(result)
        except Exception:
            try:
                return mended(shown(result))
            except Exception as error:
                if self.effect == "once":
                    kind, text = type(result).__name__, error_text(result)
                    cut = text if len(text) <= TEXT else text[: TEXT - 1] + "…"
                    return f"{self.name} is done. It returned a {kind} without JSON form: {cut}"
                raise ToolError(
                    f"{self.name} returned {type(result).__name__}, which is not a JSON value.",
                    expected="None, bool, int, float, str, list, dict, a dataclass or a pydantic"
                    " model; arrays, tables and objects with attributes have a form, too",
                ) from error

    async def _call(self, values: dict[str, Any]) -> Any:
        if inspect.iscoroutinefunction(self.fn):
            return await self.fn(**values)
        call = functools.partial(contextvars.copy_context().run, self._here, values)
        result = await in_thread(call)
        if inspect.isasyncgen(result):
            return [item async for item in result]
        return await result if isinstance(result, Awaitable) else result

    def _here(self, values: dict[str, Any]) -> Any:
        try:
            result = self.fn(**values)
            return list(result) if inspect.isgenerator(result) else result
        except (StopIteration, GeneratorExit) as error:
            # A future cannot carry them: whoever waits would wait for ever, or be closed.
            raise RuntimeError(f"{self.name} raised {type(error).__name__}") from error

    def _repr_markdown_(self) -> str:
        head = f"**{for_line(self.signature)}** · {self.effect}"
        return f"{head}\n\n{for_markdown(self.description)}"


@overload
def tool(fn: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *,
    effect: Effect = ...,
    timeout_s: float | None = ...,
    approve: Approve = ...,
    name: str | None = ...,
    on_error: OnError = ...,
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    fn: Callable[..., Any] | None = None,
    /,
    *,
    effect: Effect = "once",
    timeout_s: float | None = 60.0,
    approve: Approve = False,
    name: str | None = None,
    on_error: OnError = "tell",
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Make a function a tool; its schema comes from the annotations and the docstring.

    Args:
        fn: plain or async function with annotated parameters and a docstring; also a method
            (then it is a tool as an attribute of its object: tools=[desk.total]), a
            functools.partial, or an object with __call__. A parameter of the type Context is
            not offered to the model: it brings what the caller gave to the ask.
        effect: what a second performance does: "pure" nothing, "idempotent" the same
            again, "once" harm. The default is the careful one.
        timeout_s: seconds until the call counts as failed; None waits for ever.
        approve: whether a person must agree first: True, or a function of the arguments.
        name: what the model calls it; the function's name by default.
        on_error: what follows when the function raises. "tell", the default: its model is
            told the error's text, and may go on. "raise": the ask ends with that error, as
            it does from any tool by raising Interrupted.

    Raises:
        ToolError: no docstring, an unknown effect, or parameters without a JSON schema.
    """
    if fn is None:
        return lambda function: _make(function, effect, timeout_s, approve, name, on_error)
    if isinstance(fn, Tool):
        return fn
    if isinstance(fn, types.MethodType) and isinstance(fn.__func__, Tool):
        return fn.__func__.__get__(fn.__self__)
    return _make(fn, effect, timeout_s, approve, name, on_error)


def _make(
    fn: Any,
    effect: Effect,
    timeout_s: float | None,
    approve: Approve,
    name: str | None,
    on_error: OnError,
) -> Tool:
    if isinstance(fn, Tool):
        name, fn = name or fn.name, fn.fn
    binds = not isinstance(fn, staticmethod)
    fn = fn if binds else fn.__func__
    written = function_of(fn)
    name = str(name or getattr(fn, "__name__", "") or getattr(written, "__name__", ""))
    if name == "__call__":
        name = type(fn).__name__
    if effect not in ("pure", "idempotent", "once"):
        raise ToolError(
            f"The tool {name} has the effect {effect!r}.",
            expected="'pure', 'idempotent' or 'once'",
        )
    if on_error not in ("tell", "raise"):
        raise ToolError(
            f"on_error of {name} is {on_error!r}.",
            expected="'tell' (its model) or 'raise' (and end the ask)",
        )
    if inspect.iscoroutinefunction(approve):
        raise ToolError(
            f"approve of {name} is an async function.",
            expected="True, False, or a plain function of the arguments",
        )
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise ToolError(
            f"A tool cannot be called {name!r}.",
            expected="1 to 64 letters, digits, '_' and '-'",
            todo="give it a name: @tool(name='...')",
        )
    skipped = int(unbound(fn))
    signed = signature_of(written if skipped else fn, name, skipped=skipped)
    return Tool(
        fn=fn,
        name=name,
        description=signed.description,
        parameters=signed.parameters,
        effect=effect,
        timeout_s=timeout_s,
        approve=approve,
        signed=signed,
        on_error=on_error,
        binds=binds and (isinstance(fn, classmethod) or in_class(fn)),
    )


def of_answers(result: Any, depth: int = 3) -> Any:
    """What a tool that asked actors returns of them: data or text, not the whole conversation.

    Args:
        result: an answer, or lists and dicts with answers in them.
        depth: of the lists and dicts that are looked through; one may contain itself.
    """
    if depth and isinstance(result, list | tuple) and not hasattr(result, "_fields"):
        return [of_answers(one, depth - 1) for one in result]
    if depth and type(result) is dict:
        return {name: of_answers(one, depth - 1) for name, one in result.items()}
    return of_answer(result)


def of_answer(result: Any) -> Any:
    """An answer's data, or else its text, and what is wrong with it; anything else as it is."""
    if type(result).__name__.partition("[")[0] != "Answer" or not hasattr(result, "thread"):
        return result
    value = result.text if result.data is None else result.data
    if not result.fault:
        return value
    return f"{value if isinstance(value, str) else canonical(jsonable(value))}\n[{result.fault}]"


def in_class(fn: Any) -> bool:
    """Whether a function is defined in a class, so that an object of it is its first argument."""
    within = getattr(fn, "__qualname__", "").rpartition(".")[0]
    return inspect.isfunction(fn) and bool(within) and not within.endswith("<locals>")


def unbound(fn: Any) -> bool:
    """Whether a function cannot be called without an object, or a class, as a method can not."""
    if isinstance(fn, classmethod):
        return True
    return in_class(fn) and next(iter(inspect.signature(fn).parameters), "") in SELF


def named(tools: Iterable[Tool | Callable[..., Any]]) -> dict[str, Tool]:
    """Tools by name; plain functions and actors become tools.

    Raises:
        ToolError: two tools of one name.
    """
    found: dict[str, Tool] = {}
    for one in tools:
        as_tool = getattr(one, "as_tool", None)
        made: Tool = as_tool() if callable(as_tool) else tool(one)
        if made.binds and unbound(made.fn):
            raise ToolError(
                f"{made.name} is a method, and no object was given.",
                todo=f"give it as an attribute of one: tools=[desk.{made.name}]",
            )
        if made.name in found:
            raise ToolError(
                f"Two tools are called {made.name!r}.",
                todo="rename one: @tool(name='...')",
            )
        found[made.name] = made
    return found
