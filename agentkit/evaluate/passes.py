"""pass@k and pass^k: does one of k tries succeed, and do all of them.

The first is what counts where a result can be checked and the best be kept, as code with tests;
the second where every try reaches a customer. At the same share of successes they part quickly:
with 70 % right, pass@4 is 99 % and pass^4 is 24 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import comb
from operator import index
from typing import Any

from agentkit.errors import SetupError

Estimator = Callable[[int, int, int], float]


def pass_at_k(n: int, c: int, k: int) -> float:
    """Return the unbiased estimate of the probability that at least one of k trials succeeds.

    Args:
        n: trials of one question, 1 or more.
        c: those that succeeded, 0 to n.
        k: tries, 1 to n.

    Raises:
        SetupError: no such numbers can be.

    Source: Chen et al. 2021, Evaluating Large Language Models Trained on Code, equation 1:
    1 - C(n-c, k) / C(n, k).
    """
    n, c, k = checked(n, c, k)
    return 1 - comb(n - c, k) / comb(n, k)


def pass_hat_k(n: int, c: int, k: int) -> float:
    """Return the unbiased estimate of the probability that all of k trials succeed: pass^k.

    Args:
        n: trials of one question, 1 or more.
        c: those that succeeded, 0 to n.
        k: tries, 1 to n.

    Raises:
        SetupError: no such numbers can be.

    Source: Yao et al. 2024, τ-bench, section 3: C(c, k) / C(n, k).
    """
    n, c, k = checked(n, c, k)
    return comb(c, k) / comb(n, k)


def averaged(estimator: Estimator, tries: Iterable[tuple[int, int]], k: int) -> float:
    """Return the mean of an estimate over questions.

    Args:
        estimator: `pass_at_k` or `pass_hat_k`.
        tries: of each question its trials, and how many succeeded.
        k: tries, 1 to the fewest trials that a question has.

    Raises:
        SetupError: no question, or one with fewer trials than k.
    """
    found = [estimator(n, c, k) for n, c in tries]
    if not found:
        raise SetupError("There are no questions.", expected="at least one")
    return sum(found) / len(found)


def checked(n: Any, c: Any, k: Any) -> tuple[int, int, int]:
    """Return such numbers, those of numpy as Python's.

    Raises:
        SetupError: they cannot be.
    """
    whole = [index(one) if hasattr(one, "__index__") else None for one in (n, c, k)]
    trials, right, tries = whole
    if (
        trials is None or right is None or tries is None
        or any(isinstance(one, bool) for one in (n, c, k))
        or trials < 1 or not 0 <= right <= trials or not 1 <= tries <= trials
    ):  # fmt: skip
        raise SetupError(
            f"{c!r} of {n!r} trials succeeded, and {k!r} tries are asked about.",
            expected="whole numbers: n of at least 1, c from 0 to n, k from 1 to n",
            todo="measure more trials to estimate for more tries",
        )
    return trials, right, tries
