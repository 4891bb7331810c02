"""What the tests of protocols share: a process in which no server was told to end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_server_ends() -> Iterator[None]:
    """Forget that a server of this process was once ended by a signal.

    sse_starlette keeps that for the whole process, and then ends each stream of every later
    server at once: one test that ends a server would fail all that come after it.
    """
    sse = pytest.importorskip("sse_starlette.sse")
    sse.AppStatus.should_exit = False
    yield
