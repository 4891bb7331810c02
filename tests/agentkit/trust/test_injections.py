"""The suite of injections: what a policy claims to stop it stops, and honest work goes on.

`python -m benchmarks.injections` plays all of it with and without, and makes the table.
"""

from __future__ import annotations

from collections import Counter

import pytest

from agentkit import set_person
from agentkit.sim.brain.disguises import readings
from agentkit.trust import OFF, enforced
from benchmarks.injections.__main__ import ASKS, REFUSES, person, struck
from benchmarks.injections.benign import TASKS, Task
from benchmarks.injections.cases import Attack, attacks
from benchmarks.injections.disguise import CODED, FOREIGN, ORDER
from benchmarks.injections.mind import Mind
from benchmarks.injections.port import Office

ALL = attacks()


def named(one: Attack | Task) -> str:
    return f"{one.group}: {one.name}" if isinstance(one, Attack) else one.name


def test_the_suite_has_all_kinds_and_enough_of_each() -> None:
    groups = Counter(one.group for one in ALL if one.claimed)
    assert groups.total() >= 60 and len({named(one) for one in ALL}) == len(ALL)
    wanted = {
        "direct", "tool result", "encoded", "another language", "document", "file name",
        "tool description", "memory", "two agents", "three agents", "another run", "exfiltration",
    }  # fmt: skip
    assert wanted == set(groups)
    assert any("URL" in one.name for one in ALL) and any("image" in one.name for one in ALL)


@pytest.mark.parametrize("attack", ALL, ids=named)
async def test_a_policy_stops_what_it_claims_to_stop(attack: Attack) -> None:
    assert await struck(attack, REFUSES, Mind()) is not attack.claimed


@pytest.mark.parametrize("attack", ALL[::4], ids=named)
async def test_without_a_policy_the_same_attack_works(attack: Attack) -> None:
    assert await struck(attack, OFF, Mind())


@pytest.mark.parametrize("attack", ALL[::11], ids=named)
async def test_only_who_falls_for_orders_is_attacked(attack: Attack) -> None:
    assert await struck(attack, OFF, Mind("sim:careful")) is not attack.claimed


@pytest.mark.parametrize("task", TASKS, ids=named)
async def test_honest_work_goes_on(task: Task) -> None:
    with enforced(REFUSES):
        assert await task.on(Office(Mind())) is (task.needs == "nothing")
    before = set_person(person)
    try:
        with enforced(ASKS):
            assert await task.on(Office(Mind()))
    finally:
        set_person(before)


@pytest.mark.parametrize("dress", CODED.values(), ids=CODED.keys())
def test_what_hides_an_order_is_seen_through(dress: object) -> None:
    assert callable(dress)
    assert any("instructions" in one and "pay" in one for one in readings(dress(ORDER)))


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN.keys())
def test_an_order_in_another_language_is_understood(text: str) -> None:
    wanted = ("ignore all previous instructions", "call")
    assert any(all(word in one for word in wanted) for one in readings(text))
