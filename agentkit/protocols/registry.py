"""Who is known here: agents and MCP servers by their addresses, and how they are.

Nothing is called that was not added, and nothing that is found in a card or list is added by
itself. What is broken stays in the list, with the reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from agentkit.errors import AgentkitError, SetupError, error_text
from agentkit.messages import Frozen
from agentkit.protocols.errors import PeerTimedOut
from agentkit.protocols.foreign import clipped
from agentkit.protocols.hosts import Hosts, place_of
from agentkit.words import for_terminal

if TYPE_CHECKING:
    from agentkit.protocols.a2a.remote import RemoteAgent
    from agentkit.protocols.mcp.server import McpTools

HEALTH_S = 10.0
"""Until a peer counts as silent, when it is looked at."""

Kind = Literal["agent", "tools"]


class Health(Frozen):
    """How a peer was, when it was looked at last."""

    name: str
    kind: Kind
    url: str
    state: Literal["well", "broken", "not looked at"] = "not looked at"
    why: str = ""
    """What is wrong with a broken one."""
    latency_s: float | None = None
    """To read its card, or to list its tools."""
    version: str = ""
    offers: tuple[str, ...] = ()
    """Names of its skills or tools: words of the peer."""
    signed: str = ""
    """What the signature of a card is worth."""
    changed: bool = False
    """Whether it offers something else than when it was looked at before."""
    at: float = 0.0
    """When, Unix time in seconds."""


@dataclass(frozen=True)
class PeerProfile:
    """What a peer says of itself."""

    offers: Sequence[str]
    version: str = ""
    signed: str = ""


@dataclass
class PeerEntry:
    """A peer as it was added."""

    name: str
    kind: Kind
    url: str
    how: dict[str, Any] = field(default_factory=dict, repr=False)
    """Headers, keys: they may be secret."""
    health: Health | None = None


class Registry:
    """Agents and MCP servers, by names of your own.

    known = Registry(hosts=["lab.example.org"])
    known.add_agent("port", "http://127.0.0.1:8766")
    known.add_tools("files", "https://lab.example.org/mcp", token="…")
    await known.check()
    port = await known.agent("port")
    """

    def __init__(
        self, hosts: Sequence[str] = (), *, clock: Callable[[], float] = time.time
    ) -> None:
        """Know nobody yet.

        Args:
            hosts: which others may be called than those with public addresses, and this machine
                by its own name: "lab.example.org", "10.0.0.5:8765", "10.0.0.0/8".
            clock: the time, Unix seconds.

        Raises:
            SetupError: one is no host.
        """
        self.hosts, self.clock = Hosts(hosts), clock
        self._entries: dict[str, PeerEntry] = {}

    def add_agent(
        self,
        name: str,
        url: str,
        *,
        token: str = "",
        headers: Mapping[str, str] | None = None,
        keys: Any = (),
    ) -> None:
        """Add an agent by its address; nothing is sent.

        Args:
            name: for this registry, and of the actor.
            url: of the agent, or of its card.
            token, headers: sent along, to it alone.
            keys: public keys, one of which must have signed its card.

        Raises:
            SetupError: a name that is taken, or no such address.
        """
        self._add(name, "agent", url, {"token": token, "headers": headers, "keys": keys})

    def add_tools(
        self, name: str, url: str, *, token: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        """Add a server of the Model Context Protocol by its URL; nothing is sent.

        Raises:
            SetupError: a name that is taken, or no such address.
        """
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        self._add(name, "tools", url, {"headers": sent})

    def _add(self, name: str, kind: Kind, url: str, how: dict[str, Any]) -> None:
        if not name or name in self._entries:
            raise SetupError(
                f"{name!r} is taken." if name else "A peer needs a name.",
                expected="another name",
                todo=f"remove it first: registry.remove({name!r})",
            )
        try:
            place_of(url)
        except ValueError as error:
            raise SetupError(
                f"{url.partition('?')[0]!r} is no address of a peer: {error}.",
                expected="a URL with http or https",
                todo="servers that are started by a command are used directly: mcp_tools([...])",
            ) from error
        self._entries[name] = PeerEntry(name, kind, url, how)

    def remove(self, name: str) -> None:
        """Forget one.

        Raises:
            SetupError: there is none of that name.
        """
        self._entry(name)
        del self._entries[name]

    def _entry(self, name: str, kind: Kind | None = None) -> PeerEntry:
        found = self._entries.get(name)
        if found is None or (kind is not None and found.kind != kind):
            known = [one.name for one in self._entries.values() if kind in (None, one.kind)]
            raise SetupError(
                f"There is no {kind or 'peer'} {name!r} here.",
                expected=", ".join(known) or "one that was added, but there is none yet",
            )
        return found

    async def agent(self, name: str) -> RemoteAgent:
        """An agent that was added, as an actor.

        Raises:
            SetupError: there is none of that name.
            PeerError: it is not well, or may not be called.
        """
        from agentkit.protocols.a2a.remote import RemoteAgent

        entry, began = self._entry(name, "agent"), time.monotonic()
        async with self._looking(entry):
            peer = self._peer(entry)
            await peer.look()
            skills = [one.name for one in peer.card.skills]
            self._well(entry, began, PeerProfile(skills, peer.card.version, peer.state))
            return RemoteAgent(peer, entry.name)
        raise AssertionError("looking raises")

    def _peer(self, entry: PeerEntry) -> Any:
        from agentkit.protocols.a2a.peer import Peer
        from agentkit.protocols.a2a.signing import public_keys

        headers = dict(entry.how["headers"] or {})
        if token := entry.how["token"]:
            headers["Authorization"] = f"Bearer {token}"
        keys = public_keys(entry.how["keys"])
        return Peer(entry.url, headers=headers, keys=keys, hosts=self.hosts, binding="")

    async def tools(self, name: str, **how: Any) -> McpTools:
        """The tools of a server that was added.

        Args:
            name: of it.
            how: as of `mcp_tools`: only, without, effects, approve, timeout_s, prefix.

        Raises:
            SetupError: there is none of that name.
            PeerError: it is not well, or may not be called.
        """
        from agentkit.protocols.mcp.address import Address
        from agentkit.protocols.mcp.server import McpServer, mcp_tools

        entry, began = self._entry(name, "tools"), time.monotonic()
        async with self._looking(entry):
            at = Address(url=entry.url, headers=entry.how["headers"], hosts=self.hosts)
            server = McpServer(at, name=name, connect_timeout_s=HEALTH_S, show=None)
            try:
                found = await mcp_tools(server, **how)
            except BaseException:
                await server.close()
                raise
            self._well(entry, began, PeerProfile([one.made.name for one in found]))
            return found
        raise AssertionError("looking raises")

    @contextlib.asynccontextmanager
    async def _looking(self, entry: PeerEntry) -> AsyncIterator[None]:
        """Look at a peer: what goes wrong is its health, and raised."""
        try:
            async with asyncio.timeout(HEALTH_S):
                yield
        except TimeoutError as error:
            late = PeerTimedOut(f"{entry.name} ({entry.url}) did not answer in {HEALTH_S:g} s.")
            self._broken(entry, late)
            raise late from error
        except AgentkitError as error:
            self._broken(entry, error)
            raise

    def _broken(self, entry: PeerEntry, error: AgentkitError) -> None:
        why = f"{type(error).__name__}: {clipped(error.what)}"
        before = entry.health
        offers = before.offers if before else ()
        entry.health = Health(
            name=entry.name, kind=entry.kind, url=shown(entry.url), state="broken", why=why,
            offers=offers, at=self.clock(),
        )  # fmt: skip

    def _well(self, entry: PeerEntry, began: float, found: PeerProfile) -> None:
        before = entry.health
        offers = tuple(clipped(one)[:100] for one in found.offers)
        entry.health = Health(
            name=entry.name, kind=entry.kind, url=shown(entry.url), state="well", offers=offers,
            latency_s=time.monotonic() - began, version=clipped(found.version)[:50],
            signed=found.signed, at=self.clock(),
            changed=before is not None and bool(before.offers) and before.offers != offers,
        )  # fmt: skip

    async def check(self) -> list[Health]:
        """Look at all of them at once: read cards, list tools. Nobody is asked anything.

        Returns:
            How each is; what is broken is no error.
        """

        async def look(entry: PeerEntry) -> None:
            with contextlib.suppress(AgentkitError):
                if entry.kind == "agent":
                    await self.agent(entry.name)
                else:
                    await (await self.tools(entry.name)).server.close()

        await asyncio.gather(*(look(one) for one in list(self._entries.values())))
        return self.health

    @property
    def health(self) -> list[Health]:
        """How each was, when it was looked at last."""
        return [
            one.health or Health(name=one.name, kind=one.kind, url=shown(one.url))
            for one in self._entries.values()
        ]

    def __iter__(self) -> Iterator[Health]:
        return iter(self.health)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    @classmethod
    def load(cls, path: str | os.PathLike[str], hosts: Sequence[str] = ()) -> Registry:
        """Read one from a file: {"agents": {NAME: {"url": …}}, "mcpServers": {NAME: {"url": …}}}.

        `headers` may stand beside a URL; ${NAME} in them is a variable of the environment, as in
        mcp.json. Servers with a command are left to `mcp_servers`.

        Raises:
            SetupError: it cannot be read, or describes what cannot be added.
        """
        from agentkit.protocols.mcp.config import texts

        try:
            found = json.loads(Path(path).read_text(encoding="utf-8"))
            agents, servers = found.get("agents", {}), found.get("mcpServers", {})
            made = cls(hosts)
            for name, one in agents.items():
                made.add_agent(name, one["url"], headers=texts(one, "headers", name))
            for name, one in servers.items():
                if "url" in one:
                    made.add_tools(name, one["url"], headers=texts(one, "headers", name))
            return made
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SetupError(
                f"{path} describes no peers: {error_text(error)}.",
                expected='{"agents": {"port": {"url": "http://127.0.0.1:8766"}}}',
            ) from error

    def __repr__(self) -> str:
        lines = [
            f"{one.name}: {one.kind} at {one.url}, {one.state}{': ' + one.why if one.why else ''}"
            for one in self.health
        ]
        return for_terminal("\n".join([f"Registry of {len(lines)}", *lines]))


def shown(url: str) -> str:
    """A URL without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
