"""Random trials of queues and streams: what is sent comes, in order, and no more once it is done.

Senders repeat themselves and are cut off; readers acknowledge late, put letters back, or die with
them. In process faults are drawn, in simulated time; a NATS server is killed and begins anew.

    python -m consistency.letters --histories 10000
    python -m consistency.letters --nats --histories 50
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
from dataclasses import dataclass, field
from typing import Any

from agentkit import run
from agentkit.logs.memory import MemoryLog
from consistency.checks.letters import Letters, Op, judged
from consistency.trials import trials
from consistency.virtual import VirtualLoop, play
from memory.fabrics.core import Fabric
from memory.fabrics.faults import Faults
from memory.fabrics.local import Local
from memory.fabrics.queues import Queue, Reader, Stream

READERS = ("one", "two")


@dataclass
class Trial:
    """One trial, all of it drawn from its seed."""

    seed: int
    fabric: Fabric
    slow: float = 1.0
    """How long its seconds are."""
    history: Letters = field(default_factory=Letters)
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        found, draw = self.history, self.rng
        found.kind = draw.choice(("queue", "stream"))
        found.ack_wait_s = draw.choice((1.0, 3.0)) * self.slow
        found.max_deliveries = draw.randint(2, 5)
        found.copies = bool(self.faults.duplicate)
        found.partitions = draw.choice((1, 3)) if found.kind == "stream" else 1
        self.log = MemoryLog()
        self.numbers = itertools.count()
        self.over = False

    def channel(self) -> Queue | Stream:
        """Where the letters go."""
        about = self.history
        if about.kind == "stream":
            return self.fabric.stream("jobs", partitions=about.partitions)
        return self.fabric.queue(
            "jobs", ack_wait_s=about.ack_wait_s, max_deliveries=about.max_deliveries
        )

    def reader(self, name: str) -> Queue | Reader:
        """Where a reader takes them."""
        channel, about = self.channel(), self.history
        if isinstance(channel, Queue):
            return channel
        return channel.reader(
            name, ack_wait_s=about.ack_wait_s, max_deliveries=about.max_deliveries
        )

    async def play(self) -> Letters:
        """Carry it out, empty the channel, and look at what is left."""
        rng, names = self.rng, READERS if self.history.kind == "stream" else READERS[:1]
        senders = [self.sends(n, rng.randint(2, 6)) for n in range(rng.randint(1, 3))]
        readers = [
            asyncio.create_task(self.reads(names[n % len(names)], random.Random(rng.random())))
            for n in range(rng.randint(len(names), 4))
        ]
        await asyncio.gather(*senders)
        await asyncio.sleep(rng.random() * 2 * self.slow)
        self.over = True
        await asyncio.gather(*readers)
        for name in names:
            await self.emptied(name)
        await self.looked()
        return self.history

    async def sends(self, sender: int, count: int) -> None:
        """Send letters; some twice, some cut off."""
        rng = random.Random(f"{self.seed}:{sender}")
        ids = [f"{sender}-{n}" for n in range(count)]
        async with run("sender", log=self.log):
            for n in range(count):
                await asyncio.sleep(rng.random() * self.slow)
                again = n > 0 and rng.random() < 0.2
                id = rng.choice(ids[:n]) if again else ids[n]
                key = f"key{int(id[-1]) % 3}"
                await self.sent(id, key, rng.random() * 0.02 if rng.random() < 0.15 else None)

    async def sent(self, id: str, key: str, cut_s: float | None) -> None:
        channel = self.channel()
        op = self.begun(Op("send", f"sender {id[0]}", id=id, key=key))
        send = channel.put if isinstance(channel, Queue) else channel.append
        try:
            async with asyncio.timeout(None if cut_s is None else cut_s * self.slow):
                receipt = await send({"id": id}, id=id, key=key)
        except TimeoutError:
            self.ended(op, "info")
        else:
            op.seq, op.duplicate = receipt.seq, receipt.duplicate
            self.ended(op, "ok")

    async def reads(self, name: str, rng: random.Random) -> None:
        """Take letters, and do with them what readers do, until all is sent."""
        async with run("reader", log=self.log):
            while not self.over:
                found = await self.taken(name, rng.choice((0.1, 0.5, 2.0)) * self.slow)
                if found is None:
                    continue
                await asyncio.sleep(rng.random() * 0.5 * self.slow)
                match rng.choices(("ack", "late", "nak", "die"), (7, 1, 1, 1))[0]:
                    case "ack":
                        await self.done("ack", name, found)
                    case "late":
                        await asyncio.sleep(1.5 * self.history.ack_wait_s)
                        await self.done("ack", name, found)
                    case "nak":
                        await self.done("nak", name, found, delay_s=rng.random() * self.slow)

    async def taken(self, name: str, timeout_s: float) -> Any:
        op = self.begun(Op("take", name))
        found = await self.reader(name).take(timeout_s)
        if found is not None:
            op.id, op.key, op.seq, op.delivery = found.id, found.key, found.seq, found.delivery
            op.token = found.token
            self.history.check(found.body == {"id": found.id}, f"{found.id} came with {found.body}")
        self.ended(op, "ok")
        return found

    async def done(self, f: str, name: str, found: Any, **about: float) -> None:
        op = self.begun(
            Op(f, name, id=found.id, seq=found.seq, delivery=found.delivery, token=found.token)
        )
        await (found.ack() if f == "ack" else found.nak(**about))
        self.ended(op, "ok")

    async def emptied(self, name: str) -> None:
        """Take what is left of a channel, and acknowledge it."""
        async with run("last", log=self.log):
            empty = 0
            # A letter put back, or with a reader that died, comes when its time is over.
            while empty < 2:
                found = await self.taken(name, self.history.ack_wait_s + 1.5 * self.slow)
                empty = empty + 1 if found is None else 0
                if found is not None:
                    await self.done("ack", name, found)

    async def looked(self) -> None:
        """Look at what is there when all is over."""
        channel = self.channel()
        async with run("look", log=self.log):
            self.history.left = await channel.size()
            for one in await channel.dead(1000):
                self.history.dead.add(one["letter"]["id"])
            if isinstance(channel, Stream):
                for _ in range(2):
                    found = await channel.read(limit=1000)
                    self.history.read.append([(one.seq, one.id) for one in found])

    def begun(self, op: Op) -> Op:
        op.start, op.from_s = next(self.numbers), asyncio.get_running_loop().time()
        self.history.ops.append(op)
        return op

    def ended(self, op: Op, type: str) -> None:
        op.end, op.upto_s, op.type = next(self.numbers), asyncio.get_running_loop().time(), type


def drawn(seed: int) -> Faults:
    """What goes wrong in process."""
    rng, kinds = random.Random(f"faults:{seed}"), ("drop", "duplicate", "delay", "reorder")
    some: dict[str, Any] = {kind: rng.choice((0.0, 0.0, 0.1, 0.4)) for kind in kinds}
    return Faults(**some, delay_s=rng.choice((0.05, 2.0)), seed=seed)


def played(seed: int) -> Letters:
    """One trial in process, in simulated time."""
    loop, faults = VirtualLoop(), drawn(seed)
    carried = Fabric(Local(faults, loop.time))
    trial = Trial(seed, carried, faults=faults)
    return play(trial.play(), loop)


async def carried(seed: int, made: Fabric) -> Letters:
    """One trial on a broker."""
    return await Trial(seed, made).play()


def main() -> int:
    """Play trials; 0 only if nothing was wrong."""
    found, wrong = trials("consistency.letters", __doc__, played, carried, judged)
    for kind in ("queue", "stream"):
        of = {seed: one for seed, one in found.items() if one.kind == kind}
        ops = [op for one in of.values() for op in one.ops]
        print(
            f"{kind:<8} {len(of):>6,} histories {len(ops):>8,} operations"
            f" {sum(op.type == 'info' for op in ops):>6,} cut off"
            f" {sum(seed in wrong for seed in of):>4} wrong"
        )
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
