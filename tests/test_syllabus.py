"""The syllabus says what the lessons say, and both plans hold each of them once."""

from __future__ import annotations

import json
import re

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "syllabus.md").read_text("utf-8")
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_minutes_are_those_of_the_lessons() -> None:
    said = dict(re.findall(r"^\| \[(\d\d)\]\([^)]*\)[^|]*\| (\d+) \|", PAGE, re.M))
    assert sorted(said) == [path.name[:2] for path in LESSONS]
    for path in LESSONS:
        cells = json.loads(path.read_text("utf-8"))["cells"][:2]
        text = "".join("".join(cell["source"]) for cell in cells)
        stated = re.search(r"(?:\| time \||\*\*Time\*\*)\D*(\d+) minutes", text)
        assert stated and stated[1] == said[path.name[:2]], path.name


def test_both_plans_hold_every_lesson_once_and_in_order() -> None:
    plans = [part for part in PAGE.split("\n## ") if part.partition("\n")[0].endswith(" weeks")]
    assert len(plans) == 2
    for plan in plans:
        rows = re.findall(r"^\| \d+ \|(.*)\|$", plan, re.M)
        numbers = [n for row in rows for n in re.findall(r"\b\d\d\b", row)]
        assert numbers == [path.name[:2] for path in LESSONS][1:], plan[:20]


def test_there_is_a_prediction_for_each_lesson_of_the_course_and_it_asks_for_some() -> None:
    page = (ROOT / "docs" / "predictions.md").read_text("utf-8")
    rows = re.findall(
        r"^\| \[(\d\d)\]\(\.\./([^)]+)\) \| [^|]+\? \| [^|]+ \| [^|]+ \|$", page, re.M
    )
    assert sorted({number for number, _ in rows}) == [f"{n:02}" for n in range(17)]
    for _, path in rows:
        assert re.search(r"\*\*(Predict|Guess)", (ROOT / path).read_text("utf-8")), path
