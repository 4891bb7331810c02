"""embedder(name): an embedder from its name."""

from __future__ import annotations

from typing import Any

from agentkit.errors import SetupError
from memory.embed import Embedder


def embedder(name: str | Embedder | None = None, **options: Any) -> Embedder:
    """Make an embedder.

    Args:
        name: "hashed" (n-grams: offline, deterministic, knows words and not meaning);
            "minilm" (knows paraphrases; needs its weights on the machine); or an endpoint's
            model such as "sim:embed" or "openai:text-embedding-3-small". Without one MiniLM
            where its weights are, else hashed n-grams: nothing is downloaded or paid.
        options: of it: dims and grams of "hashed", folder of "minilm", base_url, api_key
            and dims of an endpoint's.

    Raises:
        SetupError: no embedder is called that, or it cannot work here.
    """
    if name is not None and not isinstance(name, str):
        return name
    if name is None:
        from memory.embed.minilm import weights

        name = (
            "minilm"
            if weights() and installed("numpy", "tokenizers", "threadpoolctl")
            else "hashed"
        )
    if name.startswith("hashed"):
        from memory.embed.hashed import HashedNgrams

        return HashedNgrams(**(options or parsed(name)))
    if name in ("minilm", "all-MiniLM-L6-v2"):
        from memory.embed.minilm import MiniLM

        return MiniLM(**options)
    if ":" in name or "base_url" in options:
        from memory.embed.endpoint import EndpointEmbedder

        return EndpointEmbedder(name, **options)
    raise SetupError(
        f"No embedder is called {name!r}.",
        expected="'hashed', 'minilm', or provider:model such as 'openai:text-embedding-3-small'",
    )


def installed(*packages: str) -> bool:
    """Whether packages are there, without importing them."""
    from importlib.util import find_spec

    return all(find_spec(one) for one in packages)


def parsed(name: str) -> dict[str, Any]:
    """The options in a full name, as collections keep it: hashed-ngrams-2048-3.4."""
    parts = name.split("-")
    if len(parts) != 4:
        return {}
    return {"dims": int(parts[2]), "grams": tuple(int(n) for n in parts[3].split("."))}
