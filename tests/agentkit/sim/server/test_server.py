"""The server process: started, shared, ended; with the real brain in it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from agentkit.sim.server import SimFailed, endpoint, endpoint_async, start, stop_endpoint
from agentkit.sim.server import process as server

ROOT = str(Path(__file__).resolve().parents[4])
ASKED = {"model": "careful", "messages": [{"role": "user", "content": "What is 17 * 23 + 4?"}]}


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    yield
    stop_endpoint()


def ask(url: str) -> str:
    reply = httpx.post(f"{url}/v1/chat/completions", json=ASKED, timeout=10)
    return str(reply.raise_for_status().json()["choices"][0]["message"]["content"])


def refuses(url: str) -> bool:
    try:
        httpx.get(url, timeout=1)
    except httpx.TransportError:
        return True
    return False


def eventually(holds: Callable[[], bool], within_s: float = 5) -> bool:
    end = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_the_server_is_another_process_that_answers_and_stops() -> None:
    with start(speed=0) as running:
        assert running.pid != os.getpid() and running.url.startswith("http://127.0.0.1:")
        assert "395" in ask(running.url)
        assert running.log_path.exists()
    assert not running.alive and refuses(running.url) and not running.log_path.exists()
    running.stop()


def test_the_endpoint_is_started_once_however_many_ask_for_it() -> None:
    with ThreadPoolExecutor(8) as pool:
        urls = {future.result() for future in [pool.submit(endpoint) for _ in range(16)]}
    assert len(urls) == 1


def test_a_dead_endpoint_is_started_again() -> None:
    first = endpoint()
    assert server.shared.server is not None
    os.kill(server.shared.server.pid, signal.SIGKILL)
    assert eventually(lambda: refuses(first))
    assert "395" in ask(endpoint())


async def test_the_loop_goes_on_while_the_endpoint_starts() -> None:
    starting = asyncio.ensure_future(endpoint_async())
    turns = 0
    while not starting.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 5 and (await starting).startswith("http://127.0.0.1:")


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_the_server_ends_when_its_parent_is_killed() -> None:
    code = (
        "import subprocess, sys, time; from agentkit.sim.server import endpoint;"
        "url = endpoint(); print(url, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert parent.stdout is not None
    url = parent.stdout.readline().strip()
    assert "395" in ask(url)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert eventually(lambda: refuses(url))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_the_server_ends_with_its_parent_even_if_a_fork_holds_the_pipe() -> None:
    code = (
        "import os, time; from agentkit.sim.server import endpoint;"
        "url = endpoint(); pid = os.fork();"
        "print(url, pid, flush=True) if pid else None; time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert parent.stdout is not None
    url, fork = parent.stdout.readline().split()
    try:
        parent.kill()
        parent.wait()
        assert eventually(lambda: refuses(url))
    finally:
        os.kill(int(fork), signal.SIGKILL)
        parent.stdout.close()


@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_interrupting_the_parents_group_does_not_end_the_server() -> None:
    assert os.getpgid(start_shared().pid) != os.getpgid(0)


def start_shared() -> server.Server:
    endpoint()
    assert server.shared.server is not None
    return server.shared.server


def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "environment", lambda: {"PYTHONPATH": "", "PATH": ""})
    monkeypatch.setattr(server.sys, "executable", "/bin/sh")
    with pytest.raises(SimFailed, match="ended with code") as caught:
        start()
    assert "to do" in str(caught.value)


def test_a_server_that_says_nothing_in_time_is_ended() -> None:
    with pytest.raises(SimFailed, match="did not answer within"):
        start(timeout_s=0.001)


def cli(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "agentkit.sim", "--port", "0", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_the_command_greets_serves_and_stops_on_ctrl_c() -> None:
    process = cli()
    assert process.stdout is not None
    banner = ""
    while "Stop with Ctrl-C" not in banner:
        line = process.stdout.readline()
        assert line, process.communicate()
        banner += line
    assert "no language model" in banner and "OPENAI_BASE_URL" in banner
    url = banner.split("endpoint at ")[1].split()[0]
    assert "395" in ask(url)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out.strip(), err) == (0, "Stopped.", "")


def test_a_port_in_use_is_a_clear_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = cli("--port", str(taken.getsockname()[1]))
        out, err = process.communicate(timeout=20)
    assert process.returncode == 1 and out == ""
    assert "Cannot listen on 127.0.0.1" in err and "--port" in err and "Traceback" not in err


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads /proc")
def test_no_key_of_the_shell_is_in_the_environment_of_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ["OPENAI_API_KEY", "MY_GATEWAY", "AWS_SECRET_ACCESS_KEY", "AGENTKIT_API_KEY"]
    for name in names:
        monkeypatch.setenv(name, "sk-hidden-1")
    with start(speed=0) as running:
        assert b"sk-hidden-1" not in Path(f"/proc/{running.pid}/environ").read_bytes()
    process = cli()
    try:
        assert process.stdout is not None and process.stdout.readline() is not None
        assert "endpoint at" in process.stdout.readline()
        assert b"sk-hidden-1" not in Path(f"/proc/{process.pid}/environ").read_bytes()
    finally:
        process.kill()
        process.communicate()


def test_a_module_of_the_readers_does_not_take_the_place_of_pythons(tmp_path: Path) -> None:
    (tmp_path / "random.py").write_text("raise SystemExit('the wrong module')")
    code = "from agentkit.sim.server import start; start(speed=0).stop()"
    environment = {**os.environ, "PYTHONPATH": ROOT}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, env=environment, timeout=30
    )
    assert done.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_sigterm_ends_the_server_while_a_reply_is_held_back() -> None:
    with start(speed=0) as running:
        httpx.post(f"{running.url}/sim/faults", json={"kind": "stall"}).raise_for_status()
        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(httpx.post, f"{running.url}/v1/chat/completions", json=ASKED)
            assert eventually(lambda: httpx.get(f"{running.url}/sim/stats").json()["calls"] == 1)
            os.kill(running.pid, signal.SIGTERM)
            running.process.wait(5)
            assert isinstance(held.exception(5) or held.result(), Exception | httpx.Response)


@pytest.mark.skipif(os.name != "posix", reason="interrupting needs signals")
def test_a_request_that_takes_too_long_is_given_up_and_the_next_is_served() -> None:
    hard = {**ASKED, "messages": [{"role": "user", "content": "a: " * 120_000}]}
    with start(speed=0) as running:
        reply = httpx.post(f"{running.url}/v1/chat/completions", json=hard, timeout=20)
        assert reply.status_code == 400 and reply.json()["error"]["code"] == "too_complex"
        assert "395" in ask(running.url)
