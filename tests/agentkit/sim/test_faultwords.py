from __future__ import annotations

from typing import Any

import pytest

from agentkit.errors import SetupError
from agentkit.sim.faultwords import faulty


def test_a_delay_is_that_of_the_faults_that_heed_one() -> None:
    found = faulty("429=30% stall=5% slow=3% partition=a|b seed=4", delay_s=0.5, actor="c*")
    assert {rule["kind"]: rule.get("delay_s") for rule in found.rules} == {
        "429": None, "stall": 0.5, "slow": 0.5, "partition": None,
    }  # fmt: skip
    assert found.seed == 4 and found.rules[1]["actor"] == "c*"


@pytest.mark.parametrize(
    ("words", "shared", "told"),
    [
        ("429=30% 500", {"delay_s": 1}, "delay_s=1 is of no use to 429, 500"),
        ("stall", {"retry_after_s": 1}, "of no use to stall"),
        ("429", {"from_s": 10, "until_s": 5}, "until_s is not after from_s"),
        ("stall", {"delay_s": -1}, "delay_s"),
        ("slow", {"factor": 0.5}, "factor"),
        ("429", {"first": 0}, "first"),
        ("429", {"nobody": 0}, "nobody"),
    ],
)
def test_what_fits_no_fault_is_refused_in_words(
    words: str, shared: dict[str, Any], told: str
) -> None:
    with pytest.raises(SetupError, match=told):
        faulty(words, **shared)
