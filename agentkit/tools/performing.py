"""One call of a tool of any kind: within its time-out, and its result as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from agentkit.errors import ToolError, error_text
from agentkit.given import NOT_GIVEN, Context
from agentkit.messages import JSON, Content, canonical
from agentkit.threads import put, uncancelled
from agentkit.tools.protocol import Arguments, Tool
from agentkit.tools.results import rendered

NOTHING_GIVEN: Context[Any] = Context(NOT_GIVEN)


async def perform(
    tool: Tool, arguments: Mapping[str, JSON], context: Context[Any] | None = None
) -> JSON | Content:
    """Call a tool and return its result as a JSON value, or as content with parts.

    Args:
        tool: of any kind.
        arguments: as its `check` gave them, or as JSON values.
        context: what the caller gave; None for nothing.

    Raises:
        ToolError: the result has no JSON form, or the time-out passed. What a `once` tool
            did is never said to have failed: then the text of its result has to do.
        Exception: whatever the tool raises.
    """
    name, timeout_s = tool.spec.name, tool.timeout_s
    if not isinstance(arguments, Arguments):
        arguments = tool.check(canonical(arguments))
    try:
        with uncancelled(lambda by: cancelled(name, by)):
            async with asyncio.timeout(None) as limit:
                if timeout_s is not None:
                    put(limit, asyncio.get_running_loop().time() + timeout_s)
                result = await tool.perform(arguments, context or NOTHING_GIVEN)
    except TimeoutError as error:
        if not limit.expired():
            raise
        late = "; what it does may still happen" if tool.effect == "once" else ""
        raise ToolError(
            f"{name} did not return within {timeout_s:g} s{late}.",
            todo="raise timeout_s of the tool, or make the tool faster",
        ) from error
    except SystemExit as error:
        raise ToolError(f"{name} wanted to end the process: exit({error_text(error)}).") from error
    return rendered(result, name, tool.effect)


def cancelled(name: str, by: str) -> ToolError:
    """The error of a tool in which something was cancelled, that is not the tool."""
    return ToolError(
        f"{name} failed: something inside it was cancelled ({by}).",
        todo=f"catch {by} in the tool where it waits for work of its own",
    )
