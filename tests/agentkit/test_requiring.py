"""Rules that a run must keep: what would break one is not done, and that is said."""

from __future__ import annotations

import contextlib

import pytest

from agentkit import Agent, gather, open_log, pattern, run, tool
from agentkit.errors import RuleBroken, SetupError
from agentkit.evaluate import answered, at_most, before, eventually, never
from agentkit.evaluate.trajectory import TrajectoryRule
from agentkit.events import Noted, RunEnded, StepStarted
from agentkit.verify import ends_well
from tests.fakes import ScriptedModel, call

PAID: list[int] = []


@pytest.fixture(autouse=True)
def nothing_paid():
    PAID.clear()


@tool(effect="once")
async def pay(euro: int) -> str:
    """Pay out: on the loop, as a thread may pay on in the next test when its run was ended."""
    PAID.append(euro)
    return f"paid {euro}"


@tool(effect="pure")
def look_up(name: str) -> str:
    """Look up."""
    return f"{name} is known"


PAY = [call("pay", '{"euro": 5}')]
LOOK = [call("look_up", '{"name": "Ann"}')]


def cashier(*says):
    return Agent("cashier", model=ScriptedModel(*says), tools=[pay, look_up])


def noted(log, id, topic):
    return [e.data for e in log.read(id) if isinstance(e, Noted) and e.topic == topic]


async def test_a_step_that_would_break_a_rule_is_not_performed():
    log = open_log("memory:")
    with pytest.raises(RuleBroken, match="pay was not performed") as caught:
        await cashier(PAY, "done")("Pay Ann", require=before("look_up", "pay"), log=log)
    assert PAID == []
    id = caught.value.run_id
    events = log.read(id)
    assert not [e for e in events if isinstance(e, StepStarted) and e.name == "pay"]
    assert events[-1].status == "failed" and events[-1].error.type == "RuleBroken"
    assert noted(log, id, "require") == [{"rules": ["look_up before pay"]}]
    assert noted(log, id, "rule.broken")[0]["step"] == "pay"
    assert caught.value.rule == "look_up before pay"


async def test_a_run_that_keeps_its_rules_is_as_any():
    log = open_log("memory:")
    rules = [before("look_up", "pay"), at_most(1, "pay"), eventually("pay"), ends_well()]
    answer = await cashier(LOOK, PAY, "done")("Pay Ann", require=rules, log=log)
    assert answer.text == "done" and PAID == [5]
    assert log.read(answer.run_id)[-1].status == "ok"


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (never("pya"), [("pya", ", but pay")]),
        (before("look", "pay"), [("look", ", but look_up")]),
        (at_most(0, "refund"), [("refund", "")]),
        (never("pya") & never("look_up"), [("pya", ", but pay")]),
        (never("pay"), []),
        (never(lambda event: False), []),
    ],
)
async def test_a_rule_about_a_tool_that_nobody_has_is_told(rule, told):
    log = open_log("memory:")
    async with run(require=rule, log=log) as r:
        await cashier("done")("Pay Ann")
        async with run():  # whose agents are asked within the rule, too
            await cashier("done")("Pay Bob")
    assert [(d["what"], d.get("near", "")) for d in noted(log, r.id, "rule.vacuous")] == told
    answered_again = await cashier("done")("Pay Cid", require=[rule], log=log)
    assert len(noted(log, answered_again.run_id, "rule.vacuous")) == len(told)


async def test_a_tool_that_only_code_calls_is_no_unknown_one():
    @pattern
    async def clerk(task: str) -> str:
        return (await cashier(LOOK, "done")(task)).text

    log = open_log("memory:")
    answer = await clerk("Ann?", require=[at_most(1, "look_up"), never("pay")], log=log)
    assert noted(log, answer.run_id, "rule.vacuous") == []


async def test_what_must_happen_and_did_not_fails_the_run_at_its_end():
    log = open_log("memory:")
    with pytest.raises(RuleBroken, match="pay never happened") as caught:
        await cashier("I did it")("Pay Ann", require=eventually("pay"), log=log)
    ends = [e for e in log.read(caught.value.run_id) if isinstance(e, RunEnded)]
    assert [e.status for e in ends] == ["failed"]


async def test_the_second_call_is_held_back_where_one_is_allowed():
    with pytest.raises(RuleBroken):
        await cashier(PAY, PAY, "done")("Pay Ann", require=at_most(1, "pay"))
    assert PAID == [5]


async def test_two_calls_at_once_are_held_to_one():
    two = [call("pay", '{"euro": 5}', "a"), call("pay", '{"euro": 6}', "b")]
    with pytest.raises(RuleBroken):
        await cashier(two, "done")("Pay Ann", require=at_most(1, "pay"))
    assert len(PAID) <= 1


async def test_code_may_go_another_way_where_one_is_barred():
    log = open_log("memory:")

    @pattern
    async def office(task):
        try:
            return await cashier(PAY, "done")(task)
        except RuleBroken:
            return await cashier(LOOK, PAY, "done after all")(task)

    answer = await office("Pay Ann", require=before("look_up", "pay"), log=log)
    assert answer.text == "done after all" and PAID == [5]
    assert len(noted(log, answer.run_id, "rule.broken")) == 1


async def test_what_is_broken_for_good_fails_the_run_though_its_error_is_caught():
    critic = Agent("critic", model=ScriptedModel("NO", "NO", "NO"))

    @pattern
    async def sly(task):
        await critic(task)
        for _ in range(2):
            with contextlib.suppress(RuleBroken):
                await cashier(PAY, "done")(task)
        return "all is well"

    with pytest.raises(RuleBroken):
        await sly("Pay Ann", require=never(answered("critic", "NO")))
    assert PAID == []


async def test_a_gather_that_goes_on_without_what_failed_performs_none_of_it():
    async with run(require=never("pay"), log=open_log("memory:")):
        asks = [cashier(PAY, "done")(name) for name in "ab"]
        with pytest.raises(RuleBroken):
            await gather(*asks, join="settled")
    assert PAID == []


async def test_answers_can_be_required():
    critic = Agent("critic", model=ScriptedModel("NO"))
    rule = before(answered("critic", "OK"), "pay")

    @pattern
    async def office(task):
        await critic(task)
        return await cashier(PAY, "done")(task)

    with pytest.raises(RuleBroken):
        await office("Pay Ann", require=rule)
    assert PAID == []
    critic = Agent("critic", model=ScriptedModel("OK"))
    assert (await office("Pay Ann", require=rule)).text == "done"
    assert PAID == [5]


async def test_a_broken_answer_ends_the_run():
    critic = Agent("critic", model=ScriptedModel("NO"))
    with pytest.raises(RuleBroken, match="broken by event"):
        await critic("Well?", require=never(answered("critic", "NO")))


async def test_a_run_inside_is_bound_too():
    log = open_log("memory:")
    with pytest.raises(RuleBroken):
        async with run(require=at_most(1, "pay"), log=log):
            for _ in range(2):
                async with run("inner", log=log):
                    await cashier(PAY, "done")("Pay Ann")
    assert PAID == [5]
    async with run(require=eventually("pay"), log=log):
        async with run("inner", log=log):
            await cashier(PAY, "done")("Pay Ben")


async def test_a_resume_must_name_its_rules_again():
    log = open_log("memory:")
    rule = before("look_up", "pay")
    with pytest.raises(RuleBroken) as caught:
        await cashier(PAY, "done")("Pay Ann", require=rule, log=log)
    id = caught.value.run_id
    with pytest.raises(SetupError, match="look_up before pay"):
        await cashier(PAY, "done").resume(id, log=log)
    assert PAID == []
    with pytest.raises(RuleBroken):
        await cashier(PAY, "done").resume(id, log=log, require=rule)
    assert PAID == []
    assert (await cashier("done").resume(id, log=log, require=[])).text == "done"
    assert PAID == [5], "without rules it goes on where it was held back"
    assert noted(log, id, "require")[-1] == {"rules": []}


async def test_what_was_done_before_counts_in_a_resume():
    log = open_log("memory:")
    with pytest.raises(RuleBroken) as caught:
        await cashier(PAY, PAY, "done")("Pay Ann", require=at_most(1, "pay"), log=log)
    with pytest.raises(RuleBroken):
        await cashier("x").resume(caught.value.run_id, log=log, require=at_most(1, "pay"))
    assert PAID == [5]


async def test_a_replay_is_judged_by_what_is_recorded():
    log = open_log("memory:")
    answer = await cashier(PAY, "done")("Pay Ann", log=log)
    team = cashier()
    assert (await team.replay(answer.run_id, log=log, require=at_most(1, "pay"))).text == "done"
    with pytest.raises(RuleBroken):
        await team.replay(answer.run_id, log=log, require=never("pay"))
    assert PAID == [5]


async def test_a_rule_that_cannot_be_judged_is_not_said_to_hold():
    with pytest.raises(RuleBroken, match="AttributeError"):
        await cashier("done")("Pay Ann", require=never(lambda event: event.tonnes > 3))


async def test_a_rule_without_a_watch_is_judged_at_the_end():
    odd = TrajectoryRule("an odd number of events", lambda events: None)
    assert (await cashier("done")("Pay Ann", require=odd)).text == "done"


@pytest.mark.parametrize("given", ["pay", 3, [before("a", "b"), "pay"], {"pay": 1}, lambda e: True])
async def test_what_is_no_rule_is_refused_before_anything_is_paid(given):
    model = ScriptedModel("done")
    with pytest.raises(SetupError, match="is no rule"):
        await Agent("cashier", model=model)("Pay Ann", require=given)
    assert not model.requests
