from __future__ import annotations

import operator
from typing import Any

import pytest

from agentkit import Agent
from agentkit.errors import BadOutput, BadReply, RoundsSpent, SetupError, TooDeep
from agentkit.events import Noted, ScopeOpened, StateChanged, StepStarted
from agentkit.logs.memory import MemoryLog
from agentkit.patterns.debate import debate
from agentkit.patterns.graphs.checks import check_team
from agentkit.patterns.graphs.flow import otherwise
from agentkit.patterns.graphs.graph import graph, node
from agentkit.patterns.person import person
from agentkit.testing import ScriptedModel, call
from agentkit.tools import tool
from tests.agentkit.patterns.deciders import asked, noted, played, word
from tests.agentkit.patterns.teams import PAID, agent


def crew(*names: str) -> list[Agent]:
    return [agent(name, f"{name} was here") for name in names]


def order(events: list[Any]) -> list[list[str]]:
    """Who ran in which superstep."""
    return [step["nodes"] for step in noted(events, "superstep")]


async def test_arrows_and_lists_run_one_after_the_other_and_at_once() -> None:
    a, b, c, d = crew("a", "b", "c", "d")
    answer, events = await played(a >> [b, c] >> d, "go")
    assert order(events) == [["a"], ["b", "c"], ["d"]]
    assert answer.text == "d was here"
    assert asked(a) == ["go"]
    assert asked(d) == ["Task: go\n- b: b was here\n- c: c was here"]


async def test_a_list_may_begin_and_end_a_graph() -> None:
    a, b, c, d = crew("a", "b", "c", "d")
    answer, events = await played([a, b] >> c >> d, "go")
    assert order(events) == [["a", "b"], ["c"], ["d"]]
    answer, _ = await played(a >> [b, c], "go")
    assert answer.text == "b: b was here\nc: c was here"
    assert answer.data == {"b": "b was here", "c": "c was here"}


async def test_branches_of_different_length_meet_once() -> None:
    a, b, c, d, e = crew("a", "b", "c", "d", "e")
    _, events = await played(a >> [b, c >> d] >> e, "go")
    assert order(events) == [["a"], ["b", "c"], ["d"], ["e"]]
    assert len(asked(e)) == 1


def money(state: Any) -> bool:
    return "bill" in state.text


@pytest.mark.parametrize(("said", "to"), [("a bill", "billing"), ("a leak", "technician")])
async def test_conditions_choose_the_way_and_the_choice_is_noted(said: str, to: str) -> None:
    triage, billing, technician, clerk = (
        agent("triage", said), *crew("billing", "technician", "clerk")
    )  # fmt: skip
    team = triage >> [billing.when(money), technician.when(otherwise)] >> clerk
    _, events = await played(team, "help")
    assert order(events) == [["triage"], [to], ["clerk"]]
    (route,) = noted(events, "route")
    assert route["to"] == [to]
    assert route["reason"] == ("money" if to == "billing" else "otherwise")


async def test_a_graph_in_which_no_condition_holds_is_an_error_and_was_warned_of() -> None:
    triage, billing = agent("triage", "a leak"), agent("billing", "paid")
    team = triage >> billing.when(money)
    assert [one.kind for one in check_team(team)] == ["stuck"]
    with pytest.raises(BadOutput, match="After triage there is no way on"):
        await played(team)


@pytest.mark.parametrize(("good", "rounds"), [(2, 2), (9, 3)])
async def test_a_loop_ends_when_it_may_or_where_the_last_round_is_good_enough(
    good: int, rounds: int
) -> None:
    drafts: list[str] = []

    def write(_text: str) -> str:
        drafts.append(f"draft {len(drafts) + 1}")
        return drafts[-1]

    writer = agent("writer", write)
    critic = agent("critic", lambda t: "OK" if f"draft {good}" in t else "again")
    editor = agent("editor", lambda t: t.splitlines()[-1])
    loop = (writer >> critic).loop(until=lambda s: s.text == "OK", max_rounds=3, give_up="go on")
    team = loop >> editor
    answer, events = await played(team, "write")
    assert len(asked(writer)) == len(asked(critic)) == rounds
    assert [one["again"] for one in noted(events, "loop")] == [True] * (rounds - 1) + [False]
    assert asked(writer)[1] == "Task: write\nYour earlier answer: draft 1\n- critic: again"
    assert answer.text == f"- critic: {'OK' if good == 2 else 'again'}"


async def test_an_inner_loop_counts_anew_in_every_round_of_the_outer_one() -> None:
    a, b = crew("a", "b")
    inner = node(a).loop(until=lambda _: False, max_rounds=2, give_up="go on")
    team = (inner >> b).loop(until=lambda _: False, max_rounds=3, give_up="go on")
    await played(team, "go")
    assert (len(asked(a)), len(asked(b))) == (6, 3)


def approved(state: Any) -> bool:
    return bool(state.text == "OK")


def review(verdict: str = "NO") -> tuple[Any, Any, Any]:
    return agent("writer", "a draft"), agent("critic", verdict), agent("cashier", "paid")


async def test_a_loop_that_gives_up_fails_and_nothing_behind_it_is_asked() -> None:
    writer, critic, cashier = review()
    team, log = (writer >> critic).loop(until=approved, max_rounds=2) >> cashier, MemoryLog()
    with pytest.raises(
        RoundsSpent, match="loop of writer, critic gave up after 2 rounds: approved"
    ):
        await team("write", log=log, id="r")
    assert (len(asked(critic)), asked(cashier)) == (2, [])
    (found,) = [one for one in check_team(team) if one.kind == "gives up"]
    assert not found.fatal and "fails when it gives up after 2 rounds" in found.text
    with pytest.raises(RoundsSpent):
        await ((writer >> critic).loop(until=approved, max_rounds=1))("write", log=log)


async def test_a_loop_that_failed_goes_on_with_more_rounds() -> None:
    verdicts = iter(["NO", "NO", "OK"])
    writer, critic, cashier = review()
    critic = agent("critic", lambda _: next(verdicts))
    log, loop = MemoryLog(), writer >> critic
    with pytest.raises(RoundsSpent):
        await (loop.loop(until=approved, max_rounds=2) >> cashier)("write", log=log, id="r")
    more = loop.loop(until=approved, max_rounds=3) >> cashier
    assert (await more.resume("r", log=log)).text == "paid"
    assert len(asked(critic)) == 3


@pytest.mark.parametrize(("verdict", "end"), [("OK", "paid"), ("NO", "we are sorry")])
async def test_a_loop_takes_the_way_out_that_the_graph_names(verdict: str, end: str) -> None:
    writer, critic, cashier = review(verdict)
    clerk, sorry = agent("clerk", "noted"), agent("sorry", "we are sorry")
    loop = (writer >> critic).loop(until=approved, max_rounds=2, give_up=clerk >> sorry)
    answer, events = await played(loop >> cashier, "write")
    assert answer.text == end
    assert bool(asked(cashier)) == (verdict == "OK") != bool(asked(sorry))
    assert kinds(loop >> cashier) == []
    alone, _ = await played(loop, "write")
    assert alone.text == (verdict if verdict == "OK" else end)


async def test_a_way_out_answers_in_the_type_asked_for() -> None:
    writer, critic, _ = review()
    count = agent("count", '{"value": 0}')
    loop = (writer >> critic).loop(until=approved, max_rounds=1, give_up=count)
    answer, _ = await played(loop >> agent("one", '{"value": 1}'), "write", output=int)
    assert answer.data == 0


async def test_a_way_out_of_an_inner_loop_leaves_the_outer_one_too() -> None:
    writer, critic, cashier = review()
    sorry = agent("sorry", "we are sorry")
    inner = (writer >> critic).loop(until=approved, max_rounds=2, give_up=sorry)
    team = (inner >> cashier).loop(until=lambda s: s.text == "paid", max_rounds=3, give_up="go on")
    answer, _ = await played(team, "write")
    assert (answer.text, len(asked(critic)), asked(cashier)) == ("we are sorry", 2, [])


async def test_a_list_found_at_run_time_is_fanned_out() -> None:
    planner = agent("planner", '{"value": ["x", "y", "z"]}')
    worker, editor = agent("worker", lambda t: t.upper()), agent("editor", lambda t: t)
    team = node(planner, output=list[str]) >> node(worker, over="planner") >> editor
    answer, events = await played(team, "go")
    assert asked(worker) == ["x", "y", "z"]
    assert noted(events, "fan_out") == [{"actor": "worker", "items": 3}]
    assert "1: X\n  2: Y\n  3: Z" in answer.text


async def test_nothing_to_fan_out_over_is_an_error() -> None:
    planner, worker = agent("planner", '{"value": []}'), agent("worker", "x")
    with pytest.raises(BadOutput, match="nothing to ask worker"):
        await played(node(planner, output=list[str]) >> node(worker, over="planner"))


async def test_shared_values_are_reduced_and_unseen_until_the_superstep_ends() -> None:
    schema = {"type": "object", "properties": {"found": {"type": "array"}}}
    a, b = (agent(n, word(found=[n])) for n in ("a", "b"))
    last = agent("last", lambda t: t)
    team = ([node(a, output=schema), node(b, output=schema)] >> last).reduce(found=operator.add)
    answer, events = await played(team, "go")
    assert all("found" not in text for text in asked(a) + asked(b))
    assert answer.text.endswith('found: ["a","b"]')
    assert [e.value for e in events if isinstance(e, StateChanged)] == [["a"], ["a", "b"]]


async def test_an_actor_may_be_named_several_times_and_keeps_what_one_place_says() -> None:
    planner = agent("planner", '{"value": ["x"]}')
    worker, editor = crew("worker", "editor")
    team = graph(
        planner >> editor, node(planner, output=list[str]) >> node(worker, over="planner") >> editor
    )
    _, events = await played(team, "go")
    assert order(events) == [["planner"], ["worker"], ["editor"]]
    assert asked(worker) == ["x"]
    with pytest.raises(SetupError, match="Two nodes"):
        node(planner, output=int) >> node(planner, output=str)


async def test_a_named_graph_is_one_node_of_another() -> None:
    a, b, c = crew("a", "b", "c")
    _, events = await played((a >> b).named("inner") >> c, "go")
    assert order(events) == [["inner"], ["a"], ["b"], ["c"]]
    assert "graph/inner/a" in [e.path for e in events if isinstance(e, ScopeOpened)]


async def test_a_crash_in_one_branch_keeps_what_its_siblings_finished() -> None:
    broken = [True]

    def flaky(_text: str) -> Any:
        return BadReply("down") if broken[0] else "up"

    a, b, c, d = (
        agent("a", "a"),
        agent("b", flaky),
        agent("c", lambda t: "c" * len(t)),
        agent("d", "d"),
    )
    team, log = a >> [b, c] >> d, MemoryLog()
    with pytest.raises(BadReply):
        await team("go", log=log, id="r")
    assert len(asked(c)) == 1
    broken[0] = False
    PAID.clear()
    answer = await team.resume("r", log=log)
    assert answer.text == "d"
    assert (len(asked(a)), len(asked(b)), len(asked(c)), len(PAID)) == (1, 2, 1, 2)


async def test_the_last_actor_answers_in_the_type_asked_for() -> None:
    a, b = agent("a", "x"), agent("b", '{"value": 7}')
    answer, _ = await played(a >> b, output=int)
    assert answer.data == 7


def kinds(team: Any) -> list[tuple[str, bool]]:
    return [(one.kind, one.fatal) for one in check_team(team)]


async def refused(team: Any) -> str:
    log = MemoryLog()
    with pytest.raises(SetupError, match="cannot run") as caught:
        await team("go", log=log, id="r")
    assert not [e for e in log.read("r") if isinstance(e, StepStarted)]
    return str(caught.value)


async def test_a_cycle_without_a_bound_is_refused_before_anything_is_paid() -> None:
    a, b, c = crew("a", "b", "c")
    assert "a >> b >> a is a cycle" in await refused(graph(a >> b >> a, b >> c))
    assert kinds((a >> b).loop(until=lambda _: True, max_rounds=2)) == [("gives up", False)]


async def test_unreachable_actors_and_dead_ends_are_refused() -> None:
    a, b, c = crew("a", "b", "c")
    assert "Nothing leads to c" in await refused(graph(a >> b, c >> b, start=a, end=b))
    assert "No way leads from c" in await refused(graph(a >> b, a >> c, end=b))


@tool
def pay(person: str) -> str:
    """Pay somebody."""
    return "paid"


@tool(approve=True)
def pay_if_allowed(person: str) -> str:
    """Pay somebody."""
    return "paid"


def test_a_once_tool_needs_an_approval_or_a_person_before() -> None:
    a, eve = agent("a", "x"), person("eve")
    careless = agent("cashier", "x", tools=[pay])
    careful = agent("cashier", "x", tools=[pay_if_allowed])
    assert kinds(a >> careless) == [("unapproved", False)]
    assert kinds(a >> careful) == []
    assert kinds(a >> eve >> careless) == []
    assert kinds(a >> [eve, careless]) == [("unapproved", False)]
    assert kinds(debate([a, careless])) == [("unapproved", False)]
    boss = agent("boss", "x", tools=[careless.as_tool()])
    assert check_team(a >> boss)[0].actors == ("cashier",)


async def test_what_a_check_warns_of_is_noted_in_the_run() -> None:
    _, events = await played(agent("a", "x") >> agent("cashier", "y", tools=[pay]))
    assert [e.data["kind"] for e in events if isinstance(e, Noted) and e.topic == "check"] == [
        "unapproved"
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: agent("a", "x") >> [],
        lambda: agent("a", "x") >> 7,
        lambda: agent("a", "x") >> agent("a", "y"),
        lambda: graph(),
        lambda: graph(agent("a", "x"), start=agent("b", "y")),
        lambda: node(agent("a", "x")).loop(until=lambda _: True, max_rounds=0),
        lambda: node(agent("a", "x")).loop(until=money, max_rounds=True),
        lambda: node(agent("a", "x")).loop(until=money, max_rounds=1, give_up="carry on"),
        lambda: node(a := agent("a", "x")).loop(until=money, max_rounds=1, give_up=a),
        lambda: agent("a", "x").when(money).loop(until=money, max_rounds=2),
        lambda: agent("a", "x").when(money).when(money),
    ],
)
def test_what_cannot_be_drawn_is_refused(make: Any) -> None:
    with pytest.raises(SetupError):
        make()


async def test_a_graph_that_is_a_tool_of_its_own_agent_ends_with_an_error() -> None:
    model = ScriptedModel(*[[call("team", task="You do it.")]] * 60)
    clerk = Agent("clerk", model=model)
    team = clerk >> Agent("editor", model=ScriptedModel("fine"))
    made = team.as_tool("team", "A team.")
    clerk.tools = {made.name: made}
    with pytest.raises(TooDeep):
        await clerk("q")
