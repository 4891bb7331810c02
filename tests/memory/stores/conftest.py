"""A Chroma server for all tests of stores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.memory.stores.chromaserver import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("chroma"))
    made.start()
    yield made
    made.kill()
