"""Orders of steps that work at once: those that a rule can tell are looked at, others are not."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from agentkit import Agent, gather, open_log, pattern, tool
from agentkit.errors import SetupError
from agentkit.evaluate import answered, at_most, before, eventually, never
from agentkit.verify import ends_well, explore
from tests.agentkit.verify.test_explore import Real


def tool_named(name: str) -> Any:
    def work() -> str:
        """Do it."""
        raise AssertionError("for real")

    work.__name__ = name
    return tool(effect="once")(work)


TOOLS = {name: tool_named(name) for name in ("look_up", "pay", "wipe")}


def agent(name: str, *tools: str) -> Agent:
    return Agent(name, model=Real(), tools=[TOOLS[one] for one in tools])


def side_by_side(*branches: list[Agent], join: str = "all") -> Any:
    """Branches of agents that work at once, each one after the other."""

    async def branch(agents: list[Agent]) -> str:
        text = "go"
        for one in agents:
            text = (await one(text)).text
        return text

    @pattern
    async def team(task: str) -> str:
        await gather(*[branch(one) for one in branches], join=join)
        return "done"

    return team


async def test_an_order_that_the_event_loop_does_not_take_is_found() -> None:
    team = side_by_side([agent("reader", "look_up")], [agent("cashier", "pay")])
    rule = before("look_up", "pay") | never("look_up") | never("pay")
    assert (await explore(team, "x", rule, orders="one")).holds
    log = open_log("memory:")
    found = await explore(team, "x", rule, log=log)
    finding = found.findings[0]
    assert not found.holds and "at once, pay of cashier first" in [str(c) for c in finding.path]
    assert rule.broken(log.read(finding.run)) is not None and log.verify() == []
    assert (await team.replay(finding.run, log=log)).text == "done"
    assert "every order that a rule can tell" in str(found)


async def test_a_counterexample_is_written_to_a_file_as_it_was(tmp_path: Any) -> None:
    team = side_by_side([agent("reader", "look_up")], [agent("cashier", "pay")], [agent("c")])
    rule = before("look_up", "pay") | never("look_up") | never("pay")
    log = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    found = await explore(team, "x", rule, log=log)
    run = found.findings[0].run
    assert rule.broken(log.read(run)) is not None and log.verify() == []
    assert (await team.replay(run, log=log)).text == "done"
    assert [one.id for one in log.runs()] == [run] and log.runs()[0].status == "ok"


async def test_steps_that_no_rule_sees_are_taken_in_one_order() -> None:
    branches = [[agent(f"a{n}"), agent(f"b{n}")] for n in range(4)]
    says = {f"a{n}": ["x", "y"] for n in range(4)}
    found = await explore(side_by_side(*branches), "x", ends_well(), says=says)
    assert found.runs == 2**4 and found.complete
    # All orders of two steps in each of two branches: 4 choose 2.
    found = await explore(side_by_side(*branches[:2]), "x", ends_well(), orders="all")
    assert found.runs == 6 and found.complete and "every order of its steps" in str(found)
    # One that a rule sees among others that none sees is no choice.
    rule = before(answered("a0", "x"), "pay")
    found = await explore(side_by_side(*branches), "x", rule, says=says)
    assert found.runs == 2**4


async def test_branches_that_share_a_variable_need_all_orders() -> None:
    one, two = agent("one"), agent("two")

    @pattern
    async def team(task: str) -> str:
        done: list[str] = []

        async def asked(who: Agent) -> None:
            await who(task)
            done.append(who.name)

        await gather(asked(one), asked(two))
        if done[0] == "two":
            raise ValueError("the wrong one was first")
        return "well"

    found = await explore(team, "x", ends_well(), orders="all", log=open_log("memory:"))
    assert not found.holds and "wrong one" in found.findings[0].why and found.runs == 2
    found = await explore(team, "x", ends_well())
    assert found.holds and found.runs == 1  # and it says what it takes for granted
    assert 'orders="all"' in str(found)


async def test_a_branch_that_fails_makes_every_order_count() -> None:
    critic, cashier = agent("critic"), agent("cashier", "pay")

    @pattern
    async def team(task: str) -> str:
        async def checked() -> None:
            if (await critic(task)).text == "NO":
                raise ValueError("refused")

        await gather(checked(), cashier(task))
        return "done"

    @pattern
    async def refuses(task: str) -> str:
        if (await critic(task)).text == "NO":
            raise ValueError("refused")
        return "ok"

    @pattern
    async def whole(task: str) -> str:
        await gather(refuses(task), cashier(task))
        return "done"

    rule = never("pay") | ends_well()
    for one in (team, whole):
        found = await explore(one, "x", rule, says={"critic": ["OK", "NO"]},
                              log=open_log("memory:"))  # fmt: skip
        assert not found.holds and found.complete, one.name


async def test_the_first_to_answer_is_any() -> None:
    team = side_by_side([agent("reader")], [agent("cashier", "pay")], join="first")
    found = await explore(team, "x", never("pay"), log=open_log("memory:"))
    assert not found.holds and found.complete
    found = await explore(team, "x", eventually(answered("reader")), log=open_log("memory:"))
    assert not found.holds and found.complete


@pytest.mark.parametrize("seed", range(12))
async def test_what_is_left_out_would_have_found_nothing_more(seed: int) -> None:
    """Random teams and rules: what is found with the reduction is what all orders show."""
    rng = random.Random(seed)
    names = iter("abcdef")
    sizes = rng.choice([(1, 1), (2, 1), (1, 2), (2, 2), (1, 1, 1)])
    branches = [
        [agent(next(names), *rng.sample(sorted(TOOLS), rng.randint(0, 1))) for _ in range(size)]
        for size in sizes
    ]
    team = side_by_side(*branches)
    whats: list[Any] = [*TOOLS, *[answered(one.name) for line in branches for one in line]]
    rules = {}
    for _ in range(3):
        one, two = rng.sample(whats, 2)
        rule = rng.choice([before(one, two), never(one) | before(two, one), at_most(1, one)])
        rules[rule.name] = rule
    calls = {name: [{}] for name in TOOLS}
    every = await explore(team, "x", list(rules.values()), calls=calls, orders="all",
                          log=open_log("memory:"), max_runs=400)  # fmt: skip
    some = await explore(team, "x", list(rules.values()), calls=calls, log=open_log("memory:"))
    assert some.complete and (not every.complete or some.runs <= every.runs)
    for few, all_of_them in zip(some.findings, every.findings, strict=True):
        assert not few.holds or all_of_them.holds
        assert few.holds == all_of_them.holds or not every.complete


async def test_two_searches_at_once_do_not_wait_for_each_other() -> None:
    async def search() -> bool:
        team = side_by_side([agent("reader", "look_up")], [agent("cashier", "pay")])
        found = await explore(team, "x", before("look_up", "pay"), log=open_log("memory:"))
        return found.holds

    async with asyncio.timeout(60):
        assert await asyncio.gather(search(), search()) == [False, False]


async def test_what_is_no_order_is_refused() -> None:
    with pytest.raises(SetupError, match="orders"):
        await explore(agent("a"), "x", ends_well(), orders="some")  # type: ignore[arg-type]
