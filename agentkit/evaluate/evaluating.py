"""Evaluate a team on a suite: every sample several times, within a budget, resumable.

Each trial is a run of its own and a line of the evaluation's run, as in `compare`: the same call
again goes on where it was interrupted and pays nothing twice. What is edited since
(team, question, seed, budget) is measured anew; a changed scorer judges recorded answers again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agentkit.actor import Actor
from agentkit.errors import SetupError
from agentkit.evaluate.compare import Progress, last_called, study_id, study_log
from agentkit.evaluate.evaluation import Evaluation, Scored
from agentkit.evaluate.identity import fingerprint
from agentkit.evaluate.ledger import StudyLedger
from agentkit.evaluate.measures import Measure, measures_of
from agentkit.evaluate.queue import TrialQueue, WaitingTrial
from agentkit.evaluate.samples import Sample, odd
from agentkit.evaluate.scorers import Score, ScorerInput, scored
from agentkit.evaluate.suite import Suite
from agentkit.evaluate.trial import Allowance, Trial, child_id, performed, request_of
from agentkit.log import Log
from agentkit.messages import JSON
from agentkit.opening import run
from agentkit.patterns.parts.team import at_least
from agentkit.values import changed

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
        log: where the runs go; without one that of a run around it, or the default log.
        concurrency: trials at a time.
        on_progress: called with a Progress after every trial.

    Raises:
        SetupError: no such numbers can be; nothing was paid.
        RunTaken: the same evaluation is under way elsewhere.
    """
    suite = checked(team, suite, name, seed, trials=trials, concurrency=concurrency)
    log = study_log(log)
    name = name or name_of(team, suite)
    before = study_id(log, resume, KIND) if resume else last_called(log, name, KIND)
    limits: dict[str, Any] = {"budget_usd": budget_usd, "budget_tokens": budget_tokens}
    limits |= {"task": setup_of(team, suite, trials), "resume": before}
    async with run(name, log=log, extend=True, **limits) as study:
        with StudyLedger(study) as ledger:
            allowed = Allowance(usd=trial_usd, tokens=trial_tokens)
            work = EvaluationWork(
                ledger=ledger, team=team, suite=suite, each=allowed, on_progress=on_progress
            )
            work.plan(range(seed, seed + trials))
            await work.all(concurrency)
    return work.result(name, trials)


def name_of(team: Actor, suite: Suite) -> str:
    """Return the name of an evaluation that is given none; its next call is found by it."""
    return f"evaluate {suite.name}: {team.name}"


def checked(team: Any, suite: Any, name: Any, seed: Any, **counts: int) -> Suite:
    """Return the suite, once it is clear that all of it can be.

    Args:
        team, suite, name, seed: as `evaluate` is given them.
        **counts: whole numbers from 1 up, by their names.

    Raises:
        SetupError: it cannot.
    """
    if not isinstance(team, Actor):
        raise SetupError(
            f"{type(team).__name__} cannot be evaluated.", expected="an agent, pattern or graph"
        )
    at_least(1, **counts)
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise SetupError(f"The seed is {seed!r}.", expected="a whole number")
    made = suite if isinstance(suite, Suite) else Suite(suite)
    for what, text in (("The name", name or ""), ("The suite's name", made.name)):
        if not isinstance(text, str) or odd(text):
            raise SetupError(f"{what} is {text!r}.", expected="a text of whole characters")
    return made


def setup_of(team: Actor, suite: Suite, trials: int = 1) -> dict[str, JSON]:
    """Return what the run of an evaluation says of itself; `opened` reads it."""
    return {
        "kind": KIND,
        "suite": suite.name,
        "version": suite.dataset.version,
        "contender": team.name,
        "scorers": [one.name for one in suite.scorers],
        "measures": [*measures_of(suite.scorers)],
        "questions": len(suite.dataset),
        "trials": trials,
    }


@dataclass(kw_only=True)
class EvaluationWork(TrialQueue[Sample]):
    """The trials of an evaluation: those that wait, and those that are done."""

    team: Actor
    suite: Suite
    each: Allowance
    on_progress: Callable[[Progress], object] | None
    found: list[Scored] = field(default_factory=list)
    paid_usd: float | None = 0.0
    began: float = field(default_factory=time.monotonic)
    anew: int = 0

    def plan(self, seeds: Sequence[int]) -> None:
        """Put all trials in their order, and enter into the budget what earlier calls paid."""
        mark, ledger = fingerprint(self.team), self.ledger
        jobs = []
        for sample in self.suite.dataset:
            for seed in seeds:
                request = request_of(self.team, mark, sample.input, seed, self.each)
                key = ledger.key(self.team.name, request)
                jobs.append(WaitingTrial(sample, sample.id, seed, key))
        self.order(jobs, seeds)
        ledger.charge({job.key: child_id(ledger.study.id, job.key) for job in self.waiting})

    async def perform(self, job: WaitingTrial[Sample], spent: dict[str, Any]) -> None:
        """Perform and score one trial, and put into `spent` what it took."""
        sample = job.what
        done, reused = await performed(
            self.ledger, self.team, job.key, sample.input, job.seed, self.each, spent
        )
        spent |= done
        plain = Scored(
            **{"text": "", **done},
            contender=self.team.name,
            question=sample.id,
            seed=job.seed,
            right=False,
            reused=reused,
        )
        scores = await self.scores(sample, plain)
        answered = plain.status == "answered"
        passed = answered and bool(scores) and all(score.passed for score in scores.values())
        made = changed(plain, right=passed, scores=scores)
        self.found.append(made)
        self.ledger.score(made.line())
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
        case = ScorerInput(
            sample, plain, self.ledger.study.log, self.suite.dataset.checks.get(sample.id)
        )
        made: dict[str, Score] = {}
        for one in self.suite.scorers:
            failed = self.ledger.unscored.get((plain.run_id, one.name), 0)
            # Most often it is the same case, which reads the events of its run once.
            made[one.name] = await scored(one, replace(case, failed=failed) if failed else case)
        return made

    def progress(self, made: Scored) -> Progress:
        """How far it is, and at that pace how long it takes."""
        done = len(self.found)
        pace = (time.monotonic() - self.began) / self.anew if self.anew else None
        left = None if pace is None else pace * (self.total - done)
        return Progress(
            trial=made, done=done, total=self.total, paid_usd=self.paid_usd, left_s=left
        )

    def result(self, name: str, trials: int) -> Evaluation:
        """What was made, as an evaluation.

        Args:
            name: of its run.
            trials: that were planned of each sample.
        """
        suite, study = self.suite, self.ledger.study
        return Evaluation(
            name=name,
            run_id=study.id,
            suite=suite.name,
            version=suite.dataset.version,
            contender=self.team.name,
            scorers=tuple(one.name for one in suite.scorers),
            measures=measures_of(suite.scorers),
            questions={one.id: one.split for one in suite.dataset},
            planned=trials,
            trials=self.in_order(),
            stopped=self.stopped,
            unfinished=tuple(self.cut),
        ).of_log(study.log)

    def in_order(self) -> tuple[Scored, ...]:
        """The trials in the order of the dataset."""
        place = {one.id: n for n, one in enumerate(self.suite.dataset)}
        return tuple(sorted(self.found, key=lambda one: (place[one.question], one.seed)))
