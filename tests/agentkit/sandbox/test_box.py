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
from agentkit.sandbox import (
    Limits,
    NoSandbox,
    ProgramFailed,
    Sandbox,
    TimeSpent,
    bubblewrap,
    container,
    running,
)
from agentkit.sandbox.calls import filter_for
from agentkit.sandbox.watching import memory
from tests.agentkit.sandbox.here import bubblewrap as needed
from tests.agentkit.sandbox.here import contained


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
    monkeypatch.setattr(bubblewrap, "launcher", lambda: None)
    monkeypatch.setattr(container, "launcher", lambda: None)
    with pytest.raises(NoSandbox, match="expected: Podman"):
        Sandbox(strength="container")
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


async def test_a_container_is_taken_where_there_is_no_bubblewrap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bubblewrap, "launcher", lambda: None)
    monkeypatch.setattr(container, "launcher", lambda: ("/usr/bin/podman",))
    with pytest.raises(NoSandbox, match="bubblewrap, and a kernel"):
        Sandbox(strength="bubblewrap")
    async with Sandbox() as box:
        assert box.strength == "container"
        place = container.ContainerFiles(box.folder.parent)
    whole = container.command(
        ["true"], engine=["podman"], place=place, limits=Limits(memory_mb=100), uid=7, folder=None,
        read={}, env={"A": "b"}, channel=9,
    )  # fmt: skip
    assert whole[4:8] == [container.AS_THREE, "9", "podman", "run"]
    for words in ("--network none", "--cap-drop all", "--memory 164m", "--env A=b",
                  "--security-opt no-new-privileges", "--read-only", "--unsetenv-all"):  # fmt: skip
        assert words in " ".join(whole)


def test_a_container_refuses_the_same_calls() -> None:
    form = container.calls_form()
    assert form is not None
    names = {name for rule in form["syscalls"] for name in rule["names"]}
    assert {"ptrace", "unshare", "bpf", "io_uring_setup", "clone3", "clone", "socket"} <= names


@contained
async def test_a_container_has_a_channel_limits_and_leaves_nothing() -> None:
    ours, theirs = socket.socketpair()
    code = (
        "import os, socket; s = socket.socket(fileno=int(os.environ['AGENTKIT_CHANNEL']));"
        " s.sendall(b'ask'); print(s.recv(9).decode())"
    )
    async with Sandbox(strength="container") as box:
        async with box.start([box.interpreter, "-I", "-c", code], channel=theirs) as running:
            theirs.close()
            assert await asyncio.to_thread(ours.recv, 9) == b"ask"
            ours.sendall(b"answer")
            assert (await running.ended()).stdout == "answer\n"
        with pytest.raises(TimeSpent):
            await box.python("while True: pass", limits=Limits(wall_s=0.5))
        async with box.start(["sleep", "60"]) as running:
            name = running.place.name  # type: ignore[attr-defined]
        import subprocess

        names = subprocess.run(["podman", "ps", "-a", "--format", "{{.Names}}"],
                               capture_output=True, text=True, check=True).stdout  # fmt: skip
        assert name not in names
    ours.close()


def test_the_filter_is_made_for_machines_whose_calls_are_known() -> None:
    assert filter_for("riscv64") is None
    for machine in ("x86_64", "aarch64"):
        made = filter_for(machine)
        assert made is not None and len(made) % 8 == 0
    if platform.machine() in ("x86_64", "aarch64"):
        assert filter_for() is not None


@needed
async def test_memory_in_common_counts_once_and_is_looked_at_where_it_grew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To look takes the kernel 1 ms for each process: 50 times a second it was a seventh of a
    core for a program that slept."""
    looks = list[int]()

    def counted(pid: int) -> int:
        looks.append(memory(pid))
        return looks[-1]

    monkeypatch.setattr(running, "memory", counted)
    code = """
import os, time
x = bytearray(os.urandom(1 << 20) * 60)
for _ in range(6):
    if os.fork() == 0:
        break
time.sleep({seconds})
"""
    async with Sandbox(limits=Limits(memory_mb=200)) as box:
        done = await box.python(code.format(seconds=1.5))
        assert done.ok and 60 < done.memory_mb < 200, done  # in all seven 420 MB
        looks.clear()
        (await box.python("import time; time.sleep(1.5)")).check()
        assert 0 < len(looks) < 25, looks
