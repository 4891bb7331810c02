"""A server that leaves the signals of its process alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import uvicorn


class Quiet(uvicorn.Server):
    """A server in a process whose signals belong to somebody else: a kernel, or asyncio.run."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
