"""Scores that are numbers: their means, their intervals, and paired tests of two teams."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pytest

from agentkit import Agent, open_log, pattern
from agentkit.errors import SetupError
from agentkit.evaluate import Suite, evaluate, measure, paired, reopen
from agentkit.evaluate.command import main
from agentkit.evaluate.numbers import flips, mean_interval
from agentkit.evaluate.statistics import sign_flip
from agentkit.games import PRISONERS, payoff, regret, repeated, strategy, welfare
from tests.agentkit.evaluate.test_compare import Adder

ROWS = [{"id": f"s{n}", "input": n, "target": n} for n in range(1, 9)]


def team(name: str, of: Any) -> Any:
    """An actor whose answer is a function of the question."""

    async def answer(task: Any) -> Any:
        return of(task)

    answer.__name__ = name
    return pattern(answer)


size = measure("size", lambda data: data)


async def test_a_measure_has_a_mean_and_an_interval_and_says_nothing_of_right() -> None:
    log = open_log("memory:")
    result = await evaluate(team("low", lambda n: -1.5 * n), Suite(ROWS, [size]), trials=2, log=log)
    found = result.summary("size")
    assert found.mean == -6.75 and found.questions == 8 and found.trials == 16
    assert found.interval is not None
    # Student's t with 7 degrees of freedom: 2.365 (any table).
    half = 2.3646 * 1.5 * math.sqrt(6.0) / math.sqrt(8)
    assert found.interval == pytest.approx((-6.75 - half, -6.75 + half), rel=1e-3)
    assert not result.judged and "accuracy" not in str(result) and "-6.75" in str(result)
    assert "nothing is right or wrong" in str(result) and "pass@" not in str(result)
    assert str(result.trials[0].how) == "size -1.5"
    for form in (result.to_svg(), result.to_html(), result.to_markdown()):
        assert "size" in form
    again = reopen(result.run_id, log)
    assert again.summary("size") == found and again.measures == ("size",)


async def test_measures_stand_beside_scorers_that_judge() -> None:
    suite = Suite(ROWS, ["exact", size])
    result = await evaluate(team("half", lambda n: n if n % 2 else -n), suite)
    assert result.accuracy == 0.5 and result.summary("size").mean == -0.5
    assert "50.0%" in str(result) and "size (95 %)" in str(result)


def fails_on_three(n: int) -> int:
    if n == 3:
        raise ValueError("no")
    return n


async def test_trials_without_an_answer_are_missing_or_count_what_was_said() -> None:
    asked = team("some", fails_on_three)
    result = await evaluate(asked, Suite(ROWS, [size]))
    assert result.summary("size").trials == 7
    assert "1 trials without an answer have no size" in str(result)
    result = await evaluate(asked, Suite(ROWS, [measure("size", lambda data: data, missing=0)]))
    assert result.summary("size").trials == 8
    assert result.summary("size").mean == pytest.approx((36 - 3) / 8)
    assert "have no size" not in str(result)


@pytest.mark.parametrize("made", [None, "12", math.nan, math.inf, [1], 10**400, {}])
async def test_what_is_no_number_is_no_score(made: Any) -> None:
    suite = Suite(ROWS[:1], [measure("size", lambda text: made)])
    result = await evaluate(team("low", lambda n: n), suite)
    assert "gave" in result.trials[0].unscored and math.isnan(result.summary("size").mean)
    assert "could not be scored" in str(result)


def test_a_measure_that_cannot_be_is_refused() -> None:
    for bad in (
        lambda: measure("", len),
        lambda: measure("x", lambda wrong: 1),
        lambda: measure("x", 3),  # type: ignore[arg-type]
        lambda: measure("x", lambda text: 1, missing=math.nan),
        lambda: Suite(ROWS, [size, size]),
    ):
        with pytest.raises(SetupError):
            bad()


async def test_two_teams_are_compared_question_by_question() -> None:
    suite = Suite(ROWS, [size])
    log = open_log("memory:")
    low = await evaluate(team("low", lambda n: n), suite, log=log)
    high = await evaluate(team("high", lambda n: n + 0.5 + 0.01 * n), suite, log=log)
    same = await evaluate(team("same", lambda n: n), suite, log=log)
    found = paired([low, high, same], "size")
    assert found["high"].difference == pytest.approx(0.545)
    assert found["high"].p == pytest.approx(1 / 2**8)  # half of the two farthest sums
    assert found["high"].p_adjusted == pytest.approx(2 / 2**8) and found["same"].p == 1.0
    assert found["high"].interval is not None and found["high"].interval[0] > 0.5
    for form in (str(found), found.to_html(), found.to_markdown(), found.to_svg()):
        assert "high" in form
    # Far apart as the questions are, only the pairs tell these two apart.
    assert low.summary("size").interval is not None
    with pytest.raises(KeyError):
        found["nobody"]


async def test_what_cannot_be_compared_is_refused() -> None:
    low = await evaluate(team("low", lambda n: n), Suite(ROWS, [size]))
    other = await evaluate(team("high", lambda n: n), Suite(ROWS[:4], [size]))
    none = await evaluate(team("none", fails_on_three), Suite(ROWS[2:3], [size]), name="none")
    three = await evaluate(team("three", lambda n: n), Suite(ROWS[2:3], [size]))
    for bad, why in (
        (lambda: paired([low], "size"), "two or more"),
        (lambda: paired([low, other], "size"), "different datasets"),
        (lambda: paired([low, low], "size"), "Two of the evaluations"),
        (lambda: paired([low, low], "weight"), "no measure"),
        (lambda: paired([none, three], "size"), "no question in common"),
    ):
        with pytest.raises(SetupError, match=why):
            bad()


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_flips_agree_with_trying_all_signs(n: int) -> None:
    rng = random.Random(n)
    for _ in range(20):
        gaps = [round(rng.uniform(-1, 1.5), 1) + 0.05 for _ in range(n)]
        seen = abs(sum(gaps))
        every = [
            abs(sum(s * g for s, g in zip(signs, gaps, strict=True)))
            for signs in itertools.product((1, -1), repeat=n)
        ]
        wanted = sum(1 if e > seen + 1e-9 else 0.5 if e > seen - 1e-9 else 0 for e in every)
        assert flips(gaps) == pytest.approx(wanted / 2**n if seen > 1e-9 else 1.0)


def test_flips_are_drawn_where_they_are_many_and_whole_numbers_are_exact() -> None:
    rng = random.Random(1)
    gaps = [rng.gauss(0.1, 1) for _ in range(60)]
    z = abs(sum(gaps)) / math.sqrt(sum(g * g for g in gaps))
    assert flips(gaps) == pytest.approx(math.erfc(z / math.sqrt(2)), abs=0.02)
    assert flips([3.0, -1.0, 2.0]) == sign_flip([3, -1, 2])
    assert flips([]) == flips([0.0, 0.0]) == 1.0
    assert flips([1e-320] * 3) <= 1.0 and flips([0.1, 0.2, -0.3]) == 1.0


def test_false_alarms_are_as_many_as_promised() -> None:
    """Two teams that are as good: 5 % of studies say otherwise, and t's interval misses 5 %."""
    rng = random.Random(2)
    alarms, missed = 0, 0
    for _ in range(600):
        gaps = [rng.expovariate(1) - rng.expovariate(1) for _ in range(12)]
        alarms += flips(gaps) <= 0.05
        _, interval = mean_interval(gaps)
        assert interval is not None
        missed += not interval[0] <= 0 <= interval[1]
    assert 0.03 < alarms / 600 < 0.07 and 0.02 < missed / 600 < 0.075


async def test_matches_are_measured() -> None:
    def match(name: str) -> Any:
        return repeated(PRISONERS, [strategy(name, called="ann"), strategy("random")], 6, name=name)

    measures = [payoff("ann"), regret("ann"), welfare()]
    suite = Suite(
        [{"id": f"m{n}", "input": f"Match {n}.", "target": ""} for n in range(8)], measures
    )
    kind = await evaluate(match("cooperator"), suite)
    hard = await evaluate(match("defector"), suite)
    assert hard.summary("regret of ann").mean == 0.0
    found = paired([kind, hard], "payoff of ann")["defector"]
    assert found.difference > 1 and found.p < 0.05
    assert paired([kind, hard], "welfare")["defector"].difference < 0
    bad = await evaluate(match("grim"), Suite([{"input": "Play."}], [payoff("bob")]))
    assert "did not play" in bad.trials[0].unscored


def test_a_build_is_not_judged_by_what_judges_nothing(tmp_path: Any, capsys: Any) -> None:
    file = tmp_path / "suite.py"
    file.write_text(
        "from agentkit import pattern\n"
        "from agentkit.evaluate import Suite, measure\n"
        "@pattern\n"
        "async def team(task):\n    return task\n"
        "suite = Suite([{'input': 3}], [measure('size', lambda data: data)])\n"
    )
    log = ["--log", f"sqlite:///{tmp_path / 'log.db'}"]
    assert main(["run", str(file), "--at-least", "0.5", *log]) == 2
    assert "--at-least is about right and wrong" in capsys.readouterr().err
    assert main(["run", str(file), *log]) == 0
    assert "size" in capsys.readouterr().out


async def test_agents_are_measured_by_events(tmp_path: Any) -> None:
    calls = measure("calls", lambda events: sum(e.kind == "step.ended" for e in events))
    result = await evaluate(Agent("a", model=Adder(lambda *_: "1")), Suite(ROWS[:3], [calls]))
    assert result.summary("calls").mean >= 1
