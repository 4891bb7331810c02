"""The agent: one model, instructions and tools, in the reason-act loop.

ReAct (Yao et al. 2022) in its function-calling form: the model decides, its tool
calls are performed in parallel, their results go back, until it answers.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Self

from pydantic import ValidationError

from agentkit.actor import Actor
from agentkit.answer import Answer, T
from agentkit.budget import bound_of
from agentkit.context import Memory, memories
from agentkit.conversation import uninstructed
from agentkit.doubts import UNKNOWN, open_ended
from agentkit.errors import (
    AgentkitError,
    BadOutput,
    Interrupted,
    LogError,
    NotPerformed,
    ReplayMismatch,
    ReplyCut,
    RunTaken,
    SetupError,
    TeamChanged,
    TooDeep,
    TurnsSpent,
    Unsettled,
)
from agentkit.given import NOT_GIVEN, Context
from agentkit.messages import JSON, Message, Thread, ToolCall, canonical, digest, extend, thread_of
from agentkit.model import Model, Options, Reply, Request
from agentkit.notes import Note
from agentkit.person import Question, agreed, refused
from agentkit.record import Repaired
from agentkit.run import current_run, stream_to
from agentkit.scope import Scope, current_scope, discard, lacking, note
from agentkit.standing import StandIn
from agentkit.step import Outcome
from agentkit.tools import Arguments, BadArguments, Tool, named
from agentkit.traces import failure_of
from agentkit.traces import told as wrong
from agentkit.typed import Output, explained, object_schema, schema_of, unwrapped
from agentkit.words import for_line, for_markdown

Instructions = str | Callable[..., str | Awaitable[str]]
"""A text, or a function that gives one, evaluated at each ask."""

REPAIRS = 2
"""How often a malformed typed answer is sent back to the model."""

STOPS = (Interrupted, Unsettled, RunTaken, TeamChanged, ReplayMismatch, TooDeep)
"""What a tool raises, or meets when it asks an actor, that no model is told: the ask ends."""


class CutOff(Note):
    """max_tokens ended a reply before the model did."""

    topic = "length"
    grave = True
    actor: str


class Refused(Note):
    """A model refused to answer."""

    topic = "refusal"
    grave = True
    actor: str


class UnknownTool(Note):
    """A model called a tool that there is not; it was told so."""

    topic = "unknown_tool"
    says = "{actor} called {tool}, which it does not have."
    grave = True
    actor: str
    tool: str
    call: str = ""
    """Id of the call."""


class WrongArguments(Note):
    """A model called a tool with arguments that do not fit; it was told so."""

    topic = "bad_arguments"
    says = "{actor} called {tool} with wrong arguments: {wrong}"
    grave = True
    actor: str
    tool: str
    wrong: str


class DelegateFailed(Note):
    """An actor that was called as a tool failed; who called it was told so."""

    topic = "delegate_failed"
    says = "{actor} failed at what it was asked: {error}"
    grave = True
    actor: str
    error: str


class Agent(Actor[T]):
    """A model with instructions and tools; an Agent[Report] if made with output=Report."""

    what = "agent"

    def __init__(
        self,
        name: str,
        instructions: Instructions = "",
        *,
        model: str | Model | None = None,
        tools: Sequence[Tool | Callable[..., Any]] = (),
        memory: Memory | Sequence[Memory] | None = None,
        output: type[T] | dict[str, Any] | None = None,
        max_turns: int = 12,
        temperature: float | None = None,
        max_tokens: int | None = None,
        max_nested: int = 8,
        description: str = "",
    ) -> None:
        """Make an agent.

        Args:
            name: who it is in the log and to others.
            instructions: its system message; or a function that gives it, plain or async, of the
                Context if it takes one. It is evaluated at each ask, and recorded.
            model: a name for `connect`, or a model; by default $AGENTKIT_MODEL, else
                the simulated endpoint.
            tools: functions, `@tool`s, or other actors by `as_tool()`.
            memory: what it keeps outside its conversation; its tools are offered too.
            output: the type of its answers, or a JSON Schema of it, where an ask names none.
            max_turns: model calls allowed per ask, at least 1.
            temperature, max_tokens: sampling options; None leaves them to the endpoint.
            max_nested: how often it may be asked within an ask of itself, by agents that have it
                as a tool.
            description: what it is for, told to others when it is their tool.

        Raises:
            SetupError: max_turns below 1, a model or key that does not exist, no memory, or a
                type that has no JSON Schema.
            ToolError: a function that cannot be a tool, or two tools of one name.
        """
        super().__init__(name, description or summary(instructions))
        if not isinstance(instructions, str) and not callable(instructions):
            raise SetupError(
                f"The instructions of {name} are of the type {type(instructions).__name__}.",
                expected="a text, or a function that gives one",
            )
        if max_turns < 1:
            raise SetupError(f"max_turns of {name} is {max_turns}.", expected="1 or more")
        if not (model is None or isinstance(model, str) or callable(model)):
            raise SetupError(
                f"The model of {name} is {model!r}.",
                expected='a name such as "sim:careful", or what connect(...) returns',
            )
        schema_of(output)
        self.instructions, self.output = instructions, output
        if model is None or isinstance(model, str):
            from agentkit.endpoints.connect import connect

            model = connect(model)
        self.model = model
        self.memories = memories(memory, name)
        self.tools = named([*tools, *(own for one in self.memories for own in one.tools)])
        self.max_turns, self.max_nested = max_turns, max_nested
        self.options = sampling(name, temperature, max_tokens)

    def _made_of(self) -> tuple[Any, ...]:
        settings = getattr(self.model, "settings", None)
        known = (self.model.name, settings, self.options.model_dump(), self.max_turns)
        typed = () if self.output is None else (canonical(schema_of(self.output)),)
        return *super()._made_of(), self.instructions, known, *typed, tuple(self.tools.values())

    def with_(self, **changes: Any) -> Self:
        """Make a changed copy: `clerk.with_(model="openai:gpt-5-mini")`; this one stays as it is.

        Args:
            changes: what Agent(...) takes. `tools` and `memory` replace all that it has; a
                description that was made of the instructions follows new ones.

        Raises:
            SetupError: a change that Agent(...) does not take, or a value that it refuses.
            ToolError: as Agent(...).
        """
        remembered = {own.name for one in self.memories for own in one.tools}
        derived = self.description == summary(self.instructions)
        as_is: dict[str, Any] = {
            "name": self.name,
            "instructions": self.instructions,
            "model": self.model,
            "tools": [one for name, one in self.tools.items() if name not in remembered],
            "memory": self.memories,
            "output": self.output,
            "max_turns": self.max_turns,
            "temperature": self.options.temperature,
            "max_tokens": self.options.max_tokens,
            "max_nested": self.max_nested,
            "description": "" if derived else self.description,
        }
        if unknown := sorted(changes.keys() - as_is.keys()):
            raise SetupError(
                f"{self.name} has no {', '.join(unknown)} to change.", expected=", ".join(as_is)
            )
        return type(self)(**(as_is | changes))

    @property
    def model_name(self) -> str:
        return self.model.name

    def model_in(self, scope: Scope) -> Model:
        return StandIn.model or scope.model or self.model

    def heard(self, before: Thread) -> Thread:
        return uninstructed(before) if self.instructions else before

    async def opening(self, text: str, before: Thread) -> Thread:
        if not text.strip():
            raise SetupError(f"{self.name} was asked nothing.", expected="a task")
        if instructions := await self._instructed():
            own = Message(role="system", content=instructions)
            before = thread_of([own, *(node.message for node in before)])
        return await super().opening(text, before)

    async def _instructed(self) -> str:
        """The instructions of this ask; a function's are recorded, and made anew in a rerun.

        Raises:
            SetupError: the function gave no text.
        """
        make = self.instructions
        if isinstance(make, str):
            return make

        async def perform(_key: str) -> Outcome:
            made = make(self._context()) if takes_context(make) else make()
            text = await made if inspect.isawaitable(made) else made
            if not isinstance(text, str):
                raise SetupError(
                    f"The instructions of {self.name} gave a {type(text).__name__}.",
                    expected="a text",
                )
            return Outcome(result=text)

        outcome = await current_run().step(
            "random",
            "instructions",
            None,
            perform,
            effect="pure",
            durable=False,
            redo=lambda _: True,
        )
        return str(outcome.result)

    def _context(self) -> Context[Any]:
        """What the caller gave to this ask; its value is None where he gave nothing."""
        given = current_scope().given
        value = None if given is NOT_GIVEN else given
        return Context(value, agent=self.name, run_id=current_run().id)

    async def act(self, task: JSON, output: Output, thread: Thread) -> Answer:
        schema, repairs = object_schema(output), 0
        self._equipped()
        for memory in self.memories:
            thread = await memory.on_task(thread)
        for _turn in range(self.max_turns):
            for memory in self.memories:
                thread = await memory.on_turn(thread)
            if thread[-1].message.role == "assistant" and output is None:
                return await self._answered(Answer(text=thread[-1].message.content, thread=thread))
            reply, thread = await self._think(thread, schema)
            if reply.stop in ("length", "refusal"):
                note((CutOff if reply.stop == "length" else Refused)(actor=self.name))
            if reply.calls:
                if reply.stop == "length":
                    raise self._cut(f"a call of {reply.calls[-1].name}; no tool was called", reply)
                thread = extend(thread, *await self._use_all(reply.calls))
                continue
            if output is None and reply.stop == "length" and not reply.text.strip():
                raise self._cut("its reasoning, before any answer", reply)
            if output is None:
                return await self._answered(answer_of(reply, thread))
            if reply.stop == "length":
                raise self._cut("a typed answer", reply)
            if reply.stop == "refusal":
                raise BadOutput(
                    f"{self.name} refused to answer: {reply.text[:300]}",
                    expected=f"JSON that fits {canonical(schema)[:300]}",
                    todo="ask otherwise, or use another model",
                    run_id=current_run().id,
                )
            wrong = repaired_before(thread)
            if wrong is None:
                try:
                    data = unwrapped(reply.text, output)
                except ValueError as error:
                    wrong = explained(error)
                else:
                    return await self._answered(answer_of(reply, thread, data))
            if repairs == REPAIRS:
                raise BadOutput(
                    f"{self.name} gave no valid answer in {REPAIRS + 1} tries: {wrong}"
                    f"\n  its last:  {reply.text[:300]}",
                    expected=f"JSON that fits {canonical(schema)[:300]}",
                    todo="simplify the type, raise max_tokens, or use a stronger model",
                    run_id=current_run().id,
                )
            repairs += 1
            note(Repaired(actor=self.name, wrong=wrong, message=thread[-1].id))
            thread = extend(thread, Message(role="user", content=f"That does not fit: {wrong}"))
        raise TurnsSpent(
            f"{self.name} used its {self.max_turns} turns without an answer.",
            todo=f"raise max_turns, or look with %transcript; {last_call(thread)}",
            run_id=current_run().id,
        )

    def _cut(self, what: str, reply: Reply) -> ReplyCut:
        """The error of a reply that its length ended where half of it is worth nothing."""
        given = getattr(self.model_in(current_scope()), "options", None) or Options()
        limit = self.options.max_tokens or given.max_tokens
        bound = f"max_tokens ({limit})" if limit else "the endpoint's limit (max_tokens)"
        higher = f"N above {limit}" if limit else "a higher N"
        end = reply.calls[-1].arguments if reply.calls else reply.text
        return ReplyCut(
            f"A reply of {self.name} was cut by {bound} in {what}.\n  its end:   {end[-200:]!r}",
            expected="a whole reply",
            todo=f"raise it: Agent(..., max_tokens=N) or connect(..., max_tokens=N) with {higher}, "
            "then rerun; or ask for less at once",
            run_id=current_run().id,
        )

    def _equipped(self) -> None:
        """Refuse an ask without the context that a tool needs, before anything is paid.

        Raises:
            NotPerformed: it is a new one; a run that goes on may need no tool any more.
        """
        if current_run().past.new:
            for one in self.tools.values():
                self._given_to(one)

    def _given_to(self, chosen: Tool) -> Context[Any] | None:
        """The context for a tool; None where it has a default of its own.

        Raises:
            NotPerformed: it has none, and nothing was given.
        """
        if current_scope().given is not NOT_GIVEN:
            return self._context()
        if not chosen.signed.needs_context:
            return None
        raise NotPerformed(
            f"The tool {chosen.name} of {self.name} needs a context, and none was given.",
            expected="what its parameter of the type Context is to bring",
            todo=f"{self.name}(task, context=...); a run that goes on is given it again:"
            f" resume(run, context=...)",
            run_id=current_run().id,
        )

    async def _answered(self, answer: Answer) -> Answer:
        for memory in self.memories:
            await memory.on_answer(answer.thread)
        return answer

    async def _think(self, thread: Thread, schema: JSON) -> tuple[Reply, Thread]:
        """One model step: the reply, and the conversation with it."""
        run, scope = current_run(), current_scope()
        seed, model = scope.seed, self.model_in(scope)
        options = self.options if seed is None else self.options.model_copy(update={"seed": seed})
        request = Request(
            thread=thread,
            tools=tuple(one.spec for one in self.tools.values()),
            output=schema,
            options=options,
            actor=self.name,
            settings=getattr(model, "settings", None),
        )

        async def perform(key: str) -> Outcome:
            keyed = request.model_copy(update={"key": digest(run.id, key)})
            reply = await model(keyed, stream_to(run, key))
            said = extend(thread, reply.message)[-1]
            return Outcome(
                result={"reply": said.id, "stop": reply.stop, "model": reply.model},
                nodes=(said,),
                usage=reply.usage,
                cost_usd=reply.cost_usd,
            )

        outcome = await run.step(
            "model",
            model.name,
            request.identity(),
            perform,
            nodes=thread,
            durable=False,
            bound=partial(bound_of, model, request),
        )
        said = outcome.nodes[-1]
        return Reply(message=said.message, stop=outcome.result["stop"]), (*thread, said)

    async def _use_all(self, calls: Sequence[ToolCall]) -> list[Message]:
        """The calls of one turn at once; when one stops the run, no other goes on unseen."""
        if len(calls) == 1:
            return [await self._use(calls[0])]
        uses = [asyncio.ensure_future(self._use(call)) for call in calls]
        try:
            return await asyncio.gather(*uses)
        finally:
            for use in uses:
                use.cancel()
            await asyncio.gather(*uses, return_exceptions=True)

    async def _use(self, call: ToolCall) -> Message:
        """Perform one tool call; whatever goes wrong is told to the model."""
        chosen = self.tools.get(call.name)
        if chosen is None:
            names = ", ".join(one.signature for one in self.tools.values()) or "none"
            note(UnknownTool(actor=self.name, tool=call.name, call=call.id))
            return told(call, f"There is no tool {call.name!r}. The tools are: {names}.", True)
        try:
            arguments = chosen.check(call.arguments)
        except BadArguments as error:
            note(WrongArguments(actor=self.name, tool=call.name, wrong=str(error)))
            return told(call, str(error), True)
        if chosen.actor is not None:
            return await self._delegate(call, chosen.actor, arguments["task"])
        if chosen.needs_approval(arguments):
            full = chosen.with_defaults(arguments)
            question = Question(
                text=f"May {self.name} call {chosen.name}({listed(full)})?",
                options=("yes", "no"),
                default="no",
                words=True,
                tool=chosen.name,
                arguments=full,
            )
            said, default = await current_run().ask_or_default(question)
            if not agreed(said):
                return told(call, disallowed(said, default), True)
        outcome = await self._perform(chosen, arguments)
        text = outcome.error.text if outcome.error else outcome.result
        return told(call, text, outcome.error is not None)

    async def _perform(self, chosen: Tool, arguments: Arguments) -> Outcome:
        async def perform(_key: str) -> Outcome:
            context, outer = self._given_to(chosen), sys.exception()
            try:
                return Outcome(result=await chosen.perform(arguments, context), made=made)
            except Exception as error:
                if chosen.on_error == "raise" or isinstance(error, STOPS):
                    raise
                if (stop := stop_in(error)) is not None:
                    raise stop from error
                if chosen.own_steps and isinstance(error, LogError):
                    raise
                failure = failure_of(error, traced=True)
                doubt = chosen.effect == "once" and open_ended(error, outer)
                text = f"{wrong(error)} {UNKNOWN}" if doubt else wrong(error)
                return Outcome(
                    error=failure.model_copy(update={"text": text}), doubt=doubt, made=made
                )

        made = (
            "" if chosen.own_steps else current_run().mark(chosen, chosen.mark, self.tools.values())
        )
        if chosen.own_steps:
            return await perform("")
        # Who it worked for may be another one now; what was done once stays done.
        anew = chosen.signed.context is not None and chosen.effect != "once"
        return await current_run().step(
            "tool",
            chosen.name,
            arguments,
            perform,
            effect=chosen.effect,
            durable=False,
            asked=arguments.asked,
            redo=(lambda _: True) if anew else None,
            made=made,
        )

    async def _delegate(self, call: ToolCall, asked: Actor, task: str) -> Message:
        try:
            answer = await asked(task)
            discard((asked.name, task))
            fault = f"\n[{answer.fault}]" if answer.fault else ""
            return told(call, answer.text + fault, False)
        except (LogError, Unsettled, Interrupted, TooDeep):
            raise
        except AgentkitError as error:
            note(DelegateFailed(actor=asked.name, error=str(error.what)))
            reason = f"{type(error).__name__}: {error.what}"
            lacking(f"an answer of {asked.name} ({reason})", source=(asked.name, task))
            return told(call, f"{asked.name} failed: {error.what}", True)

    def _repr_markdown_(self) -> str:
        tools = ", ".join(one.signature for one in self.tools.values()) or "none"
        head = f"**{for_line(self.name)}** · {for_line(f'{self.model_name} · tools: {tools}')}"
        lines = for_markdown(summary(self.instructions)).split("\n")
        return "\n".join([head, "", *(f"> {line}".rstrip() for line in lines)])


def sampling(name: str, temperature: float | None, max_tokens: int | None) -> Options:
    """The sampling options of an agent.

    Raises:
        SetupError: one is out of range.
    """
    try:
        return Options(temperature=temperature, max_tokens=max_tokens)
    except ValidationError as error:
        first = error.errors()[0]
        raise SetupError(
            f"{first['loc'][0]} of {name} is {first['input']!r}: {first['msg']}.",
            expected="temperature as a number, max_tokens as a whole number from 1",
        ) from error


def stop_in(error: BaseException) -> BaseException | None:
    """What stops the run, in a group of errors as a TaskGroup raises one; None if nothing does."""
    if isinstance(error, STOPS):
        return error
    parts = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return next(filter(None, map(stop_in, parts)), None)


def summary(instructions: Instructions) -> str:
    """The instructions as they are shown; of a function what it says of itself."""
    if isinstance(instructions, str):
        return instructions
    name = getattr(instructions, "__name__", type(instructions).__name__)
    return inspect.getdoc(instructions) or f"{name}()"


def takes_context(make: Callable[..., Any]) -> bool:
    """Whether a function of instructions can be given the context."""
    places = inspect.signature(make).parameters.values()
    return any(
        one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD, one.VAR_POSITIONAL)
        for one in places
    )


def answer_of(reply: Reply, thread: Thread, data: Any = None) -> Answer:
    """The answer that a reply is."""
    reasoning = reply.message.reasoning
    return Answer(text=reply.text, data=data, thread=thread, stop=reply.stop, reasoning=reasoning)


def repaired_before(thread: Thread) -> str | None:
    """What the log says was wrong; a resume may know less of the type than the ask did."""
    return current_run().past.repair((current_scope().key, thread[-1].id))


def told(call: ToolCall, result: JSON, error: bool) -> Message:
    """A tool's result as the model reads it."""
    text = result if isinstance(result, str) else canonical(result)
    return Message(role="tool", content=text, call_id=call.id, error=error)


def disallowed(said: str, default: str) -> str:
    """What a model is told of a call that was not simply allowed."""
    if default:
        return (
            f"This call was not made: a person must allow it ({default}); the stated answer is"
            f" then {said!r}. Do not repeat it."
        )
    if refused(said):
        return "A person did not allow this call. Do not repeat it."
    return (
        f"A person did not allow this call as it is, but said: {said.strip()}\nThe call was not"
        " made. Do as the person said."
    )


def listed(arguments: dict[str, JSON]) -> str:
    """Arguments as a person reads them: `port="Amber", tonnes=30`."""
    return ", ".join(f"{name}={canonical(value)}" for name, value in arguments.items())


def last_call(thread: Thread) -> str:
    """What an agent did last, and what came of it, in a line."""
    calls = [call for one in thread for call in one.message.calls]
    results = [one.message for one in thread if one.message.role == "tool"]
    if not calls or not results:
        return "it called no tool"
    failed, text = results[-1].error, results[-1].content
    cut = text if len(text) <= 120 else text[:119] + "…"
    return f"the last call, of {calls[-1].name}, {'failed' if failed else 'returned'}: {cut}"
