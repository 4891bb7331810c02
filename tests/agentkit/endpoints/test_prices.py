from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import genai_prices
import pytest

from agentkit.endpoints import prices
from agentkit.events import Usage

SOME = Usage(tokens_in=1000, tokens_out=100, tokens_cached=400, calls=1)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-5-mini"),
        ("openai", "gpt-4o"),
        ("anthropic", "claude-sonnet-4-5"),
        ("google", "gemini-2.5-pro"),
        ("mistral", "mistral-large-latest"),
        ("deepseek", "deepseek-chat"),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_a_listed_price_is_that_of_the_library(provider: str, model: str, size: int) -> None:
    usage = Usage(tokens_in=1000 * size, tokens_out=100 * size, tokens_cached=400 * size)
    expected = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=usage.tokens_in,
            output_tokens=usage.tokens_out,
            cache_read_tokens=usage.tokens_cached,
            cache_write_tokens=50,
        ),
        model,
        provider_id=provider,
        genai_request_timestamp=datetime.now(UTC),
    )
    price = prices.listed(provider, model)
    assert price(usage.model_copy(update={"tokens_written": 50})) == pytest.approx(
        float(expected.total_price), rel=1e-9
    )


def test_an_unknown_price_is_none() -> None:
    assert prices.listed("openai", "no-such-model-of-anybody")(SOME) is None
    assert prices.unknown(SOME) is None


def test_tokens_that_nobody_counted_have_no_price() -> None:
    assert prices.per_million(1.0, 2.0)(Usage(calls=1)) is None


def test_a_price_of_ones_own_is_per_million() -> None:
    assert prices.per_million(2.0, 10.0)(SOME) == pytest.approx(0.003)
    assert prices.per_million(0.0, 0.0)(SOME) == 0.0


def test_a_simulated_model_costs_what_its_temperament_states() -> None:
    from agentkit.sim.brain.temperaments import TEMPERAMENTS

    for name, kind in TEMPERAMENTS.items():
        cost = prices.simulated(name)(SOME)
        stated = (1000 * kind.usd_per_million_in + 100 * kind.usd_per_million_out) / 1e6
        assert cost == pytest.approx(stated)


def test_a_price_list_is_not_loaded_for_a_model_of_ones_own() -> None:
    code = """
import sys
from agentkit.endpoints.connect import connect
connect("m", base_url="http://127.0.0.1:1/v1"), connect("sim:careful"), connect("ollama:x")
heavy = {"genai_prices", "aiohttp", "tenacity", "dotenv"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
