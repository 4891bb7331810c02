"""An evaluation against a baseline, and the command that a build calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from agentkit import Agent
from agentkit.cli import main
from agentkit.errors import SetupError
from agentkit.evaluate import Evaluation, Judge, Suite, command, numeric
from agentkit.evaluate.regression import Baseline, baseline_of, regression, stored
from agentkit.testing import FunctionModel

SUITE = """
from pathlib import Path

from agentkit import Agent
from agentkit.evaluate import Suite
from agentkit.testing import FunctionModel

RIGHT = int(Path(__file__).with_name("right.txt").read_text())


def say(request):
    n = int(request.thread[-1].message.text.split()[-1])
    return str(2 * n if n < RIGHT else 0)


suite = Suite([(f"Twice {n}", 2 * n) for n in range(1, 13)], ["exact"], name="twice")
team = Agent("doubler", f"Version {RIGHT}.", model=FunctionModel(say))
"""


def baseline(right: dict[str, list[bool]], **other: str) -> Baseline:
    share = sum(map(sum, right.values())) / sum(map(len, right.values()))
    return Baseline(name="e", contender="a", accuracy=share,
                    questions={id: other.get(id, "d") for id in right}, right=right)  # fmt: skip


def test_worse_is_what_chance_does_not_explain() -> None:
    ids = [f"q{n}" for n in range(8)]
    good = baseline({id: [True, True] for id in ids})
    bad = baseline({id: [False, False] for id in ids})
    fair = baseline({id: [id != "q0", True] for id in ids})
    assert regression(bad, good).worse and regression(bad, good).p < 0.01
    assert not regression(fair, good).worse and regression(fair, good).lost == ("q0",)
    assert not regression(good, bad).worse and len(regression(good, bad).won) == 8
    assert regression(good, good).difference == 0


def test_only_the_same_questions_are_compared() -> None:
    before = baseline({"a": [True], "b": [True], "gone": [True]})
    now = baseline({"a": [True], "b": [False], "new": [False]}, b="edited")
    found = regression(now, before)
    assert (found.same, found.changed, found.gone) == (("a",), ("b", "new"), ("gone",))
    assert "not compared: b, new" in found.to_markdown()
    with pytest.raises(SetupError, match="no question in common"):
        regression(baseline({"x": [True]}), before)


def test_other_numbers_of_trials_are_compared_by_their_shares() -> None:
    once, thrice = (
        baseline({"a": [True], "b": [False]}),
        baseline({"a": [True, True, True], "b": [False] * 3}),
    )
    assert regression(once, thrice).difference == 0


def test_the_command_fails_when_a_team_became_worse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("suite.py").write_text(SUITE)

    def run(right: int, *options: str) -> int:
        Path("right.txt").write_text(str(right))
        return main(["eval", "run", "suite.py", "--log", "sqlite:///log.db", *options])

    assert run(13, "--save", "main.json", "--junit", "new.xml") == 0
    assert ElementTree.parse("new.xml").getroot().get("failures") == "0"
    assert run(12, "--baseline", "main.json", "--markdown", "found.md") == 0
    assert "not worse beyond chance" in Path("found.md").read_text()
    assert run(4, "--baseline", "main.json", "--junit", "old.xml") == 1
    suite = ElementTree.parse("old.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("12", "9")
    assert "0 of 1 right; 0" in str(suite.find("testcase/failure").attrib)  # type: ignore[union-attr]
    assert run(4, "--at-least", "0.9") == 1 and run(4, "--at-least", "0.2") == 0
    assert "worse" in capsys.readouterr().out


RECORDED = """
from pathlib import Path

from agentkit import Agent, pattern
from agentkit.evaluate import Suite
from agentkit.testing import FunctionModel

words = Path(__file__).with_name("words.txt").read_text()
asked = Path(__file__).with_name("asked.txt")


def say(request):
    with asked.open("a") as file:
        file.write("x")
    return str(2 * int(request.thread[-1].message.text.split()[-1]))


first = Agent("first", words, model=FunctionModel(say))
second = Agent("second", "Say it again.", model=FunctionModel(say))


@pattern
async def team(task):
    half = int((await first(task)).text) // 2
    return (await second(f"Twice {half}")).text


suite = Suite([(f"Twice {n}", 2 * n) for n in range(1, 7)], ["exact"], name="twice")
"""


def test_a_prompt_that_was_edited_is_tried_on_recorded_replies_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("suite.py").write_text(RECORDED)
    Path("words.txt").write_text("Double it.")
    order = ["eval", "run", "suite.py", "--trials", "2"]
    assert main([*order, "--log", "sqlite:///main.db", "--save", "main.json"]) == 0
    asked = Path("asked.txt").stat().st_size
    replay = [*order, "--recorded", "main.db", "--baseline", "main.json"]
    capsys.readouterr()
    assert main(replay) == 0
    assert "24 asks were answered as they were recorded in main.db. N" in capsys.readouterr().out
    Path("words.txt").write_text("Double what you are given.")
    assert main(replay) == 2
    assert "recorded was system: 'Double it.'" in capsys.readouterr().err
    assert main([*replay, "--other-instructions", "--markdown", "found.md"]) == 0
    for said in (capsys.readouterr().out, Path("found.md").read_text()):
        assert "12 asks were answered as they were recorded in main.db, 12 of first as" in said
        assert "12 of 24 asks were answered by what a recording has under other" in said
        assert "not worse beyond chance" in said
    assert Path("asked.txt").stat().st_size == asked and not Path(".agentkit").exists()


def test_who_interrupts_it_is_told_what_was_made_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("suite.py").write_text(SUITE)
    Path("right.txt").write_text("13")
    order = ["eval", "run", "suite.py", "--log", "sqlite:///log.db", "--concurrency", "1"]
    with monkeypatch.context() as patched:
        patched.setattr(command, "told", interrupting(5))
        assert main(order) == 130
    out, err = capsys.readouterr()
    assert "of 12 trials were made" in out and "100.0%" in out and "interrupted" in err
    assert main(order) == 0 and "recorded before and not paid again" in capsys.readouterr().out


def interrupting(after: int) -> Any:
    """What is told of so many trials, and then somebody presses Ctrl-C."""

    def told(progress: Any) -> None:
        if progress.done == after:
            raise KeyboardInterrupt

    return told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.py"], "is not there"),
        (["empty.py"], "has no team"),
        (["suite.py:suite"], "no team and suite"),
        (["suite.py", "--baseline", "none.json"], "cannot be read"),
        (["suite.py", "--baseline", "newer.json"], "newer format"),
        (["suite.py", "--budget-usd", "-1"], "budget"),
        (["suite.py", "--at-least", "80"], "a number from 0 to 1"),
        (["suite.py", "--at-least", "nan"], "a number from 0 to 1"),
        (["suite.py", "--junit", "nowhere/new.xml"], "cannot be written"),
        (["suite.py", "--save", "."], "cannot be written"),
        (["suite.py", "--baseline", "other.json"], "no question in common"),
        (["suite.py", "--baseline", "odd.json"], "cannot be read"),
        (["exits.py"], "failed when it was imported"),
        (["suite.py", "--recorded", "none.db"], "There is no log"),
        (["suite.py", "--recorded", "right.txt"], "right.txt"),
        (["suite.py", "--recorded", "a.db", "--log", "b.db"], "--recorded or --log"),
        (["suite.py", "--other-instructions"], "--recorded LOG"),
        (
            ["suite.py", "--recorded", "a.db", "--other-instructions", "--save", "new.json"],
            "no baseline",
        ),
    ],
)
def test_what_cannot_be_measured_is_said_with_a_status_of_its_own(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("suite.py").write_text(SUITE)
    Path("right.txt").write_text("5")
    Path("empty.py").write_text("")
    Path("newer.json").write_text(json.dumps({"format": 3}))
    Path("odd.json").write_text(json.dumps({"format": "9"}))
    Path("other.json").write_text(baseline({"a": [True]}).model_dump_json())
    Path("exits.py").write_text("raise SystemExit(3)")
    assert main(["eval", "run", *words]) == 2
    assert said in capsys.readouterr().err
    assert not Path(".agentkit").exists()  # nothing was asked


def test_a_part_that_a_budget_left_is_no_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("suite.py").write_text(SUITE)
    Path("right.txt").write_text("13")
    words = ["eval", "run", "suite.py", "--save", "main.json"]
    assert main([*words, "--budget-usd", "0.003"]) == 2 and not Path("main.json").exists()
    assert "main.json was not written" in capsys.readouterr().err
    Path("main.json").write_text("another")
    assert main([*words, "--budget-usd", "0.001"]) == 2
    assert "main.json is as it was" in capsys.readouterr().err
    assert Path("main.json").read_text() == "another"
    assert main([*words, "--budget-usd", "1"]) == 0 and len(stored("main.json").right) == 12


def test_a_scorer_that_was_edited_is_told(tmp_path: Path) -> None:
    def kept(*scorers: Any) -> Baseline:
        suite = Suite([{"id": "q", "input": "?", "target": 1}], scorers)
        names = tuple(one.name for one in suite.scorers)
        made = Evaluation(name="e", suite="s", version="v", contender="a", scorers=names,
                          questions={"q": ""}, planned=1, trials=())  # fmt: skip
        return baseline_of(made, suite).model_copy(update={"right": {"q": [True]}})

    judge = Agent("judge", "Be fair.", model=FunctionModel(str))
    near, far, fair = numeric(0.1), numeric(0.5), Judge(judge, "Fair?")
    assert regression(kept(near, fair), kept(numeric(0.1), Judge(judge, "Fair?"))).edited == ()
    found = regression(kept(far, Judge(judge, "Harsh?")), kept(near, fair))
    assert found.edited == ("numeric", "judge")
    assert "Edited since the baseline: numeric, judge." in found.to_markdown()
    older = kept(near, fair).model_copy(update={"scorers": {}, "python": ""})
    assert regression(kept(far, fair), older).edited == ()


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    path: Any = tmp_path / "b.json"
    made = baseline({"a": [True, False]})
    path.write_text(made.model_dump_json())
    assert stored(path) == made
