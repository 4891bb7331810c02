"""Agreeable debaters herd: they agree more and more and are not right more often.

Each was told facts of its own, some of them wrong, so that their first answers err
independently; then they hear each other and go with what most others say. A wrong fact is
wrong in the same way for all, so there are two alternatives, and whatever the majority held
at first, right or wrong, is what it holds in the end: only surer, and dearer.
"""

from __future__ import annotations

import random
from collections import Counter
from statistics import fmean

from agentkit import Agent, open_log
from agentkit.evaluate import compare, majority
from agentkit.evaluate.statistics import wilson
from agentkit.patterns.debate import debate
from agentkit.patterns.vote import vote
from tests.agentkit.evaluate.brain import Brain

PORTS = "Amber Briar Cinder Dunmore Elder Fallow Garnet Hollow Ivory Juniper".split()
KINDS = {
    "What is the pilotage fee in {}?": "The pilotage fee in {} is {} EUR.",
    "How high is the lighthouse of {}?": "The lighthouse of {} is {} metres high.",
    "How deep is the port of {}?": "The port of {} is {} metres deep.",
    "In which year was {} founded?": "{} was founded in {}.",
}
WELL_INFORMED = 0.6
"""Share of facts that a member was told rightly."""


async def test_agreeable_debaters_agree_more_and_are_right_no_more_often() -> None:
    rng = random.Random(5)
    truth = {(port, kind): rng.randrange(100, 900) for port in PORTS for kind in KINDS}

    def told() -> str:
        return " ".join(
            KINDS[kind].format(port, number if rng.random() < WELL_INFORMED else number + 7)
            for (port, kind), number in truth.items()
        )

    team = [Agent(n, told(), model=Brain("sim:agreeable")) for n in ("ada", "bo", "cy", "di", "ed")]
    questions = [(kind.format(port), number) for (port, kind), number in truth.items()]
    log = open_log("memory:")
    study = await compare([vote(team), debate(team, 3)], questions, budget_tokens=10**6, log=log)
    agreement: dict[int, list[float]] = {1: [], 2: [], 3: []}
    for trial in study.of("debate"):
        for event in log.read(trial.run_id):
            if event.kind == "noted" and event.topic == "debate":
                most = Counter(event.data["answers"].values()).most_common(1)[0][1]
                agreement[event.data["round"]].append(most / len(team))
    first, second, third = (fmean(shares) for shares in agreement.values())
    assert third > second > first + 0.1
    voted, debated = study.rows
    low, high = wilson(voted.accuracy, len(questions), 0.99)
    assert low < majority(WELL_INFORMED, len(team)) < high
    right = [{t.question for t in study.of(one.contender) if t.right} for one in study.rows]
    assert right[0] == right[1]
    assert debated.tokens > 3 * voted.tokens
