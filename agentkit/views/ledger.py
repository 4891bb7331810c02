"""The bill: tokens, calls, money and time per actor and per model."""

from __future__ import annotations

from dataclasses import dataclass, field

from agentkit.amounts import cell, count, money, seconds
from agentkit.events import Event, RunStarted, StepEnded, StepStarted, Usage
from agentkit.messages import JSON
from agentkit.pictures.svg import FONT, clean
from agentkit.pictures.table import html_table, markdown_table, table_svg
from agentkit.views.book import BEHIND, Book, Order
from agentkit.words import UNREAD


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


class Ledger:
    """What a run, or several, cost."""

    def __init__(self) -> None:
        self.book = Book()
        self.total = Account("total")
        self.actors: dict[str, Account] = {}
        self.models: dict[str, Account] = {}
        self.latest: Account | None = None
        """Since a single run was resumed the last time; None where none was."""
        self.rev = 0

    def add(self, event: Event) -> None:
        """Take one event into account."""
        started = None
        if isinstance(event, StepEnded):
            known = self.book.steps.get((event.run, event.key))
            started = known.started if known is not None and known.open else None
        verdict = self.book.take(event)
        if verdict == "old":
            return
        self.rev += 1
        if len(self.book.runs) > 1:
            self.latest = None
        elif isinstance(event, RunStarted) and verdict == "again":
            self.latest = Account("since the resume")
        if isinstance(event, StepEnded):
            self.end(event, started)
        elif isinstance(event, StepStarted) and event.step == "tool" and verdict == "new":
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

    def end(self, event: StepEnded, started: float | None) -> None:
        """Enter the end of a step."""
        for account in [*self.accounts(event), *([self.latest] if self.latest else [])]:
            if event.reused is not None:
                account.save(event)
                continue
            account.pay(event)
            account.failed += event.status == "failed"
            if event.step == "model" and started is not None:
                account.latencies_s.append(max(0.0, event.at - started))

    def data(self, since: int = 0) -> dict[str, JSON]:
        """All accounts as JSON; they are few, so changes are not told apart."""
        return {
            "rev": self.rev,
            "total": self.total.data(),
            "actors": [account.data() for account in self.listed(self.actors)],
            "latest": self.latest.data() if self.latest else None,
            "models": [account.data() for account in self.listed(self.models)],
        }

    def rows(self) -> list[list[str]]:
        """The bill as text: a head, one row per actor and per model, and the total."""
        head = ["", "calls", "tokens in", "cached", "out", "cost", "p50", "p95"]
        several = [*self.listed(self.actors), *self.listed(self.models)]
        return [head, *(row(account) for account in [*several, self.total])]

    def remarks(self) -> list[str]:
        """What the table does not show: savings, failures, unknown prices."""
        total, found = self.total, []
        if self.latest is not None:
            found.append(
                f"Since the last resume: {brief(self.latest)}. The table has the whole run."
            )
        if total.saved_steps:
            amount = f", worth {money(total.saved_usd)}" if total.saved_usd is not None else ""
            tokens = count(total.saved.tokens_in + total.saved.tokens_out)
            found.append(
                f"Reused steps, not paid again: {total.saved_steps} ({tokens} tokens{amount})."
            )
        if total.failed:
            found.append(f"Failed steps: {total.failed}.")
        if total.unpriced:
            found.append(f"Calls of unknown price, not in the sum: {total.unpriced}.")
        return found

    def __str__(self) -> str:
        rows = self.rows()
        widths = [max(len(line[i]) for line in rows) for i in range(len(rows[0]))]
        lines = [
            "  ".join(
                c.rjust(w) if i else c.ljust(w)
                for i, (c, w) in enumerate(zip(line, widths, strict=True))
            )
            for line in rows
        ]
        return "\n".join([*(line.rstrip() for line in lines), *self.remarks()])

    def to_markdown(self) -> str:
        """The bill as a Markdown table."""
        return "\n\n".join(
            [markdown_table(self.rows(), last_bold=True), *map(cell, self.remarks())]
        )

    def to_html(self) -> str:
        """The bill as an HTML table."""
        notes = "".join(f"<p style='margin:4px 0'>{clean(line)}</p>" for line in self.remarks())
        table = html_table(self.rows(), sections={1: "actors", 1 + len(self.actors): "models"})
        return (
            f'<div class="{UNREAD}" style="font-family:{FONT};font-size:13px">{table}{notes}</div>'
        )

    def to_svg(self) -> str:
        """The bill as a picture, for readers that show neither HTML nor Markdown."""
        return table_svg(self.rows(), "Bill", self.remarks())


def brief(account: Account) -> str:
    """An account in a few words."""
    usage = account.usage
    tokens = f"{count(usage.tokens_in)} + {count(usage.tokens_out)} tokens"
    cost = account.cost_usd if account.unpriced else account.cost_usd or 0.0
    calls = "1 call" if usage.calls == 1 else f"{count(usage.calls)} calls"
    return f"{calls}, {tokens}, {money(cost, account.unpriced)}"


def row(account: Account) -> list[str]:
    """An account as the cells of a row."""
    usage = account.usage
    return [
        account.name,
        count(usage.calls),
        count(usage.tokens_in),
        count(usage.tokens_cached),
        count(usage.tokens_out),
        money(account.cost_usd, account.unpriced),
        seconds(percentile(account.latencies_s, 0.5)),
        seconds(percentile(account.latencies_s, 0.95)),
    ]
