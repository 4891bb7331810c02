"""What an agent may do with its paged memory: edit its working context, look outside.

The functions of Packer et al. 2023, section 2.3, under our names. There a call asks for a
heartbeat when the agent wants to go on after it; without one its turn ends. With
`heartbeats=True` it is so here: what is said with the call is then the answer. By default every
result goes back to the agent, as if each call had asked for one.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from agentkit import Tool
from agentkit.context import memory_tool
from agentkit.errors import SetupError
from agentkit.events import Effect
from agentkit.messages import JSON, Message
from memory.paged.entries import told
from memory.paged.outside import Outside
from memory.paged.pages import Page

Call = Callable[..., Awaitable[Any]]
"""What a model may call: its docstring and arguments are what the model reads of it."""


def tools_of(memory: Outside, *, most: int, heartbeats: bool, writes: bool) -> Sequence[Tool]:
    """Make the tools of one memory; those that edit blocks only where it has blocks.

    Args:
        memory: what they search, read and edit.
        most: characters of a hit that a search shows.
        heartbeats: whether a call says if the agent goes on after it; see the module.
        writes: whether there are tools that write.
    """
    search, remember = archive_calls(memory)
    # The order is a part of what a model is asked, and so of the key of its step.
    reads = [search, *recall_calls(memory, most)]
    edits = [remember, *(context_calls(memory) if memory.blocks else [])]
    return [
        *(paged_tool(memory.name, one, "pure", heartbeats) for one in reads),
        *(paged_tool(memory.name, one, "idempotent", heartbeats) for one in edits if writes),
    ]


def recall_calls(memory: Outside, most: int) -> list[Call]:
    """Make the calls on recall storage; a search shows so many characters of a hit at most."""

    async def recall(query: str, page: int = 0) -> list[JSON]:
        """Search everything that was ever said in this conversation, also what left the window.

        Args:
            query: words to look for.
            page: 0 for the best hits, 1 for the next ones, and so on.
        """
        found = await memory.recall(query, page=page)
        return [row(one, most) for one in found]

    async def recall_dates(start: str, end: str, page: int = 0) -> list[JSON]:
        """List what was said between two dates, oldest first.

        Args:
            start: an ISO date or time, in UTC.
            end: the same; what was said then or later is left out.
            page: 0 for the first ones, 1 for the next, and so on.
        """
        found = await memory.recall_between(moment(start), moment(end), page=page)
        return [row(one, most) for one in found]

    async def read(id: str, part: int = 0) -> str:
        """Read a message whole, part by part: one that was cut, or whose id you were given.

        Args:
            id: of the message.
            part: 0, 1, 2, ...
        """
        return await memory.read(id, part)

    return [recall, recall_dates, read]


def archive_calls(memory: Outside) -> tuple[Call, Call]:
    """Make the calls on the archive: to search it, and to store a text in it."""

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

    return search, remember


def context_calls(memory: Outside) -> list[Call]:
    """Make the calls that edit the working context; they name its blocks to the model."""
    blocks = ", ".join(memory.blocks)

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
    return [core_append, core_replace]


def paged_tool(memory: str, fn: Call, effect: Effect, heartbeats: bool) -> Tool:
    """Make a function a tool of the memory; its steps are recorded, not the call."""
    named = memory_tool(effect=effect, name=f"{memory}_{fn.__name__}")
    return named(beating(fn) if heartbeats else fn)


def beating(fn: Call) -> Call:
    """A function whose caller may ask for a heartbeat; who runs the turns looks for that."""

    @functools.wraps(fn)
    async def asked(*args: Any, request_heartbeat: bool = False, **more: Any) -> Any:
        return await fn(*args, **more)

    more = inspect.signature(asked, follow_wrapped=False).parameters["request_heartbeat"]
    given = inspect.signature(fn)
    asked.__signature__ = given.replace(  # type: ignore[attr-defined]
        parameters=[*given.parameters.values(), more]
    )
    asked.__annotations__ = {**fn.__annotations__, "request_heartbeat": bool}
    asked.__doc__ = (
        f"{inspect.cleandoc(fn.__doc__ or '')}\n"
        "    request_heartbeat: true to see the result and go on; otherwise your turn ends, and"
        " the text beside the call is your answer."
    )
    return asked


def last_words(messages: Sequence[Message], names: frozenset[str]) -> str:
    """Return what an agent said with its last calls, if they end its turn; else nothing.

    They do when all are of these tools, none asks for a heartbeat, and none failed: a failure
    always comes back (as in the paper's code).
    """
    results = 0
    while results < len(messages) and messages[-1 - results].role == "tool":
        results += 1
    if not results or results == len(messages):
        return ""
    calling = messages[-1 - results]
    if any(one.error for one in messages[-results:]):
        return ""
    ends = all(call.name in names and not wants(call.arguments) for call in calling.calls)
    return calling.text.strip() if ends else ""


def wants(arguments: str) -> bool:
    """Whether a call asks for a heartbeat."""
    try:
        return bool(json.loads(arguments).get("request_heartbeat"))
    except (ValueError, AttributeError):
        return False


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
