"""The contract of stores, on numpy, on embedded Chroma and on a real Chroma server."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import numpy as np
import pytest

from agentkit.errors import SetupError, StoreError
from memory.errors import BadVector, OtherEmbedder, StoreCorrupt
from memory.stores import Item, Store
from memory.stores.choose import store
from memory.stores.numpystore import NumpyStore
from tests.memory.stores.chromaserver import ITEMS, ROWS, TEXTS


@pytest.fixture(params=["numpy", "numpy in memory", "chroma", "server"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    match request.param:
        case "numpy in memory":
            return store("notes", "numpy", "test", ":memory:")
        case "server":
            url = request.getfixturevalue("server").url
            return store(f"notes{time.time_ns()}", url, "test", tmp_path)
        case kind:
            return store("notes", kind, "test", tmp_path)


async def test_put_replaces_by_id_and_keeps_the_order_of_entry(made: Store) -> None:
    await made.put(ITEMS, ROWS)
    await made.put([Item(id="i0", text="Amber is very deep", metadata={"n": 9})], ROWS[:1])
    found = await made.get()
    assert [(one.id, one.text) for one in found] == [
        ("i0", "Amber is very deep"), ("i1", TEXTS[1]), ("i2", TEXTS[2]),
    ]  # fmt: skip
    assert found[0].metadata == {"n": 9}
    assert await made.count() == 3
    await made.close()


async def test_what_is_replaced_leaves_no_field_of_its_metadata(made: Store) -> None:
    full = Item(id="a", text="x", metadata={"port": "Amber", "n": 1})
    await made.put([full, ITEMS[1]], ROWS[:2])
    await made.put([Item(id="a", text="x", metadata={"n": 2})], ROWS[:1])
    assert (await made.get(["a"]))[0].metadata == {"n": 2}
    assert await made.get(where={"port": "Amber"}) == []
    await made.put([Item(id="a", text="x")], ROWS[:1])
    assert [one.metadata for one in await made.get()] == [{}, {"n": 1}]
    await made.close()


async def test_near_ranks_by_cosine_and_filters(made: Store) -> None:
    await made.put(ITEMS, ROWS)
    asked = np.array([0.1, 0.9, 0.4, 0], np.float32)
    hits = await made.near(asked / np.linalg.norm(asked), 2)
    assert [hit.item.id for hit in hits] == ["i1", "i2"]
    assert hits[0].similarity == pytest.approx(0.9 / np.linalg.norm(asked), abs=1e-3)
    assert [h.item.id for h in await made.near(asked, 5, {"n": {"$ne": 1}})] == ["i2", "i0"]
    both = {"$and": [{"n": {"$gte": 1}}, {"n": {"$lt": 2}}]}
    assert [one.id for one in await made.get(where=both)] == ["i1"]
    assert [one.id for one in await made.get(where={"n": {"$in": [0, 2]}})] == ["i0", "i2"]
    await made.close()


FILTERS = [
    {"n": 1.0}, {"n": True}, {"b": 1}, {"b": True}, {"n": {"$gt": 1.5}}, {"f": {"$gte": 1}},
    {"s": {"$ne": "x"}}, {"n": {"$nin": [1]}}, {"n": 1, "s": "x"}, {"n": {"$gt": 0, "$lt": 2}},
    {"$and": [{"n": 1}]}, {"$and": [{"n": 1}, {}]}, {"$or": [{"n": 2}, {"b": True}]},
    {"$or": [{"n": 2}, {}]}, {"n": "x"}, {"nobody": {"$ne": 3}}, {},
    {"n": 2.5}, {"n": {"$lt": 2.5}}, {"n": {"$gte": 1.5}}, {"n": {"$ne": 1.5}},
    {"n": {"$lte": -0.5}}, {"n": {"$in": [1, 2.5]}}, {"n": {"$nin": [1.5, 1]}},
    {"n": {"$gt": -1.5, "$lte": 1.5}}, {"$or": [{"n": 1}, {"n": 2.5}, {"f": 1.5}]},
]  # fmt: skip


async def test_a_filter_means_the_same_in_every_store(made: Store) -> None:
    facts: list[dict[str, object]] = [{"n": 1, "s": "x", "b": True, "f": 1.5}, {"n": 2}, {}]
    items = [Item(id=f"i{n}", text="x", metadata=one) for n, one in enumerate(facts)]  # type: ignore[arg-type]
    await made.put(items, ROWS)
    found = [[one.id[1:] for one in await made.get(where=where)] for where in FILTERS]
    assert ["".join(ids) for ids in found] == [
        "0", "", "", "0", "1", "0", "12", "12", "0", "0", "0", "0", "01", "012", "", "012", "012",
        "", "01", "1", "012", "", "0", "12", "0", "0",
    ]  # fmt: skip
    for wrong in ({"n": {"$near": 1}}, {"n": {"$gt": "x"}}, {"$and": []}, {"n": None}, {"n": {}},
                  {"n": {"$in": []}}, {"n": {"$in": [1, "x"]}}, {3: 1}, ["n"], {"n": 2**63},
                  {"n": {"$lt": -(2**70)}}, {"n": {"$nin": [2**64]}}):  # fmt: skip
        with pytest.raises(SetupError):
            await made.near(ROWS[0], 1, wrong)  # type: ignore[arg-type]
    await made.close()


@pytest.mark.parametrize(
    "wrong",
    [
        [Item(id="a", text="x"), Item(id="a", text="y")],
        [Item(id="", text="x")],
        [Item(id="a", text="\ud800")],
        [Item(id="a", text="x", metadata={"chroma:document": "y"})],
        [Item(id="a", text="x", metadata={"": "y"})],
        [Item(id="a", text="x", metadata={"y": float("nan")})],
        [Item(id="a", text="x", metadata={"y": 2**63})],
    ],
)
async def test_what_no_store_keeps_is_told_and_stores_nothing(
    made: Store, wrong: list[Item]
) -> None:
    with pytest.raises(SetupError):
        await made.put(wrong, ROWS[: len(wrong)])
    assert await made.count() == 0
    await made.close()


async def test_many_writes_at_once_all_arrive(made: Store) -> None:
    async def write(n: int) -> list[str]:
        await made.put([Item(id=f"i{n}", text="x")], ROWS[n % 3 : n % 3 + 1])
        return [hit.item.id for hit in await made.near(ROWS[n % 3], 30)]

    found = await asyncio.gather(*(write(n) for n in range(30)))
    assert all(f"i{n}" in ids for n, ids in enumerate(found))
    assert await made.count() == 30
    await made.close()


async def test_an_empty_store_answers_with_nothing(made: Store) -> None:
    assert await made.get() == []
    assert await made.near(np.ones(4, np.float32), 3) == []
    assert (await made.count(), await made.drop(["i0"])) == (0, 0)
    await made.close()


async def test_drop_and_vectors_go_by_id(made: Store) -> None:
    await made.put(ITEMS, ROWS)
    assert (await made.vectors(["i2", "i0"])).tolist() == [ROWS[2].tolist(), ROWS[0].tolist()]
    assert await made.drop(["i0", "i0", "nobody"]) == 1
    with pytest.raises(StoreError, match="i0"):
        await made.vectors(["i0"])
    await made.close()


@pytest.mark.parametrize(
    "rows", [np.full((3, 4), np.nan), np.full((3, 4), np.inf), np.ones((2, 4)), np.ones(4)]
)
async def test_a_bad_vector_stores_nothing(made: Store, rows: np.ndarray) -> None:
    with pytest.raises(BadVector):
        await made.put(ITEMS, rows)
    assert await made.count() == 0
    await made.put(ITEMS, ROWS)
    with pytest.raises(BadVector, match="shape"):
        await made.near(np.ones(5, np.float32), 1)
    with pytest.raises(BadVector, match="shape"):
        await made.put(ITEMS, np.ones((3, 5)))
    await made.close()


@pytest.mark.parametrize("kind", ["numpy", "chroma"])
async def test_another_embedder_is_an_error_and_not_wrong_neighbours(
    kind: str, tmp_path: Path
) -> None:
    first = store("notes", kind, "hashed", tmp_path)
    await first.put(ITEMS, ROWS)
    await first.close()
    with pytest.raises(OtherEmbedder, match="'notes' was made with the embedder hashed"):
        await store("notes", kind, "minilm", tmp_path).count()
    again = store("notes", kind, "hashed", tmp_path)
    assert await again.count() == 3
    await again.close()


async def test_collections_are_kept_apart(
    made: Store, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    await made.put(ITEMS, ROWS)
    if made.path == ":memory:":
        pytest.skip("nobody else can open it")
    url = request.getfixturevalue("server").url if request.node.callspec.id == "server" else None
    other = store(f"others{time.time_ns()}", url or made.kind, "another", tmp_path)
    await other.put(ITEMS[:1], np.ones((1, 7)))
    assert (await made.count(), await other.count()) == (3, 1)
    assert await other.drop(["i0", "i1"]) == 1
    assert await made.count() == 3
    await other.close()
    await made.close()


@pytest.mark.parametrize("kind", ["numpy", "chroma"])
async def test_a_store_opened_again_still_refuses_vectors_of_another_size(
    kind: str, tmp_path: Path
) -> None:
    first = store("notes", kind, "test", tmp_path)
    await first.put(ITEMS, ROWS)
    await first.close()
    again = store("notes", kind, "test", tmp_path)
    with pytest.raises(BadVector):
        await again.near(np.ones(5, np.float32), 1)
    await again.close()
    third = store("notes", kind, "test", tmp_path)
    with pytest.raises(BadVector):
        await third.put(ITEMS, np.ones((3, 5)))
    assert await third.count() == 3
    await third.close()


async def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    made = NumpyStore("notes", "test", tmp_path / "memory.db")
    await made.put(ITEMS, ROWS)
    pages = made._db.execute("PRAGMA page_count").fetchone()[0]
    made._db.execute(f"PRAGMA max_page_count={pages}")
    big = [Item(id=f"b{n}", text="x" * 5000) for n in range(50)]
    with pytest.raises(StoreError, match="disk is full") as caught:
        await made.put(big, np.ones((50, 4)))
    assert type(caught.value).__name__ == "StoreFull"
    assert await made.count() == 3
    await made.close()


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "memory.db").write_text("not a database, but long enough to look like one" * 30)
    with pytest.raises(StoreCorrupt):
        store("notes", "numpy", "test", tmp_path)


def test_no_store_is_called_that(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="No store is called 'pinecone'"):
        store("notes", "pinecone", "test", tmp_path)
