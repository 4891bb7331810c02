"""A server of the Model Context Protocol, as those who use it have it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Self

import mcp_types as types
from mcp import Client

from agentkit.events import Effect
from agentkit.messages import JSON, Content, Message
from agentkit.protocols.bounds import CONNECT_S
from agentkit.protocols.errors import (
    PeerChanged,
    PeerProtocolError,
    PeerTimedOut,
    PeerUnreachable,
)
from agentkit.protocols.mcp.address import Address, address
from agentkit.protocols.mcp.bounds import CALL_S
from agentkit.protocols.mcp.calls import ServerCall
from agentkit.protocols.mcp.connection import Connection, ServerOutput, on_stderr
from agentkit.protocols.mcp.content import part_of, resource_part, result_of, words_of
from agentkit.protocols.mcp.faults import Lost, fault
from agentkit.protocols.mcp.paged import pages
from agentkit.protocols.mcp.thread import at_exit, not_at_exit, there
from agentkit.protocols.mcp.tool import (
    Definition,
    McpTool,
    ToolSelection,
    believed,
    chosen,
    name_for,
)
from agentkit.tools.protocol import Approve, CallFailed
from agentkit.trust.wire import arrived

calling: ContextVar[ServerCall | None] = ContextVar("agentkit.mcp", default=None)
"""The call that a question of a server belongs to, where that is known."""


class McpTools(list[McpTool]):
    """The tools of a server: a list of them, with the server that has them."""

    server: McpServer
    left_out: dict[str, str]
    """Tools that cannot be used, by their names there, with the reasons."""

    def __getattr__(self, name: str) -> McpTool:
        """One of them, by its name here or there: `files.read_file`."""
        for one in self:
            plain = name_for(one.made.name, "")
            if name in (one.name, one.made.name, plain, plain.replace("-", "_")):
                return one
        raise AttributeError(f"{type(self).__name__} has no tool {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name_for(one.made.name, "") for one in self)})

    def __repr__(self) -> str:
        names = ", ".join(one.spec.signature for one in self)
        left = f"; left out: {', '.join(self.left_out)}" if self.left_out else ""
        return f"McpTools of {self.server.name}: {names}{left}"


class McpServer:
    """A server that is started or reached when it is first used, and again when it has ended.

    It lives until `close`, or the end of this process. It may be used from any event loop.
    """

    def __init__(
        self,
        where: str | Sequence[str] | Address,
        *,
        name: str = "",
        env: Mapping[str, str] | None = None,
        cwd: str = "",
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
        hosts: Sequence[str] = (),
        version: str = "auto",
        connect_timeout_s: float = CONNECT_S,
        show: Callable[[str], None] | None = on_stderr,
    ) -> None:
        """Describe one; nothing is started.

        Args:
            where: a command to start it by, as ["python", "server.py"], or its URL.
            name: as people are told; by default of its host, or its program.
            env: variables for a command, beside those that programs need: it gets no keys of
                this process.
            cwd: where a command is started.
            headers: for a URL, such as {"Authorization": "Bearer …"}.
            auth: for a URL, an `httpx2.Auth`, such as the SDK's OAuthClientProvider.
            hosts: for a URL, what else may be called of private networks and of this machine, where
                the login of the server leads there: "sso.example.org", "10.0.0.0/8".
            version: "auto", "legacy" for the handshake of 2025-11-25 and earlier, or the
                revision "2026-07-28".
            connect_timeout_s: to start it, or reach it, and agree.
            show: is given each line of its error output; by default it goes to `sys.stderr`, in
                a notebook below the cell that runs. None keeps the last lines for errors only.

        Raises:
            SetupError: no command and no URL.
        """
        given: Any = {"env": env, "cwd": cwd, "headers": headers, "auth": auth, "hosts": hosts}
        self.address = where if isinstance(where, Address) else address(where, **given)
        self.name = name or self.address.short
        self.version, self.connect_s, self._show = version, connect_timeout_s, show
        self._marks: dict[str, str] = {}
        self._connection: Connection | None = None
        self._calls: list[ServerCall] = []

    @property
    def connection(self) -> Connection:
        """What it is reached by."""
        if self._connection is None:
            voice = ServerOutput(self.name, self._show)
            mode, connect_s = self.version, self.connect_s
            self._connection = Connection(
                self.name, self.address, voice, mode, connect_s, self._asked
            )
            at_exit(self._connection.close)
        return self._connection

    @property
    def alive(self) -> bool:
        """Whether there is a connection now; without one, the next use makes it."""
        return self._connection is not None and self._connection.alive

    @property
    def pid(self) -> int | None:
        """Of its process, where it is one that was started here and runs."""
        child = self._connection.child if self.alive and self._connection else None
        return None if child is None else int(child.process.pid)

    async def tools(
        self,
        *,
        prefix: str = "",
        only: Collection[str] | Callable[[str], bool] | None = None,
        without: Collection[str] = (),
        effects: Effect | Mapping[str, Effect] | None = None,
        approve: Approve | str = False,
        timeout_s: float | None = CALL_S,
    ) -> McpTools:
        """What it offers now, as tools; see `mcp_tools`."""
        listing = await there(self._listed())
        choice = ToolSelection(prefix, only, without, effects, approve, timeout_s)
        found, left = chosen(self.name, listing, choice, self._performed)
        tools = McpTools(found)
        tools.server, tools.left_out = self, left
        for name, why in left.items():
            self.connection.voice.said(f"its tool {name} is left out: {why}")
        return tools

    async def _performed(self, tool: McpTool, arguments: dict[str, JSON], context: Any) -> Any:
        """Perform a call of a tool.

        Raises:
            PeerError: it could not be made, or nobody knows what came of it.
            CallFailed: the server says that the tool failed.
        """
        call = ServerCall(self.name, context, tool.spec.name, tool.effect)
        async with call.within(tool.limit_s, tool.made.name):
            result = await there(self._call(tool, arguments, call))
        arrived(tool.outside, result.meta, *(getattr(one, "meta", None) for one in result.content))
        if result.is_error:
            raise CallFailed(words_of(result.content) or f"{tool.made.name} failed.")
        data, wrong = believed(tool.made, result, tool.effect)
        if wrong and tool.effect != "once":
            raise PeerProtocolError(
                f"What {tool.made.name} of {self.name} gave is not what it declares: {wrong}.",
                expected="structured content that fits its output schema",
            )
        given = result_of(result, data)
        if not wrong:
            return given
        # It has been done, whatever came back.
        said = f"[It also gave data that does not fit its own schema, and was left out: {wrong}]"
        return Content((*(given if isinstance(given, Content) else (str(given),)), said))

    async def _call(
        self, tool: McpTool, arguments: dict[str, JSON], call: ServerCall
    ) -> types.CallToolResult:
        calling.set(call)
        for last in (False, True):
            client = await self.connection.client()
            await self._unchanged(client, tool.made)
            self._calls.append(call)
            try:
                with call.spanning():
                    return await client.call_tool(
                        tool.made.name,
                        arguments,
                        progress_callback=call.progress,
                        meta=call.meta,  # type: ignore[arg-type]  # a mapping of any keys
                    )
            except Exception as error:
                if call.stopped is not None:
                    raise call.stopped from error
                found = fault(error, self.connection.where)
                if isinstance(found, Lost):
                    await self.connection.drop(client)
                    if not last:
                        continue
                found = await self.connection.explained(found)
                if isinstance(found, PeerUnreachable) and tool.effect != "once" and not last:
                    continue
                raise found from error
            finally:
                self._calls.remove(call)
        raise AssertionError("the last try returns or raises")

    async def _unchanged(self, client: Client, made: Definition) -> None:
        """See to it that a tool is still what was listed, once the server may have other ones.

        Raises:
            PeerChanged: it is not.
        """
        if self.connection.changed:
            await self._list(client)
        if self._marks.get(made.name) == made.mark:
            return
        what = "changed what it says of" if made.name in self._marks else "no longer has"
        raise PeerChanged(
            f"The MCP server {self.name} {what} its tool {made.name}; it was not called.",
            expected="the tool that was listed, which is what was looked at and allowed",
            todo="list its tools again, look at them, and give them to the agent again",
        )

    async def _listed(self) -> list[Definition]:
        client = await self.connection.client()
        try:
            return await self._list(client)
        except Exception as error:
            found = fault(error, self.connection.where)
            raise await self.connection.explained(found) from error

    async def _list(self, client: Client) -> list[Definition]:
        self.connection.changed = False  # Before it is asked: it may change again meanwhile.
        try:
            async with asyncio.timeout(self.connect_s):
                found = await pages(client.list_tools, "tools")
        except BaseException as error:
            self.connection.changed = True
            if isinstance(error, TimeoutError):
                raise PeerTimedOut(
                    f"The MCP server {self.name} did not list its tools within"
                    f" {self.connect_s:g} s.",
                    todo="give it longer with connect_timeout_s=",
                ) from error
            raise
        listing = [Definition(one, self.name) for one in found]
        self._marks = {one.name: one.mark for one in listing}
        return listing

    async def _asked(self, _: Any, params: types.ElicitRequestParams) -> Any:
        """Answer a question of the server, in the name of the call that it belongs to."""
        call = calling.get() or (self._calls[-1] if self._calls else None)
        if call is None:
            return types.ErrorData(
                code=types.INVALID_REQUEST, message="Nobody is asked outside of a call"
            )
        return await call.asked(params)

    async def resources(self) -> list[types.Resource]:
        """The resources that it lists, as the SDK has them.

        Raises:
            PeerError: it cannot be reached, or refused.
        """
        found: list[types.Resource] = await self._of(
            lambda client: pages(client.list_resources, "resources")
        )
        return found

    async def read(self, uri: str, *, timeout_s: float | None = CALL_S) -> Content:
        """A resource, as content that a message may hold.

        Raises:
            PeerError: it cannot be reached, refused, or took longer.
        """
        found = await self._of(lambda client: client.read_resource(uri), timeout_s, uri)
        return Content(map(resource_part, found.contents))

    async def prompts(self) -> list[types.Prompt]:
        """The prompts that it lists, as the SDK has them.

        Raises:
            PeerError: it cannot be reached, or refused.
        """
        found: list[types.Prompt] = await self._of(
            lambda client: pages(client.list_prompts, "prompts")
        )
        return found

    async def prompt(
        self,
        name: str,
        arguments: Mapping[str, str] | None = None,
        *,
        timeout_s: float | None = CALL_S,
    ) -> list[Message]:
        """A prompt, filled in: messages that an ask may go on from, `agent(task, after=...)`.

        Raises:
            PeerError: it cannot be reached, refused, or took longer.
        """
        given = dict(arguments or {})
        found = await self._of(lambda client: client.get_prompt(name, given), timeout_s, name)
        said = [(one.role, part_of(one.content)) for one in found.messages]
        return [
            Message(role=role, content=one if isinstance(one, str) else Content((one,)))
            for role, one in said
        ]

    async def _of(
        self, ask: Callable[[Client], Any], timeout_s: float | None = CALL_S, what: str = "its list"
    ) -> Any:
        call = ServerCall(self.name, None)

        async def asking() -> Any:
            calling.set(call)
            for last in (False, True):
                client = await self.connection.client()
                try:
                    with call.spanning():
                        return await ask(client)
                except Exception as error:
                    if call.stopped is not None:
                        raise call.stopped from error
                    found = fault(error, self.connection.where)
                    if isinstance(found, Lost):
                        await self.connection.drop(client)
                    found = await self.connection.explained(found)
                    if last or not isinstance(found, PeerUnreachable):
                        raise found from error
            raise AssertionError("the last try returns or raises")

        async with call.within(timeout_s, what):
            return await there(asking())

    async def instructions(self) -> str:
        """What it says of itself for models; given to none unless you do."""
        found = await self._of(said_of_itself)
        return str(found or "")

    async def close(self) -> None:
        """End it; harmless when it has ended. The next use starts it again."""
        if self._connection is not None:
            not_at_exit(self._connection.close)
            await there(self._connection.close())
            self._connection = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        state = "connected" if self.alive else "not connected"
        return f"McpServer({self.name}, {self.address}, {state})"


async def said_of_itself(client: Client) -> str | None:
    """What a server says of itself."""
    return client.instructions


async def mcp_tools(
    where: str | Sequence[str] | Address | McpServer,
    *,
    name: str = "",
    env: Mapping[str, str] | None = None,
    cwd: str = "",
    headers: Mapping[str, str] | None = None,
    auth: Any = None,
    hosts: Sequence[str] = (),
    version: str = "auto",
    connect_timeout_s: float = CONNECT_S,
    show: Callable[[str], None] | None = on_stderr,
    prefix: str = "",
    only: Collection[str] | Callable[[str], bool] | None = None,
    without: Collection[str] = (),
    effects: Effect | Mapping[str, Effect] | None = None,
    approve: Approve | str = False,
    timeout_s: float | None = CALL_S,
) -> McpTools:
    """The tools of a server of the Model Context Protocol, for agents.

        tools = await mcp_tools(["python", "server.py"])
        tools = await mcp_tools("https://example.org/mcp", headers={"Authorization": "Bearer …"})

    The server lives on until the process ends, or `await tools.server.close()`; when it dies, the
    next call starts it again. Calls are steps of the run, as those of any tool. What the server
    says of a tool is what was listed: once it says anything else, calls are refused
    (`PeerChanged`) until its tools are listed again.

    Args:
        where, name, env, cwd, headers, auth, hosts, version, connect_timeout_s, show: as of
            `McpServer`; `where` may be one.
        prefix: stands before the names of tools, `files_read`, so that no two servers have the
            same.
        only: the names that are taken, or a function that says of a name whether it is.
        without: names that are not.
        effects: what a second call does, of all tools or by name. By default what the server
            says: read-only is "pure", idempotent "idempotent", anything else "once".
        approve: whether a person must agree to a call, as of `tool`; "destructive": to one of a
            tool that may destroy something, as far as the server says.
        timeout_s: of one call; it stands still while a person answers the server's question.

    Raises:
        SetupError: no such address, or a name that the server does not have.
        PeerError: the server cannot be started or reached.
    """
    server = where if isinstance(where, McpServer) else McpServer(
        where, name=name, env=env, cwd=cwd, headers=headers, auth=auth, hosts=hosts,
        version=version, connect_timeout_s=connect_timeout_s, show=show,
    )  # fmt: skip
    try:
        return await server.tools(
            prefix=prefix, only=only, without=without, effects=effects, approve=approve,
            timeout_s=timeout_s,
        )  # fmt: skip
    except BaseException:
        if server is not where:
            await server.close()  # Nobody else could.
        raise
