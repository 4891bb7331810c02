"""Who leads: an election on a ring, over a fabric (Chang and Roberts 1979).

An Improved Algorithm for Decentralized Extrema-Finding in Circular Configurations of Processes
(Communications of the ACM 22, 5). Each sends its number to the next one; a number goes on while it
is larger than those of whom it passes, so that only the largest comes round. Of n numbers in an
order drawn by chance n (1 + 1/2 + ... + 1/n) letters go on average, n (n + 1) / 2 at most.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from agentkit import gather, pattern
from agentkit.errors import SetupError
from agentkit.messages import Frozen
from memory.fabrics.core import Fabric
from memory.fabrics.queues import Queue


class Elected(Frozen):
    """What an election came to."""

    leaders: list[int]
    """Whom the members take for their leader, each once: none, one, or more."""
    letters: int
    """Numbers that were sent on; the news of who leads are as many again as there are members."""
    waits: list[int]
    """Members that heard no end of it within their patience."""

    def __str__(self) -> str:
        led = ", ".join(map(str, self.leaders)) or "nobody"
        more = f"; {', '.join(map(str, self.waits))} wait in vain" if self.waits else ""
        return f"{led} leads, after {self.letters} letters{more}"

    __repr__ = __str__


def expected(n: int) -> float:
    """Letters on average over all orders: n (1 + 1/2 + ... + 1/n)."""
    return n * sum(1 / k for k in range(1, n + 1))


def letters(order: Sequence[int]) -> int:
    """How many numbers are sent on in a ring of this order, without sending any."""
    checked(order)
    count, n = 0, len(order)
    for place, number in enumerate(order):
        for step in range(1, n + 1):
            count += 1
            if order[(place + step) % n] >= number:
                break
    return count


def checked(order: Sequence[int]) -> None:
    """Refuse what is no ring.

    Raises:
        SetupError: no member, or a number twice.
    """
    if not order or len(set(order)) < len(order):
        raise SetupError(f"A ring of {list(order)!r}.", expected="members, each number once")


async def elect(
    carrier: Fabric,
    order: Sequence[int],
    *,
    dead: Collection[int] = (),
    patience_s: float = 1.0,
    name: str = "ring",
    of: int | None = None,
) -> Elected:
    """Elect a leader: each member is an actor with a queue, and every letter goes over the fabric.

    Args:
        carrier: of the letters.
        order: the numbers of the members, as they stand in the ring.
        dead: members that are silent from the beginning.
        patience_s: how long a member waits for the next letter, in seconds.
        name: of the queues, one for each member: NAME-NUMBER.
        of: members that there are in all, those beyond the ring included; then a ring of half of
            them or fewer elects nobody.

    Raises:
        SetupError: no member, or a number twice.
    """
    checked(order)
    queues = {number: carrier.queue(f"{name}-{number}") for number in order}
    following = dict(zip(order, [*order[1:], order[0]], strict=True))
    alive = [number for number in order if number not in dead]
    enough = of is None or 2 * len(order) > of

    def member(number: int) -> Any:
        async def takes_part(task: Any) -> dict[str, Any]:
            """Send the own number, then pass on what is larger."""
            return await part(number, queues[number], queues[following[number]], patience_s)

        return pattern(name=f"m{number}")(takes_part)

    found = await gather(*[member(number)("elect") for number in alive])
    told = [answer.data for answer in found]
    return Elected(
        leaders=sorted({one["leader"] for one in told if one["leader"] is not None})
        if enough else [],
        letters=sum(one["sent"] for one in told),
        waits=[number for number, one in zip(alive, told, strict=True) if one["leader"] is None],
    )  # fmt: skip


async def part(number: int, mine: Queue, following: Queue, patience_s: float) -> dict[str, Any]:
    """What one member does: it returns the leader, None if it heard of none, and what it sent."""
    await following.put({"number": number})
    sent = 1
    while (letter := await mine.take(patience_s)) is not None:
        await letter.ack()
        said: Any = letter.body
        if "leader" in said:
            if said["leader"] != number:
                await following.put(said)
            return {"leader": said["leader"], "sent": sent}
        if said["number"] == number:
            await following.put({"leader": number})
        elif said["number"] > number:
            await following.put(said)
            sent += 1
    return {"leader": None, "sent": sent}
