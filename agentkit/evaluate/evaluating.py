"""Evaluate a team on a suite: every sample several times, within a budget, resumable.

Each trial is a run of its own and a recorded step of the evaluation's run, as in `compare`: the
same call again goes on where it was interrupted and pays nothing twice. What is edited since
(team, question, seed, budget) is measured anew; a changed scorer judges recorded answers again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agentkit.actor import Actor
from agentkit.errors import BudgetSpent, SetupError, full_text
from agentkit.evaluate.compare import Progress, known, last_called
from agentkit.evaluate.evaluation import Evaluation, Scored, TrialScored
from agentkit.evaluate.identity import fingerprint
from agentkit.evaluate.measures import Measure, measures_of
from agentkit.evaluate.samples import Sample
from agentkit.evaluate.scorers import Case, Score, scored
from agentkit.evaluate.suite import Suite
from agentkit.evaluate.trial import Allowance, Trial, performed
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import JSON
from agentkit.opening import run
from agentkit.patterns.parts.team import at_least
from agentkit.run import Run

KIND = "evaluation"


async def evaluate(
    team: Actor,
    suite: Any,
    *,
    trials: int = 1,
    seed: int = 1,
    budget_usd: float | None = None,
    budget_tokens: int | None = None,
    trial_usd: float | None = None,
    trial_tokens: int | None = None,
    name: str | None = None,
    resume: str | None = None,
    log: Log | None = None,
    concurrency: int = 8,
    on_progress: Callable[[Progress], object] | None = None,
) -> Evaluation:
    """Measure a team on a suite.

    Args:
        team: an agent, pattern, graph or any other actor.
        suite: a Suite; or a dataset or rows, judged by "exact" or their own checks.
        trials: how often each sample is asked, each time with another seed.
        seed: of the first trial of each sample; the next ones have the next numbers.
        budget_usd, budget_tokens: for all of it, judges included. Where it ends, the result
            says what is missing; called again with more it goes on.
        trial_usd, trial_tokens: for each trial; one that passes it is "out of budget".
        name: of the evaluation's run; by default from the suite's name and the team's.
        resume: id of the run of an earlier evaluation to go on with, whatever its name.
        log: where the runs go; the default log without one.
        concurrency: trials at a time.
        on_progress: called with a Progress after every trial.

    Raises:
        SetupError: no such numbers can be; nothing was paid.
        RunTaken: the same evaluation is under way elsewhere.
    """
    suite = checked(team, suite, trials=trials, concurrency=concurrency)
    log = log or open_log()
    name = name or f"evaluate {suite.name}: {team.name}"
    before = known(log, resume, KIND) if resume else last_called(log, name, KIND)
    limits: dict[str, Any] = {"budget_usd": budget_usd, "budget_tokens": budget_tokens}
    setup = setup_of(team, suite)
    async with run(name, log=log, task=setup, resume=before, extend=True, **limits) as study:
        work = Work(study, team, suite, Allowance(usd=trial_usd, tokens=trial_tokens), on_progress)
        work.waiting = [(one, seed + n) for one in suite.dataset for n in range(trials)][::-1]
        work.total = len(work.waiting)
        stopped = await work.all(concurrency)
    return Evaluation(
        name=name,
        run_id=study.id,
        suite=suite.name,
        version=suite.dataset.version,
        contender=team.name,
        scorers=tuple(one.name for one in suite.scorers),
        measures=measures_of(suite.scorers),
        questions={one.id: one.split for one in suite.dataset},
        planned=trials,
        trials=work.in_order(),
        stopped=stopped,
    )


def checked(team: Any, suite: Any, **counts: int) -> Suite:
    """Return the suite, once it is clear that all of it can be.

    Raises:
        SetupError: it cannot.
    """
    if not isinstance(team, Actor):
        raise SetupError(
            f"{type(team).__name__} cannot be evaluated.", expected="an agent, pattern or graph"
        )
    at_least(1, **counts)
    return suite if isinstance(suite, Suite) else Suite(suite)


def setup_of(team: Actor, suite: Suite) -> dict[str, JSON]:
    """Return what the run of an evaluation says of itself; `opened` reads it."""
    return {
        "kind": KIND,
        "suite": suite.name,
        "version": suite.dataset.version,
        "contender": team.name,
        "scorers": [one.name for one in suite.scorers],
        "measures": [*measures_of(suite.scorers)],
    }


@dataclass
class Work:
    """Trials that wait, and those that are done."""

    study: Run
    team: Actor
    suite: Suite
    each: Allowance
    on_progress: Callable[[Progress], object] | None
    waiting: list[tuple[Sample, int]] = field(default_factory=list)
    total: int = 0
    found: list[Scored] = field(default_factory=list)
    paid_usd: float | None = 0.0
    began: float = field(default_factory=time.monotonic)
    anew: int = 0

    def __post_init__(self) -> None:
        self.mark = fingerprint(self.team)

    async def all(self, concurrency: int) -> str:
        """Perform all trials; return what stopped it before the end, or ""."""
        at_once = min(concurrency, self.total)
        tasks = [asyncio.ensure_future(self.go_on()) for _ in range(at_once)]
        try:
            await asyncio.gather(*tasks)
        except BudgetSpent as error:
            return full_text(error)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return ""

    async def go_on(self) -> None:
        """Perform one trial after another until none waits."""
        while self.waiting:
            sample, seed = self.waiting.pop()
            await self.one(sample, seed)

    async def one(self, sample: Sample, seed: int) -> None:
        """Perform and score one trial."""
        done, reused = await performed(
            self.study, self.team, self.mark, sample.input, seed, self.each
        )
        plain = Scored(
            **{"text": "", **done},
            contender=self.team.name,
            question=sample.id,
            seed=seed,
            right=False,
            reused=reused,
        )
        scores = await self.scores(sample, plain)
        answered = plain.status == "answered"
        passed = answered and bool(scores) and all(score.passed for score in scores.values())
        made = plain.model_copy(update={"right": passed, "scores": scores})
        self.found.append(made)
        self.study.note(TrialScored.of(made))
        if not reused:
            self.anew += 1
            cost = plain.cost_usd if plain.calls else 0.0
            self.paid_usd = None if self.paid_usd is None or cost is None else self.paid_usd + cost
        if self.on_progress:
            self.on_progress(self.progress(made))

    async def scores(self, sample: Sample, plain: Trial) -> dict[str, Score]:
        """Judge an answer by every scorer; where there is none, only measures may say a number."""
        if plain.status != "answered":
            measures = [one for one in self.suite.scorers if isinstance(one, Measure)]
            return {name: s for one in measures for name, s in one.without().items()}
        case = Case(sample, plain, self.study.log, self.suite.dataset.checks.get(sample.id))
        return {one.name: await scored(one, case) for one in self.suite.scorers}

    def progress(self, made: Scored) -> Progress:
        """How far it is, and at that pace how long it takes."""
        done = len(self.found)
        pace = (time.monotonic() - self.began) / self.anew if self.anew else None
        left = None if pace is None else pace * (self.total - done)
        return Progress(
            trial=made, done=done, total=self.total, paid_usd=self.paid_usd, left_s=left
        )

    def in_order(self) -> tuple[Scored, ...]:
        """The trials in the order of the dataset."""
        place = {one.id: n for n, one in enumerate(self.suite.dataset)}
        return tuple(sorted(self.found, key=lambda one: (place[one.question], one.seed)))
