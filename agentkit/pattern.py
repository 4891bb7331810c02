"""Patterns: any async function over actors, as an actor that can be asked, resumed and drawn."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, overload

from agentkit.actor import Actor
from agentkit.answer import Answer
from agentkit.conversation import worded
from agentkit.errors import BadOutput, SetupError, error_text
from agentkit.messages import JSON, Message, Thread, canonical, extend, jsonable
from agentkit.typed import Output, revalidated, schema_of


class Pattern(Actor):
    """An async function over actors, as an actor."""

    what = "pattern"

    def __init__(
        self,
        fn: Callable[..., Awaitable[Any]],
        name: str | None = None,
        members: Sequence[Actor] = (),
    ) -> None:
        super().__init__(name or fn.__name__, inspect.getdoc(fn) or "")
        self.fn = fn
        self.members = tuple(members)
        self.takes = frozenset(inspect.signature(fn).parameters) & {"output", "after"}

    @property
    def takes_output(self) -> bool:
        """Whether its function wants to know the type asked for."""
        return "output" in self.takes

    def _made_of(self) -> tuple[Any, ...]:
        return *super()._made_of(), self.fn

    async def act(self, task: JSON, output: Output, thread: Thread) -> Answer:
        before, options = thread[:-1], dict[str, Any]()
        if self.takes_output:
            options["output"] = output
        if "after" in self.takes:
            options["after"] = Answer(text="", thread=before) if before else None
        else:
            task = worded(task, before, self.name)
        answer = self._answer(await self.fn(task, **options), output)
        said = extend(thread, Message(role="assistant", content=answer.text))
        return answer.model_copy(update={"thread": said})

    def _answer(self, result: Any, output: Output) -> Answer:
        """What the function returned, as an answer."""
        if isinstance(result, Answer):
            data = self._typed(result.text, result.data, output)
            return result.model_copy(update={"data": data})
        if isinstance(result, str):
            return Answer(text=result, data=self._typed(result, None, output))
        try:
            text = canonical(jsonable(result))
        except ValueError as error:
            raise SetupError(
                f"{self.name} returned what has no JSON form: {error_text(error)}.",
                expected="an Answer, a text, or a JSON-like value",
            ) from error
        return Answer(text=text, data=self._typed(text, result, output))

    def _typed(self, text: str, data: Any, output: Output) -> Any:
        """The answer as the type asked for: its data if there are any, else its text."""
        try:
            return revalidated(text, data, output)
        except ValueError as error:
            raise BadOutput(
                f"{self.name} returned an answer that does not fit: {error_text(error)}",
                expected=f"JSON that fits {canonical(schema_of(output))[:300]}",
                todo="take `output` as a second parameter and give it to the last actor asked",
            ) from error


@overload
def pattern(fn: Callable[..., Awaitable[Any]], /) -> Pattern: ...
@overload
def pattern(
    *, name: str | None = None, members: Sequence[Actor] = ()
) -> Callable[[Callable[..., Awaitable[Any]]], Pattern]: ...
def pattern(
    fn: Callable[..., Awaitable[Any]] | None = None,
    /,
    *,
    name: str | None = None,
    members: Sequence[Actor] = (),
) -> Pattern | Callable[[Callable[..., Awaitable[Any]]], Pattern]:
    """Make an async function an actor: `@pattern async def team(task): ...`.

    It returns an Answer, a text, or any JSON-like value (then it is the answer's data). What is
    missing in the answers that it asked for is missing in its own, but for those that it gave
    to `discard`; what it gave up itself it says in `Answer(..., missing=(...))`.

    Args:
        fn: async def of the task; and of `output` if it wants to know the type asked for, of
            `after` if it gives the conversation so far (an answer, or None) to whom it asks.
            Without `after` it is told behind the task what was said before.
        name: of the actor; the function's by default.
        members: the actors it asks, so that it can be drawn before it runs.

    Raises:
        SetupError: the function is not async.
    """
    if fn is None:
        return lambda function: made(function, name, members)
    return made(fn, name, members)


def made(fn: Callable[..., Awaitable[Any]], name: str | None, members: Sequence[Actor]) -> Pattern:
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
