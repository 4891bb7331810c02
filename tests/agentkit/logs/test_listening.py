"""Who follows a log of a database leaves no connection open, wherever he is interrupted."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Collection, Coroutine, Generator
from typing import Any

import psycopg
import pytest

from agentkit.logs.postgres import listening
from agentkit.logs.postgres.address import address_of


class Interrupted:
    """A coroutine that is cancelled at some of the places at which it waits, counted from 1."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], places: Collection[int]) -> None:
        self.coroutine, self.places = coroutine, places
        self.waited = 0

    def __await__(self) -> Generator[Any, Any, None]:
        try:
            step = self.coroutine.send(None)
            while True:
                self.waited += 1
                if self.waited in self.places:
                    step = self.coroutine.throw(asyncio.CancelledError())
                    continue
                yield step
                step = self.coroutine.send(None)
        except StopIteration:
            return


async def followed(url: str) -> None:
    async for _ in listening.heard(address_of(url), "me"):
        pass


@pytest.mark.parametrize("again", [1, 2, 3])
async def test_an_interrupted_listener_leaves_no_connection_open(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, again: int
) -> None:
    # As on a loop that is always late: then psycopg waits a turn in each statement.
    monkeypatch.setattr(psycopg.waiting, "MAX_BUSY_TIME", -1.0)
    monkeypatch.setattr(listening, "LOOK_S", 0.01)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for place in range(1, 16):
            told = Interrupted(followed(postgres_url), {place, place + again})
            with pytest.raises(asyncio.CancelledError):
                await told
            assert place <= told.waited <= place + again
        gc.collect()  # once: it looks through all that the other tests left
    assert [str(one.message) for one in said] == []
