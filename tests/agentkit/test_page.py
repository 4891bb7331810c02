"""In a page, which starts no process and lacks packages, what needs them says so in a sentence."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from agentkit.errors import SetupError
from agentkit.evaluate.scorers import schema
from agentkit.extras import missing_extra
from agentkit.fleet import Fleet
from agentkit.protocols.mcp.address import Address
from agentkit.protocols.mcp.child import ChildProcess
from agentkit.sandbox.limits import Limits
from agentkit.sandbox.running import started
from agentkit.schemas import Schema
from agentkit.sim import server
from memory.fabrics.broker import Broker

pytestmark = pytest.mark.usefixtures("page")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "emscripten")


async def fleet() -> object:
    return await Fleet.up("team.py:clerk", workers=1)


async def mcp() -> object:
    return await ChildProcess(Address(("python",)), print, lambda: None).start()


async def sandbox() -> object:
    return await started(["true"], Limits(), None)


async def broker() -> object:
    return Broker()


async def simulation() -> object:
    return server.endpoint()


@pytest.mark.parametrize("begun", [fleet, mcp, sandbox, broker, simulation, server.endpoint_async])
async def test_what_would_be_a_process_says_that_a_page_starts_none(
    begun: Callable[[], Awaitable[object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "team.py").write_text("from agentkit import Agent\nclerk = Agent('clerk')\n")
    monkeypatch.setattr(server.shared, "server", None)
    with pytest.raises(SetupError, match="a page in a browser starts none"):
        await begun()


@pytest.mark.parametrize(
    "use", [lambda: Schema("t", {"type": "object"}), lambda: schema({}).judge(None)]
)
def test_a_library_that_the_page_lacks_is_named(
    use: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(SetupError, match="This page has no package jsonschema"):
        use()


def test_only_what_is_not_there_is_lacking() -> None:
    assert missing_extra(ImportError("cannot import name 'x'", name="numpy")) is None
    found = missing_extra(ModuleNotFoundError("No module named 'nashpy'", name="nashpy"))
    assert found is not None
    assert "an installation has it" in str(found)
