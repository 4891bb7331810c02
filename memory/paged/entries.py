"""What stands in the window: messages as they are and as they are shown, kept in whole groups.

A model refuses a tool's result without its call, and a call without its result; so an
assistant's message with calls and their results are one group, shown or paged out together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from agentkit import Message
from agentkit.messages import JSON, canonical, digest
from agentkit.tokens import cut, message_tokens, text_tokens

SHOWN = 160
"""Characters of a message that a note keeps."""

LEFT_OUT = "\n[The images and files named here are left out: they do not fit the window.]"

Kind = Literal["message", "task", "alert", "stub"]
"""A stub stands for messages that do not fit; they are in recall storage, and it is not."""


@dataclass(frozen=True)
class WindowEntry:
    """A message in the window."""

    id: str
    """Its id in recall storage."""
    full: Message
    shown: Message
    """The message, or its beginning where it is too long for the window."""
    tokens: int
    """Of what is shown."""
    kind: Kind = "message"

    @property
    def message(self) -> Message:
        return self.shown

    def brief(self) -> JSON:
        """As notes tell of it."""
        return {
            "id": self.id,
            "part": self.kind if self.kind != "message" else self.shown.role,
            "text": told(self.shown)[:SHOWN],
            "tokens": self.tokens,
        }


def entry(id: str, message: Message, kind: Kind = "message") -> WindowEntry:
    """A message that is shown whole."""
    return WindowEntry(id, message, message, message_tokens(message), kind)


class HasMessage(Protocol):
    """A node of a conversation, or an entry."""

    @property
    def message(self) -> Message: ...


T = TypeVar("T", bound=HasMessage)


def groups(items: Sequence[T]) -> list[list[T]]:
    """The items in groups, each call with its results."""
    found: list[list[T]] = []
    for one in items:
        if one.message.role == "tool" and found and called(found[-1][0].message):
            found[-1].append(one)
        else:
            found.append([one])
    return found


def whole(entries: Sequence[WindowEntry]) -> list[WindowEntry]:
    """The entries without calls that lack a result, and results that lack their call.

    A model refuses either.
    """
    kept: list[WindowEntry] = []
    for group in groups(entries):
        first, *results = [one.message for one in group]
        if [call.id for call in first.calls] == [one.call_id for one in results] and (
            first.role != "tool"
        ):
            kept += group
    return kept


def called(message: Message) -> bool:
    """Whether results follow a message."""
    return message.role in ("assistant", "tool") and bool(message.calls)


def told(message: Message) -> str:
    """A message as text: what was said, then its calls."""
    calls = [f"{call.name}({call.arguments})" for call in message.calls]
    return "\n".join([part for part in (message.text, *calls) if part])


Pointer = Callable[[str, int], str]
"""From the id of a message and the characters that are not shown, where the rest is."""


def fitted(group: list[WindowEntry], most: int, pointer: Pointer) -> list[WindowEntry] | None:
    """The group, its longest texts cut until it has at most so many tokens; None if it cannot.

    Nothing is lost: each cut says where the whole message is.
    """
    shown, tried = list(group), set[int]()
    while (excess := sum(one.tokens for one in shown) - most) > 0:
        rest = [n for n in range(len(shown)) if n not in tried]
        if not rest:
            return None
        # The longest first: cutting it costs the fewest messages.
        longest = max(rest, key=lambda n: shown[n].tokens)
        tried.add(longest)
        shown[longest] = shorter(shown[longest], shown[longest].tokens - excess, pointer)
    return shown


def shorter(one: WindowEntry, most: int, pointer: Pointer) -> WindowEntry:
    """An entry that shows at most so many tokens, or as few as it can."""
    bare = one.full.model_copy(update={"content": "", "native": None})
    if bare.calls and message_tokens(bare) > most // 2:
        note = canonical({"cut": f"too long to show; message {one.id}"})
        few = tuple(
            call
            if text_tokens(call.arguments) <= text_tokens(note)
            else call.model_copy(update={"arguments": note})
            for call in bare.calls
        )
        bare = bare.model_copy(update={"calls": few})
    content = one.full.text
    if not isinstance(one.full.content, str) and one.full.content.binaries:
        # They cannot be cut: where the message must be shorter, words stand for them.
        content += LEFT_OUT
    room = most - message_tokens(bare)
    if text_tokens(content) > room:
        # The pointer's length depends on the count in it, which is longest for the whole text.
        room -= text_tokens(pointer(one.id, len(content)))
        begin = cut(content, max(room, 0))
        content = begin + pointer(one.id, len(content) - len(begin))
    shown = bare.model_copy(update={"content": content})
    less = WindowEntry(one.id, one.full, shown, message_tokens(shown), one.kind)
    return less if less.tokens < one.tokens else one


def message_name(message: Message) -> str:
    """What tells messages apart in the request of a step."""
    return digest(message.model_dump_json(exclude_defaults=True))
