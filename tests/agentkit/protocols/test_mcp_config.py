"""Servers from a file, and addresses as people write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentkit.errors import SetupError
from agentkit.protocols import McpServer, mcp_servers
from agentkit.protocols.mcp.address import address
from agentkit.protocols.mcp.child import environment


def written(folder: Path, servers: Any, key: str = "mcpServers") -> Path:
    path = folder / "mcp.json"
    path.write_text(json.dumps({key: servers}), encoding="utf-8")
    return path


def test_a_file_of_another_program_describes_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT_TOKEN", "s3cret")
    monkeypatch.setenv("SOME_API_KEY", "not for servers")
    found = mcp_servers(
        written(
            tmp_path,
            {
                "files": {"command": "npx", "args": ["-y", "server-files", "/data"]},
                "web": {
                    "type": "http",
                    "url": "https://example.org/${PART:-mcp}",
                    "headers": {"Authorization": "Bearer ${PORT_TOKEN}"},
                },
                "off": {"command": "x", "disabled": True},
            },
        )
    )
    assert sorted(found) == ["files", "web"]
    assert found["files"].command == ("npx", "-y", "server-files", "/data")
    assert found["web"].url == "https://example.org/mcp"
    assert found["web"].headers["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(found) and "SOME_API_KEY" not in environment()
    assert sorted(mcp_servers(written(tmp_path, {"a": {"command": "x"}}, "servers"))) == ["a"]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({}, "no command, and no URL"),
        ({"command": "x", "url": "http://y"}, "no command, and no URL"),
        ({"command": "x", "args": [1]}, "no command, and no URL"),
        ({"command": "x", "env": {"A": 1}}, "no object of texts"),
        ({"url": "https://x/${NOT_SET_ANYWHERE}"}, "NOT_SET_ANYWHERE"),
        ({"type": "sse", "url": "https://x/sse"}, "old transport"),
        ({"url": "file:///etc/passwd"}, "no server"),
        ("npx", "described by a str"),
    ],
)
def test_an_entry_that_is_none_is_refused(tmp_path: Path, entry: Any, says: str) -> None:
    with pytest.raises(SetupError, match=says):
        mcp_servers(written(tmp_path, {"one": entry}))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"mcpServers": []}', "{" * 100_000])
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mcp.json"
    path.write_text(text)
    with pytest.raises(SetupError, match="describes no servers"):
        mcp_servers(path)
    with pytest.raises(SetupError, match="describes no servers"):
        mcp_servers(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("where", "name", "shown"),
    [
        (["python", "tools/server.py", "--key", "k"], "server", "python …"),
        ("npx -y @modelcontextprotocol/server-memory", "server-memory", "npx …"),
        ("https://user:pw@example.org/mcp?key=k", "example.org", "https://example.org/mcp"),
    ],
)
def test_a_name_is_made_and_secrets_are_not_shown(where: Any, name: str, shown: str) -> None:
    server = McpServer(where)
    assert (server.name, str(server.address)) == (name, shown)
    assert "pw" not in repr(server)


@pytest.mark.parametrize("where", ["", [], [1], "ftp://x", "http://", ["a\0b"]])
def test_what_is_no_address_is_refused(where: Any) -> None:
    with pytest.raises(SetupError, match="no server"):
        address(where)
    with pytest.raises(SetupError, match="headers="):
        address(["x"], headers={"a": "b"})
    with pytest.raises(SetupError, match="env="):
        address("https://x", env={"a": "b"})
