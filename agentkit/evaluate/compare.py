"""Compare ways of composing agents at equal budget: same questions, same seeds, same money.

A pattern that asks five times as often should be compared with others that may spend five
times as much, else it is the money that is measured. Wang et al. 2024, Reasoning in Token
Economies, find that self-consistency with as much to spend often outperforms other
strategies, and that debate and Reflexion can become worse by spending more.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentkit.actor import Actor
from agentkit.amounts import seconds
from agentkit.errors import SetupError
from agentkit.evaluate.comparison import Comparison
from agentkit.evaluate.identity import fingerprint
from agentkit.evaluate.ledger import StudyLedger
from agentkit.evaluate.questions import AskedQuestion, items
from agentkit.evaluate.queue import TrialQueue, WaitingTrial
from agentkit.evaluate.trial import Allowance, Trial, request_of, trial
from agentkit.events import RunStarted
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import JSON, Frozen
from agentkit.notes import Note
from agentkit.opening import run
from agentkit.patterns.parts.team import at_least, members
from agentkit.run import current_run
from agentkit.scope import in_run

KIND = "comparison"


class Compared(Note):
    """The table of a comparison that has come to its end."""

    topic = KIND
    rows: tuple[JSON, ...]


class Progress(Frozen):
    """A trial that has just been done, and how far the comparison is."""

    trial: Trial
    done: int
    total: int
    paid_usd: float | None
    """In this call so far; None when the price of some call is unknown."""
    left_s: float | None = None
    """How long the rest takes at the pace so far; None while nothing tells."""

    def __str__(self) -> str:
        one = self.trial
        paid = "" if self.paid_usd is None else f" · ${self.paid_usd:.6f}"
        over = self.left_s is None or self.done == self.total
        left = "" if over else f" · {seconds(self.left_s)} left"
        return f"{self.done}/{self.total} {one.contender} {one.question}: {one.how}{paid}{left}"


async def compare(
    contenders: Sequence[Actor],
    questions: Sequence[Any],
    *,
    budget_usd: float | None = None,
    budget_tokens: int | None = None,
    seeds: Sequence[int] = (1,),
    name: str | None = None,
    resume: str | None = None,
    log: Log | None = None,
    concurrency: int = 8,
    on_progress: Callable[[Progress], object] | None = None,
) -> Comparison:
    """Measure contenders at equal budget; the others are tested against the first.

    Every trial (contender, question, seed) is a run of its own and a recorded step of the
    comparison's run. The same call again goes on where it was interrupted and pays nothing
    twice; what was edited since (contender, question, seed, budget) is measured anew, and a
    changed check judges the recorded answers again. For a fresh measurement give other seeds
    or another name. Trials that an endpoint or the contender's own code failed count as wrong
    and are tried again by the next call.

    An answer counts only within the budget: when a call was refused, or the bill is above it,
    the trial is "out of budget", which counts as wrong and keeps the partial answer. Calls
    that are under way at the same time are admitted together, so a bill can be above the
    budget; such answers do not count either.

    Where the budget of a run around it ends, the result is what was made until then, with
    intervals that allow for what was begun, and says what is missing: see `Comparison.stopped`.

    Args:
        contenders: actors, at least 1, each with a name of its own.
        questions: those of the world, (text, answer) or (text, check); see `items`.
        budget_usd: for each trial, in USD; this, budget_tokens or both.
        budget_tokens: for each trial, in and out.
        seeds: each question is asked once with each; endpoints are given it.
        name: of the comparison's run; by default from the contenders' names.
        resume: id of the run of an earlier comparison to go on with, whatever its name.
        log: where the runs go; without one that of a run around it, or the default log.
        concurrency: trials at a time. Those at the same time share the endpoint, which shows
            in their latency.
        on_progress: called with a Progress after every trial.

    Raises:
        SetupError: no contender, question, budget or seed, or one twice; nothing was paid.
        RunTaken: the same comparison is under way elsewhere.
    """
    asked = items(questions)
    team, budget = checked(contenders, budget_usd, budget_tokens, seeds, concurrency)
    log = study_log(log)
    name = name or f"compare {', '.join(one.name for one in team)}"
    marks = {one.name: fingerprint(one) for one in team}
    before = study_id(log, resume, KIND) if resume else last_called(log, name, KIND)
    setup = {"kind": KIND, "contenders": list(marks), "budget": budget.model_dump()}
    async with run(name, log=log, task=setup, resume=before, extend=True) as study:
        with StudyLedger(study) as ledger:
            contest = Contest(ledger=ledger, each=budget, on_progress=on_progress)
            contest.plan(team, marks, asked, seeds)
            await contest.all(concurrency)
        result = Comparison(
            name=name,
            run_id=study.id,
            budget=budget,
            contenders=tuple(marks),
            questions=tuple(one.id for one in asked),
            seeds=tuple(seeds),
            trials=contest.in_order(team, asked, seeds),
            stopped=contest.stopped,
            unfinished=tuple(contest.cut),
        )
        study.note(Compared(rows=tuple(row.model_dump(mode="json") for row in result.rows)))
    return result.of_log(log)


@dataclass(kw_only=True)
class Contest(TrialQueue[tuple[Actor, AskedQuestion]]):
    """The trials of a comparison: those that wait, and those that are done."""

    each: Allowance
    on_progress: Callable[[Progress], object] | None
    found: list[Trial] = field(default_factory=list)
    paid_usd: float | None = 0.0

    def plan(
        self,
        team: Sequence[Actor],
        marks: Mapping[str, str],
        asked: Sequence[AskedQuestion],
        seeds: Sequence[int],
    ) -> None:
        """Put all trials in their order, those of one question side by side.

        Args:
            team: the contenders.
            marks: their fingerprints, by their names.
            asked: the questions.
            seeds: each question is asked once with each.
        """
        jobs = []
        for item in asked:
            for seed in seeds:
                for one in team:
                    request = request_of(one, marks[one.name], item.text, seed, self.each)
                    key = self.ledger.key(one.name, request)
                    jobs.append(WaitingTrial((one, item), item.id, seed, key))
        self.order(jobs, seeds)

    def named(self, job: WaitingTrial[tuple[Actor, AskedQuestion]]) -> str:
        return job.what[0].name

    async def perform(
        self, job: WaitingTrial[tuple[Actor, AskedQuestion]], spent: dict[str, Any]
    ) -> None:
        """Perform one trial, and put into `spent` what it took."""
        contender, item = job.what
        done = await trial(self.ledger, contender, job.key, item, job.seed, self.each, spent)
        spent |= {"calls": done.calls, "cost_usd": done.cost_usd, "tokens": done.tokens}
        self.found.append(done)
        if not done.reused:
            cost = done.cost_usd if done.calls else 0.0
            self.paid_usd = None if self.paid_usd is None or cost is None else self.paid_usd + cost
        if self.on_progress:
            count = len(self.found)
            self.on_progress(
                Progress(trial=done, done=count, total=self.total, paid_usd=self.paid_usd)
            )

    def in_order(
        self, team: Sequence[Actor], asked: Sequence[AskedQuestion], seeds: Sequence[int]
    ) -> tuple[Trial, ...]:
        """The trials in the order of questions, seeds and contenders."""
        every = ((one.name, item.id, seed) for item in asked for seed in seeds for one in team)
        place = {one: n for n, one in enumerate(every)}
        return tuple(sorted(self.found, key=lambda t: place[t.contender, t.question, t.seed]))


async def comparing(
    contenders: Sequence[Actor], questions: Sequence[Any], **options: Any
) -> AsyncIterator[Progress | Comparison]:
    """Compare, and get a Progress after every trial as it comes; the last item is the result.

    Leaving the loop early stops the comparison; asked again under its name it goes on.

    Args:
        contenders: see `compare`.
        questions: see `compare`.
        **options: all others of `compare`, whose errors are raised here too.
    """
    queue: asyncio.Queue[Progress | None] = asyncio.Queue()
    options["on_progress"] = queue.put_nowait
    task = asyncio.ensure_future(compare(contenders, questions, **options))
    task.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        while (item := await queue.get()) is not None:
            yield item
        yield await task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def checked(
    contenders: Sequence[Actor],
    budget_usd: float | None,
    budget_tokens: int | None,
    seeds: Sequence[int],
    concurrency: int,
) -> tuple[tuple[Actor, ...], Allowance]:
    """Return the contenders and the budget.

    Raises:
        SetupError: something is missing, out of range, or there twice.
    """
    if not contenders:
        raise SetupError("There are no contenders.", expected="at least one actor")
    team = members(contenders)
    if budget_usd is None and budget_tokens is None:
        raise SetupError(
            "A comparison at equal budget needs a budget for each question.",
            todo="give budget_usd=0.01, or budget_tokens=5000",
        )
    number = isinstance(budget_usd, int | float) and not isinstance(budget_usd, bool)
    if budget_usd is not None and not (number and 0 < budget_usd < math.inf):
        raise SetupError(f"budget_usd is {budget_usd!r}.", expected="USD, more than 0")
    if budget_tokens is not None:
        at_least(1, budget_tokens=budget_tokens)
    at_least(1, concurrency=concurrency)
    whole = all(isinstance(seed, int) and not isinstance(seed, bool) for seed in seeds)
    if not seeds or not whole or len(set(seeds)) != len(seeds):
        raise SetupError(f"The seeds are {seeds!r}.", expected="different whole numbers")
    return team, Allowance(usd=budget_usd, tokens=budget_tokens)


def study_log(log: Log | None) -> Log:
    """Return where a study is recorded: as given, else where the run around it is."""
    if log is None and in_run():
        return current_run().log
    return log or open_log()


def last_called(log: Log, name: str, kind: str) -> str | None:
    """Return the newest study of that name and kind; None when there is none."""
    return next((id for id in log.ids(name=name) if is_study(log, id, kind)), None)


def study_id(log: Log, id: str, kind: str) -> str:
    """Return the id of a study to go on with.

    Raises:
        UnknownRun: no such run. SetupError: it is none of that kind.
    """
    if not is_study(log, id, kind):
        raise SetupError(f"Run {id} is no {kind}.", todo=f"give the run_id of a {kind}")
    return id


def is_study(log: Log, id: str, kind: str) -> bool:
    """Return whether a run was begun by `compare` or `evaluate`."""
    start = log.read(id, upto=1)[0]
    return (
        isinstance(start, RunStarted)
        and isinstance(start.task, dict)
        and start.task.get("kind") == kind
    )
