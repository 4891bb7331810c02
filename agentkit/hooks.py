"""Hooks: values that look at what an agent does, change it or refuse it.

    def no_cards(task: str) -> Refuse | None:
        return Refuse("it holds a card number") if CARD.search(task) else None

    Agent("clerk", hooks=[Hook("cards", on_task=no_cards), Hook("short", before_model=last(20))])

The hooks of an agent are asked in their order, each with what those before it made. What one
decided is a step of the run: a resume takes it from the log, a rerun asks anew.
"""

from __future__ import annotations

import asyncio
import contextvars
import copy
import functools
import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from agentkit.errors import AgentkitError, SetupError, full_text, safe_repr
from agentkit.messages import (
    JSON,
    Content,
    Message,
    Thread,
    ToolCall,
    canonical,
    digest,
    jsonable,
    thread_of,
)
from agentkit.notes import Note
from agentkit.parts import Binary
from agentkit.run import current_run
from agentkit.scope import note
from agentkit.step import Outcome
from agentkit.threads import in_thread

V = TypeVar("V")

GRACE_S = 0.1
"""Seconds that a hook has to clean up after its time is up."""

Point = Literal["on_task", "before_model", "after_model", "before_tool", "after_tool", "on_answer"]


class HookFailed(AgentkitError):
    """A hook raised, took too long, or decided what cannot be; the ask ended."""


class GuardRefused(AgentkitError):
    """A hook refused what was asked, sent, said or answered."""


class Decided(Note):
    """A hook changed or refused something."""

    topic = "hook"
    says = "The hook {hook} of {actor} decided {point}: {decision}."
    actor: str
    hook: str
    point: str
    decision: Literal["change", "refuse"]
    reason: str = ""


@dataclass(frozen=True)
class Change(Generic[V]):
    """Go on with this instead."""

    value: V


@dataclass(frozen=True)
class Refuse:
    """Do not do it, and say why."""

    reason: str


Decision = Change[V] | Refuse | None
"""None: go on as it is."""

Deciding = Decision[V] | Awaitable[Decision[V]]


@dataclass(frozen=True)
class Hook:
    """Functions, plain or async, that an agent asks at the points of its work.

    Each is given what is about to happen, or has, and returns None, Change(other) or
    Refuse(reason). A plain function works in a thread. A text is all that was said in words; of
    images and files it says which there are, and they stay where a change gives other words.
    """

    name: str
    on_task: Callable[[str], Deciding[str]] | None = None
    """Guards the task. Refused, the ask ends with GuardRefused, before anything is paid."""
    before_model: Callable[[list[Message]], Deciding[list[Message]]] | None = None
    """Sees the conversation that is sent, in each turn. A change is what the model reads, and
    not what is kept: so it can shorten a history. Refused, the ask ends with GuardRefused."""
    after_model: Callable[[Message], Deciding[Message]] | None = None
    """Sees what the model said, its calls of tools included; a change is kept in its place.
    Refused, the ask ends with GuardRefused."""
    before_tool: Callable[[str, dict[str, JSON]], Deciding[dict[str, JSON]]] | None = None
    """Sees the tool and the arguments as the model wrote them, before they are checked and before
    a person is asked. Refused, the call is not made, and the model is told why."""
    after_tool: Callable[[str, str], Deciding[str]] | None = None
    """Sees the tool and what the model is to read of its result. Refused, it reads the reason."""
    on_answer: Callable[[str], Deciding[str]] | None = None
    """Guards the answer; it may change one in free text. Refused, the model is told why and may
    answer again, twice, or as often as it has turns; then the ask ends with GuardRefused. What
    streams was told before that."""
    timeout_s: float = 30.0
    """Seconds that one decision may take. An async function that gives the event loop no turn
    cannot be cut off."""


def checked(hooks: Sequence[Any], agent: str) -> tuple[Hook, ...]:
    """The hooks of an agent, if they are.

    Raises:
        SetupError: one is no Hook, two have one name, or one has what is no function.
    """
    if isinstance(hooks, Hook) or not isinstance(hooks, Iterable):
        kind = type(hooks).__name__
        raise SetupError(f"The hooks of {agent} are a {kind}.", expected="a list of hooks")
    names: set[str] = set()
    for one in hooks:
        if not isinstance(one, Hook):
            raise SetupError(
                f"A hook of {agent} is a {type(one).__name__}.",
                expected="agentkit.hooks.Hook(name, on_task=..., before_model=..., ...)",
            )
        functions = [getattr(one, point) for point in FITS]
        wrong = [f for f in functions if not (f is None or callable(f))]
        named = isinstance(one.name, str) and one.name and one.name not in names
        timed = type(one.timeout_s) in (int, float) and one.timeout_s > 0
        if not (named and timed) or wrong:
            raise SetupError(
                f"The hook {safe_repr(one.name)} of {agent} cannot be used.",
                expected="a name of its own, functions, and seconds above 0 as timeout_s",
            )
        names.add(one.name)
    return tuple(hooks)


async def decided(
    hooks: Sequence[Hook],
    agent: str,
    point: Point,
    value: Any,
    *about: Any,
    read: Callable[[JSON], Any] = lambda kept: kept,
) -> Any:
    """What the hooks make of something: it, another, or the Refuse of one.

    Args:
        hooks: asked in their order.
        agent: whose they are.
        point: where it is.
        value: what is looked at.
        about: what they are given before it.
        read: makes a value again of its JSON.
    """
    for hook in hooks:
        if (function := getattr(hook, point)) is None:
            continue
        outcome = await step(hook, function, point, value, about)
        kept: dict[str, JSON] = outcome.result
        if kept["decision"] == "pass":
            continue
        told = Decided(
            actor=agent, hook=hook.name, point=point, decision=kept["decision"],
            reason=kept.get("reason", ""),
        )  # fmt: skip
        note(told)
        if kept["decision"] == "refuse":
            return Refuse(kept["reason"])
        value = read(kept["value"])
        if point in SAYING:
            with_bytes(value, outcome.nodes)
    return value


async def step(
    hook: Hook, function: Callable[..., Any], point: Point, value: Any, about: tuple[Any, ...]
) -> Outcome:
    """One decision, as a step."""

    async def perform(_key: str) -> Outcome:
        # One of its own, so that the next hook and the agent have what this one was given.
        given = copy.deepcopy(value) if isinstance(value, dict) else copy.copy(value)
        decision = await hook_result(hook, function, point, (*about, given))
        if given != value and not isinstance(decision, Change):
            raise failed(hook, point, "altered what it was given, and returned no Change")
        kept = told(decision, hook, point)
        nodes = pictured(decision.value) if isinstance(decision, Change) else ()
        return Outcome(result=kept, nodes=nodes)

    request = {"of": digest(canonical(jsonable(value))), "about": jsonable(list(about))}
    return await current_run().step(
        "random", f"hook {hook.name} {point}", request, perform,
        effect="pure", durable=False, redo=lambda _: True,
    )  # fmt: skip


def messages_in(value: Any) -> list[Message]:
    """The messages that a hook was given, or decided; a text is none."""
    return [one for one in (value if isinstance(value, list | tuple) else [value])
            if isinstance(one, Message)]  # fmt: skip


def binaries(message: Message) -> tuple[Binary, ...]:
    """The images and files of a message."""
    return () if isinstance(message.content, str) else message.content.binaries


def pictured(value: Any) -> Thread:
    """Messages that a hook put in place of others, as a log keeps the bytes in them."""
    messages = messages_in(value)
    return thread_of(messages) if any(map(binaries, messages)) else ()


def with_bytes(value: Any, nodes: Thread) -> None:
    """Give messages that were read from their JSON the bytes of their images and files.

    Args:
        value: a message, or several.
        nodes: of the step that decided it.
    """
    known = {one.digest: one for node in nodes for one in binaries(node.message) if one.at_hand}
    for message in messages_in(value):
        for one in binaries(message):
            if one.digest:
                here = known.get(one.digest)
                one.kept_in(here.data if here is not None else current_run().log.blob)


async def hook_result(
    hook: Hook, function: Callable[..., Any], point: Point, given: tuple[Any, ...]
) -> Any:
    """What a hook's function returns.

    Raises:
        HookFailed: it raised, or did not return in time.
    """
    # A task, and not a time-out around it: one that takes a cancellation for a failure and tries
    # again would never return.
    work = asyncio.ensure_future(returned(function, given))
    work.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    try:
        await asyncio.wait({work}, timeout=hook.timeout_s)
    finally:
        if late := not work.done():
            work.cancel()
            await asyncio.wait({work}, timeout=GRACE_S)
    if late:
        raise failed(hook, point, f"did not return within {hook.timeout_s:g} s")
    try:
        return work.result()
    except AgentkitError:
        raise
    except Exception as error:
        raise failed(hook, point, f"raised {full_text(error)}") from error


async def returned(function: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    """What a function returns, awaited; a plain one works in a thread."""
    if inspect.iscoroutinefunction(function):
        return await function(*given)
    context = contextvars.copy_context()
    found = await in_thread(functools.partial(context.run, function, *given))
    return await found if inspect.isawaitable(found) else found


def failed(hook: Hook, point: Point, what: str) -> HookFailed:
    """The error of a hook that did not decide."""
    return HookFailed(
        f"The hook {hook.name} {what}, {point}.",
        expected="None, Change(value) or Refuse(reason)",
        todo="mend it, and resume the run",
        run_id=current_run().id,
    )


def told(decision: Any, hook: Hook, point: Point) -> dict[str, JSON]:
    """A decision as it is recorded.

    Raises:
        HookFailed: it is none.
    """
    if decision is None:
        return {"decision": "pass"}
    if isinstance(decision, Refuse) and isinstance(decision.reason, str):
        return {"decision": "refuse", "reason": decision.reason}
    try:
        if isinstance(decision, Change) and FITS[point](decision.value):
            return {"decision": "change", "value": jsonable(decision.value)}
        wrong = repr(decision)[:200]
    except ValueError as error:
        wrong = full_text(error)
    raise HookFailed(
        f"The hook {hook.name} decided {wrong}, {point}.",
        expected=f"None, Refuse(reason), or Change of what it was given ({EXPECTED[point]})",
        run_id=current_run().id,
    )


def reworded(content: str | Content, text: str) -> str | Content:
    """Content with other words: its images and files stay, all else is replaced."""
    kept = () if isinstance(content, str) else content.binaries
    if not kept:
        return text
    # Each says itself what it is, and said so in the text that was changed.
    shown = {one.words for one in kept}
    lines = [line for line in text.split("\n") if line not in shown]
    return Content((*filter(None, ["\n".join(lines)]), *kept))


def is_message(value: Any) -> bool:
    """Whether it is a message of an assistant."""
    return isinstance(value, Message) and value.role == "assistant"


def is_conversation(value: Any) -> bool:
    """Whether a model can be sent it."""
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(one, Message) for one in value)
    )


def is_text(value: Any) -> bool:
    """Whether it is a text with something in it."""
    return isinstance(value, str) and bool(value.strip())


SAYING: tuple[Point, ...] = ("before_model", "after_model")
"""Where messages are looked at."""

FITS: dict[Point, Callable[[Any], bool]] = {
    "on_task": is_text,
    "before_model": is_conversation,
    "after_model": is_message,
    "before_tool": lambda value: isinstance(value, dict),
    "after_tool": lambda value: isinstance(value, str),
    "on_answer": is_text,
}

EXPECTED: dict[Point, str] = {
    "on_task": "a text",
    "before_model": "a list of messages",
    "after_model": "a message of the assistant",
    "before_tool": "a dict of arguments",
    "after_tool": "a text",
    "on_answer": "a text",
}


def message_of(kept: JSON) -> Message:
    """A message from its JSON."""
    return Message.model_validate(kept)


def messages_of(kept: JSON) -> list[Message]:
    """Messages from their JSON."""
    return [message_of(one) for one in kept]


def hook_refusal(agent: str, what: str, why: Refuse) -> GuardRefused:
    """The error of something that a hook refused."""
    return GuardRefused(
        f"{what} of {agent} was refused: {why.reason}",
        todo="ask otherwise; the run's log says which hook refused it",
        run_id=current_run().id,
    )


async def called(hooks: Sequence[Hook], agent: str, call: ToolCall) -> ToolCall | Refuse:
    """A call as the hooks let it be made."""
    if not any(one.before_tool for one in hooks):
        return call
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError:
        return call  # The tool's check tells the model what is wrong with it.
    if not isinstance(arguments, dict):
        return call
    found = await decided(hooks, agent, "before_tool", arguments, call.name)
    if isinstance(found, Refuse):
        return found
    return call if found is arguments else call.model_copy(update={"arguments": canonical(found)})


async def use_hooked(
    hooks: Sequence[Hook],
    agent: str,
    call: ToolCall,
    use: Callable[[ToolCall], Awaitable[Message]],
) -> Message:
    """Make one call, between the hooks before and after it."""
    allowed = await called(hooks, agent, call)
    if isinstance(allowed, Refuse):
        text = f"This call was refused: {allowed.reason}. Do not repeat it."
        return Message(role="tool", content=text, call_id=call.id, error=True)
    result = await use(allowed)
    if not any(one.after_tool for one in hooks):
        return result
    found = await decided(hooks, agent, "after_tool", result.text, call.name)
    if isinstance(found, Refuse):
        text = f"The result of this call is withheld: {found.reason}."
        return result.model_copy(update={"content": text, "error": True})
    if found == result.text:
        return result
    return result.model_copy(update={"content": reworded(result.content, found)})
