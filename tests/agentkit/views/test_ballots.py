"""The board of votes and debates as a fold."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from agentkit import Agent, open_log
from agentkit.errors import TimedOut
from agentkit.patterns.debate import debate
from agentkit.patterns.panel import panel
from agentkit.patterns.vote import vote
from agentkit.pictures import BallotsPicture
from agentkit.views import Ballots, fold
from tests.agentkit.patterns.teams import agent
from tests.agentkit.views.story import Story
from tests.fakes import ScriptedModel


def says(name: str, *lines: str) -> Agent:
    return Agent(name, model=ScriptedModel(*lines))


async def shown(team: Any, truth: str | None = None) -> tuple[Ballots, Any]:
    """The view of a run of this team, and its first board as JSON."""
    log = open_log("memory:")
    answer = await team("How much?", log=log)
    view = fold(BallotsPicture(Ballots(truth)), log.read(answer.run_id))
    return view, view.data()["tables"][0]


def talked_out() -> Any:
    """Two are wrong at first, one is right and gives in."""
    return debate([says("ann", "41", "41"), says("bo", "42", "41"), says("cy", "41", "41")])


async def test_a_board_tells_who_held_what_in_each_round() -> None:
    view, board = await shown(talked_out())
    held = [[one["cells"][who]["answer"] for who in ("ann", "bo", "cy")] for one in board["rounds"]]
    assert held == [["41", "42", "41"], ["41", "41", "41"]]
    assert [one["votes"] for one in board["rounds"]] == ["2 of 3", "3 of 3"]
    assert [who for who, cell in board["rounds"][1]["cells"].items() if cell["changed"]] == ["bo"]
    assert board["said"] == "41 by vote, 3 of 3"
    assert "round 2: bo changed from 42 to 41." in str(view)


async def test_with_the_truth_a_board_tells_where_the_majority_went_wrong() -> None:
    _, board = await shown(talked_out(), truth="42.0")
    assert board["remarks"] == [
        "round 1: the majority was wrong with 41; bo had 42.0.",
        "round 2: bo changed from 42 to 41, away from the truth.",
        "round 2: the majority was wrong with 41; nobody had 42.0.",
    ]
    assert board["rounds"][0]["cells"]["bo"]["right"] is True
    assert board["right"] is False


async def test_a_tie_of_wrong_answers_is_not_called_a_majority() -> None:
    _, board = await shown(vote([says("ann", "41"), says("bo", "43")]), truth="42")
    assert "vote: a tie of 41 and 43; nobody had 42." in board["remarks"]


async def test_without_the_truth_nothing_is_called_right_or_wrong() -> None:
    view, board = await shown(talked_out())
    assert {c["right"] for one in board["rounds"] for c in one["cells"].values()} == {None}
    assert "✓" not in str(view) and "✗" not in str(view)


async def test_a_vote_is_a_round_and_who_failed_is_named() -> None:
    failing = agent("bo", lambda _: TimedOut("no reply"))
    _, board = await shown(vote([agent("ann", "7"), agent("cy", "I do not know."), failing]))
    assert [one["label"] for one in board["rounds"]] == ["vote"]
    assert board["rounds"][0]["cells"]["cy"]["answer"] is None
    assert board["members"] == ["ann", "cy", "bo"]
    assert "no reply" in board["rounds"][0]["cells"]["bo"]["absent"]


@pytest.mark.parametrize(
    ("ballots", "lead"), [({"ann": "1", "bo": "2"}, ["1", "2"]), ({"ann": None}, [])]
)
def test_a_tie_has_several_leaders_and_an_abstention_none(
    ballots: dict[str, str | None], lead: list[str]
) -> None:
    s = Story()
    s.start()
    s.open("t", "d", "d", what="pattern")
    s.note("t", "debate", {"round": 1, "answers": ballots, "changed": []})
    board = fold(BallotsPicture(Ballots("1")), s.events).data()["tables"][0]
    assert board["rounds"][0]["lead"] == lead
    assert board["rounds"][0]["right"] is None
    assert board["said"] == "round 1, not decided yet"


def test_a_judge_against_the_majority_is_told() -> None:
    s = Story()
    s.start()
    s.open("t", "court", "court", what="pattern")
    ballots = {"ann": "1", "bo": "2", "cy": "1"}
    s.note("t", "judge", {"winner": "bo", "ballots": ballots, "reason": "it is derived"})
    board = fold(BallotsPicture(), s.events).data()["tables"][0]
    assert board["said"] == "2 by judge, bo: it is derived"
    assert board["remarks"] == ["The judge chose 2 against the majority's 1."]


async def test_a_panel_shows_what_it_gave_to_each_answer() -> None:
    raters = [agent(n, lambda t: '{"score": 8, "reason": "read"}') for n in ("kind", "strict")]
    _, board = await shown(panel([agent("ann", "7"), agent("bo", "9")], raters))
    assert [c["mark"] for c in board["rounds"][0]["cells"].values()] == ["8", "8"]
    assert board["said"].startswith("7 by panel, ann: the highest mean, 8")


def test_a_resumed_debate_counts_a_round_once() -> None:
    s = Story()
    s.start()
    s.open("t", "d", "d", what="pattern")
    for how in ("first", "resumed"):
        if how == "resumed":
            s.start(how="resume")
        s.note("t", "debate", {"round": 1, "answers": {"ann": "<b>1</b>"}, "changed": []})
    view = fold(BallotsPicture(), s.events)
    assert len(view.data()["tables"][0]["rounds"]) == 1
    assert "<b>" not in view.to_svg() + view.to_html() + view.to_markdown()
    ElementTree.fromstring(view.to_svg())
