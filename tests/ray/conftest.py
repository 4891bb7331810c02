"""These tests have their own Postgres; what other tests stand on is not installed here."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

if importlib.util.find_spec("ray") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # keeps Ray on loopback
    os.environ["PYTHONPATH"] = str(ROOT)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without Ray none of these is run, not even where its file is named."""
    here = [one for one in items if HERE in one.path.parents]
    if here and importlib.util.find_spec("ray") is None:
        config.hook.pytest_deselected(items=here)
        items[:] = [one for one in items if one not in here]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AGENTKIT_LOG", raising=False)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a Postgres of these tests."""
    from agentkit.fleet.embedded import EmbeddedPostgres

    folder = Path(tempfile.mkdtemp(prefix="agentkit-pg-"))
    made = EmbeddedPostgres(folder)
    yield made.url
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def url(server: str, request: pytest.FixtureRequest) -> str:
    """The URL of a log of this test's own."""
    name = "".join(c if c.isalnum() else "_" for c in request.node.name.lower())
    return f"{server}&schema=t_{name[-40:]}"
