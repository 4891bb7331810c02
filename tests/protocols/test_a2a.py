"""A2A with programs of others, in both directions, and its compatibility kit."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentkit import Question, set_person
from agentkit.protocols import PeerRejected, a2a_agent
from tests.protocols.conftest import HERE, INSTALLED, PROGRAMS, START_S, environment

pytestmark = [pytest.mark.protocols, pytest.mark.timeout(300)]

NODE = str(PROGRAMS / "node")
ADK = str(INSTALLED / "adk" / "bin" / "python")
BINDINGS = ("JSONRPC", "HTTP+JSON")

TEAM = """
from agentkit import current_run, pattern
from agentkit.person import Question

@pattern
async def team(task):
    "A team."
    if task == "ask":
        return "said " + await current_run().ask_person(Question(text="Which dock?"))
    if task == "fail":
        raise ValueError("closed")
    return f"heard {task}"
"""


@contextlib.contextmanager
def running(folder: Path, *command: str, **more: Any) -> Iterator[str]:
    """A server in a process of its own; {port} in its command is a free one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [one.replace("{port}", str(port)) for one in command]
    process = subprocess.Popen(words, cwd=folder, env=environment(folder), **more)
    try:
        end = time.monotonic() + START_S
        while time.monotonic() < end and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(10)


@contextlib.contextmanager
def team_served(folder: Path) -> Iterator[str]:
    (folder / "served.py").write_text(TEAM)
    command = [sys.executable, "-m", "agentkit.cli", "a2a", "served.py:team", "--port", "{port}"]
    with running(folder, *command) as url:
        yield url


@pytest.fixture(scope="module")
def scripts() -> Path:
    """Where modules of node find what npm installed."""
    for name in ("a2a_server.mjs", "a2a_client.mjs"):
        (INSTALLED / name).write_text((HERE / name).read_text())
    return INSTALLED


@pytest.mark.parametrize("binding", BINDINGS)
async def test_a_server_made_with_the_sdk_for_javascript(
    binding: str, scripts: Path, tmp_path: Path
) -> None:
    asked: list[str] = []

    async def person(question: Question) -> str:
        asked.append(question.text)
        return "dock 7"

    before = set_person(person)
    try:
        with running(tmp_path, NODE, str(scripts / "a2a_server.mjs"), "{port}") as url:
            remote = await a2a_agent(url, binding=binding)
            assert (await remote("hello")).text == "heard hello"
            assert (await remote("message")).text == "hello"
            found = await remote("file")
            assert found.content is not None
            assert found.content.binaries[0].data == b"a,b\n1,2\n"
            assert (await remote("ask")).text == "heard dock 7"
            with pytest.raises(PeerRejected, match="the harbour is closed"):
                await remote("fail")
        assert asked == ["Which dock?\n[from js_agent, an agent elsewhere]"]
    finally:
        set_person(before)


@pytest.mark.parametrize("binding", BINDINGS)
def test_a_client_made_with_the_sdk_for_javascript(
    binding: str, scripts: Path, tmp_path: Path
) -> None:
    with team_served(tmp_path) as url:

        def heard(*words: str) -> list[dict[str, Any]]:
            done = subprocess.run(
                [NODE, str(scripts / "a2a_client.mjs"), url, binding, *words],
                capture_output=True, text=True, timeout=60, check=True,
            )  # fmt: skip
            return [json.loads(line) for line in done.stdout.splitlines()]

        hello = heard("hello")
        assert [one["kind"] for one in hello] == ["task", "artifactUpdate", "statusUpdate"]
        assert hello[1]["texts"] == ["heard hello"] and hello[2]["state"] == 3
        asked = heard("ask", "7")
        assert ["Which dock?"] in [one["texts"] for one in asked]
        assert asked[-2]["texts"] == ["said 7"]
        assert heard("fail")[-1]["texts"] == ["ValueError: closed"]


async def test_a_server_made_with_adk(tmp_path: Path) -> None:
    command = [ADK, "-W", "ignore", str(HERE / "adk_server.py"), "{port}"]
    with running(tmp_path, *command) as url:
        remote = await a2a_agent(url)
        assert (await remote("hello")).text == "heard hello"
        again = await remote("again")
        assert again.text == "heard again"
        assert (await remote.resume(again.run_id)).text == "heard again"


def test_a_client_made_with_adk(tmp_path: Path) -> None:
    with team_served(tmp_path) as url:
        done = subprocess.run(
            [ADK, "-W", "ignore", str(HERE / "adk_client.py"), url, "hello"],
            capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert "heard hello" in done.stdout, done.stderr


KIT = os.environ.get("A2A_TCK", "")
"""The folder of the kit, branch 1.0-dev, with its environment in .venv: it is on no index."""

DISAGREES = {
    "test_agent_card_validates_against_schema": "the card also has the fields of 0.3, on purpose",
    "test_response_content_type": "the SDK answers application/a2a+json, as section 11 has it",
    "test_content_type_not_supported_error": "the SDK tells of a wrong type as a parse error",
    "test_returns_message_with_text_part": "an actor of ours answers by a task, never by a message",
    "tck-reject-task": "an actor fails, it does not reject",
}
"""Tests of the kit that do not hold, with the reasons."""


@pytest.mark.skipif(not KIT, reason="set A2A_TCK to the folder of the compatibility kit")
def test_the_compatibility_kit(tmp_path: Path) -> None:
    with running(tmp_path, sys.executable, str(HERE / "a2a_sut.py"), "{port}") as url:
        done = subprocess.run(
            [".venv/bin/python", "run_tck.py", "--sut-host", url,
             "--transport", "jsonrpc,http_json", "--", "-q"],
            cwd=KIT, capture_output=True, text=True, timeout=280, check=False,
            env={name: one for name, one in os.environ.items() if name != "PYTHONPATH"},
        )  # fmt: skip
    print(done.stdout)
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED tests")]
    assert "OVERALL COMPATIBILITY" in done.stdout
    assert [one for one in failed if not any(known in one for known in DISAGREES)] == []
