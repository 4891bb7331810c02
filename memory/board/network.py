"""The network between the replicas of a board, and what can be wrong with it.

The replicas live in one process; what is between them is simulated, so that a lesson can
switch on what a real network does by itself: messages that come late, in another order,
not at all, or to one side only.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from agentkit.errors import SetupError


@dataclass
class Link:
    """How messages reach one replica."""

    delay_s: float = 0.0
    drop: float = 0.0
    """Chance that a message is lost; it is sent again after `resend_s`."""
    reorder: bool = False
    """Whether each message waits its own time, up to twice the delay."""
    skew_s: float = 0.0
    """How far the replica's clock is ahead; last-write-wins believes it."""


@dataclass
class Network:
    """Who reaches whom, and when."""

    replicas: tuple[str, ...]
    seed: int = 0
    resend_s: float = 0.2
    links: dict[str, Link] = field(default_factory=dict)
    sides: list[frozenset[str]] = field(default_factory=list)
    """Of a partition: replicas on one side hear each other; empty without one."""

    def __post_init__(self) -> None:
        self.links = {name: Link() for name in self.replicas}

    def set(
        self,
        *replicas: str,
        delay_s: float | None = None,
        drop: float | None = None,
        reorder: bool | None = None,
        skew_s: float | None = None,
    ) -> None:
        """Change how messages reach these replicas, or all of them when none is named.

        Args:
            replicas: by name.
            delay_s: how long a message is on its way, in seconds.
            drop: chance that one is lost, 0 to 1; it is sent again after `resend_s`.
            reorder: whether each waits a time of its own, from 0 to twice the delay.
            skew_s: how far their clocks are ahead, in seconds; less than 0: behind.

        Raises:
            SetupError: no such replica, a negative delay, or a chance outside 0 to 1.
        """
        names = self.known(replicas or self.replicas)
        if (delay_s is not None and delay_s < 0) or (drop is not None and not 0 <= drop <= 1):
            raise SetupError(
                f"A link cannot have delay_s={delay_s} and drop={drop}.",
                expected="delay_s from 0, drop from 0 to 1",
            )
        given = {"delay_s": delay_s, "drop": drop, "reorder": reorder, "skew_s": skew_s}
        for name in names:
            for field_, value in given.items():
                if value is not None:
                    setattr(self.links[name], field_, value)

    def partition(self, *sides: str | Sequence[str]) -> None:
        """Cut the network: replicas hear only those on their own side.

        Args:
            sides: a replica or several each; those not named are together on one more.

        Raises:
            SetupError: no such replica, or one on two sides.
        """
        named = [frozenset(self.known([one] if isinstance(one, str) else one)) for one in sides]
        rest = frozenset(self.replicas) - frozenset().union(*named)
        cut = [*named, *([rest] if rest else [])]
        if sum(len(side) for side in cut) != len(self.replicas):
            raise SetupError(
                "A replica is on two sides of the partition.", expected="one side each"
            )
        self.sides = cut

    def heal(self) -> None:
        """End the partition. What waited is delivered by the next write, read or reconcile()."""
        self.sides = []

    def reaches(self, one: str, other: str) -> bool:
        """Whether messages pass between two replicas."""
        return not self.sides or any({one, other} <= side for side in self.sides)

    def known(self, names: Sequence[str]) -> Sequence[str]:
        """The names, if they are replicas.

        Raises:
            SetupError: one is not.
        """
        for name in names:
            if name not in self.links:
                raise SetupError(
                    f"The board has no replica {name!r}.", expected=", ".join(self.replicas)
                )
        return names

    def wait_s(self, n: int, to: str, attempt: int) -> float | None:
        """Seconds until a message arrives; None when it is lost.

        Args:
            n: number of the write that it carries.
            to: the replica.
            attempt: how often it was sent before. Equal arguments and seed give an equal fate.
        """
        link = self.links[to]
        # By what is sent, not from one generator: a message fares alike in whatever order they go.
        dice = random.Random(f"{self.seed}:{n}:{to}:{attempt}")
        if dice.random() < link.drop:
            return None
        return link.delay_s * (2 * dice.random() if link.reorder else 1.0)
