"""Letters on a fabric, in process and on NATS: python -m benchmarks.fabrics [--write].

Beside each figure stands the shortest way to do the same: an asyncio.Queue, and nats-py by hand
with the same guarantees (an id on each message, each ack confirmed, the broker flushing each one).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

from agentkit import gather, open_log, pattern, run
from benchmarks import table
from benchmarks.table import number
from memory.fabrics import fabric
from memory.fabrics.broker import Broker, start_broker
from memory.fabrics.core import Fabric
from memory.fabrics.letters import Letter

LETTERS, STEPS, ASKS, WORKERS, AT_ONCE = 1000, 300, 100, 8, 32


async def by_queue() -> float:
    """Letters a second through an asyncio.Queue: the floor in process."""
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    start = time.perf_counter()
    for n in range(LETTERS):
        await queue.put(Letter(id=str(n), body=n).encoded())
        Letter.model_validate_json(await queue.get())
        queue.task_done()
    return LETTERS / (time.perf_counter() - start)


async def by_hand(url: str, at_once: int) -> float:
    """Letters a second by nats-py: published with an id, taken, and acked with an answer."""
    import nats
    from nats.js import api

    client = await nats.connect(url)
    try:
        stream, name = client.jetstream(), f"hand{time.time_ns()}"
        await stream.add_stream(
            api.StreamConfig(name=name, subjects=[name], retention=api.RetentionPolicy.WORK_QUEUE)
        )
        pull = await stream.pull_subscribe(name, durable="workers", stream=name)
        data = Letter(id="0", body=0).encoded()
        start = time.perf_counter()
        for batch in range(0, LETTERS, at_once):
            sent = [
                stream.publish(name, data, headers={"Nats-Msg-Id": str(n)})
                for n in range(batch, min(batch + at_once, LETTERS))
            ]
            await asyncio.gather(*sent)
            for _ in sent:
                (message,) = await pull.fetch(1)
                await message.ack_sync()
        return LETTERS / (time.perf_counter() - start)
    finally:
        await client.close()


async def below(f: Fabric, at_once: int) -> float:
    """Letters a second put, taken and acked by a fabric, outside of runs."""
    queue = f.queue(f"below{time.time_ns()}")
    start = time.perf_counter()
    for batch in range(0, LETTERS, at_once):
        ids = range(batch, min(batch + at_once, LETTERS))
        letters = [Letter(id=str(n), body=n) for n in ids]
        await asyncio.gather(*(f.post.send(queue.channel, one) for one in letters))
        for _ in ids:
            got = await f.post.receive(queue.channel, queue.group, 5)
            await f.transport.acknowledge(queue.channel, queue.group, got.token, "ack", 0)
    return LETTERS / (time.perf_counter() - start)


async def in_a_run(f: Fabric) -> float:
    """The same as steps of a run, three to a letter, each durable in SQLite: letters a second."""
    queue = f.queue(f"steps{time.time_ns()}")
    async with run():
        start = time.perf_counter()
        for n in range(STEPS):
            await queue.put(n)
            letter = await queue.take(5)
            assert letter is not None and letter.body == n
            await letter.ack()
        return STEPS / (time.perf_counter() - start)


async def asked(f: Fabric, at_once: int) -> float:
    """Asks a second through a queue; the worker's run is durable too."""

    @pattern
    async def clerk(task: str) -> str:
        return task

    queue = f.queue(f"asks{time.time_ns()}")
    actor = f.actor(queue)
    async with f.worker(queue, clerk, count=WORKERS), run():
        start = time.perf_counter()
        for batch in range(0, ASKS, at_once):
            tasks = [str(n) for n in range(batch, min(batch + at_once, ASKS))]
            answers = await gather(*(actor(task) for task in tasks))
            assert [answer.text for answer in answers] == tasks
        return ASKS / (time.perf_counter() - start)


async def away(broker: Broker) -> float:
    """Seconds from the start of a killed broker to the receipt that waited for it."""
    async with fabric(broker.url, namespace=f"away{time.time_ns()}") as f:
        queue = f.queue("jobs")
        await f.post.send(queue.channel, Letter(id="before"))
        broker.kill()
        waiting = asyncio.create_task(f.post.send(queue.channel, Letter(id="meanwhile")))
        await asyncio.sleep(0.2)
        start = time.perf_counter()
        broker.start()
        await waiting
        assert await f.transport.size(queue.channel) == 2
        return time.perf_counter() - start


def highest(repeats: int, measure: Callable[[], Awaitable[float]]) -> float:
    """The highest of the repeats: other work on the machine only ever slows."""

    async def once() -> float:
        return await measure()

    return max(asyncio.run(once()) for _ in range(repeats))


def opened(
    url: str, measure: Callable[[Fabric], Awaitable[float]]
) -> Callable[[], Awaitable[float]]:
    async def body() -> float:
        async with fabric(url, namespace=f"bench{time.time_ns()}") as f:
            return await measure(f)

    return body


def rows(repeats: int, broker: Broker) -> list[list[str]]:
    def ours(url: str, measure: Callable[[Fabric], Awaitable[float]]) -> float:
        return highest(repeats, opened(url, measure))

    urls = ("local", broker.url)
    single = [ours(url, lambda f: below(f, 1)) for url in urls]
    many = [ours(url, lambda f: below(f, 64)) for url in urls]
    steps = [ours(url, in_a_run) for url in urls]
    alone = [ours(url, lambda f: asked(f, 1)) for url in urls]
    crowd = [ours(url, lambda f: asked(f, AT_ONCE)) for url in urls]
    floor = highest(repeats, by_queue)
    hand = [highest(repeats, lambda n=n: by_hand(broker.url, n)) for n in (1, 64)]
    back = asyncio.run(away(broker))
    named: list[tuple[str, list[float], str]] = [
        (
            "letters put, taken and acked a second, one after another",
            single,
            f"asyncio.Queue {number(floor)}, nats-py {number(hand[0])}",
        ),
        ("the same, 64 put at once", many, f"nats-py {number(hand[1])}"),
        ("the same as durable steps of a run, one after another", steps, ""),
        ("asks a second through a queue, one after another", alone, f"{WORKERS} workers"),
        (f"the same, {AT_ONCE} at once", crowd, f"{WORKERS} workers"),
    ]
    found = [[label, *map(number, values), beside] for label, values, beside in named]
    label = "from the start of a killed broker to the receipt that waited for it"
    return [*found, [label, "–", number(back, "s"), "includes the broker's own start"]]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="one repeat")
    options.add_argument("--write", action="store_true", help="put the table into README.md")
    chosen = options.parse_args()
    repeats = 1 if chosen.quick else 3
    with tempfile.TemporaryDirectory() as folder, start_broker(Path(folder, "broker")) as broker:
        os.environ["AGENTKIT_LOG"] = str(Path(folder, "log.db"))
        head = ["figure", "in process", "NATS", "beside it"]
        text = table.markdown(head, rows(repeats, broker))
        open_log().close()
    where = f"{date.today()}, CPython {platform.python_version()}, {platform.system()}"
    text = f"{where}, highest of {repeats}.\n\n{text}"
    print(text)
    if chosen.write:
        table.put(Path(__file__).with_name("README.md"), "fabrics", text)


if __name__ == "__main__":
    main()
