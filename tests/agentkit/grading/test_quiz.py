"""Questions for each lesson, in the form that jupyterquiz reads."""

from __future__ import annotations

import json

import pytest

from tests.conftest import ROOT

QUIZ = ROOT / "course" / "quiz"
LESSONS = [f"{n:02d}" for n in range(17)]


@pytest.mark.parametrize("lesson", LESSONS)
def test_each_question_has_one_right_answer_and_says_why_others_are_not(lesson: str) -> None:
    questions = json.loads((QUIZ / f"{lesson}.json").read_text("utf-8"))
    assert questions
    for one in questions:
        assert one.keys() == {"question", "type", "answers"} and one["type"] == "multiple_choice"
        assert len({answer["answer"] for answer in one["answers"]}) == len(one["answers"]) >= 3
        assert [answer["correct"] for answer in one["answers"]].count(True) == 1
        assert all(answer["feedback"].strip() for answer in one["answers"])


def test_the_right_answer_has_no_place_of_its_own() -> None:
    places = [
        [answer["correct"] for answer in one["answers"]].index(True)
        for lesson in LESSONS
        for one in json.loads((QUIZ / f"{lesson}.json").read_text("utf-8"))
    ]
    assert all(places.count(n) <= len(places) * 0.5 for n in range(3))
