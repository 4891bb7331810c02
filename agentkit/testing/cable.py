"""A way to the server of a log that can be cut and mended: how a worker fares without its log.

    with Cable("postgresql://me@db/agents") as cable:
        ...                 # a worker is given cable.url
        cable.cut()         # bytes are held back, and no connection breaks: as a lost network
        cable.mend()        # all that was held back arrives

It listens on this machine alone, and runs in a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from threading import Thread
from typing import Self
from urllib.parse import parse_qsl, quote, urlsplit

from agentkit.errors import SetupError
from agentkit.logs.postgres.address import whole

PORT = 5432
PIECE = 1 << 16


class Cable:
    """See the module."""

    def __init__(self, url: str) -> None:
        """Make one; it is there once it was opened.

        Args:
            url: of a log in Postgres, by a Unix socket or over TCP. With TLS the name in the
                server's certificate does not fit any more: `sslmode=verify-full` refuses it.

        Raises:
            SetupError: it names no server, or several.
        """
        split = urlsplit(url)
        self._options = dict(parse_qsl(split.query, keep_blank_values=True))
        self._user, self._path = split.netloc.rpartition("@")[0], split.path
        host = self._options.pop("host", "") or split.hostname or ""
        port = self._options.pop("port", "") or (split.port or PORT)
        self._options.pop("hostaddr", None)
        if not split.scheme.startswith("postgres") or not host or "," in f"{host}{port}":
            raise SetupError(
                "There is no server that a cable could lead to.",
                expected="the URL of a log in Postgres that names one host or socket",
                todo="Cable(fleet.log.url), or Cable('postgresql://me@localhost/agents')",
            )
        self.host, self.port = host, int(port)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = Thread()
        self._server: asyncio.Server | None = None
        self._ends: set[StreamWriter] = set()
        self._whole = asyncio.Event()
        self._whole.set()

    def open(self) -> Self:
        """Begin to pass on what comes."""
        self._loop = loop = asyncio.new_event_loop()
        self._thread = Thread(target=loop.run_forever, name="cable", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), loop).result()
        return self

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._joined, "127.0.0.1", 0)

    @property
    def url(self) -> str:
        """Of the log by this way.

        Raises:
            SetupError: it was not opened.
        """
        if self._server is None:
            raise SetupError(
                "The cable was not opened.", todo="cable.open(), or with Cable(...) as cable"
            )
        port = self._server.sockets[0].getsockname()[1]
        user = self._user or quote(self._options.get("user", ""))
        at = f"{user}@" if user else ""
        options = [(name, value) for name, value in self._options.items() if name != "user"]
        return whole(f"{at}127.0.0.1:{port}", self._path, options)

    def cut(self) -> None:
        """Hold back all bytes, of connections that are there and of new ones."""
        self._say(self._whole.clear)

    def mend(self) -> None:
        """Pass on what was held back, and what comes."""
        self._say(self._whole.set)

    def _say(self, word: Callable[[], None]) -> None:
        async def said() -> None:
            word()

        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(said(), self._loop).result()

    def close(self) -> None:
        """Pass on nothing more; connections break."""
        loop, self._loop = self._loop, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._close(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()
            loop.close()

    async def _close(self) -> None:
        self._whole.set()
        if self._server is not None:
            self._server.close()
            self._server = None
        ends, self._ends = self._ends, set()
        for one in ends:
            one.close()
        passing = asyncio.all_tasks() - {asyncio.current_task()}
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "open" if self._whole.is_set() else "cut"
        return f"Cable to {self.host}:{self.port}, {state if self._server else 'closed'}"

    async def _joined(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._ends.add(writer)
        await self._whole.wait()
        try:
            if self.host.startswith(("/", "@")):
                name = f"{self.host}/.s.PGSQL.{self.port}"
                theirs, to_them = await asyncio.open_unix_connection(name.replace("@", "\0", 1))
            else:
                theirs, to_them = await asyncio.open_connection(self.host, self.port)
        except OSError:  # as the server's own refusal: the connection ends
            writer.close()
            self._ends.discard(writer)
            return
        self._ends.add(to_them)
        await asyncio.gather(self._pass(reader, to_them), self._pass(theirs, writer))
        self._ends -= {writer, to_them}

    async def _pass(self, reader: StreamReader, writer: StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                await self._whole.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()
