"""Hashed n-grams: vectors from the words and word parts of a text, and nothing else.

The hashing trick (Weinberger et al. 2009) over words and character n-grams of words, as
fastText cuts them (Bojanowski et al. 2017): no weights, no download, the same everywhere.
It finds shared words and word parts; it knows nothing of meaning, so a paraphrase that
shares no word is not found.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from memory.embed import Embedded

if TYPE_CHECKING:
    import numpy as np

WORD = re.compile(r"\w+", re.UNICODE)

COMMON = frozenset(
    "a an and are as at be by do does for from has have how i if in is it its of on or that the "
    "their there they this to was were what when where which who will with you your".split()
)
"""Words that tell nothing; they weigh a tenth."""


class HashedNgrams:
    """Vectors from words and word parts; see the module."""

    max_chars = 1_000_000

    def __init__(self, dims: int = 2048, grams: tuple[int, ...] = (3, 4)) -> None:
        self.dims: int | None = dims
        self.size, self.grams = dims, grams
        self.name = f"hashed-ngrams-{dims}-{'.'.join(map(str, grams))}"

    async def embed(self, texts: Sequence[str]) -> Embedded:
        import numpy as np

        return Embedded(np.stack([self.vector(text) for text in texts]))

    def vector(self, text: str) -> np.ndarray:
        """The vector of one text; all zeros when it has no word."""
        import numpy as np

        row = np.zeros(self.size, dtype=np.float32)
        for feature, weight in features(text, self.grams):
            # crc32 is the same in every process, as hash() is not; its high bit gives the sign.
            code = zlib.crc32(feature.encode("utf-8", "surrogatepass"))
            row[(code & 0x7FFFFFFF) % self.size] += weight if code >> 31 else -weight
        length = math.sqrt(float(row @ row))
        return row / np.float32(length) if length else row

    def __repr__(self) -> str:
        return f"{self.name}: finds shared words and word parts, not meaning"


def features(text: str, grams: tuple[int, ...]) -> Iterator[tuple[str, float]]:
    """Words and their n-grams with a weight that grows slowly with how often they occur."""
    counts = Counter(WORD.findall(text.lower()))
    for word, count in counts.items():
        weight = (1 + math.log(count)) * (0.1 if word in COMMON else 1.0)
        yield f"w:{word}", weight
        padded = f"<{word}>"
        parts = [padded[i : i + n] for n in grams for i in range(len(padded) - n + 1)]
        for part in parts:
            # All parts of a word together weigh about as much as the word itself.
            yield f"g:{part}", weight / math.sqrt(len(parts))
