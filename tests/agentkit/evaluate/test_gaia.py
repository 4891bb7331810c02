"""GAIA's quasi-exact match, its verdicts as the leaderboard's scorer gives them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentkit.errors import SetupError
from agentkit.evaluate.gaia import final_answer, gaia_match, questions

VERDICTS = [
    ("17", "17", True),
    ("17.0", "17", True),
    ("$1,234", "1234", True),
    ("89706.00", "$89,706.00", False),  # a truth with a comma is a list
    ("12%", "12", True),
    ("seventeen", "17", False),
    ("", "17", False),
    (None, "None", True),
    ("nothing", "inf", True),  # no number counts as infinite
    ("nan", "nan", False),
    ("Sea gull", "seagull", True),
    ("St. Petersburg!", "st petersburg", True),
    ("a, b, c", "a,b,c", True),
    ("a; b", "a, b", True),
    ("a, b", "a, b, c", False),
    ("b, a", "a, b", False),
    ("a., b", "a, b", False),  # in lists punctuation counts
    ("1, 2.0", "1; 2", True),
    ("$3, x", "3, X", True),
    ("1_000", "1000", True),  # as Python's float reads it
    ("１７", "17", True),
    (" 17 ", "17", True),
]


@pytest.mark.parametrize(("answer", "truth", "verdict"), VERDICTS)
def test_verdicts_are_those_of_the_leaderboard(
    answer: str | None, truth: str, verdict: bool
) -> None:
    assert gaia_match(answer, truth) is verdict


def test_the_final_answer_is_what_stands_after_its_last_mark() -> None:
    assert final_answer("so\nFINAL ANSWER: 3\nno\nFINAL ANSWER: 4 ") == "4"
    assert final_answer(" all of it ") == "all of it"


def test_questions_are_read_in_the_published_format(tmp_path: Path) -> None:
    row = {"task_id": "a", "Question": "How many?", "Level": 2, "Final answer": "3",
           "file_name": "x.csv", "Annotator Metadata": {}}  # fmt: skip
    path = tmp_path / "metadata.jsonl"
    path.write_text(json.dumps(row) + "\n" + json.dumps({**row, "task_id": "b", "Level": 1}))
    assert [one.id for one in questions(path)] == ["a", "b"]
    (one,) = questions(path, level=2)
    assert (one.target, one.meta) == ("3", {"file": str(tmp_path / "x.csv")})
    path.write_text(json.dumps({"id": 1}))
    with pytest.raises(SetupError, match="newer format"):
        questions(path)
    with pytest.raises(SetupError, match="cannot be read"):
        questions(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("Question", None, "Question"),
        ("Question", "", "Question"),
        ("Question", ["a", "list"], "Question"),
        ("task_id", 7, "task_id"),
        ("task_id", "", "task_id"),
        ("Level", None, "Level"),
        ("Level", "hard", "Level"),
        ("Level", [1], "Level"),
        ("Final answer", ["Amber"], "Final answer"),
        ("file_name", 7, "file_name"),
    ],
)
def test_a_row_whose_fields_are_no_text_is_refused_by_its_line(
    field: str, value: object, told: str, tmp_path: Path
) -> None:
    row = {"task_id": "a", "Question": "q", "Level": 1, "Final answer": "x", "file_name": ""}
    file = tmp_path / "metadata.jsonl"
    file.write_text(json.dumps(row) + "\n" + json.dumps({**row, "task_id": "b", field: value}))
    with pytest.raises(SetupError, match=f"Line 2 of .* no question of GAIA: {told}"):
        questions(file)


def test_levels_may_be_texts_of_numbers_and_odd_files_are_typed_errors(tmp_path: Path) -> None:
    file = tmp_path / "metadata.jsonl"
    file.write_text(json.dumps({"task_id": "a", "Question": "q", "Level": "2", "Final answer": 7}))
    assert [one.split for one in questions(file, level=2)] == ["level 2"]
    for odd in (b"\xff\xfe{", b"[" * 100_000, b'"text"', b"{}", b""):
        file.write_bytes(odd)
        with pytest.raises(SetupError):
            questions(file)
