"""What a log tells of a run in a line, and the sums that it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentkit.events import RunEnded, RunStarted, StepEnded, What, current
from agentkit.messages import Frozen


class RunInfo(Frozen):
    """One line about a run."""

    id: str
    name: str
    actor: str | None
    status: str
    """"open", "ok", "failed" or "cancelled"."""
    started: float
    ended: float | None
    events: int
    calls: int
    tokens_in: int
    tokens_out: int
    cost_usd: float | None
    """None when the price of some call is unknown."""
    origin: str | None
    owner: str
    """host:pid:token of the last writer."""
    place: str | None = None
    """The notebook that it was started from; None outside of one, or where nobody knows."""
    what: What = "run"


class Erased(Frozen):
    """What was erased, and what could not be reached."""

    items: int = 0
    """Of a memory's store."""
    runs: int = 0
    """That were redacted whole."""
    events: int = 0
    messages: int = 0
    files: int = 0
    """Images and files."""
    left: tuple[str, ...] = ()
    """Where bytes of it may be still, and why."""


COUNTED = frozenset({StepEnded, RunStarted, RunEnded})
"""Events that say more of a run than that there is one more."""


@dataclass
class Tally:
    """What a batch adds to the line about its run."""

    events: int = 0
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0
    started: RunStarted | None = None
    ended: RunEnded | None = None

    @classmethod
    def of(cls, events: Sequence[Any]) -> Tally:
        """What these add."""
        tally = cls(len(events))
        for event in events:
            if type(event) in COUNTED:
                tally._count(event)
        return tally

    def add(self, event: Any) -> None:
        """Add one more."""
        self.events += 1
        self._count(event)

    def _count(self, event: Any) -> None:
        kind = type(event)
        if kind is StepEnded and event.usage is not None and event.reused is None:
            self.calls += event.usage.calls
            self.tokens_in += event.usage.tokens_in
            self.tokens_out += event.usage.tokens_out
            if event.cost_usd is None:
                self.unpriced += 1
            else:
                self.cost_usd += event.cost_usd
        elif kind is RunStarted:
            self.started, self.ended = current(event), None
        elif kind is RunEnded:
            self.ended = event
