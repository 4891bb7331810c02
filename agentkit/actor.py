"""Actors: anything that can be asked, `await actor(task) -> Answer`.

Agents, patterns, graphs and people are actors; wherever one fits, any fits. An
actor asked inside a run works in a scope of its own; outside, it opens a run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, overload

from typing_extensions import TypeVar, Unpack

from agentkit.answer import Answer, Streamed, T
from agentkit.binary import binary_in
from agentkit.borrowing import Lent, connected, model_again
from agentkit.bounds import Bounds, bounds_of, in_time
from agentkit.conversation import After, heard_in
from agentkit.deprecated import moved
from agentkit.errors import SetupError, TeamChanged, error_text, safe_repr
from agentkit.events import RunStarted, uuid7
from agentkit.given import NOT_GIVEN, identity_of
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import JSON, Content, jsonable
from agentkit.offering import Submitting
from agentkit.opening import BUDGETS, run
from agentkit.options import AskOptions, RunOptions
from agentkit.origins import beginning_of
from agentkit.parts import as_content
from agentkit.performer import Performer
from agentkit.run import current_run
from agentkit.scope import current_scope, in_run
from agentkit.sync import wait
from agentkit.tools import Approve, of_answers
from agentkit.typed import Output, schema_of
from agentkit.values import in_order

if TYPE_CHECKING:
    from agentkit.delegation import ActorTool

RUN_OPTIONS = frozenset(RunOptions.__annotations__)
"""What an ask outside of any run may give to the one it opens."""

ASK_OPTIONS = frozenset(AskOptions.__annotations__)
"""These, and what any ask may be given."""

S = TypeVar("S")
"""The type asked for in one ask, in place of the actor's own."""


BEGINNING = 64
"""Events of a run among which its first message is."""


class Actor(Submitting, Performer, Generic[T]):
    """The base of all actors. Subclasses define `act`; an Actor[Report] answers with a Report."""

    members: tuple[Actor, ...] = ()
    """The actors it works with, as far as they are known before it is asked."""
    allowed: Mapping[str, Any] = MappingProxyType({})
    """What each ask of it is bound by, where it is not told otherwise; see `with_budget`."""
    output: Output = None
    """The type of its answers where an ask names none; None is free text."""

    def __init__(self, name: str, description: str = "") -> None:
        self.name = checked_name(name)
        self.description = description

    def _made_of(self) -> tuple[Any, ...]:
        """What the mark of a function that asks it is about; see agentkit.code."""
        return self.name, self.members

    @overload
    async def __call__(
        self, task: Any, *, output: type[S], **how: Unpack[AskOptions]
    ) -> Answer[S]: ...
    @overload
    async def __call__(
        self, task: Any, *, output: None = ..., **how: Unpack[AskOptions]
    ) -> Answer[T]: ...
    @overload
    async def __call__(self, task: Any, *, output: Output, **how: Unpack[AskOptions]) -> Answer: ...
    async def __call__(
        self,
        task: Any,
        *,
        output: Output = None,
        after: After | None = None,
        deps: Any = NOT_GIVEN,
        context: Any = NOT_GIVEN,
        model: Lent | None = None,
        sample: int = 0,
        deadline_s: float | None = None,
        concurrency: int | None = None,
        **options: Any,
    ) -> Answer:
        """Ask.

        Args:
            task: text, or any JSON value; of an Answer its data, or else its text. A list with
                an Image, File or Data in it is content: ["What is on it?", image].
            output: the type the answer must have, or a JSON Schema of it; None is the actor's own.
            after: an earlier answer whose conversation goes on, or a list of messages. The one
                asked keeps his own instructions; a team is told in words what was said.
            deps: what tools and instructions with a Context parameter get, here and below. It is
                not recorded, so a resume is given it again, and decides no step's identity,
                unless it has a method `step_identity()`: what that returns is a part of it.
            context: the same by its old name.
            model: a name for `connect`, or a model, asked in place of the agents' own, here and
                below; or by the names of agents such models, {"critic": "sim:careful"}, while
                the others keep theirs. A name that nobody has is told as missing in the
                answer. A run that goes on connects to the names again; a model
                that was given as an object is given again.
            sample: 1, 2, ... ask the same with other seeds, for independent answers; 0
                is the plain ask.
            deadline_s: seconds after which this ask, with all below it, is cut off.
            concurrency: how many model calls of it, and of all below it, may be under way at
                once; the others wait in the order in which they came.
            options: budget_usd, budget_tokens and budget_calls, what it may spend: inside a run
                of what is left there. Others are of the run opened outside of any: see `run`.

        Raises:
            SetupError: a task, sample or option that cannot be asked; nothing was paid.
            BadOutput: no answer of that type after every repair.
            LimitReached: a budget, the turns or a deadline are used up. A DeadlinePassed says
                what was done, what was cut off, and what may have happened.
            EndpointError: the endpoint failed for good.
        """
        output = self.output if output is None else output
        given = self._brought(deps, context)
        known = "" if given is NOT_GIVEN else identity_of(given, self.name)
        task = self._asked(task, sample)
        asked = None if model is None else connected(model, self.name)
        bounds = self._bounds(deadline_s, concurrency, options)
        if in_run():
            if options:
                raise SetupError(
                    f"{', '.join(options)} cannot be given inside a run.",
                    todo="give them to run(...)",
                )
            answer = await self._ask(task, output, after, (given, known), sample, asked, bounds)
            # An agent waits before its next model call; anybody else may act on it now.
            if current_scope().what != "agent":
                await current_run().flush()
            return answer
        self._known(options)
        named = model if isinstance(model, str) else getattr(asked, "name", None)
        options |= {"actor": self.name, **options, **self._recorded(task, output, sample, named)}
        options |= bounds.recorded() if bounds is not None else {}
        own = bounds.contract if bounds is not None else None
        async with run(deps=known, **options):
            return await self._ask(task, output, after, (given, known), sample, asked, own)

    def _bounds(
        self, deadline_s: float | None, concurrency: int | None, options: dict[str, Any]
    ) -> Bounds | None:
        """What bounds this ask: what it is given, or else what the actor always is given."""
        if not (self.allowed or options or deadline_s is not None or concurrency is not None):
            return None
        given: dict[str, Any] = {"deadline_s": deadline_s, "concurrency": concurrency}
        given |= {name: options.pop(name) for name in BUDGETS if name in options}
        given = {name: value for name, value in given.items() if value is not None}
        found = {**self.allowed, **given}
        if not found:
            return None
        return bounds_of(
            self.name, found.pop("deadline_s", None), found.pop("concurrency", None), **found
        )

    def _connects(self, model: str | None) -> None:
        connected(model, self.name)

    def _brought(self, deps: Any, context: Any) -> Any:
        """What tools and instructions get, by either name."""
        if deps is not NOT_GIVEN and context is not NOT_GIVEN:
            raise SetupError(f"{self.name} was given deps and context.", expected="one of them")
        return context if deps is NOT_GIVEN else deps

    def _known(self, options: dict[str, Any]) -> None:
        """Refuse options that a run does not have."""
        unknown = sorted(options.keys() - RUN_OPTIONS)
        if unknown:
            raise SetupError(
                f"{self.name} cannot be asked with {', '.join(unknown)}.",
                expected=", ".join(sorted({"output", *self.arguments} | ASK_OPTIONS)),
            )

    def _asked(self, task: Any, sample: int) -> JSON | Content:
        """The task as a JSON value, or as content where it has parts.

        Raises:
            SetupError: it is neither, or the sample is no number of one.
        """
        if type(sample) is not int or sample < 0:
            raise SetupError(
                f"{self.name} was asked for the sample {safe_repr(sample)}.",
                expected="a whole number from 0: which draw of the same ask this is",
            )
        content, texts = None, task
        if not isinstance(task, str):
            task = texts = of_answers(task)
            content = as_content(task)
            if content is not None:
                texts = [one for one in content if isinstance(one, str)]
        if found := binary_in(texts):
            raise SetupError(
                f"{self.name} cannot be asked this: it holds {found}, which would reach a model"
                " as text.",
                expected="text, a list of texts and parts, or a value that has a JSON form",
                todo="give it as a part: [text, Image.from_bytes(...)], or Image.from_figure,"
                " File.from_path, ...; or describe it",
            )
        if content is not None:
            return content
        try:
            return jsonable(task if isinstance(task, str) else in_order(task))
        except ValueError as error:
            raise SetupError(
                f"{self.name} cannot be asked this: {error_text(error)}.",
                expected="text, a list of texts and parts, or a value that has a JSON form",
            ) from error

    @overload
    def run_sync(self, task: Any, *, output: type[S], **how: Unpack[AskOptions]) -> Answer[S]: ...
    @overload
    def run_sync(
        self, task: Any, *, output: None = ..., **how: Unpack[AskOptions]
    ) -> Answer[T]: ...
    @overload
    def run_sync(self, task: Any, *, output: Output, **how: Unpack[AskOptions]) -> Answer: ...
    def run_sync(self, task: Any, **how: Any) -> Answer:
        """Ask, and wait for the answer without `await`; all else is as in a call.

        For plain scripts. Inside a running event loop it works in another thread, while this
        one stands still; see `agentkit.sync.wait`, which waits for `resume` and others too.
        """
        return wait(in_time(self(task, **how)))

    async def resume(self, run_id: str, *, log: Log | None = None, **options: Any) -> Answer[T]:
        """Go on with a run where it stopped; recorded steps are not performed again.

        Raises:
            UnknownRun, RunTaken, TeamChanged, Unsettled: it cannot go on just so.
        """
        return await self._again(run_id, log, "resume", options)

    async def rerun(self, run_id: str, *, log: Log | None = None, **options: Any) -> Answer[T]:
        """Ask the same in a new run; steps whose key is unchanged are reused, not paid."""
        return await self._again(run_id, log, "rerun", options)

    async def replay(self, run_id: str, *, log: Log | None = None, **options: Any) -> Answer[T]:
        """The recorded answer, by performing nothing.

        Raises:
            ReplayMismatch: a step would have to be performed.
        """
        return await self._again(run_id, log, "replay", options)

    async def fork(
        self,
        run_id: str,
        *,
        at: int | None = None,
        edit: dict[Any, Any] | None = None,
        log: Log | None = None,
        **options: Any,
    ) -> Answer[T]:
        """Branch off a run after event `at`, with results (or "task") edited: a new run."""
        return await self._again(run_id, log, "fork", {**options, "at": at, "edit": edit})

    async def _again(
        self, run_id: str, log: Log | None, how: str, options: dict[str, Any]
    ) -> Answer[T]:
        log = log or open_log()
        start = beginning_of(log.read(run_id, upto=1), run_id)
        if start.actor != self.name:
            asked = f"{start.actor} was asked" if start.actor else "it is a block of code"
            raise SetupError(
                f"Run {run_id} cannot be repeated by {self.name}: {asked}.",
                todo=f"ask {start.actor}.{how}(...)"
                if start.actor
                else f"run the block again as: async with run({how}={safe_repr(run_id)})",
            )
        if how in ("resume", "replay"):
            self._same_deps(start, options)
        output = options.pop("output", None)
        if output is None:
            own = self.output is not None and schema_of(self.output) == start.output
            output = self.output if own else start.output
        edit = options.get("edit")
        task = edit.get("task", start.given) if isinstance(edit, dict) else start.given
        options["after"] = (
            options.get("after") or heard_in(log.read(run_id, upto=BEGINNING), self.name) or None
        )
        if start.model and not options.get("model"):
            options["model"] = model_again(start.model, self.name, how)
        options = {"sample": start.sample, **(start.arguments or {}), **options, how: run_id}
        answer: Answer[T] = await self(task, output=output, log=log, **options)
        return answer

    def _same_deps(self, start: RunStarted, options: dict[str, Any]) -> None:
        """Refuse to go on with a run for others than it was asked for.

        Raises:
            TeamChanged: its deps say that they are others, or are not there.
        """
        given = options.get("deps", options.get("context", NOT_GIVEN))
        known = "" if given is NOT_GIVEN else identity_of(given, self.name)
        if known != start.deps:
            raise TeamChanged(
                f"Run {start.run} was asked with other deps, by what their step_identity() says.",
                expected="deps that say the same of themselves",
                todo="give them again: deps=...; or use rerun, which asks anew for others",
                run_id=start.run,
            )

    @overload
    def stream(
        self, task: Any, *, output: type[S], **options: Unpack[AskOptions]
    ) -> AsyncIterator[Streamed[S]]: ...
    @overload
    def stream(
        self, task: Any, *, output: None = ..., **options: Unpack[AskOptions]
    ) -> AsyncIterator[Streamed[T]]: ...
    @overload
    def stream(
        self, task: Any, *, output: Output, **options: Unpack[AskOptions]
    ) -> AsyncIterator[Streamed]: ...
    async def stream(self, task: Any, **options: Any) -> AsyncIterator[Any]:
        """Ask, and get what happens as it comes; the last item is the Answer.

        Yields:
            Events, and pieces of what models say, each with its `kind`: a Delta of text, a
            Thought where the endpoint tells it, a Calling of a tool as it forms, a Partial of a
            typed answer as far as it has come. Who stops listening ends the ask, unless it is
            one inside a run that goes on.
        """
        queue: asyncio.Queue[Any] = asyncio.Queue()
        if in_run():
            log, run_id = current_run().log, current_run().id
        else:
            log = options["log"] = options.get("log") or open_log()
            run_id = options.get("resume") or options.setdefault("id", uuid7())

        def put(items: list[Any]) -> None:
            for item in items:
                queue.put_nowait(item)

        remove = log.subscribe(put, run_id)
        asking = asyncio.ensure_future(self(task, **options))
        asking.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (item := await queue.get()) is not None:
                yield item
            yield await asking
        finally:
            remove()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    def as_tool(
        self,
        name: str | None = None,
        description: str | None = None,
        *,
        approve: Approve = False,
    ) -> ActorTool:
        """This actor as a tool of another; its own steps are recorded, not the call.

        Args:
            name, description: what the other's model reads of it; its own by default.
            approve: whether a person must agree first: True, or a function of the arguments,
                of which there is one, the task.

        Raises:
            ToolError: a name that no tool can have.
        """
        from agentkit.delegation import delegate

        return delegate(self, name, description, approve)

    def __rshift__(self, after: Any) -> Joined:
        """A declared graph: this actor, then another or a list of them."""
        return Arrows.chain(self, after)

    def __rrshift__(self, before: Any) -> Joined:
        return Arrows.chain(before, self)

    def when(self, test: Callable[[Any], bool], label: str = "") -> Joined:
        """This actor in a declared graph, asked only where the condition holds."""
        return Arrows.lone(self).when(test, label)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class Joined(Actor):
    """Actors joined by arrows, as far as `>>` promises; what it makes is a `patterns.Graph`."""

    def named(self, name: str) -> Joined:
        """The same graph under a name of its own: one node of another."""
        raise NotImplementedError

    def loop(
        self,
        *,
        until: Callable[[Any], bool],
        max_rounds: int,
        give_up: Any | Literal["fail", "go on"] = "fail",
    ) -> Joined:
        """The graph, repeated until the condition holds, at most max_rounds times."""
        raise NotImplementedError

    def reduce(self, **reducers: Callable[[Any, Any], Any]) -> Joined:
        """The graph with shared values, each combined by its reducer."""
        raise NotImplementedError


class Arrows:
    """How actors are joined: graphs come after actors, so `agentkit.joining` says it."""

    chain: ClassVar[Callable[[Any, Any], Joined]]
    """What `first >> second` makes."""
    lone: ClassVar[Callable[[Actor], Joined]]
    """An actor as a graph of one node."""


def checked_name(name: str) -> str:
    """The name, if it can be one.

    Raises:
        SetupError: empty, or with a '/' (which separates names in a path).
    """
    known = isinstance(name, str) and name not in ("", "you")
    if not known or "/" in name or name != name.strip():
        raise SetupError(
            f"An actor cannot be called {safe_repr(name)}.",
            expected="a text: a name without '/' and outer spaces; 'you' is the person who asks",
        )
    return name


OLD = {name: f"agentkit.pattern:{name}" for name in ("Pattern", "pattern")}
OLD |= {name: f"agentkit.performer:{name}" for name in ("kept_data", "sample_seed", "tell")}

__getattr__ = moved(__name__, OLD)
