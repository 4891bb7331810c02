"""One connection with a server, held open by a task; it is made again when it has ended."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost, ToolsListChanged
from mcp.shared.exceptions import MCPError
from mcp_types import Implementation, LoggingMessageNotificationParams, ToolListChangedNotification
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from agentkit.errors import AgentkitError
from agentkit.protocols.bounds import LARGEST
from agentkit.protocols.errors import PeerAbsent, PeerUnreachable
from agentkit.protocols.foreign import clipped, opening
from agentkit.protocols.mcp.address import Address
from agentkit.protocols.mcp.bounds import LINES_S, TAIL
from agentkit.protocols.mcp.child import ChildProcess, child_transport
from agentkit.protocols.mcp.faults import Lost, fault
from agentkit.protocols.mcp.tapped import Ends, tapped
from agentkit.protocols.mcp.web import http_client
from agentkit.words import for_terminal

AGAIN_S = 5.0
"""Until changes are listened for again, once the server ended that."""

GRAVE = ("warning", "error", "critical", "alert", "emergency")
"""Levels of a server's log that are shown."""


def on_stderr(line: str) -> None:
    """Show a line of a server where errors are shown: in a notebook, below the cell that runs."""
    print(line, file=sys.stderr, flush=True)


class ServerOutput:
    """What a server says to people: shown, bounded, and its last lines kept."""

    def __init__(self, name: str, show: Callable[[str], None] | None) -> None:
        self.name, self.show = name, show
        self.last: deque[str] = deque(maxlen=TAIL)
        self._second, self._shown, self._held = 0, 0, 0

    def said(self, line: str) -> None:
        """Take a line."""
        line = for_terminal(line, one_line=True)
        self.last.append(line)
        second = int(time.monotonic())
        if second != self._second:
            self.rest()
            self._second, self._shown = second, 0
        self._shown += 1
        if self._shown > LINES_S:
            self._held += 1
        elif self.show is not None:
            self.show(f"[{self.name}] {line}")

    def rest(self) -> None:
        """Say how many lines were not shown."""
        held, self._held = self._held, 0
        if held and self.show is not None:
            self.show(f"[{self.name}] … and {held:,} more lines")


class Connection:
    """A connection: opened when it is first used, and again when it has ended."""

    def __init__(
        self,
        name: str,
        address: Address,
        voice: ServerOutput,
        mode: str,
        connect_s: float,
        asked: Any,
    ) -> None:
        """Describe one; nothing is started.

        Args:
            name: of the server.
            address: where it is.
            voice: takes what it says to people.
            mode: "auto", "legacy" or a version, as the SDK's client has it.
            connect_s: time-out of starting and agreeing.
            asked: answers the server's questions, as the SDK's elicitation callback.
        """
        self.name, self.address, self.voice, self.mode = name, address, voice, mode
        self.connect_s, self.asked = connect_s, asked
        self.child: ChildProcess | None = None
        self.changed = False
        """Whether the server said that its tools are others now."""
        self.starts = 0
        self._client: Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self._lock = asyncio.Lock()

    @property
    def where(self) -> str:
        """The server, as errors name it."""
        return f"the MCP server {self.name} ({self.address})"

    @property
    def alive(self) -> bool:
        """Whether there is a connection now."""
        if self._client is None or self._task is None or self._over.is_set():
            return False
        return self.child is None or not self.child.gone

    async def client(self) -> Client:
        """The SDK's client, connected.

        Raises:
            PeerError: the server cannot be started or reached, or speaks another protocol.
        """
        async with self._lock:
            if self.alive and self._client is not None:
                return self._client
            await self._end()
            self._over, self.child = asyncio.Event(), None
            ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
            work = self._hold(ready, self._over)
            self._task = asyncio.create_task(work, context=contextvars.Context())
            done, _ = await asyncio.wait([ready], timeout=self.connect_s)
            if not done:
                said = self._words()
                ready.cancel()
                self._task.cancel()
                raise PeerAbsent(
                    f"{opening(self.where)} did not answer within {self.connect_s:g} s.{said}",
                    expected="an answer to server/discover or initialize",
                    todo="look whether it starts by itself; connect_timeout_s= gives it longer",
                )
            self._client = ready.result()
            self.starts += 1
            self.changed = True  # Nobody has looked at what this one offers.
            return self._client

    async def _hold(self, ready: asyncio.Future[Client], over: asyncio.Event) -> None:
        """From the start of a connection to its end, in one task, as the SDK wants it."""
        try:
            async with self._opened(over) as client:
                # What a server sends is checked by `agentkit.protocols.mcp.results`, by a validator
                # that does not run its regular expressions.
                client.session.validate_tool_result = unchecked  # type: ignore[method-assign]
                ready.set_result(client)
                listening = asyncio.create_task(self._listen(client))
                try:
                    await over.wait()
                finally:
                    listening.cancel()
                    await asyncio.wait([listening])
        except BaseException as error:
            if not ready.done():
                ready.set_exception(await self._not_begun(error))
            if isinstance(error, asyncio.CancelledError):
                raise
        finally:
            over.set()
            self.voice.rest()

    async def _not_begun(self, error: BaseException) -> AgentkitError:
        """Why there is no connection: nothing was asked of the server yet."""
        found = fault(error, self.where)
        if isinstance(found, PeerUnreachable | Lost):
            return PeerAbsent(
                f"{opening(self.where)} ended before it had answered.{self._words()}",
                expected="a server of the Model Context Protocol",
                todo="run the command in a terminal to see more",
            )
        return found

    @contextlib.asynccontextmanager
    async def _opened(self, over: asyncio.Event) -> AsyncIterator[Client]:
        async with contextlib.AsyncExitStack() as stack:
            transport: Any
            if self.address.command:
                self.child = ChildProcess(self.address, self.voice.said, over.set)
                transport = child_transport(self.child)
            else:
                client = await stack.enter_async_context(http_client(self.address))
                transport = streamable_http_client(
                    self.address.url, http_client=client, max_sse_event_size=LARGEST
                )
            made = Client(
                tapped(transport, Ends(self.name, self.address)),
                mode=self.mode,
                cache=None,
                elicitation_callback=self.asked,
                logging_callback=self._logged,
                message_handler=self._told,
                client_info=ours(),
            )
            yield await stack.enter_async_context(made)

    async def _told(self, message: Any) -> None:
        if isinstance(message, ToolListChangedNotification):
            self.changed = True

    async def _logged(self, params: LoggingMessageNotificationParams) -> None:
        if params.level in GRAVE:
            self.voice.said(f"{params.level}: {clipped(str(params.data))}")

    async def _listen(self, client: Client) -> None:
        """Hear of changes, which a server of the stateless era tells only who listens."""
        tools = client.server_capabilities.tools
        if client.protocol_version not in MODERN_PROTOCOL_VERSIONS or not tools:
            return
        while tools.list_changed:
            try:
                async with client.listen(tools_list_changed=True) as changes:
                    async for change in changes:
                        if isinstance(change, ToolsListChanged):
                            self.changed = True
            except ListenNotSupportedError:
                return
            except (MCPError, SubscriptionLost, TimeoutError) as error:
                if isinstance(error, MCPError) and error.code == -32601:
                    return
            await asyncio.sleep(AGAIN_S)
            self.changed = True  # There may have been some in between.

    def _words(self) -> str:
        """How a process ended, and what it said last."""
        code = None if self.child is None else getattr(self.child.process, "returncode", None)
        ended = "" if code is None else f" It ended with code {code}."
        lines = "".join(f"\n    {line}" for line in self.voice.last)
        return f"{ended} Its last words:{lines}" if lines else ended

    async def explained(self, error: AgentkitError | Lost) -> AgentkitError:
        """The error of a call that broke off, with what is known of its end."""
        if not isinstance(error, PeerUnreachable | Lost):
            return error
        if self._task is not None and self.child is not None and self._over.is_set():
            await asyncio.wait([self._task], timeout=1.0)
        if self.child is not None and self.child.fault is not None:
            return self.child.fault
        return PeerUnreachable(
            f"{getattr(error, 'what', error)}{self._words()}",
            expected="an answer",
            todo="call it again if that does no harm; the server is started again then",
        )

    async def drop(self, client: Client) -> None:
        """Give this connection up, unless it is another one already."""
        if self._client is client:
            await self.close()

    async def close(self) -> None:
        """End it; the next use makes another."""
        async with self._lock:
            await self._end()

    async def _end(self) -> None:
        self._client = None
        self._over.set()
        if self._task is not None:
            await asyncio.wait([self._task])
            self._task = None


async def unchecked(name: str, result: Any) -> None:
    """Leave a result as it is."""


def ours() -> Implementation:
    """Who is calling."""
    version = getattr(sys.modules.get("agentkit"), "__version__", "0")
    return Implementation(name="jupyter-agentkit", version=version)
