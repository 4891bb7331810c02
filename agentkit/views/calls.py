"""Model calls as tidy rows: who, what, when, how long, what it cost, and what of it was wasted.

A row is one call as its actor wanted it, with all attempts: `pandas.DataFrame(calls(log))` is a
frame of them. `bill` adds them up by any column, `prometheus` writes them in the text format that
Prometheus reads (https://prometheus.io/docs/instrumenting/exposition_formats/).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from agentkit.errors import SetupError
from agentkit.events import Event, Noted, RunStarted, StepEnded, StepStarted
from agentkit.log import Log
from agentkit.messages import JSON
from agentkit.views.book import News
from agentkit.views.fold import Fold, fold

Row = dict[str, Any]

KEYS = ("actor", "model", "run", "day", "notebook")
"""What a bill may be made by."""
WASTE = {
    "failed_usd": "calls that failed",
    "cancelled_usd": "calls that were cancelled",
    "losers_usd": "the slower of two requests",
    "cuts_usd": "attempts that were cut and made again",
}
"""What went into no answer, and how; `wasted_usd` is the sum."""
SAVED = {"cache_usd": "replies from a cache", "record_usd": "steps taken from a record"}
"""What was not paid again, and why; `saved_usd` is the sum."""
SUMS = (
    "calls", "retries", "hedges", "tokens_in", "tokens_out", "tokens_cached", "cost_usd",
    "wasted_usd", *WASTE, "saved_usd", *SAVED, "estimated_usd", "waited_s", "took_s",
)  # fmt: skip
"""What adds up."""


class Calls(Fold):
    """A row for each model call of some runs, in the order in which they ended."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.places: dict[str, str] = {}
        self.begun: dict[tuple[str, str], float] = {}
        self.noted: dict[tuple[str, str], dict[str, float]] = {}
        """What was noted in an activation since its last call."""

    def take(self, event: Event, news: News) -> None:
        match event:
            case RunStarted():
                self.places[event.run] = event.notebook or ""
            case StepStarted(step="model"):
                self.begun[event.run, event.key] = event.at
            case StepEnded(step="model"):
                self.end(event)
            case Noted() if news == "new" and isinstance(event.data, dict):
                self.note(event, event.data)

    def note(self, event: Noted, data: dict[str, JSON]) -> None:
        """A decision about the call under way in its activation."""
        sums = self.noted.setdefault((event.run, event.scope), {})

        def add(name: str, value: Any) -> None:
            sums[name] = sums.get(name, 0.0) + float(value or 0.0)

        match event.topic:
            case "retry":
                add("retries", 1)
                add("waited_s", data.get("wait_s"))
            case "queue":
                add("waited_s", data.get("wait_s"))
            case "hedge" if "won" in data:
                add("hedges", 1)
                add("losers_usd", data.get("lost_usd"))
                # One that did not end is among the attempts that were cut, too.
                if data.get("lost") != "answered too":
                    add("cuts_usd", -float(data.get("lost_usd") or 0.0))
            case "cut":
                add("cuts_usd", data.get("cost_usd"))
                add("estimated_usd", data.get("cost_usd"))
            case "cache" if "age_s" in data:
                add("cache_usd", data.get("saved_usd"))

    def end(self, event: StepEnded) -> None:
        """A call is over."""
        began = self.begun.pop((event.run, event.key), None)
        known = self.noted.pop((event.run, event.scope), {})
        reused = event.reused is not None
        usage = None if reused else event.usage
        paid = 0.0 if reused or (usage is None and event.cost_usd is None) else event.cost_usd
        lost, saved = split(event, known)
        self.rows.append(
            {
                "run": event.run,
                "seq": event.seq,
                "day": datetime.fromtimestamp(event.at, UTC).date().isoformat(),
                "notebook": self.places.get(event.run, ""),
                "actor": self.book.actor(event),
                "model": event.name,
                "status": "reused" if reused else event.status,
                "calls": usage.calls if usage else 0,
                "retries": int(known.get("retries", 0)),
                "hedges": int(known.get("hedges", 0)),
                "tokens_in": usage.tokens_in if usage else 0,
                "tokens_out": usage.tokens_out if usage else 0,
                "tokens_cached": usage.tokens_cached if usage else 0,
                "cost_usd": paid,
                "wasted_usd": sum(lost.values()),
                **lost,
                "saved_usd": sum(saved.values()),
                **saved,
                "estimated_usd": estimated(event, known, paid),
                "waited_s": round(known.get("waited_s", 0.0), 6),
                "first_s": event.first_s,
                "took_s": None if began is None else round(max(0.0, event.at - began), 6),
                "estimated": event.estimated,
                "at": event.at,
            }
        )

    def data(self, since: int = 0) -> dict[str, JSON]:
        """All rows as JSON."""
        return {"rev": self.rev, "rows": [dict(row) for row in self.rows]}


def split(event: StepEnded, known: dict[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """What of a call went into no answer, and what it would have cost without cache and record."""
    lost, saved = dict.fromkeys(WASTE, 0.0), dict.fromkeys(SAVED, 0.0)
    cost = event.cost_usd or 0.0
    if event.reused is not None:
        saved["record_usd"] = cost
    elif event.status == "ok":
        lost["losers_usd"] = known.get("losers_usd", 0.0)
        lost["cuts_usd"] = max(0.0, known.get("cuts_usd", 0.0))
        saved["cache_usd"] = known.get("cache_usd", 0.0)
    else:
        # All of it is lost, whatever its attempts came to one by one.
        lost[f"{event.status}_usd"] = cost
    return lost, saved


def estimated(event: StepEnded, known: dict[str, float], paid: float | None) -> float:
    """How much of what a call cost nobody has stated."""
    if not event.estimated or event.reused is not None:
        return 0.0
    # Notes of an older version say nothing of it: then it may be all.
    return min(paid or 0.0, known.get("estimated_usd", paid or 0.0))


def calls(log: Log, runs: Iterable[str] | None = None) -> list[Row]:
    """The model calls of a log, or of some of its runs, as tidy rows."""
    ids = [one.id for one in reversed(log.runs())] if runs is None else list(runs)
    view = Calls()
    for run in ids:
        fold(view, log.read(run))
    return view.rows


def bill(rows: Sequence[Row], *by: str) -> list[Row]:
    """The sums of rows by some columns, the dearest first.

    Args:
        rows: of `calls`.
        by: columns, of KEYS; none makes one sum of all.

    Raises:
        SetupError: there is no such column.
    """
    if unknown := [one for one in by if one not in KEYS]:
        raise SetupError(f"There is no bill by {', '.join(unknown)}.", expected=", ".join(KEYS))
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[one] for one in by)
        sums = found.setdefault(key, {**dict(zip(by, key, strict=True)), **dict.fromkeys(SUMS, 0)})
        sums["unpriced"] = sums.get("unpriced", 0) + (row["cost_usd"] is None)
        sums["failed"] = sums.get("failed", 0) + (row["status"] == "failed")
        for name in SUMS:
            sums[name] += row[name] or 0
    return sorted(found.values(), key=lambda one: (-one["cost_usd"], *map(str, one.values())))


METRICS = {
    "calls": ("counter", "agentkit_calls_total", "Model calls that were paid."),
    "failed": ("counter", "agentkit_calls_failed_total", "Model calls that failed for good."),
    "retries": ("counter", "agentkit_retries_total", "Attempts after the first."),
    "hedges": ("counter", "agentkit_hedges_total", "Second requests next to a slow first one."),
    "tokens_in": ("counter", "agentkit_tokens_in_total", "Prompt tokens."),
    "tokens_out": ("counter", "agentkit_tokens_out_total", "Completion tokens."),
    "cost_usd": ("counter", "agentkit_cost_usd_total", "What calls cost, as far as it is known."),
    "wasted_usd": ("counter", "agentkit_wasted_usd_total", "Of it, what went into no answer."),
    "estimated_usd": (
        "counter",
        "agentkit_cost_estimated_usd_total",
        "Of it, what nobody has stated.",
    ),
    "saved_usd": ("counter", "agentkit_saved_usd_total", "What caches and records saved."),
    "waited_s": ("counter", "agentkit_waited_seconds_total", "Pauses before retries, and queues."),
    "took_s": ("counter", "agentkit_call_seconds_total", "From a call's start to its end."),
}


def prometheus(rows: Sequence[Row]) -> str:
    """Rows as Prometheus reads them, by actor and model."""
    sums = bill(rows, "actor", "model")
    lines: list[str] = []
    for name, (kind, metric, words) in METRICS.items():
        lines += [f"# HELP {metric} {words}", f"# TYPE {metric} {kind}"]
        for one in sums:
            labels = f'actor="{label(one["actor"])}",model="{label(one["model"])}"'
            lines.append(f"{metric}{{{labels}}} {float(one[name]):.10g}")
    return "\n".join([*lines, ""])


def label(value: str) -> str:
    """A label's value, in which nothing ends it."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
