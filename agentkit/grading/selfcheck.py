"""The rules of an assignment on cases that one may see, as often as one likes.

Each try draws other cases, of a secret that nobody keeps: what holds on all of them holds on the
hidden ones, too, as far as so few can tell.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from agentkit.deprecated import Renamed
from agentkit.errors import SetupError
from agentkit.grading.assignment import Assignment, Case, Rule, Seen, ToolUse
from agentkit.grading.grade import Grade, judged, kept
from agentkit.grading.handed import Unusable, defined
from agentkit.grading.judging import Grader
from agentkit.pictures.picture import Shown
from agentkit.pictures.svg import cut, document, element, image, paint, words
from agentkit.pictures.table import Rows, report_html, text_table
from agentkit.sandbox import bubblewrap

EACH = 4
"""Cases of each rule in one try."""

LONGEST = 60
"""Characters of what a tool was called with."""


class TriedAnswer(Shown):
    """One try: which rule held how often, and a case in which each did not."""

    def __init__(self, grade: Grade, failed: Sequence[tuple[str, Seen]]) -> None:
        self.grade, self.failed = grade, list(failed)

    verdict = Renamed("grade")

    @property
    def solved(self) -> bool:
        """Whether every rule held in every case."""
        return all(mark.held == mark.cases for mark in self.grade.marks)

    def rows(self) -> Rows:
        """A head and a row for each rule."""
        rows = [["rule", "held", "share with 95 % confidence"]]
        for mark in self.grade.marks:
            share = f"{mark.low:.2f} to {mark.high:.2f}"
            rows.append([mark.rule, f"{mark.held} of {mark.cases}", share])
        return rows

    def remarks(self) -> list[str]:
        """A case of each rule that did not hold: what was asked, done and answered."""
        lines = [] if self.grade.end == "ended" else [f"The program {self.grade.end}."]
        for rule, seen in self.failed:
            done = ", ".join(map(called, seen.tools))
            said = seen.text[:200] or seen.error[:200] or "nothing"
            faults = (
                f" while the endpoint fails ({', '.join(seen.case.faults)})"
                if seen.case.faults
                else ""
            )
            by = "" if seen.by_model or not seen.tools else ", not all of it wished by a model"
            lines.append(
                f"{rule}: asked{faults} “{seen.case.task}”, {seen.calls} model calls,"
                f" called {done or 'no tool'}{by}, answered: {said}"
            )
        return lines

    def __str__(self) -> str:
        head = "Every rule held in every case." if self.solved else "Not yet."
        return "\n".join([head, *text_table(self.rows(), (1, 2)), *self.remarks()])

    def to_html(self) -> str:
        """The table, the picture, and a case of each rule that did not hold."""
        return report_html(self.rows(), self.remarks(), image(self.to_svg()))

    def to_svg(self) -> str:
        """A bar for each rule: filled as often as it held, with the interval of the share."""
        parts, y, left, wide = [], 26.0, 300.0, 260.0
        for mark in self.grade.marks:
            share = mark.held / mark.cases
            parts.append(words(cut(mark.rule, left - 24, 12), 16, y + 10, 12))
            frame = paint(fill="none", stroke="faint")
            parts.append(element("rect", x=left, y=y, width=wide, height=14, **frame))
            full = paint("answer" if share == 1 else "warning")
            if share:
                parts.append(element("rect", x=left, y=y, width=wide * share, height=14, **full))
            line = f"M{left + wide * mark.low:g} {y + 7:g}H{left + wide * mark.high:g}"
            parts.append(element("path", d=line, **paint(stroke="ink")))
            parts.append(words(f"{mark.held} of {mark.cases}", left + wide + 10, y + 11, 12))
            y += 26
        return document(left + wide + 90, y + 8, "Rules that held", *parts)


def called(use: ToolUse) -> str:
    """A call of a tool as a student reads it: with what, and whether it failed."""
    given = ", ".join(f"{value}" for value in use.arguments.values())
    given = given if len(given) <= LONGEST else given[: LONGEST - 1] + "…"
    return f"{use.name}({given})" + (" (failed)" if use.error else "")


async def tried(code: str, assignment: Assignment, *, each: int = EACH) -> TriedAnswer:
    """Put fresh cases to an answer.

    Args:
        code: Python that defines the answer, as it would be handed in.
        assignment: its rules; its cases are drawn of a secret made for this try.
        each: cases of each rule, 1 and more.

    Raises:
        SetupError: the code cannot be graded; no such number.

    Where bubblewrap is installed the code runs in a sandbox, elsewhere as your own program.
    """
    if each < 1:
        raise SetupError(f"A try of {each} cases shows nothing.", expected="1 and more")
    try:
        defined(code, assignment.answer)
    except Unusable as why:
        raise SetupError(
            f"This cannot be handed in: {why}.",
            expected=f"a cell that defines {assignment.answer}(tools)",
        ) from why
    strength = "none" if bubblewrap.launcher() is None else "bubblewrap"
    secret = secrets.token_hex(16)
    shown = chosen(assignment.rules, assignment.drawn(secret), each)
    small = replace(assignment, cases=lambda _: shown)
    seen, end = await Grader(small, secret=secret, strength=strength).run(code)
    grade = judged(small, seen, "you", "", end, 0.0)
    failed = [
        (rule.name, one)
        for rule in assignment.rules
        for one in [one for one in seen if rule.of(one.case) and not kept(rule.holds, one)][:1]
    ]
    return TriedAnswer(grade, failed)


def chosen(rules: Sequence[Rule], cases: Sequence[Case], each: int) -> list[Case]:
    """Some cases of every rule, in their order."""
    found: set[str] = set()
    for rule in rules:
        about = [case for case in cases if rule.of(case)]
        step = max(1, len(about) // each)
        found |= {case.id for case in about[::step][:each]}
    return [case for case in cases if case.id in found]
