"""`agentkit leaderboard`: teams at equal budget, on cases that are other ones each week.

The cases of a week follow from the term's secret and the week, so that nothing which was learnt of
the last ones helps. Public cases do not count. Students are called what they call their team.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from agentkit.errors import SetupError
from agentkit.grading.assignment import Assignment, Case
from agentkit.grading.command import assignment_of, graded, secret_in, submission_files
from agentkit.grading.grade import Grade
from agentkit.grading.handed import Unusable, handed, student_of
from agentkit.grading.judging import Grader
from agentkit.pictures.table import Rows, text_table
from agentkit.words import for_html, for_terminal

LONGEST = 40
"""Letters of such a name."""

WEEK = re.compile(r"\d{4}-W\d{2}")


@dataclass(frozen=True)
class Standing:
    """A team on the board."""

    team: str
    grade: Grade
    best: int
    """The first place that it could have, and the last: teams between cannot be told apart."""
    last: int


def main(arguments: Sequence[str]) -> int:
    """Grade all on this week's cases, and write the board.

    Raises:
        SetupError: no such assignment, submission or week; no sandbox; no case that is not public.
    """
    parser = argparse.ArgumentParser(
        prog="agentkit leaderboard",
        description="Teams at equal budget, on cases that are other ones each week.",
    )
    parser.add_argument("submissions", nargs="+", help="files, or folders of one submission each")
    parser.add_argument("--assignment", required=True, metavar="FILE.py:NAME")
    parser.add_argument("--out", default="board", help="folder of the board and its secret")
    parser.add_argument("--week", default="", metavar="2026-W48", help="by default this one (UTC)")
    parser.add_argument(
        "--calls", type=int, default=0, help="model calls that each has for all cases together"
    )
    parser.add_argument("--parallel", type=int, default=2)
    given = parser.parse_args(arguments)
    paths, week, out = submission_files(given.submissions), this(given.week), Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    secret = hmac.new(secret_in(out).encode(), week.encode(), hashlib.sha256).hexdigest()
    asked = held_out(assignment_of(given.assignment), given.calls)
    (out / week).mkdir(exist_ok=True)
    # Another budget is another board: what was kept under the first does not hold.
    kept = out / week / f"grades-{asked.budget_calls}.jsonl"
    grader = Grader(asked, secret=secret, kept=kept, parallel=given.parallel)
    places = placed(asyncio.run(graded(grader, paths)), teams(paths))
    page = board_html(asked, week, places)
    (out / "leaderboard.html").write_text(page, "utf-8")
    (out / "leaderboard.json").write_text(board_json(asked, week, places), "utf-8")
    print(for_terminal("\n".join(text_table(rows(places), (0, 2, 3)))))
    return 0


def this(week: str) -> str:
    """A week as ISO 8601 writes it; by default the one that it is.

    Raises:
        SetupError: it is none.
    """
    found = week or datetime.now(UTC).strftime("%G-W%V")
    if not WEEK.fullmatch(found) or not 1 <= int(found[-2:]) <= 53:
        raise SetupError(f"{week[:40]} is no week.", expected="a year and a week, as 2026-W48")
    return found


def held_out(assignment: Assignment, calls: int) -> Assignment:
    """An assignment without public cases, under a budget of model calls.

    Raises:
        SetupError: the budget is negative.
    """
    if calls < 0:
        raise SetupError(f"A budget of {calls} calls cannot be.", expected="1 and more; 0: none")

    def hidden(secret: str) -> Sequence[Case]:
        return [case for case in assignment.cases(secret) if not case.public]

    return replace(assignment, cases=hidden, budget_calls=calls or assignment.budget_calls)


def teams(paths: Sequence[Path]) -> dict[str, str]:
    """What each student's team is called; one that says nothing has a number, by nobody's name."""
    found: dict[str, str] = {}
    for path in paths:
        student = student_of(path)
        try:
            said = team(handed(path, "", "").code)
        except (Unusable, OSError):
            said = ""
        number = int(hashlib.sha256(student.encode()).hexdigest()[:6], 16) % 10_000
        name = said or f"team {number:04d}"
        found[student] = name if name not in found.values() else f"{name} ({len(found)})"
    return found


def team(code: str) -> str:
    """The text that a program writes down as TEAM, in one line; "" where there is none."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for one in body:
        match one:
            case ast.Assign(targets=[ast.Name(id="TEAM")], value=ast.Constant(value=str() as text)):
                return " ".join("".join(filter(str.isprintable, text)).split())[:LONGEST]
    return ""


def placed(grades: Sequence[Grade], called: dict[str, str]) -> list[Standing]:
    """The teams, the best first; of two with the same points the one that asked less.

    A team could have every place that no other one surely has: intervals of points overlap.
    """
    order = sorted(grades, key=lambda one: (-one.points, one.calls, called[one.student]))
    spans = [span(one) for one in order]
    return [
        Standing(
            called[one.student], one,
            best=1 + sum(low > mine[1] for low, _ in spans),
            last=sum(high >= mine[0] for _, high in spans),
        )
        for one, mine in zip(order, spans, strict=True)
    ]  # fmt: skip


def span(grade: Grade) -> tuple[float, float]:
    """Between which points a team would be with other cases, by the intervals of its rules."""
    if not grade.marks:
        return 0.0, 0.0
    return (
        sum(mark.low * mark.of for mark in grade.marks),
        sum(mark.high * mark.of for mark in grade.marks),
    )


def rows(places: Sequence[Standing]) -> Rows:
    """A head and a row for each team."""
    made = [["place", "team", "points", "model calls"]]
    for one in places:
        place = f"{one.best}" if one.best == one.last else f"{one.best} to {one.last}"
        points = f"{one.grade.points:g} of {one.grade.of:g}"
        made.append([place, one.team, points, str(one.grade.calls)])
    return made


def board_json(assignment: Assignment, week: str, places: Sequence[Standing]) -> str:
    """The board as JSON; students' names are not in it."""
    lines = [
        {"team": one.team, "points": one.grade.points, "of": one.grade.of,
         "calls": one.grade.calls, "best": one.best, "last": one.last}
        for one in places
    ]  # fmt: skip
    found = {"assignment": assignment.name, "week": week, "budget": assignment.budget_calls}
    return json.dumps({**found, "teams": lines}, indent=1, ensure_ascii=True)


def board_html(assignment: Assignment, week: str, places: Sequence[Standing]) -> str:
    """The board as a page for everybody: teams as they call themselves."""
    lines = "".join(
        f"<tr>{''.join(f'<td>{for_html(cell)}</td>' for cell in row)}</tr>"
        for row in rows(places)[1:]
    )
    title = f"{for_html(assignment.name)}, {for_html(week)}"
    budget = (
        f" with {assignment.budget_calls:,} model calls each" if assignment.budget_calls else ""
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        f" style-src 'unsafe-inline'\"><title>{title}</title><style>body{{font:16px/1.5 sans-serif;"
        "max-width:48rem;margin:2rem auto}td,th{padding:.3rem .8rem;text-align:left;border-bottom:"
        f"1px solid #ccc}}</style><h1>{title}</h1><p>{len(places)} teams{budget}, on cases that are"
        " other ones each week. Where a place is several, chance decides between them"
        " (95 % confidence).</p><table><tr><th>place</th><th>team</th><th>points</th>"
        f"<th>model calls</th></tr>{lines}</table></html>\n"
    )
