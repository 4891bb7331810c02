"""pass@k and pass^k against counting all draws, and their bad input."""

from __future__ import annotations

from itertools import combinations

import pytest

from agentkit.errors import SetupError
from agentkit.evaluate import pass_at_k, pass_hat_k


@pytest.mark.parametrize(("n", "c"), [(n, c) for n in range(1, 7) for c in range(n + 1)])
def test_the_estimates_are_the_shares_of_all_draws_of_k_trials(n: int, c: int) -> None:
    trials = [True] * c + [False] * (n - c)
    for k in range(1, n + 1):
        draws = list(combinations(trials, k))
        assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, draws)) / len(draws))
        assert pass_hat_k(n, c, k) == pytest.approx(sum(map(all, draws)) / len(draws))


def test_one_try_is_the_share_of_successes_for_both() -> None:
    assert pass_at_k(10, 7, 1) == pytest.approx(0.7)
    assert pass_hat_k(10, 7, 1) == pytest.approx(0.7)
    assert pass_at_k(200, 1, 100) == pytest.approx(0.5)


@pytest.mark.parametrize("numbers", [(0, 0, 1), (3, 4, 1), (3, -1, 1), (3, 1, 4), (3, 1, 0),
                                     (3, 1.0, 1), (3, True, 1)])  # fmt: skip
def test_numbers_that_cannot_be_are_refused(numbers: tuple[int, int, int]) -> None:
    for estimate in (pass_at_k, pass_hat_k):
        with pytest.raises(SetupError, match="trials succeeded"):
            estimate(*numbers)
