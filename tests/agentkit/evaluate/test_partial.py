"""Evaluations that a budget ends: what is made is a fair sample, and what is not is told."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from agentkit import Agent, open_log, pattern, run
from agentkit.errors import BudgetSpent
from agentkit.evaluate import Comparison, Evaluation, Suite, compare, evaluate, reopen
from agentkit.evaluate.queue import Unfinished
from agentkit.evaluate.room import drawn
from agentkit.evaluate.statistics import accuracy, bounded
from tests.agentkit.evaluate.test_compare import Adder

PRICE = 0.001

ONE = Agent("one", model=Adder())


@pattern
async def dear(task: str) -> str:
    """Asks as often as the task says, and gives the answer that it names."""
    _, calls, said = task.split()
    for n in range(int(calls)):
        await ONE(f"{task}, {n}")
    return said


def rows(*calls: int) -> list[dict[str, str]]:
    """Questions that cost so much; the cheap ones are right."""
    return [
        {"id": f"q{n}", "input": f"q{n} {many} {int(many == 1)}", "target": "1"}
        for n, many in enumerate(calls)
    ]


def spent(log: Any) -> float:
    return sum(info.cost_usd or 0.0 for info in log.runs() if not info.name.startswith("evaluate"))


async def test_which_trials_a_budget_leaves_out_is_left_to_chance() -> None:
    suite = Suite(rows(*[1] * 20, *[5] * 20))

    @pattern
    async def other(task: str) -> str:
        return (await dear(task)).text

    part = await evaluate(dear, suite, budget_usd=0.04, concurrency=8)
    begun = {one.question for one in (*part.trials, *part.unfinished)}
    order = sorted((f"q{n}" for n in range(40)), key=lambda id: drawn(id, 1, 0))
    assert begun == set(order[: len(begun)]) and 8 <= len(begun) <= 20
    assert "drawn before they began" in str(part) and f"{len(part.trials)} of 40" in str(part)
    # Another team is asked the same questions first.
    assert {one.question for one in (await evaluate(other, suite, budget_usd=0.04)).trials} <= begun


async def test_the_interval_of_a_partial_result_holds_where_costly_trials_are_the_wrong_ones() -> (
    None
):
    dice, held, shares, studies = random.Random(3), 0, [], 25
    for _ in range(studies):
        some = rows(*[dice.choice((1, 1, 1, 4, 6, 10)) for _ in range(40)])
        log = open_log("memory:")
        part = await evaluate(dear, Suite(some), budget_usd=0.05, concurrency=8, log=log)
        assert part.stopped and part.cost_usd == pytest.approx(spent(log)) and spent(log) <= 0.0501
        held += part.interval[0] <= 0.5 <= part.interval[1]
        shares.append(part.accuracy)
    assert held >= studies - 3
    assert sum(shares) / studies < 0.6  # with every trial that was cut left out it was 0.66


async def test_a_trial_that_the_budget_cut_is_wrong_and_right_in_the_interval() -> None:
    suite = Suite(rows(1, 1, 1, 1, 1, 1, 1, 30))
    part = await evaluate(dear, suite, budget_usd=0.03, concurrency=8)
    [cut] = part.unfinished
    assert cut.question == "q7" and cut.calls
    assert cut.cost_usd == pytest.approx(cut.calls * PRICE)
    known = {one.question: [True] for one in part.trials}
    assert part.interval == bounded(known, ["q7"])[1:]
    assert part.interval[0] == accuracy([*known.values(), [False]])[1]
    assert part.interval[1] == 1.0 and part.accuracy == 1.0
    assert "may lean to cheap trials" in str(part) and "q7 (1)" in str(part)
    assert Evaluation.model_validate_json(part.model_dump_json()).interval == part.interval
    again = reopen(part.run_id)
    assert again.unfinished == part.unfinished and again.interval == part.interval
    assert again.stopped == part.stopped and not again.complete


async def test_a_trial_that_was_cut_counts_as_what_it_answers_when_it_goes_on() -> None:
    suite, log = Suite(rows(1, 1, 1, 20)), open_log("memory:")
    for _ in range(4):  # the same budget is not spent again
        part = await evaluate(dear, suite, budget_usd=0.012, log=log)
        assert len(part.unfinished) <= 1 and spent(log) <= 0.012 + 1e-9
    whole = await evaluate(dear, suite, budget_usd=1.0, log=log)
    assert whole.complete and {one.status for one in whole.trials} == {"answered"}
    assert spent(log) == pytest.approx(0.023) == whole.cost_usd
    assert reopen(whole.run_id, log).stopped == ""


async def test_an_answer_without_what_the_budget_refused_is_no_result() -> None:
    @pattern
    async def makes_do(task: str) -> str:
        try:
            return (await dear(task)).text
        except BudgetSpent:
            return "1"

    part = await evaluate(makes_do, Suite(rows(1, 1, 20)), budget_usd=0.01)
    assert [one.question for one in part.unfinished] == ["q2"]
    assert {one.status for one in part.trials} <= {"answered"}


async def test_a_budget_of_the_teams_own_ends_its_trial_and_not_the_evaluation() -> None:
    @pattern
    async def thrifty(task: str) -> str:
        async with run("inside", budget_usd=0.002):
            return (await dear(task)).text

    result = await evaluate(thrifty, Suite(rows(1, 9, 1)), concurrency=1)
    assert result.complete and not result.stopped and result.accuracy == pytest.approx(2 / 3)
    assert [one.question for one in result.trials if one.status != "answered"] == ["q1"]


async def test_a_budget_around_the_evaluation_ends_it_as_its_own_would() -> None:
    suite = Suite(rows(*[1] * 6, *[5] * 6))
    async with run("around", budget_usd=0.012):
        part = await evaluate(dear, suite)
    assert part.stopped and not part.complete and "drawn before" in str(part)
    begun = {one.question for one in (*part.trials, *part.unfinished)}
    order = sorted((f"q{n}" for n in range(12)), key=lambda id: drawn(id, 1, 0))
    assert begun == set(order[: len(begun)])


async def test_one_accident_does_not_keep_the_rest_of_the_money() -> None:
    calls = [1] * 40
    calls[sorted(range(40), key=lambda n: drawn(f"q{n}", 1, 0))[10]] = 40
    part = await evaluate(dear, Suite(rows(*calls)), budget_usd=0.065, concurrency=4)
    assert len(part.trials) > 20


async def test_an_interrupted_evaluation_says_so_when_it_is_opened() -> None:
    model = Adder()
    model.pause_s = 0.05
    slow = Agent("slow", model=model)
    some = [{"id": f"q{n}", "input": f"How much is {n} and 1?", "target": "x"} for n in range(20)]
    made = asyncio.Event()
    task = asyncio.create_task(
        evaluate(slow, Suite(some, name="cut"), trials=2, on_progress=lambda _: made.set())
    )
    await made.wait()
    task.cancel()
    await asyncio.wait([task])
    [id] = open_log().ids(name="evaluate cut: slow")
    part = reopen(id)
    assert not part.complete and part.planned == 2
    assert len(part.questions) + part.unread == 20
    assert "of 40 trials were made" in str(part) and "no random sample" in str(part)


def sums(*calls: int) -> list[tuple[str, str]]:
    """Questions for `compare` that cost so much; the cheap ones are right."""
    return [(one["input"], one["target"]) for one in rows(*calls)]


@pattern
async def quick(task: str) -> str:
    """Asks once, whatever it is, and is always right."""
    await ONE(task)
    return "1"


async def test_a_comparison_within_a_budget_is_a_partial_one_that_goes_on() -> None:
    log, every = open_log("memory:"), sums(*[1] * 10, *[3] * 10)
    async with run(log=log, budget_usd=0.02) as outer:
        part = await compare([dear, quick], every, budget_usd=1)
        outer.note("beside")  # it goes on, and may do something else
    assert not part.complete and 4 <= len(part.trials) < 40 and outer.id in part.stopped
    assert part.planned == 40 and "trials were made; missing: dear (" in str(part)
    both = [{t.question for t in part.of(name)} for name in ("dear", "quick")]
    assert len(both[0] ^ both[1]) <= len(part.unfinished) + 8  # nearly the same questions
    drawn_first = sorted(part.questions, key=lambda id: drawn(id, 1, 0))[: len(both[0] | both[1])]
    assert both[0] | both[1] | {one.question for one in part.unfinished} <= {
        *drawn_first, *sorted(part.questions, key=lambda id: drawn(id, 1, 0))[:len(drawn_first) + 2]
    }  # fmt: skip
    for form in (part.to_svg(), part.to_html(), part.to_markdown()):
        assert form
    async with run(log=log, budget_usd=1.0):
        whole = await compare([dear, quick], every, budget_usd=1)
    assert whole.complete and not whole.stopped and whole.run_id == part.run_id
    paid = sum(one.cost_usd or 0.0 for one in whole.trials)
    assert paid == pytest.approx(PRICE * (10 + 30 + 20))
    assert sum(one.reused for one in whole.trials) >= len(part.trials)


async def test_trials_that_a_budget_ended_widen_what_a_comparison_says() -> None:
    found = await compare([dear, quick], sums(1, 1, 3, 3, 1, 1, 3, 3), budget_usd=1)
    lost = [t for t in found.trials if t.contender == "dear" and not t.right]
    cut = tuple(Unfinished(contender=t.contender, question=t.question, seed=1) for t in lost)
    made = [t for t in found.trials if t not in lost]
    part = Comparison(
        **{**found.model_dump(), "trials": made, "unfinished": cut, "stopped": "it ended"}
    )
    row, whole = part.rows[1], found.rows[1]
    assert row.difference == 0.0
    assert row.difference_high == pytest.approx(whole.difference_high)
    assert (row.difference_low or 0.0) <= 0.0 and row.p == 1.0 and part.rows[0].low < 0.3
    assert "intervals count them as wrong at one end" in str(part) and part.missing == ("dear (4)",)


async def test_a_budget_that_is_enough_for_nothing_says_so() -> None:
    async with run(budget_usd=PRICE):
        await ONE("first")
        nothing = await compare([dear, quick], sums(1, 1), budget_usd=1)
    assert not nothing.trials and nothing.stopped and "0 of 4 trials were made" in str(nothing)
    assert nothing.rows == () and nothing.pareto == ()
    for form in (nothing.to_svg(), nothing.to_html(), nothing.to_markdown()):
        assert form


async def test_a_study_in_a_run_is_recorded_where_the_run_is() -> None:
    log = open_log("memory:")
    async with run(log=log):
        made = await evaluate(quick, Suite(rows(1)))
        both = await compare([quick], sums(1), budget_usd=1)
    assert {made.run_id, both.run_id} <= set(log.ids())
