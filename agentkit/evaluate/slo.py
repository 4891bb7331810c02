"""slo(team, p95_s=2, success=0.99, cost_usd=0.01): is what was promised of a team kept, by the log?

Each objective is about the runs in which the team was asked. Its error budget is how many runs may
miss it: for success and for p95 a share of them, for the mean cost the money. What ate it is told
by cause: the errors of runs that failed, and what made slow and dear runs slow and dear (source:
Beyer et al. 2016, "Site Reliability Engineering", chapter 4).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from agentkit.actor import Actor
from agentkit.amounts import money, seconds
from agentkit.errors import SetupError
from agentkit.evaluate.statistics import quantile
from agentkit.events import Event, Noted, RunEnded, StepEnded
from agentkit.log import Log, RunInfo
from agentkit.logs import open_log
from agentkit.messages import JSON, Frozen
from agentkit.pictures.picture import Shown
from agentkit.pictures.svg import document, element, image, paint, words
from agentkit.pictures.table import Rows, markdown_table, report_html, text_table

SHARE = 0.95
"""Of the runs that must be within p95_s."""
CAUSES = 4
"""Causes that are named."""
WAITS = {"retry": "retries", "queue": "queues", "breaker": "an open breaker", "hedge": "hedges"}
"""Notes that tell why a run was slow."""


class Objective(Frozen):
    """One promise, and how it stands."""

    name: str
    promised: str
    measured: str
    kept: bool
    budget_left: float
    """Share of the error budget that is left; below 0 it is overdrawn."""
    eaten_by: dict[str, int] = {}
    """Runs that missed it, by cause."""


class Slo(Shown, Frozen):
    """The service levels of a team."""

    team: str
    runs: int
    objectives: tuple[Objective, ...]

    @property
    def kept(self) -> bool:
        """Whether all promises are kept."""
        return all(one.kept for one in self.objectives)

    def data(self) -> dict[str, JSON]:
        """Everything as JSON."""
        return {**self.model_dump(mode="json"), "kept": self.kept}

    def table(self) -> Rows:
        """The table as texts; its first row is the head."""
        head = [f"{self.team}, {self.runs} runs", "promised", "measured", "kept", "budget left",
                "eaten by"]  # fmt: skip
        return [head, *[cells(one) for one in self.objectives]]

    def to_svg(self) -> str:
        """What is left of each error budget, as bars."""
        rows = [words(f"{self.team}: error budgets left", 18, 24, 13, font_weight=600)]
        for n, one in enumerate(self.objectives):
            y, left = 40.0 + n * 28, max(0.0, min(1.0, one.budget_left))
            tone = "done" if one.kept else "failed"
            rows += [
                words(f"{one.name} {one.promised}", 18, y + 13, 12),
                element("rect", x=200.0, y=y + 2, width=260.0, height=13.0, rx=3.0,
                        **paint("raised")),
                element("rect", x=200.0, y=y + 2, width=max(2.0, 260.0 * left), height=13.0, rx=3.0,
                        **paint(tone)),
                words(f"{one.budget_left:.0%}", 470, y + 13, 12),
            ]  # fmt: skip
        return document(540.0, 52.0 + 28 * len(self.objectives), f"{self.team}: levels", *rows)

    def to_html(self) -> str:
        """The table, and what is left of each error budget as bars."""
        return report_html(self.table(), [], image(self.to_svg()))

    def to_markdown(self) -> str:
        """The table as Markdown."""
        return markdown_table(self.table())

    def __str__(self) -> str:
        return "\n".join(text_table(self.table(), right=[4]))


def cells(one: Objective) -> list[str]:
    """An objective as texts."""
    worst = sorted(one.eaten_by.items(), key=lambda pair: (-pair[1], pair[0]))[:CAUSES]
    eaten = ", ".join(f"{count} {cause}" for cause, count in worst) or "–"
    return [one.name, one.promised, one.measured, "yes" if one.kept else "no",
            f"{one.budget_left:.0%}", eaten]  # fmt: skip


def slo(
    team: Actor | str,
    *,
    p95_s: float | None = None,
    success: float | None = None,
    cost_usd: float | None = None,
    log: Log | None = None,
    last: int = 1000,
    since: float | None = None,
) -> Slo:
    """Look in a log whether the service levels of a team are kept.

    Args:
        team: who was asked, or its name.
        p95_s: seconds within which 95 % of the runs are to end.
        success: share of the runs that are to end well, 0..1; a run that was cancelled counts
            as neither.
        cost_usd: what a run may cost in the mean.
        log: the default log without one.
        last: of the newest runs so many count.
        since: only runs that began at this time or later, in Unix seconds.

    Raises:
        SetupError: nothing is promised, a promise is none, or there is no such run.
    """
    if not isinstance(team, str | Actor):
        raise SetupError(f"slo was given {team!r}.", expected="a team, or its name")
    name = team if isinstance(team, str) else team.name
    checked(name, p95_s, success, cost_usd, last)
    if since is not None and (isinstance(since, bool) or not isinstance(since, int | float)):
        raise SetupError(f"since={since!r}", expected="Unix seconds, as time.time() has them")
    log = log or open_log()
    runs = [
        one
        for one in log.runs()
        if one.actor == name and one.status in ("ok", "failed") and (since or 0) <= one.started
    ][:last]
    if not runs:
        raise SetupError(f"The log has no finished run of {name}.", todo="ask it first")
    found = []
    if success is not None:
        found.append(of_success(log, runs, success))
    if p95_s is not None:
        found.append(of_time(log, runs, p95_s))
    if cost_usd is not None:
        found.append(of_cost(log, runs, cost_usd))
    return Slo(team=name, runs=len(runs), objectives=tuple(found))


def checked(
    name: str, p95_s: float | None, success: float | None, cost_usd: float | None, last: int
) -> None:
    """Refuse promises that are none.

    Raises:
        SetupError: with what they may be.
    """
    if p95_s is success is cost_usd is None:
        raise SetupError(f"Nothing is promised of {name}.", expected="p95_s, success or cost_usd")
    for what, value, most in (("p95_s", p95_s, math.inf), ("cost_usd", cost_usd, math.inf),
                              ("success", success, 1.0)):  # fmt: skip
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (number and 0 < value <= most):
            bound = "at most 1" if what == "success" else "in USD" if what == "cost_usd" else "in s"
            raise SetupError(f"{what}={value!r}", expected=f"a number more than 0, {bound}")
    if type(last) is not int or last < 1:
        raise SetupError(f"last={last!r}", expected="a whole number of runs, from 1")


def of_success(log: Log, runs: Sequence[RunInfo], promised: float) -> Objective:
    """How many runs ended well."""
    failed = [one for one in runs if one.status == "failed"]
    share = 1 - len(failed) / len(runs)
    return Objective(
        name="success",
        promised=f"{promised:.4g}",
        measured=f"{share:.4g}",
        kept=share >= promised,
        budget_left=left(len(failed), (1 - promised) * len(runs)),
        eaten_by=dict(Counter(cause_of_failure(log.read(one.id)) for one in failed)),
    )


def of_time(log: Log, runs: Sequence[RunInfo], promised: float) -> Objective:
    """How long the runs took that ended well."""
    # A clock that was set back in mid-run tells nothing of how long it took.
    took = {
        one.id: one.ended - one.started
        for one in runs
        if one.status == "ok" and one.ended is not None and one.ended >= one.started
    }
    p95 = quantile(list(took.values()), SHARE) if took else None
    slow = [run for run, seconds_ in took.items() if seconds_ > promised]
    return Objective(
        name="p95",
        promised=seconds(promised),
        measured=seconds(p95),
        kept=p95 is not None and p95 <= promised,
        budget_left=left(len(slow), (1 - SHARE) * len(took)),
        eaten_by=dict(Counter(cause_of_time(log.read(run)) for run in slow)),
    )


def of_cost(log: Log, runs: Sequence[RunInfo], promised: float) -> Objective:
    """What the runs cost; one of unknown price cannot be said to keep a promise."""
    costs = {one.id: one.cost_usd for one in runs}
    unknown = [run for run, cost in costs.items() if cost is None]
    known = [cost for cost in costs.values() if cost is not None]
    mean = sum(known) / len(known) if known else None
    dear = [run for run, cost in costs.items() if cost is not None and cost > promised]
    causes = Counter(cause_of_cost(log.read(run)) for run in dear)
    causes["an unknown price"] += len(unknown)
    return Objective(
        name="mean cost",
        promised=money(promised),
        measured=money(mean, len(unknown)),
        kept=mean is not None and mean <= promised and not unknown,
        budget_left=left(sum(known), promised * len(runs)),
        eaten_by={cause: count for cause, count in causes.items() if count},
    )


def left(used: float, allowed: float) -> float:
    """The share of an error budget that is left; without one, all or nothing."""
    if allowed <= 0:
        return 0.0 if used == 0 else -1.0
    return 1 - used / allowed


def cause_of_failure(events: Sequence[Event]) -> str:
    """Why a run failed: the class of its error."""
    ends = [one for one in events if isinstance(one, RunEnded)]
    return ends[-1].error.type if ends and ends[-1].error else "unknown"


def cause_of_time(events: Sequence[Event]) -> str:
    """What made a run slow: the longest of its waits, or its longest step."""
    waited: dict[str, float] = {}
    longest = ("", 0.0)
    begun: dict[str, float] = {}
    for one in events:
        if isinstance(one, Noted) and one.topic in WAITS and isinstance(one.data, dict):
            spent = one.data.get("wait_s") or one.data.get("open_s") or one.data.get("after_s") or 0
            waited[WAITS[one.topic]] = waited.get(WAITS[one.topic], 0.0) + float(spent)
        elif one.kind == "step.started":
            begun[one.key] = one.at
        elif isinstance(one, StepEnded) and one.key in begun:
            longest = max(longest, (one.name, one.at - begun[one.key]), key=lambda pair: pair[1])
    cause, most = max(waited.items(), key=lambda pair: pair[1], default=("", 0.0))
    return cause if most >= longest[1] / 2 and most > 0 else f"{longest[0] or 'the code'} itself"


def cause_of_cost(events: Sequence[Event]) -> str:
    """What made a run dear: calls whose result was not used, or who paid most."""
    wasted = sum(
        float(one.data.get("lost_usd") or 0)
        for one in events
        if isinstance(one, Noted) and one.topic == "hedge" and isinstance(one.data, dict)
    )
    ends = [one for one in events if isinstance(one, StepEnded) and one.reused is None]
    lost = sum(one.cost_usd or 0 for one in ends if one.status != "ok")
    paid: dict[str, float] = {}
    for one in ends:
        paid[one.name] = paid.get(one.name, 0.0) + (one.cost_usd or 0.0)
    total = sum(paid.values())
    if total and (wasted + lost) > total / 2:
        return "calls whose result was not used"
    return f"calls of {max(paid, key=lambda name: paid[name])}" if total else "unknown"
