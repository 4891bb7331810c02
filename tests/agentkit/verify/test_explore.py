"""Bounded checking: planted faults are found by the shortest way, and what was not seen is said."""

from __future__ import annotations

import random
from typing import Any, Literal

import pytest

from agentkit import Agent, Log, gather, open_log, pattern, run, tool
from agentkit.errors import AgentkitError, BadOutput, SetupError
from agentkit.evaluate import answered, at_most, before, eventually, never
from agentkit.patterns import node, otherwise
from agentkit.testing import FunctionModel, ScriptedModel
from agentkit.verify import Explored, ends_well, explore
from agentkit.verify.path import Unrepeatable


class Asked(Exception):
    """Something was done for real."""


class Real:
    """A model that must not be asked."""

    name = "real:model"

    async def __call__(self, request: Any, on_text: Any = None) -> Any:
        raise Asked(request.actor)


@tool(effect="once", on_error="raise")
def pay(euro: int) -> str:
    """Pay out."""
    raise Asked(f"paid {euro}")


@tool(effect="once", approve=True, on_error="raise")
def refund(kind: Literal["whole", "half"]) -> str:
    """Give money back."""
    raise Asked(f"refunded {kind}")


writer = Agent("writer", "Write a claim.", model=Real())
critic = Agent("critic", "Check it: OK or NO.", model=Real())
cashier = Agent("cashier", "Pay what was approved.", model=Real(), tools=[pay])
technician = Agent("technician", "Repair it.", model=Real())
triage = Agent("triage", "What is it about?", model=Real())

approved = before(answered("critic", "OK"), "pay")
VERDICTS: dict[str, Any] = {"says": {"critic": ["OK", "NO"]}, "calls": {"pay": [{"euro": 5}]}}


def said(found: Explored, rule: str) -> list[str]:
    return [str(choice) for choice in found[rule].path]


async def test_a_loop_that_gives_up_goes_on_as_if_all_were_well() -> None:
    team = (writer >> critic).loop(
        until=lambda s: s.text == "OK", max_rounds=2, give_up="go on"
    ) >> cashier
    log = open_log("memory:")
    found = await explore(team, "Pay claim 7", approved, log=log, **VERDICTS)
    assert not found.holds and found.complete
    assert said(found, approved.name)[1::2] == [
        'critic says "NO"', 'critic says "NO"', 'cashier says "(some words)"',
    ]  # fmt: skip
    finding = found[approved.name]
    assert said(found, approved.name)[4] == 'cashier calls pay({"euro":5})'
    assert approved.broken(log.read(finding.run)) is not None and log.verify() == []


async def test_a_counterexample_replays_and_a_fork_of_it_goes_the_right_way() -> None:
    team = critic >> cashier
    log = open_log("memory:")
    found = await explore(team, "Pay", approved, log=log, **VERDICTS)
    run_id = found[approved.name].run
    assert (await team.replay(run_id, log=log)).text == "(some words)"
    first = next(e.seq for e in log.read(run_id) if e.kind == "step.ended")
    scripted = FunctionModel(lambda _: "all paid", name=Real.name)
    again = await team.fork(run_id, edit={first: "OK"}, model=scripted, log=log)
    assert again.text == "all paid" and approved.broken(log.read(again.run_id)) is None


async def test_what_is_paid_twice_is_found() -> None:
    found = await explore(cashier, "Pay", at_most(1, "pay"), turns=2, log=open_log("memory:"))
    assert [c.split("(")[0] for c in said(found, "at most 1 pay")] == [
        "cashier calls pay", "cashier calls pay", "cashier says \"",
    ]  # fmt: skip
    once = await explore(cashier, "Pay", at_most(1, "pay"), turns=1)
    assert once.holds and "1 calls of tools in an ask" in str(once)


async def test_an_answer_that_no_way_leads_on_from_is_found() -> None:
    team = node(triage, output=Literal["money", "machine", "other"]) >> [
        cashier.when(lambda s: s.data == "money", "money"),
        technician.when(lambda s: s.data == "machine", "machine"),
    ]
    found = await explore(team, "x", ends_well(), log=open_log("memory:"))
    (finding,) = found.findings
    assert [str(one) for one in finding.path] == ['triage says {"value":"other"}']
    assert finding.broken == 1 and BadOutput.__name__ in finding.why
    repaired = node(triage, output=Literal["money", "machine", "other"]) >> [
        cashier.when(lambda s: s.data == "money", "money"),
        technician.when(otherwise),
    ]
    assert (await explore(repaired, "x", ends_well())).holds


async def test_a_test_for_a_part_of_the_answer_is_found() -> None:
    team = (writer >> critic).loop(until=lambda s: "OK" in s.text, max_rounds=3) >> cashier
    given = VERDICTS | {"says": {"critic": ["OK", "NOT OK"]}}
    found = await explore(team, "x", approved, log=open_log("memory:"), **given)
    assert said(found, approved.name)[:3] == [
        'writer says "(some words)"', 'critic says "NOT OK"', 'cashier calls pay({"euro":5})',
    ]  # fmt: skip


async def test_a_failure_that_a_team_takes_for_a_yes_is_found() -> None:
    @pattern
    async def hasty(task: str) -> str:
        try:
            verdict = (await critic(task)).text
        except AgentkitError:
            verdict = "OK"
        return (await cashier(task)).text if verdict == "OK" else "refused"

    well = await explore(hasty, "x", approved, **VERDICTS)
    assert well.holds
    found = await explore(
        hasty, "x", approved, fails=["critic"], log=open_log("memory:"), **VERDICTS
    )
    assert said(found, approved.name)[:2] == ["critic fails", 'cashier calls pay({"euro":5})']


async def test_a_person_chooses_every_option_and_no_tool_is_performed() -> None:
    clerk = Agent("clerk", model=Real(), tools=[refund])
    found = await explore(
        clerk, "x", [before(lambda e: e.kind == "step.ended" and e.step == "person", "refund")]
    )
    # says nothing; and for each of two kinds, allowed or not
    assert found.holds and found.complete and found.runs == 5


async def test_every_path_is_taken_once_as_a_count_by_hand_has_it() -> None:
    kinds = Literal["a", "b", "c"]
    one, two = Agent("one", model=Real()), Agent("two", model=Real())

    @pattern
    async def both(task: str) -> str:
        first, second = await gather(one(task, output=kinds), two(task, output=bool))
        return f"{first.data} {second.data}"

    log = open_log("memory:")
    never_c = never(answered("both", "c False"))
    found = await explore(both, "x", never_c, log=log)
    assert (found.runs, found.complete, found.cut) == (6, True, 0)
    assert found.covered == pytest.approx(1.0)
    assert found.findings[0].broken == 1 and len(log.runs()) == 1


async def test_what_lies_beyond_the_bounds_is_said() -> None:
    team = (writer >> critic).loop(until=lambda s: s.text == "OK", max_rounds=9)
    few = await explore(team, "x", ends_well(), max_runs=3, **VERDICTS)
    assert not few.complete and few.holds and 0 < few.covered < 1
    assert "not broken so far: every run ends well" in str(few) and "% of the tree" in str(few)
    cut = await explore(team, "x", [ends_well(), eventually("pay")], max_choices=4, **VERDICTS)
    assert cut.cut and not cut.complete and cut["every run ends well"].holds
    assert "cut off at the bound" in str(cut)
    # Of a run that was cut off nobody knows whether it would have paid; of the others it is known.
    assert cut["eventually pay"].broken == cut.runs - cut.cut


async def test_what_is_broken_for_good_counts_in_a_run_that_was_cut_off() -> None:
    found = await explore(
        cashier >> critic, "x", never("pay"), max_choices=2, log=open_log("memory:"), **VERDICTS
    )
    assert not found["never pay"].holds and found.cut


async def test_an_event_that_cannot_happen_is_said() -> None:
    found = await explore(critic >> cashier, "x", [never("fly"), before("fly", "pay")],
                          log=open_log("memory:"), **VERDICTS)  # fmt: skip
    assert found["never fly"].holds
    assert "fly cannot happen: nobody who was asked has a tool" in found["never fly"].remarks[0]
    assert not found["fly before pay"].holds
    vain = await explore(critic, "x", at_most(2, answered("critic", "MAYBE")), **VERDICTS)
    assert "happened in no run that was looked at" in vain.findings[0].remarks[0]
    assert "the tool pay was never offered" in vain.remarks[0]


async def test_that_an_event_cannot_happen_is_said_before_anything_holds() -> None:
    rules = [ends_well(), never("fly"), never(answered("critik", "OK")), never("pay")]
    found = await explore(critic >> cashier, "x", rules, **{**VERDICTS, "turns": 0})
    first, second, third, *others = str(found).splitlines()
    assert first == (
        "SAYS LITTLE (fly cannot happen: nobody who was asked has a tool of that name),"
        " holds within the bounds: never fly"
    )
    assert second.startswith(
        "SAYS LITTLE (critik answered 'OK' cannot happen: nobody who is called"
    )
    assert third == "2 runs, all within the bounds" and "SAYS" not in "".join(others)
    assert "holds within the bounds: never pay" in others  # it could, and does not: that is meant
    broken = await explore(critic, "x", eventually("fly"), log=open_log("memory:"), **VERDICTS)
    assert str(broken).startswith("BROKEN eventually fly: fly cannot happen: nobody who was asked")


async def test_bounds_stand_beside_what_holds() -> None:
    found = await explore(critic >> cashier, "x", ends_well())
    assert found.bounds[2:] == (
        "nothing worked at once",
        "cashier says only '(some words)'", "critic says only '(some words)'",
        "pay is called with 4 arguments of many",
    )  # fmt: skip
    assert "holds within the bounds" in str(found) and "40 choices" in found._repr_markdown_()


async def test_hostile_words_are_shown_and_do_not_act() -> None:
    words = "<img src=x onerror=alert(1)>\x1b[2J"
    found = await explore(
        critic, "x", never(answered("critic")), says={"critic": [words]}, log=open_log("memory:")
    )
    assert "\x1b" not in str(found) and "<img" not in found._repr_markdown_()


async def test_a_team_that_goes_by_chance_is_refused() -> None:
    pick = random.Random(3).choice

    @pattern
    async def fickle(task: str) -> str:
        return (await pick([writer, critic, cashier])(task)).text

    with pytest.raises(Unrepeatable, match="did not go the same way twice"):
        await explore(fickle, "x", ends_well(), says={"critic": ["a", "b"], "writer": ["a", "b"]})


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"rules": []}, "are no rules"),
        ({"rules": ["pay"]}, "are no rules"),
        ({"rules": [never("pay"), never("pay")]}, "Two rules are named never pay"),
        ({"max_runs": 0}, "max_runs is 0"),
        ({"turns": -1}, "turns is -1"),
        ({"says": {"critic": ["perhaps"]}, "output": Literal["yes", "no"]}, "cannot say"),
        ({"budget_usd": "much"}, "budget"),
    ],
)
async def test_what_cannot_be_checked_is_refused(how: dict[str, Any], words: str) -> None:
    with pytest.raises(SetupError, match=words):
        await explore(critic, "x", **{"rules": ends_well(), **how})


async def test_inside_a_run_and_what_is_no_actor_is_refused() -> None:
    async with run(log=open_log("memory:")):
        with pytest.raises(SetupError, match="inside a run"):
            await explore(critic, "x", ends_well())
    with pytest.raises(SetupError, match="cannot be explored"):
        await explore("critic", "x", ends_well())  # type: ignore[arg-type]


async def test_a_memory_is_not_written_by_a_check(agentkit_log: Log) -> None:
    from memory import Board

    board = Board("port", log=agentkit_log)

    @pattern
    async def keeper(task: str) -> str:
        await board.write("quay", 41)
        return "written"

    with pytest.raises(SetupError, match="which a check must not perform"):
        await explore(keeper, "x", ends_well())
    assert (await board.read("quay")).value is None


async def test_after_a_check_models_are_themselves_again() -> None:
    await explore(critic, "x", ends_well())
    agent = Agent("agent", model=ScriptedModel("mine"))
    assert (await agent("x", log=open_log("memory:"))).text == "mine"
