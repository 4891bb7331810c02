"""One call of a tool of any kind: within its time-out, and its result as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from agentkit.errors import ToolError, error_text
from agentkit.messages import JSON, Content
from agentkit.threads import put, uncancelled
from agentkit.tools.protocol import Tool
from agentkit.tools.results import rendered


async def kept_to(tool: Tool, call: Awaitable[Any]) -> JSON | Content:
    """Wait for a call of a tool as the tool declares it, and return its result as JSON or content.

    Args:
        tool: of any kind.
        call: what its `perform` gave.

    Raises:
        ToolError: the result has no JSON form, or the time-out passed. What a `once` tool
            did is never said to have failed: then the text of its result has to do.
        Exception: whatever the tool raises.
    """
    name, timeout_s = tool.spec.name, tool.timeout_s
    try:
        with uncancelled(lambda by: cancelled(name, by)):
            async with asyncio.timeout(None) as limit:
                if timeout_s is not None:
                    put(limit, asyncio.get_running_loop().time() + timeout_s)
                result = await call
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
