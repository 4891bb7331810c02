"""Spin agrees with our own search on protocols that are known, and on random ones."""

from __future__ import annotations

import shutil

import pytest

from agentkit.verify import check_protocol, spin
from tests.agentkit.verify.protocols import SPLIT, managers, random_protocol, two_phase

pytestmark = [
    pytest.mark.foreign,
    pytest.mark.skipif(shutil.which("spin") is None, reason="apt-get install spin"),
]

KNOWN = {
    "managers, opposite orders": (managers(("searcher", "coder"), ("coder", "searcher")), ()),
    "managers, one order": (managers(("searcher", "coder"), ("searcher", "coder")), ()),
    "two-phase commit": (two_phase(), SPLIT),
    "its coordinator dies": (two_phase(dies=("boss",)), SPLIT),
    "it decides too early": (two_phase(hasty=True), SPLIT),
}


@pytest.mark.parametrize("name", KNOWN)
def test_spin_agrees_on_what_is_known(name: str) -> None:
    protocol, forbid = KNOWN[name]
    assert spin(protocol, forbid) == check_protocol(protocol, forbid).holds


@pytest.mark.parametrize("seed", range(20))
def test_spin_agrees_on_random_protocols(seed: int) -> None:
    protocol, forbid = random_protocol(seed)
    assert spin(protocol, forbid) == check_protocol(protocol, forbid).holds
