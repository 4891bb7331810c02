"""What a log knows as tidy tables: a row for each step, model call, message, or sum of money.

`log.frame("calls")` is a pandas.DataFrame of them where pandas is installed, else the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from agentkit.errors import SetupError
from agentkit.events import Event, MessageSent, StepEnded, StepStarted
from agentkit.log import Log
from agentkit.messages import JSON
from agentkit.views.book import News
from agentkit.views.calls import SAVED, WASTE, Row, calls
from agentkit.views.fold import Fold, fold

STEPS = (
    "run", "seq", "at", "scope", "actor", "kind", "name", "effect", "attempt", "status", "reused",
    "took_s", "first_s", "tokens_in", "tokens_out", "cost_usd", "estimated", "error", "key",
)  # fmt: skip
CALLS = (
    "run", "seq", "day", "notebook", "actor", "model", "status", "calls", "retries", "hedges",
    "tokens_in", "tokens_out", "tokens_cached", "cost_usd", "wasted_usd", *WASTE, "saved_usd",
    *SAVED, "estimated_usd", "waited_s", "first_s", "took_s", "estimated", "at",
)  # fmt: skip
MESSAGES = ("run", "seq", "at", "sender", "to", "purpose", "text", "characters", "message")
COSTS = ("run", "seq", "at", "day", "notebook", "actor", "model", "what", "usd")


class Steps(Fold):
    """A row for each time that a step ended, taken over or performed."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.begun: dict[tuple[str, str], StepStarted] = {}

    def take(self, event: Event, news: News) -> None:
        match event:
            case StepStarted():
                self.begun[event.run, event.key] = event
            case StepEnded():
                self.end(event, self.begun.pop((event.run, event.key), None))

    def end(self, event: StepEnded, start: StepStarted | None) -> None:
        """A step is over."""
        usage = None if event.reused is not None else event.usage
        values = (
            event.run,
            event.seq,
            event.at,
            self.book.path(event),
            self.book.actor(event),
            event.step,
            event.name,
            start.effect if start else "",
            start.attempt if start else 0,
            event.status,
            event.reused is not None,
            round(max(0.0, event.at - start.at), 6) if start else None,
            event.first_s,
            usage.tokens_in if usage else 0,
            usage.tokens_out if usage else 0,
            0.0 if event.reused is not None or usage is None else event.cost_usd,
            event.estimated,
            "" if event.error is None else str(event.error),
            event.key,
        )
        self.rows.append(dict(zip(STEPS, values, strict=True)))

    def data(self, since: int = 0) -> dict[str, JSON]:
        """All rows as JSON."""
        return {"rev": self.rev, "rows": [dict(row) for row in self.rows]}


class Messages(Fold):
    """A row for each message between actors."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []

    def take(self, event: Event, news: News) -> None:
        if not isinstance(event, MessageSent) or news != "new":
            return
        text = self.book.said(event.message)
        values = (
            event.run, event.seq, event.at, event.sender, event.to, event.purpose, text,
            len(text), event.message,
        )  # fmt: skip
        self.rows.append(dict(zip(MESSAGES, values, strict=True)))

    def data(self, since: int = 0) -> dict[str, JSON]:
        """All rows as JSON."""
        return {"rev": self.rev, "rows": [dict(row) for row in self.rows]}


def costs(rows: Iterable[Row]) -> list[Row]:
    """What calls cost in long form: a row for each sum, with what became of it.

    `used` went into an answer; the others are what WASTE and SAVED name, without "_usd". What was
    saved was not paid: the sum over all but `cache` and `record` is the bill.
    """
    found = []
    for row in rows:
        paid = None if row["cost_usd"] is None else row["cost_usd"] - row["wasted_usd"]
        parts = {"used": paid} | {name.removesuffix("_usd"): row[name] for name in (*WASTE, *SAVED)}
        known = {name: row[name] for name in COSTS if name in row}
        found += [
            {**known, "what": what, "usd": usd}
            for what, usd in parts.items()
            # Of unknown price: said as such, not left out.
            if usd or (what == "used" and usd is None)
        ]
    return found


def steps(log: Log, runs: Iterable[str]) -> list[Row]:
    """A row for each step of some runs."""
    view = Steps()
    for run in runs:
        fold(view, log.read(run))
    return view.rows


def messages(log: Log, runs: Iterable[str]) -> list[Row]:
    """A row for each message of some runs."""
    view = Messages()
    for run in runs:
        fold(view, log.read(run))
    return view.rows


TABLES: dict[str, Callable[[Log, list[str]], list[Row]]] = {
    "steps": steps,
    "calls": calls,
    "messages": messages,
    "costs": lambda log, runs: costs(calls(log, runs)),
}
COLUMNS = {
    "steps": STEPS,
    "calls": CALLS,
    "messages": MESSAGES,
    "costs": COSTS,
}


def frame(log: Log, what: str, runs: str | Iterable[str] | None = None, *, plain: bool) -> Any:
    """A table of a log; see `agentkit.log.Log.frame`."""
    if what not in TABLES:
        raise SetupError(f"log.frame({what!r})", expected=", ".join(TABLES))
    if runs is None:
        ids = [one.id for one in reversed(log.runs())]
    else:
        ids = [log.find(one) for one in ([runs] if isinstance(runs, str) else runs)]
    rows = TABLES[what](log, ids)
    if plain:
        return rows
    try:
        import pandas
    except ImportError:
        return rows
    found = pandas.DataFrame(rows, columns=list(COLUMNS[what]))
    found["at"] = pandas.to_datetime(found["at"], unit="s", utc=True)
    return found
