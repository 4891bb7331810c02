"""Prompt caching of Anthropic's Messages: which beginnings of a conversation the endpoint keeps.

It keeps what stands before a mark. Who sends the same beginning again within the time of the entry
pays a tenth for it, and whoever wrote it a quarter more (for an hour, twice) than for fresh tokens.

Source: Anthropic's documentation, "Prompt caching": at most four marks, in the order of tools,
system and messages; a mark finds what an earlier one wrote within the last 20 blocks.
"""

from __future__ import annotations

from typing import Any, Literal

Kept = Literal["5m", "1h"]
"""How long an entry lives after it was used last."""
MARKED = ("text", "image", "document", "tool_result")
"""Blocks of a user that can bear a mark."""
TURNS = 2
"""Turns of the user that bear one: the last, and the one that the call before it ended with."""


def marked(body: dict[str, Any], wish: bool | Kept | None) -> dict[str, Any]:
    """A body with marks where they pay.

    Args:
        body: as the dialect makes it.
        wish: True or a time marks every request; None only what is likely to be sent again: one
            with tools, whose results follow, and one that goes on with a conversation.
    """
    if wish is False or "cache_control" in body or not (wish or goes_on(body)):
        return body
    mark: dict[str, str] = {"type": "ephemeral", **({"ttl": wish} if wish == "1h" else {})}
    result = dict(body)
    if tools := body.get("tools"):
        result["tools"] = [*tools[:-1], {**tools[-1], "cache_control": mark}]
    if isinstance(system := body.get("system"), str) and system.strip():
        result["system"] = [{"type": "text", "text": system, "cache_control": mark}]
    messages = list(body["messages"])
    users = [n for n, one in enumerate(messages) if one["role"] == "user"]
    for place in users[-TURNS:]:
        last = messages[place]["content"][-1]
        if last.get("type") in MARKED:
            said = [*messages[place]["content"][:-1], {**last, "cache_control": mark}]
            messages[place] = {**messages[place], "content": said}
    return {**result, "messages": messages}


def goes_on(body: dict[str, Any]) -> bool:
    """Whether most of a body is likely to be sent again, or was sent before."""
    return bool(body.get("tools")) or any(one["role"] == "assistant" for one in body["messages"])


def unmarked(value: Any) -> Any:
    """A body without marks, for a server that knows none."""
    if isinstance(value, dict):
        return {name: unmarked(one) for name, one in value.items() if name != "cache_control"}
    return [unmarked(one) for one in value] if isinstance(value, list) else value
