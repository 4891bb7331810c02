"""Health and metrics of a worker over HTTP, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from agentkit.errors import LogError, SetupError
from agentkit.log import Log
from agentkit.offers import Counts

Page = Callable[[], Coroutine[Any, Any, tuple[int, str]]]
"""Gives a status and a text."""

LONGEST_S = 5.0

AGE_S = 5.0
"""How old the numbers of the queue on the health page may be."""

ANSWER_S = 3.0
"""How long the health page waits for the log, in seconds: less than whoever asks for it."""


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


class QueueNumbers:
    """The queue of a log in numbers, as a health page needs them: soon, and not asked for often."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self._counted: tuple[float, Counts | None] = (-AGE_S, None)
        self._counting: asyncio.Task[Counts | None] | None = None

    async def counts(self, age_s: float = AGE_S) -> Counts | None:
        """The numbers; None where the log cannot be reached, or does not answer in time.

        Args:
            age_s: how old they may be.
        """
        at, known = self._counted
        if time.monotonic() - at < age_s:
            return known
        # One at a time: of a server that is frozen each question would keep a thread.
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._count())
        counting = self._counting
        await asyncio.wait({counting}, timeout=ANSWER_S)
        return counting.result() if counting.done() else None

    async def _count(self) -> Counts | None:
        known = None
        with contextlib.suppress(LogError):
            known = await asyncio.to_thread(lambda: self.log.work.counts())
        self._counted = time.monotonic(), known
        return known
