"""Health and metrics of a worker over HTTP, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from agentkit.errors import SetupError

Page = Callable[[], Coroutine[Any, Any, tuple[int, str]]]
"""Gives a status and a text."""

LONGEST_S = 5.0


async def serving(pages: Mapping[str, Page], port: int) -> asyncio.Server:
    """A server of these pages, on loopback alone.

    Args:
        pages: by path.
        port: where; 0 for one that is free.

    Raises:
        SetupError: the port is taken.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
            async with asyncio.timeout(LONGEST_S):
                head = (await reader.readline()).decode("latin-1").split()
                while (await reader.readline()).strip():
                    pass
                path = head[1].partition("?")[0] if len(head) > 1 else ""
                page = pages.get(path)
                status, text = await page() if page else (404, "see " + ", ".join(pages) + "\n")
                body = text.encode()
                writer.write(
                    f"HTTP/1.1 {status} \r\nContent-Type: text/plain; version=0.0.4\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    try:
        return await asyncio.start_server(answer, "127.0.0.1", port)
    except OSError as error:
        raise SetupError(
            f"No health page can be served on port {port}: {error}.",
            todo="name another one: --port 0 takes any that is free",
        ) from error
