"""Events as a file keeps them: JSON without what the columns hold, messages by their ids."""

from __future__ import annotations

import json
from typing import Any

from agentkit.messages import JSON, Thread, canonical, mended

DECODER = json.JSONDecoder()

COLUMNS = {"run", "seq", "at", "scope", "nodes"}
"""Of an event, what is not in its body."""


def stored_body(event: Any) -> str:
    """The event as JSON without its columns; nodes by id, their content is stored once."""
    try:
        # What model_dump_json does, without its dozen options; this is done for every event.
        serializer = event.__pydantic_serializer__
        body = serializer.to_json(event, exclude=COLUMNS, exclude_defaults=True).decode()
    except ValueError:
        # One event that cannot be written would hold up those of every run.
        fields = event.model_dump(exclude=COLUMNS, exclude_defaults=True)
        body = canonical(mended(fields))
    kind = f'"kind":"{event.kind}"'
    ids = f',"nodes":{json.dumps(packed(event.nodes))}' if event.nodes else ""
    rest = body[1:-1]
    return f"{{{kind}{ids}{',' if rest else ''}{rest}}}"


def unpacked(body: str) -> tuple[list[tuple[str, int]], str]:
    """The conversations that a stored body names, by last id and length, and the rest of it.

    Raises:
        ValueError, TypeError, RecursionError: nothing that we wrote.
    """
    end = body.index('"', len('{"kind":"')) + 1
    mark = ',"nodes":'
    if not body.startswith(mark, end):
        return [], body[1:]
    nodes, after = DECODER.raw_decode(body, end + len(mark))
    return [part_of(one) for one in nodes], body[1:end] + body[after:]


def part_of(part: JSON) -> tuple[str, int]:
    """What `packed` wrote, as id and length.

    Raises:
        ValueError, TypeError: nothing that it writes.
    """
    id, count = (part, 1) if isinstance(part, str) else part
    if not isinstance(count, int) or count < 1:
        raise ValueError(f"a conversation of {count!r} messages")
    bytes.fromhex(id)
    return id, count


def packed(nodes: Thread) -> list[JSON]:
    """Nodes by id; a chain of several as its last id and its length, so that no history is long."""
    parts: list[tuple[str, int]] = []
    for one in nodes:
        if parts and parts[-1][0] == one.parent:
            parts[-1] = (one.id, parts[-1][1] + 1)
        else:
            parts.append((one.id, 1))
    return [id if count == 1 else [id, count] for id, count in parts]
