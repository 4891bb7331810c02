"""Which addresses may be called: those that were named, and none that they lead to.

A name is resolved here, each time it is connected to, and the address itself is looked at. So a
name whose address changes after it was looked at (DNS rebinding) leads nowhere else.
"""

from __future__ import annotations

import asyncio
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

    def __init__(self, allowed: Iterable[str] = (), *, private: bool = False) -> None:
        """Say who.

        Args:
            allowed: names, "lab.example.org" or "lab.example.org:8765", addresses and networks,
                "10.0.0.0/8": these may be called whatever they are.
            private: whether addresses of networks here may be called without being among them;
                those of clouds' metadata never.

        Raises:
            SetupError: something that is none of them.
        """
        if isinstance(allowed, str):
            raise SetupError(f"hosts={allowed!r} is one text.", expected="a list of names")
        self.allowed = tuple(str(one).strip().casefold() for one in allowed)
        self.private = private
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
        host = host.casefold().strip("[]")
        return host in self.allowed or f"{host}:{port}" in self.allowed

    def takes(self, host: str, port: int, address: str) -> bool:
        """Whether a host may be called at one of its addresses."""
        if self.named(host, port) or self.named(address, port):
            return True
        at = ipaddress.ip_address(address.partition("%")[0])
        if any(at in one for one in self._networks):
            return True
        kind = kind_of(address)
        if kind == "local":
            return host.casefold().strip("[]") in LOCAL or self.private
        return kind == "public" or (kind == "private" and self.private)

    async def resolved(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host, all of which may be called.

        Raises:
            PeerNotAllowed: one of them may not. PeerAbsent: it has none.
        """
        addresses = await looked_up(host, port)
        for address in addresses:
            if not self.takes(host, port, address):
                raise not_allowed(host, port, f"its address {address} is {MEANS[kind_of(address)]}")
        return addresses


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
    return PeerNotAllowed(
        f"{host}:{port} was not called: {why}.",
        expected="a public address, or one that was allowed",
        todo=f"if it is meant, hosts=[{f'{host}:{port}'!r}]",
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
