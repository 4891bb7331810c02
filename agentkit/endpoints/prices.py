"""What a call costs. An unknown price is None, never 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentkit.events import Usage

Price = Callable[[Usage], float | None]
"""USD of a call, from its tokens."""
HOUR = 2.0
"""What a token written to Anthropic's cache for an hour costs, in fresh ones; genai-prices lists
those for five minutes (1.25). Source: Anthropic's documentation, "Prompt caching", "Pricing"."""


def unknown(usage: Usage) -> float | None:
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

    def price(usage: Usage) -> float | None:
        if not usage.tokens_in:
            # No prompt is empty: the server did not count, so nobody knows the price.
            return None
        plain = usage.tokens_in - usage.tokens_cached - usage.tokens_written
        total = plain * fresh + usage.tokens_cached * cached + usage.tokens_written * written
        return (total + usage.tokens_out * out) / 1e6

    return price


def listed(provider: str, model: str, hour: bool = False) -> Price:
    """The provider's list price by genai-prices, looked up at the first call.

    Args:
        provider: genai-prices' name of it.
        model: the model's own name.
        hour: whether what is written to its cache is kept for an hour.
    """
    found: Price | None = None

    def price(usage: Usage) -> float | None:
        nonlocal found
        if found is None:
            found = look_up(provider, model, hour)
        return found(usage)

    return price


def look_up(provider: str, model: str, hour: bool = False) -> Price:
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
        return asking(genai_prices, provider, model, hour)
    fresh, out, cached, written = (None if n is None else float(n) for n in numbers)
    if fresh is None and out is None:
        return unknown
    written = HOUR * (fresh or 0.0) if hour else written
    return per_million(fresh or 0.0, out or 0.0, cached, written)


def tiered(number: Any) -> bool:
    """Whether a rate depends on how many tokens there are."""
    return number is not None and not hasattr(number, "as_tuple")


def asking(genai_prices: Any, provider: str, model: str, hour: bool) -> Price:
    """A price that depends on the time or on the number of tokens, computed by the library."""

    def price(usage: Usage) -> float | None:
        if not usage.tokens_in:
            return None
        # What is kept for an hour costs as fresh tokens do, and as much again.
        fresh, again = (0, usage.tokens_written) if hour else (usage.tokens_written, 0)
        counted = genai_prices.Usage(
            input_tokens=usage.tokens_in,
            output_tokens=usage.tokens_out,
            cache_read_tokens=usage.tokens_cached,
            cache_write_tokens=fresh,
        )
        total = genai_prices.calc_price(counted, model, provider_id=provider).total_price
        if again:
            more = genai_prices.Usage(input_tokens=again, output_tokens=0)
            total += genai_prices.calc_price(more, model, provider_id=provider).total_price
        return float(total)

    return price


def simulated(model: str) -> Price:
    """The price of a simulated model, as its temperament states it."""
    from agentkit.sim.brain.temperaments import temperament

    kind = temperament(model)
    return per_million(kind.usd_per_million_in, kind.usd_per_million_out)
