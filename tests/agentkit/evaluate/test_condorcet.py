"""The theory of voting, and that the simulated temperaments obey it."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import pytest

from agentkit import Agent, gather, open_log, run
from agentkit.answer import Answer
from agentkit.errors import SetupError
from agentkit.evaluate import compare, majority, plurality
from agentkit.evaluate.questions import item
from agentkit.evaluate.statistics import wilson
from agentkit.patterns.consistency import self_consistency
from agentkit.patterns.parts.tally import answer_value
from tests.agentkit.evaluate.brain import Brain


def enumerated(right: float, voters: int) -> float:
    """The majority's chance by going through all outcomes."""
    total = 0.0
    for votes in itertools.product((0, 1), repeat=voters):
        chance = math.prod(right if one else 1 - right for one in votes)
        won = 2 * sum(votes)
        total += chance * (1.0 if won > voters else 0.5 if won == voters else 0.0)
    return total


@pytest.mark.parametrize("voters", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("right", [0.0, 0.3, 0.5, 0.8, 1.0])
def test_the_curve_is_what_all_outcomes_give(right: float, voters: int) -> None:
    assert majority(right, voters) == pytest.approx(enumerated(right, voters))


def test_more_voters_help_the_able_and_harm_the_unable() -> None:
    assert majority(0.6, 101) > majority(0.6, 11) > 0.6
    assert majority(0.4, 101) < majority(0.4, 11) < 0.4


def test_with_one_wrong_answer_plurality_is_majority_and_with_many_it_is_more() -> None:
    two = plurality({"yes": 0.6, "no": 0.4}, "yes", 5)
    assert two == pytest.approx(majority(0.6, 5), abs=0.015)
    many = plurality({"42": 0.4, **{str(n): 0.06 for n in range(10)}}, "42", 7)
    assert many > majority(0.4, 7) + 0.3


def test_who_abstains_does_not_vote() -> None:
    assert plurality({"a": 0.5, None: 0.5}, "a", 3) == pytest.approx(1 - 0.5**3, abs=0.01)


@pytest.mark.parametrize("voters", [0, -1])
def test_no_voters_are_refused(voters: int) -> None:
    with pytest.raises(SetupError):
        majority(0.5, voters)
    with pytest.raises(SetupError):
        plurality({"a": 1.0}, "a", voters)
    with pytest.raises(SetupError):
        plurality({}, "a", 3)


FACTS = "The dues in Amber are 2.64 EUR per tonne. The pilotage fee in Amber is 180 EUR."
ONE_STEP = ("What are the dues for 47 t in Amber?", 124.08)
TWO_STEPS = ("What are the dues for 47 t in Amber plus the pilotage fee in Amber?", 304.08)


def hasty(name: str) -> Agent:
    return Agent(name, FACTS, model=Brain("sim:hasty"))


@pytest.mark.parametrize("question", [ONE_STEP, TWO_STEPS])
async def test_the_majority_of_hasty_agents_follows_condorcet(question: tuple[str, float]) -> None:
    """Answers count as right or wrong, which makes it a question of two alternatives."""
    known = item(question)

    def verdict(answer: Answer) -> str:
        return "right" if known.check(answer.text) else "wrong"

    sizes = (3, 7)
    team = [
        hasty("single"),
        *(self_consistency(hasty("clerk"), n, key=verdict, name=f"of {n}") for n in sizes),
    ]
    study = await compare(
        team, [question], budget_tokens=10**6, seeds=range(120), log=open_log("memory:")
    )
    single, *votes = study.rows
    assert 0.3 < single.accuracy < 0.9
    low, high = wilson(single.accuracy, single.trials, 0.99)
    for row, n in zip(votes, sizes, strict=True):
        below, above = wilson(row.accuracy, row.trials, 0.99)
        assert majority(low, n) <= above
        assert below <= majority(high, n)
    # Not so wide a band that it would hold anything: the curve goes up, or down, with it.
    assert (votes[-1].accuracy > single.accuracy) == (single.accuracy > 0.5)


async def test_the_plurality_of_open_answers_follows_its_own_model() -> None:
    """Predicted from how often single agents gave each answer."""
    text, right = TWO_STEPS
    log = open_log("memory:")
    async with run(log=log, seed=99):
        clerk = hasty("clerk")
        alone = await gather(*[clerk(text, sample=n) for n in range(300)])
    given = Counter(answer_value(one) for one in alone)
    predicted = plurality(given, str(right), 7)
    team = [self_consistency(hasty("clerk"), 7)]
    study = await compare(team, [TWO_STEPS], budget_tokens=10**6, seeds=range(150), log=log)
    low, high = wilson(study.rows[0].accuracy, 150, 0.99)
    assert low <= predicted <= high
    assert low > majority(given[str(right)] / 300, 7)
