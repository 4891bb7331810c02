"""Runs as the panel lists them: how each stands, what it does now, what it used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agentkit.events import MessageSent, RunEnded, RunStarted, StepEnded, StepStarted
from agentkit.lease import owner_gone
from agentkit.messages import JSON
from agentkit.runinfo import RunInfo
from agentkit.views.book import YOU, Book
from agentkit.views.phrases import short

WORDS = 200
"""Characters of a name, and of what is being done; a model may have written either."""

ENDS = {"ok": "done", "failed": "failed", "cancelled": "cancelled"}

Row = dict[str, JSON]


def row(info: RunInfo) -> Row:
    """A run as JSON, for a list."""
    gone = info.status == "open" and owner_gone(info.owner)
    return {
        "id": info.id,
        "name": short(info.name, WORDS),
        "actor": short(info.actor or "", WORDS),
        "state": "lost" if gone else ENDS.get(info.status, "running"),
        "started": info.started,
        "ended": info.ended,
        "calls": info.calls,
        "tokens": info.tokens_in + info.tokens_out,
        "cost_usd": info.cost_usd,
        "place": info.place,
        "budget_usd": None,
        "origin": info.origin or "",
        "doing": "",
        "mine": False,
    }


class RunRows:
    """Rows that are kept up to date by the events of their runs."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.books: dict[str, Book] = {}
        """Of the runs that go on here."""
        self.changed: set[str] = set()

    def fill(self, infos: Iterable[RunInfo]) -> None:
        """Begin with what is recorded."""
        for info in infos:
            self.rows[info.id] = row(info)
            self.changed.add(info.id)

    def take(self, event: Any) -> None:
        """Take one event of a run into account."""
        if (found := self.rows.get(event.run)) is None:
            found = self.rows[event.run] = begun(event)
        self.changed.add(event.run)
        if isinstance(event, RunStarted):
            found.update(state="running", ended=None, name=short(event.name, WORDS), mine=True)
            found.update(budget_usd=event.budget_usd, place=event.notebook)
            found["origin"] = event.origin.run if event.origin else ""
            found["actor"] = short(event.actor or "", WORDS)
            self.books.setdefault(event.run, Book())
        elif isinstance(event, RunEnded):
            found.update(state=ENDS.get(event.status, event.status), ended=event.at, doing="")
            self.books.pop(event.run, None)
        elif isinstance(event, StepEnded) and event.usage and event.reused is None:
            pay(found, event)
        if (book := self.books.get(event.run)) is not None:
            book.take(event)
            found["doing"] = short(doing(book, event) or str(found["doing"]), WORDS)
            waits = any(step.open and step.kind == "person" for step in book.steps.values())
            found["state"] = "waiting" if waits else "running"

    def changes(self) -> list[Row]:
        """The rows that changed since the last time, copied."""
        changed, self.changed = self.changed, set()
        return [dict(self.rows[run]) for run in changed]


def begun(event: Any) -> Row:
    """A row for a run that was not known."""
    info = RunInfo(
        id=event.run, name=event.run[:8], actor=None, status="open", started=event.at, ended=None,
        events=0, calls=0, tokens_in=0, tokens_out=0, cost_usd=0.0, origin=None, owner="",
    )  # fmt: skip
    return row(info) | {"state": "running"}


def pay(found: dict[str, Any], event: StepEnded) -> None:
    """Add what a step used; a price that is not known makes the sum unknown."""
    assert event.usage is not None
    found["calls"] += event.usage.calls
    found["tokens"] += event.usage.tokens_in + event.usage.tokens_out
    known = found["cost_usd"] is not None and event.cost_usd is not None
    found["cost_usd"] = found["cost_usd"] + event.cost_usd if known else None


def doing(book: Book, event: Any) -> str:
    """What a run does now, in words; "" for what it did before."""
    open_steps = [step for step in book.steps.values() if step.open]
    if open_steps and isinstance(event, StepStarted | StepEnded):
        step = open_steps[-1]
        scope = book.scopes.get((step.run, step.scope))
        who = scope.actor if scope is not None else YOU
        more = f" (and {len(open_steps) - 1} more)" if len(open_steps) > 1 else ""
        verbs = {"model": "asks", "tool": "calls", "person": "asks you"}
        verb = verbs.get(step.kind, f"{step.kind}:")
        return f"{who} {verb} {'' if step.kind == 'person' else step.name}".strip() + more
    if isinstance(event, MessageSent):
        return f"{event.sender or YOU} → {event.to or YOU}"
    return ""
