"""What a proxy says in its headers of what is left of a key: of its budget, and of this minute.

LiteLLM: x-litellm-key-spend and -max-budget (USD), x-ratelimit-api_key-remaining-requests and
-tokens with their limits. A server that says nothing of a budget has none that is known here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from agentkit.amounts import count, money
from agentkit.notes import Note, Number

LOW = 0.1
"""Of a budget: less than this is told."""


class AllowanceLow(Note):
    """Little of a key's budget is left."""

    topic = "allowance"
    says = "Of the budget of this key ${budget_usd} are nearly spent: ${left_usd} are left."
    grave = True
    model: str
    budget_usd: Number
    left_usd: Number


@dataclass(frozen=True, slots=True)
class KeyBalance:
    """What is left of a key, as its server said last."""

    spent_usd: float | None = None
    budget_usd: float | None = None
    requests: int | None = None
    """Left of this minute, as tokens are."""
    requests_limit: int | None = None
    tokens: int | None = None
    tokens_limit: int | None = None

    @property
    def left_usd(self) -> float | None:
        """What is left of the budget; None where the server tells none."""
        if self.budget_usd is None or self.spent_usd is None:
            return None
        return max(0.0, self.budget_usd - self.spent_usd)

    @property
    def low(self) -> bool:
        """Whether little of the budget is left."""
        left = self.left_usd
        return left is not None and self.budget_usd is not None and left < LOW * self.budget_usd

    def __str__(self) -> str:
        parts = []
        if self.left_usd is not None:
            parts.append(f"{money(self.left_usd)} of {money(self.budget_usd)} left")
        elif self.spent_usd is not None:
            parts.append(f"{money(self.spent_usd)} spent, without a budget")
        for left, limit, what in (
            (self.requests, self.requests_limit, "requests"),
            (self.tokens, self.tokens_limit, "tokens"),
        ):
            if left is not None:
                of = "" if limit is None else f" of {count(limit)}"
                parts.append(f"{count(left)}{of} {what} this minute")
        return ", ".join(parts)


def allowance(headers: Mapping[str, str]) -> KeyBalance | None:
    """What headers say of a key; None where they say nothing, or what is no number."""
    spent, requests = headers.get(SPEND), headers.get(f"{RATE}-remaining-requests")
    if spent is None and requests is None:
        return None
    found = KeyBalance(
        amount(spent),
        amount(headers.get("x-litellm-key-max-budget")),
        whole(requests),
        whole(headers.get(f"{RATE}-limit-requests")),
        whole(headers.get(f"{RATE}-remaining-tokens")),
        whole(headers.get(f"{RATE}-limit-tokens")),
    )
    return found if found != KeyBalance() else None


SPEND, RATE = "x-litellm-key-spend", "x-ratelimit-api_key"


def amount(text: str | None) -> float | None:
    """A number that may be one: a stranger wrote it."""
    try:
        found = float(text or "")
    except ValueError:
        return None
    return found if math.isfinite(found) and found >= 0 else None


def whole(text: str | None) -> int | None:
    """The same as a whole number."""
    found = amount(text)
    return None if found is None else int(found)
