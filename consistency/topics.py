"""Random trials of topics: who listens hears each letter at most once, and no loss is silent.

Publishers and listeners come and go; in process letters are dropped, doubled, delayed and
reordered, in simulated time, and listeners are too slow; a NATS server is killed and begins anew.

    python -m consistency.topics --histories 10000
    python -m consistency.topics --nats --histories 50
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys

from agentkit import run
from agentkit.logs.memory import MemoryLog
from consistency.checks.topics import Listener, Published, Topics, judged
from consistency.letters import drawn
from consistency.trials import trials
from consistency.virtual import VirtualLoop, play
from memory.fabrics.core import Fabric
from memory.fabrics.faults import Faults
from memory.fabrics.local import Local
from memory.fabrics.notes import Dropped

SUBJECTS = ("dues.amber", "dues.briar", "ships.amber.in", "ships.amber.out")
PATTERNS = ("dues.amber", "dues.*", "*.amber", "ships.>", "ships.amber.*", ">")


class Trial:
    """One trial, all of it drawn from its seed."""

    def __init__(self, seed: int, fabric: Fabric, faults: Faults | None) -> None:
        self.seed, self.fabric, self.rng = seed, fabric, random.Random(seed)
        self.history, self.log = Topics(), MemoryLog()
        self.numbers, self.over = itertools.count(1), False
        # On a broker that is killed a letter is lost with whoever was not connected.
        self.history.told = faults is not None
        if faults is not None:
            self.history.ordered = not (faults.delay or faults.reorder)
        self.late_s = faults.delay_s if faults is not None else 0.5

    async def play(self) -> Topics:
        """Carry it out."""
        rng = self.rng
        listeners = [self.listens(random.Random(rng.random())) for _ in range(rng.randint(1, 4))]
        tasks = [asyncio.create_task(one) for one in listeners]
        await asyncio.gather(*(self.publishes(n) for n in range(rng.randint(1, 3))))
        self.over = True
        await asyncio.gather(*tasks)
        for info in self.log.runs():
            for event in self.log.read(info.id):
                if event.kind == "noted" and isinstance(event.note, Dropped):
                    self.dropped(event.note)
        return self.history

    def dropped(self, note: Dropped) -> None:
        """Count what somebody was told to be lost on its way."""
        if note.reason == "lost on its way":
            self.history.dropped[note.subject] += note.count

    async def publishes(self, number: int) -> None:
        """Publish some letters, one after another."""
        rng = random.Random(f"{self.seed}:{number}")
        async with run("publisher", log=self.log):
            for n in range(rng.randint(3, 10)):
                await asyncio.sleep(rng.choice((0.0, 0.0, 0.1, 0.5)))
                one = Published(f"{number}-{n}", number, rng.choice(SUBJECTS), next(self.numbers))
                self.history.published.append(one)
                await self.fabric.publish(one.subject, {"id": one.id, "subject": one.subject})
                one.end = next(self.numbers)

    async def listens(self, rng: random.Random) -> None:
        """Listen for a while, take what comes, and close; perhaps again."""
        for _ in range(rng.randint(1, 2)):
            await asyncio.sleep(rng.choice((0.0, 0.0, 0.3, 1.0)))
            about = Listener(
                rng.choice(PATTERNS), rng.random() < 0.8, rng.choice((1, 2, 1000, 1000))
            )
            about.start = next(self.numbers)
            self.history.listeners.append(about)
            async with run("listener", log=self.log) as opened:
                heard = self.fabric.subscribe(
                    about.pattern, dedup=about.dedup, pending=about.pending
                )
                async with heard:
                    about.begun = next(self.numbers)
                    await self.hears(rng, heard, about)
            for event in self.log.read(opened.id):
                if event.kind == "noted" and isinstance(event.note, Dropped):
                    about.missed += event.note.count

    async def hears(self, rng: random.Random, heard: object, about: Listener) -> None:
        """Take letters until it is enough, then all that is left."""
        enough = rng.randint(1, 8)
        while not self.over and len(about.heard) < enough:
            await asyncio.sleep(rng.choice((0.0, 0.05, 0.4)))
            await self.took(heard, about, rng.choice((0.1, 1.0)))
        about.end = next(self.numbers)
        while await self.took(heard, about, self.late_s + 0.1):
            pass

    async def took(self, heard: object, about: Listener, timeout_s: float) -> bool:
        found = await heard.take(timeout_s)  # type: ignore[attr-defined]
        if found is not None:
            about.heard.append((found.body["id"], found.body["subject"]))
        return found is not None


def played(seed: int) -> Topics:
    """One trial in process, in simulated time."""
    loop, faults = VirtualLoop(), drawn(seed)
    return play(Trial(seed, Fabric(Local(faults, loop.time)), faults).play(), loop)


async def carried(seed: int, made: Fabric) -> Topics:
    """One trial on a broker."""
    return await Trial(seed, made, None).play()


def main() -> int:
    """Play trials; 0 only if nothing was wrong."""
    found, wrong = trials("consistency.topics", __doc__, played, carried, judged)
    published = sum(len(one.published) for one in found.values())
    heard = sum(len(each.heard) for one in found.values() for each in one.listeners)
    print(
        f"topics   {len(found):>6,} histories {published:>8,} published {heard:>8,} heard"
        f" {len(wrong):>4} wrong"
    )
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
