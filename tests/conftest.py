"""What every test stands on: no network but loopback, no keys, nothing written into the tree."""

from __future__ import annotations

import contextlib
import gc
import ipaddress
import itertools
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from pydantic import BaseModel

from agentkit import values
from agentkit.validator import loaded
from tests.chromium import find_chromium
from tests.postgres import another_url, postgres, postgres_url  # noqa: F401

ROOT = Path(__file__).resolve().parent.parent

NUMBERS = itertools.count(1)
"""Of the folders of tests."""

FILES = 8192
"""Open files that the process of the tests may have, if the machine lets it."""

loaded()  # before nbformat and Chroma, which would have a grammar compiled: two seconds of CPU

# A machine that is busy is no fault of ours: no example has to be done within a time. And what
# passes passes again: with RANDOM_DRAWS set, Hypothesis draws others each time.
settings.register_profile("agentkit", deadline=None, derandomize="RANDOM_DRAWS" not in os.environ)
settings.load_profile("agentkit")


def proved(kind: type[BaseModel], fields: dict[str, Any]) -> BaseModel:
    """What `built` makes without looking, once the class itself has made the same of it.

    Raises:
        AssertionError: something that was handed over is not what the class says it is.
    """
    made, checked = BUILT(kind, fields), kind(**fields)
    for name, value in checked.__dict__.items():
        given = made.__dict__[name]
        same = given is value or (type(given) is type(value) and given == value)
        assert same, f"{kind.__name__}.{name} is {given!r}, and should be {value!r}"
    assert list(made.__dict__) == list(checked.__dict__)
    return made


BUILT = values.built
values.built = proved
for module in [
    one for name, one in sys.modules.items() if name.partition(".")[0] in ("agentkit", "memory")
]:
    if getattr(module, "built", None) is BUILT:
        module.built = proved


class OutsideNetwork(BaseException):
    """A test wanted to leave this machine; not an Exception, so that no retry swallows it."""


def is_loopback(host: object) -> bool:
    """Whether host (a name or an address as given to a socket) means this machine."""
    if isinstance(host, bytes):
        host = host.decode()
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def forbid_outside(event: str, args: tuple[object, ...]) -> None:
    """Audit hook; it also sees sockets that go around Python's socket module."""
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in ("socket.connect", "socket.bind", "socket.sendto"):
        if not isinstance(args[1], tuple):
            return
        host = args[1][0] or "0.0.0.0"
    else:
        return
    if not is_loopback(host):
        raise OutsideNetwork(
            f"{event} with host {host!r}; tests reach 127.0.0.1, ::1 and localhost only: "
            "start a server on loopback and use its address"
        )


sys.addaudithook(forbid_outside)

for name in [n for n in os.environ if n.endswith(("_API_KEY", "_API_TOKEN"))]:
    del os.environ[name]


def pytest_configure() -> None:
    """Let one process run all tests: each leaves the log that it asked in open."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < FILES:
            most = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def pytest_collection_finish() -> None:
    """Take what collecting made out of garbage collection: it stays, so no pass need see it.

    What tests leave is let alone longer, too: to look for it took a tenth of all their work.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for one test, kept as pytest keeps its own.

    For a new one pytest reads the names of all there are: 7 ms for each of ten thousand tests.
    """
    name = re.sub(r"\W", "_", request.node.name)[:30]
    folder = tmp_path_factory.getbasetemp() / f"{name}-{next(NUMBERS)}"
    folder.mkdir(0o700)
    return folder


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test works in its own empty folder, with its own log and the default model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTKIT_LOG", f"sqlite:///{tmp_path / 'log.db'}")
    monkeypatch.delenv("AGENTKIT_MODEL", raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What mypy found in agentkit, for all tests that ask: that takes ten seconds of CPU."""
    return tmp_path_factory.mktemp("mypy")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; tests that ask for it are skipped where there is none."""
    found = find_chromium()
    if found is None:
        pytest.skip("no Chromium: install the package `chromium`, or set $CHROMIUM to a browser")
    return found
