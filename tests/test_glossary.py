"""The glossary: in order, each word once, and shown in the lesson that it names."""

from __future__ import annotations

import json
import re
from functools import cache

from tests.conftest import ROOT

ROW = re.compile(
    r"^\| (?!word \|)([^|]+) \| ([^|]+) \| \[(\d\d)\]\(\.\./(notebooks/[^)]+)\) \|$", re.M
)
ROWS = ROW.findall((ROOT / "docs" / "glossary.md").read_text("utf-8"))


@cache
def lesson(path: str) -> str:
    cells = json.loads((ROOT / path).read_text("utf-8"))["cells"]
    return " ".join(" ".join("".join(cell["source"]) for cell in cells).split()).lower()


def test_words_are_in_order_and_each_stands_once() -> None:
    words = [row[0].lower() for row in ROWS]
    assert len(words) > 60 and words == sorted(set(words))


def test_the_lesson_that_a_word_names_shows_it() -> None:
    def shown(word: str, path: str) -> bool:
        # Words may stand apart there, and "acknowledge" be said of somebody who does.
        return all(part.rstrip("e") in lesson(path) for part in word.lower().split())

    assert [row[0] for row in ROWS if not shown(row[0], row[3])] == []
    assert all(row[3].startswith(f"notebooks/{row[2]}-") for row in ROWS)
