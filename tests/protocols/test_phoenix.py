"""Spans of a run, read by Phoenix, which is not ours."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentkit import Agent, open_log, tool
from agentkit.patterns import handoff
from agentkit.protocols.otel import export
from agentkit.testing import ScriptedModel, call
from tests.protocols.conftest import INSTALLED, START_S

pytestmark = pytest.mark.protocols
PHOENIX = INSTALLED / "phoenix" / "bin" / "phoenix"


def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def well(url: str) -> bool:
    """Whether it says that it is."""
    try:
        return httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def phoenix(tmp_path: Path) -> Iterator[str]:
    if not PHOENIX.exists():
        pytest.skip("needs Phoenix: make test-protocols")
    port = free()
    given = {"PORT": str(port), "GRPC_PORT": str(free()), "HOST": "127.0.0.1"}
    given |= {"WORKING_DIR": str(tmp_path), "TELEMETRY_ENABLED": "false"}
    env = {**os.environ, **{f"PHOENIX_{name}": value for name, value in given.items()}}
    env.pop("PYTHONPATH", None)
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen([PHOENIX, "serve"], env=env, stdout=said, stderr=said)
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 5 * START_S  # The first time it compiles what was installed.
        while not well(url):
            if time.monotonic() > end or process.poll() is not None:
                pytest.fail(f"Phoenix did not start:\n{(tmp_path / 'said').read_text()[-2000:]}")
            time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def spans(url: str, count: int) -> list[dict[str, Any]]:
    """What it has, once it has as many as there are to be, or for some seconds more or fewer."""
    found: list[dict[str, Any]] = []
    end = time.monotonic() + 15
    while len(found) < count and time.monotonic() < end:
        time.sleep(0.3)
        answer = httpx.get(f"{url}/v1/projects/default/spans", trust_env=False)
        found = answer.json()["data"] if answer.status_code == 200 else []
    return found


@tool(effect="pure")
def tariff(port: str) -> int:
    """Harbour dues in EUR."""
    return 13


async def test_phoenix_knows_agents_models_and_tools_and_doubles_nothing(phoenix: str) -> None:
    log = open_log("memory:")
    replies = ([call("tariff", port="Amber")], [call("transfer_to_second", reason="r")], "yours")
    first = Agent("first", model=ScriptedModel(*replies), tools=[tariff])
    second = Agent("second", model=ScriptedModel("done"))
    asked = await handoff([first, second], to={"first": ["second"]})("Go.", log=log)
    once = export(log, asked.run_id, endpoint=phoenix)
    assert len(spans(phoenix, once.spans)) == once.spans == 10
    export(log, asked.run_id, endpoint=phoenix)
    found = spans(phoenix, once.spans + 1)
    assert len(found) == once.spans
    assert {one["context"]["trace_id"] for one in found} == {once.trace}
    kinds = {(one["name"], one["span_kind"]) for one in found}
    assert {
        ("invoke_agent first", "AGENT"), ("invoke_agent second", "AGENT"),
        ("chat scripted", "LLM"), ("execute_tool tariff", "TOOL"),
    } <= kinds  # fmt: skip
    chat = next(one for one in found if one["span_kind"] == "LLM")
    assert chat["attributes"]["llm.token_count.prompt"] == 10
