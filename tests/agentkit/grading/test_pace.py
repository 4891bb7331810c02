"""Marks do not depend on how busy a machine is: what counts is what a program takes by itself."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agentkit.grading import inside
from agentkit.grading.pace import looked, overtime

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs Linux's /proc")


async def cut(code: str, most_s: float, busy: Callable[[], int], wait_s: float) -> bool:
    """Whether a program was over its time before it, or the wait, ended."""
    program = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", code)
    watch = asyncio.ensure_future(overtime(program.pid, most_s, busy))
    end = asyncio.ensure_future(program.wait())
    await asyncio.wait({watch, end}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
    over = watch.done()
    watch.cancel()
    if program.returncode is None:
        program.kill()
    await asyncio.gather(watch, end, return_exceptions=True)
    return over


@pytest.mark.parametrize(
    "code",
    ["import time; time.sleep(60)", "while True: pass",
     "import subprocess, sys\nwhile True: subprocess.run([sys.executable, '-S', '-c', '7'])",
     "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()"],
)  # fmt: skip
def test_who_computes_or_waits_for_nothing_is_over_his_time(code: str) -> None:
    assert asyncio.run(cut(code, 0.3, lambda: 0, 60))


def test_who_waits_for_an_answer_is_not() -> None:
    assert not asyncio.run(cut("import time; time.sleep(60)", 0.4, lambda: 1, 1.0))


def test_who_waits_for_a_processor_is_not() -> None:
    """It takes 0.15 s of processor, beside so many others that the clock says far more."""
    code = "import time\nwhile time.process_time() < 0.15: pass"

    async def go() -> list[bool]:
        return await asyncio.gather(*(cut(code, 0.5, lambda: 0, 60) for _ in range(8)))

    assert not any(asyncio.run(go()))


def test_what_is_said_can_be_sent() -> None:
    assert inside.sendable("\ud800é") == "?é"
    assert inside.sendable(7) == "7"
    assert len(inside.sendable("x" * 10**6)) == inside.LONGEST


def test_processes_that_are_gone_count_nothing() -> None:
    assert looked(2**30) == (0.0, False)


def test_a_case_is_cut_by_its_own_time() -> None:
    async def go() -> None:
        assert await inside.within(asyncio.sleep(0, "x"), 1) == "x"
        began = time.monotonic()
        with pytest.raises(TimeoutError, match=r"0\.2 s"):
            await inside.within(asyncio.sleep(60), 0.2)
        assert time.monotonic() - began < 30
        inside.asked.add(1)
        try:
            assert await inside.within(asyncio.sleep(0.5, "late"), 0.2) == "late"
        finally:
            inside.asked.clear()

    asyncio.run(go())


def test_a_reply_in_two_parts_comes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As servers send head and body; the body waited 40 ms for the reader's ACK of the head."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(inside, "PORT", port)
    monkeypatch.setattr(inside, "SOCKET", str(tmp_path / "socket"))
    referee = socket.socket(socket.AF_UNIX)
    referee.bind(inside.SOCKET)
    referee.listen()
    threading.Thread(target=inside.forward, daemon=True).start()

    def answer() -> None:
        with referee.accept()[0] as far:
            while far.recv(100):
                for part in (b"head", b"body"):
                    far.sendall(part)
                    time.sleep(0.002)  # it is passed on before the next one comes

    threading.Thread(target=answer, daemon=True).start()
    with connected(port) as near:
        took = [asked(near) for _ in range(30)]
    referee.close()
    assert min(took[10:]) < 0.03, took  # a busy machine is late at times, and not always


def connected(port: int) -> socket.socket:
    """A connection to a server that is starting."""
    for _ in range(1000):
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            time.sleep(0.01)
    raise AssertionError("nobody listens")


def asked(near: socket.socket) -> float:
    """Seconds until both parts of a reply were there."""
    began, got = time.monotonic(), b""
    near.sendall(b"ask")
    while len(got) < 8:
        got += near.recv(100)
    return time.monotonic() - began
