"""The latency of model calls, piece by piece: queues, attempts that failed, pauses, the reply.

Built from what a log has anyway: the start and end of a step, and the notes between them. A queue's
note comes when the wait is over, a retry's when the pause begins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from agentkit.events import Event, Noted, RunEnded, StepEnded, StepStarted
from agentkit.messages import JSON
from agentkit.views.book import News
from agentkit.views.fold import Fold

Part = Literal["queue", "failed", "pause", "first", "reply", "hedge"]
"""Waiting for a turn; an attempt that failed; the pause after it; until the first piece of a reply
that was streamed; the rest of the reply, or all of one that came whole. A hedge is a mark."""

PARTS: dict[Part, str] = {
    "queue": "in a queue",
    "failed": "failed attempts",
    "pause": "pauses before retries",
    "first": "to the first token",
    "reply": "reply",
}


@dataclass(slots=True)
class Fallen:
    """A model call, and what its time went into."""

    run: str
    seq: int
    actor: str
    model: str
    start: float
    cursor: float
    """Up to where it is explained."""
    end: float | None = None
    status: str = ""
    parts: list[tuple[Part, float, float]] = field(default_factory=list)
    hedged: list[float] = field(default_factory=list)
    """When a second request had been made: at the end of the race."""

    def add(self, part: Part, until: float) -> None:
        """Explain what comes next."""
        if until > self.cursor:
            self.parts.append((part, self.cursor, until))
            self.cursor = until

    def data(self) -> dict[str, JSON]:
        """It as JSON."""
        return {
            "run": self.run, "seq": self.seq, "actor": self.actor, "model": self.model,
            "start": self.start, "end": self.end, "status": self.status,
            "parts": [list(part) for part in self.parts], "hedged": list(self.hedged),
        }  # fmt: skip


class Waterfall(Fold):
    """The model calls of some runs in the order in which they began."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Fallen] = []
        self.open: dict[tuple[str, str], Fallen] = {}
        """By run and activation: an agent makes one call at a time."""

    def take(self, event: Event, news: News) -> None:
        place = (event.run, event.scope)
        match event:
            case StepStarted(step="model"):
                self.stop(place, event.at)
                made = Fallen(
                    event.run, event.seq, self.book.actor(event), event.name, event.at, event.at
                )
                self.calls.append(made)
                self.open[place] = made
            case StepEnded(step="model", reused=None) if place in self.open:
                self.end(self.open.pop(place), event)
            case Noted() if place in self.open and isinstance(event.data, dict):
                self.note(self.open[place], event, event.data)
            case RunEnded():
                for key in [key for key in self.open if key[0] == event.run]:
                    self.stop(key, event.at)

    def stop(self, place: tuple[str, str], at: float) -> None:
        """A call that a crash left open."""
        if (left := self.open.pop(place, None)) is not None:
            left.end, left.status = max(at, left.cursor), "cancelled"
            left.add("failed", left.end)

    def note(self, call: Fallen, event: Noted, data: dict[str, JSON]) -> None:
        """What is known of a call under way."""
        wait_s = data.get("wait_s")
        wait = float(wait_s) if isinstance(wait_s, int | float) else 0.0
        match event.topic:
            case "queue":
                # A pause takes a little longer than it says.
                before: Part = call.parts[-1][0] if call.parts else "queue"
                call.add(before, max(call.cursor, event.at - wait))
                call.add("queue", event.at)
            case "retry":
                call.add("failed", event.at)
                call.add("pause", event.at + wait)
            case "hedge" if "won" in data:
                call.hedged.append(event.at)

    def end(self, call: Fallen, event: StepEnded) -> None:
        """A call is over."""
        call.end, call.status = max(event.at, call.start), event.status
        for at, (part, start, end) in enumerate(call.parts):
            # A pause that was cut short, as by a deadline.
            if end > call.end:
                call.parts[at] = (part, start, max(start, call.end))
        call.cursor = min(call.cursor, call.end)
        if event.status != "ok":
            call.add("failed", call.end)
            return
        if event.first_s is not None:
            call.add("first", min(call.end, call.start + event.first_s))
        call.add("reply", call.end)

    def totals(self) -> dict[Part, float]:
        """Seconds that all calls took, by what they went into."""
        sums = dict.fromkeys(PARTS, 0.0)
        for call in self.calls:
            for part, start, end in call.parts:
                sums[part] += end - start
        return {part: round(value, 6) for part, value in sums.items()}

    def data(self, since: int = 0) -> dict[str, JSON]:
        """All calls as JSON."""
        return {
            "rev": self.rev,
            "calls": [call.data() for call in self.calls],
            "totals": dict(self.totals()),
            "live": self.live,
        }
