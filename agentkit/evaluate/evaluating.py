"""Evaluate a team on a suite: every sample several times, within a budget, resumable.

Each trial is a run of its own and a line of the evaluation's run, as in `compare`: the same call
again goes on where it was interrupted and pays nothing twice. What is edited since
(team, question, seed, budget) is measured anew; a changed scorer judges recorded answers again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agentkit.actor import Actor
from agentkit.errors import BudgetSpent, SetupError, full_text
from agentkit.evaluate.compare import Progress, known, last_called, together
from agentkit.evaluate.evaluation import Evaluation, Scored, Unfinished
from agentkit.evaluate.identity import fingerprint
from agentkit.evaluate.ledger import Ledger, TrialsStopped
from agentkit.evaluate.measures import Measure, measures_of
from agentkit.evaluate.room import Room, drawn
from agentkit.evaluate.samples import Sample, odd
from agentkit.evaluate.scorers import Case, Score, scored
from agentkit.evaluate.suite import Suite
from agentkit.evaluate.trial import Allowance, Trial, child_id, performed, request_of
from agentkit.log import Log
from agentkit.logs import open_log
from agentkit.messages import JSON
from agentkit.opening import run
from agentkit.patterns.parts.team import at_least
from agentkit.values import changed

KIND = "evaluation"

BREATH = 64
"""Trials after which others on the event loop have a turn."""


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
    suite = checked(team, suite, name, seed, trials=trials, concurrency=concurrency)
    log = log or open_log()
    name = name or f"evaluate {suite.name}: {team.name}"
    before = known(log, resume, KIND) if resume else last_called(log, name, KIND)
    limits: dict[str, Any] = {"budget_usd": budget_usd, "budget_tokens": budget_tokens}
    limits |= {"task": setup_of(team, suite, trials), "resume": before}
    async with run(name, log=log, extend=True, **limits) as study:
        with Ledger(study) as ledger:
            allowed = Allowance(usd=trial_usd, tokens=trial_tokens)
            work = Work(ledger, team, suite, allowed, on_progress)
            await work.all(range(seed, seed + trials), concurrency)
    return work.result(name, trials)


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


@dataclass
class Work:
    """Trials that wait, and those that are done."""

    ledger: Ledger
    team: Actor
    suite: Suite
    each: Allowance
    on_progress: Callable[[Progress], object] | None
    waiting: list[tuple[Sample, int, str]] = field(default_factory=list)
    """Samples, seeds and the keys of their trials; the last one is next."""
    total: int = 0
    found: list[Scored] = field(default_factory=list)
    paid_usd: float | None = 0.0
    began: float = field(default_factory=time.monotonic)
    anew: int = 0
    stopped: str = ""
    """Why no further trial was begun."""
    cut: list[Unfinished] = field(default_factory=list)
    """Trials that were begun, and that the budget ended."""

    def __post_init__(self) -> None:
        self.room = Room(self.ledger.study)

    def plan(self, seeds: Sequence[int]) -> None:
        """Put trials in their order, those that are recorded first; the budget has paid these.

        The others go in the order of the dataset, or in one that is drawn where a budget may end.
        """
        mark, known = fingerprint(self.team), self.ledger.done
        for sample in self.suite.dataset:
            for seed in seeds:
                request = request_of(self.team, mark, sample.input, seed, self.each)
                self.waiting.append((sample, seed, self.ledger.key(self.team.name, request)))
        self.total = len(self.waiting)
        if self.room.bounded:
            self.waiting.sort(key=lambda job: drawn(job[0].id, job[1], job[1] - seeds[0]))
        self.waiting = sorted(self.waiting[::-1], key=lambda job: job[2] in known)
        study = self.ledger.study.id
        self.ledger.charge({key: child_id(study, key) for _, _, key in self.waiting})
        for _, _, key in self.waiting:
            if self.room.bounded and key in known:
                self.room.learn(known[key])

    async def all(self, seeds: Sequence[int], concurrency: int) -> None:
        """Ask each sample once with every seed, as far as the budget is enough."""
        self.plan(seeds)
        await together([self.go_on() for _ in range(min(concurrency, self.total))])
        if self.stopped:
            begun = tuple(one.model_dump(mode="json") for one in self.cut)
            self.ledger.study.note(TrialsStopped(reason=self.stopped, begun=begun), scope="")

    async def go_on(self) -> None:
        """Perform one trial after another until none waits.

        Where the budget ends, no other one is begun; those that are under way go on to their ends,
        or until it refuses them, too.
        """
        while self.waiting:
            try:
                if self.room.bounded and self.waiting[-1][2] not in self.ledger.done:
                    await self.bounded()
                else:
                    await self.counted(*self.waiting.pop())
            except BudgetSpent as error:
                self.stopped = self.stopped or full_text(error)
                self.waiting.clear()
            if not len(self.found) % BREATH:
                await asyncio.sleep(0)  # recorded ones wait for nothing, and there may be many

    async def bounded(self) -> None:
        """Perform the next trial, once the budget has room for it.

        Raises:
            BudgetSpent: it has none, or it ended in the trial.
        """
        await self.room.enter()
        try:
            if self.waiting:  # others may have made or dropped the last ones meanwhile
                self.room.learn(await self.counted(*self.waiting.pop()))
        finally:
            await self.room.leave()

    async def counted(self, sample: Sample, seed: int, key: str) -> dict[str, Any]:
        """Perform a trial, which counts as begun where the budget ends in it; return what it took.

        Raises:
            BudgetSpent: it did.
        """
        spent: dict[str, Any] = {}
        try:
            await self.one(sample, seed, key, spent)
        except BudgetSpent:
            took = {name: spent[name] for name in ("run_id", "calls", "cost_usd") if name in spent}
            self.cut.append(Unfinished(**took, question=sample.id, seed=seed))
            raise
        return spent

    async def one(self, sample: Sample, seed: int, key: str, spent: dict[str, Any]) -> None:
        """Perform and score one trial, and put into `spent` what it took."""
        done, reused = await performed(
            self.ledger, self.team, key, sample.input, seed, self.each, spent
        )
        spent |= done
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
        made = changed(plain, right=passed, scores=scores)
        self.found.append(made)
        self.ledger.score(made.line())
        self.room.judged()
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
        case = Case(sample, plain, self.ledger.study.log, self.suite.dataset.checks.get(sample.id))
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
