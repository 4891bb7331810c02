"""The model that one ask names in place of its agents' own."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from agentkit import Agent, connect, gather, pattern, run, tool
from agentkit.errors import Rejected, ReplayMismatch, SetupError, TeamChanged, UnknownModel
from agentkit.events import RunStarted, ScopeOpened, StepStarted
from agentkit.logs.memory import MemoryLog
from agentkit.testing import ScriptedModel, call


@tool(effect="pure")
def tariff(port: str) -> float:
    """Harbour dues in EUR."""
    return 79.2


def team_of(*models: ScriptedModel) -> Any:
    agents = [Agent(f"a{n}", model=model) for n, model in enumerate(models)]

    @pattern
    async def team(task: str) -> str:
        found = await gather(*[one(task) for one in agents])
        return " ".join(one.text for one in found)

    return team


async def test_an_ask_of_a_team_names_the_model_of_all_its_agents() -> None:
    own = ScriptedModel("own"), ScriptedModel("own")
    other = ScriptedModel("x", "y", name="other")
    team, log = team_of(*own), MemoryLog()
    answer = await team("q", model=other, log=log)
    assert answer.text == "x y"
    assert not own[0].requests and len(other.requests) == 2
    events = log.read(answer.run_id)
    assert {e.model for e in events if isinstance(e, ScopeOpened)} == {None, "other"}
    assert {e.name for e in events if isinstance(e, StepStarted)} == {"other"}
    assert next(e for e in events if isinstance(e, RunStarted)).model == "other"
    assert (await team("q", log=log)).text == "own own", "only that ask"


async def test_an_ask_inside_a_run_names_its_own() -> None:
    clerk = Agent("clerk", model=ScriptedModel("own"))
    async with run(log=MemoryLog()):
        assert (await clerk("q", model=ScriptedModel("x"))).text == "x"
        assert (await clerk("q")).text == "own"


async def test_a_run_that_goes_on_connects_to_the_name_again() -> None:
    failing = [True]

    @tool(effect="pure", on_error="raise")
    def dues(port: str) -> float:
        """Harbour dues in EUR of a port."""
        if failing:
            raise KeyError(port)
        return 79.2

    clerk = Agent("clerk", "Use your tools.", model=ScriptedModel(), tools=[dues])
    log = MemoryLog()
    with pytest.raises(KeyError):
        await clerk("What are the dues of Amber?", model="sim:careful", log=log)
    failing.clear()
    answer = await clerk.resume(log.runs()[0].id, log=log)
    assert "79.2" in answer.text
    assert (await clerk.replay(answer.run_id, log=log)).text == answer.text


async def test_a_model_of_the_programs_own_is_given_again_where_it_is_needed() -> None:
    clerk = Agent("clerk", model=ScriptedModel("own"), tools=[tariff])
    log, mine = MemoryLog(), ScriptedModel(call("tariff", port="Amber"), KeyError("x"), name="mine")
    with pytest.raises(KeyError):
        await clerk("q", model=mine, log=log)
    run_id = log.runs()[0].id
    with pytest.raises(SetupError, match="'mine' of the program's own"):
        await clerk.resume(run_id, log=log)
    with pytest.raises(TeamChanged):
        await clerk.resume(run_id, log=log, model=ScriptedModel("79.2 EUR", name="another"))
    done = await clerk.resume(run_id, log=log, model=ScriptedModel("79.2 EUR", name="mine"))
    assert done.text == "79.2 EUR"
    assert (await clerk.replay(run_id, log=log)).text == "79.2 EUR", "a replay needs none"
    assert (await clerk.resume(run_id, log=log)).text == "79.2 EUR", "nor does a finished run"
    with pytest.raises(ReplayMismatch):
        await clerk.replay(run_id, log=log, model=ScriptedModel(name="another"))


@pytest.mark.parametrize(
    ("model", "error"),
    [(3, SetupError), (["sim:careful"], SetupError), ("sim:carful", UnknownModel)],
)
async def test_what_is_no_model_is_refused_before_anything_begins(
    model: Any, error: type[Exception]
) -> None:
    log = MemoryLog()
    with pytest.raises(error):
        await Agent("clerk", model=ScriptedModel("own"))("q", model=model, log=log)
    assert log.runs() == []


async def test_a_model_without_tools_is_named_and_what_to_do_about_it() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        words = "library/gemma:2b does not support tools"
        return httpx.Response(400, json={"error": {"message": words}})

    where = {"base_url": "http://127.0.0.1:9/v1", "transport": httpx.MockTransport(refuse)}
    simple = connect("gemma:2b", **where)  # type: ignore[arg-type]
    clerk = Agent("clerk", model=ScriptedModel("by its own"), tools=[tariff])
    log = MemoryLog()
    with pytest.raises(Rejected, match="gemma:2b .* answered 400: .* does not support tools") as no:
        await clerk("q", model=simple, log=log)
    assert 'connect(..., tools="prompted")' in str(no.value)
    assert (await clerk("q", log=log)).text == "by its own"
