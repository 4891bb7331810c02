"""Datasets from whatever holds rows, their versions, splits, and bad rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent
from agentkit.errors import SetupError
from agentkit.evaluate import Dataset, Suite, evaluate
from agentkit.testing import ScriptedModel

ROWS: list[dict[str, Any]] = [
    {"id": "a", "input": "1 + 1?", "target": 2, "split": "dev", "source": "school"},
    {"id": "b", "input": {"x": [1]}, "target": ["3", "three"], "split": "test"},
]


def test_rows_files_and_frames_hold_the_same_samples(tmp_path: Path) -> None:
    lines = tmp_path / "sums.jsonl"
    lines.write_text(
        '{"id":"a","input":"1 + 1?","target":2,"split":"dev","source":"school"}\n\n'
        '{"id":"b","input":{"x":[1]},"target":["3","three"],"split":"test"}\n'
    )

    class Frame:
        columns = ("id", "input", "target", "split", "source")

        def to_dict(self, how: str) -> list[dict[str, Any]]:
            assert how == "records"
            return ROWS

    whole = Dataset(ROWS)
    assert Dataset(lines).version == whole.version
    assert Dataset(lines).name == "sums"
    assert [one.id for one in Dataset(Frame())] == ["a", "b"]
    assert whole.samples[0].meta == {"source": "school"}
    table = tmp_path / "sums.csv"
    table.write_text('id,input,target\na,"1, 1?",2\n', encoding="utf-8-sig")
    assert Dataset(table).samples[0].input == "1, 1?"


def test_the_version_tells_another_text_and_another_target() -> None:
    versions = {Dataset(ROWS).version, Dataset([{**ROWS[0], "target": 3}, ROWS[1]]).version,
                Dataset([{**ROWS[0], "input": "?"}, ROWS[1]]).version}  # fmt: skip
    assert len(versions) == 3


def test_parts_keep_their_order_and_checks() -> None:
    whole = Dataset([("One?", lambda text: "1" in text), ("Two?", lambda text: "2" in text)])
    part = whole.where(lambda one: one.text == "Two?")
    assert len(part) == 1 and part.checks[part.samples[0].id]("22")
    assert Dataset(ROWS).split("test").samples[0].id == "b"
    assert len(Dataset(ROWS).take(1)) == 1
    assert Suite(whole).scorers[0].name == "check"
    assert Suite(ROWS).scorers[0].name == "exact"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "no samples"),
        ([{"id": "a", "input": "x"}, {"id": "a", "input": "y"}], "occurs twice"),
        ([{"question": "x"}], "no input"),
        (3, "no dataset"),
        ("none.jsonl", "cannot be read"),
    ],
)
def test_what_is_no_dataset_is_refused(rows: Any, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        Dataset(rows)


def test_an_empty_split_and_a_broken_line_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no split 'exam'"):
        Dataset(ROWS).split("exam")
    with pytest.raises(SetupError, match="no samples"):
        Dataset(ROWS).where(lambda one: False)
    path = tmp_path / "x.jsonl"
    path.write_text("{]")
    with pytest.raises(SetupError, match="Line 1"):
        Dataset(path)


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", "q\ud800"), ("input", "q\ud800"), ("split", "\udc00"), ("target", float("nan")),
     ("target", [1, float("inf")]), ("target", {"a": "\ud800"}), ("input", float("nan")),
     ("target", 10**5000), ("target", object()), ("input", b"\xff")],
    ids=lambda one: one if one in ("id", "input", "split", "target") else type(one).__name__,
)  # fmt: skip
def test_what_json_cannot_hold_is_told_with_its_row(field: str, value: Any) -> None:
    row = {"id": "a", "input": "x", "target": "1", field: value}
    with pytest.raises(SetupError, match=f"The {field} of row 2 of the dataset cannot be kept"):
        Dataset([{"id": "b", "input": "y"}, row])


def test_what_a_data_frame_lacks_is_missing_and_no_text() -> None:
    rows = [{"id": float("nan"), "input": n, "target": n, "split": float("nan")} for n in "xy"]
    made = Dataset(rows)
    assert len({one.id for one in made}) == 2 and made.splits == ("",)


@pytest.mark.parametrize(
    "options", [{"name": "a\ud800"}, {"name": 3}, {"seed": 1.5}, {"seed": "1"}, {"seed": True}]
)
async def test_names_and_seeds_that_cannot_be_are_told(options: dict[str, Any]) -> None:
    with pytest.raises(SetupError, match="name is|seed is"):
        await evaluate(Agent("a", model=ScriptedModel("1")), [("x", "1")], **options)
