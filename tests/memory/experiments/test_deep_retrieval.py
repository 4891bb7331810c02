"""Deep memory retrieval: what is told, what is asked, and who still knows."""

from __future__ import annotations

import pytest

from agentkit import open_log, run
from agentkit.errors import SetupError
from memory.experiments.deep_retrieval import deep_retrieval, made_facts
from memory.experiments.trial import ResultTable
from tests.memory.experiments.readers import model, porter


def test_facts_differ_in_place_and_value_and_go_session_by_session() -> None:
    facts = made_facts(5, 2, seed=0)
    assert [one.session for one in facts] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert len({one.what.split(" of ")[1] for one in facts}) == 10
    assert len({one.value for one in facts}) == 10
    assert facts[0].value in facts[0].told and facts[0].value not in facts[0].asked


async def test_only_who_pages_knows_what_was_said_first() -> None:
    table = await deep_retrieval(model=model(porter), sessions=4, facts=1)
    _, fixed, compacted, paged = table.rows
    assert paged[:5] == ["paged memory", *["1 of 1"] * 4]
    assert fixed[1] == compacted[1] == "0 of 1"
    assert fixed[4] == "1 of 1"
    assert all(int(row[-1]) <= 1600 for row in table.rows[1:])


async def test_in_a_window_that_holds_everything_everybody_knows() -> None:
    table = await deep_retrieval(
        model=model(porter), window_tokens=20_000, sessions=2, facts=2, notices=1
    )
    assert [row[1:3] for row in table.rows[1:]] == [["2 of 2"] * 2] * 3


async def test_the_simulated_model_can_take_part() -> None:
    table = await deep_retrieval(model="sim:careful", sessions=4, facts=1)
    _, fixed, compacted, paged = table.rows
    assert paged[1:5] == ["1 of 1"] * 4
    assert fixed[1] == compacted[1] == "0 of 1"


async def test_an_experiment_is_one_run_or_part_of_the_one_that_is_open() -> None:
    log = open_log("memory:")
    async with run("lesson", log=log):
        await deep_retrieval(model=model(porter), sessions=1, facts=1, notices=1)
    assert [info.name for info in log.runs()] == ["lesson"]


@pytest.mark.parametrize(("sessions", "facts"), [(0, 1), (1, 0), (-1, -1), (11, 2)])
async def test_facts_that_cannot_be_told_apart_are_refused(sessions: int, facts: int) -> None:
    with pytest.raises(SetupError, match="1 to 20"):
        await deep_retrieval(model=model(porter), sessions=sessions, facts=facts)


def test_a_table_reads_well_as_text_and_as_markdown() -> None:
    table = ResultTable(
        title="Trial", rows=[["", "calls"], ["paged | x", "12"]], remarks=["So it is."]
    )
    assert repr(table) == str(table) == "Trial\n           calls\npaged | x     12\nSo it is."
    assert table._repr_markdown_().splitlines()[2:5] == [
        "|  | calls |",
        "|---|---:|",
        "| paged &#124; x | 12 |",
    ]
