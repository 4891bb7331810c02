"""Nothing gets out of a sandbox, and nothing that runs in it takes more than it may."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentkit.sandbox import Limits, Sandbox
from agentkit.sandbox.box import Strength
from tests.agentkit.sandbox.attempts import ESCAPES, EXHAUSTIONS, Attempt
from tests.agentkit.sandbox.here import bubblewrap, contained

STRENGTHS = [
    pytest.param("bubblewrap", marks=bubblewrap), pytest.param("container", marks=contained)
]  # fmt: skip
SMALL = Limits(wall_s=8, cpu_s=4, memory_mb=200, processes=24, disk_mb=8, files=500,
               output_bytes=100_000)  # fmt: skip
SECRET = "SECRET-of-the-host"


class Host:
    """What a sandbox must not reach: a file, a server, a socket, an environment."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "secret.txt"
        self.file.write_text(SECRET)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.setblocking(False)
        self.local = socket.socket(socket.AF_UNIX)
        self.path = os.path.relpath(folder / "host.sock")
        self.local.bind(self.path)
        self.local.listen()

    def fill(self, code: str) -> str:
        """An attempt with the places of this host in it."""
        return code.format(
            host=str(self.file), port=self.server.getsockname()[1], pid=os.getpid(),
            socket=os.path.abspath(self.path),
        )  # fmt: skip

    def untouched(self) -> bool:
        """Whether nobody changed the file or came to the server."""
        try:
            self.server.accept()
        except BlockingIOError:
            return self.file.read_text() == SECRET
        return False


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setenv("MY_SECRET_KEY", SECRET)
    made = Host(tmp_path)
    yield made
    made.server.close()
    made.local.close()


async def ended(
    attempt: Attempt, host: Host, limits: Limits, strength: Strength
) -> type[Exception] | None:
    """The class of error that an attempt ends with; None where it succeeds."""
    async with Sandbox(limits=limits, strength=strength) as box:
        try:
            (await box.python(host.fill(attempt.code))).check()
        except attempt.ends as error:
            return type(error)
    return None


@pytest.mark.parametrize("strength", STRENGTHS)
async def test_no_attempt_to_escape_succeeds(host: Host, strength: Strength) -> None:
    """Many at once, because each waits for the start of a process more than it computes."""
    gate = asyncio.Semaphore(4)

    async def one(attempt: Attempt) -> type[Exception] | None:
        async with gate:
            return await ended(attempt, host, Limits(wall_s=60), strength)

    found = await asyncio.gather(*(one(attempt) for attempt in ESCAPES.values()))
    assert [name for name, error in zip(ESCAPES, found, strict=True) if error is None] == []
    assert host.untouched()


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("name", EXHAUSTIONS)
async def test_no_attempt_to_exhaust_succeeds(name: str, host: Host, strength: Strength) -> None:
    slow = "for ever" in name or "background" in name
    limits = SMALL.model_copy(update={"wall_s": 1.0}) if slow else SMALL
    assert await ended(EXHAUSTIONS[name], host, limits, strength) is not None
    # None of them goes to the server; another test's client may, whose own server had that port.
    assert host.file.read_text() == SECRET


def test_there_are_enough_attempts() -> None:
    assert len(ESCAPES) + len(EXHAUSTIONS) >= 25
