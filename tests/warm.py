"""Python programs that begin as a fork of a process that has imported what all of them import.

To start Python and import pytest or pydantic takes half a second of CPU and more, and tests start
some hundred programs. Each has its own environment, folder, path of modules, session and files,
as if a shell had started it.
"""

from __future__ import annotations

import atexit
import builtins
import json
import os
import runpy
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

PARENT = "JPY_PARENT_PID"
"""The variable by which a kernel knows the process that it ends with."""

HEAD = 8
"""Bytes that say how long the JSON after them is."""


def send(line: socket.socket, order: Any, files: Sequence[int] = ()) -> None:
    """Say one thing, and give open files with it."""
    data = json.dumps(order).encode()
    socket.send_fds(line, [len(data).to_bytes(HEAD, "big")], list(files))
    line.sendall(data)


def receive(line: socket.socket) -> tuple[Any, list[int]]:
    """What was said, and the files; EOFError when nobody is there."""
    head, files, _, _ = socket.recv_fds(line, HEAD, 3)
    data, size = b"", int.from_bytes(head, "big")
    while head and len(data) < size:
        piece = line.recv(size - len(data))
        if not piece:
            break
        data += piece
    if not head or len(data) < size:
        raise EOFError
    return json.loads(data), files


def become(order: dict[str, Any], files: list[int]) -> None:
    """Be the program that the order describes, to its end."""
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    if PARENT in os.environ:
        os.environ[PARENT] = str(os.getppid())
    path = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    how, *words = order["args"]
    if how == "-m":
        sys.path[:0] = [os.getcwd(), *path]
        sys.argv[:] = words
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
        return
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    vars(main).update(__builtins__=builtins)
    if how == "-c":
        folder, name, code = "", "<string>", words.pop(0).encode()
    else:
        folder, name, code = os.path.dirname(os.path.abspath(how)), how, Path(how).read_bytes()
        vars(main).update(__file__=how)
    sys.path[:0] = [folder, *path]
    sys.argv[:] = [how, *words]
    exec(compile(code, name, "exec"), vars(main))


def serve(number: int) -> None:
    """Fork programs until the tests end; a program returns from here at its own end."""
    line = socket.socket(fileno=number)
    while True:
        try:
            order, files = receive(line)
        except (EOFError, ConnectionError):
            return
        if "end" in order:
            done = 0, 0
            with suppress(ChildProcessError):
                done = os.waitpid(order["end"], os.WNOHANG)
            send(line, os.waitstatus_to_exitcode(done[1]) if done[0] else None)
        elif os.fork():
            for file in files:
                os.close(file)
        else:
            os.setsid()  # before anybody knows it: he would signal the group that it was in
            send(line, os.getpid())
            line.close()
            become(order, files)
            return


START = """\
import gc, importlib, sys
sys.path[0] = {root!r}  # where `python -c` has the folder of the tests
from tests.warm import serve
del sys.modules["tests.warm"], sys.modules["tests"]
for name in {modules!r}:
    importlib.import_module(name)
del sys.path[0]
gc.freeze()
serve({number})
"""


class Forks:
    """A process that programs are forked from, started with the first of them.

    Args:
        modules: What it imports.
        options: Of the interpreter, for all of them.
    """

    def __init__(self, modules: Sequence[str], *options: str) -> None:
        self.modules, self.options = tuple(modules), options
        self.lock = threading.Lock()
        self.line: socket.socket | None = None

    def start(self) -> socket.socket:
        """Start it; it ends with this process."""
        self.line, other = socket.socketpair()
        env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        root = str(Path(__file__).parents[1])
        code = START.format(root=root, modules=self.modules, number=other.fileno())
        process = subprocess.Popen(
            [sys.executable, *self.options, "-c", code], env=env, pass_fds=[other.fileno()]
        )
        other.close()
        atexit.register(self.stop, process)
        return self.line

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Let it end."""
        assert self.line is not None
        self.line.close()
        process.wait()

    def asked(self, order: dict[str, Any], files: Sequence[int] = ()) -> Any:
        """Ask it for something, and wait for what it says."""
        with self.lock:
            line = self.line or self.start()
            send(line, order, files)
            return receive(line)[0]

    def program(
        self, args: Sequence[str], cwd: object, env: Mapping[str, str] | None, files: Sequence[int]
    ) -> Program:
        """Start a program, as Python is told it: `-m MODULE`, `-c CODE` or `FILE`, and its words.

        Args:
            files: Its standard input, output and errors.
        """
        whole = dict(os.environ if env is None else env)
        order = {"args": list(args), "cwd": os.path.abspath(str(cwd or os.getcwd())), "env": whole}
        return Program(self, self.asked(order, files))

    def begin(
        self, *args: str, cwd: Path, env: Mapping[str, str]
    ) -> Program | subprocess.Popen[str]:
        """Start a program without input; what it says can be read while it runs."""
        if not hasattr(os, "fork"):
            command, pipe = [sys.executable, *self.options, *args], subprocess.PIPE
            return subprocess.Popen(command, cwd=cwd, env=env, stdout=pipe, stderr=pipe, text=True)
        reads, writes = os.pipe()
        err = tempfile.TemporaryFile("w+")
        with open(os.devnull, "rb") as none, os.fdopen(writes, "wb") as out:
            begun = self.program(args, cwd, env, [none.fileno(), out.fileno(), err.fileno()])
        begun.stdout, begun.stderr = os.fdopen(reads), err
        return begun

    def run(
        self, *args: str, cwd: Path, env: Mapping[str, str], timeout_s: float = 100,
        given: str = "",
    ) -> subprocess.CompletedProcess[str]:  # fmt: skip
        """Run a program to its end, as `subprocess.run` does.

        Args:
            given: Its standard input.

        Raises:
            subprocess.TimeoutExpired: It took longer, and was killed.
        """
        if not hasattr(os, "fork"):
            command = [sys.executable, *self.options, *args]
            return subprocess.run(
                command, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout_s,
                input=given,
            )  # fmt: skip
        with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as out:
            told.write(given.encode())
            told.seek(0)
            with tempfile.TemporaryFile() as err:
                files = [told.fileno(), out.fileno(), err.fileno()]
                program = self.program(args, cwd, env, files)
                try:
                    code = program.wait(timeout_s)
                finally:
                    program.kill()
                for one in (out, err):
                    one.seek(0)
                said = [one.read().decode() for one in (out, err)]
        return subprocess.CompletedProcess(args, code, *said)


class Program:
    """A forked program, as `subprocess.Popen` would show it."""

    stdin = None
    stdout: IO[str] | None = None
    stderr: IO[str] | None = None

    def __init__(self, forks: Forks, pid: int) -> None:
        self.forks, self.pid = forks, pid
        self.returncode: int | None = None

    def communicate(self, timeout: float = 100) -> tuple[str, str]:
        """What it still says and what it complains of, once it has ended.

        Raises:
            subprocess.TimeoutExpired: It took longer; it goes on.
        """
        end, said = time.monotonic() + timeout, [""]
        assert self.stdout and self.stderr
        with self.stdout as out, self.stderr as err:
            reader = threading.Thread(target=lambda: said.append(out.read()), daemon=True)
            reader.start()  # a pipe that nobody reads fills up, and then the program waits
            reader.join(timeout)
            self.wait(max(0.0, end - time.monotonic()))
            reader.join()
            err.seek(0)
            return said[-1], err.read()

    def poll(self) -> int | None:
        """How it ended, or None."""
        if self.returncode is None:
            self.returncode = self.forks.asked({"end": self.pid})
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, some seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal while it is there."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(15)

    def kill(self) -> None:
        self.send_signal(9)


AGENTKIT = Forks(("agentkit.sim.inside", "pytest", "anyio"), "-W", "error::RuntimeWarning")
"""Programs and tests begin with what all of them import, the first ask included."""

REWRITTEN = "Module already imported:pytest.PytestAssertRewriteWarning"
"""What pytest warns of in a fork of it: its plugins were imported without its assertions."""
