"""Two contenders on one question: what is alike, where they part; and who is on the Pareto line."""

from __future__ import annotations

import asyncio
from xml.etree import ElementTree

import pytest

from agentkit import Agent, open_log, tool
from agentkit.errors import SetupError
from agentkit.evaluate import Judge, Panel, ScorerInput, Suite, compare, evaluate, sides, validity
from agentkit.evaluate.samples import Sample
from agentkit.evaluate.trial import Trial
from agentkit.model import Request
from agentkit.testing import FunctionModel, ScriptedModel, call
from agentkit.values import changed


@tool(effect="pure")
def depth(port: str) -> float:
    """The depth of a port."""
    return 8.8


def clerk(name: str, *lines: object, price: float = 0.0) -> Agent:
    return Agent(name, "Use the tool.", model=ScriptedModel(*lines), tools=[depth])


async def test_two_trials_are_alike_until_they_part() -> None:
    look = call("depth", port="Amber")
    team = [clerk("good", look, "8.8 m"), clerk("bad", look, "9 <b>m</b>")]
    found = await compare(team, [("How deep is Amber?", 8.8)], budget_tokens=10_000)
    (question,) = {one.question for one in found.trials}
    both = found.sides(question, "good", "bad")
    at = both.parts_at
    assert at is not None and all(one.alike for one in both.pairs[:at])
    assert any("depth(" in str(one.left) for one in both.pairs[:at])
    parted = both.pairs[at]
    assert (str(parted.left), str(parted.right)) == ("good → you: 8.8 m", "bad → you: 9 <b>m</b>")
    assert f"event {parted.right.seq} of bad" in both.remark if parted.right else False
    html = both.to_html()
    assert html.count("first divergence") == 1 and "9 <b>m</b>" not in html
    ElementTree.fromstring(both.to_svg())
    assert "→" in str(both) and both.remark in both.to_markdown()
    first = found.of("good")[0]
    assert sides(first, first.run_id).remark == "Both did and said the same."
    with pytest.raises(SetupError, match="no trial of nothing"):
        found.sides("nothing", "good", "bad")
    with pytest.raises(SetupError, match="has no run"):
        sides(first.model_copy(update={"run_id": ""}), first)


async def test_an_entry_that_one_of_them_has_alone_stands_alone() -> None:
    log = open_log("memory:")
    look = call("depth", port="Amber")
    one = await clerk("a", look, "8.8 m")("How deep is Amber?", log=log)
    two = await clerk("a", "8.8 m")("How deep is Amber?", log=log)
    both = sides(one.run_id, two.run_id, log=log)
    assert [bool(pair.right) for pair in both.pairs if not pair.alike] == [False]
    assert both.pairs[-1].alike and both.left != both.right


async def test_a_team_s_name_is_no_part_of_other_words() -> None:
    log = open_log("memory:")
    look = call("depth", port="Amber")
    team = [clerk("a", look, "8.8"), clerk("p", look, "8.8")]
    found = await compare(team, [("How deep?", 8.8)], budget_tokens=10_000, log=log)
    both = found.sides(found.trials[0].question, "a", "p")  # in the comparison's own log
    assert both.parts_at is None and len(both.pairs) > 2


def made(name: str, question: int, right: bool, cost: float) -> Trial:
    return Trial(contender=name, question=str(question), seed=1, status="answered", right=right,
                 text="", calls=1, tokens=10, cost_usd=cost)  # fmt: skip


def test_the_pareto_line_joins_who_nobody_beats() -> None:
    from agentkit.evaluate import Comparison
    from agentkit.evaluate.trial import Allowance

    shares = {"cheap": (4, 0.001), "waste": (4, 0.004), "good": (8, 0.002), "dear": (9, 0.01)}
    trials = [made(name, n, n < right, cost) for name, (right, cost) in shares.items()
              for n in range(10)]  # fmt: skip
    found = Comparison(name="c", budget=Allowance(usd=1.0), trials=tuple(trials))
    assert found.pareto == ("cheap", "good", "dear")
    assert found.usd_per_point("good") == pytest.approx(0.001 / 40)
    assert found.usd_per_point("waste") is None and found.usd_per_point("cheap") is None
    assert "Nobody is both better and cheaper than cheap, good, dear." in str(found)
    svg = ElementTree.fromstring(found.to_svg())
    titles = [one.text or "" for one in svg.iter("{http://www.w3.org/2000/svg}title")]
    assert sum(one.startswith("Pareto") for one in titles) == 1


async def test_a_panel_passes_by_majority_and_says_how_far_it_agrees() -> None:
    def judge(*points: int) -> Judge:
        lines = [f'{{"reason": "so", "points": {one}}}' for one in points]
        return Judge(Agent(f"judge {points[0]}", model=ScriptedModel(*lines)), "Be strict.")

    panel = Panel((judge(9, 1, 9), judge(8, 2, 1), judge(1, 3, 2)))
    log, sample = open_log("memory:"), Sample(id="q", input="?")
    cases = [ScorerInput(sample, changed(made("a", 1, True, 0.0), seed=n), log) for n in range(3)]
    assert [(await panel(one)).passed for one in cases] == [True, False, False]
    assert panel.verdicts == [(True, True, False), (False, False, False), (True, False, False)]
    assert -1 < panel.alpha < 1
    with pytest.raises(SetupError, match="two judges"):
        Panel((judge(1),))


async def test_a_panel_of_whom_one_fails_waits_for_the_others_and_pays_them_once() -> None:
    def judge(name: str, model: FunctionModel) -> Judge:
        return Judge(Agent(name, model=model), "Be strict.", name=name)

    async def slowly(request: Request) -> str:
        await asyncio.sleep(0.1)
        return '{"reason": "so", "points": 9}'

    slow, bad = FunctionModel(slowly, name="slow"), FunctionModel(lambda r: "prose", name="bad")
    panel = Panel((judge("a", slow), judge("b", bad), judge("c", slow)))
    rows, team = [{"id": "q", "input": "?", "target": "!"}], Agent("t", model=ScriptedModel("!"))
    first = await evaluate(team, Suite(rows, [panel], name="judged"))
    assert "b gave no valid answer" in str(first) and len(asyncio.all_tasks()) == 1
    good = FunctionModel(lambda r: '{"reason": "so", "points": 1}', name="good")
    panel = Panel((judge("a", slow), judge("b", good), judge("c", slow)))
    for _ in range(2):
        again = await evaluate(team, Suite(rows, [panel], name="judged"))
        assert again.complete and len(slow.requests) == 2
        assert panel.verdicts == [(True, False, True)]  # judged again, it counts once


def test_a_judge_s_agreement_has_a_picture() -> None:
    found = validity([True, True, False, True], [True, False, True, True])
    assert found.table()[1:] == [["judge: right", "2", "1"], ["judge: wrong", "1", "0"]]
    ElementTree.fromstring(found.to_svg())
    assert "kappa" in found.to_html() and "people: right" in found.to_markdown()
