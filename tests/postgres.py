"""A Postgres server for the tests: from a wheel, in a folder of its own, behind a socket there."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server that is started once for all tests."""
    from agentkit.fleet.embedded import EmbeddedPostgres

    folder = Path(tempfile.mkdtemp(prefix="agentkit-pg-"))
    server = EmbeddedPostgres(folder)
    with psycopg.connect(server.url, autocommit=True) as connection:
        # Its data end with the tests; nobody cuts the power.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    yield server.url
    server.stop(at_once=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """The URL of a log that is not there yet."""
    return f"{postgres}&schema=t{os.getpid()}_{next(NUMBERS)}"


@pytest.fixture
def another_url(postgres: str) -> Callable[[], str]:
    """Makes further ones."""
    return lambda: f"{postgres}&schema=t{os.getpid()}_{next(NUMBERS)}"
