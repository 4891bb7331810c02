"""Blame: who would have avoided an outcome, alone or with others, and how it is shared."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from agentkit import Agent, gather, open_log, pattern, tool
from agentkit.errors import SetupError
from agentkit.testing import FunctionModel, ScriptedModel, call
from agentkit.verify import blame

paid: list[int] = []


@tool(effect="once")
def pay(euro: int) -> str:
    """Pay out."""
    paid.append(euro)
    return f"paid {euro}"


def says(name: str, text: str) -> Agent:
    return Agent(name, "Say it.", model=FunctionModel(lambda _: text, name=f"m:{name}"))


def good(answer: Any) -> bool:
    return "paid" not in answer.text.lower()


async def test_one_who_could_have_stopped_it_has_all_of_the_blame() -> None:
    writer, critic = says("writer", "a claim"), says("critic", "OK")
    cashier = Agent("cashier", "Pay.", tools=[pay],
                    model=ScriptedModel(call("pay", euro=5), "Paid it."))  # fmt: skip

    @pattern
    async def team(task: str) -> str:
        claim = (await writer(task)).text
        if (await critic(claim)).text != "OK":
            return "refused"
        return (await cashier(claim)).text

    log = open_log("memory:")
    paid.clear()
    answer = await team("Pay Ann", log=log)
    assert answer.text == "Paid it." and paid == [5]
    found = await blame(team, answer.run_id, good, {"critic": "NO"}, log=log)
    assert found["critic"].alone and found["critic"].share == 1.0
    assert found.together == (("critic",),) and paid == [5]
    assert "refused" in str(log.read(found["critic"].run)[-2]) or found["critic"].run
    for form in (str(found), found.to_html(), found.to_markdown()):
        assert "critic" in form
    assert "blame 100%" in found.to_svg() and log.verify() == []


async def test_two_who_both_would_have_had_to_change_share_it() -> None:
    voters = [says(name, "yes") for name in ("ann", "bo", "cy")]

    @pattern
    async def team(task: str) -> str:
        votes = await gather(*[one(task) for one in voters])
        return "paid" if [one.text for one in votes].count("yes") >= 2 else "refused"

    log = open_log("memory:")
    answer = await team("x", log=log)
    found = await blame(
        team, answer.run_id, good, dict.fromkeys(("ann", "bo", "cy"), "no"), log=log
    )
    assert [one.alone for one in found.shares] == [False] * 3
    assert [one.share for one in found.shares] == pytest.approx([1 / 3] * 3)
    assert len(found.together) == 3 and all(len(one) == 2 for one in found.together)
    assert found.runs == 8 and "ann and bo" in str(found)


async def test_shares_are_those_of_shapley_by_hand() -> None:
    """It is avoided by a, or by b and c: 2/3, 1/6 and 1/6."""
    a, b, c = (says(name, "yes") for name in "abc")

    @pattern
    async def team(task: str) -> str:
        said = {one.name: (await one(task)).text == "no" for one in (a, b, c)}
        return "refused" if said["a"] or (said["b"] and said["c"]) else "paid"

    log = open_log("memory:")
    run = (await team("x", log=log)).run_id
    found = await blame(team, run, good, dict.fromkeys("abc", "no"), log=log)
    assert {one.agent: one.share for one in found.shares} == pytest.approx(
        {"a": 2 / 3, "b": 1 / 6, "c": 1 / 6}
    )
    assert set(found.together) == {("a",), ("b", "c")} and found.shares[0].agent == "a"


async def test_typed_answers_and_tools_with_effects_are_supposed_and_not_performed() -> None:
    model = FunctionModel(lambda _: '{"value": "small"}', name="m:judge")
    judge = Agent("judge", "How much?", model=model)

    @pattern
    async def team(task: str) -> str:
        size = (await judge(task, output=Literal["small", "large"])).data
        euro = 5 if size == "small" else 500
        cashier = Agent("cashier", "Pay.", tools=[pay],
                        model=ScriptedModel(call("pay", euro=euro), "Done."))  # fmt: skip
        await cashier(f"{size}: {euro}")
        return f"paid {euro}"

    log = open_log("memory:")
    paid.clear()
    run = (await team("x", log=log)).run_id
    found = await blame(team, run, lambda a: a.text == "paid 500", {"judge": "large"}, log=log)
    assert found["judge"].alone and paid == [5]


async def test_models_that_the_run_was_asked_with_are_asked_again() -> None:
    writer, critic = Agent("writer", "w"), Agent("critic", "c")

    @pattern
    async def team(task: str) -> str:
        claim = (await writer(task)).text
        return "paid" if (await critic(claim)).text == "sim" else "refused"

    log = open_log("memory:")
    for model in ({"writer": "sim:careful", "critic": "sim:careful"}, "sim:careful"):
        run = (await team("What is 2 + 2?", model=model, log=log)).run_id

        def paid_in_it(answer: Any) -> bool:
            return answer.text == "paid"

        found = await blame(team, run, paid_in_it, {"critic": "sim"}, log=log)
        assert found["critic"].alone and found.calls == 0


async def test_nobody_may_be_to_blame() -> None:
    writer = says("writer", "a")

    @pattern
    async def team(task: str) -> str:
        await writer(task)
        return "paid"

    log = open_log("memory:")
    run = (await team("x", log=log)).run_id
    found = await blame(team, run, good, {"writer": "b"}, log=log)
    assert found.together == () and found["writer"].share == 0.0 and "Nobody here" in str(found)
    with pytest.raises(SetupError, match="came out well"):
        await blame(team, run, lambda answer: True, {"writer": "b"}, log=log)
    with pytest.raises(SetupError, match="Nobody says"):
        await blame(team, run, good, {}, log=log)


async def test_of_many_agents_only_those_alone_are_looked_at() -> None:
    voters = [says(f"v{n}", "yes") for n in range(8)]

    @pattern
    async def team(task: str) -> str:
        said = [(await one(task)).text for one in voters]
        return "paid" if said[0] == "yes" else "refused"

    log = open_log("memory:")
    run = (await team("x", log=log)).run_id
    found = await blame(team, run, good, {one.name: "no" for one in voters}, log=log)
    assert found["v0"].alone and found["v0"].share is None and found.runs == 9
