"""tau-bench: a customer, a policy, tools on a database, and the state that is left."""

from __future__ import annotations

from typing import Any

import pytest

from agentkit import Agent, open_log
from agentkit.errors import SetupError
from agentkit.evaluate import Suite, evaluate
from agentkit.evaluate.calling import calls, calls_differ
from agentkit.evaluate.tau import STOP, Domain, desk, tasks, tau
from agentkit.testing import FunctionModel, ScriptedModel, call


class Cancel:
    """A tool as the official ones are."""

    @staticmethod
    def invoke(data: dict[str, Any], order_id: str, reason: str) -> str:
        order = data["orders"][order_id]
        if order["status"] != "pending":
            order["tried"] = True
            raise ValueError("it is not pending")
        order["status"], order["reason"] = "cancelled", reason
        return "done"

    @staticmethod
    def get_info() -> dict[str, Any]:
        text = {"type": "string"}
        return {
            "type": "function",
            "function": {
                "name": "cancel",
                "description": "Cancel an order.",
                "parameters": {
                    "type": "object",
                    "properties": {"order_id": text, "reason": text},
                    "required": ["order_id", "reason"],
                },
            },
        }


def load() -> dict[str, Any]:
    return {"orders": {"A1": {"status": "pending"}, "B2": {"status": "sent"}}}


PORT = Domain.of("port", load, [Cancel], "Cancel pending orders only.")
TASK = {
    "user_id": "u", "instruction": "You want A1 cancelled: ordered by mistake.", "annotator": 0,
    "actions": [{"name": "cancel", "kwargs": {"order_id": "A1", "reason": "mistake"}}],
    "outputs": ["1200"],
}  # fmt: skip


def customer() -> FunctionModel:
    def say(request: Any) -> str:
        turns = [one for one in request.thread if one.message.role == "assistant"]
        return "Please cancel A1, I ordered it by mistake." if not turns else STOP

    return FunctionModel(say)


def team(*lines: Any) -> Any:
    model = ScriptedModel(*lines)
    return desk(PORT, lambda tools, policy: Agent("clerk", policy, model=model, tools=tools),
                customer=customer())  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ((call("cancel", order_id="A1", reason="mistake"), "Done; you get 1,200 back."), ""),
        ((call("cancel", order_id="A1", reason="mistake"), "Done."), "not told 1200"),
        ((call("cancel", order_id="A1", reason="other"), "1200"), "differs at /orders/A1/reason"),
        (("You get 1200 back.",), "differs at /orders/A1"),
        (
            (
                call("cancel", order_id="B2", reason="mistake"),
                call("cancel", order_id="A1", reason="mistake"),
                "1200",
            ),
            "differs at /orders/B2/tried",
        ),
    ],
)
async def test_the_state_and_what_was_told_make_the_verdict(lines: Any, why: str) -> None:
    result = await evaluate(team(*lines), Suite(tasks("port", [TASK]), [tau(PORT)]))
    trial = result.trials[0]
    assert trial.status == "answered" and trial.right == (not why) and why in trial.why


async def test_a_desk_that_was_cut_off_goes_on_with_the_database_it_had() -> None:
    first = call("cancel", order_id="A1", reason="mistake")
    asked = tasks("port", [TASK]).samples[0].input
    with pytest.raises(Exception, match="script|line|no more"):
        await team(first)(asked)
    run_id = next(one.id for one in open_log().runs())
    answer = await team(call("cancel", order_id="A1", reason="again"), "no").resume(run_id)
    assert answer.data["replies"] == ["no"]
    made = PORT.after(PORT.calls_in(open_log().read(run_id)))
    assert made["orders"]["A1"] == {"status": "cancelled", "reason": "mistake", "tried": True}


def test_other_forms_are_refused() -> None:
    with pytest.raises(SetupError, match="no tool of tau-bench"):
        Domain.of("port", load, [object()], "")
    with pytest.raises(SetupError, match="Task 0 of port"):
        tasks("port", [{"actions": []}])


POSSIBLE = [{"area": {"base": [10], "height": [5.0], "unit": ["cm", ""]}}]


@pytest.mark.parametrize(
    ("made", "right"),
    [
        ([("area", {"base": 10, "height": 5})], True),
        ([("area", {"base": 10, "height": 5, "unit": "CM."})], True),
        ([("area", {"base": 10, "height": 5, "unit": "m"})], False),
        ([("area", {"base": 10})], False),
        ([("area", {"base": True, "height": 5})], False),
        ([("area", {"base": 10, "height": 5, "x": 1})], False),
        ([("volume", {"base": 10, "height": 5})], False),
        ([], False),
        ([("area", {"base": 10, "height": 5})] * 2, False),
    ],
)
def test_calls_are_judged_by_name_and_values(made: list[Any], right: bool) -> None:
    assert (calls_differ(made, POSSIBLE) == "") is right


def test_order_does_not_count_and_values_may_be_nested() -> None:
    possible = [{"f": {"x": [1]}}, {"f": {"x": [2]}}, {"g": {"of": [{"a": ["New York"]}]}}]
    made = [("g", {"of": {"a": "new-york"}}), ("f", {"x": 2}), ("f", {"x": 1})]
    assert calls_differ(made, possible) == ""
    assert calls_differ(made[::-1], possible[::-1]) == ""
    assert "x is" in calls_differ([("f", {"x": 1}), ("f", {"x": 1}), made[0]], possible)


async def test_calls_are_a_scorer() -> None:
    model = FunctionModel(lambda r: call("cancel", order_id="A1", reason="mistake")
                          if r.thread[-1].message.role == "user" else "ok")  # fmt: skip
    from agentkit import tool

    @tool(effect="pure")
    def cancel(order_id: str, reason: str) -> str:
        """Cancel an order."""
        return "done"

    rows = [
        {
            "input": f"Cancel {id}.",
            "target": [{"cancel": {"order_id": [id.lower()], "reason": ["mistake"]}}],
        }
        for id in ("A1", "B2")
    ]
    result = await evaluate(Agent("a", model=model, tools=[cancel]), Suite(rows, [calls()]))
    assert [one.right for one in result.trials] == [True, False]
    assert "order_id is 'A1'" in result.trials[1].why


@pytest.mark.parametrize("given", [None, 7, {}, [None], ["x"], [[]], [{}], []])
def test_what_is_no_list_of_tasks_is_refused(given: Any) -> None:
    with pytest.raises(SetupError):
        tasks("port", given)
