"""A server of one's own that recovers is waited for, longer than its wheel does."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from agentkit.fleet import embedded
from agentkit.fleet.embedded import recovered


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
