"""What an agent may do with its paged memory: edit its working context, look outside.

The functions of Packer et al. 2023, section 2.3, under our names. There a call may ask for a
heartbeat, without which its turn ends. Here every result goes back to the agent at once, as
if each call had asked for one: an ask ends with an answer, never with a call.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from agentkit import Tool, tool
from agentkit.errors import SetupError
from agentkit.messages import JSON
from memory.paged.entries import told
from memory.paged.pages import Page

if TYPE_CHECKING:
    from memory.paged.paged import PagedMemory


def tools_of(memory: PagedMemory) -> Sequence[Tool]:
    """The tools of one memory."""
    blocks = ", ".join(memory.blocks)

    async def recall(query: str, page: int = 0) -> list[JSON]:
        """Search everything that was ever said in this conversation, also what left the window.

        Args:
            query: words to look for.
            page: 0 for the best hits, 1 for the next ones, and so on.
        """
        found = await memory.recall(query, page=page)
        return [row(one, memory.most) for one in found]

    async def recall_dates(start: str, end: str, page: int = 0) -> list[JSON]:
        """List what was said between two dates, oldest first.

        Args:
            start: an ISO date or time, in UTC.
            end: the same; what was said then or later is left out.
            page: 0 for the first ones, 1 for the next, and so on.
        """
        found = await memory.recall_between(moment(start), moment(end), page=page)
        return [row(one, memory.most) for one in found]

    async def read(id: str, part: int = 0) -> str:
        """Read a message whole, part by part: one that was cut, or whose id you were given.

        Args:
            id: of the message.
            part: 0, 1, 2, ...
        """
        return await memory.read(id, part)

    async def search(query: str, page: int = 0) -> list[str]:
        """Search the archive: texts that were stored for later, near the query.

        Args:
            query: what to look for, in a few words.
            page: 0 for the nearest ones, 1 for the next, and so on.
        """
        return await memory.search(query, page=page)

    async def remember(text: str) -> str:
        """Store a text in the archive, for when the conversation has left the window.

        Args:
            text: the fact, in a sentence that says all by itself.
        """
        await memory.archive.remember(text)
        return "Stored."

    async def core_append(block: str, text: str) -> str:
        await memory.core_append(block, text)
        return "Done."

    async def core_replace(block: str, old: str, new: str) -> str:
        await memory.core_replace(block, old, new)
        return "Done."

    core_append.__doc__ = f"""Add a line to your working context, which you always see.

    Args:
        block: one of {blocks}.
        text: what you should never forget.
    """
    core_replace.__doc__ = f"""Replace a text in your working context, or remove it.

    Args:
        block: one of {blocks}.
        old: the text exactly as it stands there.
        new: what stands there then; empty removes it.
    """
    reads: list[Callable[..., Any]] = [search, recall, recall_dates, read]
    writes: list[Callable[..., Any]] = [remember]
    writes += [core_append, core_replace] if memory.blocks else []
    return [
        *(made(memory, one, "pure") for one in reads),
        *(made(memory, one, "idempotent") for one in writes),
    ]


def made(memory: PagedMemory, fn: Callable[..., Any], effect: Any) -> Tool:
    """A function as a tool of the memory; its steps are recorded, not the call."""
    named = tool(effect=effect, name=f"{memory.name}_{fn.__name__}")(fn)
    return dataclasses.replace(named, own_steps=True)


def row(page: Page, most: int) -> JSON:
    """A message of recall storage as a model reads it, cut where it is long."""
    text = told(page.message)
    shown = text if len(text) <= most else text[:most] + "…"
    when = datetime.fromtimestamp(page.at, UTC).isoformat(timespec="seconds")
    return {"id": page.id, "at": when, "role": page.message.role, "text": shown}


def moment(text: str) -> float:
    """Unix seconds of an ISO date or time, UTC where it says nothing else.

    Raises:
        SetupError: it is none.
    """
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise SetupError(
            f"{text!r} is no date.", expected="such as 2026-11-21 or 2026-11-21T08:00"
        ) from error
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
