"""What a run shares with the one before it is not performed again, and all else is as it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pytest

from agentkit import Agent, current_run, gather, open_log, pattern, tool
from agentkit.evaluate import answered, at_most, before
from agentkit.evaluate.trajectory import Broken, TrajectoryRule
from agentkit.hooks import Hook
from agentkit.patterns import node
from agentkit.verify import Explored, ends_well, explore
from agentkit.verify.shared import Shared


class Real:
    """A model that must not be asked."""

    name = "real:model"

    async def __call__(self, request: Any, on_text: Any = None) -> Any:
        raise AssertionError(request.actor)


@tool(effect="once")
def pay(euro: int) -> str:
    """Pay out."""
    raise AssertionError(euro)


def agent(name: str, **how: Any) -> Agent[Any]:
    return Agent(name, how.pop("instructions", f"You are the {name}."), model=Real(), **how)


writer, critic, reader = agent("writer"), agent("critic"), agent("reader")
cashier = agent("cashier", tools=[pay])
chief = agent("chief", tools=[agent("clerk", tools=[pay]).as_tool()])
judged = node(critic, output=Literal["OK", "NO"])


@pattern
async def counting(task: str) -> str:
    """Code between asks, which is run in every run."""
    drafts = [await writer(task), await writer(task), await writer("another")]
    run = current_run()
    run.note("drafts", [one.text for one in drafts])
    talk = await critic(" ".join(one.text for one in drafts), after=drafts[0])
    calls = f"{run.usage.calls} {talk.usage.calls} {run.cost_usd}"
    return (await cashier(f"{talk.text} {calls} {len(talk.thread)}")).text


@pattern
async def caught(task: str) -> str:
    """Failures that are dealt with, and asks at once before others that are not."""
    found = await gather(writer(task), critic(task), reader(task))
    try:
        return (await cashier(" ".join(one.text for one in found))).text
    except Exception as error:
        return (await reader(f"{type(error).__name__}")).text


@pattern
async def consuming(task: str) -> str:
    """Data that are taken apart: each run is given some of its own."""
    plan = (await writer(task, output=list[Literal["a", "b"]])).data
    said = [(await reader(plan.pop())).text for _ in range(len(plan))]
    return " ".join([*said, str(plan)])


looks = Hook("looks", on_answer=lambda text: None)

TEAMS: dict[str, tuple[Any, dict[str, Any]]] = {
    "a graph": (writer >> judged >> cashier, {}),
    "a loop": (
        (writer >> critic).loop(until=lambda s: s.text == "OK", max_rounds=2, give_up="go on")
        >> cashier,
        {"says": {"critic": ["OK", "NO"], "writer": ["1", "2"]}},
    ),
    "branches": (writer >> [critic, reader] >> cashier, {"orders": "all"}),
    "branches as far as rules see": (writer >> [critic, reader] >> cashier, {}),
    "code": (counting, {}),
    "data that are written into": (consuming, {"says": {"writer": [["a", "b"], ["b"], []]}}),
    "failures": (caught, {"fails": ["cashier", "pay", "critic"]}),
    "delegation": (writer >> chief >> reader, {"turns": 2}),
    "a team in a team": ((writer >> counting) >> reader, {}),
    "a budget": (writer >> judged >> cashier, {"budget_calls": 3}),
    "hooks": (agent("writer", hooks=[looks]) >> judged >> cashier, {}),
    "a bound on choices": (writer >> judged >> cashier, {"max_choices": 3}),
    "a function as instructions": (agent("writer", instructions=lambda: "W.") >> cashier, {}),
}
SAYS = {"writer": ["1", "2"], "critic": ["OK", "NO"], "cashier": ["a", "b"], "reader": ["r", "s"]}


async def explored(team: Any, how: dict[str, Any]) -> tuple[Explored, list[Any]]:
    """What is found, and every run event by event."""
    runs: list[Any] = []

    def watch(events: Sequence[Any]) -> Broken | None:
        texts = [one.model_dump_json(exclude={"at"}) for one in events]
        runs.append([text.replace(events[0].run, "RUN") for text in texts])
        return None

    rules = [before(answered("critic", "OK"), "pay"), at_most(1, "pay"), ends_well()]
    how = {"says": SAYS, "calls": {"pay": [{"euro": 1}, {"euro": 2}]}, "max_runs": 48, **how}
    everything = [*rules, TrajectoryRule("watched", watch)]
    return await explore(team, "x", everything, log=open_log("memory:"), **how), runs


def told(found: Explored) -> list[Any]:
    """What came of each rule, but for the ids of the runs that are kept."""
    return [
        (one.rule, one.broken, one.path, one.why.replace(one.run or "no run", "RUN"))
        for one in found.findings
    ]


@pytest.mark.parametrize("name", TEAMS)
async def test_every_run_is_event_by_event_the_one_that_is_performed_whole(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    team, how = TEAMS[name]
    found, runs = await explored(team, how)
    monkeypatch.setattr(Shared, "known", lambda *_: None)
    whole, all_runs = await explored(team, how)
    assert runs == all_runs
    assert told(found) == told(whole)
    assert (found.runs, found.complete, found.bounds) == (whole.runs, whole.complete, whole.bounds)


async def test_most_asks_are_those_of_the_run_before(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    act = Agent.act

    async def counted(self: Any, *given: Any) -> Any:
        asked.append(self.name)
        return await act(self, *given)

    monkeypatch.setattr(Agent, "act", counted)
    found, _ = await explored(TEAMS["a graph"][0], {})
    assert found.runs == 2 * 2 * 6
    # Each draft once, each verdict on it once, every end of it; and again what breaks a rule.
    kept = sum(bool(one.run) for one in found.findings)
    assert [asked.count(one) - kept for one in ("writer", "critic", "cashier")] == [2, 4, 24]
