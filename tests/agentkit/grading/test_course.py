"""Each assignment of the course: enough cases, references and attacks, the same for everybody."""

from __future__ import annotations

import pytest

from agentkit.entrypoints import objects_meant
from agentkit.grading import Assignment, Case
from agentkit.grading.command import faults, quick
from agentkit.grading.grade import Grade
from agentkit.grading.handed import handed
from agentkit.grading.judging import AGAIN
from tests.conftest import ROOT

COURSE = ROOT / "course"
MADE = sorted(path.parent.name for path in COURSE.glob("*/assignment.py"))


def assignment(name: str) -> Assignment:
    (one,) = objects_meant(f"{COURSE / name / 'assignment.py'}:assignment")
    assert isinstance(one, Assignment)
    return one


def told(case: Case) -> tuple[str, str, str]:
    """What a case is, in a text that two of the same make."""
    return case.id, case.task, f"{case.data} {case.seed} {dict(case.faults)}"


@pytest.mark.parametrize("name", MADE)
def test_an_assignment_has_what_it_must_have(name: str) -> None:
    made = assignment(name)
    first, again, other = (made.drawn(secret) for secret in ("one", "one", "two"))
    assert list(map(told, first)) == list(map(told, again))
    public = [case for case in first if case.public]
    hidden = [case for case in first if not case.public]
    assert len(hidden) >= 40 and public and made.name == name
    assert {told(case) for case in hidden}.isdisjoint(told(case) for case in other)
    assert len({case.task for case in hidden}) > len(hidden) // 4 or hidden[0].fresh
    references = sorted((COURSE / name / "references").glob("*.py"))
    attacks = sorted((COURSE / name / "attacks").glob("*.py"))
    assert len(references) >= 2 and len(attacks) >= 4
    for path in (*references, *attacks, COURSE / name / f"{name}.ipynb"):
        assert handed(path, made.answer, name).code, path


@pytest.mark.parametrize("name", MADE)
def test_a_quick_check_has_cases_of_every_rule_and_less_of_everything(name: str) -> None:
    made = assignment(name)
    small = quick(made)
    few, all_of_them = small.drawn("one"), made.drawn("one")
    assert {told(case) for case in few} < {told(case) for case in all_of_them}
    for rule in made.rules:
        assert sum(map(rule.of, few)) >= 2 and small.rules == made.rules
    assert len(few) * 3 <= len(all_of_them) and 20 <= small.own_s < made.own_s


def test_an_attack_that_could_not_be_run_is_none_that_failed() -> None:
    def grade(student: str, points: float, end: str = "ended") -> Grade:
        return Grade(student=student, assignment="a", digest="d", points=points, of=10, end=end)

    fine = [grade("good", 10), grade("bad", 0), grade("odd", 0, "not graded: no build")]
    assert faults(fine, {"good"}, 10) == []
    assert faults([*fine, grade("other", 0, f"{AGAIN}: no endpoint")], {"good"}, 10) == [
        f"nothing is known of other: 0 ({AGAIN}: no endpoint)"
    ]
    assert faults([grade("good", 9.5), grade("bad", 0.5)], {"good"}, 10) == [
        "not every point for good: 9.5 (ended)",
        "points for the attack bad: 0.5 (ended)",
    ]


def test_attacks_on_every_assignment_are_written_once_and_are_many() -> None:
    common = {path.stem for path in (COURSE / "attacks").glob("*.py")}
    own = [path.stem for path in COURSE.glob("*/attacks/*.py")]
    assert len(common) >= 55 and len(common) + len(own) >= 60
    assert common.isdisjoint(own)  # a table of grades names each by its stem


@pytest.mark.parametrize("name", MADE)
def test_tools_of_one_submission_keep_nothing_for_the_next(name: str) -> None:
    for case in assignment(name).drawn("one"):
        first, second = case.offered(), case.offered()
        if case.fresh is not None:
            assert all(a is not b for a, b in zip(first, second, strict=True))
        names = [one.__name__ for one in first]
        assert len(set(names)) == len(names) and case.once <= set(names)
