"""A fleet by Ray's client: `ray://`, from one process and from another; what answers otherwise."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentkit.errors import SetupError
from agentkit.fleet import Fleet
from agentkit.fleet.onray import STARTS
from tests.ray.conftest import ROOT
from tests.ray.team import where

pytestmark = [pytest.mark.ray, pytest.mark.timeout(400)]
TEAM = f"{ROOT}/tests/ray/team.py:everybody"

SECOND = """
import asyncio, json, sys
from agentkit.fleet import Fleet

async def main():
    fleet = await Fleet.connect(sys.argv[1])
    runs = await fleet.attach("first")
    said = [answer.text async for answer in runs]
    print(json.dumps([fleet.log.url, "ray" in sys.modules, sorted(one.split()[1] for one in said)]))

asyncio.run(main())
"""

OTHER = """
import sys, time, types
import ray
from ray.util.client.server import dataservicer, server

if sys.argv[2] == "ray":
    ray.__version__ = "2.1.0"
else:
    dataservicer.sys = types.SimpleNamespace(version_info=(3, 9, 1))
started = lambda *given, **options: ray.init("local")
kept = server.serve("127.0.0.1", int(sys.argv[1]), ray_connect_handler=started)
time.sleep(600)
"""

DYING = """
import os, signal, sys, time
from agentkit.fleet.onray import imported

imported(sys.argv[2])  # with the token that the head asks for
from ray.util.client.server import proxier

left, started = int(sys.argv[3]), proxier.start_ray_client_server

def dying(*given, **options):
    global left
    made, left = started(*given, **options), left - 1
    if left >= 0:
        os.kill(made.process.pid, signal.SIGABRT)
        time.sleep(0.05 * (left % 2))
    return made

proxier.start_ray_client_server = dying
kept = proxier.serve_proxier("127.0.0.1", int(sys.argv[1]), sys.argv[2])
time.sleep(600)
"""
"""The proxy that lets clients in, whose first servers die in starting, as gRPC has them die."""


def free() -> int:
    """A port that Ray does not want for itself."""
    for port in range(24_001, 24_900):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no port is free")


def listens(port: int, process: subprocess.Popen[bytes], limit_s: float = 120.0) -> None:
    end = time.monotonic() + limit_s
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as tried:
            if not tried.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.2)
    raise AssertionError(f"nothing listens at {port}")


def ended(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Ray, for its clients."""
    port, client = free(), free() + 1
    ray = Path(sys.executable).with_name("ray")
    words = ["start", "--head", "--block", "--node-ip-address=127.0.0.1", f"--port={port}"]
    words += [f"--ray-client-server-port={client}", "--include-dashboard=false", "--num-cpus=2"]
    words += [f"--object-store-memory={128 * 2**20}"]
    out = tmp_path_factory.mktemp("ray") / "head.txt"
    with out.open("wb") as file:
        head = subprocess.Popen([ray, *words], stdout=file, stderr=file, start_new_session=True)
    try:
        listens(client, head)
        yield f"ray://127.0.0.1:{client}"
    finally:
        ended(head)


async def test_a_batch_by_the_client_and_again_from_a_second_process(
    url: str, served: str, tmp_path: Path
) -> None:
    with pytest.raises(SetupError, match="No worker of a fleet is on the Ray at ray://"):
        await Fleet.connect(served)
    fleet = await Fleet.up(TEAM, workers=2, ray=served, log=url, lease_s=8.0, drain_s=3.0)
    try:
        runs = await fleet.map(where, [f"t{n}" for n in range(40)], name="first")
        said = [one.text for one in await asyncio.wait_for(runs.all(), 120)]
        assert [one.split()[1] for one in said] == [f"t{n}" for n in range(40)]
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", SECOND, served], cwd=elsewhere,
            capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        shown, imported, texts = json.loads(done.stdout.splitlines()[-1])
        assert shown == fleet.log.url and not imported and len(texts) == 40
        # From here, too, and it performs what is given to it.
        again = await Fleet.connect(served)
        assert len(await asyncio.wait_for((await again.map(where, ["x"] * 5)).all(), 120)) == 5
        assert again.log.verify() == []
    finally:
        await fleet.down()


async def test_fleets_of_two_logs_on_one_ray_are_told_apart(url: str, served: str) -> None:
    first = await Fleet.up(TEAM, workers=1, ray=served, log=f"{url}_a", drain_s=1.0)
    second = await Fleet.up(TEAM, workers=1, ray=served, log=f"{url}_b", drain_s=1.0)
    try:
        with pytest.raises(SetupError, match="Fleets of 2 logs are on the Ray") as told:
            await Fleet.connect(served)
        assert first.log.url in told.value.what and second.log.url in told.value.what
    finally:
        await first.down()
        await second.down()


async def test_an_address_where_nothing_answers_or_something_else(url: str) -> None:
    for address in ("ray://127.0.0.1:1", "127.0.0.1:1"):
        with pytest.raises(SetupError, match=f"No Ray at {address}"):
            await Fleet.connect(address)

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(other, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(SetupError, match=f"ray://127.0.0.1:{port}"):
            await Fleet.connect(f"ray://127.0.0.1:{port}")


@pytest.mark.parametrize("which", ["ray", "python"])
async def test_a_ray_of_another_version_is_said(which: str, tmp_path: Path) -> None:
    port = free() + 2
    with (tmp_path / "other.txt").open("wb") as file:
        other = subprocess.Popen(
            [sys.executable, "-c", OTHER, str(port), which],
            stdout=file, stderr=file, start_new_session=True,
        )  # fmt: skip
    try:
        await asyncio.to_thread(listens, port, other)
        with pytest.raises(SetupError, match=r"cannot be used[\s\S]*(2\.1\.0|3\.9\.1)") as told:
            await Fleet.connect(f"ray://127.0.0.1:{port}")
        assert "the same versions of Ray and Python" in (told.value.expected or "")
        assert "the Python and Ray of the cluster" in (told.value.todo or "")
    finally:
        ended(other)


@pytest.mark.parametrize("dead", [5, 99])
async def test_servers_that_die_in_starting_are_started_again(
    dead: int, served: str, url: str, tmp_path: Path
) -> None:
    port, head = free(), int(served.rpartition(":")[2]) - 1
    with (tmp_path / "proxy.txt").open("wb") as file:
        proxy = subprocess.Popen(
            [sys.executable, "-c", DYING, str(port), f"127.0.0.1:{head}", str(dead)],
            stdout=file, stderr=file, start_new_session=True,
        )  # fmt: skip
    try:
        await asyncio.to_thread(listens, port, proxy)
        with pytest.raises(SetupError) as told:
            await Fleet.connect(f"ray://127.0.0.1:{port}")
        if dead < STARTS:
            assert "No worker of a fleet is on the Ray" in told.value.what
        else:
            assert f"{STARTS} died one after another" in told.value.what
            assert "GRPC_ENABLE_FORK_SUPPORT=0" in (told.value.todo or "")
    finally:
        ended(proxy)
