"""Two sites, and a line between them that is cut: both go on, and each order is told of once.

The office and its broker stand in one place, the outpost in another. What that has done waits until
the line is back, and is kept once, by its id: python sites.py  (needs jupyter-agentkit[nats])
"""

from __future__ import annotations

import asyncio
from collections import Counter

from agentkit import pattern
from memory import fabric, start_broker


@pattern
async def clerk(order: str) -> str:
    await asyncio.sleep(0.05)  # here an agent would think
    return f"{order}: loaded"


class Line:
    def __init__(self, port: int) -> None:
        self.port, self.whole, self.ends = port, True, list[asyncio.StreamWriter]()

    async def joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.whole:
            return writer.transport.abort()
        theirs, ours = await asyncio.open_connection("127.0.0.1", self.port)
        self.ends += [writer, ours]
        await asyncio.gather(passed(reader, ours), passed(theirs, writer), return_exceptions=True)

    def cut(self) -> None:
        self.whole = False
        for one in self.ends:
            one.transport.abort()


async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)


async def outpost(url: str) -> None:
    async with fabric(url, retry_s=60) as site:
        orders, told = site.queue("orders", ack_wait_s=5), site.stream("told")
        while True:
            if letter := await orders.take(timeout_s=1):
                await told.append((await clerk(letter.body)).text, id=f"told-{letter.body}")
                await letter.ack()


async def main(ships: int = 12, local: int = 20) -> None:
    with start_broker() as broker:
        port = int(broker.url.rpartition(":")[2])
        server = await asyncio.start_server((line := Line(port)).joined, "127.0.0.1")
        way = broker.url.replace(f":{port}", f":{server.sockets[0].getsockname()[1]}")
        async with fabric(broker.url) as office:
            far = asyncio.create_task(outpost(way))
            orders, told = office.queue("orders", ack_wait_s=5), office.stream("told")
            await asyncio.gather(*(orders.put(f"ship {n}") for n in range(ships)))
            while await told.size() < 2:
                await asyncio.sleep(0.02)
            line.cut()
            alone = [await clerk(f"local {n}") for n in range(local)]
            before, line.whole = await told.size(), True
            while await told.size() < ships and not far.done():
                await asyncio.sleep(0.05)
            far.cancel()
            times = Counter(one.body for one in await told.read())
        server.close()
        line.cut()
        await asyncio.sleep(0.1)  # until both ends of each connection know
    print(f"{before} of {ships} orders were told of before the line was back, then {len(times)}")
    print(f"each once: {set(times.values()) == {1}}; {len(alone)} local asks meanwhile")


if __name__ == "__main__":
    asyncio.run(main())
