"""An agent elsewhere: its card, what it is worth, and the client that it is asked by."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from a2a.client import A2ACardResolver, Client, ClientConfig, ClientFactory
from a2a.types import AgentCard
from a2a.utils.constants import AGENT_CARD_WELL_KNOWN_PATH
from packaging.version import InvalidVersion, Version

from agentkit.errors import AgentkitError, SetupError
from agentkit.protocols.a2a.bounds import CARD, CARD_S
from agentkit.protocols.a2a.faults import fault, other_version
from agentkit.protocols.a2a.signing import Key, State, judged
from agentkit.protocols.a2a.terms import ONCE
from agentkit.protocols.a2a.web import http_client
from agentkit.protocols.errors import (
    PeerNotAllowed,
    PeerRejected,
    PeerTimedOut,
    PeerUntrusted,
)
from agentkit.protocols.foreign import clipped, opening
from agentkit.protocols.hosts import Hosts, place_of, same_place

BINDINGS = ("JSONRPC", "HTTP+JSON")
OLD_PATH = "/.well-known/agent.json"
"""Where cards were before 0.3."""

WRONG: dict[State, str] = {
    "unsigned": "is not signed",
    "unknown": "is signed with a key that is not among those given",
    "expired": "has a signature that holds no longer",
    "tampered": "was altered after it was signed, or is signed falsely",
}


class Peer:
    """Where an agent is, and how it is spoken to."""

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        keys: Sequence[Key],
        hosts: Hosts,
        binding: str,
    ) -> None:
        """Describe one; nothing is sent.

        Args:
            url: of the agent, or of its card.
            headers: sent along.
            keys: one of which must have signed its card; none: it need not be signed.
            hosts: which addresses may be called.
            binding: that is spoken, "JSONRPC" or "HTTP+JSON"; "" is the first of the card.

        Raises:
            SetupError: no such URL or binding.
        """
        try:
            place_of(url)
        except ValueError as error:
            raise SetupError(
                f"{url.partition('?')[0]!r} is no address of an agent: {error}.",
                expected="such as http://127.0.0.1:8766",
            ) from error
        if urlsplit(url).username is not None:
            raise SetupError("The URL has a name in it.", todo="give it by token= or headers=")
        if binding and binding not in BINDINGS:
            raise SetupError(f"The binding {binding!r} is not known.", expected=", ".join(BINDINGS))
        self.url, self.headers, self.keys = url, dict(headers), tuple(keys)
        self.hosts, self.binding = hosts, binding
        self.card = AgentCard()
        self.state: State = "unsigned"
        """What its card's signature is worth."""

    @property
    def where(self) -> str:
        """It, as errors name it."""
        named = f"{clipped(self.card.name)[:60]} " if self.card.name else ""
        return f"the agent {named}({self.place})"

    @property
    def place(self) -> str:
        """Its address, without what may be secret in it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"

    @property
    def once(self) -> bool:
        """Whether it says that it performs no message twice."""
        return any(one.uri == ONCE for one in self.card.capabilities.extensions)

    async def look(self) -> None:
        """Read its card, and see what it is worth.

        Raises:
            PeerError: it cannot be reached, has none, or it is not to be believed.
        """
        try:
            async with asyncio.timeout(CARD_S):
                card = await self._card()
        except TimeoutError as error:
            raise PeerTimedOut(
                f"{opening(self.where)} did not show its card within {CARD_S:g} s.",
                todo="look whether it runs, and try again",
            ) from error
        self.state = judged(card, self.keys)
        if self.keys and self.state != "valid":
            raise PeerUntrusted(
                f"The card of {self.where} {WRONG[self.state]}; it was not asked.",
                expected="a card that is signed with a key of keys=",
                todo="ask its owner for the card, or for the key that it is signed with now",
                state=self.state,
            )
        kept = self.usable(card)
        self.card = card
        del self.card.supported_interfaces[:]
        self.card.supported_interfaces.extend(kept)

    async def _card(self) -> AgentCard:
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/")
        base, given = self.place, path.endswith(".json")
        paths = [path] if given else [AGENT_CARD_WELL_KNOWN_PATH, OLD_PATH]
        if given:
            base = f"{parts.scheme}://{parts.netloc}"
        async with http_client(
            self.url, self.where, self.hosts, self.headers, CARD, read_s=CARD_S
        ) as client:
            for last, at in zip([False] * (len(paths) - 1) + [True], paths, strict=True):
                try:
                    resolver = A2ACardResolver(client, base)
                    found: AgentCard = await resolver.get_agent_card(relative_card_path=at)
                    return found
                except Exception as error:
                    told = fault(error, self.where)
                    missing = isinstance(told, PeerRejected) and told.context.get("status") == 404
                    if missing and not last:
                        continue
                    raise self._without_card(told, missing) from error
        raise AssertionError("the last try returns or raises")

    def _without_card(self, told: AgentkitError, missing: bool) -> AgentkitError:
        if not missing:
            return told
        return PeerRejected(
            f"{opening(self.where)} has no card: it answered 404.",
            expected=f"one at {AGENT_CARD_WELL_KNOWN_PATH}",
            todo="give the address of the agent, or of its card",
            status=404,
        )

    def usable(self, card: AgentCard) -> list[Any]:
        """The ways of a card that are known here and lead nowhere else, the newest version first.

        Raises:
            PeerProtocolError: it has none of a version that is known.
            PeerNotAllowed: they lead to another server.
        """
        known = [one for one in card.supported_interfaces if one.protocol_binding in BINDINGS]
        fitting = [one for one in known if version_of(one) is not None]
        if not fitting:
            said = ", ".join(
                f"{clipped(one.protocol_binding)} {clipped(one.protocol_version)}"
                for one in card.supported_interfaces[:10]
            )
            raise other_version(f"its card has {said or 'no interface'}", self.where)
        here = [one for one in fitting if self._leads_here(one.url)]
        if not here:
            raise PeerNotAllowed(
                f"The card of {self.where} sends to {clipped(fitting[0].url)}, which is another"
                " server; it was not called.",
                expected="an interface at the address of the card, which may be given a token",
                todo="if it is meant, hosts=['NAME:PORT'] of it",
            )
        wanted = [one for one in here if self.binding in ("", one.protocol_binding)]
        if not wanted:
            raise other_version(f"its card has no {self.binding}", self.where)
        return sorted(wanted, key=lambda one: version_of(one) or 0, reverse=True)

    def _leads_here(self, url: str) -> bool:
        if same_place(self.url, url):
            return True
        try:
            _, _, port = place_of(url)
        except ValueError:
            return False
        return self.hosts.named(urlsplit(url).hostname or "", port)

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """The SDK's client, for one ask.

        Raises:
            PeerError: its card has no way to speak to it.
        """
        way = self.card.supported_interfaces[0]
        known = (way.url, self.where, self.hosts, self.headers)
        async with http_client(*known, name=self.card.name) as http:
            config = ClientConfig(
                streaming=True,
                httpx_client=http,
                supported_protocol_bindings=[way.protocol_binding],
            )
            try:
                client = ClientFactory(config).create(self.card)
            except (ValueError, TypeError) as error:
                raise fault(error, self.where) from error
            yield client


def version_of(way: Any) -> float | None:
    """The version of an interface, as a number to sort by; None where it is not known here."""
    if not way.protocol_version:
        return 1.0
    try:
        made = Version(way.protocol_version)
    except InvalidVersion:
        return None
    if (made.major, made.minor) == (0, 3):
        return 0.3
    return 1.0 if made.major == 1 else None
