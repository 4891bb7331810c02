"""Nested key-value lookup: what it asks, and that only paging answers it."""

from __future__ import annotations

import uuid

import pytest

from agentkit.errors import SetupError
from memory.experiments.nested_kv import made_pairs, nested_kv
from tests.memory.experiments.readers import chaser, model


def test_each_chain_leads_from_key_to_key_as_many_levels_as_it_says() -> None:
    pairs, chains = made_pairs(140, seed=3)
    values = dict(pairs)
    assert len(pairs) == len(values) == 140
    assert all(uuid.UUID(text).version == 4 for pair in pairs for text in pair)
    assert [one.levels for one in chains] == [0, 1, 2, 3, 4]
    for chain in chains:
        at = values[chain.start]
        for _level in range(chain.levels):
            at = values[at]
        assert at == chain.end and at not in values
    assert made_pairs(140, seed=3) == (pairs, chains) != made_pairs(140, seed=4)


async def test_paging_finds_what_a_window_that_holds_some_pairs_does_not() -> None:
    table = await nested_kv(model=model(chaser), window_tokens=2000, pairs=100, orders=2)
    _, fixed, paged = table.rows
    assert paged[:6] == ["paged memory", *["2 of 2"] * 5]
    assert [int(cell[0]) for cell in fixed[1:6]][-2:] == [0, 0]
    assert int(fixed[-1]) <= 2000 and int(paged[-1]) <= 2000


async def test_where_all_pairs_fit_the_window_both_find_all() -> None:
    table = await nested_kv(model=model(chaser), window_tokens=4000, pairs=15, orders=1)
    assert [row[1:6] for row in table.rows[1:]] == [["1 of 1"] * 5] * 2


async def test_who_never_answers_is_never_right() -> None:
    table = await nested_kv(model=model("I do not know."), window_tokens=2000, pairs=15, orders=1)
    assert [row[1:6] for row in table.rows[1:]] == [["0 of 1"] * 5] * 2


async def test_the_simulated_model_can_take_part() -> None:
    table = await nested_kv(model="sim:careful", window_tokens=1600, pairs=80, orders=1)
    assert table.rows[2][:6] == ["paged memory", *["1 of 1"] * 5]
    assert table.rows[1][1:6].count("1 of 1") < 5


async def test_fewer_pairs_than_the_chains_need_are_refused() -> None:
    with pytest.raises(SetupError, match="15 or more"):
        await nested_kv(model=model(chaser), pairs=14)
    with pytest.raises(SetupError, match="orders"):
        await nested_kv(model=model(chaser), orders=0)
