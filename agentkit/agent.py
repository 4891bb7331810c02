"""The agent: one model, instructions and tools, in the reason-act loop.

ReAct (Yao et al. 2022) in its function-calling form: the model decides, its tool
calls are performed in parallel, their results go back, until it answers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Self, overload

from pydantic import ValidationError
from typing_extensions import Unpack

from agentkit import words
from agentkit.actor import Actor, S
from agentkit.answer import Answer, StreamedBy, T
from agentkit.borrowing import Cast, checked, reply_of
from agentkit.context import Memory, memories
from agentkit.conversation import uninstructed
from agentkit.deprecated import moved
from agentkit.errors import ContextTooLong, SetupError, TurnsSpent, safe_repr
from agentkit.holds import bound_of
from agentkit.instructions import Instructions, instructed, summary
from agentkit.messages import (
    JSON,
    Content,
    Message,
    Thread,
    canonical,
    changed,
    digest,
    extend,
    thread_of,
)
from agentkit.model import DEFAULTS, Model, Options, Reply, Request, identity_text
from agentkit.options import AskOptions
from agentkit.replies import REPAIRS, Wanted, recalled
from agentkit.replies import answer_of as said_by
from agentkit.run import current_run
from agentkit.scope import Scope, current_scope
from agentkit.shortening import SHORTER, shorter
from agentkit.standing import ACTING, StandIn
from agentkit.step import Outcome
from agentkit.streams import stream_to
from agentkit.toolcalls import equipped, last_call, use_all
from agentkit.tools import Tool, tools_by_name
from agentkit.typed import Output, schema_of
from agentkit.values import built

if TYPE_CHECKING:
    from agentkit.hooked import Hooked
    from agentkit.hooks import Hook


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
        hooks: Sequence[Hook] = (),
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
                Answers are checked by a schema, too, but for its regular expressions and formats.
            max_turns: model calls allowed per ask, at least 1.
            temperature, max_tokens: sampling options; None leaves them to the endpoint.
            max_nested: how often it may be asked within an ask of itself, by agents that have it
                as a tool.
            hooks: what looks at its work, changes or refuses it; see `agentkit.hooks`.
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
        if type(max_turns) is not int or max_turns < 1:
            raise SetupError(
                f"max_turns of {name} is {safe_repr(max_turns)}.",
                expected="a whole number, 1 or more",
            )
        schema_of(output)
        self.instructions, self.output = instructions, output
        self.model = model_of(name, model)
        self.memories = memories(memory, name)
        self.tools = tools_by_name(tools, [own for one in self.memories for own in one.tools])
        self.max_turns, self.max_nested = max_turns, max_nested
        self.options = sampling(name, temperature, max_tokens)
        self._hooked = hooked_by(name, hooks) if hooks else None

    @property
    def hooks(self) -> tuple[Hook, ...]:
        """What looks at its work, changes or refuses it, in order."""
        return self._hooked.hooks if self._hooked else ()

    def _made_of(self) -> tuple[Any, ...]:
        settings = getattr(self.model, "settings", None)
        known = (self.model.name, settings, self.options.model_dump(), self.max_turns)
        typed: tuple[Any, ...] = tuple(vars(one) for one in self.hooks)
        typed += () if self.output is None else (canonical(schema_of(self.output)),)
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
        remembered = {own.spec.name for one in self.memories for own in one.tools}
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
            "hooks": self.hooks,
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
        lent = scope.model
        if isinstance(lent, Cast):
            lent = lent.of(self.name)
        own = StandIn.model or lent or self.model
        acting = ACTING.get()
        return own if acting is None else acting.model(own)

    def heard(self, before: Thread) -> Thread:
        return uninstructed(before) if self.instructions else before

    async def opening(self, content: str | Content, before: Thread) -> Thread:
        if not content or (isinstance(content, str) and not content.strip()):
            raise SetupError(f"{self.name} was asked nothing.", expected="a task")
        if instructions := await instructed(self.instructions, self.name):
            before = extend(told_first(instructions), *(node.message for node in before))
        return await super().opening(content, before)

    async def act(self, task: JSON, output: Output, thread: Thread) -> Answer:
        wanted = Wanted(self.name, output, self._limit)
        equipped(self.name, self.tools)
        hooked, refusals = self._hooked, 0
        thread = await hooked.admitted(thread) if hooked else thread
        for memory in self.memories:
            thread = await memory.on_task(thread)
        for turn in range(self.max_turns):
            for memory in self.memories:
                thread = await memory.on_turn(thread)
            if thread[-1].message.role == "assistant" and output is None:
                told = said_by(Reply(message=thread[-1].message), thread)
                return await self._answered(await hooked.let_out(told, output) if hooked else told)
            reply, thread = await self._fitting(thread, wanted)
            if wanted.calls_of(reply):
                thread = extend(
                    thread, *await use_all(self.name, self.tools, reply.calls, self.hooks)
                )
                continue
            answer = wanted.answer(reply, thread)
            if isinstance(answer, Answer):
                last = refusals == REPAIRS or turn == self.max_turns - 1
                guard = (hooked.let_out if last else hooked.guarded) if hooked else None
                held = answer if guard is None else await guard(answer, output)
                if isinstance(held, Answer):
                    return await self._answered(held)
                refusals, why = refusals + 1, f"That was refused: {held.reason}"
                thread = extend(thread, Message(role="user", content=why))
                continue
            thread = extend(thread, Message(role="user", content=f"That does not fit: {answer}"))
        raise TurnsSpent(
            f"{self.name} used its {self.max_turns} turns without an answer.",
            todo=f"raise max_turns, or look with %transcript; {last_call(thread)}",
            run_id=current_run().id,
        )

    @overload
    def stream(
        self, task: Any, *, output: type[S], **options: Unpack[AskOptions]
    ) -> AsyncIterator[StreamedBy[S]]: ...
    @overload
    def stream(
        self, task: Any, *, output: None = ..., **options: Unpack[AskOptions]
    ) -> AsyncIterator[StreamedBy[T]]: ...
    @overload
    def stream(
        self, task: Any, *, output: Output, **options: Unpack[AskOptions]
    ) -> AsyncIterator[StreamedBy]: ...
    def stream(self, task: Any, **options: Any) -> AsyncIterator[Any]:
        """Ask, and get what happens as it comes; see `Actor.stream`."""
        return super().stream(task, **options)

    def _limit(self) -> int | None:
        """The tokens that a reply may have, where they are bounded here."""
        given = getattr(self.model_in(current_scope()), "options", None) or Options()
        return self.options.max_tokens or given.max_tokens

    async def _answered(self, answer: Answer) -> Answer:
        for memory in self.memories:
            await memory.on_answer(answer.thread)
        return answer

    async def _fitting(self, thread: Thread, wanted: Wanted) -> tuple[Reply, Thread]:
        """One model step; where it has no room for the conversation, memories make that shorter.

        Raises:
            ContextTooLong: none of them can, or it is too long even so.
        """
        for _ in range(SHORTER):
            try:
                return await self._think(thread, wanted)
            except ContextTooLong as error:
                thread = await shorter(self.name, self.memories, thread, error)
        return await self._think(thread, wanted)

    async def _think(self, thread: Thread, wanted: Wanted) -> tuple[Reply, Thread]:
        """One model step: the reply, and the conversation with it."""
        run, scope = current_run(), current_scope()
        seed, model = scope.seed, self.model_in(scope)
        sent = await self._hooked.sent(thread) if self._hooked else thread
        options = self.options if seed is None else self.options.model_copy(update={"seed": seed})
        asked = {
            "thread": sent,
            "tools": tuple([one.spec for one in self.tools.values()]),
            "output": wanted.schema,
            "options": options,
            "actor": self.name,
            "settings": getattr(model, "settings", None),
        }
        request = built(Request, asked)

        async def perform(key: str) -> Outcome:
            keyed = changed(request, key=digest(run.id, key))
            listener = stream_to(run, key, wanted.output)
            reply = await reply_of(model, keyed, listener)
            said = extend(sent, reply.message)[-1]
            return Outcome(
                result={"reply": said.id, "stop": reply.stop, "model": reply.model},
                nodes=(said,),
                usage=reply.usage,
                cost_usd=reply.cost_usd,
                first_s=listener.first_s if listener else None,
            )

        identity = request.identity()
        outcome = await run.step(
            "model",
            model.name,
            identity,
            perform,
            nodes=sent,
            durable=False,
            asked=identity_text(identity),
            bound=partial(bound_of, model, request),
        )
        said, stop = outcome.nodes[-1], outcome.result["stop"]
        if self._hooked is None:
            return recalled(said.message, stop), (*thread, said)
        message = await self._hooked.said(said.message)
        return recalled(message, stop), extend(thread, message)

    def _repr_markdown_(self) -> str:
        tools = ", ".join(one.spec.signature for one in self.tools.values()) or "none"
        about = words.for_line(f"{self.model_name} · tools: {tools}")
        head = f"**{words.for_line(self.name)}** · {about}"
        lines = words.for_markdown(summary(self.instructions)).split("\n")
        return "\n".join([head, "", *(f"> {line}".rstrip() for line in lines)])


@lru_cache(maxsize=256)
def told_first(instructions: str) -> Thread:
    """A conversation with nothing but instructions: most agents have the same in every ask."""
    return thread_of([Message(role="system", content=instructions)])


def model_of(name: str, model: str | Model | None) -> Model:
    """The model of an agent.

    Raises:
        SetupError: it is none, or the agent is called like one and has none.
    """
    if model is None or isinstance(model, str):
        from agentkit.endpoints.connect import connect
        from agentkit.endpoints.providers import KNOWN

        if model is None and name.partition(":")[0] in KNOWN and ":" in name:
            raise SetupError(
                f"Agent({name!r}, ...) has the name of a model for its own name, and no model.",
                expected="first what the agent is called, then its instructions",
                todo=f'Agent("clerk", "...", model={name!r})',
            )
        return connect(model)
    return checked(model, f"The model of {name} is {safe_repr(model)}.")


def hooked_by(name: str, hooks: Sequence[Hook]) -> Hooked:
    """The hooks of an agent at work; few have any."""
    from agentkit.hooked import Hooked

    return Hooked(name, hooks)


def sampling(name: str, temperature: float | None, max_tokens: int | None) -> Options:
    """The sampling options of an agent.

    Raises:
        SetupError: one is out of range.
    """
    if temperature is None and max_tokens is None:
        return DEFAULTS
    try:
        return Options(temperature=temperature, max_tokens=max_tokens)
    except ValidationError as error:
        first = error.errors()[0]
        raise SetupError(
            f"{first['loc'][0]} of {name} is {safe_repr(first['input'])}: {first['msg']}.",
            expected="temperature as a number, max_tokens as a whole number from 1",
        ) from error


MOVED = {
    "delegation": ("DelegateFailed",),
    "instructions": ("takes_context",),
    "replies": ("CutOff", "Refused", "answer_of", "repaired_before"),
    "toolcalls": (
        "STOPS", "UnknownTool", "WrongArguments", "disallowed", "listed", "stop_in",
        "told",
    ),
}  # fmt: skip

__getattr__ = moved(
    __name__,
    {name: f"agentkit.{home}:{name}" for home, names in MOVED.items() for name in names},
)
