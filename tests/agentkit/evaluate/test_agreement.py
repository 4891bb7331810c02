"""Agreement beyond chance against published examples, and what cannot be compared."""

from __future__ import annotations

import pytest

from agentkit.errors import SetupError
from agentkit.evaluate import agreement, cohen_kappa, krippendorff_alpha, validity

# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section C: four observers, twelve
# units, gaps; the values printed there.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


def test_alpha_is_that_of_the_published_example() -> None:
    assert krippendorff_alpha(OBSERVERS) == pytest.approx(0.743, abs=0.0005)
    assert krippendorff_alpha(OBSERVERS, "ordinal") == pytest.approx(0.815, abs=0.0005)
    assert krippendorff_alpha(OBSERVERS, "interval") == pytest.approx(0.849, abs=0.0005)


def test_kappa_is_agreement_beyond_chance() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: 0.7 seen, 0.5 by chance.
    first = ["y"] * 25 + ["n"] * 25
    second = ["y"] * 20 + ["n"] * 5 + ["y"] * 10 + ["n"] * 15
    assert agreement(first, second) == pytest.approx(0.7)
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert cohen_kappa([1, 1], [1, 1]) == 1.0
    assert krippendorff_alpha([[1, 1], [1, 1]]) == 1.0


def test_a_judge_that_likes_long_answers_is_seen() -> None:
    found = validity(
        [True, True, False, True], [True, False, True, True], ["a", "b" * 90, "c" * 30, "d"]
    )
    assert (found.too_kind, found.too_hard, found.length_bias) == (1, 1, 3.0)
    assert found.agreement == 0.5 and "kappa" in str(found)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(SetupError, match="same number"):
        agreement([1], [1, 2])
    with pytest.raises(SetupError, match="two judges"):
        krippendorff_alpha([[1, 2]])
    with pytest.raises(SetupError, match="No case"):
        krippendorff_alpha([[1, None], [None, 2]])
