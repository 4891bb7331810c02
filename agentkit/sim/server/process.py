"""Starts and ends the simulated endpoint as a process of its own.

The process listens on a free loopback port and ends with the process that started it, also when
that one is killed: it watches the pipe it was given as stdin. It is in a session of its own, so
that interrupting a notebook's kernel does not interrupt it.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from agentkit.errors import SetupError
from agentkit.extras import needs_process

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 3.0
TAIL_LINES = 15


SERVER = (
    "The simulated endpoint's server",
    "in a page it answers inside of it, and agentkit.endpoints.simulation.client() reaches it",
)
"""What a page is told of it; see `needs_process`."""


class SimFailed(SetupError):
    """The simulated endpoint did not start. `log` is the end of its log."""


@dataclass(frozen=True)
class Server:
    """A running simulated endpoint; use it as a context manager, or call `stop`.

    Args:
        url: base address without `/v1`, such as `http://127.0.0.1:40123`.
        pid: its process id.
        log_path: where it logs; removed when it ends.
    """

    url: str
    pid: int
    log_path: Path
    process: subprocess.Popen[bytes] = field(repr=False, compare=False)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End the process and wait until it has ended; harmless when it already has."""
        end(self.process)
        self.log_path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(seed: int = 7, speed: float = 1.0, timeout_s: float = START_TIMEOUT_S) -> Server:
    """Start a server process and wait until it answers. Blocks.

    Args:
        seed: for requests that name none.
        speed: factor on all latency: 1 as stated, 0 no waiting.
        timeout_s: how long to wait for it.

    Raises:
        SimFailed: it ended, or did not answer in time; the text has the end of its log.
        SetupError: this is a page in a browser.
    """
    needs_process(*SERVER)
    handle, name = tempfile.mkstemp(prefix="agentkit-sim-", suffix=".log")
    log_path = Path(name)
    # Without -P a module of the reader's that is called like one of Python's would be imported.
    command = [sys.executable, "-P", "-m", "agentkit.sim", "--parent", "--port", "0", "--log", name]
    command += ["--seed", str(seed), "--speed", str(speed)]
    try:
        with os.fdopen(handle, "wb") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(),
                start_new_session=True,
            )
    except OSError as error:
        log_path.unlink(missing_ok=True)
        raise SimFailed(
            f"The simulated endpoint could not be started: {error}.",
            expected=f"{sys.executable} to be runnable",
            todo="check the Python installation",
        ) from error
    try:
        line = first_line(process, timeout_s)
    except BaseException:
        end(process)
        log_path.unlink(missing_ok=True)
        raise
    if line.startswith("READY "):
        return Server(line.split()[1], process.pid, log_path, process)
    raise failed(process, log_path, timeout_s)


def failed(process: subprocess.Popen[bytes], log_path: Path, timeout_s: float) -> SimFailed:
    """End a process that did not start, and say what its log told."""
    # Its output ends a moment before it does.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1.0)
    code = process.poll()
    tail = tail_of(log_path)
    end(process)
    log_path.unlink(missing_ok=True)
    what = f"did not answer within {timeout_s:g} s" if code is None else f"ended with code {code}"
    return SimFailed(
        f"The simulated endpoint {what}. The end of its log:\n{tail or '(nothing)'}",
        expected="READY and its address",
        todo="pip install uvicorn starlette; or run `agentkit sim` in a terminal to see more",
        log=tail,
    )


def tail_of(log_path: Path) -> str:
    """The last lines of a log; "" when it is gone."""
    try:
        text = log_path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-TAIL_LINES:])


KEPT = re.compile(
    r"PATH|HOME|USER|LANG|LANGUAGE|LC_\w+|TZ|TERM|TMPDIR|TMP|TEMP|VIRTUAL_ENV|CONDA_PREFIX|"
    r"(?:DY)?LD_LIBRARY_PATH|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|USERPROFILE|"
    r"APPDATA|LOCALAPPDATA|PYTHON(?:HOME|UTF8|IOENCODING|DONTWRITEBYTECODE|WARNINGS|HASHSEED|"
    r"NOUSERSITE|USERBASE|SAFEPATH|UNBUFFERED|PYCACHEPREFIX|DEVMODE|FAULTHANDLER)|"
    r"COVERAGE_\w+",
    re.IGNORECASE,
)
"""What a Python process needs. A list of what to keep, as nobody knows all names of keys."""


def environment() -> dict[str, str]:
    """The child's environment: it imports the same agentkit as this process, and has no keys."""
    root = str(Path(__file__).resolve().parents[3])
    path = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    kept = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
    return {**kept, "PYTHONPATH": os.pathsep.join(dict.fromkeys([root, *path]))}


def first_line(process: subprocess.Popen[bytes], timeout_s: float) -> str:
    """What the process says first; "" when it ended or says nothing in time."""
    stdout = process.stdout
    assert stdout is not None
    said: list[bytes] = []
    reader = threading.Thread(target=lambda: said.append(stdout.readline()), daemon=True)
    reader.start()
    reader.join(timeout_s)
    return said[0].decode("utf-8", "replace").strip() if said else ""


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process: politely by closing its stdin, then with SIGKILL."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


@dataclass
class SharedServer:
    """The one server that all of this process uses; a forked child starts its own."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    server: Server | None = None


shared = SharedServer()


def endpoint() -> str:
    """The address of this process's simulated endpoint; starts it, also again after its death.

    Safe to call from several threads. Blocks for about a second the first time.

    Raises:
        SimFailed: it could not be started.
    """
    with shared.lock:
        if shared.server is None or not shared.server.alive:
            if shared.server is not None:
                shared.server.stop()
            shared.server = start()
        return shared.server.url


async def endpoint_async() -> str:
    """Like `endpoint`, without blocking the event loop."""
    needs_process(*SERVER)
    return await asyncio.to_thread(endpoint)


def stop_endpoint() -> None:
    """End this process's simulated endpoint, if it runs; the next `endpoint` starts a new one."""
    with shared.lock:
        server, shared.server = shared.server, None
    if server is not None:
        server.stop()


def forget() -> None:
    """In a forked child: the server belongs to the parent, and the lock may be held forever."""
    shared.lock, shared.server = threading.Lock(), None


atexit.register(stop_endpoint)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget)
