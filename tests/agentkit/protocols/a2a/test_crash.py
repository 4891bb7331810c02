"""Either side is killed (kill -9), and the task goes on: one task, done once."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agentkit import open_log, pattern
from agentkit.protocols import a2a_agent, serve_a2a
from tests.conftest import ROOT

SERVED = """
import asyncio, os
from pathlib import Path
from agentkit import current_run, pattern

HERE = Path(os.environ["HERE"])

@pattern
async def team(task):
    at = await current_run().now()  # Recorded: an attempt that goes on has the same.
    with (HERE / "attempts").open("a") as file:
        file.write(f"{at}\\n")
    while not (HERE / "go").exists():
        await asyncio.sleep(0.02)
    return f"{task} at {at}"
"""

ASKING = """
import asyncio, sys
from agentkit.protocols import a2a_agent

async def main():
    remote = await a2a_agent(sys.argv[1], name="remote")
    await remote("hello", id=sys.argv[2])

asyncio.run(main())
"""


def environment(here: Path, log: str) -> dict[str, str]:
    url = f"sqlite:///{here / log}"
    return {**os.environ, "PYTHONPATH": str(ROOT), "HERE": str(here), "AGENTKIT_LOG": url}


async def seen(path: Path, lines: int) -> list[str]:
    """The lines of a file, once it has so many."""
    end = time.monotonic() + 40
    while time.monotonic() < end:
        found = path.read_text().splitlines() if path.exists() else []
        if len(found) >= lines:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"{path.name} has not {lines} lines")


def started(here: Path, port: int) -> subprocess.Popen[bytes]:
    """A server of that file, in a process of its own."""
    command = [sys.executable, "-m", "agentkit.cli", "a2a", f"{here / 'served.py'}:team"]
    return subprocess.Popen(
        [*command, "--port", str(port)], env=environment(here, "there.db"), cwd=here
    )


async def listening(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 40
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        await asyncio.sleep(0.05)
    raise AssertionError("it does not listen")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Path]:
    (tmp_path / "served.py").write_text(SERVED)
    yield tmp_path


async def test_a_task_goes_on_after_its_server_was_killed(here: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    first = started(here, port)
    try:
        await listening(port, first)
        remote = await a2a_agent(f"http://127.0.0.1:{port}")
        asking = asyncio.ensure_future(remote("hello"))
        await seen(here / "attempts", 1)
        os.kill(first.pid, signal.SIGKILL)
        first.wait(10)
        await asyncio.sleep(0.3)
        assert not asking.done()
        second = started(here, port)
        try:
            attempts = await seen(here / "attempts", 2)
            assert attempts[0] == attempts[1]  # It went on; it did not begin anew.
            (here / "go").touch()
            async with asyncio.timeout(40):
                answer = await asking
            assert answer.text == f"hello at {attempts[0]}"
        finally:
            second.kill()
            second.wait(10)
        log = open_log(f"sqlite:///{here / 'there.db'}")
        assert [one.status for one in log.runs()] == ["ok"]
        log.close()
    finally:
        first.kill()
        first.wait(10)


async def test_a_resumed_run_asks_for_its_old_task(here: Path) -> None:
    asked: list[str] = []
    go = asyncio.Event()

    @pattern
    async def team(task: str) -> str:
        asked.append(task)
        (here / "attempts").write_text("1\n" * len(asked))
        await go.wait()
        return f"heard {task}"

    run_id = "0198c0de-0000-7000-8000-000000000007"
    async with await serve_a2a(team) as service:
        command = [sys.executable, "-c", ASKING, service.url, run_id]
        client = subprocess.Popen(command, env=environment(here, "here.db"), cwd=here)
        await seen(here / "attempts", 1)
        await asyncio.sleep(0.2)  # So that it has heard of its task.
        os.kill(client.pid, signal.SIGKILL)
        client.wait(10)
        log = open_log(f"sqlite:///{here / 'here.db'}")
        remote = await a2a_agent(service.url, name="remote")
        again = asyncio.ensure_future(remote.resume(run_id, log=log))
        await asyncio.sleep(0.5)
        go.set()
        async with asyncio.timeout(40):
            assert (await again).text == "heard hello"
        assert asked == ["hello"]
        topics = [getattr(one, "topic", "") for one in log.read(run_id)]
        assert topics.count("remote.task") == 1
        log.close()
