from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory.stores import Item
from memory.stores.filters import fits, matches, normal
from memory.stores.rows import Rows

VECTOR = st.lists(st.integers(-3, 3), min_size=3, max_size=3)
WRITE = st.tuples(st.integers(0, 9), VECTOR)


def slow(stored: dict[str, tuple[Item, list[int]]], asked: list[int], k: int, least: int) -> Any:
    """The same search, one item after another."""

    def cosine(one: list[int]) -> float:
        lengths = math.hypot(*one) * math.hypot(*asked)
        return sum(a * b for a, b in zip(one, asked, strict=True)) / lengths if lengths else 0.0

    fitting = [(item, cosine(row)) for item, row in stored.values() if item.metadata["n"] >= least]  # type: ignore[operator]
    return sorted(fitting, key=lambda one: -round(one[1], 5))[:k]


@settings(max_examples=120, deadline=None)
@given(
    writes=st.lists(st.lists(WRITE, max_size=5, unique_by=lambda one: one[0]), max_size=6),
    drops=st.lists(st.sets(st.integers(0, 9)), max_size=6),
    asked=VECTOR.filter(any),
    k=st.integers(1, 12),
    least=st.integers(0, 9),
)
def test_a_search_finds_what_the_obvious_one_finds(
    writes: list[list[tuple[int, list[int]]]],
    drops: list[set[int]],
    asked: list[int],
    k: int,
    least: int,
) -> None:
    rows, stored = Rows([], np.zeros((0, 1), np.float32)), {}
    for write, gone in itertools.zip_longest(writes, drops, fillvalue=()):
        rows.drop([f"i{n}" for n in gone])
        for n in gone:
            stored.pop(f"i{n}", None)
        if not write:
            continue
        items = [Item(id=f"i{n}", text=str(row), metadata={"n": n}) for n, row in write]
        rows.put(items, np.array([row for _, row in write], np.float32))
        for item, (_, row) in zip(items, write, strict=True):
            stored[item.id] = item, row
    where = normal({"n": {"$gte": least}}) if least else None
    assert list(rows) == [item for item, _ in stored.values()]
    found = rows.near(np.array(asked, np.float32), k, where)
    wanted = slow(stored, asked, k, least)
    assert [round(hit.similarity, 4) for hit in found] == [round(score, 4) for _, score in wanted]
    assert all(hit.item == stored[hit.item.id][0] for hit in found)
    assert len({hit.item.id for hit in found}) == len(found)


def test_equal_scores_come_in_the_order_of_entry() -> None:
    rows = Rows([], np.zeros((0, 1), np.float32))
    rows.put([Item(id=f"i{n}", text="x") for n in range(9)], np.ones((9, 2), np.float32))
    for k in (1, 4, 20):
        found = rows.near(np.ones(2, np.float32), k, None)
        assert [hit.item.id for hit in found] == [f"i{n}" for n in range(min(k, 9))]


def test_a_drop_copies_nothing_until_half_of_the_rows_are_gone() -> None:
    rows = Rows([], np.zeros((0, 1), np.float32))
    rows.put([Item(id=f"i{n}", text="x") for n in range(9)], np.ones((9, 2), np.float32))
    matrix = rows.matrix
    rows.drop([f"i{n}" for n in range(4)])
    assert rows.matrix is matrix and [one.id for one in rows.named(["i8", "i0", "i4"])] == [
        "i4",
        "i8",
    ]
    rows.drop(["i4", "i5"])
    assert len(rows.matrix) == len(rows.items) == 3


VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from(["a", "b", "1"]),
    st.sampled_from([0.5, 2**53, 2**53 + 1, -(2**62)]),
)  # fmt: skip
LISTED = st.one_of(
    st.lists(st.integers(-2, 2), min_size=1), st.lists(st.sampled_from("ab"), min_size=1)
)
LEAF = st.one_of(
    st.tuples(st.sampled_from(["$eq", "$ne"]), VALUE.filter(lambda one: one is not None)),
    st.tuples(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), st.integers(-2, 2)),
    st.tuples(st.sampled_from(["$in", "$nin"]), LISTED),
).flatmap(lambda two: st.sampled_from("xy").map(lambda name: {name: {two[0]: two[1]}}))
FILTER = st.recursive(
    LEAF,
    lambda one: st.tuples(
        st.sampled_from(["$and", "$or"]), st.lists(one, min_size=1, max_size=3)
    ).map(lambda two: {two[0]: two[1]}),
    max_leaves=4,
)
FIELDS = st.fixed_dictionaries({"x": VALUE, "y": VALUE})


@settings(max_examples=120, deadline=None)
@given(
    writes=st.lists(st.lists(st.tuples(st.integers(0, 9), FIELDS), max_size=6), max_size=5),
    drops=st.lists(st.sets(st.integers(0, 9)), max_size=5),
    wheres=st.lists(FILTER, min_size=1, max_size=3),
)
def test_a_filter_in_columns_fits_what_it_fits_one_by_one(
    writes: list[list[tuple[int, dict[str, Any]]]], drops: list[set[int]], wheres: list[Any]
) -> None:
    rows = Rows([], np.zeros((0, 1), np.float32))
    for write, gone in itertools.zip_longest(writes, drops, fillvalue=()):
        rows.drop([f"i{n}" for n in gone])
        put = {
            n: Item(id=f"i{n}", text="x", metadata={k: v for k, v in one.items() if v is not None})
            for n, one in write
        }
        if put:
            rows.put(list(put.values()), np.ones((len(put), 2), np.float32))
        for where in map(normal, wheres):
            fitting = [one for one in rows if matches(where, one.metadata)]
            assert rows.at(rows.fitting(where)) == fitting  # type: ignore[arg-type]
            assert [one for one in rows if fits(where)(one.metadata)] == fitting


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"$or": [{"n": 1}, {"m": 3}, {"n": 2}]}, {"$or": [{"n": {"$in": [1, 2]}}, {"m": 3}]}),
        ({"$or": [{"n": 1}, {"n": 2.5}]}, {"$or": [{"n": 1}, {"n": 2.5}]}),
        ({"$or": [{"n": 1}, {"n": {"$in": [2, 3]}}]}, {"n": {"$in": [1, 2, 3]}}),
        ({"$or": [{"n": 1}, {"n": "1"}]}, {"$or": [{"n": 1}, {"n": "1"}]}),
        ({"$or": [{"n": {"$ne": 1}}, {"n": {"$ne": 2}}]}, None),
        ({"$and": [{"n": {"$ne": 1}}, {"n": {"$nin": [2]}}]}, {"n": {"$nin": [1, 2]}}),
        ({"$and": [{"n": 1}, {"n": 2}]}, None),
    ],
)
def test_several_values_of_one_field_are_a_list(given: Any, made: Any) -> None:
    found = normal(given)
    if made is not None:
        assert found == normal(made) and len(str(found)) <= len(str(normal(made)))
    for one in ({}, *({"n": n, "m": m} for n in (1, 2, 2.5, "1", True) for m in (0, 3))):
        ((how, parts),) = given.items()
        fits_each = [matches(normal(part), one) for part in parts]
        assert matches(found, one) is (any if how == "$or" else all)(fits_each)


def test_a_long_list_in_a_filter_costs_each_item_a_look() -> None:
    fit = fits(normal({"$and": [{"n": {"$nin": list(range(200_000))}}, {"m": {"$in": ["a"]}}]}))
    # One by one these would be 400 million comparisons.
    assert sum(fit({"n": n, "m": "a"}) for n in range(199_000, 201_000)) == 1000
    assert not fit({"n": 199_999.0, "m": "a"}) and fit({"n": True, "m": "a"})
