"""A retry budget: retries are a part of the calls, so that they cannot become a storm.

Each call pays in `ratio`, each retry takes out 1; `least_per_s` comes in by itself, so that who
asks rarely may retry all the same. When nothing is left a failure is told at once. So however many
agents an outage hits, the endpoint gets at most (1 + ratio) times the calls, and a trickle.
Source: Finagle, RetryBudget; Beyer et al. 2016, "Site Reliability Engineering", chapter 22.
"""

from __future__ import annotations

import threading
from typing import Any

from pydantic import Field

from agentkit.errors import SetupError, safe_repr
from agentkit.notes import Note
from agentkit.reliability.setting import Setting


class RetryRefused(Note):
    """A call failed, and was not made again: the endpoint had too many retries already."""

    topic = "retry_budget"
    says = "{model} is not asked again after {error}: its retries are used up."
    grave = True
    model: str
    error: str


class RetryBudget(Setting):
    """How many retries an endpoint gets."""

    ratio: float = Field(default=0.2, ge=0, le=10)
    """Retries for each call."""
    least_per_s: float = Field(default=1.0, ge=0, le=1e6)
    """Retries per second however few calls there are."""
    most: float = Field(default=20.0, ge=1, le=1e6)
    """Retries that may be saved up."""


class RetryAccount:
    """What is left of the retries of an endpoint."""

    def __init__(self, how: RetryBudget) -> None:
        self.how, self.left = how, how.most
        self.at: float | None = None
        self.lock = threading.Lock()

    def called(self) -> None:
        """A call is made."""
        with self.lock:
            self.left = min(self.how.most, self.left + self.how.ratio)

    def take(self, now: float) -> bool:
        """Whether a retry may be made; if so it is paid."""
        with self.lock:
            passed = 0.0 if self.at is None else max(0.0, now - self.at)
            self.at = now if self.at is None else max(now, self.at)
            self.left = min(self.how.most, self.left + passed * self.how.least_per_s)
            if self.left < 1.0:
                return False
            self.left -= 1.0
            return True


def as_budget(how: Any) -> RetryBudget:
    """A RetryBudget of what was given.

    Raises:
        SetupError: it is none.
    """
    if how is True:
        return RetryBudget()
    if isinstance(how, RetryBudget):
        return how
    if isinstance(how, int | float) and not isinstance(how, bool) and 0 <= how <= 10:
        return RetryBudget(ratio=float(how))
    raise SetupError(
        f"retry_budget={safe_repr(how)}",
        expected="retries for each call, such as 0.2; or RetryBudget(...); or True",
    )
