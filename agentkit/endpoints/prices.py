"""What a call costs. An unknown price is None, never 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentkit.events import Usage

Price = Callable[[Usage, int], float | None]
"""USD of a call, from its tokens and how many of them were written to the endpoint's cache."""


def unknown(usage: Usage, cache_written: int = 0) -> float | None:
    """No price is known, as for a model on one's own machine."""
    return None


def per_million(
    fresh: float, out: float, cached: float | None = None, written: float | None = None
) -> Price:
    """A price linear in tokens.

    Args:
        fresh: USD per million prompt tokens.
        out: USD per million completion tokens.
        cached: USD per million prompt tokens read from a cache; like fresh ones if None.
        written: the same for those written to it.
    """
    cached, written = fresh if cached is None else cached, fresh if written is None else written

    def price(usage: Usage, cache_written: int = 0) -> float | None:
        if not usage.tokens_in:
            # No prompt is empty: the server did not count, so nobody knows the price.
            return None
        plain = usage.tokens_in - usage.tokens_cached - cache_written
        total = plain * fresh + usage.tokens_cached * cached + cache_written * written
        return (total + usage.tokens_out * out) / 1e6

    return price


def listed(provider: str, model: str) -> Price:
    """The provider's list price by genai-prices, looked up at the first call.

    Args:
        provider: genai-prices' name of it.
        model: the model's own name.
    """
    found: Price | None = None

    def price(usage: Usage, cache_written: int = 0) -> float | None:
        nonlocal found
        if found is None:
            found = look_up(provider, model)
        return found(usage, cache_written)

    return price


def look_up(provider: str, model: str) -> Price:
    """Resolve a price once; most are linear, and then the library is not asked again."""
    try:
        import genai_prices
    except ImportError:
        return unknown
    try:
        entry = genai_prices.calc_price(
            genai_prices.Usage(input_tokens=1, output_tokens=1), model, provider_id=provider
        )
    except (LookupError, ValueError):
        return unknown
    rates = entry.model_price
    asked = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")
    numbers = [getattr(rates, name, None) for name in asked]
    if isinstance(entry.model.prices, list) or any(tiered(number) for number in numbers):
        return asking(genai_prices, provider, model)
    fresh, out, cached, written = (None if n is None else float(n) for n in numbers)
    if fresh is None and out is None:
        return unknown
    return per_million(fresh or 0.0, out or 0.0, cached, written)


def tiered(number: Any) -> bool:
    """Whether a rate depends on how many tokens there are."""
    return number is not None and not hasattr(number, "as_tuple")


def asking(genai_prices: Any, provider: str, model: str) -> Price:
    """A price that depends on the time or on the number of tokens, computed by the library."""

    def price(usage: Usage, cache_written: int = 0) -> float | None:
        if not usage.tokens_in:
            return None
        counted = genai_prices.Usage(
            input_tokens=usage.tokens_in,
            output_tokens=usage.tokens_out,
            cache_read_tokens=usage.tokens_cached,
            cache_write_tokens=cache_written,
        )
        total = genai_prices.calc_price(counted, model, provider_id=provider).total_price
        return float(total)

    return price


def simulated(model: str) -> Price:
    """The price of a simulated model, as its temperament states it."""
    from agentkit.sim.brain.temperaments import temperament

    kind = temperament(model)
    return per_million(kind.usd_per_million_in, kind.usd_per_million_out)
