"""Ids of tool calls on the wire: each once in a conversation, in the letters that a server takes.

Some servers name the calls of every turn call_0, call_1, ...; others refuse a conversation in
which an id comes twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agentkit.messages import JSON, Message, ToolCall, digest

LONGEST = 40
"""Characters of an id that OpenAI takes."""


def short(id_: str) -> str:
    """An id that is not too long."""
    return id_ if len(id_) <= LONGEST else f"call_{digest(id_)}"


def nine(id_: str) -> str:
    """An id of nine letters and digits, as Mistral demands."""
    return id_ if len(id_) == 9 and id_.isascii() and id_.isalnum() else digest(id_)[:9]


def unique(messages: Iterable[Message], spell: Callable[[str], str] = short) -> list[Message]:
    """The messages with every call's id used once; a result keeps to the call right before it.

    Args:
        messages: a conversation.
        spell: an id in the letters that the server takes.
    """
    messages = list(messages)
    ids = [call.id for item in messages for call in item.calls]
    if len(set(ids)) == len(ids) and all(spell(id_) == id_ != "" for id_ in ids):
        return messages
    used: set[str] = set()
    waiting: dict[str, list[str]] = {}
    """Names on the wire of the latest calls of an id that have no result yet."""
    result: list[Message] = []
    for item in messages:
        if item.calls:
            names = [fresh(spell(call.id) or "call", used, spell) for call in item.calls]
            waiting = {}
            for call, name in zip(item.calls, names, strict=True):
                waiting.setdefault(call.id, []).append(name)
            item = renamed(item, names)
        elif item.role == "tool" and item.call_id is not None:
            known = waiting.get(item.call_id, [])
            name = (known.pop(0) if len(known) > 1 else known[0]) if known else spell(item.call_id)
            if name != item.call_id:
                item = item.model_copy(update={"call_id": name})
        result.append(item)
    return result


def fresh(name: str, used: set[str], spell: Callable[[str], str]) -> str:
    """The name, or one made of it that is not used yet; the same every time."""
    turn = name
    while turn in used:
        turn = spell(f"call_{digest(turn)[:16]}")
    used.add(turn)
    return turn


def renamed(item: Message, names: list[str]) -> Message:
    """A message whose calls have these ids, in what goes back verbatim too."""
    if names == [call.id for call in item.calls]:
        return item
    calls = tuple(
        ToolCall(id=name, name=call.name, arguments=call.arguments)
        for call, name in zip(item.calls, names, strict=True)
    )
    return item.model_copy(update={"calls": calls, "native": with_ids(item, names)})


def with_ids(item: Message, names: list[str]) -> JSON:
    """What goes back verbatim, with the calls' new ids."""
    if not isinstance(item.native, dict):
        return item.native
    native = dict(item.native)
    new = {call.id: name for call, name in zip(item.calls, names, strict=True)}
    if isinstance(own := native.get("openai"), dict):
        extras = {new.get(id_, id_): extra for id_, extra in own.get("calls", {}).items()}
        native["openai"] = {**own, "calls": extras}
    for dialect, kind, field in (
        ("anthropic", "tool_use", "id"),
        ("responses", "function_call", "call_id"),
    ):
        if isinstance(blocks := native.get(dialect), list):
            rest = iter(names)
            native[dialect] = [
                {**block, field: next(rest, block.get(field))}
                if isinstance(block, dict) and block.get("type") == kind
                else block
                for block in blocks
            ]
    return native
