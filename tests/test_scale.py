"""The simulation of a large fleet keeps to what is known without it."""

from __future__ import annotations

import pytest

from benchmarks.scale import ENDPOINT_S, SLOTS, Costs, simulated


def test_a_database_that_costs_nothing_bounds_nothing() -> None:
    found = simulated(3, Costs(1e-9, 1e-9, 1e-9))
    assert found.turns == pytest.approx(3 * SLOTS / ENDPOINT_S, rel=0.05)
    assert found.busy < 1e-3 and found.late_s < 1e-3


def test_a_database_that_is_full_gives_what_its_processors_give() -> None:
    costs = Costs(commit_s=0.05, event_s=0.01, claim_s=0.0, cores=1)
    found = simulated(6, costs)
    assert found.busy > 0.97 and found.late_s > 0.1
    # Two events a turn, each at least event_s of the one processor.
    assert found.turns <= 1 / (2 * costs.event_s) * 1.02 < 6 * SLOTS / ENDPOINT_S


def test_more_processors_carry_more_workers() -> None:
    one, two = (simulated(8, Costs(0.02, 0.004, 0.02, cores)) for cores in (1, 2))
    assert two.turns > 1.5 * one.turns
