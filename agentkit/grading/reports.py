"""Grades for those who read them: a table, marks for other systems, feedback for a student.

Formats: nbgrader's grades (nbgrader.readthedocs.io, "export"), Gradescope's results.json
(gradescope-autograders.readthedocs.io, "specifications").
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

from agentkit.grading.grade import Grade
from agentkit.pictures.table import Rows, markdown_table, text_table
from agentkit.words import for_html, for_line, for_terminal

COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
    "raw_score", "late_submission_penalty", "score", "max_score",
)  # fmt: skip
"""Of nbgrader's grades.csv."""


def table(grades: Sequence[Grade]) -> str:
    """One line per submission, the best first; text only, whatever a student is called."""
    rules = next(([mark.rule for mark in one.marks] for one in grades if one.marks), [])
    rows: Rows = [["student", "points", *(f"({n})" for n in range(1, len(rules) + 1)), "calls",
                   "s", "end"]]  # fmt: skip
    for one in sorted(grades, key=lambda one: (-one.points, one.student)):
        shares = [f"{mark.held}/{mark.cases}" for mark in one.marks] or ["-"] * len(rules)
        points = f"{one.points:g}/{one.of:g}"
        rows.append([one.student, points, *shares, str(one.calls), f"{one.seconds:g}", one.end])
    right = range(1, len(rows[0]) - 1)
    legend = [f"({n}) {rule}" for n, rule in enumerate(rules, 1)]
    return for_terminal("\n".join([*text_table(rows, right), "", *legend]))


def grades_csv(grades: Sequence[Grade]) -> str:
    """Marks as nbgrader exports them; what it has no use for is left empty."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(COLUMNS)
    for one in sorted(grades, key=lambda one: one.student):
        score = f"{one.points:g}"
        name = cell(one.student)
        lines.writerow(
            [cell(one.assignment), "", "", name, "", "", "", score, "0", score, f"{one.of:g}"]
        )
    return out.getvalue()


def cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def gradescope(grade: Grade) -> str:
    """A grade as Gradescope's results.json; of hidden cases only how many held."""
    tests = [
        {
            "name": mark.rule,
            "score": mark.points,
            "max_score": mark.of,
            "output": f"held in {mark.held} of {mark.cases} cases",
            "visibility": "visible",
        }
        for mark in grade.marks
    ]
    feedback = "\n".join(grade.feedback)
    found = {"score": grade.points, "execution_time": grade.seconds, "tests": tests}
    return json.dumps({**found, "output": feedback or grade.end}, indent=2, ensure_ascii=False)


def feedback_notebook(grade: Grade) -> str:
    """The same as a notebook of one cell of text, for those who look at it in JupyterLab."""
    rows = [["rule", "points", "held"]]
    rows += [
        [mark.rule, f"{mark.points:g} of {mark.of:g}", f"{mark.held} of {mark.cases} cases"]
        for mark in grade.marks
    ]
    parts = [
        f"# {for_line(grade.assignment)}: {for_line(grade.student)}",
        f"{grade.points:g} of {grade.of:g} points. The program {for_line(grade.end)}.",
        markdown_table(rows, numbers=False),
        "## Public cases",
        *(f"- {for_line(line)}" for line in grade.feedback or ("none was reached",)),
    ]
    if grade.oral:
        parts += ["## To talk about", *(f"1. {for_line(question)}" for question in grade.oral)]
    cell = {"cell_type": "markdown", "id": "feedback", "metadata": {}, "source": "\n\n".join(parts)}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def feedback_html(grade: Grade) -> str:
    """A page for a student: points, and what happened in the public cases."""
    rows = "".join(
        f"<tr><td>{for_html(mark.rule)}</td><td>{mark.points:g} of {mark.of:g}</td>"
        f"<td>{mark.held} of {mark.cases} cases; a share of {mark.low:.2f} to {mark.high:.2f}"
        f" with 95 % confidence</td><td>{mark.twice:.2f}</td></tr>"
        for mark in grade.marks
    )
    lines = "".join(f"<li>{for_html(line)}</li>" for line in grade.feedback)
    asked = "".join(f"<li>{for_html(question)}</li>" for question in grade.oral)
    oral = f"<h2>To talk about</h2><ol>{asked}</ol>" if asked else ""
    title = f"{for_html(grade.assignment)}: {for_html(grade.student)}"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>body{{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem"
        " auto;padding:0 1rem}td,th{border-bottom:1px solid #ccc;padding:.3rem .6rem;text-align:"
        f"left}}</style><h1>{title}</h1><p>{grade.points:g} of {grade.of:g} points."
        f" The program {for_html(grade.end)}.</p><table><tr><th>rule</th><th>points</th>"
        f"<th>held</th><th>twice in a row</th></tr>{rows}</table><h2>Public cases</h2>"
        f"<ul>{lines or '<li>none was reached</li>'}</ul>{oral}</html>"
    )
