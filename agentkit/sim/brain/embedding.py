"""Embeddings without a model: hashed words and character 3- and 4-grams.

Texts that share words or spellings are near each other; a paraphrase is not, and that is
the lesson. Deterministic on every machine (crc32, not `hash`).
"""

from __future__ import annotations

import base64
import math
import re
from array import array
from collections.abc import Iterator
from zlib import crc32

NAME = "embed"
DIMENSIONS = 512
MOST_DIMENSIONS = 4096
MOST_TOKENS = 8192


def features(text: str) -> Iterator[str]:
    """Words, and the 3- and 4-grams of every word between its edges."""
    for word in re.findall(r"\w+", text.lower()):
        yield word
        edged = f"<{word}>"
        for size in (3, 4):
            for start in range(len(edged) - size + 1):
                yield edged[start : start + size]


def embed(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """The text's vector of length 1; zeros for a text without a word.

    Source: feature hashing with signs, Weinberger et al. 2009.
    """
    vector = [0.0] * dimensions
    for feature in features(text):
        hashed = crc32(feature.encode("utf-8", "replace"))
        vector[hashed % dimensions] += 1.0 if hashed & 0x8000_0000 else -1.0
    length = math.sqrt(sum(value * value for value in vector))
    return [value / length for value in vector] if length else vector


def packed(vector: list[float]) -> str:
    """Little-endian 32-bit floats in base64, as the `openai` client asks for by default."""
    floats = array("f", vector)
    if floats.itemsize != 4:
        raise ValueError("this platform's C float is not 32 bits wide")
    if array("H", [1]).tobytes() != b"\x01\x00":
        floats.byteswap()
    return base64.b64encode(floats.tobytes()).decode("ascii")
