"""Who is known: what is well, what is broken and why, and which addresses are never called."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from agentkit import pattern, tool
from agentkit.errors import SetupError
from agentkit.protocols import (
    PeerAbsent,
    PeerNotAllowed,
    Registry,
    SigningKey,
    mcp_tools,
    serve_a2a,
    serve_mcp,
)
from agentkit.protocols.hosts import Hosts, kind_of, same_place
from tests.agentkit.protocols.a2a.hostile import app
from tests.agentkit.protocols.serving import served


@pattern
async def team(task: str) -> str:
    """A team at the port."""
    return f"heard {task}"


@tool(effect="pure")
def tariff(port: str) -> float:
    """Harbour dues in EUR."""
    return 2.64


async def test_peers_are_looked_at_used_and_what_is_broken_is_shown(tmp_path: Path) -> None:
    known = Registry()
    async with await serve_a2a(team) as agent, await serve_mcp([tariff]) as tools:
        known.add_agent("port", agent.url)
        known.add_agent("signed", agent.url, keys=[SigningKey.new().public])
        known.add_agent("gone", "http://127.0.0.1:9")
        known.add_tools("dues", tools.url, token="a-secret-that-nobody-sees")
        known.add_tools("away", "http://169.254.169.254/mcp")
        assert {one.state for one in known} == {"not looked at"}
        found = {one.name: one for one in await known.check()}
        assert found["port"].state == "well" and found["port"].offers == ("team",)
        assert found["dues"].state == "well" and found["dues"].offers == ("tariff",)
        assert "PeerUntrusted" in found["signed"].why and "PeerAbsent" in found["gone"].why
        assert found["away"].state == "broken" and "PeerNotAllowed" in found["away"].why
        assert (await (await known.agent("port"))("hi")).text == "heard hi"
        given = await known.tools("dues")
        assert given.tariff.effect == "pure"
        await given.server.close()
        with pytest.raises(PeerAbsent):
            await known.agent("gone")
        assert "a-secret" not in repr(known) + repr(found)
        file = tmp_path / "peers.json"
        described = {
            "agents": {"port": {"url": agent.url}},
            "mcpServers": {"dues": {"url": tools.url}, "local": {"command": "x"}},
        }
        file.write_text(json.dumps(described))
        loaded = Registry.load(file)
        assert [one.state for one in await loaded.check()] == ["well", "well"]
    assert {one.state for one in await known.check()} == {"broken"}


async def test_nothing_is_called_that_was_not_added() -> None:
    calls: list[dict[str, Any]] = []
    with served(app("well", calls)) as url:
        known = Registry()
        known.add_agent("evil", url)
        await known.check()
        assert calls == []  # A card was read, and nobody asked.
        with pytest.raises(SetupError, match="no agent 'x' here"):
            await known.agent("x")
        for name, at in (("evil", url), ("", url), ("new", "ftp://x"), ("new", "python server.py")):
            with pytest.raises(SetupError):
                known.add_agent(name, at)
        known.remove("evil")
        assert len(known) == 0 and "evil" not in known


async def test_a_server_of_tools_is_not_called_at_an_address_of_a_cloud() -> None:
    with pytest.raises(PeerNotAllowed, match="a cloud tells keys"):
        await mcp_tools("http://169.254.169.254/mcp", connect_timeout_s=5)


def test_addresses_are_what_they_are() -> None:
    kinds = {
        "8.8.8.8": "public", "2606:4700::1111": "public", "127.0.0.1": "local", "::1": "local",
        "0.0.0.0": "local", "10.1.2.3": "private", "192.168.0.1": "private", "fc00::1": "private",
        "100.64.0.1": "private", "224.0.0.1": "private", "169.254.169.254": "metadata",
        "fe80::1%eth0": "metadata", "fd00:ec2::254": "metadata", "100.100.100.200": "metadata",
        "::ffff:169.254.169.254": "metadata", "::ffff:10.0.0.1": "private",
        "2002:a9fe:a9fe::1": "metadata", "64:ff9b::a9fe:a9fe": "metadata",
    }  # fmt: skip
    assert {one: kind_of(one) for one in kinds} == kinds


async def test_an_allow_list_allows_what_it_names() -> None:
    hosts = Hosts(["lab.example.org", "10.0.0.5:8765", "192.168.0.0/16"])
    assert hosts.takes("lab.example.org", 443, "10.9.9.9")
    assert hosts.takes("10.0.0.5", 8765, "10.0.0.5")
    assert not hosts.takes("10.0.0.5", 80, "10.0.0.5")
    assert hosts.takes("x.example", 80, "192.168.3.4")
    assert not hosts.takes("x.example", 80, "127.0.0.1")  # A name that leads to this machine.
    assert hosts.takes("localhost", 80, "127.0.0.1") and hosts.takes("x.example", 80, "8.8.8.8")
    assert not Hosts(private=True).takes("x.example", 80, "169.254.169.254")
    with pytest.raises(PeerNotAllowed, match="a private network"):
        await Hosts().resolved("10.0.0.1", 80)
    for wrong in ("http://x", "a b", "", "10.0.0.0/99"):
        with pytest.raises(SetupError):
            Hosts([wrong])
    with pytest.raises(SetupError, match="one text"):
        Hosts("lab.example.org")


async def test_a_name_of_the_internet_leads_to_no_network_here_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: list[str] = []

    async def looked_up(host: str, port: int) -> list[str]:
        return list(found)

    monkeypatch.setattr("agentkit.protocols.hosts.looked_up", looked_up)
    for later in ("127.0.0.1", "10.0.0.7", "::ffff:10.0.0.7"):
        hosts = Hosts(private=True)
        found[:] = ["8.8.8.8"]
        assert await hosts.resolved("port.example", 80) == ["8.8.8.8"]
        found[:] = [later]
        for name in ("port.example", "Port.Example.", "port.example"):
            with pytest.raises(PeerNotAllowed, match="it has had one of the internet"):
                await hosts.resolved(name, 443)
        assert await hosts.resolved("intern.example", 80) == [later]  # As it was named.
        found[:] = ["8.8.8.8", later]  # Both at once: the one that is tried may be the second.
        with pytest.raises(PeerNotAllowed):
            await Hosts(private=True).resolved("port.example", 80)
        named = Hosts(["port.example"], private=True)
        assert await named.resolved("port.example", 80) == found
    # A name that is allowed leads to no keys, unless their address is allowed.
    found[:] = ["169.254.169.254"]
    with pytest.raises(PeerNotAllowed, match="a cloud tells keys"):
        await Hosts(["port.example"], private=True).resolved("port.example", 80)
    assert await Hosts(["169.254.0.0/16"]).resolved("port.example", 80)
    # A proxy calls none either, whose address is known here.
    with pytest.raises(PeerNotAllowed, match="a cloud tells keys"):
        await Hosts(private=True).by_proxy("port.example", 80)


async def test_what_only_a_proxy_knows_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(host: str, port: int) -> list[str]:
        if host == "slow.example":
            await asyncio.sleep(60)
        raise PeerAbsent("It has no address.")

    monkeypatch.setattr("agentkit.protocols.hosts.looked_up", unknown)
    monkeypatch.setattr("agentkit.protocols.hosts.PROXY_S", 0.01)
    for host in ("out.example", "slow.example"):
        await Hosts().by_proxy(host, 443)


def test_two_urls_are_one_place_or_not() -> None:
    assert same_place("http://127.0.0.1:80/a", "http://localhost/b")
    assert same_place("http://example.org", "https://example.org/x")
    for other in ("http://example.org:81", "http://example.com", "ftp://example.org", "x"):
        assert not same_place("http://example.org", other)
    assert not same_place("https://example.org", "http://example.org")
