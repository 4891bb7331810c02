"""Which addresses may be called: those that were named, and none that they lead to.

A name is resolved here, each time it is connected to, and the address itself is looked at. So a
name whose address changes after it was looked at (DNS rebinding) leads nowhere else. A name that
had an address of the internet once leads to none of this machine or of a network here later.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from agentkit.errors import SetupError, error_text
from agentkit.protocols.errors import PeerAbsent, PeerNotAllowed

LOCAL = ("localhost", "127.0.0.1", "::1")
"""Names of this machine; written so they mean it, whatever else is allowed."""

METADATA = ("100.100.100.200", "fd00:ec2::254", "168.63.129.16")
"""Where clouds tell machines their keys, beside the link-local addresses."""

NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""RFC 6052: addresses of IPv4 behind a translator."""

PROXY_S = 1.0
"""For the address of a name that a proxy will look up: here nobody may know it."""

Kind = Literal["public", "local", "private", "metadata"]
MEANS: dict[Kind, str] = {
    "public": "public",
    "local": "one of this machine",
    "private": "one of a private network",
    "metadata": "one at which a cloud tells keys",
}
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def kind_of(text: str) -> Kind:
    """What an address is: one of the internet, of this machine, of a network here, or a cloud's."""
    made: Address = ipaddress.ip_address(text.partition("%")[0])
    made = within(made) or made
    if made.is_link_local or str(made) in METADATA:
        return "metadata"
    if made.is_loopback or made.is_unspecified:
        return "local"
    public = made.is_global and not (made.is_multicast or made.is_reserved)
    return "public" if public else "private"


def within(made: Address) -> Address | None:
    """The IPv4 address that one of IPv6 leads to: mapped, or by a translator (6to4, NAT64)."""
    if isinstance(made, ipaddress.IPv4Address):
        return None
    if made in NAT64:
        return ipaddress.IPv4Address(int(made) & 0xFFFF_FFFF)
    return made.ipv4_mapped or made.sixtofour


class Hosts:
    """Who may be called."""

    def __init__(
        self, allowed: Iterable[str] = (), *, private: bool = False, local: bool = True
    ) -> None:
        """Say who.

        Args:
            allowed: names, "lab.example.org" or "lab.example.org:8765", addresses and networks,
                "10.0.0.0/8": these may be called whatever they are; addresses at which clouds tell
                keys only where the address itself, or its network, is among them.
            private: whether addresses of networks here may be called without being among them.
            local: whether "localhost" and 127.0.0.1, written so, may.

        Raises:
            SetupError: something that is none of them.
        """
        if isinstance(allowed, str):
            raise SetupError(f"hosts={allowed!r} is one text.", expected="a list of names")
        self.allowed = tuple(str(one).strip().casefold() for one in allowed)
        self.private, self.local = private, local
        self._public: set[str] = set()
        """Names that had an address of the internet."""
        self._networks = []
        for one in self.allowed:
            if not one or "://" in one or (" " in one):
                raise SetupError(
                    f"{one!r} names no host.",
                    expected="such as lab.example.org, 10.0.0.5:8765 or 10.0.0.0/8",
                )
            if "/" in one:
                try:
                    self._networks.append(ipaddress.ip_network(one, strict=False))
                except ValueError as error:
                    raise SetupError(f"{one!r} is no network: {error}.") from error

    def named(self, host: str, port: int) -> bool:
        """Whether a host is allowed by its name."""
        host = plain(host)
        ways = (host, f"{host}:{port}", f"[{host}]:{port}")
        return any(one in self.allowed for one in ways)

    def takes(self, host: str, port: int, address: str) -> bool:
        """Whether a host may be called at one of its addresses."""
        if self.named(address, port):
            return True
        at = ipaddress.ip_address(address.partition("%")[0])
        if any(at in one for one in self._networks):
            return True
        kind = kind_of(address)
        if kind != "metadata" and self.named(host, port):
            return True
        if kind == "local":
            return self.private or (self.local and plain(host) in LOCAL)
        return kind == "public" or (kind == "private" and self.private)

    def _moved(self, host: str, port: int, address: str) -> bool:
        """Whether a name of the internet leads to a network here, or to this machine, now."""
        if kind_of(address) == "public" or plain(host) not in self._public:
            return False
        return not Hosts(self.allowed).takes(host, port, address)

    def led(self, host: str) -> Hosts:
        """Who may be called because a server said so, which nobody named.

        Args:
            host: of the server. One on this machine may lead to others on it, by their own name.
        """
        return Hosts(self.allowed, local=plain(host) in LOCAL)

    async def resolved(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host, all of which may be called.

        Raises:
            PeerNotAllowed: one of them may not. PeerAbsent: it has none.
        """
        addresses = await looked_up(host, port)
        if any(kind_of(one) == "public" for one in addresses):
            self._public.add(plain(host))
        for address in addresses:
            means = f"its address {address} is {MEANS[kind_of(address)]}"
            if not self.takes(host, port, address):
                raise not_allowed(host, port, means)
            if self._moved(host, port, address):
                raise not_allowed(host, port, f"{means}, and it has had one of the internet")
        return addresses

    async def by_proxy(self, host: str, port: int) -> None:
        """Look at a host that a proxy will call, as far as its address is known here.

        Raises:
            PeerNotAllowed: it may not be called.
        """
        with contextlib.suppress(PeerAbsent, TimeoutError):
            async with asyncio.timeout(PROXY_S):
                await self.resolved(host, port)


def plain(host: str) -> str:
    """A host, as it is compared."""
    return host.casefold().strip("[]").rstrip(".")


async def looked_up(host: str, port: int) -> list[str]:
    """The addresses of a host.

    Raises:
        PeerAbsent: it has none.
    """
    try:
        return [str(ipaddress.ip_address(host.strip("[]")))]
    except ValueError:
        pass
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PeerAbsent(
            f"{host} has no address: {error_text(error)}.", expected="the name of a machine"
        ) from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def not_allowed(host: str, port: int, why: str) -> PeerNotAllowed:
    """The error of a host that may not be called."""
    name = plain(host)
    place = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    return PeerNotAllowed(
        f"{place} was not called: {why}.",
        expected="a public address, or one that was allowed",
        todo=f"if it is meant, hosts=[{place!r}]",
    )


def place_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL; the names of this machine are one.

    Raises:
        ValueError: it is none with http or https.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("no URL with http or https")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = parts.hostname.casefold()
    return parts.scheme, "localhost" if host in (*LOCAL, "0.0.0.0", "::") else host, port


def same_place(one: str, other: str) -> bool:
    """Whether two URLs lead to the same server; https in place of http is."""
    try:
        (scheme, host, port), (other_scheme, other_host, other_port) = map(place_of, (one, other))
    except ValueError:
        return False
    upgraded = (scheme, other_scheme, port, other_port) == ("http", "https", 80, 443)
    return host == other_host and ((scheme, port) == (other_scheme, other_port) or upgraded)


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for a URL, if any."""
    parts = urlsplit(url)
    if parts.hostname in LOCAL or proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme) or getproxies().get("all")
