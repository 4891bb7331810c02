"""A teacher sees who is stuck, what many get wrong, who is alike; names only where asked for."""

from __future__ import annotations

import random
import stat
from pathlib import Path

import pytest

from agentkit import cli
from agentkit.errors import SetupError
from agentkit.grading.grade import Grade, Mark
from agentkit.grading.overview import overview
from agentkit.grading.similar import similar

RULES = ("right", "once")


def grade(student: str, held: tuple[int, int], digest: str, **more: object) -> Grade:
    marks = tuple(
        Mark(rule=rule, held=n, cases=4, points=n, of=4, low=0, high=1, twice=0)
        for rule, n in zip(RULES, held, strict=True)
    )
    return Grade(
        student=student, assignment="harbour", digest=digest, of=8, marks=marks,
        points=sum(held), **{"end": "ended", **more},
    )  # fmt: skip


def graded(folder: Path, *grades: Grade) -> Path:
    folder.mkdir(exist_ok=True)
    lines = "".join(one.model_dump_json() + "\n" for one in grades)
    (folder / "grades.jsonl").write_text(lines + '{"half a l', "utf-8")
    return folder


def a_class(folder: Path) -> Path:
    wrong = {"errors": {"ValueError: case 12 has no berth": 3}}
    return graded(
        folder,
        *(grade("ada", (n, 0), f"a{n}") for n in (1, 2, 4)),
        *(grade("bo<b>", (2, 0), f"b{n}", **wrong) for n in range(4)),
        grade("cy", (4, 4), "c"),
        Grade(student="dee", assignment="harbour", digest="", of=8, end="not graded: no build"),
    )


def test_those_who_need_somebody_come_first_and_it_is_said_why(tmp_path: Path) -> None:
    found = overview(a_class(tmp_path), names=True)
    rows = {row[0]: row for row in found.rows()[1:]}
    assert {row[0] for row in found.rows()[1:3]} == {"bo<b>", "dee"}
    assert rows["ada"][1:4] == ["4/8", "3", "1 → 2 → 4"] and rows["ada"][5] == ""
    assert "3 attempts without a point more" in rows["bo<b>"][5]
    assert "the same failure 4 times: ValueError: case ## has no berth" in rows["bo<b>"][5]
    assert rows["dee"][5] == "not graded: no build" and rows["cy"][5] == ""
    assert found.rules()[1:] == [["right", "2", "1", "0"], ["once", "1", "0", "2"]]
    assert "2 students: never 'once', the rest at times" in found.remarks()
    assert "4 students, 1 with every point, 2 to look at." in found.remarks()


def test_names_are_shown_only_where_somebody_asks_for_them(tmp_path: Path) -> None:
    codes = dict.fromkeys(("ada", "cy"), PROGRAM)
    found = overview(a_class(tmp_path), codes)
    for text in (str(found), found.to_html(), found.to_markdown(), found.to_svg()):
        assert "ada" not in text and "dee" not in text
    assert "student 001 and student 003 are alike" in str(found)
    assert "<b>" not in overview(a_class(tmp_path), names=True).to_html().replace("<b>student", "")


def test_a_page_is_for_its_writer_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "class.html"
    page.write_text("old")
    page.chmod(0o644)
    words = ["class", "--grades", str(a_class(tmp_path / "grades")), "--page", str(page)]
    assert cli.main([*words, "--names"]) == 0
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    text = page.read_text()
    assert "ada" in text and "bo<b>" not in text and "<script" not in text
    assert cli.main(["class", "--grades", str(tmp_path / "grades")]) == 0
    assert "student 004" in capsys.readouterr().out
    assert cli.main(["class", "--grades", str(tmp_path)]) == 2
    assert cli.main([*words[:3], "--handed-in", str(tmp_path / "none")]) == 2


def test_nothing_graded_is_said(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="holds no grade"):
        overview(graded(tmp_path))


PROGRAM = '''
from agentkit import Agent, connect

PORTS = ["Amber", "Briar"]


def build(tools):
    """My team for the harbour."""
    model = connect("sim:careful", retries=4)
    first = Agent("reader", "You read what the ship needs and say it shortly.", model=model)
    clerk = Agent("clerk", "Look up every row of what was said.", model=model, tools=tools)

    async def answer(task):
        wish = await first(f"What is asked here: {task}")
        for port in PORTS:
            if port in wish.text:
                return await clerk(f"In {port}: {task}")
        return await clerk(task)

    return answer
'''


def test_a_copy_with_other_names_and_comments_is_found_and_others_are_not() -> None:
    copied = (
        PROGRAM.replace("clerk", "desk")
        .replace("wish", "w")
        .replace("    async def", "    # all mine\n\n    async def")
    )
    rng = random.Random(1)
    words = [f"w{n}" for n in range(300)]
    others = {
        f"s{n}": "def build(tools):\n    x = '"
        + " ".join(rng.choices(words, k=60))
        + "'\n    return x\n"
        for n in range(20)
    }
    found = similar({"ada": PROGRAM, "bo": copied, **others})
    assert [(pair.one, pair.other) for pair in found] == [("ada", "bo")]
    assert found[0].share > 0.7
    assert similar({"ada": PROGRAM, "bo": copied}, starter=PROGRAM) == []
    assert similar({"ada": "def build(tools): return 1", "bo": "def build(tools): return 1"}) == []
    assert similar({"ada": "'''", "bo": "\0"}) == []
