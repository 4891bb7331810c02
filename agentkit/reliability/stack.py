"""The wrappers that connect(...) was asked for, put around an endpoint in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentkit.errors import SetupError
from agentkit.model import Model
from agentkit.reliability.breaker import Breaker, as_breaker, breaker
from agentkit.reliability.cache import Cache, cache
from agentkit.reliability.concurrency import concurrency
from agentkit.reliability.deadline import deadline
from agentkit.reliability.fallback import fallback
from agentkit.reliability.hedge import Hedge, hedge
from agentkit.reliability.limit import Limit, limit
from agentkit.reliability.retry import retry
from agentkit.reliability.retrybudget import RetryBudget
from agentkit.reliability.timeouts import Timeouts


@dataclass(frozen=True)
class WrapperOptions:
    """What was asked for; False and None leave a wrapper out."""

    retries: int = 3
    retry_budget: RetryBudget | float | bool = False
    timeouts: Timeouts | None = None
    fallback: Sequence[Model] = ()
    on_refusal: bool = False
    cache: Cache | str | Path | bool = False
    hedge: Hedge | float | bool = False
    limit: Limit | float | bool = False
    concurrency: int | None = None
    breaker: Breaker | int | bool = False


def stacked(endpoint: Model, asked: WrapperOptions) -> Model:
    """Put wrappers around an endpoint, from the inside out; see wrapper.ORDER.

    Raises:
        SetupError: an option is out of range, or the fallback goes in a circle.
    """
    model = endpoint
    if asked.limit is not False and asked.limit is not None:
        model = limit(model, asked.limit)
    if asked.breaker is not False and asked.breaker is not None:
        how = as_breaker(asked.breaker)
        if how.patience_s is None and asked.fallback:
            how = how.model_copy(update={"patience_s": 0.0})
        model = breaker(model, how)
    if asked.concurrency is not None:
        model = concurrency(model, asked.concurrency)
    if asked.hedge is not False and asked.hedge is not None:
        model = hedge(model, asked.hedge)
    if asked.retries:
        model = retry(model, asked.retries + 1, budget=asked.retry_budget)
    if asked.timeouts is not None and asked.timeouts.turn_s is not None:
        model = deadline(model, asked.timeouts.turn_s)
    if asked.cache is not False and asked.cache is not None:
        model = cache(model, asked.cache if not isinstance(asked.cache, Path) else str(asked.cache))
    if asked.fallback:
        model = fallback(model, asked.fallback, on_refusal=asked.on_refusal)
    elif asked.on_refusal:
        raise SetupError("on_refusal without a fallback.", expected='fallback=["another model"]')
    return model
