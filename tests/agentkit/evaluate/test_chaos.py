from __future__ import annotations

import pytest

from agentkit.agent import Agent
from agentkit.errors import SetupError
from agentkit.evaluate import chaos
from agentkit.sim.faultwords import faulty
from agentkit.sim.world import world

PORT = world()
CLERK = Agent("clerk", "You answer questions about the port.", tools=PORT.tools())


@pytest.mark.parametrize("where", ["process", "inside"])
async def test_each_mechanism_stands_next_to_its_absence_and_the_books_are_the_endpoints(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTKIT_SIM", where)
    found = await chaos(
        CLERK,
        PORT.questions[:6],
        "500=20% drop=15% seed=2",
        mechanisms={"retry": {"retries": 6}, "breaker": {"breaker": 50}},
        speed=0,
    )
    calm, bare, retried, guarded = found.rows
    assert [row.name for row in found.rows] == ["no faults", "faults", "retry", "+ breaker"]
    assert (calm.answered, calm.right, calm.wasted) == (6, 6, 0.0)
    assert bare.answered < 6 and len(bare.missing) == 6 - bare.answered
    assert (retried.answered, guarded.answered) == (6, 6)
    assert retried.requests > retried.steps and retried.notes["retry"] > 0
    assert retried.faults["500"] > 0 and set(retried.faults) <= {"500", "drop"}
    assert calm.charged_usd > 0 and bare.wasted_usd > 0
    # What was answered twice under one key is charged once.
    assert retried.charged_usd == pytest.approx(calm.charged_usd)
    text, svg = str(found), found.to_svg()
    assert "6 of 6" in text and "no faults" in svg and "<script" not in found.to_html()


async def test_what_cannot_be_measured_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(SetupError, match="a simulated model"):
        await chaos(CLERK, PORT.questions[:1], "500=1", model="openai:gpt-5-mini")
    with pytest.raises(SetupError, match="There is no fault '499'"):
        await chaos(CLERK, PORT.questions[:1], "499=1")


def test_faults_are_read_from_words_and_mappings() -> None:
    found = faulty("429=10% hallucinated_tool=0.5 partition=planner|critic stall seed=4", until_s=9)
    assert found.seed == 4
    assert found.rules == [
        {"kind": "429", "rate": 0.1, "until_s": 9},
        {"kind": "unknown_tool", "rate": 0.5, "until_s": 9},
        {"kind": "partition", "actor": "planner", "until_s": 9},
        {"kind": "partition", "actor": "critic", "until_s": 9},
        {"kind": "stall", "rate": 1.0, "until_s": 9},
    ]
    assert faulty({"500": 0.25}).rules == [{"kind": "500", "rate": 0.25}]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("429=110%", "0% to 100%"),
        ("429=-1", "0 to 1"),
        ("429=nan", "0 to 1"),
        ("stal=1", "did you mean stall"),
        ("seed=x", "whole number"),
        ("partition=|", "names nobody"),
    ],
)
def test_faults_that_are_none_are_refused(words: str, told: str) -> None:
    with pytest.raises(SetupError) as caught:
        faulty(words)
    assert told in str(caught.value)
