"""What holds of Chroma alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from memory.stores import Item
from memory.stores.choose import store
from tests.memory.stores.chromaserver import ITEMS, ROWS


async def test_a_batch_larger_than_chroma_takes_is_stored_whole(tmp_path: Path) -> None:
    made, many = store("notes", "chroma", "test", tmp_path), 6000
    await made.put([Item(id=f"i{n}", text="x") for n in range(many)], np.ones((many, 2)))
    assert await made.count() == many > made._batch  # type: ignore[attr-defined]
    await made.close()


async def test_chromas_own_embedder_is_never_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chromadb.utils import embedding_functions

    def refuse(*_: object) -> None:
        raise AssertionError("it would download a model")

    for name in ("DefaultEmbeddingFunction", "ONNXMiniLM_L6_V2"):
        monkeypatch.setattr(getattr(embedding_functions, name), "__call__", refuse)
    made = store("notes", "chroma", "test", tmp_path)
    await made.put(ITEMS, ROWS)
    assert len(await made.near(ROWS[0], 2)) == 2
    assert len(await made.get(where={"n": 1})) == await made.drop(["i1"]) == 1
    assert made._opened._embedding_function is None  # type: ignore[attr-defined]
    await made.close()
