"""The result of a comparison: its rows, and every form in which it is shown."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit.evaluate import Comparison, Trial
from agentkit.evaluate.plot import HEIGHT, Dot, accuracy_plot, apart, nice
from agentkit.evaluate.statistics import wilson
from agentkit.evaluate.trial import Allowance, Status


def trial(contender: str, question: int, right: bool, **fields: Any) -> Trial:
    status: Status = "answered"
    given: dict[str, Any] = {"seed": 1, "status": status, "text": "", "tokens": 10, "calls": 1}
    given |= {"cost_usd": 0.001 * (question + 1), "latency_s": 0.1, **fields}
    return Trial(contender=contender, question=str(question), right=right, **given)


def study(*trials: Trial) -> Comparison:
    return Comparison(name="study", budget=Allowance(usd=0.1), trials=trials)


def paired(both: int, first: int, second: int, none: int, names: tuple[str, str]) -> list[Trial]:
    """Trials with so many questions that both, only the first, only the second got right."""
    outcomes = [(True, True)] * both + [(True, False)] * first
    outcomes += [(False, True)] * second + [(False, False)] * none
    return [
        trial(name, n, outcome[which])
        for n, outcome in enumerate(outcomes)
        for which, name in enumerate(names)
    ]


def test_rows_hold_wilson_s_interval_and_mcnemar_s_test() -> None:
    # Armitage & Berry 1994, p. 127.
    first, second = study(*paired(20, 12, 2, 16, ("a", "b"))).rows
    assert (first.right, second.right) == (32, 22)
    assert (first.low, first.high) == wilson(32 / 50, 50)
    assert (first.difference, first.p) == (None, None)
    assert second.difference == pytest.approx(-0.2)
    # The exact p is 0.0129; as a mid-p half the chance of what was seen is not counted.
    assert second.p == pytest.approx(0.0129 - 91 / 2**14, abs=5e-5)
    assert second.p_adjusted == second.p


def test_several_tests_against_the_first_are_adjusted() -> None:
    trials = paired(20, 2, 12, 16, ("a", "b")) + [
        one.model_copy(update={"contender": "c"}) for one in paired(20, 2, 12, 16, ("a", "b"))[1::2]
    ]
    _, b, c = study(*trials).rows
    assert b.p_adjusted == c.p_adjusted == pytest.approx(2 * (b.p or 0))


def test_seeds_of_one_question_are_one_observation() -> None:
    once = [trial(name, n, name == "b" or n % 2 == 0) for n in range(8) for name in "ab"]
    often = [t.model_copy(update={"seed": s}) for t in once for s in range(5)]
    assert study(*often).rows[1].p == study(*once).rows[1].p
    low = study(*often).rows[0].low
    # That they are not independent was seen from as few questions, so the interval is no narrower.
    assert low <= study(*once).rows[0].low < low + 0.05


def test_median_and_tail_of_costs_and_latencies() -> None:
    row = study(*[trial("a", n, True, latency_s=n / 10) for n in range(101)]).rows[0]
    assert (row.latency_p50_s, row.latency_p95_s) == pytest.approx((5.0, 9.5))
    assert (row.cost_p50_usd, row.cost_p95_usd) == pytest.approx((0.051, 0.096))


def test_failed_trials_have_no_latency() -> None:
    trials = [trial("a", 0, True), trial("a", 1, False, status="failed", latency_s=0.0)]
    assert study(*trials).rows[0].latency_p50_s == 0.1
    assert "–" in str(study(trials[1]))


def test_one_unknown_price_makes_the_cost_unknown_and_not_lower() -> None:
    row = study(trial("a", 0, True), trial("a", 1, True, cost_usd=None)).rows[0]
    assert (row.cost_usd, row.cost_p50_usd) == (None, None)


def test_a_part_of_a_comparison_is_compared_over_what_both_have() -> None:
    trials = [trial("a", 0, True), trial("b", 0, False), trial("a", 1, True)]
    row = study(*trials).rows[1]
    assert (row.trials, row.difference) == (1, -1.0)
    assert study(*trials[:1]).rows[0].p is None
    lonely = study(trial("a", 0, True), trial("b", 1, True)).rows[1]
    assert (lonely.difference, lonely.p) == (0.0, 1.0)
    assert study().rows == ()
    assert "0 questions" in str(study())


def test_what_was_simulated_is_called_simulated_beside_the_table() -> None:
    mixed = study(trial("a", 0, True, models=("sim:hasty",)), trial("a", 1, True, models=("m",)))
    assert "Simulated" in str(mixed) and "sim:hasty" in mixed.to_markdown()
    assert "Simulated" not in str(study(trial("a", 0, True, models=("gpt-5-mini",))))


def test_the_data_reads_back_as_the_same_comparison() -> None:
    made = study(*paired(3, 1, 2, 1, ("a", "b")))
    data = json.loads(json.dumps(made.data()))
    assert [row["contender"] for row in data.pop("rows")] == ["a", "b"]
    assert Comparison.model_validate(data).rows == made.rows


def test_every_front_end_finds_a_form_it_can_show() -> None:
    made = study(*paired(20, 12, 2, 16, ("single", "debate")))
    bundle = made._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/markdown", "text/html", "image/svg+xml"}
    for form in ("text/plain", "text/markdown", "text/html"):
        for fact in ("single", "debate", "64.0%", "-20.0 (", "0.007", "McNemar"):
            assert fact in bundle[form], (form, fact)
    svg = ElementTree.fromstring(bundle["image/svg+xml"])
    titles = [one.text or "" for one in svg.iter("{http://www.w3.org/2000/svg}title")]
    assert any(one.startswith("debate: 44.0% (") for one in titles)
    assert len(list(svg.iter("{http://www.w3.org/2000/svg}circle"))) == 2
    assert "<script" not in bundle["text/html"]


@settings(max_examples=40)
@given(st.text(min_size=1).filter(lambda name: "/" not in name and name == name.strip()))
def test_no_name_breaks_out_of_the_pictures(name: str) -> None:
    made = study(trial(f"<script>|{name}", 0, True))
    ElementTree.fromstring(made.to_svg())
    # HTML closes no image; a name that broke out of one would leave a tag that is not closed.
    ElementTree.fromstring(re.sub(r"<img ([^<>]*)>", r"<img \1/>", made.to_html()))
    assert "<script>" not in made.to_html() + made.to_markdown()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_labels_lie_apart_and_inside(shares: list[float]) -> None:
    places = apart([274 - 240 * share for share in shares])
    ordered = sorted(places)
    gaps = [b - a for a, b in zip(ordered, ordered[1:], strict=False)]
    assert all(gap >= 14.99 for gap in gaps)
    assert ordered[-1] <= HEIGHT
    dots = [Dot(str(n), n * 1e-5, s, s, s) for n, s in enumerate(shares)]
    ElementTree.fromstring(accuracy_plot(dots, "t", "USD", 0.01))


@given(st.floats(1e-9, 1e9))
def test_axes_end_just_above_what_they_show(value: float) -> None:
    assert value <= nice(value) * (1 + 1e-9)
    assert nice(value) <= 1.7 * value


def test_the_budget_is_drawn_where_it_is_near() -> None:
    dots = [Dot("a", 0.004, 0.5, 0.4, 0.6)]
    assert "budget" in accuracy_plot(dots, "t", "USD", 0.01)
    assert "budget" not in accuracy_plot(dots, "t", "USD", 10.0)
