"""What a run, or several, had cost by when: money against time, by actor or by model."""

from __future__ import annotations

from typing import Literal, NamedTuple

from agentkit.events import Event, RunStarted, StepEnded, StepStarted
from agentkit.messages import JSON
from agentkit.views.book import News
from agentkit.views.fold import Fold


class PaidCall(NamedTuple):
    """A call that was paid."""

    at: float
    actor: str
    model: str
    usd: float
    wasted: bool
    """Whether it went into no answer."""


class Spending(Fold):
    """Each amount at the time at which it was known."""

    def __init__(self, by: Literal["actor", "model"] = "actor") -> None:
        super().__init__()
        self.by = by
        self.amounts: list[PaidCall] = []
        self.budgets: dict[str, float] = {}
        """Of runs that have one, in USD."""
        self.first: float | None = None
        """When the first of them began."""
        self.busy: list[list[float]] = []
        """From the start to the end of each call."""
        self.begun: dict[tuple[str, str], float] = {}
        self.unpriced = 0

    def take(self, event: Event, news: News) -> None:
        match event:
            case RunStarted():
                self.first = event.at if self.first is None else min(self.first, event.at)
                if event.budget_usd is not None:
                    self.budgets[event.run] = event.budget_usd
            case StepStarted(step="model"):
                self.begun[event.run, event.key] = event.at
            case StepEnded(step="model" | "remote", reused=None) if event.usage is not None:
                began = self.begun.pop((event.run, event.key), event.at)
                self.busy.append([began, max(began, event.at)])
                if event.cost_usd is None:
                    self.unpriced += 1
                    return
                who, lost = self.book.actor(event), event.status != "ok"
                self.amounts.append(PaidCall(event.at, who, event.name, event.cost_usd, lost))

    def lines(self) -> dict[str, list[tuple[float, float]]]:
        """By actor or model what it had cost by when: pairs of Unix seconds and USD, in order."""
        found: dict[str, list[tuple[float, float]]] = {}
        for one in sorted(self.amounts, key=lambda each: each.at):
            line = found.setdefault(getattr(one, self.by), [])
            line.append((one.at, (line[-1][1] if line else 0.0) + one.usd))
        return dict(sorted(found.items(), key=lambda each: -each[1][-1][1]))

    @property
    def budget(self) -> float | None:
        """The budget of them all, where every run has one."""
        if not self.budgets or len(self.budgets) < len(self.book.runs):
            return None
        return sum(self.budgets.values())

    def data(self, since: int = 0) -> dict[str, JSON]:
        """The lines as JSON."""
        return {
            "rev": self.rev,
            "lines": {name: [list(point) for point in line] for name, line in self.lines().items()},
            "budget_usd": self.budget,
            "unpriced": self.unpriced,
            "live": self.live,
        }
