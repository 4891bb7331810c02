"""The Berkeley Function-Calling Leaderboard: its files, and a team that has the tools of each row.

    rows = bfcl.questions(f"{data}/BFCL_v4_multiple.json", f"{data}/possible_answer/...")
    team = bfcl.team(lambda tools: Agent("caller", model=..., tools=tools), rows)
    result = await evaluate(team, Suite(rows, [bfcl.calls()]))

What counts is the calls of the first reply; no tool does anything. Single turns in Python are read;
those of Java and JavaScript, and talks of several turns, are refused.

Source: Patil et al. 2025, The Berkeley Function Calling Leaderboard. Its files come with the
package bfcl-eval; agentkit ships none of them, and `mini()` are rows of our own in their form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agentkit.actor import Actor
from agentkit.errors import SetupError, error_text
from agentkit.evaluate.bfclcheck import differ
from agentkit.evaluate.bfclrows import check_functions, check_question, check_truth
from agentkit.evaluate.calling import first_calls, spoken
from agentkit.evaluate.samples import Dataset, lines_in
from agentkit.evaluate.scorers import FunctionScorer, Score, ScorerInput
from agentkit.messages import JSON
from agentkit.model import ToolSpec
from agentkit.pattern import Pattern, pattern
from agentkit.tools import Arguments, Tool
from agentkit.tools.arguments import read

TYPES: dict[str, dict[str, JSON]] = {
    "dict": {"type": "object"},
    "float": {"type": "number"},
    "tuple": {"type": "array"},
    "any": {},
}
"""Types of its files that JSON Schema calls otherwise."""


def questions(path: str | Path, answers: str | Path | None = None, name: str = "") -> Dataset:
    """Return the rows of a file, with what is right.

    Args:
        path: of the questions, JSON lines as they are published.
        answers: of the possible answers; without them no call is right, as in its rows about tools
            that do not fit ("irrelevance").
        name: of the dataset; by default that of the file.

    Raises:
        SetupError: a file cannot be read, or a row is of another form.
    """
    right = {} if answers is None else {one.get("id"): one for one in lines(answers)}
    rows = []
    for number, row in enumerate(lines(path), 1):
        try:
            asked = check_question(row["question"])
            functions = check_functions(row["function"])
            truth = right[row["id"]]["ground_truth"] if answers is not None else []
            check_truth(truth, functions)
            rows.append(
                {
                    "id": row["id"],
                    "input": {"id": row["id"], "messages": asked},
                    "target": truth,
                    "functions": row["function"],
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            lacks = "without " if isinstance(error, KeyError) else ""
            raise SetupError(
                f"Line {number} of {path} is no question of BFCL: {lacks}{error}.",
                expected="JSON with id, question of one turn and function, and its possible answer",
                todo="look whether the file is of a newer format",
            ) from error
    return Dataset(rows, name=name or Path(path).stem)


def lines(path: str | Path) -> list[dict[str, Any]]:
    """Return the objects of a file of JSON lines.

    Raises:
        SetupError: it cannot be read, or a line is no object with an id.
    """
    try:
        number, rows = 0, []
        for number, line in lines_in(Path(path).read_text(encoding="utf-8-sig")):  # noqa: B007  # told in the error
            rows.append(json.loads(line))
    except (OSError, ValueError, RecursionError) as error:
        where = f"Line {number} of {path}" if number else str(path)
        raise SetupError(
            f"{where} cannot be read: {error_text(error)}.", expected="a file of JSON lines"
        ) from error
    for number, row in enumerate(rows, 1):
        if not (isinstance(row, dict) and isinstance(row.get("id"), str)):
            raise SetupError(
                f"Line {number} of {path} is no question of BFCL and no answer: {row!r:.80}.",
                expected="a JSON object with an id that is a text",
                todo="look whether the file is of a newer format",
            )
    return rows


class Named(Tool):
    """A tool that is only there to be called."""

    def __init__(self, function: Mapping[str, Any]) -> None:
        self.spec = ToolSpec(
            name=spoken(function["name"]),
            description=str(function.get("description", ""))[:1000],
            parameters=in_json_schema(function.get("parameters") or {"type": "dict"}),
        )

    def check(self, arguments: str) -> Arguments:
        given, asked = read(self.spec, arguments)
        return Arguments(given, asked=asked)  # whether they are right is what is measured

    async def perform(self, arguments: Arguments, context: Any) -> Any:
        return "noted; finish now"


def in_json_schema(given: Any) -> Any:
    """Return the parameters of a function, whose types its files call by Python's names."""
    if isinstance(given, list):
        return [in_json_schema(one) for one in given]
    if not isinstance(given, dict):
        return given
    found = {str(key): in_json_schema(one) for key, one in given.items() if key != "optional"}
    kind = found.get("type")
    if isinstance(kind, str) and kind in TYPES:
        found.pop("type")
        found = {**TYPES[kind], **found}
    return found


def calls() -> FunctionScorer:
    """Return the scorer: the calls of the first reply are right as the leaderboard has it."""

    def judge(case: ScorerInput) -> Score:
        right: Any = case.target
        functions: Any = case.meta["functions"]
        why = differ(first_calls(case), right, functions)
        return Score(value=float(not why), passed=not why, why=why)

    return FunctionScorer("bfcl", judge)


def team(make: Callable[[list[Tool]], Actor], rows: Dataset) -> Pattern:
    """Return a team that is asked for a row, and has its tools.

    Args:
        make: makes the actor that calls, from tools.
        rows: of `questions`.
    """
    known: dict[str, list[Tool]] = {}
    for one in rows:
        listed: Any = one.meta["functions"]
        known[one.id] = [Named(function) for function in listed]

    async def answer(task: dict[str, Any]) -> str:
        """Call what the row asks for."""
        said = [str(one["content"]) for one in task["messages"]]
        return (await make(known[task["id"]])("\n\n".join(said))).text

    return pattern(name="caller")(answer)


def mini() -> Dataset:
    """Return rows of our own in the published form, for use offline."""
    folder = Path(__file__).with_name("mini")
    return questions(folder / "calls.jsonl", folder / "calls-answers.jsonl", name="calls")


__all__ = ["calls", "differ", "mini", "questions", "team"]
