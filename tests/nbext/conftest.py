"""A kernel per module or per test, and one simulated endpoint for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from jupyter_client.manager import start_new_kernel

from agentkit.sim.server import Server, start
from tests.conftest import ROOT
from tests.nbext.notebook import Notebook
from tests.warm_kernels import patch, unpatched

patch()


@pytest.fixture(scope="session")
def sim() -> Iterator[Server]:
    """A simulated endpoint that outlives the kernels, without waiting."""
    with start(speed=0) as server:
        yield server


@pytest.fixture
def started() -> Iterator[None]:
    """Kernels are started and not forked: for what is said of importing and loading."""
    with unpatched():
        yield


@pytest.fixture
def charged(sim: Server) -> Iterator[object]:
    """How many calls the endpoint has charged; its faults end with the test."""

    def count() -> int:
        stats = httpx.get(f"{sim.url}/sim/stats", trust_env=False).json()
        return int(stats["charged"])

    yield count
    httpx.delete(f"{sim.url}/sim/faults", trust_env=False)


@contextmanager
def kernel(folder: Path, sim: Server, path: str = "") -> Iterator[Notebook]:
    """A kernel in a folder, of the notebook at a path, as Jupyter's server starts one."""
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AGENTKIT")},
        "PYTHONPATH": str(ROOT),
        "IPYTHONDIR": str(folder / "ipython"),
        "AGENTKIT_LOG": f"sqlite:///{folder / 'log.db'}",
        "AGENTKIT_MODEL": "sim-careful",
        "AGENTKIT_BASE_URL": f"{sim.url}/v1",
        "JPY_SESSION_NAME": path,
    }
    manager, client = start_new_kernel(env=env, cwd=str(folder), startup_timeout=60)
    try:
        yield Notebook(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


@pytest.fixture(scope="module")
def shared(sim: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """A kernel for all tests of a module, each with names of its own."""
    with kernel(tmp_path_factory.mktemp("shared"), sim) as notebook:
        notebook.ok("%load_ext nbext")
        notebook.ok(TARIFF)
        notebook.ok("%%agent clerk --tools tariff\nYou answer questions about the port of Amber.")
        yield notebook


@pytest.fixture
def notebook(sim: Server, tmp_path: Path) -> Iterator[Notebook]:
    """A kernel for one test."""
    with kernel(tmp_path, sim) as found:
        yield found


TARIFF = '''
from agentkit import tool
@tool(effect="pure")
def tariff(port: str, tonnes: float) -> float:
    """Harbour dues in EUR."""
    return 13.0 * tonnes
'''
