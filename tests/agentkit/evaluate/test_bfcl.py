"""The Berkeley leaderboard's files, and our sets for use without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentkit import Agent
from agentkit.errors import SetupError
from agentkit.evaluate import Suite, bfcl, evaluate, gaia, gaia_match
from agentkit.evaluate.calling import spoken
from agentkit.sim.world import world
from agentkit.testing import FunctionModel, call


def first_right(rows: Any) -> FunctionModel:
    """A model that makes the first right call of a row, and only that."""
    right = {str(one.meta["functions"]): one.target for one in rows}

    def say(request: Any) -> Any:
        if request.thread[-1].message.role == "tool":
            return "ok"
        names = {tool.name for tool in request.tools}
        for target in right.values():
            ((name, values),) = target[0].items()
            if spoken(name) in names:
                given = {k: v[0] for k, v in values.items() if v[0] != ""}
                given = {k: {n: o[0] for n, o in v.items()} if isinstance(v, dict) else v
                         for k, v in given.items()}  # fmt: skip
                return call(spoken(name), **given)
        return "none fits"

    return FunctionModel(say)


async def test_a_team_has_the_tools_of_each_row_and_is_judged_by_its_first_reply() -> None:
    rows = bfcl.mini()
    team = bfcl.team(lambda tools: Agent("a", model=first_right(rows), tools=tools), rows)
    result = await evaluate(team, Suite(rows, [bfcl.calls()]))
    assert {one.question: one.right for one in result.trials} == {
        "port_0": True, "port_1": True, "port_2": False, "port_3": True}  # fmt: skip
    assert "1 calls and not 2" in next(one.why for one in result.trials if not one.right)


def test_types_become_those_of_json_schema() -> None:
    (row,) = bfcl.mini().where(lambda one: one.id == "port_3")
    functions: Any = row.meta["functions"]
    found = bfcl.Named(functions[0]).spec.parameters
    assert found["properties"]["order"]["type"] == "object"
    assert found["properties"]["crew"]["type"] == "array"
    assert spoken("port.dues") == "port_dues"


def test_rows_without_a_right_call_and_files_of_another_form(tmp_path: Path) -> None:
    row = {"id": "i", "question": [[{"role": "user", "content": "?"}]], "function": []}
    path = tmp_path / "q.json"
    path.write_text(json.dumps(row))
    assert bfcl.questions(path).samples[0].target == []
    for wrong in ({**row, "question": [row["question"][0], []]}, {"id": "i"}):  # type: ignore[index]
        path.write_text(json.dumps(wrong))
        with pytest.raises(SetupError, match="no question of BFCL"):
            bfcl.questions(path)
    path.write_text("{")
    with pytest.raises(SetupError, match="cannot be read"):
        bfcl.questions(path)


ROW: Any = {
    "id": "a",
    "question": [[{"role": "user", "content": "Which port is nearest?"}]],
    "function": [{"name": "find", "parameters": {"type": "dict", "properties": {
        "place": {"type": "string"}, "near": {"type": "array", "items": {"type": "dict"}}}}}],
}  # fmt: skip
TRUTH: Any = [{"find": {"place": ["Amber"], "near": [[{"x": [1]}], ""]}}]


def without(value: Any, *path: Any, to: Any) -> Any:
    """A copy in which something is another."""
    made = json.loads(json.dumps(value))
    at = made
    for one in path[:-1]:
        at = at[one]
    at[path[-1]] = to
    return made


def test_a_row_as_it_is_published_is_read(tmp_path: Path) -> None:
    (tmp_path / "q.json").write_text(json.dumps(ROW))
    (tmp_path / "a.json").write_text(json.dumps({"id": "a", "ground_truth": TRUTH}))
    assert bfcl.questions(tmp_path / "q.json", tmp_path / "a.json").samples[0].target == TRUTH


@pytest.mark.parametrize(
    ("row", "truth", "told"),
    [
        (without(ROW, "question", to="x"), TRUTH, "no list of turns"),
        (without(ROW, "question", 0, to=[]), TRUTH, "no message"),
        (without(ROW, "question", 0, 0, "content", to=" "), TRUTH, "nothing is asked"),
        (without(ROW, "question", 0, 0, "content", to=7), TRUTH, "content that is text"),
        (without(ROW, "function", to=7), TRUTH, "function is no list"),
        (without(ROW, "function", 0, to="find"), TRUTH, "without a name"),
        (without(ROW, "function", 0, "name", to=""), TRUTH, "without a name"),
        (without(ROW, "function", 0, "parameters", to=True), TRUTH, "no parameters with prop"),
        (without(ROW, "function", 0, "parameters", "required", to=3), TRUTH, "list of names"),
        (without(ROW, "function", 0, "parameters", "properties", "place", to={"type": "String"}),
         TRUTH, "no type that there is"),
        (without(ROW, "function", 0, "parameters", "properties", "near", "items", to=None),
         TRUTH, "items of near"),
        (ROW, False, "no list of calls"),
        (ROW, [{}], "a right call that is no"),
        (ROW, [{"seek": {}}], "a right call of seek"),
        (ROW, [{"find": "x"}], "has no parameters"),
        (ROW, without(TRUTH, 0, "find", "place", to=1.5), "may be is no list"),
        (ROW, without(TRUTH, 0, "find", "near", 0, 0, to={"x": 1}), "no object of lists"),
    ],
)  # fmt: skip
def test_what_could_not_be_judged_is_refused_before_it_is_paid(
    row: Any, truth: Any, told: str, tmp_path: Path
) -> None:
    (tmp_path / "q.json").write_text(f"{json.dumps({**ROW, 'id': 'first'})}\n{json.dumps(row)}")
    answers = [{"id": "first", "ground_truth": TRUTH}, {"id": "a", "ground_truth": truth}]
    (tmp_path / "a.json").write_text("\n".join(map(json.dumps, answers)))
    with pytest.raises(SetupError, match=f"Line 2 of .* no question of BFCL: .*{told}"):
        bfcl.questions(tmp_path / "q.json", tmp_path / "a.json")


def test_our_questions_in_gaia_s_form_have_the_answers_of_the_world() -> None:
    rows, known = gaia.mini(), {one.text: one for one in world().questions}
    assert len(rows) == 12 and rows.splits == ("level 1", "level 2", "level 3")
    for one in rows:
        answer = known[one.text].answer
        text = answer if isinstance(answer, str) else f"{answer:g}"
        assert gaia_match(text, str(one.target)), one


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        ("x", {"id": "a", "ground_truth": []}),
        ({"id": ["a"], "question": [[]], "function": []}, {"id": "a", "ground_truth": []}),
        ({"id": "a", "question": [["hello"]], "function": []}, {"id": "a", "ground_truth": []}),
        ({"id": "a", "question": [[]], "function": []}, None),
        ({"id": "a", "question": [[]], "function": []}, {"id": {}, "ground_truth": []}),
        ({"id": "a", "question": [[]], "function": []}, {"id": "a", "possible": []}),
    ],
)
def test_files_of_a_newer_format_are_refused_with_the_line(
    row: Any, answer: Any, tmp_path: Path
) -> None:
    (tmp_path / "q.json").write_text(json.dumps(row))
    (tmp_path / "a.json").write_text(json.dumps(answer))
    with pytest.raises(SetupError, match="Line 1 of .* is no question of BFCL"):
        bfcl.questions(tmp_path / "q.json", tmp_path / "a.json")
