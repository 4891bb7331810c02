"""Exercises judge themselves, claim by claim."""

from __future__ import annotations

from nbext.exercise import check, outcome


def test_a_verdict_is_solved_when_every_claim_holds() -> None:
    verdict = check(("it is there", [1]), ("and small", 1 < 2, "never said"))
    assert verdict.solved
    assert repr(verdict) == "Solved.\n✓ it is there\n✓ and small"


def test_a_claim_that_does_not_hold_is_marked_and_hinted_at() -> None:
    verdict = check(("it is there", {}), ("and small", False, "look again"), ("and round", True))
    assert not verdict.solved
    assert repr(verdict).splitlines() == [
        "Not yet: 1 of 3.",
        "○ it is there",
        "○ and small - look again",
        "✓ and round",
    ]


def test_a_verdict_shows_texts_as_texts() -> None:
    assert "<script>" not in check(("<script>", False, "<b>"))._repr_html_()


def test_a_claim_may_call_the_reader_s_code_and_survives_its_errors() -> None:
    verdict = check(("it works", lambda: 1 / 0, "divide"), ("it is there", lambda: [1]))
    assert repr(verdict).splitlines() == [
        "Not yet: 1 of 2.",
        "○ it works - divide: ZeroDivisionError: division by zero",
        "✓ it is there",
    ]


async def test_what_comes_of_a_call_is_its_result_or_its_error() -> None:
    async def late() -> int:
        return 3

    assert await outcome(late) == 3 and await outcome(lambda: 4) == 4
    failed = await outcome(lambda: [][1])
    assert isinstance(failed, IndexError)
    assert "IndexError: list index" in repr(check(("there is one", False, failed)))
