from __future__ import annotations

import itertools
import random

import pytest

from agentkit.errors import BadReply, SetupError
from agentkit.patterns.panel import panel
from agentkit.patterns.parts.alpha import Level, alpha_by_unit
from tests.agentkit.patterns.deciders import asked, noted, played, word
from tests.agentkit.patterns.teams import agent

N = None
PUBLISHED: list[list[float | None]] = [
    [1, 1, N, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
    [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [N, 5, 5, 5], [N, N, 1, 1], [N, 3, N, N],
]  # fmt: skip
"""Krippendorff 2011, section C: four observers, twelve units."""


@pytest.mark.parametrize(
    ("level", "alpha"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_alpha_is_the_published_one(level: Level, alpha: float) -> None:
    assert alpha_by_unit(PUBLISHED, level) == pytest.approx(alpha, abs=0.0006)


def slow_interval_alpha(units: list[list[float]]) -> float:
    """By definition: mean squared difference within units over that of all pairs."""
    values = [value for unit in units for value in unit]
    inside = [
        (sum((a - b) ** 2 for a, b in itertools.permutations(unit, 2)), len(unit) - 1)
        for unit in units
    ]
    observed = sum(total / others for total, others in inside) / len(values)
    pairs = list(itertools.permutations(values, 2))
    return 1 - observed / (sum((a - b) ** 2 for a, b in pairs) / len(pairs))


def test_alpha_is_the_definition_on_random_ratings() -> None:
    rng = random.Random(5)
    for _ in range(20):
        units = [[float(rng.randrange(5)) for _ in range(rng.randint(2, 4))] for _ in range(6)]
        assert alpha_by_unit(units) == pytest.approx(slow_interval_alpha(units))


def test_alpha_is_one_for_agreement_and_none_where_nothing_varies() -> None:
    assert alpha_by_unit([[1, 1], [2, 2]]) == 1
    assert alpha_by_unit([[1, 1], [1, 1]]) is None
    assert alpha_by_unit([[1, None], [2]]) is None


async def test_the_highest_mean_wins_and_agreement_is_reported() -> None:
    kind = agent("kind", lambda t: word(score=10 if "8" in t else 6, reason="read"))
    strict = agent("strict", lambda t: word(score=9 if "8" in t else 5, reason="read"))
    answer, events = await played(panel([agent("ada", "7"), agent("bo", "8")], [kind, strict]))
    found = noted(events, "panel")[0]
    assert answer.text == "8"
    assert found["scores"] == {"ada": [6.0, 5.0], "bo": [10.0, 9.0]}
    assert found["alpha"] == pytest.approx(slow_interval_alpha([[6, 5], [10, 9]]))
    assert noted(events, "disagreement") == []
    assert all("bo" not in text for text in asked(kind))


async def test_raters_that_contradict_each_other_are_noted() -> None:
    up = agent("up", lambda t: word(score=9 if "8" in t else 1, reason="read"))
    down = agent("down", lambda t: word(score=1 if "8" in t else 9, reason="read"))
    answer, events = await played(panel([agent("ada", "7"), agent("bo", "8")], [up, down]))
    assert noted(events, "disagreement")[0]["alpha"] < 0
    assert answer.text == "7"


async def test_a_rater_that_fails_leaves_a_hole_that_is_told() -> None:
    fine = agent("fine", word(score=5, reason="read"))
    gone = agent("gone", lambda _: BadReply("gone"))
    answer, events = await played(panel([agent("ada", "7")], [fine, gone]))
    assert answer.data["missing"] == ["gone on ada"]
    assert noted(events, "panel")[0]["scores"] == {"ada": [5.0, None]}


def test_a_panel_of_one_is_refused() -> None:
    with pytest.raises(SetupError):
        panel([agent("ada", "7")], [agent("r", "1")])
