"""Samples: the same ask several times, with seeds of their own."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import Agent, gather, pattern, run
from agentkit.errors import SetupError
from tests.fakes import ScriptedModel


async def test_samples_are_sent_different_seeds_and_the_plain_ask_the_run_s_own() -> None:
    model = ScriptedModel("a", "b", "c")
    clerk = Agent("clerk", model=model)
    async with run(seed=7):
        for sample in range(3):
            await clerk("guess", sample=sample)
    seeds = [request.options.seed for request in model.requests]
    assert seeds[0] == 7
    assert None not in seeds
    assert len(set(seeds)) == 3


async def test_a_sample_has_a_seed_even_where_the_run_has_none() -> None:
    model = ScriptedModel("a", "b")
    clerk = Agent("clerk", model=model)
    async with run():
        await gather(clerk("guess", sample=0), clerk("guess", sample=1))
    assert sorted([str(r.options.seed) for r in model.requests], key=len)[-1].isdigit()
    assert None in [r.options.seed for r in model.requests]


async def test_the_seed_of_a_sample_holds_for_everything_below_it() -> None:
    model = ScriptedModel("a", "b", "c", "d")
    clerk = Agent("clerk", model=model)

    @pattern
    async def twice(task: str) -> str:
        await clerk(task)
        return (await clerk(task, sample=1)).text

    async with run(seed=7):
        await twice("guess", sample=1)
        await twice("guess", sample=2)
    seeds = [r.options.seed for r in model.requests]
    assert len(set(seeds)) == 4


async def test_samples_keep_their_steps_whatever_their_order() -> None:
    model = ScriptedModel("a", "b")
    clerk = Agent("clerk", model=model)
    reverse = False

    @pattern
    async def both(task: str) -> list[str]:
        numbers = [2, 1] if reverse else [1, 2]
        return [(await clerk(task, sample=number)).text for number in numbers]

    first = await both("guess")
    reverse = True
    again = await both.rerun(first.run_id)
    assert (first.data, again.data) == (["a", "b"], ["b", "a"])
    assert len(model.requests) == 2


@pytest.mark.parametrize("sample", [-1, "abc", 1.5, True, None, [1]])
async def test_a_sample_that_is_no_whole_number_is_refused_before_anything_is_asked(
    sample: Any,
) -> None:
    model = ScriptedModel("a")
    with pytest.raises(SetupError, match="whole number from 0"):
        await Agent("clerk", model=model)("guess", sample=sample)
    assert model.requests == []
