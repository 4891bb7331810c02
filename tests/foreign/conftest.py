from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from agentkit.sim import server as sim

ROOT = Path(__file__).resolve().parents[2]
VENVS = ROOT / ".foreign-venv"
START_S = 600
"""Importing LiteLLM takes ten seconds, and minutes on a machine that is busy with other work."""


@pytest.fixture(autouse=True, scope="session")
def asked_for() -> None:
    if os.environ.get("AGENTKIT_FOREIGN") != "1":
        pytest.skip("needs model servers that are not ours: make test-foreign")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], url: str, log: Path, **env: str) -> Iterator[str]:
    """A server process, from its first answer to the end of the tests."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env={**os.environ, **env}, cwd=log.parent
        )
    try:
        end = time.monotonic() + START_S
        while True:
            try:
                # Any status will do: the port is served.
                httpx.get(url, timeout=5)
                break
            except httpx.TransportError:
                if process.poll() is not None or time.monotonic() > end:
                    tail = log.read_text(errors="replace")[-3000:]
                    pytest.fail(f"{command[0]} did not start:\n{tail}")
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def llama(asked_for: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama.cpp's server with a model of random weights, written here."""
    folder = tmp_path_factory.mktemp("llama")
    python = str(VENVS / "llama" / "bin" / "python")
    model = folder / "tiny.gguf"
    subprocess.run(
        [python, str(Path(__file__).with_name("write_model.py")), str(model)], check=True
    )
    port = free_port()
    command = [
        *(python, "-m", "llama_cpp.server", "--model", str(model), "--n_ctx", "1024"),
        *("--host", "127.0.0.1", "--port", str(port), "--n_threads", "1"),
        *("--chat_format", "chatml-function-calling"),
    ]
    url = f"http://127.0.0.1:{port}/v1"
    with running(command, url, folder / "log"):
        yield url


@pytest.fixture(scope="session")
def simulation(asked_for: None) -> Iterator[str]:
    """The simulated endpoint, as a server behind others."""
    with sim.start(speed=0.0) as server:
        yield server.url


@pytest.fixture(scope="session")
def litellm(llama: str, simulation: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """LiteLLM's proxy, in front of an answer of its own, llama.cpp's server and the simulation."""
    folder = tmp_path_factory.mktemp("litellm")
    canned = {"model": "openai/canned", "api_key": "x", "mock_response": "canned answer"}
    tiny = {"model": "openai/tiny", "api_key": "x", "api_base": llama}
    careful = {"model": "openai/careful", "api_key": "x", "api_base": f"{simulation}/v1"}
    models = {"canned": canned, "tiny": tiny, "careful": careful}
    config = {
        "model_list": [{"model_name": n, "litellm_params": p} for n, p in models.items()],
        "general_settings": {"master_key": "sk-local-test"},
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    port = free_port()
    program = str(VENVS / "litellm" / "bin" / "litellm")
    python = str(VENVS / "litellm" / "bin" / "python")
    command = [python, program, "--config", "config.yaml", "--host", "127.0.0.1"]
    command += ["--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    offline = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}
    with running(command, url, folder / "log", **offline):
        yield url
