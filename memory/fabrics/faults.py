"""Faults for lessons, on the fabric in process: each is drawn from a seed, so it comes again."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from agentkit.errors import SetupError


@dataclass
class Faults:
    """How often what goes wrong: each from 0 (never) to 1 (always).

    The nth letter of a channel meets the same fault each time, whatever else goes on.
    """

    drop: float = 0.0
    """A published letter does not arrive; at a queue or stream the sender gets no receipt, and the
    letter may or may not be stored."""
    duplicate: float = 0.0
    """A letter arrives twice; a queue delivers it to a second reader at once."""
    delay: float = 0.0
    """A letter arrives `delay_s` late."""
    reorder: float = 0.0
    """A letter overtakes the one before it; not in a stream, which is in order."""
    crash: float = 0.0
    """A worker dies while it has a letter, before the work or after it."""
    delay_s: float = 0.05
    seed: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    """How often each came."""
    drawn: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for name in ("drop", "duplicate", "delay", "reorder", "crash"):
            if not 0 <= getattr(self, name) <= 1:
                raise SetupError(
                    f"The fault {name} has the probability {getattr(self, name)}.",
                    expected="0 (never) to 1 (always)",
                )

    def happens(self, fault: str, channel: str) -> bool:
        """Whether this fault comes now, on this channel."""
        if not getattr(self, fault):
            return False
        came = self.draw(fault, channel) < float(getattr(self, fault))
        self.seen[fault] += came
        return came

    def draw(self, what: str, channel: str) -> float:
        """The next number in [0, 1) for this on this channel."""
        self.drawn[f"{channel}:{what}"] += 1
        nth = self.drawn[f"{channel}:{what}"]
        return random.Random(f"{self.seed}:{channel}:{what}:{nth}").random()
