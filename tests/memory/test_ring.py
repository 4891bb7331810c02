"""An election on a ring: letters as counted, the average of the paper, and who is silent."""

from __future__ import annotations

import itertools
import statistics

import pytest

from agentkit import open_log, run
from agentkit.errors import SetupError
from memory import fabric
from memory.experiments.ring import elect, expected, letters


def test_the_average_over_all_orders_is_that_of_the_paper() -> None:
    for n in (1, 2, 3, 4, 5, 6):
        counts = [letters(order) for order in itertools.permutations(range(n))]
        assert statistics.mean(counts) == pytest.approx(expected(n))
        assert max(counts) == n * (n + 1) // 2 and min(counts) == 2 * n - 1


@pytest.mark.parametrize("order", [[3], [1, 2, 3, 4], [4, 3, 2, 1], [2, 4, 1, 3]])
async def test_letters_over_a_fabric_are_as_many_as_counted(order: list[int]) -> None:
    async with run("election", log=open_log("memory:")):
        found = await elect(fabric("local"), order)
    assert found.leaders == [max(order)] and found.letters == letters(order) and not found.waits


async def test_a_dead_member_stops_the_election_and_half_a_ring_elects_nobody() -> None:
    async with run("election", log=open_log("memory:")):
        broken = await elect(fabric("local"), [2, 4, 1, 3], dead=[1], patience_s=0.2)
        left = await elect(fabric("local"), [1, 2], of=4)
        right = await elect(fabric("local"), [3, 4, 5], of=5)
    assert broken.leaders == [] and broken.waits == [2, 4, 3] and "in vain" in str(broken)
    assert left.leaders == [] and right.leaders == [5]


async def test_a_ring_with_a_number_twice_is_refused() -> None:
    with pytest.raises(SetupError, match="each number once"):
        await elect(fabric("local"), [1, 1])
