"""Matches: what players are told and do, what is recorded, and what happens to odd players."""

from __future__ import annotations

import pytest

from agentkit import Agent, open_log, pattern, run
from agentkit.errors import BadOutput, SetupError
from agentkit.events import Noted, StepEnded
from agentkit.games import (
    PENNIES,
    PRISONERS,
    STRATEGIES,
    commons,
    match_of,
    repeated,
    strategy,
    tournament,
)
from tests.fakes import ScriptedModel

C, D = "cooperate", "defect"


def letters(match, seat):
    return "".join({C: "C", D: "D"}[one[seat]] for one in match.rounds)


async def played(one, two, rounds=8, **how):
    answer = await repeated(PRISONERS, [one, two], rounds, **how)(
        "Play.", log=open_log("memory:"), seed=1
    )
    return match_of(answer)


def says(name, *moves):
    return Agent(name, model=ScriptedModel(*[f'"{move}"' for move in moves]))


SCRIPT = [C, D, C, D, D, D, C, C]
"""What the other one does. The expected rows are worked out by hand from the strategies' words."""


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("cooperator", "CCCCCCCC"),
        ("defector", "DDDDDDDD"),
        ("alternator", "CDCDCDCD"),
        ("tit for tat", "CCDCDDDC"),
        ("suspicious tit for tat", "DCDCDDDC"),
        ("tit for two tats", "CCCCCDDC"),
        ("grim", "CCDDDDDD"),
        ("win-stay lose-shift", "CCDDCDCC"),
        ("majority", "CCCCCDDD"),
    ],
)
async def test_a_strategy_does_what_its_words_say(name, row):
    match = await played(strategy(name), says("other", *SCRIPT))
    assert letters(match, 0) == row, STRATEGIES[name].__doc__


@pytest.mark.parametrize("name", ["random", "generous tit for tat", "joss"])
async def test_chances_are_drawn_by_the_run_and_replayed(name):
    log = open_log("memory:")
    team = repeated(PRISONERS, [strategy(name), strategy("defector")], 40)
    answer = await team("Play.", log=log, seed=3)
    match = match_of(answer)
    share = match.share(C, name)
    assert {"random": 0.25 < share < 0.75, "generous tit for tat": 0.15 < share < 0.6,
            "joss": share <= 0.05}[name]  # fmt: skip
    again = await team.replay(answer.run_id, log=log)
    assert match_of(again).rounds == match.rounds


async def test_payoffs_regret_and_welfare_are_those_of_the_rounds():
    match = await played(strategy("tit for tat"), strategy("defector"), 10)
    assert match.mean == {"tit for tat": 0.9, "defector": 1.4}
    assert match.regret("tit for tat") == pytest.approx(0.1), "defecting always would have got 1"
    assert match.regret("defector") == 0 and match.welfare == pytest.approx(2.3)
    assert match.optimum == 6 and match.share(D) == pytest.approx(0.95)
    assert "tit for tat" in str(match) and "data:image/svg+xml" in match._repr_html_()


async def test_an_agent_is_told_the_rules_and_all_moves_so_far():
    model = ScriptedModel('"cooperate"', '"defect"', '"defect"')
    log = open_log("memory:")
    team = repeated(PRISONERS, [strategy("grim"), Agent("ann", model=model)], 3, known_end=True)
    answer = await team("Play.", log=log)
    text = model.requests[-1].thread[-1].message.text
    assert "round 3 of 3" in text and "You are player 2 of 2" in text
    assert "round 2: cooperate, defect" in text and "player 2 gets 5" in text
    rounds = [
        e.data for e in log.read(answer.run_id) if isinstance(e, Noted) and e.topic == "played"
    ]
    assert [one["round"] for one in rounds] == [1, 2, 3]
    assert rounds[1] == {
        "round": 2,
        "moves": {"grim": C, "ann": D},
        "payoffs": {"grim": 0, "ann": 5},
    }


async def test_a_counterfactual_pays_only_for_what_it_changes():
    log = open_log("memory:")
    model = ScriptedModel(*['"cooperate"'] * 20)
    team = repeated(PRISONERS, [strategy("grim"), Agent("ann", model=model)], 5)
    answer = await team("Play.", log=log)
    ends = [e for e in log.read(answer.run_id) if isinstance(e, StepEnded) and e.step == "model"]
    other = await team.fork(answer.run_id, edit={ends[2].seq: '"defect"'}, log=log)
    match = match_of(other)
    assert letters(match, 1) == "CCDCC" and letters(match, 0) == "CCCDD"
    assert len(model.requests) == 7, "rounds 4 and 5 are played anew, the first three are not"


async def test_who_names_no_move_of_its_own_ends_the_match_or_forfeits():
    with pytest.raises(BadOutput):
        await played(strategy("grim"), says("odd", *["surrender"] * 9))
    match = await played(strategy("grim"), says("odd", *["surrender"] * 9), 2, forfeit=D)
    assert letters(match, 1) == "DD" and match.forfeits == 2
    assert "2 moves were made for players" in str(match)


async def test_noise_slips_as_often_as_it_is_told_and_says_so():
    log = open_log("memory:")
    team = repeated(
        PRISONERS, [strategy("cooperator"), strategy("cooperator", called="two")], 200, noise=0.1
    )
    answer = await team("Play.", log=log, seed=5)
    match = match_of(answer)
    assert 20 <= match.slips <= 60 and match.share(D) == pytest.approx(match.slips / 400)
    slips = [e for e in log.read(answer.run_id) if isinstance(e, Noted) and e.topic == "slip"]
    assert len(slips) == match.slips


async def test_three_share_a_commons():
    greedy = pattern(greediest)
    team = [greedy, says("two", *"111"), says("three", *"111")]
    match = match_of(await repeated(commons(3), team, 3)("Play.", log=open_log("memory:")))
    assert match.rounds == [["3", "1", "1"]] * 3 and match.mean["greediest"] == 15


async def greediest(task):
    assert "share a pasture" in task
    return "3"


async def test_a_tournament_is_one_run_and_adds_up():
    log = open_log("memory:")
    names = ["tit for tat", "defector", "cooperator", "grim"]
    async with run("tournament", log=log, seed=1) as current:
        found = await tournament(PRISONERS, [strategy(one) for one in names], 20)
    assert len(found.matches) == 6 and len([*log.runs()]) == 1 and current.id
    assert list(found.scores)[-1] == "cooperator" or found.scores["cooperator"] < 3
    assert found.against("defector", "cooperator") == 5
    assert found.scores["grim"] == pytest.approx((3 + 3 + found.against("grim", "defector")) / 3)
    assert "grim" in found.to_markdown() and "–" in str(found)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: repeated(PRISONERS, [strategy("grim")], 3), "played by 2"),
        (lambda: repeated(PRISONERS, [strategy("grim"), strategy("grim")], 3), "grim"),
        (lambda: repeated(PRISONERS, [strategy("grim"), strategy("joss")], 0), "1 or more"),
        (lambda: repeated(PRISONERS, [strategy("grim"), strategy("joss")], 3, noise=2), "chance"),
        (
            lambda: repeated(PENNIES, [strategy("grim"), strategy("joss")], 3, forfeit="sing"),
            "sing",
        ),
        (lambda: strategy("tit for tit"), "tit for tat"),
        (lambda: match_of({"rounds": 3}), "no match"),
    ],
)
def test_what_cannot_be_played_is_refused(make, words):
    with pytest.raises(SetupError, match=words):
        make()
