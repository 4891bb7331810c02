"""What was said, as the conventions have it: messages of parts, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agentkit.messages import JSON, Message, ThreadMessage, canonical
from agentkit.protocols.otel.names import INPUT, SAID, SYSTEM

MOST = 200
"""Messages of one call that are told, the newest."""


def conversation(nodes: Mapping[str, ThreadMessage], head: Any) -> dict[str, str]:
    """The attributes of a conversation: its instructions, and what was said in it.

    Args:
        nodes: messages by id.
        head: the id of the last one.
    """
    found: list[Message] = []
    while isinstance(head, str) and (node := nodes.get(head)) is not None and len(found) < MOST:
        found.append(node.message)
        head = node.parent
    said = [one for one in reversed(found) if one.role != "system"]
    system = [text_part(one.text) for one in found if one.role == "system"]
    attributes = {INPUT: json.dumps([message_of(one) for one in said], ensure_ascii=False)}
    if system:
        attributes[SYSTEM] = json.dumps(system, ensure_ascii=False)
    return attributes


def reply(nodes: Mapping[str, ThreadMessage], head: Any, stop: Any) -> dict[str, str]:
    """The attributes of what a model said."""
    node = nodes.get(head) if isinstance(head, str) else None
    if node is None:
        return {}
    message = {**message_of(node.message), "finish_reason": stop if isinstance(stop, str) else ""}
    return {SAID: json.dumps([message], ensure_ascii=False)}


def message_of(message: Message) -> dict[str, Any]:
    """A message, as the conventions' schema has it."""
    if message.role == "tool":
        part = {
            "type": "tool_call_response",
            "id": message.call_id or "",
            "response": message.text,
        }
        return {"role": "tool", "parts": [part]}
    parts: list[dict[str, Any]] = []
    if message.reasoning:
        parts.append({"type": "reasoning", "content": message.reasoning})
    if message.text:
        parts.append(text_part(message.text))
    for call in message.calls:
        parts.append(
            {
                "type": "tool_call",
                "id": call.id,
                "name": call.name,
                "arguments": read(call.arguments),
            }
        )
    return {"role": message.role, "parts": parts}


def text_part(text: str) -> dict[str, str]:
    """A text."""
    return {"type": "text", "content": text}


def read(arguments: str) -> Any:
    """The arguments of a call; as text where they are no JSON."""
    try:
        return json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments


def value(found: JSON) -> str:
    """A value as an attribute."""
    return found if isinstance(found, str) else canonical(found)
