"""A sandbox as one works with it: folders, limits, ends, and machines that have none."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from agentkit.errors import SetupError
from agentkit.sandbox import Limits, NoSandbox, ProgramFailed, Sandbox, TimeSpent, bubblewrap
from agentkit.sandbox.calls import filter_for
from tests.agentkit.sandbox.here import bubblewrap as needed


@needed
async def test_a_folder_is_copied_and_stays_as_it_is(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (given / "notes.txt").write_text("as it was")
    async with Sandbox(given) as box:
        done = await box.python("open('notes.txt', 'a').write(' and more')")
        again = await box.python("print(open('notes.txt').read())")
        assert done.ok and again.stdout == "as it was and more\n"
        where = box.folder
    assert (given / "notes.txt").read_text() == "as it was"
    assert not where.exists()


@needed
async def test_what_is_named_can_be_read_and_not_written(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("41")
    async with Sandbox(read={"/data": tmp_path / "data"}) as box:
        assert (await box.python("print(open('/data/a.txt').read())")).stdout == "41\n"
        with pytest.raises(ProgramFailed, match="Read-only"):
            (await box.python("open('/data/a.txt', 'w')")).check()


@needed
async def test_input_output_and_status_come_through() -> None:
    async with Sandbox() as box:
        done = await box.run(["sh", "-c", "cat; echo wrong >&2; exit 7"], stdin="Grüße")
        assert (done.status, done.stdout, done.stderr) == (7, "Grüße", "wrong\n")
        with pytest.raises(ProgramFailed, match="status 7; it said last: wrong") as error:
            done.check()
        assert error.value.done.stdout == "Grüße"
        unread = await box.run(["true"], stdin=b"x" * 1_000_000)
        assert unread.ok


@needed
async def test_a_program_has_a_channel_and_nothing_else_open() -> None:
    ours, theirs = socket.socketpair()
    code = (
        "import os, socket; s = socket.socket(fileno=int(os.environ['AGENTKIT_CHANNEL']));"
        " s.sendall(b'ask'); print(s.recv(9).decode())"
    )
    async with Sandbox() as box:
        async with box.start([box.interpreter, "-I", "-c", code], channel=theirs) as running:
            theirs.close()
            assert await asyncio.to_thread(ours.recv, 9) == b"ask"
            ours.sendall(b"answer")
            assert (await running.ended()).stdout == "answer\n"
    ours.close()


@needed
async def test_who_cancels_leaves_nothing_running() -> None:
    async with Sandbox() as box:
        async with box.start([box.interpreter, "-c", "import time; time.sleep(60)"]) as running:
            waiting = asyncio.ensure_future(running.ended())
            await asyncio.sleep(0.1)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert running.process.returncode is not None


@needed
def test_a_sandbox_dies_with_the_process_that_runs_it(tmp_path: Path) -> None:
    mark = f"{tmp_path.name}{os.getpid()}"
    code = (
        "import asyncio, sys\nfrom agentkit.sandbox import Sandbox\n"
        "async def main():\n"
        "    async with Sandbox() as box:\n"
        f"        async with box.start(['sh', '-c', 'sleep 60; : {mark}']):\n"
        "            await asyncio.sleep(0.3); print('up', flush=True); await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    import subprocess

    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None and parent.stdout.readline() == b"up\n"
        assert alive(mark)
        parent.send_signal(signal.SIGKILL)
    until = time.monotonic() + 5
    while alive(mark) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(mark)


def alive(mark: str) -> bool:
    """Whether a process has a mark in its command line, the test's own aside."""
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = one.read_bytes()
        except OSError:
            continue
        if mark.encode() in words and b"asyncio" not in words:
            return True
    return False


@needed
async def test_two_sandboxes_do_not_share_their_bounds() -> None:
    limits = Limits(processes=12, wall_s=5)
    code = (
        "import subprocess as s; p = [s.Popen(['sleep', '0.3']) for _ in range(8)];"
        " [x.wait() for x in p]"
    )

    async def one() -> int:
        async with Sandbox(limits=limits) as box:
            return (await box.python(code)).status

    assert await asyncio.gather(*(one() for _ in range(4))) == [0] * 4


async def test_without_bubblewrap_it_refuses_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bubblewrap, "found", lambda: None)
    with pytest.raises(NoSandbox, match="Nothing here can keep"):
        Sandbox()
    async with Sandbox(strength="none", limits=Limits(wall_s=1)) as box:
        assert (await box.python("print(6 * 7)")).stdout == "42\n"
        with pytest.raises(TimeSpent):
            await box.python("while True: pass")


@needed
async def test_a_folder_that_is_not_there_is_a_setup_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be copied"):
        Sandbox(tmp_path / "none")
    with pytest.raises(SetupError, match="cannot be read as"):
        Sandbox(read={"/data": tmp_path / "none"})
    with pytest.raises(SetupError, match="no strength"):
        Sandbox(strength="strong")  # type: ignore[arg-type]


def test_the_filter_is_made_for_machines_whose_calls_are_known() -> None:
    assert filter_for("riscv64") is None
    for machine in ("x86_64", "aarch64"):
        made = filter_for(machine)
        assert made is not None and len(made) % 8 == 0
    if platform.machine() in ("x86_64", "aarch64"):
        assert filter_for() is not None
