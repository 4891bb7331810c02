"""Patterns: any async function over actors, as an actor that can be asked, resumed and drawn."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Concatenate, Generic, Protocol, Self, get_type_hints, overload

from pydantic.errors import PydanticUserError
from typing_extensions import ParamSpec, TypeVar, Unpack

from agentkit.actor import ASK_OPTIONS, Actor, S
from agentkit.answer import Answer, T
from agentkit.bounds import in_time
from agentkit.conversation import worded
from agentkit.errors import BadOutput, SetupError, error_text, safe_repr
from agentkit.log import Log
from agentkit.messages import JSON, Message, Thread, canonical, extend, jsonable
from agentkit.options import AskOptions
from agentkit.parts import as_content
from agentkit.run import current_run
from agentkit.scope import current_scope
from agentkit.sync import wait
from agentkit.typed import Output, adapter, answered_now, schema_of, taken_before
from agentkit.values import in_order

In = TypeVar("In", default=Any)
"""The type of the task."""

P = ParamSpec("P", default=...)
"""The parameters after the task."""

TOLD = frozenset({"output", "after"})
"""Parameters by which a function is told of the ask itself."""

RESERVED = ASK_OPTIONS - {"deadline_s", "concurrency"}
"""Names that no parameter may have. These two mean the function's own where it has them."""


def actors_in(members: Sequence[Actor], name: str) -> tuple[Actor, ...]:
    """The members of a pattern.

    Raises:
        SetupError: they are none.
    """
    found = tuple(members) if isinstance(members, Iterable) else (members,)
    for one in found:
        if not isinstance(one, Actor):
            raise SetupError(
                f"{name} has the member {safe_repr(one)}.", expected="actors, as [writer, critic]"
            )
    return found


class Pattern(Actor[T], Generic[In, P, T]):
    """An async function over actors, as an actor; its signature is the function's."""

    what = "pattern"

    def __init__(
        self,
        fn: Callable[..., Awaitable[Any]],
        name: str | None = None,
        members: Sequence[Actor] = (),
    ) -> None:
        super().__init__(name or fn.__name__, inspect.getdoc(fn) or "")
        self.fn = fn
        self.members = actors_in(members, self.name)
        self.__signature__ = inspect.signature(fn)
        self.__doc__ = fn.__doc__
        parameters = self.__signature__.parameters
        self.takes = frozenset(parameters) & TOLD
        self.own = own_parameters(self.name, list(parameters.values()))
        """Its parameters beside the task, as far as an ask may give them."""

    @property
    def takes_output(self) -> bool:
        """Whether its function wants to know the type asked for."""
        return "output" in self.takes

    def _made_of(self) -> tuple[Any, ...]:
        return *super()._made_of(), self.fn

    @overload
    async def __call__(
        self, task: In, *, output: type[S], **how: Unpack[AskOptions]
    ) -> Answer[S]: ...
    @overload
    async def __call__(self, task: In, *args: P.args, **own: P.kwargs) -> Answer[T]: ...
    @overload
    async def __call__(
        self, task: In, *, output: None = ..., **how: Unpack[AskOptions]
    ) -> Answer[T]: ...
    @overload
    async def __call__(self, task: In, *, output: Output, **how: Unpack[AskOptions]) -> Answer: ...
    async def __call__(self, task: Any, *args: Any, output: Output = None, **how: Any) -> Answer:
        """Ask; what its function takes beside the task may be given, too.

        Such an argument is a part of what is asked, as the task is: it is recorded, a resume
        gets it from the log, and it must have a JSON form.

        Raises:
            SetupError: an argument that is missing, or of another type than is written there.
        """
        asked: Pattern[Any, ..., Any] = self
        if self.own or args:
            how |= self._placed(args, {"output": output, **how} if output is not None else how)
            asked = self._given({name: how.pop(name) for name in list(how) if name in self.own})
        how.setdefault("output", output)
        answer: Answer = await Actor.__call__(asked, task, **how)
        return answer

    @overload
    def run_sync(self, task: In, *, output: type[S], **how: Unpack[AskOptions]) -> Answer[S]: ...
    @overload
    def run_sync(self, task: In, *args: P.args, **own: P.kwargs) -> Answer[T]: ...
    @overload
    def run_sync(self, task: In, *, output: None = ..., **how: Unpack[AskOptions]) -> Answer[T]: ...
    @overload
    def run_sync(self, task: In, *, output: Output, **how: Unpack[AskOptions]) -> Answer: ...
    def run_sync(self, task: Any, *args: Any, **how: Any) -> Answer:
        """Ask, and wait for the answer without `await`; see `Actor.run_sync`."""
        return wait(in_time(self(task, *args, **how)))

    async def submit(self, task: In, *args: Any, **how: Any) -> str:
        """Put an open run into the log for a worker to perform; see `Actor.submit`."""
        asked: Pattern[Any, ..., Any] = self
        if self.own or args:
            how |= self._placed(args, how)
            asked = self._given({name: how.pop(name) for name in list(how) if name in self.own})
        return await Actor.submit(asked, task, **how)

    def with_(self, *args: P.args, **own: P.kwargs) -> Self:
        """Make a copy that is asked with these arguments, so that an ask gives options alone.

        `await team.with_(rounds=3)(task, budget_usd=1)`. One call may give both, too, but there is
        no type for such a function (PEP 612), so that checkers take it for an error.

        Raises:
            SetupError: an argument that it does not take, or one of another type.
        """
        given = {**own, **self._placed(args, own)}
        if unknown := sorted(given.keys() - self.own.keys()):
            raise self._misasked(f"it has no {', '.join(unknown)}")
        return self._given(given)

    def _placed(self, args: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments that were given by their place, by name."""
        after_task = list(self.__signature__.parameters.values())[1:]
        places = [one.name for one in after_task if one.kind is one.POSITIONAL_OR_KEYWORD]
        found = dict(zip(places, args, strict=False))
        if len(args) > len(places) or found.keys() & named.keys() or found.keys() & RESERVED - TOLD:
            raise self._misasked("it was given more than it takes")
        return found

    def _misasked(self, wrong: str) -> SetupError:
        return SetupError(
            f"{self.name} was not asked as it is written: {wrong}.",
            expected=f"{self.name}{self.__signature__}",
        )

    def _given(self, given: dict[str, Any]) -> Self:
        """The pattern with arguments beside the task."""
        needed = [one.name for one in self.own.values() if one.default is one.empty]
        if missing := [name for name in needed if name not in {**self.arguments, **given}]:
            raise self._misasked(f"{', '.join(missing)} is missing")
        if not given:
            return self
        values = {name: self._typed_argument(name, value) for name, value in given.items()}
        made = copy.copy(self)
        made.fn = functools.partial(self.fn, **{name: one for name, (one, _) in values.items()})
        made.arguments = {**self.arguments, **{name: kept for name, (_, kept) in values.items()}}
        return made

    def _typed_argument(self, name: str, value: Any) -> tuple[Any, JSON]:
        """An argument as the function gets it, and as the log does."""
        try:
            fn = self.fn.func if isinstance(self.fn, functools.partial) else self.fn
            hint = get_type_hints(fn).get(name, Any)
        except (NameError, TypeError):
            hint = Any
        try:
            kept = jsonable(in_order(value))
            # From its JSON, so that a resume gives the function what the first run gave it.
            return adapter(hint).validate_python(kept), kept
        except (ValueError, PydanticUserError) as error:
            raise SetupError(
                f"{self.name} cannot be asked with this {name}: {error_text(error)}.",
                expected=f"what {self.name}{self.__signature__} says, with a JSON form",
                todo="what has none is given by context=, which is not recorded",
            ) from error

    async def _again(
        self, run_id: str, log: Log | None, how: str, options: dict[str, Any]
    ) -> Answer[T]:
        given = sorted(self.own.keys() & options.keys())
        if given and how in ("resume", "replay"):
            raise SetupError(
                f"{', '.join(given)} cannot be given to {self.name}.{how}(...): it is what was"
                " asked, and recorded.",
                todo=f"{self.name}.rerun(run_id, {given[0]}=...) asks with another one",
            )
        return await super()._again(run_id, log, how, options)

    async def act(self, task: JSON, output: Output, thread: Thread) -> Answer:
        before, options = thread[:-1], dict[str, Any]()
        if self.takes_output:
            options["output"] = output
        if "after" in self.takes:
            options["after"] = Answer(text="", thread=before) if before else None
        else:
            task = worded(task, before, self.name)
        answer = self._answer(await self.fn(task, **options))
        said = extend(thread, Message(role="assistant", content=answer.said))
        data = self._typed(answer.text, answer.data, output, said[-1].id)
        return answer.model_copy(update={"thread": said, "data": data})

    def _answer(self, result: Any) -> Answer:
        """What the function returned, as an answer of no type yet."""
        if isinstance(result, Answer):
            return result
        if isinstance(result, str):
            return Answer(text=result)
        if (content := as_content(result)) is not None:
            return Answer(text=str(content), content=content)
        try:
            text = canonical(jsonable(result))
        except ValueError as error:
            raise SetupError(
                f"{self.name} returned what has no JSON form: {error_text(error)}.",
                expected="an Answer, a text, or a JSON-like value",
            ) from error
        return Answer(text=text, data=result)

    def _typed(self, text: str, data: Any, output: Output, message: str) -> Any:
        """The answer as the type asked for: its data if there are any, else its text."""
        try:
            return answered_now(text, data, output)
        except ValueError as error:
            past, scope = current_run().past, current_scope()
            if isinstance(output, dict) and past.accepted(scope.key, message):
                return taken_before(text, data, output)
            raise BadOutput(
                f"{self.name} returned an answer that does not fit: {error_text(error)}",
                expected=f"JSON that fits {canonical(schema_of(output))[:300]}",
                todo="take `output` as a second parameter and give it to the last actor asked",
            ) from error


class PatternDecorator(Protocol):
    """What `pattern(name=...)` gives: it makes an actor of a function."""

    @overload
    def __call__(
        self, fn: Callable[Concatenate[In, P], Awaitable[Answer[T]]], /
    ) -> Pattern[In, P, T]: ...
    @overload
    def __call__(self, fn: Callable[Concatenate[In, P], Awaitable[T]], /) -> Pattern[In, P, T]: ...


@overload
def pattern(fn: Callable[Concatenate[In, P], Awaitable[Answer[T]]], /) -> Pattern[In, P, T]: ...
@overload
def pattern(fn: Callable[Concatenate[In, P], Awaitable[T]], /) -> Pattern[In, P, T]: ...
@overload
def pattern(*, name: str | None = None, members: Sequence[Actor] = ()) -> PatternDecorator: ...
def pattern(
    fn: Callable[..., Awaitable[Any]] | None = None,
    /,
    *,
    name: str | None = None,
    members: Sequence[Actor] = (),
) -> Any:
    """Make an async function an actor: `@pattern async def team(task): ...`.

    It returns an Answer, a text, or any JSON-like value (then it is the answer's data). What is
    missing in the answers that it asked for is missing in its own, but for those that it gave
    to `discard`; what it gave up itself it says in `Answer(..., missing=(...))`.

    Args:
        fn: async def of the task; and of `output` if it wants to know the type asked for, of
            `after` if it gives the conversation so far (an answer, or None) to whom it asks.
            Without `after` it is told behind the task what was said before. Further parameters
            may be given in an ask: `await team(task, rounds=3)`. With options of an ask beside
            them type checkers want `await team.with_(rounds=3)(task, budget_usd=1)`.
        name: of the actor; the function's by default.
        members: the actors it asks, so that it can be drawn before it runs.

    Raises:
        SetupError: the function is not async, takes no task, or has a parameter that an ask
            cannot give it.
    """
    if fn is None:
        return lambda function: as_pattern(function, name, members)
    return as_pattern(fn, name, members)


def as_pattern(
    fn: Callable[..., Awaitable[Any]], name: str | None, members: Sequence[Actor]
) -> Pattern:
    """A function as a pattern.

    Raises:
        SetupError: the function is not async.
    """
    if not inspect.iscoroutinefunction(fn):
        raise SetupError(
            f"The pattern {fn.__name__} is a plain function.",
            expected="async def, because it waits for actors",
        )
    return Pattern(fn, name, members)


def own_parameters(
    name: str, parameters: Sequence[inspect.Parameter]
) -> dict[str, inspect.Parameter]:
    """What an ask may give to a pattern's function beside the task.

    Raises:
        SetupError: it takes no task, or needs what no ask can give it.
    """
    if not parameters or parameters[0].kind in (
        inspect.Parameter.KEYWORD_ONLY,
        inspect.Parameter.VAR_KEYWORD,
    ):
        raise SetupError(
            f"The pattern {name} takes no task.",
            expected=f"async def {name}(task), which is given what was asked",
        )
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    rest = [one for one in parameters[1:] if one.name not in TOLD]
    own = {one.name: one for one in rest if one.kind in named and one.name not in RESERVED}
    for one in rest:
        if one.name not in own and one.default is one.empty and one.kind not in VARIADIC:
            means = "is an option of every ask" if one.name in RESERVED else "cannot be named"
            raise SetupError(
                f"The parameter {one.name} of the pattern {name} {means}, so no ask can give it.",
                expected="another name, without / after it",
            )
    return own


VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
