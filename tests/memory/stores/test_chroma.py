"""What holds of Chroma alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memory.stores import Item, chromaquery
from memory.stores.choose import store
from tests.memory.stores.chromaserver import ITEMS, ROWS


async def test_a_batch_larger_than_chroma_takes_is_stored_whole(tmp_path: Path) -> None:
    made, many = store("notes", "chroma", "test", tmp_path), 6000
    await made.put([Item(id=f"i{n}", text="x") for n in range(many)], np.ones((many, 2)))
    assert await made.count() == many > made._batch  # type: ignore[attr-defined]
    await made.close()


async def test_a_search_returns_what_the_collections_own_query_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = store("notes", "chroma", "hashed", tmp_path)
    await made.put(ITEMS, ROWS)
    found = made._open()
    row = np.asarray(ROWS[:1], np.float32)
    theirs = found.query(query_embeddings=row, n_results=2, include=chromaquery.INCLUDE)
    assert chromaquery.queried(found, row, 2, None) == theirs
    near = await made.near(ROWS[0], 2)
    # A version of Chroma whose inner call is another one is asked by the public one.
    monkeypatch.setattr(chromaquery, "knows", lambda client: False)
    assert chromaquery.queried(found, row, 2, None) == theirs
    assert await made.near(ROWS[0], 2) == near and len(near) == 2
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


async def test_no_call_names_more_items_than_chroma_takes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: Any = store("notes", "chroma", "test", tmp_path)
    await made.put([Item(id="i0", text="first")], np.ones((1, 2)))
    collection, most = made._opened, 3
    monkeypatch.setattr(made, "_batch", most)
    for verb in ("get", "upsert", "delete"):
        real = getattr(collection, verb)

        def counted(real: Any = real, **options: Any) -> Any:
            assert len(options.get("ids") or ()) <= most
            assert options.get("ids") or options.get("limit") == most
            return real(**options)

        monkeypatch.setattr(collection, verb, counted)
    asked = collection.query

    def query(**options: Any) -> Any:
        assert options["n_results"] <= most or options["include"] == ["distances"]
        return asked(**options)

    monkeypatch.setattr(collection, "query", query)
    ids = [f"i{n}" for n in range(10)]
    vectors = np.stack([np.array([n, 1]) for n in range(10)])
    await made.put([Item(id=id, text=id, metadata={"n": n}) for n, id in enumerate(ids)], vectors)
    assert [one.id for one in await made.get()] == ids
    assert [one.id for one in await made.get(ids[:9])] == ids[:9]
    assert [one.id for one in await made.get(where={"n": {"$gte": 2}})] == ids[2:]
    assert np.allclose((await made.vectors(ids[::-1]))[:, 0], range(9, -1, -1))
    for where in (None, {"n": {"$gte": 2}}):
        near = await made.near(vectors[9], 9, where)
        assert len(near) == (9 if where is None else 8) and near[0].item.id == "i9"
        assert near[0].item.text == "i9" and near[0].item.metadata == {"n": 9}
        assert near[:2] == await made.near(vectors[9], 2, where)
    assert await made.drop([*ids[1:], "nobody"]) == 9
    assert [one.id for one in await made.get()] == ["i0"]
    await made.close()


FIRST = """
import asyncio, sys
import numpy as np
from memory.stores import Item
from memory.stores import chromaquery
from memory.stores.choose import store

made = store("notes", "chroma", "test", sys.argv[1])
asyncio.run(made.put([Item(id="i", text="x")], np.ones((1, 2))))
print(sorted(name for name in sys.modules if name in ("chromadb", "lark")))
"""


def test_the_first_write_compiles_no_grammar_that_nothing_here_uses(tmp_path: Path) -> None:
    # The validator of JSON Schemas that Chroma imports has one compiled, which takes seconds.
    done = subprocess.run(
        [sys.executable, "-c", FIRST, str(tmp_path)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "['chromadb']", done.stderr
