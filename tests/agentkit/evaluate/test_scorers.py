"""Scorers with odd values: what they refuse before anything is paid, and what they make of it."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agentkit import Agent
from agentkit.errors import SetupError
from agentkit.evaluate import (
    Dataset,
    Judge,
    Pairwise,
    Panel,
    Score,
    Suite,
    at_most,
    code,
    never,
    numeric,
    overlap,
    pass_at_k,
    pass_hat_k,
    power,
    questions_needed,
    regex,
    schema,
    sequence_interval,
    sequential_test,
)
from agentkit.evaluate.gaia import questions
from agentkit.evaluate.scorers import scored, scorer_of
from tests.agentkit.evaluate.test_compare import Adder
from tests.agentkit.evaluate.test_evaluating import case


@pytest.mark.parametrize("scorer", ["exact", "includes", "numeric", "gaia", "set", "schema"])
def test_a_sample_that_says_nothing_of_what_is_right_is_refused_before_it_is_asked(
    scorer: str,
) -> None:
    rows = [
        {"input": "a", "target": 1 if scorer == "numeric" else True},
        {"id": "bare", "input": "b"},
    ]
    with pytest.raises(SetupError, match=f"The scorer {scorer}.* cannot judge bare: "):
        Suite(rows, [scorer])
    assert Suite(rows, [lambda text: True])


@pytest.mark.parametrize(
    ("scorer", "target", "said"),
    [
        ("numeric", "seven", "its target is 'seven'"),
        ("numeric", True, "its target is True"),
        ("numeric", 10**400, "its target is 1000"),
        ("schema", {"type": "nonsense"}, "no JSON Schema"),
        ("schema", "text", "no JSON Schema"),
    ],
)
def test_a_target_that_a_scorer_cannot_read_is_refused(scorer: str, target: Any, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        Suite([{"input": "a", "target": target}, {"input": "b", "target": target}], [scorer])


@pytest.mark.parametrize(
    "make",
    [
        lambda: numeric(-1),
        lambda: numeric(math.nan),
        lambda: numeric(relative=math.inf),
        lambda: numeric("0.1"),  # type: ignore[arg-type]
        lambda: overlap(passes_at=2),
        lambda: overlap(passes_at=math.nan),
        lambda: code(passes_at=-0.1),
        lambda: regex(5),  # type: ignore[arg-type]
        lambda: regex(b"a"),  # type: ignore[arg-type]
        lambda: schema({"pattern": "("}),
        lambda: schema("text"),  # type: ignore[arg-type]
    ],
)
def test_options_that_no_scorer_can_have_are_refused_where_they_are_given(make: Any) -> None:
    with pytest.raises(SetupError):
        make()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Agent("j", model=Adder()), "Judge\\(j, rubric\\)"),
        (Judge, "is no scorer"),
        (numeric, "call it: numeric\\(\\)"),
        (lambda: True, "looks at nothing"),
        (5, "5 is no scorer"),
        ({"exact": 1}, "is no scorer"),
    ],
)
def test_what_scores_nothing_is_refused(given: Any, said: str) -> None:
    for scorers in (given, [given]):
        with pytest.raises(SetupError) as told:
            Suite([{"input": "a", "target": "b"}], scorers)
        assert re.search(said, f"{told.value} {told.value.todo}")


@pytest.mark.parametrize(
    ("made", "value"),
    [
        (np.bool_(True), 1.0),
        (np.float32(0.5), 0.5),
        (np.int64(1), 1.0),
        (np.array(1.0), 1.0),
        (math.nan, None),
        (1.1, None),
        (10**400, None),
        ("1", None),
        (Score(value=math.nan, passed=True), None),
        (Score(value=7, passed=True), None),
        (Score(value=math.inf, measured=True), None),
        (Score(value=7, passed=True, measured=True), 7.0),
    ],
)
async def test_a_score_is_a_number_of_python_or_numpy_within_its_range(
    made: Any, value: float | None
) -> None:
    found = await scored(scorer_of(lambda text: made), case("x", None))
    assert bool(found.error) is (value is None)
    assert value is None or found.value == value


@pytest.mark.parametrize(
    ("scorer", "text", "target", "data", "passed"),
    [
        ("exact", "x", 1, True, False),
        ("exact", "x", {"a": [0]}, {"a": [False]}, False),
        ("exact", "x", 7, 7.0, True),
        ("set", "5", [-5], None, False),
        ("set", "- -5\n* Ada.", ["ada", -5], None, True),
        ("numeric", "7 km2", 7, None, True),
        ("numeric", "5-7", 7, None, True),
        ("numeric", "EUR42", 42, None, True),
        ("numeric", "it is .5", 0.5, None, True),
        ("numeric", "version 1.2.3 took 4", 4, None, True),
        ("numeric", "_7_", 7, None, True),
        ("numeric", "x", 5, 10**400, False),
        ("numeric", "9" * 500, 5, None, False),
    ],
)
async def test_numbers_and_truth_values_are_what_they_look_like(
    scorer: str, text: str, target: Any, data: Any, passed: bool
) -> None:
    found = await scored(scorer_of(scorer), case(text, target, data))
    assert (found.passed, found.error) == (passed, "")


async def test_an_answer_without_data_fits_no_schema() -> None:
    found = await scored(schema({"type": "null"}), case("null", None))
    assert not found.passed and "no data" in found.why


def test_separators_of_lines_within_texts_end_no_row(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [{"id": f"q{n}", "input": f"one{mark}two", "target": "x"}
            for n, mark in enumerate("\u2028\u2029\x85\x0b\x1c")]  # fmt: skip
    text = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n")
    assert [one.input for one in Dataset(path)] == [row["input"] for row in rows]
    gaia = {"task_id": "1", "Question": "a\u2028b", "Level": 1, "Final answer": "c"}
    path.write_text(json.dumps(gaia, ensure_ascii=False) + "\n\n", encoding="utf-8")
    assert questions(path).samples[0].input == "a\u2028b"


@pytest.mark.parametrize(
    "make",
    [
        lambda: at_most(-1, "pay"),
        lambda: at_most(2.5, "pay"),  # type: ignore[arg-type]
        lambda: at_most(True, "pay"),
        lambda: never(" "),
        lambda: never("pay") and never("book"),  # would be never("book") alone
        lambda: not never("pay"),
        lambda: Judge(Agent("j", model=Adder()), "Fair?", passes_at=7),
        lambda: Judge(Agent("j", model=Adder()), " "),
        lambda: Judge("gpt", "Fair?"),  # type: ignore[arg-type]
        lambda: Pairwise(Agent("j", model=Adder()), ""),
        lambda: Panel((Agent("j", model=Adder()), Agent("k", model=Adder()))),  # type: ignore[arg-type]
        lambda: sequential_test([math.nan, 1]),
        lambda: sequential_test(["a"]),  # type: ignore[list-item]
        lambda: sequence_interval("1", 2),  # type: ignore[arg-type]
        lambda: questions_needed("x"),  # type: ignore[arg-type]
        lambda: questions_needed(0.1, discordant=math.nan),
        lambda: power(math.nan, 0.1),  # type: ignore[arg-type]
        lambda: pass_at_k(5, 2, 1.5),  # type: ignore[arg-type]
    ],
)
def test_rules_judges_and_estimates_refuse_what_they_cannot_mean(make: Any) -> None:
    with pytest.raises(SetupError):
        make()


def test_counts_may_be_numbers_of_numpy() -> None:
    assert pass_at_k(np.int64(5), np.int64(2), np.int64(2)) == pass_at_k(5, 2, 2)  # type: ignore[arg-type]
    assert pass_hat_k(10**6, 10**6 - 1, 10**6 - 1) == pytest.approx(1e-6)
    assert sequential_test(np.array([1, 0, -1, 1])) == sequential_test([1, 0, -1, 1])
