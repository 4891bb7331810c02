"""Lists that a server gives in pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentkit.amounts import size
from agentkit.protocols.bounds import LARGEST
from agentkit.protocols.errors import PeerProtocolError
from agentkit.protocols.mcp.bounds import PAGES


async def pages(ask: Callable[..., Any], part: str) -> list[Any]:
    """All of a list that comes in pages, of which there are not endlessly many.

    Raises:
        PeerProtocolError: they are together larger than one message may be.
    """
    found: list[Any] = []
    cursor, held = None, 0
    for _ in range(PAGES):
        page = await ask(cursor=cursor)
        held += len(page.model_dump_json())
        if held > LARGEST:
            raise PeerProtocolError(f"The list of {part} is larger than {size(LARGEST)}.")
        found += getattr(page, part)
        if (following := page.next_cursor) is None or following == cursor:
            break
        cursor = following
    return found
