"""The bill: tokens, calls, money and time per actor and per model."""

from __future__ import annotations

from dataclasses import dataclass, field

from agentkit.amounts import seconds
from agentkit.events import Event, RunStarted, StepEnded, StepStarted, Usage
from agentkit.messages import JSON
from agentkit.views.book import BEHIND, News
from agentkit.views.entries import Order
from agentkit.views.fold import Fold


@dataclass(slots=True)
class Account:
    """What one actor, one model, or all of them together used."""

    name: str
    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = None
    unpriced: int = 0
    """Calls whose price is unknown."""
    latencies_s: list[float] = field(default_factory=list)
    """From a model call's start to its end."""
    failed: int = 0
    ended_well: bool = True
    """Whether its last step did not fail."""
    tools: int = 0
    """Tool calls."""
    saved: Usage = field(default_factory=Usage)
    """Of steps taken over from the record: used once, not paid again."""
    saved_usd: float | None = None
    saved_steps: int = 0
    order: Order = (BEHIND,)
    """Of the first step; see Book."""

    def pay(self, event: StepEnded) -> None:
        """Enter a model call."""
        if event.usage is not None:
            self.usage = self.usage + event.usage
            if event.cost_usd is None:
                self.unpriced += max(1, event.usage.calls)
        if event.cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + event.cost_usd

    def save(self, event: StepEnded) -> None:
        """Enter a step that was taken over instead of performed."""
        self.saved_steps += 1
        if event.usage is not None:
            self.saved = self.saved + event.usage
        if event.cost_usd is not None:
            self.saved_usd = (self.saved_usd or 0.0) + event.cost_usd

    def health(self) -> str:
        """How its calls went, in a few words; empty where there were none."""
        made = len(self.latencies_s)
        if not made:
            return ""
        last = "" if self.ended_well else ", the last one too"
        failed = f"{self.failed} failed{last}" if self.failed else "none failed"
        p95 = seconds(percentile(self.latencies_s, 0.95))
        return f"{made} {'call' if made == 1 else 'calls'}, {failed}, p95 {p95}"

    def data(self) -> dict[str, JSON]:
        """The account as JSON."""
        return {
            "name": self.name,
            **self.usage.model_dump(),
            "cost_usd": self.cost_usd,
            "unpriced": self.unpriced,
            "p50_s": percentile(self.latencies_s, 0.5),
            "p95_s": percentile(self.latencies_s, 0.95),
            "failed": self.failed,
            "tools": self.tools,
            "saved": self.saved.model_dump(),
            "saved_usd": self.saved_usd,
            "saved_steps": self.saved_steps,
        }


def percentile(values: list[float], share: float) -> float | None:
    """The smallest value that this share of all does not exceed (nearest rank); None of none."""
    if not values:
        return None
    ordered = sorted(values)
    rank = max(1, -int(-share * len(ordered) // 1))
    return round(ordered[min(rank, len(ordered)) - 1], 6)


class Ledger(Fold):
    """What a run, or several, cost."""

    def __init__(self) -> None:
        super().__init__()
        self.total = Account("total")
        self.actors: dict[str, Account] = {}
        self.models: dict[str, Account] = {}
        self.latest: Account | None = None
        """Since a single run was resumed the last time; None where none was."""
        self.began: float | None = None
        """When the step began that the latest event ends; None where that is not known."""

    def add(self, event: Event) -> None:
        """Take one event into account, unless it was added before."""
        self.began = None
        if isinstance(event, StepEnded):
            known = self.book.steps.get((event.run, event.key))
            self.began = known.started if known is not None and known.open else None
        super().add(event)

    def take(self, event: Event, news: News) -> None:
        if len(self.book.runs) > 1:
            self.latest = None
        elif isinstance(event, RunStarted) and news == "again":
            self.latest = Account("since the resume")
        if isinstance(event, StepEnded):
            self.end(event)
        elif isinstance(event, StepStarted) and event.step == "tool" and news == "new":
            for account in self.accounts(event):
                account.tools += 1

    def accounts(self, event: StepStarted | StepEnded) -> list[Account]:
        """All accounts that a step belongs to."""
        actor = self.book.actor(event)
        found = [self.total, self.actors.setdefault(actor, Account(actor))]
        if event.step == "model":
            found.append(self.models.setdefault(event.name, Account(event.name)))
        for account in found:
            account.order = min(account.order, self.book.order)
        return found

    def listed(self, accounts: dict[str, Account]) -> list[Account]:
        """Accounts in the order of the story."""
        return sorted(accounts.values(), key=lambda one: one.order)

    def end(self, event: StepEnded) -> None:
        """Enter the end of a step."""
        for account in [*self.accounts(event), *([self.latest] if self.latest else [])]:
            if event.reused is not None:
                account.save(event)
                continue
            account.pay(event)
            account.failed += event.status == "failed"
            account.ended_well = event.status != "failed"
            if event.step == "model" and self.began is not None:
                account.latencies_s.append(max(0.0, event.at - self.began))

    def data(self, since: int = 0) -> dict[str, JSON]:
        """All accounts as JSON; they are few, so changes are not told apart."""
        return {
            "rev": self.rev,
            "total": self.total.data(),
            "actors": [account.data() for account in self.listed(self.actors)],
            "latest": self.latest.data() if self.latest else None,
            "models": [account.data() for account in self.listed(self.models)],
        }
