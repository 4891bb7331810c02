"""The two presets on examples worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.stream.presets import PAPER, RELEASED
from memory.stream.scoring import Candidate, minmax, recency, scored

OLD = Candidate(accessed=0, importance=9, relevance=0.2)
MID = Candidate(accessed=90, importance=5, relevance=0.8)
NEW = Candidate(accessed=100, importance=1, relevance=0.5)


def test_the_papers_recency_decays_by_the_hour() -> None:
    assert recency(PAPER, [0, 90, 100], 100) == pytest.approx([0.995**100, 0.995**10, 1.0])


def test_the_released_recency_goes_by_rank_and_favours_the_oldest() -> None:
    assert recency(RELEASED, [100, 0, 90], 100) == pytest.approx([0.99**3, 0.99, 0.99**2])
    right = RELEASED.model_copy(update={"oldest_first": False})
    assert recency(right, [100, 0, 90], 100) == pytest.approx([0.99, 0.99**3, 0.99**2])


def test_the_papers_score_is_the_sum_of_the_scaled_parts() -> None:
    found = scored(PAPER, [OLD, MID, NEW], 100)
    low, mid = 0.995**100, 0.995**10
    assert found[0].score == pytest.approx(0 + 1 + 0)
    assert found[1].score == pytest.approx((mid - low) / (1 - low) + 0.5 + 1)
    assert found[2].score == pytest.approx(1 + 0 + 0.5)
    assert found[1].raw == {"recency": pytest.approx(mid), "importance": 5, "relevance": 0.8}


def test_the_released_score_weighs_relevance_most_and_orders_otherwise() -> None:
    found = scored(RELEASED, [OLD, MID, NEW], 100)
    mid = (0.99**2 - 0.99**3) / (0.99 - 0.99**3)
    assert found[0].score == pytest.approx(0.5 * 1 + 2 * 1 + 3 * 0)
    assert found[1].score == pytest.approx(0.5 * mid + 2 * 0.5 + 3 * 1)
    assert found[2].score == pytest.approx(0 + 0 + 3 * 0.5)
    order = [one.score for one in found]
    paper = [one.score for one in scored(PAPER, [OLD, MID, NEW], 100)]
    assert order.index(min(order)) == 2 and paper.index(min(paper)) == 0


def test_equal_values_are_all_scaled_to_one_half() -> None:
    assert minmax([3, 3, 3], 0.5) == [0.5, 0.5, 0.5]
    assert minmax([], 0.5) == []
    assert [one.score for one in scored(PAPER, [OLD, OLD], 5)] == [1.5, 1.5]


@given(st.lists(st.floats(-1e6, 1e6), min_size=2))
def test_scaled_values_lie_between_0_and_1_and_keep_their_order(values: list[float]) -> None:
    scaled = minmax(values, 0.5)
    assert all(0 <= one <= 1 for one in scaled)
    for a, x in zip(values, scaled, strict=True):
        for b, y in zip(values, scaled, strict=True):
            assert not a < b or x <= y
