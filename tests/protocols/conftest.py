"""Programs that are not ours, and a server of ours for them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
INSTALLED = ROOT / ".protocols"
PROGRAMS = INSTALLED / "node_modules" / ".bin"
FASTMCP = INSTALLED / "fastmcp" / "bin" / "python"
START_S = 60


@pytest.fixture(autouse=True, scope="session")
def installed() -> None:
    if not PROGRAMS.exists():
        pytest.skip("needs programs that are not ours: make test-protocols")


def environment(folder: Path) -> dict[str, str]:
    """For a program that starts ours."""
    path = os.pathsep.join([str(PROGRAMS), os.environ.get("PATH", "")])
    log = f"sqlite:///{folder / 'log.db'}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "AGENTKIT_LOG": log}


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What the conformance suite calls, served by `agentkit mcp`."""
    folder = tmp_path_factory.mktemp("served")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    what = f"{HERE / 'fixture.py'}:EVERYTHING"
    command = [sys.executable, "-m", "agentkit.cli", "mcp", what, "--http", str(port)]
    process = subprocess.Popen(command, cwd=folder, env=environment(folder))
    try:
        end = time.monotonic() + START_S
        while time.monotonic() < end and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait(10)
