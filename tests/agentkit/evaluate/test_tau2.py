"""tau2-bench: tools on both sides, and each thing that a reward may be based on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent, open_log
from agentkit.errors import SetupError
from agentkit.evaluate import Suite, evaluate, port, tau
from agentkit.evaluate.tau2 import STOPS, Domain, calls_in, desk, mini, tasks, tau2
from agentkit.evaluate.tau2tasks import Action
from agentkit.testing import FunctionModel, ScriptedModel, call

ON, REGISTER = call("switch_beacon", power="on"), call("register_arrival", booking_id="B1")
CANCEL = call("cancel_booking", booking_id="B1", reason="ordered by mistake")


def played(rows: Any, customer: list[Any], clerk: list[Any], domain: Domain | None = None) -> Any:
    return desk(
        domain or mini()[0],
        rows,
        lambda tools, policy: Agent("clerk", policy, model=ScriptedModel(*clerk), tools=tools),
        customer=ScriptedModel(*customer),
    )


@pytest.mark.parametrize(
    ("id", "customer", "clerk", "why"),
    [
        ("beacon-off", ["Register B1.", ON, "It is on.", STOPS[0]],
         ["Switch it on.", REGISTER, "Done."], ""),
        ("beacon-off", ["Register B1.", ON, "It is on.", STOPS[0]],
         ["Switch it on.", "Done."], "of the desk"),
        ("beacon-off", ["Register B1.", "No.", STOPS[0]],
         ["Switch it on.", REGISTER, "No."], "the desk and of the customer"),
        ("beacon-channel", ["B3.", call("set_channel", channel=16), "So?", STOPS[0]],
         ["Channel 16, please.", call("register_arrival", booking_id="B3"), "Done."], ""),
        ("cancel", ["Cancel B1.", STOPS[0]], [CANCEL, "You get 1,200."], ""),
        ("cancel", ["Cancel B1.", STOPS[0]], [CANCEL, "Done."], "not told 1200"),
    ],
)  # fmt: skip
async def test_both_sides_act_and_both_states_count(
    id: str, customer: list[Any], clerk: list[Any], why: str
) -> None:
    domain, rows = mini()
    one = rows.where(lambda sample: sample.id == id)
    result = await evaluate(played(one, customer, clerk), Suite(one, [tau2(domain)]))
    (trial,) = result.trials
    assert trial.status == "answered" and trial.right == (not why) and why in trial.why, trial


async def test_a_call_that_is_wanted_must_be_made_where_the_reward_is_based_on_it() -> None:
    domain, rows = mini()
    one = rows.where(lambda sample: sample.id == "beacon-channel")
    # The state is as wanted, by another way than the call that is asked for.
    task = one.samples[0].meta["task"]
    assert isinstance(task, dict) and isinstance(task["evaluation_criteria"], dict)
    task["evaluation_criteria"]["actions"][0]["name"] = "switch_beacon"
    task["evaluation_criteria"]["actions"][0]["arguments"] = {"power": "on"}
    task["evaluation_criteria"]["reward_basis"] = ["ACTION"]
    team = played(one, ["B3.", STOPS[0]], [call("register_arrival", booking_id="B3"), "No."])
    result = await evaluate(team, Suite(one, [tau2(domain)]))
    assert "switch_beacon was not called" in result.trials[0].why


def test_calls_are_compared_in_the_arguments_that_count() -> None:
    wanted = Action(name="f", arguments={"a": 1, "b": 2})
    assert wanted.is_made_by(Action(name="f", arguments={"a": 1}))  # by those of the call
    assert not wanted.is_made_by(Action(name="f", arguments={"a": 2}))
    some = wanted.model_copy(update={"compare_args": ("b",)})
    assert some.is_made_by(Action(name="f", arguments={"a": 9, "b": 2}))
    assert not some.is_made_by(Action(name="f", arguments={"a": 1}))


async def test_assertions_in_words_want_a_judge_and_a_talk_wants_an_end() -> None:
    domain, rows = mini()
    one = rows.where(lambda sample: sample.id == "sold")
    lines = (["Cancel B3.", STOPS[0]], ["It has left; I change nothing."])
    result = await evaluate(played(one, *lines), Suite(one, [tau2(domain)]))
    assert "judge=Agent" in result.trials[0].unscored
    said = [{"reason": "it says so", "met": True}, {"reason": "it does not", "met": False}]
    for right, verdict in ((True, said[0]), (False, said[1])):
        judge = Agent("judge", model=FunctionModel(lambda r, v=verdict: json.dumps(v)))
        log = open_log("memory:")
        found = await evaluate(played(one, *lines), Suite(one, [tau2(domain, judge)]), log=log)
        assert found.trials[0].right is right, found.trials[0]
    endless = desk(domain, one, lambda tools, policy: Agent("c", model=ScriptedModel("a", "b")),
                   customer=ScriptedModel("x", "y", "z"), max_turns=2)  # fmt: skip
    found = await evaluate(endless, Suite(one, [tau2(domain)]), log=open_log("memory:"))
    assert "end" in found.trials[0].why


async def test_a_desk_that_was_cut_off_goes_on_with_both_databases_as_they_were() -> None:
    domain, rows = mini()
    one = rows.where(lambda sample: sample.id == "beacon-off")
    asked = one.samples[0].input
    with pytest.raises(Exception, match="script|line|no more"):
        await played(one, ["Register B1.", ON, "It is on."], ["Switch it on."])(asked)
    run_id = next(info.id for info in open_log().runs())
    team = played(one, [STOPS[0]], [REGISTER, "Done."])
    answer = await team.resume(run_id)
    assert answer.data == {"replies": ["Switch it on.", "Done."], "ended": True}
    calls = calls_in(open_log().read(run_id))
    assert [(c.name, c.requestor) for c in calls] == [
        ("switch_beacon", "user"), ("register_arrival", "assistant")]  # fmt: skip


def test_the_official_form_is_read_and_another_refused(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps(port.rows("tau2.json")))
    assert tasks("port", path).version == mini()[1].version
    rows = port.rows("tau2.json")
    rows[0]["evaluation_criteria"]["reward_basis"] = ["VIBES"]
    with pytest.raises(SetupError, match="newer format"):
        tasks("port", rows)
    path.write_text("{}")
    with pytest.raises(SetupError, match="no list"):
        tasks("port", path)
    with pytest.raises(SetupError, match="cannot be read"):
        tasks("port", tmp_path / "none.json")
    history = {"message_history": [{"role": "user", "content": "hello"}]}
    with pytest.raises(SetupError, match="mid-talk"):
        tasks("port", [{**port.rows("tau2.json")[2], "initial_state": history}])


async def test_our_desk_is_one_of_tau_bench_too_and_a_person_ends_the_talk() -> None:
    domain, rows = tau.mini()
    assert len(rows) == 5 and "register_arrival" not in domain.tools
    handed = [call("transfer_to_human_agents", summary="berthed"), "A person will see to it."]
    one = rows.where(lambda sample: sample.id == "port 2")
    team = tau.desk(
        domain,
        lambda tools, policy: Agent("clerk", policy, model=ScriptedModel(*handed), tools=tools),
        customer=ScriptedModel("Cancel B2!"),
    )
    result = await evaluate(team, Suite(one, [tau.tau(domain)]))
    assert result.accuracy == 1.0, result.trials[0].why
    endless = tau.desk(domain, lambda tools, policy: Agent("c", model=ScriptedModel("No.", "No.")),
                       customer=ScriptedModel("x", "y", "z"), max_turns=2)  # fmt: skip
    result = await evaluate(endless, Suite(one, [tau.tau(domain)]), log=open_log("memory:"))
    assert "did not come to its end" in result.trials[0].why


@pytest.mark.parametrize("given", [None, 7, {}, [None], ["x"], [[]], [{}], []])
def test_what_is_no_list_of_tasks_is_refused(given: Any) -> None:
    with pytest.raises(SetupError):
        tasks("port", given)


@pytest.mark.parametrize(
    ("scene", "told"),
    [
        ({"initialization_actions": [{"env_type": "user", "func_name": "fly"}]},
         "no such function"),
        ({"initialization_actions": [{"env_type": "user", "func_name": "set_beacon",
                                      "arguments": {"extra": 1}}]}, "set_beacon: "),
        ({"initialization_actions": [{"env_type": "assistant", "func_name": "set_status",
                                      "arguments": {"booking_id": "none", "status": "x"}}]},
         "cannot begin: KeyError"),
    ],
)  # fmt: skip
async def test_a_task_that_its_domain_cannot_begin_is_refused_by_name(
    scene: Any, told: str
) -> None:
    domain, rows = mini()
    first = {**rows.samples[0].meta["task"], "initial_state": scene}  # type: ignore[dict-item]
    model = ScriptedModel()
    with pytest.raises(SetupError, match=f"Task {first['id']} of port .*{told}"):
        odd = tasks("port", [first])
        team = desk(domain, odd, lambda tools, policy: Agent("d", policy, model=model, tools=tools),
                    customer=model)  # fmt: skip
        await evaluate(team, Suite(odd, [tau2(domain)]))
    assert not model.requests
