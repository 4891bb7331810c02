"""A class as its teacher sees it: how far each is, who is stuck, what many get wrong, who is alike.

It reads what `agentkit grade` kept. Names are left out unless asked for: outputs of a notebook are
saved and shown around.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agentkit.errors import SetupError
from agentkit.grading.grade import Grade
from agentkit.grading.similar import AlikePair, similar
from agentkit.pictures.picture import Shown
from agentkit.pictures.svg import clean
from agentkit.pictures.table import Rows, markdown_table, report_html, table_svg, text_table
from agentkit.words import UNREAD, for_line

STUCK = 3
"""So many attempts in a row without a point more."""

ALIKE = 20
"""Pairs that are listed."""


@dataclass
class StudentProgress:
    """One student's attempts, the oldest first."""

    student: str
    attempts: list[Grade] = field(default_factory=list)

    @property
    def now(self) -> Grade:
        """The newest."""
        return self.attempts[-1]

    @property
    def done(self) -> bool:
        """Whether there is nothing left to get."""
        return self.now.points >= self.now.of - 1e-9

    @property
    def in_vain(self) -> int:
        """Attempts since the last that brought a point more; the first counts as one."""
        best, since = -1.0, 0
        for one in self.attempts:
            since = since + 1 if one.points <= best + 1e-9 else 0
            best = max(best, one.points)
        return since

    @property
    def repeated(self) -> tuple[str, int]:
        """What the newest attempts all failed with, and how many they are."""
        found = Counter[str]()
        for number, one in enumerate(reversed(self.attempts)):
            kinds = {kind(text) for text in one.errors}
            kinds |= {one.end} if one.end != "ended" else set()
            for text in kinds:
                if found[text] == number:  # no attempt between was without it
                    found[text] += 1
        text, times = max(found.items(), key=lambda one: (one[1], one[0]), default=("", 0))
        return text, times

    @property
    def trouble(self) -> str:
        """Why somebody should look; empty where nobody need."""
        found = []
        if self.now.end.startswith("not graded"):
            found.append(self.now.end)
        if not self.done and self.in_vain >= STUCK:
            found.append(f"stuck: {self.in_vain} attempts without a point more")
        text, times = self.repeated
        if not self.done and times >= STUCK:
            found.append(f"the same failure {times} times: {text}")
        return "; ".join(found)


class Overview(Shown):
    """What a class handed in."""

    def __init__(
        self,
        students: Sequence[StudentProgress],
        alike: Sequence[AlikePair] = (),
        *,
        names: bool = False,
    ) -> None:
        """Make one.

        Args:
            students: each with his attempts.
            alike: submissions that are much alike.
            names: whether students are named; otherwise each has a number.
        """
        order = sorted(students, key=lambda one: (not one.trouble, one.now.points, one.student))
        self.students, self.alike = order, list(alike)
        numbers = sorted(one.student for one in students)
        self.called = {
            name: name if names else f"student {n:03d}" for n, name in enumerate(numbers, 1)
        }

    def rows(self) -> Rows:
        """A head and a row for each student, those first who need somebody."""
        rows = [["student", "points", "attempts", "so far", "model calls", "look"]]
        for one in self.students:
            last = [f"{grade.points:g}" for grade in one.attempts[-5:]]
            rows.append(
                [self.called[one.student], f"{one.now.points:g}/{one.now.of:g}",
                 str(len(one.attempts)), " → ".join(last), str(one.now.calls), short(one.trouble)]
            )  # fmt: skip
        return rows

    def rules(self) -> Rows:
        """How the class stands with each rule: all, some, none of the cases."""
        rows = [["rule", "all cases", "some", "none"]]
        marks: dict[str, Counter[str]] = {}
        for one in self.students:
            for mark in one.now.marks:
                share = "all" if mark.held == mark.cases else "some" if mark.held else "none"
                marks.setdefault(mark.rule, Counter())[share] += 1
        return [*rows, *([rule, *(str(n[one]) for one in ("all", "some", "none"))]
                         for rule, n in marks.items())]  # fmt: skip

    def misconceptions(self) -> list[str]:
        """What several students share: which rules hold for them and which never, and errors."""
        shapes: Counter[tuple[str, ...]] = Counter()
        errors: Counter[str] = Counter()
        for one in self.students:
            lost = tuple(mark.rule for mark in one.now.marks if not mark.held)
            if lost and len(lost) < len(one.now.marks):
                shapes[lost] += 1
            errors.update({kind(text) for text in one.now.errors})
        found = [f"{n} students: never {', '.join(map(repr, lost))}, the rest at times"
                 for lost, n in shapes.most_common(5) if n > 1]  # fmt: skip
        return found + [
            f"{n} students fail with {text}" for text, n in errors.most_common(5) if n > 1
        ]

    def remarks(self) -> list[str]:
        """How many are done and how many need somebody; what is common; who is alike."""
        done = sum(one.done for one in self.students)
        need = sum(bool(one.trouble) for one in self.students)
        lines = [f"{len(self.students)} students, {done} with every point, {need} to look at.",
                 *self.misconceptions()]  # fmt: skip
        lines += [
            f"{self.called[pair.one]} and {self.called[pair.other]} are alike"
            f" ({pair.share:.0%} of the shorter)"
            for pair in self.alike[:ALIKE]
        ]
        if len(self.alike) > ALIKE:
            lines.append(f"and {len(self.alike) - ALIKE} more pairs are alike")
        return lines

    def __str__(self) -> str:
        tables = (text_table(self.rules(), range(1, 4)), text_table(self.rows(), range(1, 5)))
        return "\n".join([*tables[0], "", *self.remarks(), "", *tables[1]])

    def to_markdown(self) -> str:
        """The tables and the remarks as Markdown."""
        parts = [markdown_table(self.rules()), *map(for_line, self.remarks())]
        return "\n\n".join([*parts, markdown_table(self.rows())])

    def to_html(self) -> str:
        """The tables and the remarks as HTML."""
        return report_html(self.rules(), self.remarks(), students_html(self.rows()))

    def to_svg(self) -> str:
        return table_svg(self.rules(), "Class", self.remarks())


def overview(
    folder: str | Path,
    codes: Mapping[str, str] | None = None,
    *,
    starter: str = "",
    names: bool = False,
) -> Overview:
    """Read what a class handed in.

    Args:
        folder: what `agentkit grade --out` wrote.
        codes: what students wrote, to find those that are alike; without it nobody looks.
        starter: what all of them were given.
        names: whether students are named.

    Raises:
        SetupError: nothing was graded there.
    """
    kept = Path(folder) / "grades.jsonl"
    if not kept.is_file():
        raise SetupError(
            f"There is no {kept}.", expected="the folder of agentkit grade --out, with grades in it"
        )
    students: dict[str, StudentProgress] = {}
    for line in kept.read_text("utf-8").splitlines():
        with contextlib.suppress(ValueError):  # half a line, as a crash leaves it
            one = Grade.model_validate_json(line)
            students.setdefault(one.student, StudentProgress(one.student)).attempts.append(one)
    if not students:
        raise SetupError(f"{kept} holds no grade.", expected="a line of JSON for each")
    alike = similar(codes or {}, starter=starter)
    return Overview(list(students.values()), alike, names=names)


def students_html(rows: Rows) -> str:
    """The line of each student as HTML; what is to be looked at is a text, and has its room."""
    look = "padding:4px 8px;border-bottom:1px solid var(--jp-border-color2,#e3e6ea);text-align"
    lines = []
    for n, row in enumerate(rows):
        tag, last = "th" if n == 0 else "td", len(row) - 1
        cells = [
            f'<{tag} style="{look}:{"right" if 0 < m < last else "left"};'
            f'white-space:{"normal" if m == last else "nowrap"}">{clean(cell)}</{tag}>'
            for m, cell in enumerate(row)
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    style = "border-collapse:collapse;font-variant-numeric:tabular-nums"
    return f'<table class="{UNREAD}" style="{style}">{"".join(lines)}</table>'


def kind(error: str) -> str:
    """An error without what belongs to one case: its first words, numbers left out."""
    return "".join("#" if letter.isdigit() else letter for letter in error.partition("\n")[0])[:60]


def short(text: str, most: int = 120) -> str:
    """A text of bounded length."""
    return text if len(text) <= most else text[: most - 1] + "…"
