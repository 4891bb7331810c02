"""What was said before an ask: the conversation of an answer, or messages that were kept elsewhere.

The one asked keeps his own, current instructions: those of whoever answered before are left out.
An agent gets the messages as they are. Whoever has no model of his own (a pattern, a graph, a
person) is told them in words, after the task.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from agentkit.answer import Answer
from agentkit.errors import SetupError, safe_repr
from agentkit.events import MessageSent
from agentkit.messages import JSON, Content, Message, Thread, ThreadMessage, thread_of
from agentkit.parts import as_content
from agentkit.scope import Scope

After = Answer | Sequence[Message | Mapping[str, Any]]
"""An answer whose conversation goes on, or the messages of one, oldest first."""

BEFORE = "\n\nSaid before:\n"
"""Between what is asked and what was said before."""


def thread_before(after: After | None, name: str) -> Thread:
    """The conversation to go on with, without the instructions of whoever answered before.

    Args:
        after: an answer, or a list of Messages, or of dicts with `role` and `content`.
        name: who is asked.

    Raises:
        SetupError: it is neither, or an answer that tells no conversation.
    """
    if after is None:
        return ()
    if isinstance(after, Answer):
        if not after.thread:
            raise SetupError(
                f"{name} cannot go on after this answer: it holds no conversation.",
                expected="after= an answer as an ask gave it, or a list of messages",
            )
        return uninstructed(after.thread)
    if isinstance(after, str | Mapping) or not isinstance(after, Iterable):
        raise unusable(name, after)
    messages = [message_of(one, name) for one in after]
    check_results(messages, name)
    return thread_of(messages)


def check_results(messages: Sequence[Message], name: str) -> None:
    """Refuse what no endpoint takes: calls without their results, results without their calls.

    Raises:
        SetupError: with the call that it is.
    """
    waiting: dict[str, str] = {}
    known: set[str] = set()
    for one in [*messages, Message(role="user")]:
        if one.role == "tool":
            if one.call_id not in known:
                raise half(name, f"a result of the call {safe_repr(one.call_id)} and not that call")
            waiting.pop(str(one.call_id), None)
            continue
        if waiting:
            raise half(name, f"a call of {next(iter(waiting.values()))} and not its result")
        waiting = {call.id: call.name for call in one.calls}
        known = set(waiting)


def half(name: str, what: str) -> SetupError:
    """The error of a conversation that was cut off in the wrong place."""
    return SetupError(
        f"{name} cannot go on after= a conversation that holds {what}.",
        expected="each message with calls directly before one tool message for each of them",
        todo="leave both out, or give both",
    )


def message_of(one: Any, name: str) -> Message:
    """One message of a conversation that was kept elsewhere.

    Raises:
        SetupError: it is none.
    """
    if isinstance(one, ThreadMessage):
        return one.message
    if isinstance(one, Message):
        return one
    if not isinstance(one, Mapping) or set(one) - set(Message.model_fields):
        raise unusable(name, one)
    said = one.get("content", "")
    if isinstance(said, list | tuple) and as_content(said) is None:
        raise unusable(name, one)
    try:
        return Message.model_validate({**one, "content": as_content(said) or said})
    except ValidationError as error:
        raise unusable(name, one) from error


def unusable(name: str, given: Any) -> SetupError:
    """The error of an after= that is no conversation."""
    found = f"a dict with {', '.join(map(str, given))}" if isinstance(given, Mapping) else ""
    return SetupError(
        f"{name} cannot go on after= {found or type(given).__name__}.",
        expected="an Answer, or a list of Message(role=..., content=...) or of dicts with the"
        " texts 'role' (system, user, assistant, tool) and 'content', which may be a list of texts"
        " and parts (Image, File, Data)",
    )


def uninstructed(thread: Thread) -> Thread:
    """The conversation without the instructions that it begins with."""
    start = 0
    while start < len(thread) and thread[start].message.role == "system":
        start += 1
    return thread_of(node.message for node in thread[start:]) if start else thread


def worded(task: JSON | Content, before: Thread, name: str) -> JSON | Content:
    """The task, with what was said before in words after it.

    Raises:
        SetupError: the task is no text.
    """
    messages = [one.message for one in before if one.message.text.strip()]
    lines = [f"- {one.role}: {one.text.strip()}".replace("\n", "\n  ") for one in messages]
    if not lines:
        return task
    if isinstance(task, Content):
        return Content((*task, (BEFORE + "\n".join(lines)).strip()))
    if not isinstance(task, str):
        raise SetupError(
            f"{name} cannot go on with a conversation (after=) by a task that is no text.",
            expected="a text, because it is told in words what was said before",
        )
    return task + BEFORE + "\n".join(lines)


def keep_parts(scope: Scope, thread: Thread) -> None:
    """Let a pattern pass on the images and files of what it was asked, or told: see `passed_on`."""
    if scope.what == "agent" or scope.parent is None:
        return
    for one in thread:
        if not isinstance(content := one.message.content, str):
            scope.parts = tuple(dict.fromkeys((*scope.parts, *content.binaries)))


def passed_on(task: JSON | Content, asking: Scope) -> JSON | Content:
    """A task, with the images and files that it names as `str` names them.

    A pattern puts what it was asked into words of its own. Who is asked with these words is given
    the images and files too, if the pattern itself was asked or told with them. What an agent asks
    of its tools are words of a model, which name nothing.
    """
    if not asking.parts or not isinstance(task, str):
        return task
    named = [part for part in asking.parts if part.words in task]
    return Content((task, *named)) if named else task


def heard_in(events: Iterable[Any], actor: str) -> list[Message]:
    """What the first ask of an actor in a run went on with, by its log; nothing for a plain ask."""
    nodes: dict[str, ThreadMessage] = {}
    for event in events:
        nodes.update({node.id: node for node in event.nodes})
        if isinstance(event, MessageSent) and event.purpose == "task" and event.to == actor:
            messages: list[Message] = []
            head = nodes[event.message].parent if event.message in nodes else None
            while head is not None and head in nodes:
                messages.append(nodes[head].message)
                head = nodes[head].parent
            asked = any(message.role != "system" for message in messages)
            return messages[::-1] if asked else []
    return []
