"""Who follows a run is told by the server (LISTEN/NOTIFY), and looks itself now and then.

What is told is only where to look: a message that is lost costs a second, and no event.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Sequence

import psycopg

from agentkit.logs.postgres.address import DatabaseAddress
from agentkit.logs.postgres.faults import mapped
from agentkit.logs.postgres.session import DatabaseSession, settings
from agentkit.subscribing import LOGGER

LOOK_S = 1.0
"""How often it is looked where nothing was told, while somebody follows a run."""

LONGEST = 7_900
"""Bytes of a message; Postgres takes fewer than 8000."""

AGAIN_S = 0.5
"""Pause before a server that went away is asked again."""

PATIENCE_S = 60.0
"""How long a server may be away before those who follow a run are told so."""


def channel(schema: str) -> str:
    """Where the processes that write a log tell each other of it."""
    return f"agentkit_{schema}"


def told(session: DatabaseSession, schema: str, name: str, runs: Sequence[str]) -> None:
    """Tell all who listen which runs were appended to.

    After the commit, and not in it: who commits a message waits for all others who do.

    Args:
        session: between two transactions.
        schema: of the log.
        name: of this process, which need not be told.
        runs: their ids, each once.
    """
    words = json.dumps([name, *runs], separators=(",", ":"))
    if len(words) > LONGEST:
        words = json.dumps([name])
    try:
        session.connection.execute("SELECT pg_notify(%s, %s)", (channel(schema), words))
    except psycopg.Error:
        LOGGER.debug("Nobody was told of a commit.", exc_info=True)


async def heard(address: DatabaseAddress, name: str) -> AsyncIterator[Collection[str] | None]:
    """Yield the runs that other processes have appended to; see Log.news.

    Raises:
        LogUnreachable: the server was away for too long.
    """
    away = 0.0
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(**settings(address), autocommit=True)
            try:
                await connection.execute(f'LISTEN "{channel(address.schema)}"')
                yield None
                away = 0.0
                while True:
                    said = [one async for one in connection.notifies(timeout=LOOK_S, stop_after=1)]
                    yield runs_in([one.payload for one in said], name) if said else None
            finally:
                # `async with` rolls back first, where whoever is cancelled again leaves it open.
                await connection.close()
        except psycopg.OperationalError:
            if away > PATIENCE_S:
                with mapped(address.url):
                    raise
        away += AGAIN_S
        await asyncio.sleep(AGAIN_S)


def runs_in(messages: Sequence[str], name: str) -> Collection[str] | None:
    """The runs that messages of others name; None where one names none."""
    found: list[str] = []
    for text in messages:
        try:
            who, *runs = json.loads(text)
        except (ValueError, TypeError):
            return None
        if who != name and not runs:
            return None
        found += runs if who != name else ()
    return list(dict.fromkeys(found))
