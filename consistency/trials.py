"""Trials one after the other in process, or some at once on a NATS server that is killed."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import logging
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from memory.fabrics import fabric
from memory.fabrics.broker import Broker, start_broker
from memory.fabrics.core import Fabric

H = TypeVar("H")

AT_ONCE = 8
"""Trials on a broker at a time."""

KILLS = 2
"""Of the broker, in that time."""


def trials(
    name: str,
    about: str | None,
    played: Callable[[int], H],
    carried: Callable[[int, Fabric], Awaitable[H]],
    judged: Callable[[H], Sequence[str]],
) -> tuple[dict[int, H], dict[int, Sequence[str]]]:
    """Play the trials that the command line asks for, and print the first wrong ones.

    Args:
        name: of the module that is run.
        about: what it does.
        played: one trial in process, by its seed.
        carried: one on the fabric of a broker.
        judged: what is wrong with a history.

    Returns:
        By seed the histories, and what is wrong with some of them.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=about)
    parser.add_argument("--histories", type=int, default=1000)
    parser.add_argument("--from", type=int, default=0, dest="start", help="the first seed")
    parser.add_argument("--nats", action="store_true", help="on a NATS server, which is killed")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    seeds, found = range(asked.start, asked.start + asked.histories), dict[int, H]()
    if asked.nats:
        with tempfile.TemporaryDirectory() as folder, start_broker(Path(folder)) as broker:
            for n in range(0, len(seeds), AT_ONCE):
                some = seeds[n : n + AT_ONCE]
                found |= zip(some, asyncio.run(on_broker(some, broker, carried)), strict=True)
    else:
        found |= {seed: played(seed) for seed in seeds}
    wrong = {seed: told for seed, one in found.items() if (told := judged(one))}
    for seed, told in itertools.islice(wrong.items(), 5):
        print(f"seed {seed}\n{found[seed]}\n" + "\n".join(f"  {one}" for one in told))
    return found, wrong


async def on_broker(
    seeds: Sequence[int], broker: Broker, carried: Callable[[int, Fabric], Awaitable[H]]
) -> list[H]:
    """Trials at once on a broker that is killed meanwhile."""

    async def one(seed: int) -> H:
        made = fabric(broker.url, namespace=f"trial-{seed}-{time.time_ns()}", retry_s=30)
        async with made:
            return await carried(seed, made)

    async with killing(broker, random.Random(seeds[0])):
        return await asyncio.gather(*map(one, seeds))


@contextlib.asynccontextmanager
async def killing(broker: Broker, rng: random.Random) -> AsyncIterator[None]:
    """A while in which a broker is killed and begins anew."""

    async def killed() -> None:
        for _ in range(KILLS):
            # A pull that was under way is asked again when its time is over.
            await asyncio.sleep(1 + 6 * rng.random())
            await asyncio.to_thread(broker.kill)
            await asyncio.sleep(0.3 * rng.random())
            await asyncio.to_thread(broker.start)

    killer = asyncio.create_task(killed())
    try:
        yield
    finally:
        killer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await killer
