"""One contract, two fabrics: in process, and a real NATS server on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from agentkit.errors import SetupError
from memory.fabrics import fabric
from memory.fabrics.broker import Broker, find_server, start_broker
from memory.fabrics.core import Fabric

Opened = Callable[..., Fabric]


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A NATS server for all tests; each has a namespace of its own."""
    try:
        find_server()
    except SetupError as error:
        pytest.skip(f"no nats-server: {error.todo}")
    with start_broker(tmp_path_factory.mktemp("broker")) as started:
        yield started


@pytest.fixture(params=["local", "nats"])
async def opened(request: pytest.FixtureRequest) -> AsyncIterator[Opened]:
    """Opens fabrics that see the same letters, or fresh ones that see none; closes them."""
    shared = uuid4().hex[:8]
    made: list[Fabric] = []

    def make(*, fresh: bool = False, **options: Any) -> Fabric:
        name = uuid4().hex[:8] if fresh else shared
        if request.param == "local":
            made.append(fabric(f"local:{name}", **options))
        else:
            url = request.getfixturevalue("broker").url
            made.append(fabric(url, namespace=f"test-{name}", **options))
        return made[-1]

    yield make
    for one in made:
        await one.close()
