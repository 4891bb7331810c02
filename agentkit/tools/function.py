"""A Python function as a tool: its schema comes from its annotations and its docstring."""

from __future__ import annotations

import contextvars
import functools
import inspect
import types
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, overload

from agentkit import words
from agentkit.code import Works
from agentkit.errors import error_text
from agentkit.events import Effect
from agentkit.given import NOT_GIVEN, Context
from agentkit.messages import JSON, canonical
from agentkit.model import ToolSpec
from agentkit.placing import PLACING, Needs, PlacedCall, needed
from agentkit.signatures import Signature, function_of, signature_of
from agentkit.threads import in_thread
from agentkit.tools.approving import needs_approval, with_defaults
from agentkit.tools.arguments import Checker
from agentkit.tools.declared import declared
from agentkit.tools.older import Gone, taken_over
from agentkit.tools.performing import kept_to
from agentkit.tools.protocol import Approve, Arguments, OnError, TakesContext, Tool

SELF = ("self", "cls")
"""First parameters of methods."""


@dataclass(frozen=True, init=False)
class FunctionTool(Works, Tool):
    """A function with its name, schema and effect; still callable as the function it is."""

    fn: Callable[..., Any]
    name: str
    description: str
    parameters: dict[str, Any]
    effect: Effect
    timeout_s: float | None
    approve: Approve
    signed: Signature = field(repr=False)
    on_error: OnError
    binds: bool
    """Whether it is a function of a class that has no object yet."""
    needs: Needs | None
    """What machine its calls need, where that is said."""
    actor = Gone()

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str,
        description: str,
        parameters: dict[str, Any],
        effect: Effect,
        timeout_s: float | None,
        approve: Approve,
        signed: Signature,
        on_error: OnError = "tell",
        binds: bool = False,
        needs: Needs | None = None,
        **old: Any,
    ) -> None:
        """Make one; usually by `tool`, which reads all but the effect from the function."""
        vars(self).update(
            fn=fn, name=name, description=description, parameters=parameters, effect=effect,
            timeout_s=timeout_s, approve=approve, signed=signed, on_error=on_error, binds=binds,
            needs=needs,
        )  # fmt: skip
        if old:
            taken_over(self, old)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.fn(*args, **kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> FunctionTool:
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
    def spec(self) -> ToolSpec:  # type: ignore[override]  # a value of its own, made when asked for
        return ToolSpec(name=self.name, description=self.description, parameters=self.parameters)

    @functools.cached_property
    def takes_context(self) -> TakesContext:  # type: ignore[override]  # as above
        if self.signed.context is None:
            return "never"
        if self.signed.wants_nothing:
            return "the run"
        return "always" if self.signed.needs_context else "if given"

    def _made_of(self) -> tuple[Any, ...]:
        """What its mark is about: the function, and what validates its arguments."""
        fields = self.signed.model.model_fields.values()
        parts = [(one.annotation, one.metadata, one.default_factory) for one in fields]
        return self.fn, tuple(parts)

    @functools.cached_property
    def _checker(self) -> Checker:
        return Checker(self.spec, self.signed)

    def check(self, arguments: str) -> Arguments:
        """The arguments, validated: once, because what validates may have effects.

        Raises:
            BadArguments: not a JSON object, or not what the signature says.
        """
        return self._checker.check(arguments)

    @property
    def signature(self) -> str:
        """Such as "tariff(port, tonnes)"."""
        return self.spec.signature

    def needs_approval(self, arguments: Mapping[str, JSON]) -> bool:
        """Whether a person must agree; see `agentkit.tools.approving`."""
        return needs_approval(self, arguments)

    def with_defaults(self, arguments: Mapping[str, JSON]) -> dict[str, JSON]:
        """Arguments in the order of the signature, with the defaults of what is left out."""
        return with_defaults(self.spec, arguments)

    async def perform(
        self, arguments: Mapping[str, JSON], context: Context[Any] | None = None
    ) -> Any:
        """Call the function.

        A synchronous function runs in a thread, so that parallel calls overlap.

        Args:
            arguments: as `check` gives them. Plain JSON values are checked first, and then
                performed as an agent does it: within the time-out, the result as JSON.
            context: for the parameter that takes it.

        Raises:
            Exception: whatever the function raises.
        """
        if isinstance(arguments, Arguments):
            return await self._call(arguments, context)
        checked = self.check(canonical(arguments))
        return await kept_to(self, self._call(checked, context))

    async def _call(self, arguments: Arguments, context: Context[Any] | None) -> Any:
        values = dict(arguments.objects)
        if self.signed.context and self.signed.wants_nothing:
            values[self.signed.context] = replace(context or Context(None), value=None)
        elif self.signed.context and context is not None and context.value is not NOT_GIVEN:
            values[self.signed.context] = context
        if self.needs is not None and (place := PLACING.get()) is not None:
            again = self.effect != "once"
            return await place(PlacedCall(self.name, self.fn, values, self.needs, again))
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
        head = f"**{words.for_line(self.signature)}** · {self.effect}"
        return f"{head}\n\n{words.for_markdown(self.description)}"


@overload
def tool(fn: Callable[..., Any], /) -> FunctionTool: ...
@overload
def tool(
    *,
    effect: Effect = ...,
    timeout_s: float | None = ...,
    approve: Approve = ...,
    name: str | None = ...,
    on_error: OnError = ...,
    cpus: float | None = ...,
    gpus: float | None = ...,
    memory_gb: float | None = ...,
) -> Callable[[Callable[..., Any]], FunctionTool]: ...
def tool(
    fn: Callable[..., Any] | None = None,
    /,
    *,
    effect: Effect = "once",
    timeout_s: float | None = 60.0,
    approve: Approve = False,
    name: str | None = None,
    on_error: OnError = "tell",
    cpus: float | None = None,
    gpus: float | None = None,
    memory_gb: float | None = None,
) -> FunctionTool | Callable[[Callable[..., Any]], FunctionTool]:
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
        cpus, gpus, memory_gb: what a call needs. In a worker of a Ray cluster it is then made
            as a task of Ray, on a machine that has so much free; elsewhere it is made here. What
            it is given and returns goes between processes.

    Raises:
        ToolError: no docstring, an unknown effect, or parameters without a JSON schema.
    """
    how: dict[str, Any] = {
        "effect": effect, "timeout_s": timeout_s, "approve": approve, "name": name,
        "on_error": on_error, "needs": (cpus, gpus, memory_gb),
    }  # fmt: skip
    if fn is None:
        return lambda function: tool_of_kind(FunctionTool, function, **how)
    if isinstance(fn, FunctionTool):
        return fn
    if isinstance(fn, types.MethodType) and isinstance(fn.__func__, FunctionTool):
        return fn.__func__.__get__(fn.__self__)
    return tool_of_kind(FunctionTool, fn, **how)


Kind = TypeVar("Kind", bound=FunctionTool)


def tool_of_kind(
    kind: type[Kind],
    fn: Any,
    *,
    effect: Effect,
    timeout_s: float | None,
    approve: Approve,
    name: str | None,
    on_error: OnError = "tell",
    needs: tuple[float | None, float | None, float | None] = (None, None, None),
    **more: Any,
) -> Kind:
    """A function as a tool of a kind; `more` is what that kind wants to know beside.

    Raises:
        ToolError: as `tool`.
    """
    if isinstance(fn, FunctionTool):
        name, fn = name or fn.name, fn.fn
    binds = not isinstance(fn, staticmethod)
    fn = fn if binds else fn.__func__
    written = function_of(fn)
    own = getattr(fn, "__name__", "") or getattr(written, "__name__", "")
    name = error_text(name or own)
    if name == "__call__":
        name = type(fn).__name__
    declared(name, effect, timeout_s, approve, on_error)
    skipped = int(unbound(fn))
    signed = signature_of(written if skipped else fn, name, skipped=skipped)
    return kind(
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
        needs=needed(name, *needs, signed.context),
        **more,
    )


def in_class(fn: Any) -> bool:
    """Whether a function is defined in a class, so that an object of it is its first argument."""
    within = getattr(fn, "__qualname__", "").rpartition(".")[0]
    return inspect.isfunction(fn) and bool(within) and not within.endswith("<locals>")


def unbound(fn: Any) -> bool:
    """Whether a function cannot be called without an object, or a class, as a method can not."""
    if isinstance(fn, classmethod):
        return True
    return in_class(fn) and next(iter(inspect.signature(fn).parameters), "") in SELF
