"""Agreement beyond chance against published examples, and what cannot be compared."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
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


def test_verdicts_may_be_columns_of_a_data_frame() -> None:
    judged, labels = [True, True, False, False, True], [True, False, False, True, True]
    plain = validity(judged, labels, ["a"] * 5)
    frame = pd.DataFrame({"judged": judged, "labels": labels, "text": ["a"] * 5})
    assert validity(frame.judged, frame.labels, frame.text) == plain
    assert validity(np.array(judged), np.array(labels, dtype=int)) == validity(judged, labels)
    assert validity(iter(judged), iter(labels)).kappa == plain.kappa
    gaps = [[math.nan if v is None else v for v in one] for one in OBSERVERS]
    for level in ("nominal", "ordinal", "interval"):
        known = krippendorff_alpha(OBSERVERS, level)
        assert krippendorff_alpha(np.array(gaps), level) == pytest.approx(known)
        columns = [pd.Series(one, dtype="Int64") for one in OBSERVERS]
        assert krippendorff_alpha(columns, level) == pytest.approx(known)


@pytest.mark.parametrize(
    "made",
    [
        lambda: validity(["right", "wrong"], ["right", "right"]),
        lambda: validity([True, False], ["True", "False"]),  # as a file of CSV has them
        lambda: validity([True, False], [math.nan, 0.0]),
        lambda: validity([0.9, 0.2], [1, 0]),
        lambda: cohen_kappa([math.nan, 1.0], [math.nan, 1.0]),
        lambda: cohen_kappa([None, 1], [None, 1]),
        lambda: cohen_kappa([[1]], [[1]]),
        lambda: krippendorff_alpha([[1, 2], [1, 3]], "ratio"),
        lambda: krippendorff_alpha([["a", "b"], ["a", "c"]], "interval"),
        lambda: krippendorff_alpha([[1.0, math.inf], [1.0, 2.0]], "ordinal"),
        lambda: krippendorff_alpha(pd.DataFrame({"a": [1, 2], "b": [1, 3]})),
    ],
)
def test_what_is_no_verdict_is_refused_and_never_counted(made: Any) -> None:
    with pytest.raises(SetupError):
        made()


def test_large_numbers_agree_as_small_ones_do() -> None:
    small, large = ([[1, 2, 3], [1, 3, 3]], [[1e300, 2e300, 3e300], [1e300, 3e300, 3e300]])
    assert krippendorff_alpha(small, "interval") == pytest.approx(
        krippendorff_alpha(large, "interval")
    )


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(SetupError, match="same number"):
        agreement([1], [1, 2])
    with pytest.raises(SetupError, match="two judges"):
        krippendorff_alpha([[1, 2]])
    with pytest.raises(SetupError, match="No case"):
        krippendorff_alpha([[1, None], [None, 2]])
